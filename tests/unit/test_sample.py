"""Samples to look at: of any generator, without a trace in it."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from wganlib import models
from wganlib.lipschitz import spectral_norm_


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


class Own(nn.Module):
    """A generator of one's own: latents (n, z, 1, 1), dropout, and a trace of how it was called."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(3, 4, 4), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Conv2d(4, 1, 1)
        )
        self.calls, self.fails = [], None

    def sample_latent(self, n, rng):
        if self.fails == "sample_latent":
            raise ArithmeticError("in sample_latent")
        return torch.randn(n, 3, 1, 1, generator=rng)

    def forward(self, latent):
        if self.fails == "forward" and self.calls:  # not at the first batch
            raise ArithmeticError("in forward")
        self.calls.append((len(latent), torch.is_grad_enabled(), self.training))
        return self.layers(latent)


def half_frozen(generator):
    """In training mode, but for one module that its owner froze."""
    generator.train()
    next(m for m in generator.modules() if isinstance(m, nn.BatchNorm2d)).eval()
    return generator


def modes(network):
    return [module.training for module in network.modules()]


@pytest.mark.parametrize("make", [Own, lambda: models.ConvGenerator(5, 4)])
@pytest.mark.parametrize("prepare", [nn.Module.train, nn.Module.eval, half_frozen])
def test_samples_are_those_of_evaluation_mode_and_leave_no_trace(make, prepare):
    generator = prepare(make())
    before, was = copy.deepcopy(generator.state_dict()), modes(generator)
    found = models.sample(generator, 5, rng=draws())
    assert modes(generator) == was
    assert all(map(torch.equal, generator.state_dict().values(), before.values()))
    assert not found.requires_grad
    with torch.no_grad():
        expected = generator.eval()(generator.sample_latent(5, draws()))
    assert torch.equal(found, expected)


def test_the_method_calls_the_function():
    for generator in (models.MLPGenerator(), models.ConvGenerator(5, 4, size=(8, 12))):
        found = generator.sample(7, rng=draws(), batch_size=3)
        assert torch.equal(found, models.sample(generator, 7, rng=draws(), batch_size=3))


@pytest.mark.parametrize("fails", ["sample_latent", "forward"])
def test_every_mode_is_given_back_after_an_error_too(fails):
    generator = half_frozen(Own())
    generator.fails, was = fails, modes(generator)
    with pytest.raises(ArithmeticError, match=fails):
        models.sample(generator, 5, batch_size=2)
    assert modes(generator) == was


def test_a_class_that_does_more_than_set_the_mode_is_told():
    class Merging(models.MLPGenerator):
        merged = False

        def train(self, mode=True):
            self.merged = not mode
            return super().train(mode)

    generator = Merging()
    for mode in (True, False):
        generator.train(mode)
        generator.sample(2)
        assert generator.merged is not mode


def test_what_goes_through_the_network_at_a_time_changes_nothing():
    generator, labels = models.ConvGenerator(5, 4, n_classes=7).train(), torch.arange(7)
    whole, rng = generator.sample(7, condition=labels, rng=draws()), draws()
    for batch_size in (1, 3, 7, 500):
        rng = draws()
        parts = generator.sample(7, condition=labels, rng=rng, batch_size=batch_size)
        torch.testing.assert_close(parts, whole)
        assert torch.equal(torch.randn(3, generator=rng), after_latents(generator, 7))
    own = Own()
    models.sample(own, 7, batch_size=3)
    assert own.calls == [(3, False, False), (3, False, False), (1, False, False)]


def after_latents(generator, n):
    rng = draws()
    generator.sample_latent(n, rng)
    return torch.randn(3, generator=rng)


def test_samples_lie_where_the_generator_does_and_in_its_precision():
    labels = torch.zeros(3, dtype=torch.int64)
    generator = models.ConvGenerator(5, 4, n_classes=2)
    assert generator.double().sample(3, condition=labels).dtype == torch.float64
    found = generator.to("meta").sample(3, condition=labels)  # the labels follow
    assert found.device.type == "meta"
    assert found.shape == (3, 1, 28, 28)


def test_a_normalised_generator_is_not_moved_by_a_look():
    generator = spectral_norm_(models.MLPGenerator()).train()
    before = copy.deepcopy(generator.state_dict())
    generator.sample(3)
    generator.sample_latent(3)
    assert all(map(torch.equal, generator.state_dict().values(), before.values()))


class Odd(nn.Module):
    """Gives what it is told to give."""

    def __init__(self, latent, samples):
        super().__init__()
        self.latent, self.samples = latent, samples

    def sample_latent(self, n, rng):
        return self.latent

    def forward(self, latent):
        return self.samples


LATENT, STOCK = torch.zeros(3, 2), models.MLPGenerator()
LABELLED = models.MLPGenerator(n_classes=2)
REFUSED = [
    ((STOCK, 0), {}, "n=0"),
    ((STOCK, 2.0), {}, "n=2.0"),
    ((STOCK, None), {}, "n=None"),
    ((STOCK, 3), {"batch_size": 0}, "batch_size=0"),
    ((STOCK, 3), {"rng": 0}, "rng is a int"),
    ((STOCK, 3), {"rng": np.random.default_rng(0)}, r"rng is a numpy.*no torch"),
    ((models.MLPGenerator().to("meta"), 3), {"rng": draws()}, "rng draws on cpu, the weights"),
    ((STOCK, 3), {"condition": torch.zeros(3).long()}, "this MLPGenerator takes none"),
    ((LABELLED, 3), {}, "condition is missing"),
    ((LABELLED, 3), {"condition": 1}, r"condition is a int, .*torch.full\(\(3,\), 1\)"),
    ((LABELLED, 3), {"condition": torch.tensor(1)}, r"condition has shape \(\), expected \(3"),
    ((LABELLED, 3), {"condition": torch.zeros(4).long()}, r"shape \(4,\), expected \(3"),
    ((LABELLED, 3), {"condition": torch.zeros(3).long().to("meta")}, "condition lies on meta"),
    ((LABELLED, 3), {"condition": torch.zeros(3).to_sparse()}, r"condition is .*x.to_dense\(\)"),
    ((STOCK, 10**13), {}, r"latents of shape \(1.*, 2\).* GB .*draw fewer, n, at a"),
    ((STOCK, 10**400), {}, r"n=1000.* must be below 2\*\*63"),
    ((Odd(torch.zeros(1).expand(10**12), torch.zeros(1, 2, 30)), 10**12), {"batch_size": 1},
     r"samples of shape \(1000000000000, 2, 30\)"),
    ((nn.Linear(2, 2), 3), {}, r"Linear without sample_latent\(n, rng\).*wganlib.models"),
    ((nn.DataParallel(STOCK), 3), {}, r"DataParallel without sample_latent.*\.module"),
    ((STOCK.forward, 3), {}, "generator is a method, no Module"),
    ((None, 3), {}, "generator is a NoneType"),
    ((Odd(LATENT[:2], LATENT), 3), {}, r"sample_latent gives has shape \(2, 2\)"),
    ((Odd([0.0] * 3, LATENT), 3), {}, "what sample_latent gives is a list"),
    ((Odd(LATENT, LATENT[:1]), 3), {}, r"what the generator gives has shape \(1, 2\)"),
    ((Odd(LATENT, (LATENT, LATENT)), 3), {}, "what the generator gives is a tuple"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "options", "message"), REFUSED)
def test_what_cannot_be_sampled_is_refused_by_name(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        models.sample(*arguments, **options)

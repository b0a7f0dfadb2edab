"""Networks that depend on a condition are trained under the labels of the real samples."""

import copy
import dataclasses

import pytest
import torch

from tests.unit.small import SMALL, cloud, weights
from wganlib import models
from wganlib.lipschitz import gradient_penalty
from wganlib.records import TrainConfig
from wganlib.training import adam, critic_step, generator_step, train

LABELS = torch.arange(200) % 2
QUICK = TrainConfig(n_steps=150, n_critic=2, batch_size=64, learning_rate=1e-2, gp_weight=1.0)


def conditional(**how):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return models.MLPGenerator(width=16, **how), models.MLPCritic(width=16, **how)


def two_clouds():
    """Half of the points around (2, 0), those of class 1 around (-2, 0)."""
    return 0.1 * cloud() + torch.stack([2.0 - 4.0 * LABELS, 0.0 * LABELS], dim=1)


def fit(real, config=SMALL, networks=None, **options):
    networks = networks or conditional(n_classes=2)
    history = train(*networks, real, config, penalty=gradient_penalty, progress=False, **options)
    return networks, history


def test_a_generator_learns_to_obey_its_labels():
    (generator, _), _ = fit((two_clouds(), LABELS), QUICK)
    side = generator.sample(200, condition=LABELS, rng=torch.Generator().manual_seed(1))[:, 0]
    # The classes lie 4 apart, so a sample on the wrong side of 0 belongs to the wrong one.
    assert (side[LABELS == 0] > 0).float().mean() > 0.9
    assert (side[LABELS == 1] < 0).float().mean() > 0.9


def test_shuffled_labels_teach_nothing_about_the_side():
    shuffled = LABELS[torch.randperm(200, generator=torch.Generator().manual_seed(0))]
    (generator, _), _ = fit((two_clouds(), shuffled), QUICK)
    side = generator.sample(200, condition=LABELS, rng=torch.Generator().manual_seed(1))[:, 0]
    right = ((side > 0) == (LABELS == 0)).float().mean()
    assert 0.2 < right < 0.8  # neither obeyed nor turned round: three in five either way


def test_vectors_as_conditions():
    (generator, _), _ = fit((two_clouds(), cloud()), networks=conditional(condition_dim=2))
    assert generator.sample(3, condition=torch.zeros(3, 2)).shape == (3, 2)


def test_labels_change_nothing_for_networks_without_a_condition():
    plain = [conditional() for _ in range(2)]
    fit((two_clouds(), LABELS), networks=plain[0])
    fit(two_clouds(), networks=plain[1])
    assert torch.equal(weights(*plain[0]), weights(*plain[1]))


def test_a_run_under_a_condition_goes_on_bit_for_bit(tmp_path):
    whole, _ = fit((two_clouds(), LABELS))
    path = tmp_path / "checkpoint"
    fit((two_clouds(), LABELS), checkpoint=path, until=6)
    resumed, _ = fit((two_clouds(), LABELS), checkpoint=path)
    assert torch.equal(weights(*whole), weights(*resumed))


def test_a_checkpoint_of_other_labels_is_refused(tmp_path):
    path = tmp_path / "checkpoint"
    fit((two_clouds(), LABELS), checkpoint=path, until=6)
    with pytest.raises(ValueError, match="data="):
        fit((two_clouds(), 1 - LABELS), checkpoint=path)


def test_half_a_condition_is_refused():
    generator, critic = conditional(n_classes=2)
    with pytest.raises(ValueError, match="the generator depends on a condition and the critic"):
        fit((two_clouds(), LABELS), networks=(generator, conditional()[1]))
    with pytest.raises(ValueError, match="the critic depends on a condition and the generator"):
        fit((two_clouds(), LABELS), networks=(conditional()[0], critic))
    with pytest.raises(ValueError, match=r"real has no labels: give \(samples, labels\)"):
        fit(two_clouds(), networks=(generator, critic))


def test_a_label_that_is_no_class_is_refused_before_the_first_step():
    labels = LABELS.clone()
    labels[-1] = 2
    with pytest.raises(ValueError, match="labels up to 2, the critic was built for n_classes=2"):
        fit((two_clouds(), labels))


def test_both_steps_take_one_condition_for_the_whole_batch():
    generator, critic = conditional(n_classes=2)
    sgd = [torch.optim.SGD(net.parameters(), lr=0.1) for net in (critic, generator)]
    real, fake = two_clouds()[:4], torch.zeros(4, 2)
    found = critic_step(critic, real, fake, sgd[0], condition=LABELS[:4], penalty=gradient_penalty)
    assert found.isfinite().all()
    latent = generator.sample_latent(4)
    assert generator_step(generator, critic, latent, sgd[1], condition=LABELS[:4]).isfinite()
    with pytest.raises(ValueError, match="condition is missing"):
        critic_step(critic, real, fake, sgd[0])


def test_a_callback_finds_the_history_if_it_wants_it():
    class Look:
        history = None

        def __call__(self, step, generator, critic):
            assert self.history.step[-1] == step

    look = Look()
    _, history = fit(cloud(), dataclasses.replace(SMALL), networks=conditional(), callback=look)
    assert look.history is history


@pytest.mark.parametrize("condition", [torch.arange(16) % 3, torch.randn(16, 2)])
def test_a_generator_step_is_that_of_plain_adam_whatever_the_layout_of_a_gradient(condition):
    """The gradient of an embedding comes transposed in memory, which fused Adam does not see."""
    size = {"condition_dim": 2} if condition.ndim == 2 else {"n_classes": 3}
    generator, critic = conditional(**size)
    plain = copy.deepcopy(generator)
    latent = generator.sample_latent(16, torch.Generator().manual_seed(0))
    config = TrainConfig(learning_rate=1e-2)
    optimizer = adam([*generator.parameters()], config)
    generator_step(generator, critic, latent, optimizer, condition=condition)

    slow = torch.optim.Adam(plain.parameters(), lr=1e-2, betas=(0.0, 0.9), foreach=False)
    (-critic(plain(latent, condition), condition).mean()).backward()
    slow.step()
    for mine, theirs in zip(generator.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)

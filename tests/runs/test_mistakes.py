"""Each switch of the experiments with mistakes does what it says, and the runs come out again."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import nn

from wganlib import training
from wganlib.lipschitz import gradient_penalty
from wganlib.runs import ch12_mnist, ch12_ring, mistakes, tables
from wganlib.runs.mistakes import MISTAKES, Penalty, Way

SMALL = {"n_steps": 2, "learning_rate": 1e-3, "seed": 0}


def points(rng):
    return torch.randn(16, 2, generator=rng)


def weights(way, *, build=ch12_ring.build, batch=points, **numbers):
    generator, critic = build(way.critic, 0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for _ in mistakes.train(way, generator, critic, batch, **SMALL | numbers):
            pass
    return [nn.utils.parameters_to_vector(n.parameters()).detach() for n in (generator, critic)]


def test_the_right_way_takes_the_package_s_steps():
    ours, (generator, critic) = weights(Way()), ch12_ring.build("plain", 0)
    rng = torch.Generator().manual_seed(0)
    g, f = (
        torch.optim.Adam(n.parameters(), lr=1e-3, betas=(0.0, 0.9)) for n in (generator, critic)
    )
    for _ in range(2):
        for _ in range(5):
            real = points(rng)
            fake = generator(generator.sample_latent(16, rng)).detach()
            penalty = partial(gradient_penalty, one_sided=True)
            training.critic_step(critic, real, fake, f, penalty=penalty, rng=rng)
        training.generator_step(generator, critic, generator.sample_latent(16, rng), g)
    for mine, network in zip(ours, (generator, critic), strict=True):
        theirs = nn.utils.parameters_to_vector(network.parameters())
        # Adam makes a whole step of a rounding error where a gradient is nearly zero.
        assert (mine - theirs).abs().median() < 1e-6
        assert (mine - theirs).abs().max() < 2e-3


# What is another way to write the same, or the same on points: a switch that changes nothing here.
SAME = {"right again", "norm not flattened", "root without a guard", "two backwards"}


@pytest.mark.parametrize("name", [name for name in MISTAKES if name != "right"])
def test_a_switch_changes_what_it_says_and_nothing_else(name):
    way = MISTAKES[name]
    base = mistakes.CLIPPED if "clipped" in name else mistakes.RIGHT
    if way.critic != "plain":
        return  # another network has other weights
    if way.penalty is not None and name != "two-sided":  # a new critic costs nothing one-sidedly
        way = replace(way, penalty=replace(way.penalty, one_sided=False))
        base = replace(base, penalty=replace(base.penalty, one_sided=False))
    moved = [(a - b).abs().max().item() for a, b in zip(weights(way), weights(base), strict=True)]
    if name in SAME or way == base:
        assert max(moved) < 1e-5
    else:
        assert max(moved) > 1e-5


def test_an_uncleared_generator_keeps_the_critic_s_gradients():
    right, undetached = weights(Way()), weights(Way(undetached=True))
    assert not torch.equal(right[0], undetached[0])


@pytest.mark.parametrize("kind", ["plain", "sigmoid", "batch norm", "layer norm", "dropout"])
@pytest.mark.parametrize("module", [ch12_ring, ch12_mnist], ids=["ring", "mnist"])
def test_a_critic_of_a_kind_has_its_layer_and_gives_a_score_each(module, kind):
    critic = module.build(kind, 0)[1]
    wanted = {"plain": nn.Linear, "sigmoid": nn.Sigmoid, "layer norm": nn.LayerNorm,
              "dropout": nn.Dropout}.get(kind, (nn.BatchNorm1d, nn.BatchNorm2d))  # fmt: skip
    assert any(isinstance(layer, wanted) for layer in critic.modules())
    x = torch.randn(5, 2) if module is ch12_ring else torch.randn(5, 1, 28, 28)
    assert critic(x).shape == (5,)
    first, second = (module.build(kind, 1)[1] for _ in range(2))
    assert all(
        torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True)
    )


def test_a_norm_s_penalty_is_the_one_it_is_named_for():
    x = torch.zeros(4, 1, 2, 2)
    f = lambda images: 3 * images.flatten(1).sum(dim=1)  # noqa: E731 gradient 3 each, norm 6
    rng = torch.Generator()
    for norm, slope in ((mistakes.of_each, 6), (mistakes.of_batch, 12), (mistakes.unflattened, 3),
                        (mistakes.unguarded, 6)):  # fmt: skip
        found = Penalty(norm=norm, one_sided=False)(f, x, x, rng=rng).item()
        assert found == pytest.approx((slope - 1) ** 2)
    assert Penalty(total=True)(f, x, x, rng=rng).item() == pytest.approx(4 * 25)


@pytest.mark.parametrize("module", [ch12_ring, ch12_mnist], ids=["ring", "mnist"])
def test_every_way_was_trained_from_every_seed(module):
    ways = MISTAKES if module is ch12_ring else module.WAYS
    rows = tables.stored(module.EXPERIMENT.name)
    assert sorted(rows["way"]) == sorted(name for name in ways for _ in module.SEEDS)
    assert (rows["steps"] <= module.N_STEPS).all()


@pytest.mark.parametrize("name", ["right", "hinge", "normal mixing", "dropout", "clipped"])
def test_the_first_steps_on_the_ring_come_out_again(name):
    (stored,) = tables.chosen(tables.stored("ch12-ring", "early"), way=name)
    assert ch12_ring.early(name)["estimate"] == pytest.approx(stored["estimate"], rel=0.02)


@pytest.mark.usefixtures("mnist_train")
@pytest.mark.parametrize("name", ["right", "batch norm", "norm not flattened"])
def test_the_first_steps_on_digits_come_out_again(name):
    (stored,) = tables.chosen(tables.stored("ch12-mnist", "early"), way=name)
    assert ch12_mnist.early(name)["estimate"] == pytest.approx(stored["estimate"], rel=0.02)

"""Losses against values worked out by hand, and the signs that are so often wrong."""

import math

import pytest
import torch

from wganlib.losses import OBJECTIVES, Objective, critic_loss, generator_loss, w1_estimate

REAL, FAKE = torch.tensor([2.0, 4.0]), torch.tensor([1.0, -1.0])


def test_the_critic_is_rewarded_for_scoring_real_data_high():
    assert critic_loss(REAL, FAKE).item() == -3.0
    assert w1_estimate(REAL, FAKE).item() == 3.0


def test_the_generator_is_rewarded_for_scores_that_rise():
    assert generator_loss(FAKE + 1).item() == generator_loss(FAKE).item() - 1


@pytest.mark.parametrize("shift", [-7.0, 0.0, 3.0])
def test_a_constant_in_the_critic_moves_no_difference(shift):
    assert critic_loss(REAL + shift, FAKE + shift).item() == critic_loss(REAL, FAKE).item()


@pytest.mark.parametrize("bad", [torch.ones(2, 1), torch.ones(()), torch.ones(0)])
def test_scores_of_another_shape_are_refused(bad):
    with pytest.raises(ValueError, match=r"expected \(batch,\)"):
        critic_loss(bad, FAKE)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


# One real score r and one fake score s: every objective by its textbook formula.
FORMULAS = {
    "minimax": (
        lambda r, s: -math.log(sigmoid(r)) - math.log(1 - sigmoid(s)),
        lambda r, s: math.log(1 - sigmoid(s)),
    ),
    "non-saturating": (
        lambda r, s: -math.log(sigmoid(r)) - math.log(1 - sigmoid(s)),
        lambda r, s: -math.log(sigmoid(s)),
    ),
    "hinge": (lambda r, s: max(0, 1 - r) + max(0, 1 + s), lambda r, s: -s),
    "relativistic": (
        lambda r, s: -math.log(sigmoid(r - s)),
        lambda r, s: -math.log(sigmoid(s - r)),
    ),
    "relativistic-average": (
        lambda r, s: -math.log(sigmoid(r - s)) - math.log(1 - sigmoid(s - r)),
        lambda r, s: -math.log(sigmoid(s - r)) - math.log(1 - sigmoid(r - s)),
    ),
    "wasserstein": (lambda r, s: s - r, lambda r, s: -s),
}


def test_every_objective_has_its_formula():
    assert set(FORMULAS) == set(OBJECTIVES)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize(("r", "s"), [(0.3, -0.8), (2.0, 1.5), (-1.0, 0.4)])
def test_an_objective_equals_its_formula(name, r, s):
    scores = torch.tensor([r], dtype=torch.float64), torch.tensor([s], dtype=torch.float64)
    for formula, loss in zip(
        FORMULAS[name],
        (OBJECTIVES[name].critic_loss, OBJECTIVES[name].generator_loss),
        strict=True,
    ):
        assert loss(*scores).item() == pytest.approx(formula(r, s), abs=1e-14)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_no_objective_overflows_at_large_scores(name):
    scores = torch.tensor([1e4]), torch.tensor([-1e4])
    for real, fake in (scores, scores[::-1]):
        assert OBJECTIVES[name].critic_loss(real, fake).isfinite()
        assert OBJECTIVES[name].generator_loss(real, fake).isfinite()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_generator_wants_its_fakes_scored_higher(name):
    fake = FAKE.clone().requires_grad_(True)
    OBJECTIVES[name].generator_loss(REAL, fake).backward()
    assert (fake.grad < 0).all()


def test_an_objective_of_something_else_is_refused():
    loss = OBJECTIVES["hinge"].critic_loss
    for wrong in ({"critic_loss": None}, {"generator_loss": lambda fake: 0}, {"needs_real": 1}):
        (name,) = wrong
        with pytest.raises(ValueError, match=name):
            Objective(**{"critic_loss": loss, "generator_loss": loss} | wrong)

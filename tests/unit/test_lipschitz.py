"""Penalty, clipping and slopes against critics whose slopes are known."""

import numpy as np
import pytest
import torch
from torch import nn

from wganlib.lipschitz import clip_weights_, debiased_w1, gradient_norms, gradient_penalty


def linear(slope):
    """Score 3/5 x + 4/5 y times the slope: a critic whose gradient has that length everywhere."""
    return lambda x: slope * (0.6 * x.flatten(1)[:, 0] + 0.8 * x.flatten(1)[:, 1])


def points(n=64, shape=(2,), seed=0):
    return torch.randn(n, *shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("shape", [(2,), (1, 4, 4)])
def test_a_linear_critic_of_slope_s_pays_its_square_deviation(slope, shape):
    real, fake = points(shape=shape), points(shape=shape, seed=1)
    two_sided = gradient_penalty(linear(slope), real, fake).item()
    one_sided = gradient_penalty(linear(slope), real, fake, one_sided=True).item()
    assert two_sided == pytest.approx((slope - 1) ** 2, abs=1e-5)
    assert one_sided == pytest.approx(max(slope - 1, 0) ** 2, abs=1e-5)


def test_the_norm_runs_over_all_axes_of_a_sample():
    norms = gradient_norms(lambda x: x.sum(dim=(1, 2, 3)), torch.zeros(5, 1, 4, 4))
    torch.testing.assert_close(norms, torch.full((5,), 4.0))


def test_mixed_points_lie_on_the_segments_between_the_pairs():
    seen = []

    def critic(x):
        seen.append(x.detach())
        return x.sum(dim=1)

    real, fake = points(256).double(), points(256, seed=1).double()
    gradient_penalty(critic, real, fake, rng=torch.Generator().manual_seed(2))
    t = (seen[0] - fake) / (real - fake)
    torch.testing.assert_close(t[:, 0], t[:, 1], atol=1e-9, rtol=0)
    assert t.min() > -1e-9
    assert t.max() < 1 + 1e-9
    assert t[:, 0].std() > 0.2  # one t for each pair, uniform: standard deviation 0.289


def test_the_penalty_leaves_no_gradient_in_its_inputs():
    real, fake = points(), points(seed=1).requires_grad_(True)
    network = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0))
    gradient_penalty(network, real, fake).backward()
    assert fake.grad is None
    assert network[0].weight.grad.abs().sum() > 0


def test_a_flat_critic_gets_a_finite_gradient():
    network = nn.Sequential(nn.Linear(2, 1), nn.Flatten(0))
    nn.init.zeros_(network[0].weight)
    gradient_penalty(network, points(), points(seed=1)).backward()
    assert network[0].weight.grad.isfinite().all()


def test_the_penalty_is_differentiated_twice_correctly():
    weight = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    real, fake = points(4).double(), points(4, seed=1).double()

    def penalty(weight):
        rng = torch.Generator().manual_seed(0)
        return gradient_penalty(lambda x: torch.tanh(x @ weight.T).sum(1), real, fake, rng=rng)

    assert torch.autograd.gradcheck(penalty, weight)


def test_shapes_that_do_not_pair_are_refused():
    with pytest.raises(ValueError, match=r"\(64, 2\).*\(32, 2\)"):
        gradient_penalty(linear(1), points(64), points(32))


def test_a_critic_with_a_trailing_axis_is_refused():
    with pytest.raises(ValueError, match=r"\(64, 1\)"):
        gradient_norms(lambda x: x[:, :1], points())


def test_clipping_bounds_every_parameter_and_moves_nothing_inside():
    critic = nn.Linear(50, 50)
    before = {name: p.clone() for name, p in critic.named_parameters()}
    assert clip_weights_(critic, 0.05) is critic
    for name, p in critic.named_parameters():
        torch.testing.assert_close(p, before[name].clamp(-0.05, 0.05), rtol=0, atol=0)
        assert p.abs().max() == torch.tensor(0.05)


@pytest.mark.parametrize("bad", [0.0, -0.01, float("inf"), float("nan")])
def test_a_clip_value_that_bounds_nothing_is_refused(bad):
    with pytest.raises(ValueError, match="clip_value"):
        clip_weights_(nn.Linear(2, 1), bad)


@pytest.mark.parametrize("w1", [0.0, 0.1, 2.0, 50.0])
@pytest.mark.parametrize("gp_weight", [0.1, 1.0, 10.0])
def test_debiasing_undoes_the_bias(w1, gp_weight):
    estimate = w1 * (1 + w1 / (2 * gp_weight))
    assert debiased_w1(estimate, gp_weight) == pytest.approx(w1, rel=1e-9)
    assert debiased_w1(torch.tensor([estimate]), gp_weight).item() == pytest.approx(w1, abs=1e-4)
    assert debiased_w1(np.array([estimate, estimate]), gp_weight) == pytest.approx(w1, rel=1e-9)


@pytest.mark.parametrize(("w1", "gp_weight"), [(1e-6, 80.0), (1e-12, 10.0), (1.0, 1e18)])
def test_debiasing_loses_no_digit_of_a_small_estimate(w1, gp_weight):
    estimate = w1 * (1 + w1 / (2 * gp_weight))
    assert debiased_w1(estimate, gp_weight) == pytest.approx(w1, rel=4 * np.finfo(float).eps)


def test_debiasing_takes_a_list_and_keeps_a_tensor_s_graph():
    assert debiased_w1([2.2, 0.0], 10) == pytest.approx([2.0, 0.0])
    estimate = torch.tensor(2.2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda w: debiased_w1(w, 10.0), estimate)


@pytest.mark.parametrize(
    ("estimate", "gp_weight"), [(1.0, 0.0), (1.0, -1.0), (-6.0, 10.0), (float("nan"), 1.0)]
)
def test_debiasing_refuses_what_no_distance_gives(estimate, gp_weight):
    with pytest.raises(ValueError, match=r"gp_weight|w1_estimate"):
        debiased_w1(estimate, gp_weight)

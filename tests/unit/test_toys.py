"""Toy laws: their moments, their places, their repeatability."""

import math

import numpy as np
import pytest
import torch

from wganlib import data, transport


def _rng(seed=0):
    return torch.Generator().manual_seed(seed)


SAMPLERS = {
    "parallel_lines": data.parallel_lines,
    "gaussian_ring": data.gaussian_ring,
    "gaussian_grid": data.gaussian_grid,
    "swiss_roll": data.swiss_roll,
}


@pytest.mark.parametrize("draw", SAMPLERS.values(), ids=SAMPLERS)
def test_every_law_gives_points_of_the_plane_in_single_precision(draw):
    x = draw(7, rng=_rng())
    assert x.shape == (7, 2)
    assert x.dtype == torch.float32


@pytest.mark.parametrize("draw", SAMPLERS.values(), ids=SAMPLERS)
def test_a_seed_repeats_and_two_seeds_differ(draw):
    assert torch.equal(draw(50, rng=_rng(3)), draw(50, rng=_rng(3)))
    assert not torch.equal(draw(50, rng=_rng(3)), draw(50, rng=_rng(4)))


@pytest.mark.parametrize("draw", SAMPLERS.values(), ids=SAMPLERS)
@pytest.mark.parametrize("n", [0, -1])
def test_an_empty_sample_is_refused(draw, n):
    with pytest.raises(ValueError, match=f"n={n}"):
        draw(n)


def test_two_parallel_lines_lie_at_the_distance_of_their_shifts():
    left, right = data.parallel_lines(200, rng=_rng()), data.parallel_lines(200, 3.0, rng=_rng())
    assert transport.exact_w1(left, right) == pytest.approx(3.0, abs=1e-6)
    place, height = data.parallel_lines(40_000, -2.0, rng=_rng(1)).T
    assert torch.all(place == -2.0)
    assert height.min() >= 0
    assert height.max() <= 1
    assert height.mean().item() == pytest.approx(0.5, abs=4 / math.sqrt(12 * 40_000))


def test_the_ring_starts_at_angle_zero_and_has_the_published_radius():
    centres = data.ring_centres()
    assert centres.shape == (8, 2)
    assert centres[0].tolist() == pytest.approx([1.4144, 0.0], abs=5e-5)
    assert centres[1].tolist() == pytest.approx([1.0002, 1.0002], abs=5e-5)
    assert centres.norm(dim=1).numpy() == pytest.approx(np.full(8, 2 / 1.414))


def test_the_grid_is_centred_and_has_the_published_spacing():
    centres = data.grid_centres()
    assert centres.shape == (25, 2)
    assert centres.sum(dim=0).tolist() == pytest.approx([0, 0], abs=1e-5)
    assert (centres[1] - centres[0]).tolist() == pytest.approx([0.7072, 0], abs=5e-5)
    assert (centres[5] - centres[0]).tolist() == pytest.approx([0, 0.7072], abs=5e-5)


@pytest.mark.parametrize(
    ("draw", "centres", "std"),
    [
        (data.gaussian_ring, data.ring_centres(), 0.02 / 1.414),
        (data.gaussian_grid, data.grid_centres(), 0.05 / 2.828),
    ],
    ids=["ring", "grid"],
)
def test_modes_are_equally_likely_round_and_of_the_published_width(draw, centres, std):
    n, modes = 40_000, len(centres)
    distance, nearest = torch.cdist(draw(n, rng=_rng(5)).double(), centres.double()).min(dim=1)
    share = torch.bincount(nearest, minlength=modes) / n
    assert share.numpy() == pytest.approx(
        np.full(modes, 1 / modes), abs=4 * math.sqrt(1 / modes / n)
    )
    # |z|^2 / std^2 is chi-square with 2 degrees of freedom: mean 2, standard deviation 2
    assert (distance / std).square().mean().item() == pytest.approx(2, abs=4 * 2 / math.sqrt(n))
    x = draw(n, rng=_rng(5))
    apart = (x - centres[nearest]).mean(dim=0) / std
    assert apart.tolist() == pytest.approx([0, 0], abs=4 / math.sqrt(n))


def test_without_blur_the_ring_is_its_centres():
    x = data.gaussian_ring(100, 5, radius=3.0, std=0.0, rng=_rng())
    apart = (x[:, None] - data.ring_centres(5, radius=3.0)).norm(dim=-1)  # (100, 5)
    assert apart.min(dim=1).values.max() == 0


def test_the_swiss_roll_is_scikit_learns():
    from sklearn.datasets import make_swiss_roll

    theirs = make_swiss_roll(2000, noise=0.25, random_state=0)[0][:, [0, 2]] / 7.5
    ours = data.swiss_roll(2000, rng=_rng(1)).numpy()
    again = make_swiss_roll(2000, noise=0.25, random_state=1)[0][:, [0, 2]] / 7.5
    floor = transport.exact_w1(theirs[:1000], again[:1000])
    assert transport.exact_w1(theirs[:1000], ours[:1000]) < 2 * floor


def test_without_blur_the_swiss_roll_is_a_spiral():
    x = data.swiss_roll(500, std=0.0, rng=_rng())
    radius = x.norm(dim=1)
    assert torch.allclose((7.5 * radius).cos(), x[:, 0] / radius, atol=1e-5)
    assert radius.min() > 1.5 * math.pi / 7.5
    assert radius.max() < 4.5 * math.pi / 7.5


@pytest.mark.parametrize("draw", [data.gaussian_ring, data.gaussian_grid, data.swiss_roll])
@pytest.mark.parametrize("std", [-0.1, math.nan])
def test_a_negative_blur_is_refused(draw, std):
    with pytest.raises(ValueError, match="std="):
        draw(3, std=std)


@pytest.mark.parametrize("draw", SAMPLERS.values(), ids=SAMPLERS)
@pytest.mark.parametrize(
    ("bad", "message"),
    [({"n": 10**12}, "n=1000000000000 points would take 32,000.0 GB"), ({"n": 2**80}, "n=12089"),
     ({"n": 2.0}, "n=2.0"), ({"n": 3, "rng": 0}, "rng is a int"),
     ({"n": 3, "rng": np.random.default_rng(0)}, "rng is a Generator.*torch")],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(draw, bad, message):
    with pytest.raises(ValueError, match=message):
        draw(**bad)


@pytest.mark.parametrize("length", [math.inf, math.nan, 1e39, -1e39, "1", None, 1j, True])
@pytest.mark.parametrize(
    ("draw", "name"),
    [(data.parallel_lines, "shift"), (data.gaussian_ring, "radius"), (data.gaussian_ring, "std"),
     (data.gaussian_grid, "spacing"), (data.swiss_roll, "std")],
)  # fmt: skip
def test_a_length_that_single_precision_does_not_hold_is_refused(draw, name, length):
    with pytest.raises(ValueError, match=rf"\b{name}="):
        draw(3, **{name: length})


def test_a_ring_and_a_grid_need_at_least_one_mode():
    with pytest.raises(ValueError, match="modes=0"):
        data.ring_centres(0)
    with pytest.raises(ValueError, match="side=0"):
        data.gaussian_grid(3, 0)

"""Mode coverage: known answers, then what may not change it."""

import math

import pytest
import torch

from wganlib import data
from wganlib.metrics import mode_coverage

CENTRES = data.ring_centres()
STD = data.RING_STD


def test_a_sample_at_every_centre_covers_every_mode_perfectly():
    found = mode_coverage(CENTRES.repeat(3, 1), CENTRES, STD)
    assert (found.modes_covered, found.high_quality_share) == (8, 1.0)
    assert found.histogram_kl == pytest.approx(0, abs=1e-15)


def test_a_collapsed_sample_covers_one_mode_and_pays_log_eight():
    found = mode_coverage(CENTRES[:1].repeat(100, 1), CENTRES, STD)
    assert (found.modes_covered, found.high_quality_share) == (1, 1.0)
    assert found.histogram_kl == pytest.approx(math.log(8))


def test_half_the_modes_cost_log_two():
    assert mode_coverage(CENTRES[::2], CENTRES, STD).histogram_kl == pytest.approx(math.log(2))


def test_three_standard_deviations_are_the_border():
    just_inside = CENTRES[:1] + torch.tensor([[2.999 * STD, 0]])
    just_outside = CENTRES[:1] + torch.tensor([[3.001 * STD, 0]])
    assert mode_coverage(just_inside, CENTRES, STD).modes_covered == 1
    found = mode_coverage(just_outside, CENTRES, STD)
    assert (found.modes_covered, found.high_quality_share) == (0, 0.0)


def test_the_border_stays_sharp_far_from_the_origin_and_in_a_large_sample():
    centres = torch.tensor([[300.0, 400.0], [0.0, 0.0]])
    inside = centres[:1] + torch.tensor([[0.29, 0.0]])
    assert mode_coverage(inside.repeat(500, 1), centres, 0.1).high_quality_share == 1.0
    outside = centres[:1] + torch.tensor([[0.31, 0.0]])
    assert mode_coverage(outside.repeat(500, 1), centres, 0.1).high_quality_share == 0.0


def test_one_good_sample_is_enough_to_cover_a_mode():
    stray = torch.cat([CENTRES[:1].repeat(999, 1), CENTRES[3:4]])
    assert mode_coverage(stray, CENTRES, STD).modes_covered == 2


@pytest.mark.parametrize(
    ("draw", "centres", "std"),
    [
        (data.gaussian_ring, CENTRES, STD),
        (data.gaussian_grid, data.grid_centres(), data.GRID_STD),
    ],
    ids=["ring", "grid"],
)
def test_real_data_score_what_theory_says(draw, centres, std):
    n, modes = 20_000, len(centres)
    found = mode_coverage(draw(n, rng=torch.Generator().manual_seed(0)), centres, std)
    miss = math.exp(-4.5)  # P(chi-square with 2 degrees of freedom > 9)
    assert found.modes_covered == modes
    assert found.high_quality_share == pytest.approx(1 - miss, abs=4 * math.sqrt(miss / n))
    # 2 n KL is chi-square with K - 1 degrees of freedom
    chi = 2 * n * found.histogram_kl
    assert chi == pytest.approx(modes - 1, abs=4 * math.sqrt(2 * (modes - 1)))


def test_order_and_unit_do_not_matter():
    x = data.gaussian_ring(500, rng=torch.Generator().manual_seed(1)) + 0.02
    found = mode_coverage(x, CENTRES, STD)
    assert mode_coverage(x.flip(0), CENTRES.flip(0), STD) == found
    assert mode_coverage(8 * x, 8 * CENTRES, 8 * STD) == found


def test_samples_of_a_network_need_no_detaching():
    x = CENTRES.clone().requires_grad_()
    assert mode_coverage(x, CENTRES, STD).modes_covered == 8


@pytest.mark.parametrize(
    ("samples", "centres", "std", "message"),
    [
        (torch.zeros(3), CENTRES, STD, r"samples \(3,\)"),
        (torch.zeros(3, 3), CENTRES, STD, r"samples \(3, 3\), centres \(8, 2\)"),
        (torch.zeros(0, 2), CENTRES, STD, "empty"),
        (torch.full((2, 2), math.nan), CENTRES, STD, "2 of 2 samples are NaN"),
        (CENTRES, CENTRES, 0.0, "std=0.0"),
    ],
)
def test_what_has_no_nearest_mode_is_refused(samples, centres, std, message):
    with pytest.raises(ValueError, match=message):
        mode_coverage(samples, centres, std)

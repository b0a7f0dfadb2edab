"""Figures of chapter 2: the plan can be read off them."""

import numpy as np
import pytest

from tests.unit.drawn import artists, labels, ticks
from wganlib.figures import ch02

X, Y = np.array([0.0, 3.0]), np.array([1.0, 5.0])
PLAN = np.array([[0.5, 0.1], [0.0, 0.4]])
LOADS = {(0.0, 1.0): 0.5, (0.0, 5.0): 0.1, (3.0, 5.0): 0.4}  # from, to: mass


def bars(ax, role):
    return {bar.get_x() + bar.get_width() / 2: bar.get_height() for bar in artists(ax, role)}


def test_every_pile_and_every_pit_is_as_high_as_its_mass(ax):
    ch02.earth_moving(ax, X, Y, PLAN)
    assert bars(ax, "pile") == pytest.approx({0.0: 0.6, 3.0: 0.4})
    assert bars(ax, "pit") == pytest.approx({1.0: -0.5, 5.0: -0.5})
    bottom, top = ax.get_ylim()
    assert bottom < -0.5 < 0.6 < top
    assert ax.yaxis.get_major_formatter()(-0.5, None) == "0.5"  # a pit's mass is positive


def test_every_load_has_an_arch_from_its_pile_to_its_pit_as_wide_as_its_mass(ax):
    ch02.earth_moving(ax, X, Y, PLAN)
    arches = {}
    for arch in artists(ax, "load"):
        start, *_, end = arch.get_path().vertices
        arches[start[0], end[0]] = arch.get_linewidth()
    total = sum(arches.values())
    assert {way: width / total for way, width in arches.items()} == pytest.approx(LOADS)


def test_every_arch_says_how_much_it_carries_halfway(ax):
    ch02.earth_moving(ax, X, Y, PLAN)
    written = dict(labels(ax))
    assert {*written} == {"0.5", "0.1", "0.4"}
    for (start, end), mass in LOADS.items():
        across, up = written[f"{mass:g}"]
        assert across == pytest.approx((start + end) / 2, abs=0.02 * 5)  # next to the middle
        assert 0 < up < ax.get_ylim()[1]


def test_a_plan_s_matrix_is_the_plan_with_its_places_and_its_entries(ax):
    ch02.plan_matrix(ax, X, Y, PLAN)
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), PLAN)
    assert dict(labels(ax)) == {"0.5": (0, 0), "0.1": (1, 0), "0.4": (1, 1)}
    assert ticks(ax.yaxis) == {"0": 0, "3": 1}
    assert ticks(ax.xaxis) == {"1": 0, "5": 1}


def test_two_plans_of_one_pair_share_their_shades(ax):
    a, b = PLAN.sum(axis=1), PLAN.sum(axis=0)
    for plan in (PLAN, np.outer(a, b)):
        ch02.plan_matrix(ax, X, Y, plan)
    scales = {image.get_clim() for image in ax.images}
    assert len(scales) == 1
    ((low, high),) = scales
    assert low == 0
    assert high >= PLAN.max()

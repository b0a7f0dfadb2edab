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
    rails = ticks(ax.yaxis)
    assert bottom < -0.5 < rails["pits"] == 0 < rails["piles"] < rails["piles"] + 0.6 < top
    assert {bar.get_y() for bar in artists(ax, "pile")} == {rails["piles"]}


def test_every_load_has_a_route_from_its_pile_to_its_pit_as_wide_as_its_mass(ax):
    ch02.earth_moving(ax, X, Y, PLAN)
    routes = {tuple(line.get_xdata()): line.get_linewidth() for line in artists(ax, "load")}
    total = sum(routes.values())
    assert {way: width / total for way, width in routes.items()} == pytest.approx(LOADS)


def test_routes_cross_where_and_only_where_they_reverse_the_order(ax):
    """Piles 0, 1 and pits 2, 3 in order must not cross, though their roads overlap."""
    for pits, reverse in ([2.0, 3.0], False), ([3.0, 2.0], True):
        ax.clear()
        ch02.earth_moving(ax, np.array([0.0, 1.0]), np.array(pits), np.eye(2) / 2)
        one, other = (line.get_xydata() for line in artists(ax, "load"))
        assert one[:, 1].tolist() == other[:, 1].tolist()  # both run from rail to rail
        assert (np.prod((one - other)[:, 0]) < 0) == reverse


def test_every_route_says_on_its_way_how_much_it_carries(ax):
    ch02.earth_moving(ax, X, Y, PLAN)
    written = dict(labels(ax))
    assert {*written} == {"0.5", "0.1", "0.4"}
    for line in artists(ax, "load"):
        (start, top), (end, bottom) = line.get_xydata()
        across, up = written[f"{LOADS[start, end]:g}"]
        assert bottom < up < top
        assert across == pytest.approx(np.interp(up, [bottom, top], [end, start]))


def test_loads_of_one_pile_are_written_at_different_heights(ax):
    ch02.earth_moving(ax, X, Y, PLAN)
    written = dict(labels(ax))
    assert written["0.5"][1] - written["0.1"][1] > 0.1 * ticks(ax.yaxis)["piles"]


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

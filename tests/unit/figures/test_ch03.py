"""Figures of chapter 3: nothing is lost between the plan and the page."""

import numpy as np
import pytest

from tests.unit.drawn import artists, curves, discs, labels, ticks
from wganlib.figures import ch03


def test_a_picture_of_masses_keeps_their_total_and_their_centre():
    rng = np.random.default_rng(0)
    points, mass = rng.uniform(0, 6, size=(40, 2)), rng.dirichlet(np.ones(40))
    picture = ch03.mass_image(points, mass, shape=(7, 7))
    row, column = np.indices((7, 7))
    assert picture.sum() == pytest.approx(1)
    assert (picture * column).sum() == pytest.approx(mass @ points[:, 0])
    assert (picture * row).sum() == pytest.approx(mass @ points[:, 1])


def test_mass_in_the_middle_of_a_pixel_stays_there():
    picture = ch03.mass_image(np.array([[2.0, 1.0]]), np.array([1.0]), shape=(3, 4))
    assert picture[1, 2] == 1
    assert picture.sum() == 1


@pytest.mark.parametrize("heads", [True, False])
def test_there_is_an_arrow_for_every_share_and_none_for_nothing(ax, heads):
    x, y = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[2.0, 3.0], [5.0, 4.0]])
    ch03.plan_arrows(ax, x, y, np.array([[0.5, 0.0], [0.1, 0.4]]), heads=heads)
    widths = {
        (*map(float, arrow.xyann), *map(float, arrow.xy)): arrow.arrow_patch.get_linewidth()
        for arrow in artists(ax, "share")
    }
    total = sum(widths.values())
    shares = {way: width / total for way, width in widths.items()}
    assert shares == pytest.approx({(1, 0, 2, 3): 0.5, (0, 1, 2, 3): 0.1, (0, 1, 5, 4): 0.4})


def test_a_point_s_area_is_its_mass(ax):
    x, y = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[2.0, 3.0], [5.0, 4.0]])
    ch03.plan_arrows(ax, x, y, np.array([[0.3, 0.0], [0.3, 0.4]]))
    start, goal = discs(ax, "fake"), discs(ax, "real")
    assert start[0, 1] / start[1, 0] == pytest.approx(0.7 / 0.3)
    assert goal[2, 3] / goal[5, 4] == pytest.approx(0.6 / 0.4)
    assert sum(start.values()) == pytest.approx(sum(goal.values()))


def test_every_picture_stands_in_the_row_and_column_of_its_labels(ax):
    rows = np.random.default_rng(0).random((2, 3, 4, 5))
    ch03.picture_sequences(ax, rows, names=["moved", "faded"], times=["0", "½", "1"])
    (image,) = ax.images
    for r, y in enumerate(ticks(ax.yaxis).values()):
        for t, x in enumerate(ticks(ax.xaxis).values()):
            top, left = round(y - 1.5), round(x - 2)
            tile = image.get_array()[top : top + 4, left : left + 5]
            np.testing.assert_array_equal(tile, rows[r, t])
    assert [*ticks(ax.yaxis)] == ["moved", "faded"]
    assert [*ticks(ax.xaxis)] == ["0", "½", "1"]


def test_times_are_drawn_at_their_sizes_with_names_apart(ax):
    times = {"slow": [1.0], "a": [0.1, 0.2], "b": [0.1, 0.2]}
    ch03.times_by_size(ax, [32, 64], times)
    for name, seconds in times.items():
        (curve,) = curves(ax, name)
        assert curve.tolist() == [[size, t] for size, t in zip([32, 64], seconds, strict=False)]
    heights = {text: place[1] for text, place in labels(ax)}
    assert {*heights} == {*times}
    assert heights["slow"] == 1.0
    assert heights["a"] / heights["b"] >= 2.2 - 1e-12
    assert ticks(ax.xaxis) == {"32": 32, "64": 64}

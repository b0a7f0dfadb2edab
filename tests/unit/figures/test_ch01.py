"""Figures of chapter 1."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.unit.drawn import artists, curves, points
from wganlib.figures import ch01


@pytest.mark.parametrize("at", [-0.5, 0.0])
def test_a_jump_is_a_gap_between_its_limit_and_its_value(ax, at):
    x = np.linspace(-1, 1, 5)
    y = np.where(x == at, 0.0, 3.0 + x)
    before = y[np.flatnonzero(x == at)[0] - 1]
    ch01.curve_with_jump(ax, x, y, color="C0", at=at)
    left, right = sorted(curves(ax, "curve"), key=lambda curve: curve[0, 0])
    assert left[:-1].tolist() == [[a, b] for a, b in zip(x, y, strict=True) if a < at]
    assert right[1:].tolist() == [[a, b] for a, b in zip(x, y, strict=True) if a > at]
    assert left[-1].tolist() == points(ax, "limit")[0].tolist() == [at, before]
    assert right[0, 0] == at
    assert points(ax, "value").tolist() == [[at, 0.0]]


def test_shadows_lie_below_their_curves_and_a_plumb_line_joins_what_crosses_there():
    real = np.array([[0.0, 0, 1], [1, 1, 2], [2, 2, 1]])
    fake = np.array([[0.0, 2, 4], [2, 0, 4], [1.1, 1, 5]])
    ax = Figure().add_subplot(projection="3d")
    ch01.curves_and_shadows(ax, real, fake)
    assert np.array_equal(drawn(ax, "real")[0], real)
    assert np.array_equal(drawn(ax, "fake")[0], fake)
    for shadow, curve in zip(drawn(ax, "shadow"), (real, fake), strict=True):
        assert np.array_equal(shadow[:, :2], curve[:, :2])
        assert np.all(shadow[:, 2] < 1)
    ground = drawn(ax, "shadow")[0][0, 2]
    (line,) = drawn(ax, "plumb line")
    assert line.tolist() == [[1, 1, ground], [1, 1, 2], [1.1, 1, 5]]


def drawn(ax, role):
    """Return the points of each line of that role in space, (n, 3)."""
    return [np.transpose(line.get_data_3d()) for line in artists(ax, role)]

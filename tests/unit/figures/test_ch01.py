"""Figures of chapter 1."""

import numpy as np
import pytest

from tests.unit.drawn import curves, points
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

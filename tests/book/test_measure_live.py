"""The room of live figures: few lines join its heights, none far from what was measured."""

import re

import numpy as np
import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")

from tools import measure_live


def test_a_height_that_grows_and_then_jumps_is_two_lines():
    points = [(w, 100 + 0.4 * w) for w in range(300, 500, 10)]
    points += [(w, 250.0) for w in range(500, 600, 10)]
    rising, level = measure_live.pieces(points, slack=1)
    assert rising == pytest.approx((490, 100, 0.4))
    assert level == (590, 250, 0)


def test_no_measured_height_is_farther_from_its_line_than_the_slack():
    rng = np.random.default_rng(0)
    width = np.arange(272, 752, 2.0)
    height = 600 + 40 * np.floor(width / 90) + rng.uniform(-3, 3, width.size)
    points = list(zip(width, height, strict=True))
    found = measure_live.pieces(points, slack=5)
    for w, h in points:
        _, offset, slope = next(piece for piece in found if w <= piece[0])
        assert abs(offset + slope * w - h) <= 5
    assert len(found) <= 8


def test_narrower_rules_come_later_and_overrule_wider_ones():
    css = measure_live.rules("walk", [(400, 500, 0), (500, 100, 0.4), (752, 300, 0)])
    assert re.findall(r"width <= (\d+)px|min-height: ([^;]+);", css) == [
        ("", "300px"),
        ("500", ""),
        ("", "calc(40.0cqi + 100px)"),
        ("400", ""),
        ("", "500px"),
    ]

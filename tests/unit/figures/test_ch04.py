"""Figures of chapter 4."""

import numpy as np
import pytest

from tests.unit.drawn import discs, labels, ticks
from wganlib.figures import ch04


def test_a_slack_table_has_a_number_everywhere_and_a_disc_where_mass_is(ax):
    slack = np.array([[0.0, 1.5, 0.25], [2.0, 0.0, 0.125]])
    ch04.slack_table(ax, slack, np.array([[0.75, 0.0, 0.0], [0.0, 0.0, 0.25]]))
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), slack)
    areas = discs(ax, "mass")
    assert areas.keys() == {(0, 0), (2, 1)}
    assert areas[0, 0] / areas[2, 1] == pytest.approx(3)
    written = {(round(x), round(y)): text for text, (x, y) in labels(ax)}
    assert written == {
        (column, row): f"{value:.2f}" for (row, column), value in np.ndenumerate(slack)
    }
    assert ticks(ax.xaxis) == {"1": 0, "2": 1, "3": 2}
    assert ticks(ax.yaxis) == {"1": 0, "2": 1}

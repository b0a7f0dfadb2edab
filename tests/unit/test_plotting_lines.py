"""The two helpers that draw the first figure of the book."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from wganlib import plotting


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def test_the_real_line_stands_at_zero_in_blue_and_the_fake_one_at_theta(ax):
    plotting.parallel_lines(ax, theta=2.0)
    real, fake = ax.lines
    assert (to_hex(real.get_color()), to_hex(fake.get_color())) == (plotting.REAL, plotting.FAKE)
    np.testing.assert_array_equal(real.get_xdata(), [0, 0])
    np.testing.assert_array_equal(fake.get_xdata(), [2, 2])


def test_a_jump_is_a_gap_with_a_hollow_dot_and_the_value_is_a_full_one(ax):
    x = np.linspace(-1, 1, 5)
    plotting.curve_with_jump(ax, x, np.where(x == 0, 0.0, 3.0), color=plotting.REAL)
    left, right, hollow, full = ax.lines
    assert left.get_xdata()[-1] == right.get_xdata()[0] == 0
    assert {*left.get_ydata(), *right.get_ydata()} == {3.0}
    assert (hollow.get_ydata()[0], full.get_ydata()[0]) == (3.0, 0.0)
    assert hollow.get_markerfacecolor() == "white"

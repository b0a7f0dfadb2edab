"""Drawing helpers of the chapter on the gradient penalty."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from wganlib import plotting


@pytest.fixture
def axes():
    figure, axes = plt.subplots(1, 2)
    yield axes
    plt.close(figure)


def curves(ax, style):
    return [
        line for line in ax.lines if line.get_linestyle() == style and len(line.get_xdata()) > 2
    ]


def test_each_game_has_a_dashed_truth_and_a_solid_estimate(axes):
    step, exact, estimate = np.arange(6.0).reshape(2, 3), np.ones((2, 3)), np.zeros((2, 3))
    plotting.games(axes[0], step, exact, estimate)
    assert [line.get_color() for line in curves(axes[0], "--")] == [plotting.TRUTH] * 2
    assert [line.get_color() for line in curves(axes[0], "-")] == [plotting.CRITIC] * 2
    assert curves(axes[0], "--")[0].get_ydata().tolist() == [1, 1, 1]
    assert curves(axes[0], "-")[0].get_ydata().tolist() == [0, 0, 0]


def test_growth_per_layer_is_the_mean_factor_from_last_to_first(axes):
    norms = 2.0 ** -np.arange(11.0).reshape(1, 1, 11)  # doubles on the way back
    plotting.growth_by_layer(axes, np.array([1 / 16]), norms, width=64)
    (dot,) = [line for line in axes[1].lines if line.get_marker() == "o"]
    assert dot.get_xdata()[0] == 4
    assert dot.get_ydata()[0] == pytest.approx(2)
    assert [text.get_text() for text in axes[0].texts] == ["1/16"]


def test_norms_of_several_seeds_are_averaged_as_logarithms(axes):
    one = 2.0 ** np.arange(11)
    norms = np.array([[one, 100 * one]])
    plotting.growth_by_layer(axes, np.array([1 / 16]), norms, width=64)
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), 10 * one)


def test_the_two_optima_are_where_the_objective_peaks(axes):
    plotting.two_optima(axes, np.array([1.0]), np.array([[[1.5, -0.5], [1.5, 1.5]]]))
    s, two_sided = axes[0].lines[0].get_data()
    peaks = s[1:-1][(two_sided[1:-1] > two_sided[:-2]) & (two_sided[1:-1] > two_sided[2:])]
    np.testing.assert_allclose(peaks, [-0.5, 1.5], atol=0.02)
    right, wrong = axes[1].lines[:2]
    np.testing.assert_allclose(right.get_ydata(), 1 + 0.5 / right.get_xdata())
    np.testing.assert_allclose(wrong.get_ydata(), -(1 - 0.5 / wrong.get_xdata()))
    (marks,) = [line for line in axes[0].lines if line.get_marker() == "o"]
    np.testing.assert_allclose(
        marks.get_ydata(), np.interp(marks.get_xdata(), s, two_sided), atol=0.01
    )


def test_a_report_is_hollow_and_its_correction_filled(axes):
    values = np.ones((2, 2)), np.full((2, 2), 3.0), np.ones((2, 2))
    plotting.reports(axes[0], *values, name="λ = 1", color="k")
    hollow, filled = axes[0].lines
    assert hollow.get_markerfacecolor() == "none"
    assert filled.get_markerfacecolor() == "k"
    assert hollow.get_ydata().tolist() == [3.0] * 4
    assert filled.get_ydata().tolist() == [1.0] * 4


def test_the_thick_line_is_the_median(axes):
    share = np.array([[0.0, 1.0], [0.0, 3.0], [0.0, 8.0]])
    plotting.releases(axes[0], np.array([0, 25]), share, "freed")
    thick = max(axes[0].lines, key=lambda line: line.get_linewidth())
    assert thick.get_ydata().tolist() == [0, 3]

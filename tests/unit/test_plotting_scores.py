"""Drawing helpers of the chapter on metrics: what is drawn is what was measured."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from wganlib import plotting

mpl.use("agg")


@pytest.fixture
def ax():
    return Figure(layout="constrained").add_subplot()


def test_rows_of_pictures_lie_below_each_other_beside_their_names(ax):
    dark, light = np.full((3, 1, 4, 4), 1.0), np.full((3, 1, 4, 4), -1.0)
    plotting.picture_rows(ax, [light, dark], names=["paper", "ink"], gap=1)
    drawn = ax.images[0].get_array()
    assert drawn.shape == (9, 14)
    assert (drawn[:4].max(), drawn[5:, :4].min()) == (0, 1)
    heights = {text.get_text(): text.get_position()[1] for text in ax.texts}
    assert 0 < heights["paper"] < 4 < 5 < heights["ink"] < 9


def test_a_verdict_is_white_until_four_deviations_and_vermilion_or_blue_beyond(ax):
    values = np.array([[1.0, 2.0, 3.0, 4.0]])
    deviation = np.array([[3.9, -3.9, 50.0, -50.0]])
    columns = {"a": ".0f", "b": ".1f", "c": ".2f", "d": ".0f"}
    plotting.verdicts(ax, values, deviation, rows=["box"], columns=columns)
    tint = ax.images[0].get_array()[0]
    np.testing.assert_array_equal(tint[:2], 1)
    red, blue = tint[2], tint[3]
    assert red[0] > red[2]
    assert blue[2] > blue[0]
    assert [text.get_text() for text in ax.texts] == ["1", "2.0", "3.00", "4"]
    assert [label.get_text() for label in ax.get_xticklabels()] == list(columns)


def test_a_stronger_verdict_has_a_stronger_tint_up_to_a_limit(ax):
    deviation = np.array([[5.0, 20.0, 40.0, 4000.0]])
    columns = {str(i): ".0f" for i in range(4)}
    plotting.verdicts(ax, deviation, deviation, rows=["box"], columns=columns)
    paleness = ax.images[0].get_array()[0, :, 2]
    assert paleness[0] > paleness[1] > paleness[2]
    assert paleness[2] == pytest.approx(paleness[3])


def test_every_gauge_has_a_dot_at_its_median_beside_its_objective(ax):
    gain, loss = np.array([[0.9, 0.7, 0.8], [0.1, 0.0, 0.2]]), np.array([[-0.5] * 3, [0.5] * 3])
    plotting.agreement(ax, {"gain": gain, "loss": loss}, names=["one", "two"])
    dots = [line.get_xydata()[0] for line in ax.lines if line.get_marker() in "os"]
    np.testing.assert_allclose(sorted(x for x, _ in dots), [-0.5, 0.1, 0.5, 0.8])
    assert sorted(round(y) for _, y in dots) == [0, 0, 1, 1]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["one", "two"]


def test_samples_and_scores_of_an_objective_stand_level():
    figure = Figure(layout="constrained")
    axes = figure.subplots(1, 3)
    strips = [np.zeros((5, 28, 28)) for _ in range(3)]
    distance = np.array([[3.0, 1.0, 2.0], [4.0, 4.0, 5.0], [9.0, 8.0, 7.0]])
    scores = {"distance": distance, "coverage": distance / 10}
    plotting.league(axes, strips, scores, names=["a", "b", "c"])
    figure.canvas.draw()
    for ax, (label, values) in zip(axes[1:], scores.items(), strict=True):
        assert ax.get_xlabel() == label
        dots = [line.get_xydata()[0] for line in ax.lines if line.get_marker() == "o"]
        np.testing.assert_allclose([x for x, _ in dots], np.median(values, axis=1))
        for text, (x, y) in zip(axes[0].texts, dots, strict=True):
            name = axes[0].transData.transform(text.get_position())[1]
            assert name == pytest.approx(ax.transData.transform((x, y))[1], abs=2)  # pixels


def test_only_the_first_score_of_a_league_is_logarithmic_and_in_numbers():
    axes = Figure(layout="constrained").subplots(1, 3)
    scores = {"distance": [[90.0, 80.0, 1100.0]], "coverage": [[0.5, 0.6, 0.0]]}
    plotting.league(axes, [np.zeros((5, 28, 28))], scores, names=["a"])
    assert [ax.get_xscale() for ax in axes[1:]] == ["log", "linear"]
    assert [[text.get_text() for text in ax.texts] for ax in axes[1:]] == [["90"], []]
    assert [tick.get_text() for tick in axes[1].get_xticklabels()] == ["100", "300", "1,000"]
    assert axes[1].get_xlim()[1] > 2 * 1100

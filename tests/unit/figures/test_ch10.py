"""Figures of chapter 10: what is drawn is what was measured."""

import numpy as np
import pytest

from tests.unit.drawn import labels, points, ticks
from wganlib.figures import ch10


def test_rows_of_pictures_lie_below_each_other_at_their_names(ax):
    dark, light = np.full((3, 1, 4, 4), 1.0), np.full((3, 1, 4, 4), -1.0)
    ch10.picture_rows(ax, [light, dark], names=["paper", "ink"], gap=1)
    (image,) = ax.images
    drawn = image.get_array()
    assert drawn.shape == (9, 14)
    ink = {name: drawn[round(y - 1.5) : round(y + 2.5), :4] for name, (_, y) in labels(ax)}
    assert ink["paper"].shape == ink["ink"].shape == (4, 4)
    assert np.all(ink["paper"] == 0)
    assert np.all(ink["ink"] == 1)


def test_a_score_is_written_in_its_row_and_column(ax):
    values = np.array([[1.0, 2.0], [3.0, 4.0]])
    columns = {"a": ".0f", "b": ".2f"}
    ch10.tinted_scores(ax, values, 0 * values, rows=["box", "bag"], columns=columns)
    written = {place: text for text, place in labels(ax)}
    assert written == {(0, 0): "1", (1, 0): "2.00", (0, 1): "3", (1, 1): "4.00"}
    assert ticks(ax.xaxis) == {"a": 0, "b": 1}
    assert ticks(ax.yaxis) == {"box": 0, "bag": 1}


def test_a_score_is_white_until_four_deviations_and_vermilion_or_blue_beyond(ax):
    deviation = np.array([[3.9, -3.9, 50.0, -50.0]])
    columns = dict.fromkeys("abcd", ".0f")
    ch10.tinted_scores(ax, deviation, deviation, rows=["box"], columns=columns)
    (image,) = ax.images
    near, nearer, worse, better = image.get_array()[0]
    np.testing.assert_array_equal([near, nearer], 1)
    assert worse[0] > worse[2]  # red over blue
    assert better[2] > better[0]


def test_a_stronger_deviation_has_a_stronger_tint_up_to_a_limit(ax):
    deviation = np.array([[5.0, 20.0, 40.0, 4000.0]])
    columns = dict.fromkeys("abcd", ".0f")
    ch10.tinted_scores(ax, deviation, deviation, rows=["box"], columns=columns)
    paleness = ax.images[0].get_array()[0, :, 2]
    assert paleness[0] > paleness[1] > paleness[2]
    assert paleness[2] == pytest.approx(paleness[3])


def test_every_gauge_has_a_dot_at_its_median_on_the_row_of_its_objective(ax):
    gain, loss = np.array([[0.9, 0.7, 0.8], [0.1, 0.0, 0.2]]), np.array([[-0.5] * 3, [0.5] * 3])
    ch10.rank_correlations(ax, {"gain": gain, "loss": loss}, names=["one", "two"])
    rows = ticks(ax.yaxis)
    wanted = [(0.8, rows["one"]), (0.1, rows["two"]), (-0.5, rows["one"]), (0.5, rows["two"])]
    dots = points(ax, "median")
    np.testing.assert_allclose(dots[:, 0], [x for x, _ in sorted(wanted)])
    assert [round(y) for y in dots[:, 1]] == [row for _, row in sorted(wanted)]
    assert points(ax, "range")[:, 0].tolist() == sorted([0.7, 0.9, 0.0, 0.2] + [-0.5, 0.5] * 2)
    low, high = ax.get_xlim()
    assert low < -1 < 1 < high  # a rank correlation can be anything between
    assert [text.split()[1] for text, _ in labels(ax)] == ["gain", "loss"]


def test_samples_and_scores_of_an_objective_stand_level(panels):
    axes = panels(3)
    distance = np.array([[3.0, 1.0, 2.0], [4.0, 4.0, 5.0], [9.0, 8.0, 7.0]])
    scores = {"distance": distance, "coverage": distance / 10}
    ch10.samples_and_scores(axes, [np.zeros((5, 28, 28))] * 3, scores, names=["a", "b", "c"])
    axes[0].figure.canvas.draw()
    names = [axes[0].transData.transform((0, y))[1] for _, (_, y) in labels(axes[0])]
    for ax, (label, values) in zip(axes[1:], scores.items(), strict=True):
        assert ax.get_xlabel() == label
        medians = sorted(points(ax, "median"), key=lambda dot: dot[1])
        np.testing.assert_allclose(medians, np.c_[np.median(values, axis=1), range(3)])
        runs = sorted((y, x) for y, row in enumerate(values) for x in row)
        assert sorted((y, x) for x, y in points(ax, "run")) == runs
        levels = [ax.transData.transform(dot)[1] for dot in medians]
        np.testing.assert_allclose(levels, names, atol=2)  # pixels


def test_only_the_first_score_is_logarithmic_and_in_numbers(panels):
    axes = panels(3)
    scores = {"distance": [[90.0, 80.0, 1100.0]], "coverage": [[0.5, 0.6, 0.0]]}
    ch10.samples_and_scores(axes, [np.zeros((5, 28, 28))], scores, names=["a"])
    assert [ax.get_xscale() for ax in axes[1:]] == ["log", "linear"]
    assert [labels(ax) for ax in axes[1:]] == [[("90", (1100.0, 0))], []]
    assert ticks(axes[1].xaxis) == {"100": 100, "300": 300, "1,000": 1000}
    low, high = axes[1].get_xlim()
    assert low < 80
    assert high > 2 * 1100  # room for the number

"""Figures of chapter 7."""

import numpy as np
import pytest

from tests.unit.drawn import curves, labels, points
from wganlib.figures import ch07


def test_growth_per_layer_is_the_mean_factor_from_last_to_first(panels):
    left, right = panels()
    norms = 2.0 ** -np.arange(11.0).reshape(1, 1, 11)  # doubles on the way back
    ch07.gradient_by_layer((left, right), np.array([1 / 16]), norms, width=64)
    np.testing.assert_allclose(points(right, "growth"), [[4, 2]])
    assert labels(left) == [("1/16", (1, 1))]


def test_norms_of_several_seeds_are_averaged_as_logarithms(panels):
    left, right = panels()
    one = 2.0 ** np.arange(11)
    ch07.gradient_by_layer((left, right), np.array([1 / 16]), np.array([[one, 100 * one]]), 64)
    np.testing.assert_allclose(points(left, "norm"), np.c_[np.arange(1, 12), 10 * one])


def test_the_bound_on_growth_is_clip_times_width_and_covers_all_bounds(panels):
    left, right = panels()
    clip = np.array([1 / 64, 1 / 8])
    ch07.gradient_by_layer((left, right), clip, np.ones((2, 3, 11)), width=64)
    (bound,) = curves(right, "bound")
    np.testing.assert_array_equal(bound[:, 0], bound[:, 1])
    assert bound.min() < 1 < 8 < bound.max()
    assert sorted({*points(right, "growth")[:, 0]}) == [1, 8]


def test_the_objective_peaks_where_it_is_marked(panels):
    left, right = panels()
    ch07.objective_and_slopes((left, right), np.array([1.0]), np.ones((1, 2, 2)))
    (two_sided,), (one_sided,) = curves(left, "two-sided"), curves(left, "one-sided")
    s, height = two_sided.T
    inner = height[1:-1]
    peaks = s[1:-1][(inner > height[:-2]) & (inner > height[2:])]
    marks = points(left, "peak")
    np.testing.assert_allclose(marks[:, 0], peaks, atol=0.02)
    np.testing.assert_allclose(marks[:, 1], np.interp(marks[:, 0], s, height), atol=0.01)
    s, height = one_sided.T
    assert s[height.argmax()] == pytest.approx(1.5, abs=0.02)
    np.testing.assert_array_equal(height[abs(s) < 1], s[abs(s) < 1])  # no penalty up to slope 1


def test_trained_slopes_are_compared_with_the_peaks_of_the_objective(panels):
    left, right = panels()
    slopes = np.array([[[1.5, -0.5], [1.5, 1.4]], [[1.1, 1.2], [1.3, 1.0]]])
    ch07.objective_and_slopes((left, right), np.array([1.0, 10.0]), slopes)
    positive, negative = sorted(curves(right, "peaks"), key=lambda curve: -curve[0, 1])
    np.testing.assert_allclose(positive[:, 1], 1 + 0.5 / positive[:, 0])
    np.testing.assert_allclose(negative[:, 1], -(1 - 0.5 / negative[:, 0]))
    assert negative[:, 0].min() >= 0.5  # below, the wrong sign is no peak
    for side, name in enumerate(["two-sided", "one-sided"]):
        weights, drawn = np.moveaxis(curves(right, name), 2, 0)  # (seeds, weights) each
        np.testing.assert_allclose(drawn, slopes[:, side].T)
        np.testing.assert_allclose(weights, [[1, 10]] * 2, rtol=0.15)  # the two kinds side by side


def test_reports_and_their_corrections_stand_over_the_exact_distance(ax):
    exact = np.array([[0.3, 0.5], [0.4, 0.2]])
    ch07.reported_and_corrected(ax, exact, 3 * exact, 0.9 * exact)
    order = np.sort(exact.ravel())
    np.testing.assert_allclose(points(ax, "reported"), np.c_[order, 3 * order])
    np.testing.assert_allclose(points(ax, "corrected"), np.c_[order, 0.9 * order])
    np.testing.assert_allclose(curves(ax, "equal"), [[[0.2, 0.2], [0.5, 0.5]]])


def test_critics_under_a_penalty_are_averaged_like_clipped_ones(panels):
    left, right = panels()
    one, clip = 2.0 ** np.arange(11), np.array([1 / 16])
    ch07.gradient_by_layer(
        (left, right), clip, np.ones((1, 2, 11)), 64, penalised=np.array([one, 100 * one])
    )
    (mean,) = curves(left, "penalised")
    np.testing.assert_allclose(mean, np.c_[np.arange(1, 12), 10 * one])
    assert dict(labels(left))["penalty"] == pytest.approx((6, 320))


def test_a_stored_map_is_drawn_the_right_way_round(ax):
    axis = np.linspace(-2, 2, 9)
    scores = np.tile(axis, (9, 1))  # the score is x, so level lines are upright
    ch07.height_map(ax, scores, 2.0, n_levels=8)
    (levels,) = (found for found in ax.collections if found.get_gid() == "levels")
    for path, level in zip(levels.get_paths(), levels.levels, strict=True):
        np.testing.assert_allclose(path.vertices[:, 0], level, atol=1e-9)
    assert len(levels.levels) == 9

"""Drawing helpers of the chapter on the clipped WGAN: what is drawn is what was measured."""

from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from wganlib import plotting
from wganlib.lipschitz import lipschitz_meter

mpl.use("agg")


def two_axes(n=2):
    return Figure(layout="constrained").subplots(1, n)


def test_a_loss_is_marked_where_samples_stand_below_it():
    axes = two_axes()
    history = SimpleNamespace(step=[10, 100, 1000], critic_loss=[-3.0, -2.0, -1.0])
    grids = {step: np.full((224, 224), shade, np.uint8) for step, shade in [(10, 0), (1000, 255)]}
    plotting.loss_and_samples(axes, history, grids)
    curve, dots = axes[0].lines[1:]
    np.testing.assert_allclose(curve.get_xydata(), [[1, -3], [2, -2], [3, -1]])
    np.testing.assert_allclose(dots.get_xydata(), [[1, -3], [3, -1]])
    first, last = axes[1].images
    for picture, place, shade in [(first, 1, 255), (last, 3, 0)]:
        left, right = picture.get_extent()[:2]
        assert (left + right) / 2 == pytest.approx(place)
        assert np.all(picture.get_array() == shade)  # no ink is paper
    assert axes[0].get_xlim() == axes[1].get_xlim()
    assert [label.get_text() for label in axes[1].get_xticklabels()] == ["10", "1,000"]


def test_the_quotient_drawn_is_the_estimate_over_the_slope():
    axes = two_axes()
    watched = np.array([[20, 40], [6.0, -1.0], [3.0, 2.0], [0.9, 0.8], [4.0, 8.0], [5.0, 4.0]])
    plotting.slope_and_variety(axes, watched, np.array([0.2, 0.4]))
    drawn = {line.get_label(): line for line in axes[0].lines}
    np.testing.assert_allclose(drawn["estimate / slope"].get_ydata(), [2.0, np.nan])
    np.testing.assert_allclose(drawn["mean images apart"].get_ydata(), [5.0, 4.0])
    assert drawn["mean images apart"].get_linestyle() == "--"
    np.testing.assert_allclose(
        [line.get_ydata() for line in axes[1].lines], [[0.9, 0.8], [0.2, 0.4]]
    )


def test_slopes_inside_a_critic_are_drawn_at_their_mean_and_spread():
    axes = two_axes(3)
    real, fake = torch.randn(2, 40, 3, generator=torch.Generator().manual_seed(0))
    read = lipschitz_meter(lambda x: x.square().sum(1) / 2, real, fake, rng=torch.Generator())
    layers = {"clipped": [1.0, 2.0], "penalised": [3.0, 4.0]}
    readings = {"clipped": read, "penalised": read}
    plotting.inside_critics(axes, torch.tensor([-1.0, 1.0]), layers, readings)
    assert [list(line.get_ydata()) for line in axes[1].lines] == [[1.0, 2.0], [3.0, 4.0]]
    bar, dot = axes[2].lines[:2]
    np.testing.assert_allclose(bar.get_ydata(), np.percentile(read.real, [5, 95]))
    np.testing.assert_allclose(dot.get_ydata(), read.real.mean())


def test_each_way_to_start_has_one_entry_in_the_legend_and_a_curve_a_seed():
    axes = two_axes()
    one = {"step": np.array([1, 2]), "estimate": np.array([3.0, 4.0])}
    one |= {"cost": np.array([10, 20]), "frechet": np.array([50.0, 5.0])}
    plotting.head_start(axes, {"plain": [one, one], "ahead": [one, one]})
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == ["plain", "ahead"]
    assert len(axes[0].lines) == len(axes[1].lines) == 4
    np.testing.assert_allclose(axes[1].lines[3].get_xydata(), [[10, 50], [20, 5]])

"""Drawing helpers of the chapter on the GAN game."""

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from wganlib import plotting

mpl.use("agg")


@pytest.fixture
def ax():
    return Figure(layout="constrained").add_subplot()


def test_a_portrait_shows_directions_only_and_where_the_run_starts_and_ends(ax):
    path = np.array([[1.0, 1.0], [0.5, -0.5], [0.1, 0.2]])
    plotting.phase_portrait(ax, lambda theta, s: (5 * s, -5 * theta), path, name="a game")
    (arrows,) = (c for c in ax.collections if isinstance(c, mpl.quiver.Quiver))
    length = np.hypot(arrows.U, arrows.V)
    np.testing.assert_allclose(length[length > 0.5], 1, rtol=1e-12)
    start, end = ax.lines[-2:]
    assert start.get_markerfacecolor() == "white"
    assert (end.get_xdata()[0], end.get_ydata()[0]) == (0.1, 0.2)
    assert ax.get_title(loc="left") == "a game"


def test_an_orbit_is_the_way_of_the_mean_and_the_last_samples(ax):
    fakes = torch.stack([torch.full((4, 2), float(k)) for k in range(3)])
    plotting.orbit(ax, torch.eye(2), fakes, name="a run")
    way, _, last = ax.lines
    np.testing.assert_array_equal(way.get_xydata(), [[0, 0], [1, 1], [2, 2]])
    np.testing.assert_array_equal(last.get_xydata(), np.full((4, 2), 2.0))


def test_strips_and_their_ends_lie_on_the_same_rows():
    figure = Figure(layout="constrained")
    left, right = figure.subplots(1, 2)
    counts = np.arange(2 * 3 * 4).reshape(2, 3, 4) % 9
    plotting.coverage_strips(left, counts, names=["a", "b"], step=10)
    plotting.ends(right, np.arange(6.0).reshape(2, 3), floor=0.5)
    boxes = [image.get_extent() for image in left.images]
    assert boxes == [[0, 40, 2.5, -0.5], [0, 40, 6.5, 3.5]]
    rows = [line.get_ydata() for line in right.lines[:2]]
    np.testing.assert_array_equal(rows, [[0, 1, 2], [4, 5, 6]])
    assert left.get_ylim() == right.get_ylim()
    assert [t.get_text() for t in left.get_yticklabels()] == ["a", "b"]


def test_a_curve_is_drawn_towards_its_limit_if_it_has_one(ax):
    time, value = np.arange(5.0), np.linspace(0, 1, 5)
    plotting.approach(ax, time, value, limit=2.0, name="to 2")
    plotting.approach(ax, time, -value, limit=None, name="nowhere")
    assert [line.get_linestyle() for line in ax.lines] == ["-", "--", "-"]
    assert ax.lines[0].get_color() != ax.lines[2].get_color()
    assert [label.get_text() for label in ax.texts] == ["to 2", "nowhere"]

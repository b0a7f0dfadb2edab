"""Drawing helpers of the chapter on WGAN: what is drawn is what was measured."""

from itertools import product

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from wganlib import plotting

mpl.use("agg")


@pytest.fixture
def ax():
    return Figure(layout="constrained").add_subplot()


def test_a_spread_is_a_dot_at_the_median_on_a_line_over_the_range(ax):
    plotting.spread(ax, [5.0, 1.0, 2.0], 7, color="C0", filled=False)
    line, dot = ax.lines
    assert line.get_xydata().tolist() == [[1.0, 7.0], [5.0, 7.0]]
    assert dot.get_xydata().tolist() == [[2.0, 7.0]]
    assert dot.get_markerfacecolor() == "white"


def mixtures_table():
    fields = [("clip", bool), ("sigmoid", bool), ("log", bool), ("adam", bool), ("w1", float)]
    kinds = product([False, True], repeat=4)
    return np.array([(*kind, 0.3 + 0.1 * i) for i, kind in enumerate(kinds)], dtype=fields)


def test_every_mixture_has_its_dot_and_the_two_famous_ones_their_names(ax):
    plotting.mixtures(ax, mixtures_table())
    dots = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(np.sort(dots), 0.3 + 0.1 * np.arange(16))
    names = {text.get_text(): text.xy[0] for text in ax.texts if text.get_text() in ("GAN", "WGAN")}
    gan, wgan = 0b0111, 0b1000  # (clip, sigmoid, log, adam) read as a binary number
    assert names == pytest.approx({"GAN": 0.3 + 0.1 * gan, "WGAN": 0.3 + 0.1 * wgan})


def test_what_lies_beyond_the_axis_is_written_as_a_number(ax):
    rows = mixtures_table()
    rows["w1"][3] = 47.0
    plotting.mixtures(ax, rows)
    assert "47" in [text.get_text() for text in ax.texts]
    assert ax.get_xlim()[1] == 6.0


def test_truth_is_dashed_and_the_first_run_is_heavy():
    axes = Figure(layout="constrained").subplots(1, 2)
    step, runs = np.array([10, 20, 30]), np.array([[3.0, 2.0, 1.0], [4.0, 3.0, 2.0]])
    plotting.loss_and_truth(axes, step, truth=runs, said=runs / 1e3, share=runs, sharp=runs)
    dashed = [line for line in axes[0].lines if line.get_linestyle() == "--"]
    solid = [line for line in axes[0].lines if line.get_linestyle() == "-"]
    for drawn in (dashed, solid):
        np.testing.assert_allclose([line.get_ydata() for line in drawn], runs[::-1])
    assert dashed[-1].get_linewidth() > dashed[0].get_linewidth()
    np.testing.assert_allclose(axes[1].lines[-1].get_ydata(), 100 * runs[0])


def test_memory_is_one_over_one_minus_beta_in_generator_steps(ax):
    fields = [("n_critic", int), ("beta1_critic", float), ("reset", bool), ("w1", float)]
    rows = np.array([(1, 0.9, False, 2.0), (5, 0.9, False, 0.5), (5, 0.0, True, 0.6)], dtype=fields)
    plotting.memory(ax, rows)
    dots = [line for line in ax.lines if line.get_marker() in ("o", "s")]
    places = [line.get_xdata()[0] for line in dots]
    assert places == pytest.approx([0.94 * 10, 1.06 / 5, 0.94 * 2])
    hollow = [line.get_markerfacecolor() == "white" for line in dots]
    assert hollow == [False, True, False]

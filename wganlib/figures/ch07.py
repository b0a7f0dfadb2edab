"""Figures of chapter 7: gradients in clipped critics, and the slopes that a penalty prefers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from scipy.interpolate import RegularGridInterpolator

from wganlib.palette import CRITIC, INK, OTHERS, TRUTH
from wganlib.plotting import MASS, label_at, level_lines


def gradient_by_layer(
    axes: Sequence[Axes],
    clip: np.ndarray,
    norms: np.ndarray,
    width: int,
    *,
    penalised: np.ndarray | None = None,
) -> None:
    r"""Draw how a gradient grows or shrinks on its way back through deep critics.

    Parameters
    ----------
    axes : sequence of Axes
        Two axes: norms by layer, and growth per layer against `clip * width` with its bound.
    clip : ndarray
        Clipping bounds, one over a whole number each, shape `(n,)`.
    norms : ndarray
        Gradient norms, shape `(n, seeds, layers)`, first hidden layer first.
    width : int
        Hidden units a layer.
    penalised : ndarray, optional
        Gradient norms of critics under a penalty, shape `(seeds, layers)`; drawn with the first.
    """
    left, right = axes
    layers = np.arange(1, norms.shape[2] + 1)
    growth = (norms[..., 0] / norms[..., -1]) ** (1 / (len(layers) - 1))
    shades = MASS(np.linspace(0.4, 1, len(clip)))
    ends = np.array([0.7 * width * clip.min(), 1.4 * width * clip.max()])
    right.plot(ends, ends, "--", color=TRUTH, linewidth=1, gid="bound")
    right.axhline(1, color=INK, linewidth=0.6)
    label_at(right, ends[1], ends[1], "bound", dx=-8)
    for c, row, factor, shade in zip(clip, norms, growth, shades, strict=True):
        mean = np.exp(np.log(row).mean(axis=0))
        left.plot(layers, mean, color=shade, gid="norm")
        label_at(left, 1, mean[0], f"1/{1 / c:.0f}", dx=-4)
        right.plot(np.full(len(factor), width * c), factor, "o", color=shade, gid="growth")
    if penalised is not None:
        mean = np.exp(np.log(penalised).mean(axis=0))
        left.plot(layers, mean, "--", color=CRITIC, gid="penalised")
        middle = len(layers) // 2
        label_at(left, layers[middle], mean[middle], "penalty", color=CRITIC, dx=0, dy=-5)
    left.set(yscale="log", xlabel="hidden layer", ylabel="gradient norm")
    left.set(xlim=(-3, len(layers)), xticks=[1, 6, 11])
    right.set(xscale="log", yscale="log", xlabel="c times width", ylabel="growth per layer")


def objective_and_slopes(axes: Sequence[Axes], weight: np.ndarray, slope: np.ndarray) -> None:
    r"""Draw the objective of a critic on the line over its slope, and where trained critics end.

    Parameters
    ----------
    axes : sequence of Axes
        Two axes: the objective for distance 1 and weight 1, and slopes against the weight.
    weight : ndarray
        Penalty weights, shape `(n,)`, data units.
    slope : ndarray
        Slopes after training, shape `(n, 2, seeds)`; two-sided first, then one-sided.
    """
    left, right = axes
    s, line = np.linspace(-2, 2.6, 400), np.geomspace(0.3, 150, 200)
    two, one = abs(s) - 1, np.maximum(abs(s) - 1, 0)
    left.plot(s, s - two**2, color=OTHERS[0], gid="two-sided")
    left.plot(s, s - one**2, "--", color=OTHERS[1], gid="one-sided")
    left.plot([-0.5, 1.5], [-0.75, 1.25], "o", color=INK, markersize=4, gid="peak")
    left.set(xlabel="slope s", ylabel="objective J(s) (data units)", ylim=(-3, 1.8))
    label_at(left, 0.1, -1, "two-sided", color=OTHERS[0], dy=-3)
    label_at(left, -0.1, 0.1, "one-sided", color=OTHERS[1], dx=-6, dy=4)
    for place, sign in ((line, 1), (line[line > 0.5], -1)):
        right.plot(place, sign + 0.5 / place, "--", color=TRUTH, linewidth=1, gid="peaks")
    for side, (name, shift) in enumerate([("two-sided", 0.88), ("one-sided", 1.14)]):
        dots = {"color": OTHERS[side], "markersize": 3, "gid": name}
        right.plot(shift * weight, slope[:, side], "o", **dots)
    right.set(xscale="log", xlabel="penalty weight λ (data units)", ylabel="slope after training")


def reported_and_corrected(
    ax: Axes, exact: np.ndarray, reported: np.ndarray, corrected: np.ndarray
) -> None:
    r"""Draw estimates against the exact distance: as reported hollow, corrected filled.

    Parameters
    ----------
    ax : Axes
        Axes to draw into; a dashed line marks where the two are equal.
    exact, reported, corrected : ndarray
        Any equal shapes, data units.
    """
    exact, reported, corrected = (np.ravel(v) for v in (exact, reported, corrected))
    hollow = {"markersize": 4.5, "markerfacecolor": "none", "markeredgewidth": 0.9}
    ax.plot(exact, reported, "o", color=CRITIC, gid="reported", **hollow)
    ax.plot(exact, corrected, "o", color=CRITIC, markersize=3, gid="corrected")
    ends = [exact.min(), exact.max()]
    ax.plot(ends, ends, "--", color=TRUTH, gid="equal")


def height_map(ax: Axes, scores: np.ndarray, limit: float, *, n_levels: int) -> None:
    r"""Draw a critic from its scores on a grid over `[-limit, limit]²`, darker where it is higher.

    Parameters
    ----------
    ax : Axes
        Axes to draw into; made equal in both directions.
    scores : ndarray
        Scores in rows from below, each from left to right, shape `(n, n)`, score units.
    limit : float
        Half the side of the square, in data units.
    n_levels : int
        Steps between the lowest and the highest score.
    """
    scores, axis = np.asarray(scores, dtype=float), np.linspace(-limit, limit, len(scores))
    critic = RegularGridInterpolator((axis, axis), scores.T)  # takes (x, y); a row is one y
    level_lines(ax, critic, limit=limit, step=np.ptp(scores) / n_levels)

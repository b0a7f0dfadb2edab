"""Figures of chapter 2: plans on the line."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from wganlib.palette import CRITIC, FAKE, INK, REAL
from wganlib.plotting import MASS, label_at


def earth_moving(ax: Axes, x: np.ndarray, y: np.ndarray, plan: np.ndarray) -> None:
    r"""Draw a plan on the line: piles on an upper rail, pits under a lower one, routes between.

    Straight routes between two rails cross exactly where they reverse the order.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    x, y : ndarray
        Places of the piles, shape `(n,)`, and of the pits, shape `(m,)`, in data units.
    plan : ndarray
        Mass sent from pile to pit, shape `(n, m)`; the route that carries it is as wide as the
        mass is large and says how much it is.
    """
    piles, pits = plan.sum(axis=1), plan.sum(axis=0)
    span = max(x.max(), y.max()) - min(x.min(), y.min())
    rail = 3 * max(piles.max(), pits.max())
    for height in (0, rail):
        ax.axhline(height, color=INK, linewidth=0.8)
    ax.bar(x, piles, 0.05 * span, bottom=rail, color=FAKE, gid="pile")
    ax.bar(y, -pits, 0.05 * span, color=REAL, gid="pit")
    for i, j in np.argwhere(plan > 0):
        ends = [(x[i], rail), (y[j], 0.08 * rail)]
        look = {"color": CRITIC, "linewidth": 14 * plan[i, j], "solid_capstyle": "butt"}
        ax.plot(*np.transpose(ends), gid="load", **look)
        ax.plot(y[j], 0.05 * rail, marker="v", color=INK, markersize=6)
        earlier = np.count_nonzero(plan[i, :j])  # loads of this pile; the next is written lower
        down = 1 - 0.5 / (1 + 0.7 * earlier)
        across, up = np.array(ends[0]) + down * np.subtract(ends[1], ends[0])
        written = label_at(ax, across, up, f"{plan[i, j]:.2g}", dx=0)
        written.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1})
    ax.set(xlabel="position (data units)", ylim=(-1.3 * pits.max(), rail + 1.3 * piles.max()))
    ax.set_yticks([0, rail], ["pits", "piles"])
    ax.tick_params(axis="y", length=0)


def plan_matrix(ax: Axes, x: np.ndarray, y: np.ndarray, plan: np.ndarray) -> None:
    r"""Draw a plan as a matrix: one row for each pile, one column for each pit, mass as shade.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    x, y : ndarray
        Places of the piles, shape `(n,)`, and of the pits, shape `(m,)`, in data units.
    plan : ndarray
        Mass sent from pile to pit, shape `(n, m)`; entries that are not zero are written out.
    """
    most = max(plan.sum(axis=0).max(), plan.sum(axis=1).max())  # the same for all plans of a pair
    ax.imshow(plan, vmin=0, vmax=1.25 * most, cmap=MASS)
    for i, j in np.argwhere(plan > 0):
        ink = "white" if plan[i, j] > 0.6 * most else INK
        ax.text(j, i, f"{plan[i, j]:.2g}", ha="center", va="center", color=ink)
    ax.set_xticks(range(len(y)), [f"{place:g}" for place in y])
    ax.set_yticks(range(len(x)), [f"{place:g}" for place in x])
    ax.set(xlabel="pit at", ylabel="pile at")
    ax.tick_params(length=0)
    ax.spines[["top", "right"]].set_visible(True)

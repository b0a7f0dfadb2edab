"""Figures of chapter 2: plans on the line."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from wganlib.palette import CRITIC, FAKE, INK, REAL
from wganlib.plotting import MASS, label_at


def earth_moving(ax: Axes, x: np.ndarray, y: np.ndarray, plan: np.ndarray) -> None:
    r"""Draw a plan on the line as piles above the ground, pits below it, and arches between them.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    x, y : ndarray
        Places of the piles, shape `(n,)`, and of the pits, shape `(m,)`, in data units.
    plan : ndarray
        Mass sent from pile to pit, shape `(n, m)`; the arch that carries it is as wide as the
        mass is large and says how much it is.
    """
    piles, pits = plan.sum(axis=1), plan.sum(axis=0)
    span = max(x.max(), y.max()) - min(x.min(), y.min())
    sky = piles.max()
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.bar(x, piles, 0.05 * span, color=REAL, gid="pile")
    ax.bar(y, -pits, 0.05 * span, color=FAKE, gid="pit")
    for i, j in np.argwhere(plan > 0):
        bow = piles.max() * (0.9 + 6 * abs(y[j] - x[i]) / span)
        ends = [(x[i], piles[i]), (x[i], bow), (y[j], bow), (y[j], 0)]
        arch = Path(ends, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])
        look = {"edgecolor": CRITIC, "linewidth": 14 * plan[i, j], "gid": "load"}
        ax.add_patch(PathPatch(arch, fill=False, **look))
        ax.plot(y[j], 0.02, marker="v", color=INK, markersize=6)
        # Halfway along a cubic curve, and a little to the right, clear of arches from the left.
        across, up = np.array([1, 3, 3, 1]) / 8 @ np.array(ends)
        across += 0.015 * span
        label_at(ax, across, up, f"{plan[i, j]:.2g}", dx=0, dy=4 + 8 * plan[i, j])
        sky = max(sky, up)
    ax.set(xlabel="position (data units)", ylabel="mass", ylim=(-1.2 * pits.max(), 1.3 * sky))
    ax.yaxis.set_major_formatter(lambda mass, _: f"{abs(mass):g}")


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

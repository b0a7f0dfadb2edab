"""Figures of chapter 3: plans in the plane and between pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from wganlib.palette import FAKE, INK, OTHERS, REAL
from wganlib.plotting import MASS, label_at


def plan_arrows(
    ax: Axes, x: np.ndarray, y: np.ndarray, plan: np.ndarray, *, heads: bool = True
) -> None:
    r"""Draw mass at vermilion points, where it must go in blue, and an arrow for each share.

    Areas of the points and widths of the arrows are proportional to the mass.

    Parameters
    ----------
    ax : Axes
        Axes to draw into; made equal in both directions.
    x, y : ndarray
        Points, shapes `(n, 2)` and `(m, 2)`.
    plan : ndarray
        Mass sent from `x[i]` to `y[j]`, shape `(n, m)`.
    heads : bool
        Whether arrows have heads; leave them out where there are hundreds.
    """
    style = {"arrowstyle": "-|>" if heads else "-", "mutation_scale": 8, "alpha": 0.7}
    unit = 1 / plan.max()
    for i, j in np.argwhere(plan > 0):
        width = (1.6 if heads else 1.0) * plan[i, j] * unit
        ax.annotate(
            "", y[j], x[i], gid="share",
            arrowprops={**style, "color": INK, "linewidth": width, "shrinkA": 0, "shrinkB": 2},
        )  # fmt: skip
    size = 32 if heads else 14
    dots = {"linewidths": 0, "zorder": 3}
    ax.scatter(*x.T, s=size * plan.sum(1) * unit, color=FAKE, gid="fake", **dots)
    ax.scatter(*y.T, s=size * plan.sum(0) * unit, color=REAL, gid="real", **dots)
    ax.set_aspect("equal")


def mass_image(points: np.ndarray, mass: np.ndarray, *, shape: tuple[int, int]) -> np.ndarray:
    r"""Spread point masses over pixels, each over the four nearest ones, bilinearly.

    Parameters
    ----------
    points : ndarray
        Column and row of each mass, shape `(k, 2)`, in pixels, within the picture.
    mass : ndarray
        The masses, shape `(k,)`.
    shape : tuple of int
        Rows and columns of the picture.

    Returns
    -------
    ndarray, shape `shape`
        The mass on each pixel; the total and the centre of mass are kept.

    Examples
    --------
    >>> mass_image(np.array([[0.25, 1.0]]), np.array([1.0]), shape=(2, 2))
    array([[0.  , 0.  ],
           [0.75, 0.25]])
    """
    canvas = np.zeros((shape[0] + 1, shape[1] + 1))
    corner = np.floor(points).astype(int)
    part = points - corner
    for right in (0, 1):
        for down in (0, 1):
            share = np.abs(1 - right - part[:, 0]) * np.abs(1 - down - part[:, 1])
            np.add.at(canvas, (corner[:, 1] + down, corner[:, 0] + right), mass * share)
    return canvas[: shape[0], : shape[1]]


def picture_sequences(
    ax: Axes, rows: np.ndarray, *, names: Sequence[str], times: Sequence[str]
) -> None:
    r"""Draw rows of pictures, a name before each row and a time below each column.

    Parameters
    ----------
    ax : Axes
        Axes to draw into; its frame is removed.
    rows : ndarray
        Mass on pixels, shape `(n_rows, n_times, height, width)`; one scale for all.
    names, times : sequence of str
        Labels of the rows and of the columns.
    """
    n_rows, n_times, height, width = rows.shape
    strip = rows.transpose(0, 2, 1, 3).reshape(n_rows * height, n_times * width)
    ax.imshow(strip, cmap=MASS, vmin=0, vmax=np.quantile(rows[rows > 0], 0.98))
    ax.set_xticks((np.arange(n_times) + 0.5) * width - 0.5, times)
    ax.set_yticks((np.arange(n_rows) + 0.5) * height - 0.5, names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def times_by_size(ax: Axes, sizes: Sequence[int], times: Mapping[str, Sequence[float]]) -> None:
    r"""Draw times against sizes on log axes, with names that never overlap.

    Curves that reach the last size are named in a column on their right, others above their end.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    sizes : sequence of int
        Problem sizes, shape `(k,)`.
    times : mapping
        For each name, times in seconds for the first few sizes.
    """
    height = np.inf
    curves = zip(times.items(), [INK, *OTHERS], strict=False)
    for (name, values), color in sorted(curves, key=lambda curve: -curve[0][1][-1]):
        ax.loglog(sizes[: len(values)], values, ".-", color=color, linewidth=1.5, gid=name)
        if len(values) < len(sizes):
            label_at(ax, sizes[len(values) - 1], values[-1], name, color=color, dx=0, dy=5)
        else:
            height = min(values[-1], height / 2.2)
            label_at(ax, sizes[-1], height, name, color=color)
    ax.margins(y=0.12)
    ax.set(xlabel="points n", ylabel="seconds", xlim=(0.4 * sizes[0], 60 * sizes[-1]))
    ax.set_xticks([sizes[0], sizes[-1]], [f"{sizes[0]:,}", f"{sizes[-1]:,}"])
    ax.minorticks_off()

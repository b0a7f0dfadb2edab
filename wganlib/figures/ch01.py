"""Figures of chapter 1: two divergences between parallel lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes


def curve_with_jump(
    ax: Axes, x: Sequence[float], y: Sequence[float], *, color: str, at: float = 0.0
) -> None:
    r"""Draw a curve that jumps away at one point and back again, with a hollow dot at each jump.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    x, y : sequence of float
        The curve, shape `(n,)`; `at` is one of the `x`, up to rounding.
    color : str
        Colour of the curve.
    at : float
        Where the curve takes a value of its own.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    here = int(np.abs(x - at).argmin())
    ax.plot([*x[:here], at], [*y[:here], y[here - 1]], color=color, gid="curve")
    ax.plot([at, *x[here + 1 :]], [y[here + 1], *y[here + 1 :]], color=color, gid="curve")
    dot = {"color": color, "markersize": 7, "zorder": 3}
    ax.plot(at, y[here - 1], "o", markerfacecolor="white", gid="limit", **dot)
    ax.plot(at, y[here], "o", gid="value", **dot)

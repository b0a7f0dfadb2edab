"""Figures of chapter 1: two divergences between parallel lines, and thin sheets that miss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from mpl_toolkits.mplot3d import Axes3D
from scipy.spatial.distance import cdist

from wganlib.palette import FAKE, REAL, TRUTH


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


def curves_and_shadows(ax: Axes3D, real: np.ndarray, fake: np.ndarray) -> None:
    r"""Draw two curves in space, their shadows on the ground, and a plumb line between them.

    The plumb line stands where the shadows come nearest to each other.

    Parameters
    ----------
    ax : Axes3D
        Axes with three directions to draw into.
    real, fake : ndarray
        Points along the curves, shapes `(n, 3)` and `(m, 3)`, in data units.
    """
    both = np.vstack([real, fake])
    ground = both[:, 2].min() - 0.3 * np.ptp(both[:, 2])
    for curve, color, name in [(real, REAL, "real"), (fake, FAKE, "fake")]:
        x, y, z = curve.T
        ax.plot(x, y, ground, color=color, linewidth=1, alpha=0.5, gid="shadow")
        ax.plot(x, y, z, color=color, gid=name)
    flat = cdist(real[:, :2], fake[:, :2])
    i, j = np.unravel_index(flat.argmin(), flat.shape)
    ends = np.array([[*real[i, :2], ground], real[i], fake[j]])
    line = ends[ends[:, 2].argsort()]
    ax.plot(*line.T, "--", color=TRUTH, linewidth=1.2, gid="plumb line")
    ax.set(xticks=[], yticks=[], zticks=[])
    for set_label, name in [(ax.set_xlabel, "x"), (ax.set_ylabel, "y"), (ax.set_zlabel, "z")]:
        set_label(name, labelpad=-12)

"""The book's look: one style for every figure, and what several chapters draw.

What one chapter alone draws is in ``wganlib.figures``.  Every helper draws into axes that it is
given; an artist that shows numbers carries its role as Matplotlib's `gid`, such as `"median"`.

Colours are those of `wganlib.palette`.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, is_color_like
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from PIL import Image

from wganlib import _arrays, palette
from wganlib.palette import AXIS, CRITIC, FAKE, GRID, INK, OTHERS, QUIET, REAL
from wganlib.palette import TRUTH as TRUTH  # chapters take the colours of figures from here

FAR = 1e100  # coordinates beyond it are no place in a figure
WIDEST_GAP = 1_000  # pixels between two images
MANY_LINES = 1_000  # of a height; more are a grey plane
MARKERS = set(map(str, Line2D.markers))
MASS = LinearSegmentedColormap.from_list("wganlib.mass", palette.MASS)

_DPI = 80  # of a figure as shown in a notebook; stored with twice as many for sharp screens

_STYLE = {
    "figure.figsize": (8.0, 3.2),
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 11.5,
    "mathtext.fontset": "dejavusans",
    "text.color": INK,
    "axes.facecolor": "white",
    "axes.edgecolor": AXIS,
    "axes.linewidth": 0.8,
    "axes.labelcolor": INK,
    "axes.labelsize": 11.5,
    "axes.titlesize": 11.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "axes.prop_cycle": mpl.cycler(color=[REAL, FAKE, *OTHERS]),
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "xtick.major.width": 0.8,
    "ytick.major.width": 0.8,
    "xtick.minor.visible": False,
    "lines.linewidth": 2.0,
    "lines.markersize": 5.0,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.fontsize": 10.5,
    "image.cmap": "wganlib.mass",
    "image.interpolation": "nearest",
}


def use_house_style() -> None:
    r"""Set Matplotlib's defaults to the book's look, for this process.

    Notebooks call it once, in the cell that holds the imports.  There it also stores figures with
    a palette of 256 colours and twice the pixels, a third of their usual size in bytes.

    Examples
    --------
    >>> use_house_style()
    >>> mpl.rcParams["axes.spines.top"]
    False
    """
    if "wganlib.mass" not in mpl.colormaps:
        mpl.colormaps.register(MASS)
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and "inline" in mpl.get_backend():
        plt.switch_backend(mpl.get_backend())  # loaded later, it would undo the next line
        shell.display_formatter.formatters["image/png"].for_type(Figure, palette_png)
    mpl.rcParams.update(_STYLE)


def palette_png(figure: Figure) -> tuple[bytes, dict[str, int]]:
    r"""Draw a figure as a PNG of 256 colours, a third of the usual size in bytes.

    Parameters
    ----------
    figure : Figure
        The figure, on white.

    Returns
    -------
    bytes
        The PNG, with twice the pixels that it is shown at, for sharp screens.
    dict
        `width` and `height` to show it at, in pixels, as IPython's formatters return them.

    Raises
    ------
    ValueError
        If `figure` is none.
    """
    _arrays.instance(figure, "figure", Figure, "plt.subplots() makes one")
    full, small = io.BytesIO(), io.BytesIO()
    figure.savefig(full, format="png", dpi=2 * _DPI, bbox_inches="tight")
    image = Image.open(full).convert("RGB")
    palette = image.quantize(method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    palette.save(small, "png", optimize=True)
    return small.getvalue(), {"width": image.width // 2, "height": image.height // 2}


def label_at(
    ax: Axes, x: float, y: float, text: str, *, color: str = INK, dx: float = 6, dy: float = 0
) -> Annotation:
    r"""Write `text` next to the point `(x, y)` in the curve's own colour, instead of a legend.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    x, y : float
        The point that the label belongs to, in data units.
    text : str
        The label.
    color : str
        The curve's colour.
    dx, dy : float
        Offset of the label from the point, in points (1/72 inch).  A negative `dx` puts the label
        to the left of the point, and `dx=0` centres it.

    Returns
    -------
    matplotlib.text.Annotation
        The label, for changes that a single figure needs.

    Raises
    ------
    ValueError
        If an argument is of another kind.
    """
    _drawable(ax, color)
    _arrays.instance(text, "text", str, "give the words to write")
    numbers = {"x": x, "y": y, "dx": dx, "dy": dy}
    x, y, dx, dy = (
        _arrays.finite_number(v, name, least=-FAR, most=FAR) for name, v in numbers.items()
    )
    align = "left" if dx > 0 else "right" if dx < 0 else "center"
    vertical = "bottom" if dy > 0 else "top" if dy < 0 else "center"
    return ax.annotate(
        text,
        (x, y),
        (dx, dy),
        textcoords="offset points",
        color=color,
        ha=align,
        va=vertical,
        annotation_clip=False,
    )


def light_grid(ax: Axes, axis: str = "y") -> None:
    r"""Draw a light grid behind the data, where a reader must read off values.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    axis : str
        `"x"`, `"y"` or `"both"`.

    Raises
    ------
    ValueError
        If an argument is of another kind.
    """
    _drawable(ax)
    if not isinstance(axis, str) or axis not in ("x", "y", "both"):
        raise ValueError(f"axis={_arrays.shown(axis)} must be 'x', 'y' or 'both'")
    ax.grid(visible=True, axis=axis, which="major")


def image_grid(ax: Axes, images: object, *, n_columns: int | None = None, gap: int = 2) -> None:
    r"""Draw a batch of grey images as one picture, row by row.

    Parameters
    ----------
    ax : Axes
        Axes to draw into; its frame and ticks are removed.
    images : array or tensor
        Array or CPU tensor of shape `(n, 1, height, width)` or `(n, height, width)`; float values
        in [-1, 1], or uint8.  An image of value -1 (or 0) is white, of value 1 (or 255) ink.
    n_columns : int, optional
        Images per row; the smallest square that holds all of them by default.
    gap : int
        White pixels between two images.

    Raises
    ------
    ValueError
        If `images` are none, or another argument is of another kind.
    """
    _drawable(ax)
    pixels, gap = grey_levels(images), _arrays.whole_number(gap, "gap", least=0)
    if gap > WIDEST_GAP:
        raise ValueError(f"gap={gap} leaves more white than image; give at most {WIDEST_GAP}")
    n, height, width = pixels.shape
    columns = int(np.ceil(np.sqrt(n)))
    if n_columns is not None:
        columns = min(n, _arrays.whole_number(n_columns, "n_columns"))
    rows = -(-n // columns)
    canvas = np.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap))
    for i, image in enumerate(pixels):
        top, left = (i // columns) * (height + gap), (i % columns) * (width + gap)
        canvas[top : top + height, left : left + width] = image
    ax.imshow(canvas, cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
    ax.set_axis_off()


def grey_levels(images: object) -> np.ndarray:
    r"""Turn a batch of images into levels between 0 (paper) and 1 (ink).

    Parameters
    ----------
    images : array or tensor
        Array or CPU tensor, as `image_grid` takes them.

    Returns
    -------
    ndarray, shape `(n, height, width)`
        The levels, float.

    Raises
    ------
    ValueError
        If `images` are no numbers, or have another number of dimensions.

    Examples
    --------
    >>> grey_levels(np.array([[[-1.0, 0.0, 1.0]]]))
    array([[[0. , 0.5, 1. ]]])
    """
    pixels = _arrays.real_array(images, "images")
    if pixels.ndim == 4 and pixels.shape[1] == 1:
        pixels = pixels[:, 0]
    if pixels.ndim != 3 or pixels.size == 0:
        raise ValueError(
            f"images has shape {pixels.shape}; expected (n, 1, height, width) or (n, height, width)"
        )
    whole = str(getattr(images, "dtype", "")).endswith("uint8")
    return np.clip(pixels / 255 if whole else (np.clip(pixels, -1, 1) + 1) / 2, 0, 1)


def training_curve(
    ax: Axes, step: Sequence[float], value: Sequence[float], *, color: str, window: int = 1
) -> None:
    r"""Draw one logged quantity against the generator step, smoothed over `window` entries.

    The raw values stay visible as a faint line, so that smoothing hides nothing.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    step : sequence of float
        Generator steps, shape `(n,)`.
    value : sequence of float
        Logged values, shape `(n,)`.
    color : str
        Colour of the curve.
    window : int
        Length of the running mean, in log entries; 1 draws the values alone.

    Raises
    ------
    ValueError
        If an argument is of another kind, or there are not as many steps as values.
    """
    _drawable(ax, color)
    step, value = (_numbers(v, name) for v, name in ((step, "step"), (value, "value")))
    if len(step) != len(value):
        raise ValueError(f"step has {len(step)} entries and value {len(value)}; give equally many")
    window = min(_arrays.whole_number(window, "window"), max(len(value), 1))
    if window == 1:
        ax.plot(step, value, color=color, gid="values")
        return
    ax.plot(step, value, color=color, alpha=0.25, linewidth=0.8, gid="values")
    mean = np.convolve(value, np.ones(window) / window, mode="valid")
    ax.plot(step[window - 1 :], mean, color=color, gid="mean")


def parallel_lines(ax: Axes, *, theta: float) -> None:
    r"""Draw the real segment at 0 and the fake one at `theta`, with an arrow back to 0.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    theta : float
        Distance between the two segments, in data units.

    Raises
    ------
    ValueError
        If `ax` is none, or `theta` is zero or no number.
    """
    _drawable(ax)
    theta = _arrays.finite_number(theta, "theta", least=-FAR, most=FAR)
    if abs(theta) < 1 / FAR:
        raise ValueError(f"theta={theta} leaves no room between the segments")
    for place, color, name in [(0, REAL, "real"), (theta, FAKE, "fake")]:
        ax.plot([place] * 2, [0, 1], color=color, linewidth=4, solid_capstyle="butt", gid=name)
        label_at(ax, place, 1, name, color=color, dx=0, dy=4)
    ax.annotate(
        "", (0, 0.5), (theta, 0.5), arrowprops={"arrowstyle": "->", "color": INK, "shrinkA": 5}
    )
    label_at(ax, theta / 2, 0.5, "θ", dx=0, dy=4)
    ax.set(xlabel="x (data units)", ylabel="z (data units)")
    ax.set(xlim=(-0.35 * theta, 1.35 * theta), ylim=(-0.05, 1.2), xticks=[0, theta], yticks=[0, 1])


def level_lines(
    ax: Axes, critic: Callable[[np.ndarray], object], *, limit: float, step: float = 0.25
) -> None:
    r"""Draw a critic over the square `[-limit, limit]²` as level lines, darker where it is higher.

    Parameters
    ----------
    ax : Axes
        Axes to draw into; made equal in both directions.
    critic : callable
        Maps an array of points, shape `(k, 2)`, to `k` scores.
    limit : float
        Half the side of the square, in data units.
    step : float
        Height between two level lines, in score units.

    Raises
    ------
    ValueError
        If an argument is of another kind, if the critic's scores are flat or no numbers, or if
        there would be more than a thousand lines.
    """
    _drawable(ax)
    limit, step = _arrays.positive_number(limit, "limit"), _arrays.positive_number(step, "step")
    if not callable(critic):
        raise ValueError(f"critic={_arrays.shown(critic)} cannot be called with points")
    axis = np.linspace(-limit, limit, 161)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)  # (161 * 161, 2)
    height = _scores(critic, points).reshape(161, 161)
    first, last = np.floor(height.min() / step), np.ceil(height.max() / step)
    if not 1 <= last - first <= MANY_LINES:
        raise ValueError(
            f"step={step} for scores from {height.min():.4g} to {height.max():.4g} would draw "
            f"{last - first:.4g} levels; give another step"
        )
    levels = step * np.arange(first, last + 1)
    shades = LinearSegmentedColormap.from_list("height", palette.HEIGHT)
    ax.contourf(axis, axis, height, levels, cmap=shades)
    lines = ax.contour(axis, axis, height, levels, colors=CRITIC, linewidths=0.7, linestyles="-")
    lines.set_gid("levels")
    ax.set_aspect("equal")


def two_samples(
    ax: Axes, real: np.ndarray, fake: np.ndarray, plan: np.ndarray | None = None, *, size: float = 5
) -> None:
    r"""Draw two samples in the plane, and a line along every pair that exchanges mass.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    real, fake : ndarray
        Points, shapes `(n, 2)` and `(m, 2)`, in data units.
    plan : ndarray, optional
        Mass between the points, shape `(n, m)`; no lines are drawn when left out.
    size : float
        Diameter of a point, in points (1/72 inch).

    Raises
    ------
    ValueError
        If an argument is of another kind or shape.
    """
    _drawable(ax)
    size = _arrays.positive_number(size, "size")
    real, fake = (_in_the_plane(v, name) for v, name in ((real, "real"), (fake, "fake")))
    if plan is not None:
        plan = _arrays.real_array(plan, "plan")
        if plan.shape != (len(real), len(fake)):
            raise ValueError(
                f"plan has shape {plan.shape} for {len(real)} real and {len(fake)} fake points; "
                "give (n, m)"
            )
    i, j = np.nonzero(np.zeros((0, 0)) if plan is None else plan)
    ends = [fake[j, 0], real[i, 0]], [fake[j, 1], real[i, 1]]
    ax.plot(*ends, color=INK, linewidth=0.4, gid="pair")
    ax.plot(*fake.T, ".", color=FAKE, markersize=size, gid="fake")
    ax.plot(*real.T, ".", color=REAL, markersize=size, gid="real")
    ax.set(xlabel="x (data units)", ylabel="z (data units)")


def median_and_range(
    ax: Axes, x: object, y: object, *, color: str, marker: str = "o", filled: bool = True
) -> None:
    r"""Draw repeated runs: a dot at their median and a thin line over their range.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    x, y : float or sequence of float
        One of them holds the runs, shape `(n,)`; the other is the number they share.
    color : str
        Colour of dot and line.
    marker : str
        Shape of the dot.
    filled : bool
        Whether the dot is filled or hollow.

    Raises
    ------
    ValueError
        If an argument is of another kind.
    """
    _drawable(ax, color)
    _arrays.instance(filled, "filled", bool, "give True or False")
    if not isinstance(marker, str) or marker not in MARKERS:
        raise ValueError(f"marker={_arrays.shown(marker)} is none of Matplotlib's, such as 'o'")
    x, y = (_numbers(v, name) for v, name in ((x, "x"), (y, "y")))
    ends = [x.min(), x.max()], [y.min(), y.max()]
    ax.plot(*ends, color=color, linewidth=1.1, zorder=2, gid="range")
    face, centre = color if filled else "white", (np.median(x), np.median(y))
    ax.plot(*centre, marker, color=color, markerfacecolor=face, zorder=3, gid="median")


def _drawable(ax: Axes, color: str = INK) -> None:
    """Refuse what nobody can draw into, or with."""
    _arrays.instance(ax, "ax", Axes, "plt.subplots() makes one")
    if not isinstance(color, str | tuple | list) or not is_color_like(color):
        raise ValueError(f"color={_arrays.shown(color)} is no colour, such as '#1769aa'")


def _numbers(values: object, name: str) -> np.ndarray:
    """Return one or more numbers that have a place in a figure."""
    found = np.atleast_1d(_arrays.real_array(values, name))
    if found.ndim != 1 or found.size == 0:
        raise ValueError(f"{name} has shape {found.shape}; give a number or a list of numbers")
    if np.abs(found).max() > FAR:
        raise ValueError(f"{name} reaches {np.abs(found).max():.3g}, beyond what can be drawn")
    return found


def _in_the_plane(values: object, name: str) -> np.ndarray:
    """Return points of the plane."""
    found = _arrays.real_array(values, name)
    if found.ndim != 2 or found.shape[1] != 2:
        raise ValueError(f"{name} has shape {found.shape}; give points of the plane, (n, 2)")
    _numbers(found.ravel(), name)
    return found


def _scores(critic: Callable[[np.ndarray], object], points: np.ndarray) -> np.ndarray:
    """Ask a critic for one finite score for each point."""
    try:
        scores = critic(points)
    except Exception as error:
        raise ValueError(f"critic fails for points of shape {points.shape}: {error}") from error
    found = _arrays.real_array(scores, "critic(points)")
    if found.size != len(points):
        raise ValueError(f"critic returns shape {found.shape} for {len(points)} points")
    return found

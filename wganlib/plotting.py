"""The book's look: one style for every figure, and helpers that draw into given axes.

Colours are those of `wganlib.palette`.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.text import Annotation
from PIL import Image, ImageDraw, ImageFont

from wganlib import palette
from wganlib.palette import AXIS, CRITIC, FAKE, GRID, INK, OTHERS, QUIET, REAL, TRUTH

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
        shell.display_formatter.formatters["image/png"].for_type(Figure, _small_png)
    mpl.rcParams.update(_STYLE)


def _small_png(figure: Figure) -> tuple[bytes, dict[str, int]]:
    """Draw a figure as a palette PNG; return its bytes and the size to show it at, in pixels."""
    full, small = io.BytesIO(), io.BytesIO()
    figure.savefig(full, format="png", dpi=2 * _DPI, bbox_inches="tight")
    image = Image.open(full).convert("RGB")
    palette = image.quantize(method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    palette.save(small, "png", optimize=True)
    return small.getvalue(), {"width": image.width // 2, "height": image.height // 2}


def label_at(
    ax: Axes, x: float, y: float, text: str, *, color: str = INK, dx: float = 6, dy: float = 0
) -> Annotation:
    r"""Write `text` beside the point `(x, y)` in the curve's own colour, instead of a legend.

    Parameters
    ----------
    ax
        Axes to draw into.
    x, y
        The point that the label belongs to, in data units.
    text
        The label.
    color
        The curve's colour.
    dx, dy
        Offset of the label from the point, in points (1/72 inch).  A negative `dx` puts the label
        to the left of the point, and `dx=0` centres it.

    Returns
    -------
    matplotlib.text.Annotation
        The label, for changes that a single figure needs.
    """
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
    ax
        Axes to draw into.
    axis
        `"x"`, `"y"` or `"both"`.
    """
    ax.grid(visible=True, axis=axis, which="major")


def image_grid(ax: Axes, images: object, *, n_columns: int | None = None, gap: int = 2) -> None:
    r"""Draw a batch of grey images as one picture, row by row.

    Parameters
    ----------
    ax
        Axes to draw into; its frame and ticks are removed.
    images
        Array or CPU tensor of shape `(n, 1, height, width)` or `(n, height, width)`; float values
        in [-1, 1], or uint8.  An image of value -1 (or 0) is white, of value 1 (or 255) ink.
    n_columns
        Images per row; the smallest square that holds all of them by default.
    gap
        White pixels between two images.

    Raises
    ------
    ValueError
        If `images` has another number of dimensions.
    """
    pixels = _as_grey(images)
    n, height, width = pixels.shape
    columns = n_columns or int(np.ceil(np.sqrt(n)))
    rows = -(-n // columns)
    canvas = np.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap))
    for i, image in enumerate(pixels):
        top, left = (i // columns) * (height + gap), (i % columns) * (width + gap)
        canvas[top : top + height, left : left + width] = image
    ax.imshow(canvas, cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
    ax.set_axis_off()


def _as_grey(images: object) -> np.ndarray:
    """Turn a batch of images into float values in [0, 1], shape `(n, height, width)`."""
    pixels = np.asarray(getattr(images, "detach", lambda: images)())
    if pixels.ndim == 4 and pixels.shape[1] == 1:
        pixels = pixels[:, 0]
    if pixels.ndim != 3:
        raise ValueError(
            f"images has shape {pixels.shape}; expected (n, 1, height, width) or (n, height, width)"
        )
    scaled = pixels / 255 if pixels.dtype == np.uint8 else (pixels + 1) / 2
    return np.clip(scaled, 0, 1)


def training_curve(
    ax: Axes, step: Sequence[float], value: Sequence[float], *, color: str, window: int = 1
) -> None:
    r"""Draw one logged quantity against the generator step, smoothed over `window` entries.

    The raw values stay visible as a faint line, so that smoothing hides nothing.

    Parameters
    ----------
    ax
        Axes to draw into.
    step
        Generator steps, shape `(n,)`.
    value
        Logged values, shape `(n,)`.
    color
        Colour of the curve.
    window
        Length of the running mean, in log entries; 1 draws the values alone.
    """
    step, value = np.asarray(step, float), np.asarray(value, float)
    if window <= 1:
        ax.plot(step, value, color=color)
        return
    ax.plot(step, value, color=color, alpha=0.25, linewidth=0.8)
    mean = np.convolve(value, np.ones(window) / window, mode="valid")
    ax.plot(step[window - 1 :], mean, color=color)


def parallel_lines(ax: Axes, *, theta: float) -> None:
    r"""Draw the real segment at 0 and the fake one at `theta`, with an arrow home.

    Parameters
    ----------
    ax
        Axes to draw into.
    theta
        Distance between the two segments, in data units.
    """
    for place, color, name in [(0, REAL, "real"), (theta, FAKE, "fake")]:
        ax.plot([place, place], [0, 1], color=color, linewidth=4, solid_capstyle="butt")
        label_at(ax, place, 1, name, color=color, dx=0, dy=4)
    ax.annotate(
        "", (0, 0.5), (theta, 0.5), arrowprops={"arrowstyle": "->", "color": INK, "shrinkA": 5}
    )
    label_at(ax, theta / 2, 0.5, "θ", dx=0, dy=4)
    ax.set(xlabel="x (data units)", ylabel="z (data units)")
    ax.set(xlim=(-0.35 * theta, 1.35 * theta), ylim=(-0.05, 1.2), xticks=[0, theta], yticks=[0, 1])


def curve_with_jump(
    ax: Axes, x: Sequence[float], y: Sequence[float], *, color: str, at: float = 0.0
) -> None:
    r"""Draw a curve that jumps away at one point and back again, with a hollow dot at each jump.

    Parameters
    ----------
    ax
        Axes to draw into.
    x, y
        The curve, shape `(n,)`; `at` is one of the `x`, up to rounding.
    color
        Colour of the curve.
    at
        Where the curve takes a value of its own.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    here = int(np.abs(x - at).argmin())
    ax.plot([*x[:here], at], [*y[:here], y[here - 1]], color=color)
    ax.plot([at, *x[here + 1 :]], [y[here + 1], *y[here + 1 :]], color=color)
    ax.plot(at, y[here - 1], "o", color=color, markerfacecolor="white", markersize=7, zorder=3)
    ax.plot(at, y[here], "o", color=color, markersize=7, zorder=3)


def level_lines(
    ax: Axes, critic: Callable[[np.ndarray], object], *, limit: float, step: float = 0.25
) -> None:
    r"""Draw a critic over the square `[-limit, limit]²` as level lines, darker where it is higher.

    Parameters
    ----------
    ax
        Axes to draw into; made equal in both directions.
    critic
        Maps an array of points, shape `(k, 2)`, to `k` scores.
    limit
        Half the side of the square, in data units.
    step
        Height between two level lines, in score units.
    """
    axis = np.linspace(-limit, limit, 161)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)  # (161 * 161, 2)
    height = np.asarray(critic(points), float).reshape(161, 161)
    levels = step * np.arange(np.floor(height.min() / step), np.ceil(height.max() / step) + 1)
    shades = LinearSegmentedColormap.from_list("height", palette.HEIGHT)
    ax.contourf(axis, axis, height, levels, cmap=shades)
    ax.contour(axis, axis, height, levels, colors=CRITIC, linewidths=0.7, linestyles="solid")
    ax.set_aspect("equal")


def rays(
    ax: Axes, real: np.ndarray, fake: np.ndarray, plan: np.ndarray | None = None, *, size: float = 5
) -> None:
    r"""Draw two samples in the plane, and a line along every pair that exchanges mass.

    Parameters
    ----------
    ax
        Axes to draw into.
    real, fake
        Points, shapes `(n, 2)` and `(m, 2)`, in data units.
    plan
        Mass between the points, shape `(n, m)`; no lines are drawn when left out.
    size
        Diameter of a point, in points (1/72 inch).
    """
    i, j = np.nonzero(np.zeros((0, 0)) if plan is None else plan)
    ax.plot([fake[j, 0], real[i, 0]], [fake[j, 1], real[i, 1]], color=INK, linewidth=0.4)
    ax.plot(*fake.T, ".", color=FAKE, markersize=size)
    ax.plot(*real.T, ".", color=REAL, markersize=size)
    ax.set(xlabel="x (data units)", ylabel="z (data units)")


def slack_table(ax: Axes, slack: np.ndarray, plan: np.ndarray) -> None:
    r"""Draw the slack of every pair as a shade and a number, and the mass it carries as a disc.

    Parameters
    ----------
    ax
        Axes to draw into.
    slack
        Slack of real point (row) and fake point (column), shape `(n, m)`, in data units.
    plan
        Mass between the points, shape `(n, m)`; a disc's area is proportional to it.
    """
    ax.imshow(slack, cmap=MASS, vmin=0, vmax=2 * slack.max())
    for (row, column), value in np.ndenumerate(slack):
        ax.text(column - 0.45, row - 0.26, f"{abs(value):.2f}", fontsize=9)
    row, column = np.nonzero(plan)
    ax.scatter(column, row, s=2000 * plan[row, column], color=OTHERS[0])
    ax.set(xticks=range(slack.shape[1]), xticklabels=range(1, slack.shape[1] + 1))
    ax.set(yticks=range(slack.shape[0]), yticklabels=range(1, slack.shape[0] + 1))


def plan_arrows(
    ax: Axes, x: np.ndarray, y: np.ndarray, plan: np.ndarray, *, heads: bool = True
) -> None:
    r"""Draw mass at vermilion points, where it must go in blue, and an arrow for each share.

    Areas of the points and widths of the arrows are proportional to the mass.

    Parameters
    ----------
    ax
        Axes to draw into; made equal in both directions.
    x, y
        Points, shapes `(n, 2)` and `(m, 2)`.
    plan
        Mass sent from `x[i]` to `y[j]`, shape `(n, m)`.
    heads
        Whether arrows have heads; leave them out where there are hundreds.
    """
    style = {"arrowstyle": "-|>" if heads else "-", "mutation_scale": 8, "alpha": 0.7}
    unit = 1 / plan.max()
    for i, j in np.argwhere(plan > 0):
        width = (1.6 if heads else 1.0) * plan[i, j] * unit
        ax.annotate(
            "", y[j], x[i],
            arrowprops={**style, "color": INK, "linewidth": width, "shrinkA": 0, "shrinkB": 2},
        )  # fmt: skip
    size = 32 if heads else 14
    ax.scatter(*x.T, s=size * plan.sum(1) * unit, color=FAKE, linewidths=0, zorder=3)
    ax.scatter(*y.T, s=size * plan.sum(0) * unit, color=REAL, linewidths=0, zorder=3)
    ax.set_aspect("equal")


def mass_image(points: np.ndarray, mass: np.ndarray, *, shape: tuple[int, int]) -> np.ndarray:
    r"""Spread point masses over pixels, each over the four nearest ones, bilinearly.

    Parameters
    ----------
    points
        Column and row of each mass, shape `(k, 2)`, in pixels, within the picture.
    mass
        The masses, shape `(k,)`.
    shape
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


def film(ax: Axes, rows: np.ndarray, *, names: Sequence[str], times: Sequence[str]) -> None:
    r"""Draw rows of pictures, a name before each row and a time below each column.

    Parameters
    ----------
    ax
        Axes to draw into; its frame is removed.
    rows
        Mass on pixels, shape `(n_rows, n_times, height, width)`; one scale for all.
    names, times
        Labels of the rows and of the columns.
    """
    n_rows, n_times, height, width = rows.shape
    strip = rows.transpose(0, 2, 1, 3).reshape(n_rows * height, n_times * width)
    ax.imshow(strip, cmap=MASS, vmin=0, vmax=np.quantile(rows[rows > 0], 0.98))
    ax.set_xticks((np.arange(n_times) + 0.5) * width - 0.5, times)
    ax.set_yticks((np.arange(n_rows) + 0.5) * height - 0.5, names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def earth_moving(ax: Axes, x: np.ndarray, y: np.ndarray, plan: np.ndarray) -> None:
    r"""Draw a plan on the line as piles above the ground, pits below it, and arches between them.

    Parameters
    ----------
    ax
        Axes to draw into.
    x, y
        Places of the piles, shape `(n,)`, and of the pits, shape `(m,)`, in data units.
    plan
        Mass sent from pile to pit, shape `(n, m)`; the arch that carries it is as wide as the
        mass is large and says how much it is.
    """
    piles, pits = plan.sum(axis=1), plan.sum(axis=0)
    span = max(x.max(), y.max()) - min(x.min(), y.min())
    sky = piles.max()
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.bar(x, piles, 0.05 * span, color=REAL)
    ax.bar(y, -pits, 0.05 * span, color=FAKE)
    for i, j in np.argwhere(plan > 0):
        bow = piles.max() * (0.9 + 6 * abs(y[j] - x[i]) / span)
        ends = [(x[i], piles[i]), (x[i], bow), (y[j], bow), (y[j], 0)]
        arch = Path(ends, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])
        ax.add_patch(PathPatch(arch, fill=False, edgecolor=CRITIC, linewidth=14 * plan[i, j]))
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
    ax
        Axes to draw into.
    x, y
        Places of the piles, shape `(n,)`, and of the pits, shape `(m,)`, in data units.
    plan
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


def spread(
    ax: Axes, x: object, y: object, *, color: str, marker: str = "o", filled: bool = True
) -> None:
    r"""Draw repeated runs: a dot at their median and a thin line over their range.

    Parameters
    ----------
    ax
        Axes to draw into.
    x, y
        One of them holds the runs, shape `(n,)`; the other is the number they share.
    color
        Colour of dot and line.
    marker
        Shape of the dot.
    filled
        Whether the dot is filled or hollow.
    """
    x, y = np.atleast_1d(np.asarray(x, float)), np.atleast_1d(np.asarray(y, float))
    ax.plot([x.min(), x.max()], [y.min(), y.max()], color=color, linewidth=1.1, zorder=2)
    face = color if filled else "white"
    ax.plot(np.median(x), np.median(y), marker, color=color, markerfacecolor=face, zorder=3)


def mixtures(ax: Axes, rows: np.ndarray, *, floor: float = 0.15, limit: float = 6.0) -> None:
    r"""Draw the exact W₁ that sixteen mixtures of GAN and WGAN reach, eight lines of two dots.

    Parameters
    ----------
    ax
        Axes to draw into.
    rows
        Results, one a network, with fields `sigmoid`, `log`, `clip`, `adam` (bool) and `w1`, in
        data units.
    floor
        Distance between two real samples, in data units, drawn as the truth.
    limit
        Right end of the axis, in data units; what lies beyond is written there as a number.
    """
    kinds = {"sigmoid, log": (1, 1), "sigmoid": (1, 0), "log": (0, 1), "neither": (0, 0)}
    places = {(c, *kind): 4.8 * c + i for c in (0, 1) for i, kind in enumerate(kinds.values())}
    ends = {(0, 1, 1, True): "GAN", (1, 0, 0, False): "WGAN"}
    optimisers = {(1, 1, 1, True): ("Adam", 0), (1, 1, 1, False): ("RMSProp", -1)}
    for (*kind, adam), y in {(*k, a): y for k, y in places.items() for a in (True, False)}.items():
        fields = zip(("clip", "sigmoid", "log", "adam"), (*kind, adam), strict=True)
        w1 = rows["w1"][np.all([rows[field] == value for field, value in fields], axis=0)]
        y, color = (y - 0.17, OTHERS[1]) if adam else (y + 0.17, OTHERS[0])
        if np.median(w1) > limit:
            ax.plot([w1.min(), limit], [y, y], color=color, linewidth=1.1)
            label_at(ax, limit, y, f"{np.median(w1):.0f}", color=color, dx=2, dy=1 if adam else -1)
            continue
        spread(ax, w1, y, color=color, filled=not adam)
        label_at(ax, w1.max(), y, ends.get((*kind, adam), ""), color=color).set_fontweight("bold")
        name, dy = optimisers.get((*kind, adam), ("", 0))
        label_at(ax, w1.max(), y, name, color=color, dy=dy)
    ax.axvline(floor, color=TRUTH, linestyle="--", linewidth=1)
    ax.set(xscale="log", xlim=(0.13, limit), xticks=[0.2, 0.5, 1, 2, 4], ylim=(8.5, -1))
    ax.set(xticklabels=["0.2", "0.5", "1", "2", "4"], yticks=[*places.values()])
    ax.set_yticklabels([*kinds, *kinds])
    for y, text in [(-0.62, "weights free"), (4.18, "weights clipped")]:
        ax.text(0.2, y, text, fontweight="bold", va="center")
    ax.minorticks_off()
    light_grid(ax, "x")


def phase_portrait(
    ax: Axes, velocity: object, path: np.ndarray, *, name: str, extent: float = 1.9
) -> None:
    r"""Draw a game of two numbers: its velocities as arrows, one run of it as a curve.

    Parameters
    ----------
    ax
        Axes to draw into.
    velocity
        `velocity(theta, slope)` returns the two velocities; only their direction is drawn.
    path
        Places `(theta, slope)` of the run, shape `(n, 2)`; it starts at the ring and ends at the
        dot.
    name
        Of the game, written above the axes.
    extent
        The axes reach from minus this to this, in data units and in score units a data unit.
    """
    side = np.linspace(-0.92 * extent, 0.92 * extent, 11)
    theta, slope = np.meshgrid(side, side)
    across, up = velocity(theta, slope)
    speed = np.maximum(np.hypot(across, up), 1e-9)
    arrows = {"color": palette.FIELD, "pivot": "mid", "scale": 16, "width": 0.006, "headwidth": 4}
    ax.quiver(theta, slope, across / speed, up / speed, **arrows)
    ax.axvline(0, color=TRUTH, linestyle="--", linewidth=1)
    ax.plot(*path.T, color=OTHERS[1], linewidth=1)
    ax.plot(*path[0], "o", color=OTHERS[1], markerfacecolor="white", markersize=6)
    ax.plot(*path[-1], "o", color=OTHERS[1], markersize=6)
    ax.set(xlim=(-extent, extent), ylim=(-extent, extent), aspect="equal")
    ax.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    ax.set_title(name, loc="left")


def orbit(ax: Axes, centres: object, fakes: object, *, name: str, extent: float = 3.1) -> None:
    r"""Draw where a generator's samples go: the way of their mean, and where they end.

    Parameters
    ----------
    ax
        Axes to draw into.
    centres
        Centres of the real modes, array or CPU tensor of shape `(modes, 2)`, data units.
    fakes
        The same samples at every record, array or CPU tensor of shape `(records, n, 2)`.
    name
        Of the run, written above the axes.
    extent
        The axes reach from minus this to this, in data units.
    """
    centres, fakes = np.asarray(centres), np.asarray(fakes)
    ax.plot(*fakes.mean(axis=1).T, color=CRITIC, linewidth=0.8, alpha=0.8)
    ax.plot(*centres.T, "o", color=REAL, markerfacecolor="none", markersize=9)
    ax.plot(*fakes[-1, :1000].T, ".", color=FAKE, markersize=2)
    ax.set(xlim=(-extent, extent), ylim=(-extent, extent), aspect="equal")
    ax.set(xlabel="data units", xticks=[-2, 0, 2], yticks=[-2, 0, 2])
    if ax.get_subplotspec() is None or ax.get_subplotspec().is_first_col():
        ax.set_ylabel("data units")
    ax.set_title(name, loc="left")


def coverage_strips(ax: Axes, counts: np.ndarray, *, names: Sequence[str], step: int) -> None:
    r"""Draw how many modes runs cover while they train, one strip a run, in named groups.

    Parameters
    ----------
    ax
        Axes to draw into.
    counts
        Modes covered, shape `(groups, runs, records)`.
    names
        One for each group.
    step
        Generator steps between two records.
    """
    groups, n_runs, records = counts.shape
    top = int(counts.max())
    for g, rows in enumerate(counts):
        low = g * (n_runs + 1)
        box = (0, records * step, low + n_runs - 0.5, low - 0.5)
        image = ax.imshow(rows, vmin=0, vmax=top, cmap=MASS, aspect="auto", extent=box)
    ax.set(xlim=(0, records * step), ylim=(groups * (n_runs + 1) - 1.5, -0.9))
    ax.set_xlabel("generator step")
    ax.set_yticks([g * (n_runs + 1) + (n_runs - 1) / 2 for g in range(groups)], names)
    ax.tick_params(axis="y", length=0)
    ax.spines[:].set_visible(False)
    bar = ax.figure.colorbar(image, ax=ax, location="top", ticks=range(0, top + 1, 2), aspect=30)
    bar.set_label("modes covered")
    bar.outline.set_visible(False)


def labelled_times(ax: Axes, sizes: Sequence[int], times: Mapping[str, Sequence[float]]) -> None:
    r"""Draw times against sizes on log axes, with names that never overlap.

    Curves that reach the last size are named in a column beside it, others above their end.

    Parameters
    ----------
    ax
        Axes to draw into.
    sizes
        Problem sizes, shape `(k,)`.
    times
        For each name, times in seconds for the first few sizes.
    """
    height = np.inf
    curves = zip(times.items(), [INK, *OTHERS], strict=False)
    for (name, values), color in sorted(curves, key=lambda curve: -curve[0][1][-1]):
        ax.loglog(sizes[: len(values)], values, ".-", color=color, linewidth=1.5)
        if len(values) < len(sizes):
            label_at(ax, sizes[len(values) - 1], values[-1], name, color=color, dx=0, dy=5)
        else:
            height = min(values[-1], height / 2.2)
            label_at(ax, sizes[-1], height, name, color=color)
    ax.margins(y=0.12)
    ax.set(xlabel="points n", ylabel="seconds", xlim=(0.4 * sizes[0], 60 * sizes[-1]))
    ax.set_xticks([sizes[0], sizes[-1]], [f"{sizes[0]:,}", f"{sizes[-1]:,}"])
    ax.minorticks_off()


def ends(ax: Axes, values: np.ndarray, *, floor: float) -> None:
    r"""Draw where the runs of `coverage_strips` end, a dot on the row of each strip.

    Parameters
    ----------
    ax
        Axes to draw into, beside the strips.
    values
        Exact W₁ at the end, shape `(groups, runs)`, in data units.
    floor
        W₁ between two real samples, in data units; drawn dashed.
    """
    groups, n_runs = values.shape
    for g, row in enumerate(values):
        ax.plot(row, g * (n_runs + 1) + np.arange(n_runs), "o", color=FAKE)
    ax.axvline(floor, color=TRUTH, linestyle="--")
    label_at(ax, floor, -0.9, "real against real", color=TRUTH, dx=0.01, dy=2)
    ax.set(xlabel="exact W₁ at the end (data units)", yticks=[])
    ax.set(xlim=(0, None), ylim=(groups * (n_runs + 1) - 1.5, -0.9))


def approach(
    ax: Axes, time: np.ndarray, value: np.ndarray, *, limit: float | None, name: str
) -> None:
    r"""Draw a quantity against time and, dashed, the value that theory says it tends to.

    Parameters
    ----------
    ax
        Axes to draw into.
    time, value
        Shape `(n,)`.
    limit
        The value that it tends to; None where it tends to none.
    name
        Written at the curve's end.
    """
    color = OTHERS[sum(line.get_linestyle() == "-" for line in ax.lines) % len(OTHERS)]
    ax.plot(time, value, color=color)
    label_at(ax, time[-1], value[-1], name, color=color)
    if limit is not None:
        ax.axhline(limit, color=TRUTH, linestyle="--", linewidth=1, zorder=0)
    ax.set_xlim(time[0], time[-1])


def games(ax: Axes, step: np.ndarray, exact: np.ndarray, estimate: np.ndarray) -> None:
    r"""Draw repeated trainings: the exact distance dashed, the critic's estimate solid.

    Parameters
    ----------
    ax
        Axes to draw into.
    step, exact, estimate
        One row for each run, shape `(runs, looks)`; the last two in data units.
    """
    ax.axhline(0, color=INK, linewidth=0.6)
    ax.plot(step.T, exact.T, "--", color=TRUTH, linewidth=0.9)
    ax.plot(step.T, estimate.T, color=CRITIC, linewidth=1.3)


def growth_by_layer(axes: Sequence[Axes], clip: np.ndarray, norms: np.ndarray, width: int) -> None:
    r"""Draw how a gradient grows or shrinks on its way back through clipped critics.

    Parameters
    ----------
    axes
        Two axes: norms by layer, and growth per layer against `clip * width` with its bound.
    clip
        Clipping bounds, one over a whole number each, shape `(n,)`.
    norms
        Gradient norms, shape `(n, seeds, layers)`, first hidden layer first.
    width
        Hidden units a layer.
    """
    layers = np.arange(1, norms.shape[2] + 1)
    growth = (norms[..., 0] / norms[..., -1]) ** (1 / (len(layers) - 1))
    shades = MASS(np.linspace(0.4, 1, len(clip)))
    ends = np.array([0.7 * width * clip.min(), 1.4 * width * clip.max()])
    axes[1].plot(ends, ends, "--", color=TRUTH, linewidth=1)
    axes[1].axhline(1, color=INK, linewidth=0.6)
    label_at(axes[1], ends[1], ends[1], "bound", dx=-8)
    for c, row, factor, shade in zip(clip, norms, growth, shades, strict=True):
        line = np.exp(np.log(row).mean(axis=0))
        axes[0].plot(layers, line, color=shade)
        label_at(axes[0], 1, line[0], f"1/{1 / c:.0f}", dx=-4)
        axes[1].plot(np.full(len(factor), width * c), factor, "o", color=shade)
    axes[0].set(yscale="log", xlabel="hidden layer", ylabel="gradient norm")
    axes[0].set(xlim=(-3, len(layers)), xticks=[1, 6, 11])
    axes[1].set(xscale="log", yscale="log", xlabel="c times width", ylabel="growth per layer")


def two_optima(axes: Sequence[Axes], weight: np.ndarray, slope: np.ndarray) -> None:
    r"""Draw the objective of a critic on the line over its slope, and where critics end.

    Parameters
    ----------
    axes
        Two axes: the objective for distance 1 and weight 1, and slopes against the weight.
    weight
        Penalty weights, shape `(n,)`, data units.
    slope
        Slopes after training, shape `(n, 2, seeds)`; two-sided first, then one-sided.
    """
    s, line = np.linspace(-2, 2.6, 400), np.geomspace(0.3, 150, 200)
    for excess, style, color in (
        (abs(s) - 1, "-", OTHERS[0]),
        (np.maximum(abs(s) - 1, 0), "--", OTHERS[1]),
    ):
        axes[0].plot(s, s - excess**2, style, color=color)
    axes[0].plot([-0.5, 1.5], [-0.75, 1.25], "o", color=INK, markersize=4)
    axes[0].set(xlabel="slope s", ylabel="objective J(s) (data units)", ylim=(-3, 1.8))
    label_at(axes[0], 0.1, -1, "two-sided", color=OTHERS[0], dy=-3)
    label_at(axes[0], -0.1, 0.1, "one-sided", color=OTHERS[1], dx=-6, dy=4)
    for right in (line, line[line > 0.5]):
        sign = 1 if right is line else -1
        axes[1].plot(right, sign + 0.5 / right, "--", color=TRUTH, linewidth=1)
    for side, shift in enumerate((0.88, 1.14)):
        axes[1].plot(shift * weight, slope[:, side], "o", color=OTHERS[side], markersize=3)
    axes[1].set(xscale="log", xlabel="penalty weight λ (data units)", ylabel="slope after training")


def reports(
    ax: Axes,
    exact: np.ndarray,
    reported: np.ndarray,
    corrected: np.ndarray,
    *,
    name: str,
    color: str,
) -> None:
    r"""Draw estimates against the exact distance: as reported hollow, corrected filled.

    Parameters
    ----------
    ax
        Axes to draw into.
    exact, reported, corrected
        Any equal shapes, data units.
    name
        Written beside the rightmost mark.
    color
        Colour of the marks.
    """
    hollow = {"markerfacecolor": "none", "markeredgewidth": 0.9}
    ax.plot(np.ravel(exact), np.ravel(reported), "o", color=color, markersize=4.5, **hollow)
    ax.plot(np.ravel(exact), np.ravel(corrected), "o", color=color, markersize=3)
    last = np.argmax(exact)
    above = np.ravel(reported)[last] > np.ravel(exact)[last]
    place = np.ravel(exact)[last], np.ravel(reported)[last]
    label_at(ax, *place, name, color=color, dy=0 if above else -6)


def releases(ax: Axes, step: np.ndarray, share: np.ndarray, name: str) -> None:
    r"""Draw shares of the truth that critics reach, each thin and their median thick.

    Parameters
    ----------
    ax
        Axes to draw into.
    step
        Critic steps, shape `(looks,)`.
    share
        Estimate over exact distance, shape `(runs, looks)`.
    name
        Written into the lower right corner.
    """
    ax.axhline(0, color=INK, linewidth=0.6)
    ax.axhline(1, color=TRUTH, linewidth=1, linestyle="--")
    ax.plot(step, share.T, color=CRITIC, linewidth=0.7)
    ax.plot(step, np.median(share, axis=0), color=CRITIC, linewidth=2.6)
    ax.text(0.97, 0.04, name, transform=ax.transAxes, ha="right", va="bottom")


def loss_and_truth(
    axes: Sequence[Axes],
    step: np.ndarray,
    *,
    truth: np.ndarray,
    said: np.ndarray,
    share: np.ndarray,
    sharp: np.ndarray,
) -> None:
    r"""Draw what a critic says beside the exact W₁, and what share of its ceiling it says.

    Parameters
    ----------
    axes
        Two axes; the first run is drawn heavily in both.
    step
        Generator steps, shape `(looks,)`.
    truth, said
        Exact W₁ and the critic's estimate, shape `(runs, looks)`, in data and in score units.
    share, sharp
        The estimate and that of a sharpened critic as shares of the ceiling, shape `(runs, looks)`.
    """
    left, right = axes
    for i in reversed(range(len(truth))):
        weight = {"linewidth": 0.8, "alpha": 0.55} if i else {"linewidth": 2.2}
        left.plot(step, truth[i], "--", color=TRUTH, **weight)
        left.plot(step, 1e3 * said[i], color=CRITIC, **weight)
        right.plot(step, 100 * share[i], color=CRITIC, **weight)
        right.plot(step, 100 * sharp[i], "o", color=OTHERS[0])
    label_at(left, 80, 1.12, "exact W₁")
    label_at(left, 415, 0.34, "1,000 × estimate", color=CRITIC, dx=0, dy=3)
    label_at(right, 45, 7.8, "sharpened", color=OTHERS[0])
    label_at(right, 165, 3.8, "as trained", color=CRITIC)
    left.set(xlabel="generator step", ylabel="data units")
    right.set(xlabel="generator step", ylabel="estimate (% of K·W₁)", ylim=(-1, 9))


def memory(ax: Axes, rows: np.ndarray) -> None:
    r"""Draw exact W₁ against the critic's memory, for one and for five critic steps.

    Parameters
    ----------
    ax
        Axes to draw into.
    rows
        Results, one a network, with fields `n_critic`, `beta1_critic`, `reset` and `w1`; rows with
        a reset are drawn hollow.
    """
    for n_critic, color, marker in [(1, OTHERS[3], "o"), (5, OTHERS[0], "s")]:
        kept = rows[rows["n_critic"] == n_critic]
        for beta1, reset in np.unique(kept[["beta1_critic", "reset"]]):
            w1 = kept["w1"][(kept["beta1_critic"] == beta1) & (kept["reset"] == reset)]
            place = (1.06 if reset else 0.94) / (1 - beta1) / n_critic
            spread(ax, place, w1, color=color, marker=marker, filled=not reset)
    label_at(ax, 18, 2.1, "n_critic = 1", color=OTHERS[3], dx=-6)
    label_at(ax, 0.3, 0.72, "n_critic = 5", color=OTHERS[0])
    ticks = [0.2, 0.5, 1, 2, 5, 10, 20, 50]
    ax.set(xscale="log", xlabel="critic's memory (generator steps)", ylim=(0.3, 3.2))
    ax.set(xticks=ticks, xticklabels=ticks, ylabel="exact W₁ (data units)")
    ax.minorticks_off()
    light_grid(ax)


def moving_png(
    frames: Sequence[np.ndarray], captions: Sequence[str], *, seconds: float = 0.25, scale: int = 2
) -> bytes:
    r"""Turn grey pictures into one moving PNG, on white paper, with a caption above each.

    It needs nothing but Pillow, and whatever shows a PNG shows it: where pictures do not move, as
    on paper, it is its last frame.  Sixteen shades of grey keep it small.

    Parameters
    ----------
    frames
        Pictures of one shape `(height, width)`, uint8; 0 is drawn white, 255 as ink.
    captions
        One for each frame, as short as the frame is wide.
    seconds
        How long a frame is shown; the last stays eight times as long.
    scale
        Pixels of the film for one pixel of a frame, in each direction.

    Returns
    -------
    bytes
        The film, for `IPython.display.Image(data=...)` or a file that ends in `.png`.

    Raises
    ------
    ValueError
        If there is not one caption for each frame.

    Examples
    --------
    >>> film = moving_png([np.zeros((28, 28), "uint8")] * 3, ["1", "2", "3"])
    >>> Image.open(io.BytesIO(film)).n_frames
    4
    """
    if not 0 < len(frames) == len(captions):
        raise ValueError(f"{len(frames)} frames and {len(captions)} captions: one for each, please")
    pictures = [_captioned(*pair, scale) for pair in zip(frames, captions, strict=True)]
    file, last = io.BytesIO(), len(pictures) - 1
    pictures[last].save(
        file, "png", save_all=True, default_image=True, append_images=pictures, loop=0,
        duration=[round(1000 * seconds * (8 if i == last else 1)) for i in range(last + 1)],
    )  # fmt: skip
    return file.getvalue()


def _captioned(frame: np.ndarray, caption: str, scale: int) -> Image.Image:
    """Put a frame below its caption, in sixteen shades of grey."""
    height, width = frame.shape
    size, head = (scale * width, scale * height), 12 * scale
    page = Image.new("L", (size[0], size[1] + head), 255)
    page.paste(Image.fromarray(255 - frame).resize(size, Image.Resampling.NEAREST), (0, head))
    font = ImageFont.load_default(9 * scale)
    ImageDraw.Draw(page).text((scale, 0), caption, fill=0, font=font)
    shades = Image.fromarray(np.rint(np.asarray(page) / 17).astype(np.uint8))
    shades.putpalette([17 * shade for shade in range(16) for _ in range(3)])
    return shades


def loss_and_samples(
    axes: Sequence[Axes], history: object, grids: Mapping[int, np.ndarray]
) -> None:
    r"""Draw the critic's loss above columns of samples, each below the moment it was drawn at.

    Parameters
    ----------
    axes
        Two axes, the upper for the loss; both get the logarithm of the step as abscissa,
        the upper one a scale that is logarithmic beyond one unit on both sides of zero.
    history
        With lists `step` and `critic_loss`, in score units.
    grids
        For each generator step a grid of images of 28 x 28 pixels, uint8, of at least five rows;
        the first image of five rows is shown. Steps grow by about the same factor.
    """
    top, bottom = axes
    step, loss = np.log10(history.step), np.asarray(history.critic_loss)
    moments = np.log10([*grids])
    top.axhline(0, color=AXIS, linewidth=0.8)
    top.plot(step, loss, color=CRITIC)
    top.plot(moments, np.interp(moments, step, loss), "o", color=FAKE)
    half = 0.3 * np.diff(moments).min()
    for place, grid in zip(moments, grids.values(), strict=True):
        column = 255 - grid[: 5 * 28, :28]
        box = (place - half, place + half, 0, 5)
        bottom.imshow(column, cmap="gray", vmin=0, vmax=255, extent=box)
    bottom.set(ylim=(0, 5), aspect=2 * half, yticks=[], xlabel="generator step")
    bottom.set_xticks(moments, [f"{s:,}" for s in grids])
    bottom.spines[:].set_visible(False)
    bottom.tick_params(length=0)
    top.set_yscale("symlog", linthresh=1)
    top.set(xticks=moments, xticklabels=[], ylabel="critic loss\n(score units)")
    for ax in axes:
        ax.set_xlim(moments[0] - 1.3 * half, moments[-1] + 1.3 * half)


def slope_and_variety(axes: Sequence[Axes], watched: np.ndarray, variety: np.ndarray) -> None:
    r"""Draw what a critic says, how steep it is, and how alike its pushes and the fakes are.

    Parameters
    ----------
    axes
        Two axes.
    watched
        Rows step, estimate and slope (score units), agreement of the pushes, distance of two
        fakes and of the mean images (data units), and whatever follows; shape `(6 or more, looks)`.
    variety
        Distance of two fakes over that of two real samples, shape `(looks,)`.
    """
    left, right = axes
    step, said, slope, agreement, _, gap = watched[:6]
    for values, name, color, style in [
        (gap, "mean images apart", TRUTH, "--"),
        (said / slope, "estimate / slope", OTHERS[0], "-"),
        (said, "estimate", CRITIC, "-"),
        (slope, "slope", OTHERS[1], "-"),
    ]:
        left.plot(step, np.where(values > 0, values, np.nan), style, color=color, label=name)
    left.set(yscale="log", xlabel="generator step", ylabel="score or data units")
    left.legend(fontsize=9.5, ncols=2, loc="upper center", bbox_to_anchor=(0.5, 1.25))
    right.plot(step, agreement, color=CRITIC)
    right.plot(step, variety, color=FAKE)
    label_at(right, step[len(step) // 4], 0.99, "pushes agree", color=CRITIC, dx=0, dy=4)
    label_at(right, step[-1], 0.55 * variety[-1], "fakes differ", color=FAKE, dx=-4, dy=-4)
    right.set(xlabel="generator step", ylabel="share", ylim=(0, 1.12))


def inside_critics(
    axes: Sequence[Axes],
    weight: object,
    by_layer: Mapping[str, Sequence[float]],
    meters: Mapping[str, object],
) -> None:
    r"""Draw a clipped critic beside a penalised one: weights, gradients by layer, slopes.

    Parameters
    ----------
    axes
        Three axes.
    weight
        Weights of one layer of the clipped critic over the bound c, a tensor.
    by_layer
        For each critic the length of the score's gradient, from the image to the last hidden layer.
    meters
        For each critic the reading of `wganlib.lipschitz.lipschitz_meter`.
    """
    axes[0].hist(weight.detach().flatten().numpy(), bins=41, color=CRITIC)
    axes[0].set(xlabel="weight / c", ylabel="number of weights", xticks=[-1, 0, 1])
    spots = ["real", "fake", "mixed", "far"]
    for i, (name, color) in enumerate(zip(by_layer, (CRITIC, OTHERS[0]), strict=True)):
        axes[1].plot(by_layer[name], "o-", color=color)
        label_at(axes[1], 1, by_layer[name][1], name, color=color, dx=7, dy=4)
        for j, spot in enumerate(spots):
            values = getattr(meters[name], spot).numpy()
            low, high = np.percentile(values, [5, 95])
            axes[2].plot([j + 0.2 * i] * 2, [low, high], color=color, linewidth=1.5)
            axes[2].plot(j + 0.2 * i, values.mean(), "o", color=color)
    places = ["image", *(f"layer {k}" for k in range(1, len(by_layer[name])))]
    axes[1].set(yscale="log", ylabel="gradient norm")
    axes[1].set_xticks(range(len(places)), places, fontsize=9)
    axes[2].set(yscale="log", ylabel="slope (score / data units)")
    axes[2].set_xticks(np.arange(4) + 0.1, spots)


def head_start(
    axes: Sequence[Axes], runs: Mapping[str, Sequence[Mapping[str, np.ndarray]]]
) -> None:
    r"""Draw early estimates, and quality against cost, for two ways to start.

    Parameters
    ----------
    axes
        Two axes.
    runs
        For each way a run a seed: `step` and `estimate` of its history, and `cost` (critic steps)
        and `frechet` of its scores.
    """
    for (name, several), color in zip(runs.items(), (CRITIC, OTHERS[3]), strict=True):
        for i, one in enumerate(several):
            look = {"color": color, "linewidth": 1.4, "label": None if i else name}
            axes[0].plot(one["step"], one["estimate"], **look)
            axes[1].plot(one["cost"], one["frechet"], "o-", markersize=3, **look)
    axes[0].set(xscale="log", xlabel="generator step", ylabel="estimate (score units)")
    axes[1].set(yscale="log", xlabel="critic steps spent", ylabel="Fréchet distance")
    axes[0].legend(fontsize=9.5)


def picture_rows(
    ax: Axes, rows: Sequence[object], *, names: Sequence[str], gap: int = 2, colors: object = None
) -> None:
    r"""Draw batches of grey images one below the other, each with its name on the left.

    Parameters
    ----------
    ax
        Axes to draw into; its frame and ticks are removed.
    rows
        Batches as `image_grid` takes them, all of one length.
    names
        One for each row.
    gap
        White pixels between two images.
    colors
        Colours of the names, one for each row; ink by default.
    """
    pixels = [_as_grey(row) for row in rows]
    image_grid(ax, np.concatenate(pixels) * 2 - 1, n_columns=len(pixels[0]), gap=gap)
    height = pixels[0].shape[1] + gap
    for i, (name, color) in enumerate(zip(names, colors or [INK] * len(names), strict=True)):
        middle = height * i + (height - gap - 1) / 2
        ax.text(-5, middle, name, color=color, ha="right", va="center")


def verdicts(
    ax: Axes,
    values: np.ndarray,
    deviation: np.ndarray,
    *,
    rows: Sequence[str],
    columns: Mapping[str, str],
) -> None:
    r"""Draw a table of numbers in which a cell is tinted where it differs from honest data.

    Vermilion says *worse than real data*, blue *better than real data*; white says that this metric
    cannot tell the difference.

    Parameters
    ----------
    ax
        Axes to draw into.
    values
        What is written, shape `(rows, columns)`.
    deviation
        How much worse than real data, in standard deviations of real data, shape
        `(rows, columns)`; below 4 in size a cell stays white, from 40 on it has its full tint.
    rows
        Names of the rows.
    columns
        Names of the columns and the format of the numbers in each, such as `".2f"`.
    """
    size = np.clip((np.log10(np.abs(deviation) + 1e-12) - np.log10(4)) / 1, -1, 1)
    tint = np.where(size < 0, 0, 0.25 + 0.45 * size)[..., None]
    full = np.where(deviation[..., None] > 0, mpl.colors.to_rgb(FAKE), mpl.colors.to_rgb(REAL))
    ax.imshow(1 - tint * (1 - full), aspect="auto", interpolation="nearest")
    for (i, j), value in np.ndenumerate(values):
        ax.text(j, i, format(value, list(columns.values())[j]), ha="center", va="center")
    ax.set_xticks(range(len(columns)), labels=columns)
    ax.set_yticks(range(len(rows)), labels=rows)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    for edge in np.arange(len(rows) + 1) - 0.5:
        ax.axhline(edge, color="white", linewidth=2)
    for edge in np.arange(len(columns) + 1) - 0.5:
        ax.axvline(edge, color="white", linewidth=2)


def agreement(ax: Axes, found: Mapping[str, np.ndarray], *, names: Sequence[str]) -> None:
    r"""Draw rank correlations with quality: one line for each objective, one dot for each seed.

    Parameters
    ----------
    ax
        Axes to draw into.
    found
        Rank correlations of each gauge, shape `(objectives, seeds)`; drawn in the order given,
        the first in the critic's grey, the second in vermilion, the third as dashed ink.
    names
        Objectives, from top to bottom.
    """
    looks = [(CRITIC, "o", True, "●"), (FAKE, "s", True, "■"), (TRUTH, "d", False, "◇")]
    for shift, ((gauge, rows), look) in enumerate(zip(found.items(), looks, strict=False)):
        color, marker, filled, sign = look
        place = -1.05 + 0.9 * shift
        ax.text(place, -0.75, f"{sign} {gauge}", color=color, va="bottom", fontsize=10.5)
        for y, values in enumerate(rows):
            height = y + 0.24 * (shift - (len(found) - 1) / 2)
            spread(ax, values, height, color=color, marker=marker, filled=filled)
    ax.axvline(0, color=TRUTH, linestyle="--", linewidth=1)
    ax.set_yticks(range(len(names)), labels=names)
    ax.set(xlim=(-1.08, 1.08), ylim=(len(names) - 0.5, -0.5), xticks=[-1, -0.5, 0, 0.5, 1])
    ax.tick_params(axis="y", length=0)
    light_grid(ax, "x")


def league(
    axes: Sequence[Axes],
    strips: Sequence[object],
    scores: Mapping[str, Sequence[object]],
    *,
    names: Sequence[str],
) -> None:
    r"""Draw samples beside numbers: one row for each objective, a dot at the median of its runs.

    Parameters
    ----------
    axes
        Axes side by side, for the samples and for each score.
    strips
        Samples of each objective, as `image_grid` takes them, all of one length.
    scores
        Each score's runs, shape `(objectives, runs)`; the first is drawn on a logarithmic axis,
        its medians in numbers.
    names
        Objectives, from top to bottom.
    """
    left, first, *rest = axes
    picture_rows(left, strips, names=names, gap=4)
    for ax, (label, table) in zip([first, *rest], scores.items(), strict=True):
        for y, values in enumerate(np.asarray(table, float)):
            ax.plot(values, np.full(len(values), y), "|", color=FAKE, markersize=9)
            spread(ax, values, y, color=FAKE)
            if ax is first:
                label_at(ax, np.max(values), y, f"{np.median(values):.0f}", color=FAKE)
        ax.set(ylim=(len(names) - 0.5, -0.5), yticks=[], xlabel=label)
        ax.spines["left"].set_visible(False)
        light_grid(ax, "x")
    height = np.shape(_as_grey(strips[0]))[1] + 4
    left.set(aspect="auto", ylim=(height * len(names) - 2.5, -2.5))  # rows level with the right
    _decades(first)


def _decades(ax: Axes) -> None:
    """Make the x axis logarithmic, with round ticks, and room on the right for a label."""
    low, high = ax.dataLim.intervalx
    ticks = [t for t in (10, 30, 100, 300, 1000) if low / 2 < t < 2 * high]
    ax.set_xscale("log")
    ax.set_xticks(ticks, labels=[f"{tick:,}" for tick in ticks])
    ax.set_xlim(low / 1.3, 2.2 * high)
    ax.minorticks_off()

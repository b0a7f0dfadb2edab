"""Figures of chapter 5: games of two numbers, runs on the ring, and the modes they cover."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes

from wganlib.palette import CRITIC, FAKE, FIELD, OTHERS, REAL, TRUTH
from wganlib.plotting import MASS, label_at


def phase_portrait(
    ax: Axes, velocity: Callable, path: np.ndarray, *, name: str, extent: float = 1.9
) -> None:
    r"""Draw a game of two numbers: its velocities as arrows, one run of it as a curve.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    velocity : callable
        `velocity(theta, slope)` returns the two velocities; only their direction is drawn.
    path : ndarray
        Places `(theta, slope)` of the run, shape `(n, 2)`; it starts at the hollow dot and ends at
        the filled one.
    name : str
        Of the game, written above the axes.
    extent : float
        The axes reach from minus this to this, in data units and in score units a data unit.
    """
    side = np.linspace(-0.92 * extent, 0.92 * extent, 11)
    theta, slope = np.meshgrid(side, side)
    across, up = velocity(theta, slope)
    speed = np.maximum(np.hypot(across, up), 1e-9)
    arrows = {"color": FIELD, "pivot": "mid", "scale": 16, "width": 0.006, "headwidth": 4}
    ax.quiver(theta, slope, across / speed, up / speed, gid="direction", **arrows)
    ax.axvline(0, color=TRUTH, linestyle="--", linewidth=1)
    ax.plot(*path.T, color=OTHERS[1], linewidth=1, gid="run")
    dot = {"color": OTHERS[1], "markersize": 6}
    ax.plot(*path[0], "o", markerfacecolor="white", gid="start", **dot)
    ax.plot(*path[-1], "o", gid="end", **dot)
    ax.set(xlim=(-extent, extent), ylim=(-extent, extent), aspect="equal")
    ax.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    ax.set_title(name, loc="left")


def mean_path_and_samples(
    ax: Axes, centres: object, fakes: object, *, name: str, extent: float = 3.1
) -> None:
    r"""Draw where a generator's samples go: the path of their mean, and where they end.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    centres : array or tensor
        Centres of the real modes, array or CPU tensor of shape `(modes, 2)`, data units.
    fakes : array or tensor
        The same samples at every record, array or CPU tensor of shape `(records, n, 2)`.
    name : str
        Of the run, written above the axes.
    extent : float
        The axes reach from minus this to this, in data units.
    """
    centres, fakes = np.asarray(centres), np.asarray(fakes)
    ax.plot(*fakes.mean(axis=1).T, color=CRITIC, linewidth=0.8, alpha=0.8, gid="mean")
    ax.plot(*centres.T, "o", color=REAL, markerfacecolor="none", markersize=9, gid="centre")
    ax.plot(*fakes[-1, :1000].T, ".", color=FAKE, markersize=2, gid="fake")
    ax.set(xlim=(-extent, extent), ylim=(-extent, extent), aspect="equal")
    ax.set(xlabel="data units", xticks=[-2, 0, 2], yticks=[-2, 0, 2])
    if ax.get_subplotspec() is None or ax.get_subplotspec().is_first_col():
        ax.set_ylabel("data units")
    ax.set_title(name, loc="left")


def modes_covered(ax: Axes, counts: np.ndarray, *, names: Sequence[str], step: int) -> None:
    r"""Draw how many modes runs cover while they train, one strip a run, in named groups.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    counts : ndarray
        Modes covered, shape `(groups, runs, records)`.
    names : sequence of str
        One for each group.
    step : int
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


def final_distances(ax: Axes, distances: np.ndarray, *, sampling_floor: float) -> None:
    r"""Draw how far the runs of `modes_covered` end from the data, a dot on the row of each strip.

    Parameters
    ----------
    ax : Axes
        Axes to draw into, on the right of the strips.
    distances : ndarray
        Exact W₁ at the end, shape `(groups, runs)`, in data units.
    sampling_floor : float
        W₁ between two real samples, in data units; drawn dashed.
    """
    groups, n_runs = distances.shape
    for g, row in enumerate(distances):
        ax.plot(row, g * (n_runs + 1) + np.arange(n_runs), "o", color=FAKE, gid="run")
    ax.axvline(sampling_floor, color=TRUTH, linestyle="--", gid="sampling floor")
    label_at(ax, sampling_floor, -0.9, "real against real", color=TRUTH, dx=0.01, dy=2)
    ax.set(xlabel="exact W₁ at the end (data units)", yticks=[])
    ax.set(xlim=(0, None), ylim=(groups * (n_runs + 1) - 1.5, -0.9))

"""Figures of chapter 10: metrics side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from wganlib.palette import CRITIC, FAKE, REAL, TRUTH
from wganlib.plotting import grey_levels, image_grid, label_at, light_grid, median_and_range


def picture_rows(ax: Axes, rows: Sequence[object], *, names: Sequence[str], gap: int = 2) -> None:
    r"""Draw batches of grey images one below the other, each with its name on the left.

    Parameters
    ----------
    ax : Axes
        Axes to draw into; its frame and ticks are removed.
    rows : sequence of arrays or tensors
        Batches as `image_grid` takes them, all of one length.
    names : sequence of str
        One for each row.
    gap : int
        White pixels between two images.
    """
    pixels = [grey_levels(row) for row in rows]
    image_grid(ax, np.concatenate(pixels) * 2 - 1, n_columns=len(pixels[0]), gap=gap)
    height = pixels[0].shape[1] + gap
    for i, (name, _) in enumerate(zip(names, rows, strict=True)):
        middle = height * i + (height - gap - 1) / 2
        ax.text(-5, middle, name, ha="right", va="center")


def tinted_scores(
    ax: Axes,
    values: np.ndarray,
    deviation: np.ndarray,
    *,
    rows: Sequence[str],
    columns: Mapping[str, str],
) -> None:
    r"""Draw a table of numbers in which a cell is tinted where it differs from real data.

    Vermilion says *worse than real data*, blue *better than real data*; white says that this metric
    cannot tell the difference.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    values : ndarray
        What is written, shape `(rows, columns)`.
    deviation : ndarray
        How much worse than real data, in standard deviations of real data, shape
        `(rows, columns)`; below 4 in size a cell stays white, from 40 on it has its full tint.
    rows : sequence of str
        Names of the rows.
    columns : mapping
        Names of the columns and the format of the numbers in each, such as `".2f"`.
    """
    size = np.clip((np.log10(np.abs(deviation) + 1e-12) - np.log10(4)) / 1, -1, 1)
    tint = np.where(size < 0, 0, 0.25 + 0.45 * size)[..., None]
    full = np.where(deviation[..., None] > 0, to_rgb(FAKE), to_rgb(REAL))
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


def rank_correlations(
    ax: Axes, found: Mapping[str, Sequence[object]], *, names: Sequence[str]
) -> None:
    r"""Draw rank correlations with quality: a dot at the median, a line over the range.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    found : mapping
        Rank correlations of each gauge, a row of seeds for each objective; at most two, drawn in
        the order given: in the critic's grey, and hollow in ink. Rows may differ in length.
    names : sequence of str
        Objectives, from top to bottom.
    """
    looks = [(CRITIC, "o", True, "●"), (TRUTH, "d", False, "◇")]
    for shift, ((gauge, rows), look) in enumerate(zip(found.items(), looks, strict=False)):
        color, marker, filled, sign = look
        place = -1.05 + 1.25 * shift
        ax.text(place, -0.75, f"{sign} {gauge}", color=color, va="bottom", fontsize=10.5)
        for y, values in enumerate(rows):
            height = y + 0.24 * (shift - (len(found) - 1) / 2)
            median_and_range(ax, values, height, color=color, marker=marker, filled=filled)
    ax.axvline(0, color=TRUTH, linestyle="--", linewidth=1)
    ax.set_yticks(range(len(names)), labels=names)
    ax.set(xlim=(-1.08, 1.08), ylim=(len(names) - 0.5, -0.5), xticks=[-1, -0.5, 0, 0.5, 1])
    ax.tick_params(axis="y", length=0)
    light_grid(ax, "x")


def samples_and_scores(
    axes: Sequence[Axes],
    strips: Sequence[object],
    scores: Mapping[str, Sequence[object]],
    *,
    names: Sequence[str],
) -> None:
    r"""Draw samples and their scores: one row for each objective, a dot at the median of its runs.

    Parameters
    ----------
    axes : sequence of Axes
        Axes side by side, for the samples and for each score.
    strips : sequence of arrays or tensors
        Samples of each objective, as `image_grid` takes them, all of one length.
    scores : mapping
        Each score's runs, shape `(objectives, runs)`; the first is drawn on a logarithmic axis,
        its medians in numbers.
    names : sequence of str
        Objectives, from top to bottom.
    """
    left, first, *rest = axes
    picture_rows(left, strips, names=names, gap=4)
    for ax, (label, table) in zip([first, *rest], scores.items(), strict=True):
        for y, values in enumerate(np.asarray(table, float)):
            ax.plot(values, np.full(len(values), y), "|", color=FAKE, markersize=9, gid="run")
            median_and_range(ax, values, y, color=FAKE)
            if ax is first:
                label_at(ax, np.max(values), y, f"{np.median(values):.0f}", color=FAKE)
        ax.set(ylim=(len(names) - 0.5, -0.5), yticks=[], xlabel=label)
        ax.spines["left"].set_visible(False)
        light_grid(ax, "x")
    height = np.shape(grey_levels(strips[0]))[1] + 4
    left.set(aspect="auto", ylim=(height * len(names) - 2.5, -2.5))  # rows level with the right
    _logarithmic_with_room(first)


def _logarithmic_with_room(ax: Axes) -> None:
    """Make the x axis logarithmic, with round ticks, and room on the right for a label."""
    low, high = ax.dataLim.intervalx
    ticks = [t for t in (10, 30, 100, 300, 1000) if low / 2 < t < 2 * high]
    ax.set_xscale("log")
    ax.set_xticks(ticks, labels=[f"{tick:,}" for tick in ticks])
    ax.set_xlim(low / 1.3, 2.2 * high)
    ax.minorticks_off()

"""How a kernel draws the figures of the book while `tools/notebooks.py` executes a notebook.

In the site's own typeface, and each of them a second time for phones: as wide as a phone's page,
letters as tall as in the wide one, panels that would shrink below legibility under each other.
A cell's metadata may say `"narrow": false` (the wide picture is swiped, as a long table is) or
`"narrow": {"columns": 2, "height": 3.5}` with inches for the whole figure.

The code of a figure knows nothing of this: it is asked for the wide picture first, then the same
figure is laid out again before it is closed.  A reader who runs a notebook gets Matplotlib's own
typeface and the wide picture.
"""

from __future__ import annotations

import base64
import itertools
import math
import re
import textwrap
import warnings
from pathlib import Path

import matplotlib as mpl
from IPython.core.formatters import BaseFormatter
from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import ExecutionInfo, InteractiveShell
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.text import Text
from twins import MIME, labelled

from wganlib import plotting

FONTS = Path(__file__).with_name("fonts")
LARGER = 1.1  # its small letters are so much smaller than those of Matplotlib's own typeface
PAGE = 4.3  # inches of a phone's page, 344 pixels of 390 or 375
LEAST = 0.75  # of its width a panel keeps next to another one


def install(hints: dict[int, dict[str, float] | bool]) -> None:
    """Draw in the site's typeface, and offer a narrow twin with every figure that is shown.

    `hints` are what cells say, by their number as the kernel counts them.
    """
    for file in FONTS.glob("*.otf"):
        font_manager.fontManager.addfont(file)
    plotting._STYLE["font.family"] = ["Source Sans 3", "DejaVu Sans"]  # signs that the first lacks
    plotting._STYLE["mathtext.fontset"] = "cm"  # as the page's formulas
    points = font_manager.FontProperties.get_size_in_points
    font_manager.FontProperties.get_size_in_points = lambda self: LARGER * points(self)
    shell = get_ipython()
    shell.display_formatter.formatters[MIME] = Narrow(shell, hints)


class Narrow(BaseFormatter):
    """The narrow twin of a figure, as text in base 64; nothing for what is no figure."""

    format_type = MIME

    def __init__(self, shell: InteractiveShell, hints: dict[int, dict[str, float] | bool]) -> None:
        super().__init__(parent=shell.display_formatter)
        self.hints, self.cell = hints, 0
        shell.events.register("pre_run_cell", self._count)

    def _count(self, info: ExecutionInfo) -> None:
        self.cell += info.store_history

    def __call__(self, shown: object) -> str | None:
        """Return the twin, unless the cell's metadata refuse one."""
        hint = self.hints.get(self.cell, {})
        if not isinstance(shown, Figure) or hint is False:
            return None
        return base64.b64encode(narrow(shown, **hint)).decode()


def narrow(figure: Figure, columns: int | None = None, height: float | None = None) -> bytes:
    """Lay a figure out for a phone and draw it; returns a PNG. The figure is another one then.

    The PNG says of itself how panels stand: as before, under each other that stood in a row, or in
    several; or turned, the upper row on the left.
    """
    figure.draw_without_rendering()
    panels = restack(figure, columns, height)
    if not fitted(figure):
        raise ValueError(
            "labels or a legend leave no room for the figure on a phone: give its cell the "
            'metadata "narrow": false, then it is swiped'
        )
    return labelled(plotting.palette_png(figure)[0], panels=panels)


def fitted(figure: Figure) -> bool:
    """Make a figure narrower by what stands out of it; says whether its panels keep some room."""
    least = LEAST * PAGE / 2
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "constrained_layout not applied")
        try:
            for _ in range(3):
                break_lines(figure)
                figure.draw_without_rendering()
                drawn = figure.get_tightbbox().width + 2 * mpl.rcParams["savefig.pad_inches"]
                if drawn <= PAGE:
                    break
                figure.set_figwidth(max(least, figure.get_figwidth() - (drawn - PAGE) - 0.02))
        except UserWarning:  # nothing was left for the panels
            return False
    curves = [ax for ax in panels_of(figure) if ax.get_aspect() == "auto"]
    widths = [ax.get_position().width * figure.get_figwidth() for ax in curves]
    return figure.get_figwidth() > least and min(widths, default=PAGE) > PAGE / 5


def panels_of(figure: Figure) -> list[Axes]:
    """Return what stands in a grid; a colour bar only belongs to what does."""
    return [ax for ax in figure.axes if ax.get_subplotspec() and not hasattr(ax, "_colorbar")]


def restack(figure: Figure, columns: int | None, height: float | None) -> str:
    """Put panels that become too narrow under each other, and say again what neighbours said.

    Returns how they stand: ``"as before"``; ``"stacked"`` from one row, or ``"rows"`` from several,
    one after the other; ``"turned"``.
    """
    panels = panels_of(figure)
    rows = arranged(panels)
    wide, high = figure.get_size_inches()
    tall = {ax: ax.get_position().height * high for ax in panels}
    edge = high / len(rows) - sum(max(tall[ax] for ax in row) for row in rows) / len(rows)
    most = max(ax.get_subplotspec().get_gridspec().ncols for ax in panels)
    room = PAGE - 0.2
    if columns is None:
        columns = min(most, max(1, int(room / (LEAST * wide / most))))
        if most % columns and all(ax.get_aspect() == "auto" for ax in panels):
            columns = 1  # rather than one panel wider than the others
    growth = (room / columns) / (wide / most)
    lines, grids = rows, [row for row in rows if len(row) > 1]
    turned = len(grids) == columns > 1 and columns < most
    if turned:  # columns of the wide one become rows
        lines = [*map(list, zip(*grids, strict=True)), *(row for row in rows if len(row) == 1)]
    new = [line[i : i + columns] for line in lines for i in range(0, len(line), columns)]
    heights = []
    for row in new:
        fixed = any(ax.get_aspect() != "auto" for ax in row)
        heights.append((growth if fixed else 1) * max(tall[ax] for ax in row))
    grid = GridSpec(len(new), columns, figure=figure, height_ratios=heights)
    for r, row in enumerate(new):
        for c, ax in enumerate(row):
            ax.set_subplotspec(grid[r, c:] if ax is row[-1] else grid[r, c])
    if columns < most:
        name_again(rows, new)
    figure.set_size_inches(room, height or sum(heights) + max(edge, 0) * len(new))
    for legend in figure.legends:
        narrow_legend(figure, legend)
    if turned or columns == most:
        return "turned" if turned else "as before"
    return "rows" if len(grids) > 1 else "stacked"


def arranged(panels: list[Axes]) -> list[list[Axes]]:
    """Return the panels in rows, each from the left; one that spans several rows comes last."""
    rows: dict[int, list[Axes]] = {}
    for ax in panels:
        place = ax.get_subplotspec()
        several = len(place.rowspan) > 1 and place.get_gridspec().ncols > 1
        rows.setdefault(place.get_gridspec().nrows if several else place.rowspan.start, []).append(
            ax
        )
    return [
        sorted(rows[r], key=lambda ax: ax.get_subplotspec().colspan.start) for r in sorted(rows)
    ]


def name_again(rows: list[list[Axes]], new: list[list[Axes]]) -> None:
    """Write what a panel did not say because its neighbour on the left or below says it."""
    beginning = {row[0] for row in new}
    for row in rows:
        for ax in row[1:]:
            if ax in beginning and ax.get_shared_y_axes().joined(ax, row[0]):
                ax.tick_params(labelleft=True)
                ax.set_ylabel(ax.get_ylabel() or row[0].get_ylabel())
            elif (
                ax in beginning and not len(ax.get_yticks()) and ax.get_ylim() == row[0].get_ylim()
            ):
                ax.set_yticks(row[0].get_yticks(), [t.get_text() for t in row[0].get_yticklabels()])
                ax.tick_params(axis="y", length=0)
        for ax in row:
            below = [o for o in rows[-1] if ax.get_shared_x_axes().joined(ax, o)]
            if below and row is not rows[-1]:
                ax.tick_params(labelbottom=True)
                ax.set_xlabel(ax.get_xlabel() or below[0].get_xlabel())


def narrow_legend(figure: Figure, legend: mpl.legend.Legend) -> None:
    """Set a figure's legend again in as many columns as there is room for."""
    words = [text.get_text() for text in legend.get_texts()]
    handles, place = legend.legend_handles, legend._outside_loc or "lower"
    for columns in (2, 1):
        if legend.get_tightbbox().width / figure.dpi <= PAGE:
            return
        legend.remove()
        legend = figure.legend(handles, words, loc=f"outside {place} center", ncols=columns)
        figure.draw_without_rendering()


def break_lines(figure: Figure) -> None:
    """Break titles and names of axes that are longer than their panel."""
    figure.draw_without_rendering()
    room = figure.get_figwidth() * figure.dpi
    texts: list[tuple[Text, float]] = [
        (t, room) for t in (figure._supxlabel, figure._suptitle) if t
    ]
    for ax in figure.axes:
        box = ax.get_window_extent()
        texts += [(t, box.width) for t in (ax.title, ax._left_title, ax.xaxis.label)]
        texts.append((ax.yaxis.label, box.height))
    for ax in figure.axes:
        thin_out(ax)
    for text, least in texts:
        words = text.get_text()
        if not words or "\n" in words:
            continue
        box = text.get_window_extent()
        long = box.height if text.get_rotation() else box.width
        if long > 1.02 * least:
            text.set_text(balanced(words, math.ceil(long / least)))


def thin_out(ax: Axes) -> None:
    """Set the numbers below an axis smaller where they would touch."""
    for _ in range(3):
        labels = [t for t in ax.get_xticklabels() if t.get_text() and t.get_visible()]
        boxes = sorted((t.get_window_extent() for t in labels), key=lambda box: box.x0)
        inside = [box for box in boxes if ax.bbox.x0 - 9 < (box.x0 + box.x1) / 2 < ax.bbox.x1 + 9]
        if all(b.x0 - a.x1 > 4 for a, b in itertools.pairwise(inside)):
            return
        ax.tick_params(axis="x", which="both", labelsize=0.87 * labels[0].get_fontsize())


def balanced(words: str, lines: int) -> str:
    """Break a text into lines of about one length; formulas and equations stay whole."""
    whole = re.sub(r"\$[^$]*\$| [=×] ", lambda found: found[0].replace(" ", "\0"), words)
    for width in range(math.ceil(len(whole) / lines), len(whole)):
        broken = textwrap.wrap(whole, width, break_long_words=False)
        if len(broken) <= lines:
            return "\n".join(broken).replace("\0", " ")
    return words

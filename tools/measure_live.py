"""Measure how tall live figures are at every width, and write their room into a style sheet.

A page keeps this room before a figure starts, so that no text moves when it does.  Run it on the
built book whenever a live figure has changed, and build again: `python tools/measure_live.py`, with
names of figures to measure these alone.  It writes book/_static/live/heights.css, which
tests/browser/test_live.py compares with the book.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from chromium import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
SITE = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
TARGET = ROOT / "book/_static/live/heights.css"
SCREENS = range(850, 316, -4)  # pixels; beyond, an article is as wide as it gets
SLACK = 5.0  # pixels that the room may be off
STEEPEST = 1.1  # of heights over widths; what is steeper jumps, where a line of text breaks
# A figure is drawn again when its width has changed; the article's width is that of its content.
SIZE = """box => new Promise(done => {
  let frames = 0;
  const look = () => {
    if (box.drawn !== box.clientWidth && frames++ < 100) return requestAnimationFrame(look);
    const article = getComputedStyle(box.closest(".bd-article"));
    const inside = ["width", "paddingLeft", "paddingRight"].map(side => parseFloat(article[side]));
    done([inside[0] - inside[1] - inside[2], box.getBoundingClientRect().height]);
  };
  look();
})"""
# The rest of the article need not be laid out at every width.
ALONE = """box => {
  for (let part = box.closest("figure"); !part.matches(".bd-article"); part = part.parentElement)
    for (const other of part.parentElement.children) if (other !== part) other.remove();
}"""

Point = tuple[float, float]
Piece = tuple[float, float, float]  # up to this width: height = offset + slope * width


def measure(page: Page, name: str) -> list[Point]:
    """Return pairs of an article's width and a figure's height there, in pixels, by width."""
    box = page.locator(f'[data-live="{name}"]')
    box.evaluate("box => box.closest('figure').scrollIntoView()")
    page.locator(f'.is-live > [data-live="{name}"]').wait_for()
    box.evaluate(ALONE)
    seen = {width: _look(page, name, width) for width in SCREENS}
    for wide, narrow in itertools.pairwise(SCREENS):
        if abs(seen[wide][1] - seen[narrow][1]) > SLACK:  # find the pixel at which it jumps
            seen |= {width: _look(page, name, width) for width in range(wide - 1, narrow, -1)}
    return sorted(dict(seen.values()).items())


def _look(page: Page, name: str, screen: int) -> Point:
    page.set_viewport_size({"width": screen, "height": 800})
    inside, height = page.locator(f'[data-live="{name}"]').evaluate(SIZE)
    return inside, height


def pieces(points: Sequence[Point], slack: float) -> list[Piece]:
    """Join heights by as few straight lines as stay within `slack` of all, from the left."""
    found: list[Piece] = []
    start = 0
    while start < len(points):
        end, line = start + 1, (points[start][1], 0.0)
        while end < len(points) and (longer := _line(points[start : end + 1], slack)):
            end, line = end + 1, longer
        found.append((points[end - 1][0], *line))
        start = end
    return found


def _line(points: Sequence[Point], slack: float) -> tuple[float, float] | None:
    """Return offset and slope of a line within `slack` of every point, level if one is."""
    width, height = np.array(points).T
    for slope in (0.0, (height[-1] - height[0]) / (width[-1] - width[0])):
        rest = height - slope * width
        if abs(slope) <= STEEPEST and np.ptp(rest) <= 2 * slack:
            return float(rest.min() + rest.max()) / 2, float(slope)
    return None


def rules(name: str, found: Sequence[Piece]) -> str:
    """Write the lines as rules, the widest first; each narrower one overrules those before it."""
    written = []
    for i in reversed(range(len(found))):
        _, offset, slope = found[i]
        room = f"{offset:.0f}px" if slope == 0 else f"calc({100 * slope:.1f}cqi + {offset:.0f}px)"
        rule = f'.lively [data-live="{name}"] {{ min-height: {room}; }}'
        last = i == len(found) - 1
        limit = f"@container article (width <= {found[i][0]:.0f}px)"
        written.append(rule if last else f"{limit} {{ {rule} }}")
    return "\n".join(written) + "\n"


def places() -> dict[str, Path]:
    """Return the page of each live figure."""
    pages = {page: page.read_text(encoding="utf-8") for page in sorted(SITE.glob("book/*.html"))}
    scripts = TARGET.parent.glob("*.js")
    names = sorted(s.stem for s in scripts if f'live.define("{s.stem}"' in s.read_text("utf-8"))
    asked = {name: f'data-live="{name}"' for name in names}
    return {name: next(p for p, text in pages.items() if asked[name] in text) for name in names}


def main(wanted: list[str]) -> None:
    """Measure every figure, or those whose names are given, and write the style sheet."""
    before = TARGET.read_text(encoding="utf-8").splitlines(keepends=True)
    parts = ["/* Room of live figures by the article's width (100cqi): tools/measure_live.py. */\n"]
    with chromium() as browser:
        page = browser.new_page(viewport={"width": SCREENS[0], "height": 800})
        for name, file in places().items():
            if wanted and name not in wanted:
                parts += [rule for rule in before if f'[data-live="{name}"]' in rule]
                continue
            page.goto(file.as_uri(), wait_until="load")
            page.add_style_tag(content=".live { min-height: 0 !important; }")
            page.evaluate("document.fonts.ready.then(() => null)")
            found = pieces(measure(page, name), SLACK)
            parts.append(rules(name, found))
            print(f"{name}: {len(found)} rules", flush=True)
    TARGET.write_text("".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

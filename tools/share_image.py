"""Draw the picture that stands for the book where its address is shared, and the icon for phones.

Run it when the front page's drawing changes, after `make book`: `python tools/share_image.py`.  It
draws book/_static/share.png and touch.png with that drawing and the book's own colours and letters,
in a browser.
"""

from __future__ import annotations

from pathlib import Path

from bs4 import BeautifulSoup
from chromium import chromium
from playwright.sync_api import Page

from wganlib import palette

ROOT = Path(__file__).resolve().parents[1]
STATIC = ROOT / "book/_static"
FRONT = ROOT / "_build/html/book/intro.html"
SHARE = """<html data-theme="light"><link rel="stylesheet" href="book.css"><style>
{colours}body {{ margin: 0; width: 1200px; height: 630px; overflow: hidden;
        background: var(--book-page);
        font-family: var(--book-sans); color: var(--book-text); position: relative; }}
h1 {{ position: absolute; right: 64px; top: 50px; margin: 0; font-size: 62px; line-height: 1.06;
      letter-spacing: -0.015em; text-align: right; font-weight: 700; }}
p {{ position: absolute; right: 64px; top: 262px; margin: 0; font-size: 30px;
     color: var(--book-quiet); }}
svg.chapter-drawing {{ position: absolute; left: 64px; top: 60px; width: 940px; }}
svg.chapter-drawing a .name {{ display: none; }}
</style><h1>{title}</h1><p>every claim computed and checked</p>{drawing}</html>"""
TOUCH = """<html><style>body {{ margin: 0; background: white; }}
img {{ width: 180px; height: 180px; }}</style><img src="favicon.svg"></html>"""


def draw(page: Page, text: str, size: tuple[int, int], target: Path) -> None:
    """Show a page of its own with the book's style sheet, and store what is seen."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    draft = STATIC / "draft.html"
    draft.write_text(text, encoding="utf8")
    page.goto(draft.as_uri(), wait_until="load")
    page.evaluate("document.fonts.ready.then(() => null)")
    page.screenshot(path=target)
    draft.unlink()


def main() -> None:
    """Draw both pictures."""
    front = BeautifulSoup(FRONT.read_text(encoding="utf8"), "html.parser")
    drawing = str(front.select_one("svg.chapter-drawing")).replace("viewbox", "viewBox")
    with chromium() as browser:
        page = browser.new_page()
        title = "Wasserstein GANs,<br>Measured"
        share = SHARE.format(title=title, drawing=drawing, colours=palette.css())
        draw(page, share, (1200, 630), STATIC / "share.png")
        draw(page, TOUCH.format(), (180, 180), STATIC / "touch.png")


if __name__ == "__main__":
    main()

"""Make slides of chapters: objectives, statements, figures, claims and summary, from built pages.

Usage: python tools/slides.py [NAME ...]   all, or ch09, ch10, …, into _build/slides

A deck is one file that asks nothing of a network.  It goes from slide to slide by scrolling, so it
is read, searched and printed like a page, by forty lines of CSS and a dozen of script: reveal.js
would bring files of its own, and fits no slide to its screen either.
"""

from __future__ import annotations

import base64
import json
import mimetypes
import re
import sys
from pathlib import Path

from bs4 import BeautifulSoup, Tag

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
STYLE, SCRIPT = (Path(__file__).with_name(f"deck.{kind}") for kind in ("css", "js"))
AT_A_TIME = 4  # items of a list on one slide
FORMULA = re.compile(r"<mjx-container.*?</mjx-container>", re.DOTALL)
URL = re.compile(r"url\([\"']?([^\"':)]+)[\"']?\)")
SHOWN = "h1, h2, h3, blockquote, figure, ul.claims, #objectives ol, #summary ol"
NOT_SHOWN = "#exercises, .headerlink, .only-dark, .live, .falls-if"
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}:root {{ --chapter: {title_in_css}; }}</style>
</head>
<body>
<main>
{slides}
</main>
<script>{script}</script>
</body>
</html>
"""


def data_uri(file: Path) -> str:
    """Return a file as an address that holds it."""
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"


def style(static: Path) -> str:
    """Join the rules of a deck, with the fonts of the book and of its formulas."""
    sheets = [static / "palette.css", static / "mathjax.css", STYLE]
    css = "\n".join(sheet.read_text("utf8") for sheet in sheets)
    return URL.sub(lambda link: f"url({data_uri(static / link[1])})", css)


def parts(one: Tag) -> list[str]:
    """Cut a list that is too long for one slide; anything else is one part."""
    if one.name not in ("ol", "ul"):
        return [str(one)]
    items = one.find_all("li", recursive=False)
    starts = range(0, len(items), AT_A_TIME)
    opening = f'<{one.name} class="{" ".join(one.get("class", []))}" start="{{}}">'
    return [
        f"{opening.format(start + 1)}{''.join(map(str, items[start : start + AT_A_TIME]))}</{one.name}>"
        for start in starts
    ]


def slides(article: Tag) -> list[str]:
    """Return the slides of a chapter in its order, each with the heading that it stands under."""
    made, heading = [], ""
    for one in article.select(SHOWN):
        if one.name == "h1":
            opening = "".join(map(str, one.find_next_siblings("p", limit=2)))
            made.append(f'<section class="slide title">{one}{opening}</section>')
        elif one.name in ("h2", "h3"):
            heading = f"<h2>{one.decode_contents()}</h2>"
        else:
            kind = f'<section class="slide {one.name}">'
            made += [f"{kind}{heading}{part}</section>" for part in parts(one)]
    return made


def simplify(article: Tag, folder: Path) -> None:
    """Leave in an article what a slide can show: no links, no folds, pictures within the file."""
    for one in article.select(NOT_SHOWN):
        one.decompose()
    for link in article.select("a"):
        link.unwrap()
    for one in article.select("[id]:not(section)"):
        del one["id"]
    for image in article.select("img"):
        image.attrs = {"src": data_uri(folder / image["src"]), "alt": image.get("alt", "")}


def deck(page: Path) -> str:
    """Return the slides of a built page as one file."""
    formulas = []  # thousands of boxes, which nobody has to parse

    def take(formula):
        formulas.append(formula[0])
        return f'<i data-formula="{len(formulas) - 1}"></i>'

    html = page.read_text("utf8")
    article = FORMULA.sub(take, html[html.index("<article") : html.index("</article>")])
    soup = BeautifulSoup(article, "html.parser")
    simplify(soup, page.parent)
    title = soup.h1.get_text(" ", strip=True)
    text = PAGE.format(
        title=title,
        title_in_css=json.dumps(title, ensure_ascii=False),
        style=style(page.parents[1] / "_static"),
        slides="\n".join(slides(soup)),
        script=SCRIPT.read_text("utf8"),
    )
    return re.sub(r'<i data-formula="(\d+)"></i>', lambda i: formulas[int(i[1])], text)


def main(names: list[str]) -> None:
    """Write the decks and say where they are."""
    pages = sorted((SITE / "book").glob("ch[0-9][0-9]_*.html"))
    chosen = [page for page in pages if page.name.startswith(tuple(names) or "")]
    if not chosen:
        sys.exit(f"no built page in {SITE / 'book'} starts with {', '.join(names)}: run `make book`")
    (ROOT / "_build" / "slides").mkdir(parents=True, exist_ok=True)
    for page in chosen:
        if 'data-page="moved"' not in (html := page.read_text("utf8")):
            file = ROOT / "_build" / "slides" / page.name
            file.write_text(deck(page), "utf8")
            print(f"{file.stat().st_size / 1e6:.1f} MB: {file}")


if __name__ == "__main__":
    main(sys.argv[1:])

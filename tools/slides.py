"""Make slides of chapters: objectives, statements, figures, claims and summary, from built pages.

Usage: python tools/slides.py [NAME ...]   all, or ch09, ch10, …, into _build/slides

A deck is one file that asks nothing of a network.  It goes from slide to slide by scrolling, so it
is read, searched and printed like a page, by forty lines of CSS and a dozen of script: reveal.js
would bring files of its own, and fits no slide to its screen either.
"""

from __future__ import annotations

import base64
import copy
import json
import math
import mimetypes
import re
import sys
from itertools import pairwise
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from notebooks import chosen

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
STYLE, SCRIPT = (Path(__file__).with_name(f"deck.{kind}") for kind in ("css", "js"))
AT_A_TIME = 4  # items of a list on one slide
FORMULA = re.compile(r"<mjx-container.*?</mjx-container>", re.DOTALL)
URL = re.compile(r"url\([\"']?([^\"':)]+)[\"']?\)")
SHOWN = "h1, h2, h3, blockquote, figure, ul.claims, #objectives ol, #summary ol"
NOT_SHOWN = "#exercises, .headerlink, .only-dark, .on-phones, .live, .falls-if"
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


def slides(article: Tag) -> list[str]:
    """Return the slides of a chapter in its order, each with the heading that it stands under."""
    found, heading = [], ""
    for one in article.select(SHOWN):
        if one.name == "h1":
            opening = one.find_next_siblings("p", limit=2)
            found.append(("title", "", "", [f"{one}{''.join(map(str, opening))}"]))
        elif one.name in ("h2", "h3"):
            heading = f"<h2>{one.decode_contents()}</h2>"
        elif one.name in ("ol", "ul"):
            items = list(map(str, one.find_all("li", recursive=False)))
            opening = str(one.find_previous_sibling("p") or "") if one.name == "ol" else ""
            if found[-1][:2] == (one.name, heading):  # claims of several cells in one section
                found[-1][3].extend(items)
            else:
                found.append((one.name, heading, opening, items))
        else:
            found.append((one.name, heading, "", [str(one)]))
    return [slide for one in found for slide in cut(*one)]


def cut(kind: str, heading: str, opening: str, items: list[str]) -> list[str]:
    """Return one slide, or as many as a long list needs, about as long as each other."""
    count = math.ceil(len(items) / AT_A_TIME)
    ends = [round(len(items) * i / count) for i in range(count + 1)]
    made = []
    for start, end in pairwise(ends):
        body = "".join(items[start:end])
        if kind in ("ol", "ul"):
            body = f'{opening}<{kind} class="list" start="{start + 1}">{body}</{kind}>'
        made.append(f'<section class="slide {kind}">{heading}{body}</section>')
    return made


def complete(statement: Tag) -> None:
    """Put under a statement the formula that it ends in, and the equations that it names."""
    after = statement.find_next_sibling()
    ends = statement.get_text().rstrip().endswith(":") and after and "math" in after["class"]
    links = statement.select('a[href^="#equation-"]')
    named = [statement.find_parent("article").find(id=link["href"][1:]) for link in links]
    for formula in dict.fromkeys([*([after] if ends else []), *filter(None, named)]):
        statement.append(copy.copy(formula))


def simplify(article: Tag, folder: Path) -> None:
    """Leave in an article what a slide can show: no links, no folds, pictures within the file."""
    for one in article.select(NOT_SHOWN):
        one.decompose()
    for one in article.select("blockquote"):
        complete(one)
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
    folder = ROOT / "_build" / "slides"
    folder.mkdir(parents=True, exist_ok=True)
    for chapter in chosen(names or ["ch"]):
        page = SITE / "book" / f"{chapter.stem}.html"
        if not page.is_file():
            sys.exit(f"{page} is not built: run `make book`")
        file = folder / page.name
        file.write_text(deck(page), "utf8")
        print(f"{file.stat().st_size / 1e6:.1f} MB: {file}")


if __name__ == "__main__":
    main(sys.argv[1:])

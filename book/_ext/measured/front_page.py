"""The front page's numbers, drawing and list of chapters, read from the chapters at every build.

A chapter that is new in `_toc.yml` appears by itself.
"""

from __future__ import annotations

import html
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective, SphinxRole

from .chapter import Chapter, chapters, is_chapter, parts, read
from .claims import LEDGER, count_held


def add(app):
    """Tell Sphinx of the directives and the role."""
    app.add_directive("chapter-drawing", ChapterDrawing)
    app.add_directive("chapter-list", ChapterList)
    app.add_directive("book-numbers", BookNumbers)
    app.add_role("colab", Colab())


def hide_launch_buttons(app, config):
    """Show no launch button while no repository is named."""
    if not config.html_theme_options.get("repository_url"):
        config.html_theme_options["launch_buttons"] = {}


class _Markdown(SphinxDirective):
    def markdown(self, text, *classes):
        """Parse a line of Markdown into a paragraph."""
        box = nodes.container()
        self.state.nested_parse(StringList([text], self.get_source_info()[0]), 0, box)
        paragraph = box.next_node(nodes.paragraph)
        paragraph["classes"] = list(classes)
        return paragraph


class BookNumbers(_Markdown):
    """Say in numbers what the book holds."""

    def run(self):
        """Write one list of numbers with their words."""
        all_chapters = chapters(self.env)
        count = f"{sum(map(count_held, all_chapters))}"
        if LEDGER in self.env.found_docs:
            count = f"[{count}]({Path(LEDGER).name}.md)"
        hours = round(sum(one.minutes for one in all_chapters) / 60)
        numbers = [
            (count, "claims, each computed by a cell and checked"),
            (str(len(all_chapters)), "chapters, from two lines to handwriting"),
            (f"{hours} hours", "to read them all"),
            (_time(sum(one.seconds for one in all_chapters)), "to run them on one CPU core"),
        ]
        numbers = [self.markdown(f"**{number}** {words}") for number, words in numbers]
        return [nodes.container("", *numbers, classes=["book-numbers"])]


class ChapterList(_Markdown):
    """List the chapters by parts: title, first sentence, times, and what each needs."""

    def run(self):
        """Write a heading and a list for every part."""
        shown = nodes.container(classes=["chapter-list"])
        for caption, inside in parts(self.env):
            shown += nodes.paragraph("", caption, classes=["part"])
            shown += nodes.bullet_list("", *map(self.item, inside), bullet="*")
        return [shown]

    def item(self, one):
        """Write what the list says of one chapter."""
        about = f"{one.minutes} min to read · {_time(one.seconds)} to run · needs {one.needs}"
        return nodes.list_item(
            "",
            self.markdown(f"[{one.number}\u2002{one.title}]({one.path.name})", "title"),
            self.markdown(one.opening, "line"),
            self.markdown(about, "about"),
        )


def _time(seconds):
    return f"{seconds} s" if seconds < 60 else f"{round(seconds / 60)} min"


class ChapterDrawing(SphinxDirective):
    """Draw the two distances of chapter 1, and the chapters on the way down."""

    def run(self):
        """Write the drawing for browsers; on paper and elsewhere the list of chapters serves."""
        return [nodes.raw("", drawing(chapters(self.env)), format="html")]


WIDTH, HEIGHT = 760, 430
LEFT, HOME, RIGHT, TOP, FLOOR = 24, 590, 750, 22, 390  # of the two curves


def drawing(shown: list[Chapter]) -> str:
    """Return the picture: JS is flat until the laws agree, W₁ leads there, chapter by chapter."""
    slope = (FLOOR - TOP) / (HOME - LEFT)
    level = FLOOR - 0.6931 * (FLOOR - TOP)
    drawn = [
        f'<path class="axis" d="M{LEFT} {FLOOR}H{RIGHT}"/>',
        f'<path class="js" d="M{LEFT} {level:.1f}H{HOME - 7}M{HOME + 7} {level:.1f}H{RIGHT}"/>',
        f'<path class="w1" d="M{LEFT} {TOP}L{HOME} {FLOOR}l18 {-18 * slope:.1f}"/>',
        f'<circle class="jump" cx="{HOME}" cy="{level:.1f}" r="6"/>',
        f'<circle class="there" cx="{HOME}" cy="{FLOOR}" r="6"/>',
        _text("js", RIGHT, level - 14, "Jensen–Shannon: flat, however far"),
        _text("w1", LEFT, FLOOR - 16, "earth-mover: which way, how far"),
        _text("home", HOME, FLOOR + 28, "the laws agree"),
        *(_station(one, i, len(shown)) for i, one in enumerate(shown)),
    ]
    opening = f'<svg class="chapter-drawing" viewBox="0 0 {WIDTH} {HEIGHT}">'
    return f"{opening}{''.join(drawn)}</svg>"


def _station(one, i, n):
    share = (i + 0.3) / (n + 0.5)  # of the way down
    x, y = LEFT + share * (HOME - LEFT), TOP + share * (FLOOR - TOP)
    title = html.escape(f"Chapter {one.number}: {one.title}")
    circle = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="12"/>'
    texts = _text("number", x, y + 5, one.number) + _text("name", x + 22, y + 2, one.short)
    link = f'href="{one.path.stem}.html" aria-label="{title}"'
    return f"<a {link}><title>{title}</title>{circle}{texts}</a>"


def _text(kind, x, y, words):
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{words}</text>'


class Colab(SphinxRole):
    """Link to the first chapter on Colab; while no repository is named, to how to run it."""

    def run(self):
        """Write the link."""
        options = self.config.html_theme_options
        path = (options.get("repository_url") or "").removeprefix("https://github.com/")
        doc = self.env.path2doc(str(chapters(self.env)[0].path))
        place = f"{path}/blob/{options.get('repository_branch', 'main')}/{doc}.ipynb"
        url = f"https://colab.research.google.com/github/{place}" if path else "#run-it"
        text = self.text if path else "Run it"
        return [nodes.reference(self.rawtext, text, refuri=url)], []


def say_what_is_next(app, pagename, templatename, context, doctree):
    """Give the links at the end of a page the first sentence of what they lead to."""
    for way in ("prev", "next"):
        link = context.get(way)
        file = link and Path(app.srcdir, Path(pagename).parent, link["link"]).with_suffix(".ipynb")
        if file and is_chapter(file):
            context[way] = link | {"line": read(file).opening}

"""The front page's numbers, road and map, read from the chapters at every build.

A chapter says of itself what is shown here: its title, its first sentence, and in its objectives
what it needs and how long it takes to read and to run.  Claims are the lines with a tick in its
stored outputs.  A chapter that is new in `_toc.yml` appears by itself.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path

import claims
import nbformat
import repository
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective, SphinxRole

WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "ten": 10, "fifteen": 15}
WORDS |= {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90}
NAMES = {"js": "JS", "emd": "EMD", "gan": "GAN", "wgan gp": "WGAN-GP", "wgan": "WGAN"}
NAMES |= {"mnist": "on MNIST", "vs": "against", "kantorovich rubinstein": "Kantorovich–Rubinstein"}
READING = re.compile(r"\breading\b[^.\n]*?(\w+)\s+minutes", re.I)
RUNNING = re.compile(
    r"\brun(?:ning\b|\s+time:\*)\s*(?:takes )?(?:about )?(\w+)(?: (second|minute))?", re.I
)
NEEDS = re.compile(r"^(?:\*Needs:\*|You need)\s+(.+?)\.?$", re.M)


def setup(app):
    """Tell Sphinx what to call, and when."""
    app.add_directive("road", Road)
    app.add_directive("chapters", Chapters)
    app.add_directive("tally", Tally)
    app.add_role("colab", Colab())
    app.connect("html-page-context", _say_what_is_next)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


@dataclass(frozen=True)
class Chapter:
    """What a chapter says of itself; minutes are 0 and texts empty where it does not."""

    doc: str
    number: int
    name: str  # short, from the file's name
    title: str
    line: str  # its first sentence
    needs: str  # Markdown
    reading: int  # minutes
    running: int  # seconds
    claims: int


def chapter(path: Path, doc: str) -> Chapter:
    """Read a chapter's notebook."""
    notebook = nbformat.read(path, as_version=4)
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    lines = [line for line in text.split("\n") if line.strip()]
    objectives = re.search(r"^## Objectives\n(.*?)^## ", text, re.M | re.S)
    about = objectives[1] if objectives else ""
    needs = NEEDS.search(about)
    number, words = path.stem.removeprefix("ch").split("_", 1)
    return Chapter(
        doc=doc,
        number=int(number),
        name=_name(words),
        title=lines[0].removeprefix("# "),
        line=lines[1],
        needs=needs[1] if needs else "",
        reading=_amount(READING.search(about)),
        running=_amount(RUNNING.search(about), unit="minute"),
        claims=claims.held(path),
    )


def _name(words):
    said = words.replace("_", " ")
    for plain, right in NAMES.items():
        said = re.sub(rf"\b{plain}\b", right, said)
    return said[0].upper() + said[1:]


def _amount(match, unit=None):
    """Read a number in digits or in words; with a unit, in seconds."""
    if match is None:
        return 0
    word = match[1].lower()
    number = int(word) if word.isdigit() else WORDS.get(word, 0)
    return number * (60 if unit and (match[2] or unit) == "minute" else 1)


def parts(env) -> list[tuple[str, list[Chapter]]]:
    """Return the parts of the table of contents that hold chapters, in order."""
    site, found = env.app.config.external_site_map, []
    for tree in site.root.subtrees:
        files = [(doc, Path(env.srcdir, f"{doc}.ipynb")) for doc in map(str, tree.items)]
        inside = [chapter(file, doc) for doc, file in files if is_chapter(file)]
        if inside:
            found.append((tree.caption or "", inside))
    return found


def is_chapter(file: Path) -> bool:
    """Say whether a file is a chapter that is there."""
    return re.match(r"ch\d\d_", file.name) is not None and file.is_file()


class _Front(SphinxDirective):
    """What the directives share: all chapters, and that the page depends on them."""

    def parts(self):
        """Read the chapters, and have the page written again when one of them changes."""
        found = parts(self.env)
        for _, inside in found:
            for one in inside:
                self.env.note_dependency(f"{one.doc}.ipynb")
        return found

    def chapters(self):
        """Return all chapters in one list."""
        return [one for _, inside in self.parts() for one in inside]

    def markdown(self, text, **attributes):
        """Parse a line of Markdown into a paragraph."""
        box = nodes.container()
        self.state.nested_parse(StringList([text], self.get_source_info()[0]), 0, box)
        paragraph = box.next_node(nodes.paragraph)
        paragraph["classes"] = attributes.get("classes", [])
        return paragraph


class Tally(_Front):
    """Say in numbers what the book holds."""

    def run(self):
        """Write one list of numbers with their words."""
        chapters = self.chapters()
        count = f"{sum(one.claims for one in chapters)}"
        if "book/claims" in self.env.found_docs:
            count = f"[{count}](claims.md)"
        numbers = [
            (count, "claims, each computed by a cell and checked"),
            (str(len(chapters)), "chapters, from two lines to handwriting"),
            (f"{round(sum(one.reading for one in chapters) / 60)} hours", "to read them all"),
            (_time(sum(one.running for one in chapters)), "to run them on one CPU core"),
        ]
        numbers = [self.markdown(f"**{number}** {words}") for number, words in numbers]
        return [nodes.container("", *numbers, classes=["tally"])]


class Chapters(_Front):
    """List the chapters by parts: title, first sentence, times, and what each needs."""

    def run(self):
        """Write a heading and a list for every part."""
        shown = nodes.container(classes=["map"])
        for caption, inside in self.parts():
            shown += nodes.paragraph("", caption, classes=["part"])
            shown += nodes.bullet_list("", *map(self.item, inside), bullet="*")
        return [shown]

    def item(self, one):
        """Write what the list says of one chapter."""
        file = Path(one.doc).name + ".ipynb"
        item = nodes.list_item()
        item += self.markdown(f"[{one.number}\u2002{one.title}]({file})", classes=["title"])
        item += self.markdown(one.line, classes=["line"])
        reading = f"{one.reading} min to read" if one.reading else ""
        running = f"{_time(one.running)} to run" if one.running else ""
        needs = f"needs {one.needs}" if one.needs else ""
        said = " · ".join(filter(None, [reading, running, needs]))
        if said:
            item += self.markdown(said, classes=["about"])
        return item


def _time(seconds):
    return f"{seconds} s" if seconds < 60 else f"{round(seconds / 60)} min"


class Road(_Front):
    """Draw the road: the two distances of chapter 1, and the chapters on the way down."""

    def run(self):
        """Write the drawing for browsers; on paper and elsewhere the list of chapters serves."""
        return [nodes.raw("", road(self.chapters()), format="html")]


WIDTH, HEIGHT = 760, 430
LEFT, HOME, RIGHT, TOP, FLOOR = 24, 590, 750, 22, 390  # of the two curves


def road(chapters: list[Chapter]) -> str:
    """Return the picture: JS is flat until the laws agree, W₁ leads there, chapter by chapter."""
    slope = (FLOOR - TOP) / (HOME - LEFT)
    level = FLOOR - 0.6931 * (FLOOR - TOP)
    drawn = [
        f'<path class="axis" d="M{LEFT} {FLOOR}H{RIGHT}"/>',
        f'<path class="js" d="M{LEFT} {level:.1f}H{HOME - 7}M{HOME + 7} {level:.1f}H{RIGHT}"/>',
        f'<path class="w1" d="M{LEFT} {TOP}L{HOME} {FLOOR}l34 {-34 * slope:.1f}"/>',
        f'<circle class="jump" cx="{HOME}" cy="{level:.1f}" r="6"/>',
        f'<circle class="there" cx="{HOME}" cy="{FLOOR}" r="6"/>',
        _text("js", RIGHT, level - 11, "Jensen–Shannon: flat, however far"),
        _text("w1", LEFT, FLOOR - 16, "earth-mover: which way, how far"),
        _text("home", HOME, FLOOR + 28, "the laws agree"),
        *(_station(one, i, len(chapters)) for i, one in enumerate(chapters)),
    ]
    return f'<svg class="road" viewBox="0 0 {WIDTH} {HEIGHT}">' + "".join(drawn) + "</svg>"


def _station(one, i, n):
    share = (i + 0.3) / (n + 0.5)  # of the way down
    x, y = LEFT + share * (HOME - LEFT), TOP + share * (FLOOR - TOP)
    title = html.escape(f"Chapter {one.number}: {one.title}")
    above = abs(y - FLOOR + 0.6931 * (FLOOR - TOP)) < 16  # the other curve would cross its name
    circle = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="12"/>'
    texts = _text("number", x, y + 5, one.number) + _text(
        "name", x + 22, y - 12 if above else y + 2, one.name
    )
    link = f'href="{Path(one.doc).name}.html" aria-label="{title}"'
    return f"<a {link}><title>{title}</title>{circle}{texts}</a>"


def _text(kind, x, y, words):
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{words}</text>'


class Colab(SphinxRole):
    """Link to a notebook on Colab; without an address of the repository, to what to do."""

    def run(self):
        """Write the link."""
        about, doc = repository.address(), parts(self.env)[0][1][0].doc
        path = about["url"].removeprefix("https://")
        where = f"https://colab.research.google.com/{path.replace('github.com', 'github', 1)}"
        url = f"{where}/blob/{about['branch']}/{doc}.ipynb" if path else "#run-it"
        return [nodes.reference(self.rawtext, self.text, refuri=url)], []


def _say_what_is_next(app, pagename, templatename, context, doctree):
    """Give the links at the end of a page the first sentence of what they lead to."""
    for way in ("prev", "next"):
        link = context.get(way)
        file = link and Path(app.srcdir, Path(pagename).parent, link["link"]).with_suffix(".ipynb")
        if file and is_chapter(file):
            context[way] = link | {"line": chapter(file, "").line}

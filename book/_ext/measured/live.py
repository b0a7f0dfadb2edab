"""Put interactive figures where notebooks ask for them, and write the data that they need.

A figure cell whose metadata say ``"live": "shift"`` gets an empty box in front of its picture, and
its page the scripts `core.js` and `shift.js` of book/_static/live, which fill the box.  Notebooks
stay as they are: on Colab, on GitHub, on paper and without scripts the picture is the figure.  With
``"live_below": true`` the picture stays on the page too, and the box comes below it.  A page that
is no notebook asks by the directive ``live-picture``; its box lies over the picture.

What a figure cannot compute by itself comes from the frozen results in book/runs, at every build,
as a script, because a page that is opened as a file may load scripts and nothing else.
"""

from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from . import live_data

LOGGER = logging.getLogger(__name__)
RUNS = "book/runs"
FOLDER = Path(__file__).resolve().parents[2] / "_static" / "live"
# Before anything is drawn the boxes take their room from the pictures, and give it back to them
# where `core.js` does not arrive.
ROOM = """{
  const known = document.documentElement.classList;
  known.add("lively");
  addEventListener("load", () => { if (typeof live === "undefined") known.remove("lively"); });
}"""


def add(app):
    """Tell Sphinx of the directive."""
    app.add_directive("live-picture", LivePicture)


class LivePicture(SphinxDirective):
    """Show a picture of book/_static and its dark twin, over which an interactive figure comes."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {"alt": directives.unchanged_required}

    def run(self):
        """Write a figure without a number in a cell of its own, and what is said below it."""
        name = self.arguments[0]
        figure = nodes.figure()
        for theme, ending in {"only-light": "png", "only-dark": "dark.png"}.items():
            uri = f"_static/{name}.{ending}"
            figure += nodes.image(uri=uri, alt=self.options["alt"], classes=[theme], loading="lazy")
        words = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, words)
        cell = nodes.container("", figure, cell_metadata={"live": name, "live_first": True})
        return [nodes.container("", cell, *words.children, classes=["picture"])]


def place(app, doctree):
    """Put the box into the figure, where the figure's number and caption are its own."""
    cells = doctree.findall(nodes.container) if app.builder.name == "html" else ()
    for cell in cells:
        metadata = cell.get("cell_metadata") or {}
        name = metadata.get("live")
        places = {"live_below": "live-below", "live_first": "live-first"}
        where = [kind for key, kind in places.items() if metadata.get(key)]
        if name is None:
            continue
        if not (FOLDER / f"{name}.js").is_file():
            raise ValueError(f"no interactive figure {name!r}: book/_static/live has no {name}.js")
        figure = next(cell.findall(nodes.figure), None)
        if figure is None:
            LOGGER.warning("interactive figure %r: its cell has no stored picture", name)
            continue
        box = f'<div class="live" data-live="{name}"></div>'
        figure["classes"] += ["has-live", *where]
        figure.insert(1 if "live-below" in where else 0, nodes.raw("", box, format="html"))
        doctree.setdefault("live", []).append(name)


def load(app, pagename, templatename, context, doctree):
    """Load the scripts on pages that have a figure, and on no other."""
    names = doctree.get("live", []) if doctree is not None else []
    if names:
        app.add_css_file("live/core.css")
        app.add_js_file(None, body=ROOM)
        for name in ("core", *dict.fromkeys(names)):
            app.add_js_file(f"live/{name}.js", loading_method="defer")


def write_data(app, error):
    """Write the data next to the scripts of the built book."""
    if not Path(app.srcdir, RUNS).is_dir():
        return
    target = Path(app.outdir, "_static", "live", "data")
    target.mkdir(parents=True, exist_ok=True)
    for name, text in live_data.scripts().items():
        (target / f"{name}.js").write_text(text, encoding="utf8")

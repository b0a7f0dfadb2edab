"""Make every page complete in itself: nothing is asked of another host, and little of this one.

The theme's scripts that this book does not use (live kernels, a second set of icons, tabs, toggles)
are taken off the pages, MathJax is served from the book, and the search index is loaded by the
search page alone.
"""

import importlib.util
import re
from pathlib import Path

from sphinx.util.fileutil import copy_asset

# What tex-chtml.js may ask for: fonts, TeX extensions, what its menu offers to screen readers.
MATHJAX = (
    "tex-chtml.js",
    "output/chtml/fonts",
    "input/tex/extensions",
    "a11y",
    "sre/mathmaps/base.json",
    "sre/mathmaps/en.json",
)
UNUSED = r"thebe|fontawesome\.js|togglebutton|sphinx-design|design-tabs|require(\.min)?\.js"
SEARCH = r"searchtools\.js|language_data\.js|searchindex\.js"
SCRIPT = re.compile(r"[ \t]*<script\b[^>]*>.*?</script>\n?", re.S)
# The search page fetches every hit to quote from it, which no browser allows among local files.
NO_QUOTES = """<script>
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
</script>
"""
STYLE = re.compile(r"[ \t]*<link\b[^>]*>\n?")


def setup(app):
    """Tell Sphinx what to call, and when."""
    app.connect("config-inited", _use_local_mathjax)
    app.connect("build-finished", _finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _use_local_mathjax(app, config):
    config.mathjax_path = "mathjax/tex-chtml.js"


def _finish(app, error):
    if error is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    _copy_mathjax(site / "_static/mathjax")
    for name in ("sphinx-thebe.*", "togglebutton.*", "design-tabs.js", "*.map", "fontawesome.js*"):
        for file in (site / "_static").rglob(name):
            file.unlink()
    for page in site.rglob("*.html"):
        if "_static" not in page.parts:
            html = page.read_text(encoding="utf-8")
            page.write_text(complete(html, searches=page.name == "search.html"), encoding="utf-8")


def _copy_mathjax(target):
    source = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent
    for part in MATHJAX:
        file = source / "static/mathjax" / part
        folder = target / part if file.is_dir() else (target / part).parent
        if not (target / part).exists():
            folder.mkdir(parents=True, exist_ok=True)
            copy_asset(str(file), str(folder))


def complete(html, *, searches):
    """Take from a page what it does not need; what stays waits until the page is there."""
    unused = UNUSED if searches else f"{UNUSED}|{SEARCH}"

    def script(match):
        tag = match[0]
        if re.search(unused + r"|toggleHint|toggleOpenOnPrint", tag):
            return ""
        waits = "src=" not in tag or "defer" in tag or "documentation_options" in tag or searches
        return tag if waits else tag.replace("<script ", "<script defer ", 1)

    html = SCRIPT.sub(script, html)
    if searches and NO_QUOTES not in html:
        html = re.sub(r"( *<script src=[^>]*doctools)", lambda m: NO_QUOTES + m[1], html, count=1)
    return STYLE.sub(lambda m: "" if re.search(unused, m[0]) else m[0], html)

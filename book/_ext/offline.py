"""Make every page complete in itself: nothing is asked of another host, and little of this one.

The theme's scripts that this book does not use (live kernels, a second set of icons, tabs, toggles)
are taken off the pages, style sheets lose the rules that no page uses, and the search index is
loaded by the search page alone.
"""

import importlib.util
import re
from pathlib import Path

UNUSED = r"thebe|fontawesome\.js|togglebutton|sphinx-design|design-tabs|require(\.min)?\.js"
SEARCH = r"searchtools\.js|language_data\.js|searchindex\.js"
SCRIPT = re.compile(r"[ \t]*<script\b[^>]*>.*?</script>\n?", re.S)
# The search page fetches every hit to quote from it, which no browser allows among local files.
NO_QUOTES = """<script>
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
</script>
"""
ASIDE = 'role="complementary" aria-label="The book"'
LOGO = re.compile(r'<img (?=[^>]*class="logo__image)(?!width)')
STYLE = re.compile(r"[ \t]*<link\b[^>]*>\n?")


def setup(app):
    """Tell Sphinx what to call, and when."""
    app.connect("build-finished", _finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _finish(app, error):
    if error is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    for name in ("sphinx-thebe.*", "togglebutton.*", "design-tabs.js", "*.map", "fontawesome.js*"):
        for file in (site / "_static").rglob(name):
            file.unlink()
    for page in site.rglob("*.html"):
        if "_static" not in page.parts:
            html = page.read_text(encoding="utf-8")
            page.write_text(complete(html, searches=page.name == "search.html"), encoding="utf-8")
    _slim(site)


def _slim(site):
    """Write the large style sheets anew, without what no page and no script of the site names."""
    pages = [page for page in site.rglob("*.html") if "_static" not in page.parts]
    used = set()
    for file in [*pages, *site.rglob("*.js")]:
        used.update(re.findall(r"[\w-]+", file.read_text(encoding="utf-8")))
    static = site / "_static"
    for name in ("pydata-sphinx-theme", "sphinx-book-theme"):
        package = Path(importlib.util.find_spec(name.replace("-", "_")).origin).parent
        source = package / "theme" / package.name / "static/styles" / f"{name}.css"
        _write_lean(source, static / "styles" / source.name, used)
    _write_lean(static / "mathjax.full.css", static / "mathjax.css", used)


def _write_lean(source, target, used):
    if source.is_file():
        lean = slim(source.read_text(encoding="utf-8"), used)
        target.write_text(lean, encoding="utf-8")


def slim(css, used):
    """Leave out the rules for classes and ids that are not among the words used."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    return "".join(_rules(css, used))


def _rules(css, used):
    for head, body in _blocks(css):
        if body is None or re.match(r"\s*@(?!media|supports|layer|container)", head):
            yield head if body is None else f"{head}{{{body}}}"
        elif head.lstrip().startswith("@"):
            inner = "".join(_rules(body, used))
            if inner.strip():
                yield f"{head}{{{inner}}}"
        else:
            kept = [one for one in _selectors(head) if _named(one) <= used]
            if kept:
                yield f"{','.join(kept)}{{{body}}}"


def _blocks(css):
    """Cut a style sheet into pairs of what stands before a block and in it; None without block."""
    depth, start, opened = 0, 0, 0
    quoted = r"""\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|url\((?!["'])[^)]*\)"""
    for mark in re.finditer(r"\\.|[{};]|" + quoted, css):
        at, char = mark.start(), mark[0]
        if char == ";" and depth == 0:
            yield css[start : at + 1], None
            start = at + 1
        elif char == "{":
            opened = opened if depth else at
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                yield css[start:opened], css[opened + 1 : at]
                start = at + 1


def _selectors(head):
    """Cut at the commas that stand in no bracket."""
    return [one for one in re.split(r",(?![^()]*\))", head) if one.strip()]


def _named(selector):
    """Return the classes and ids that an element must have."""
    plain = re.sub(r":(not|is|where|has)\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\]|\\.", "", selector)
    return set(re.findall(r"[.#](-?[A-Za-z_][\w-]*)", plain))


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
    html = html.replace(' aria-label="Toggle hidden content"', "")  # its words say what it does
    html = html.replace('id="pst-primary-sidebar" class', f'id="pst-primary-sidebar" {ASIDE} class')
    html = LOGO.sub('<img width="48" height="30" ', html)  # keeps its room while it loads
    if searches and NO_QUOTES not in html:
        html = re.sub(r"( *<script src=[^>]*doctools)", lambda m: NO_QUOTES + m[1], html, count=1)
    return STYLE.sub(lambda m: "" if re.search(unused, m[0]) else m[0], html)

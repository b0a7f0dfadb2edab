"""Make every page complete in itself: nothing is asked of another host, and little of this one.

The theme's scripts that this book does not use (live kernels, a second set of icons, tabs, toggles)
are taken off the pages, and the search index is loaded by the search page alone.  Pages wait for
one style sheet: all of them in one file, without the rules that no page uses.
"""

import posixpath
import re
import zlib
from pathlib import Path

from wganlib import palette

UNUSED = r"thebe|fontawesome\.js|togglebutton|sphinx-design|design-tabs|require(\.min)?\.js"
SEARCH = r"searchtools\.js|language_data\.js|searchindex\.js"
SCRIPT = re.compile(r"[ \t]*<script\b[^>]*>.*?</script>\n?", re.S)
# The search page fetches every hit to quote from it, which no browser allows among local files.
NO_QUOTES = """<script>
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
</script>
"""
# What must hold before anything is drawn: the theme that the theme's own script settles later.
# Fonts of the first screen are asked for at once; among local files browsers allow that to none.
FIRST = """<script data-cfasync="false">{
    const root = document.documentElement, mode = localStorage.getItem("mode") || "auto";
    root.dataset.mode = mode;
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    root.dataset.theme = mode === "auto" ? system : mode;
    const fonts = ["serif", "serif-italic", "sans", "symbols"];
    for (const font of location.protocol === "file:" ? [] : fonts) {
      const link = document.createElement("link");
      Object.assign(link, { rel: "preload", as: "font", type: "font/woff2", crossOrigin: "" });
      link.href = `${root.dataset.content_root}_static/fonts/${font}.woff2`;
      document.head.append(link);
    }
  }</script>"""
OPENING = re.compile(r'<script data-cfasync="false">[^<]*dataset\.theme[^<]*</script>')
# In the order in which they overrule each other.
SHEETS = (
    "styles/theme.css",
    "styles/pydata-sphinx-theme.css",
    "pygments.css",
    "styles/sphinx-book-theme.css",
    "copybutton.css",
    "mystnb.*.css",
    "mathjax.css",
    "palette.css",
    "live/core.css",
    "live/heights.css",
    "book.css",
)
SHEET = "site.css"
OPTIONS = re.compile(r'<script [^>]*src="[^"]*documentation_options\.js[^>]*></script>')
# One loop of the theme lays out the whole page; book.js does the same for the part that is near.
LOOP = "e.tabIndex=e.scrollWidth>e.clientWidth||e.scrollHeight>e.clientHeight?0:-1"
ASIDE = 'role="complementary" aria-label="The book"'
LOGO = re.compile(r'<img (?=[^>]*class="logo__image)(?!width)')
STYLE = re.compile(r"[ \t]*<link\b[^>]*>\n?")


def setup(app):
    """Tell Sphinx what to call, and when."""
    app.connect("build-finished", _finish, priority=900)  # after the theme has written its own
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _finish(app, error):
    if error is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    static = site / "_static"
    for name in ("sphinx-thebe.*", "togglebutton.*", "design-tabs.js", "*.map", "fontawesome.js*"):
        for file in static.rglob(name):
            file.unlink()
    theme = static / "scripts/pydata-sphinx-theme.js"
    theme.write_text(theme.read_text(encoding="utf-8").replace(LOOP, "0"), encoding="utf-8")
    pages = {
        p: p.read_text(encoding="utf-8") for p in site.rglob("*.html") if static not in p.parents
    }
    scripts = [file.read_text(encoding="utf-8") for file in static.rglob("*.js")]
    words = {w for text in (*pages.values(), *scripts) for w in re.findall(r"[\w-]+", text)}
    (static / "palette.css").write_text(palette.css(), encoding="utf-8")
    sheet = slim(bundle(static), words)
    (static / SHEET).write_text(sheet, encoding="utf-8")
    options = (static / "documentation_options.js").read_text(encoding="utf-8")
    for page, html in pages.items():
        html = complete(html, searches=page.name == "search.html")
        html = in_one_go(html, mark=f"{zlib.crc32(sheet.encode()):08x}", options=options)
        page.write_text(html, encoding="utf-8")


def bundle(static):
    """Put all style sheets of a site into one; what they point at is found from the one's place."""
    return "".join(_sheet(file, static) for name in SHEETS for file in sorted(static.glob(name)))


def _sheet(file, static):
    css = file.read_text(encoding="utf-8").replace('@charset "UTF-8";', "")
    folder = file.parent.relative_to(static).as_posix()

    def moved(match):
        return f"url({match[1]}{posixpath.normpath(posixpath.join(folder, match[2]))}"

    css = re.sub(r"""url\((["']?)(?!data:|https?:|[/#"'])([^)"']+)""", moved, css)
    imported = r'@import "([^"]+)";'
    return re.sub(imported, lambda m: _sheet((file.parent / m[1]).resolve(), static.resolve()), css)


def in_one_go(html, *, mark, options):
    """Let a page wait for one style sheet, and for nothing else before it is drawn."""
    root = re.search(r'data-content_root="([^"]*)"', html)
    if root is None:
        return html
    static = f"{root[1]}_static/"
    names = "|".join(re.escape(name).replace(r"\*", '[^"]*') for name in (*SHEETS, SHEET))
    sheet = rf'href="{re.escape(static)}(?:{names})(?:\?[^"]*)?"'
    waits = re.compile(rf"{sheet}|as=\"script\"")
    html = STYLE.sub(lambda m: "" if waits.search(m[0]) else m[0], html)
    html = OPENING.sub(lambda m: FIRST, html)
    html = OPTIONS.sub(lambda m: f"<script>{options}</script>", html)
    link = f'<link rel="stylesheet" href="{static}{SHEET}?v={mark}" />\n'
    return html.replace("</head>", link + "</head>", 1)


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

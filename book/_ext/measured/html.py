"""All that is changed in HTML after Sphinx and the theme have written it.

A finished page asks nothing of another host, and little of this one: scripts and style sheets that
the book does not use are taken off, the search index is loaded by the search page alone, and pages
wait for one style sheet.  Each change says how often its place occurs on a page; where a
new version of the theme has it more or less often, the build fails and names page and place.
"""

import html as entities
import json
import posixpath
import zlib
from pathlib import Path

from bs4 import BeautifulSoup
from bs4.formatter import HTMLFormatter
from docutils import nodes
from PIL import Image
from sphinx.errors import ExtensionError

from wganlib import palette

from . import formulas, sharing, stylesheet

SHEET = "site.css"
PHONE = 700  # pixels of a phone's page, twice as sharp: wider pictures are swiped
ANSWER = '<details class="quick">'
DRAWING = '<svg class="chapter-drawing"'
# What the head of a page has and the book does not use, and how often.
UNUSED = {
    'script[src*="/sphinx-thebe.js"]': 1,
    'script:-soup-contains("THEBE_JS_URL")': (1, 2),  # Jupyter Book registers extensions twice
    'script[src*="/togglebutton.js"]': 1,
    'script:-soup-contains("toggleHint")': 2,
    'script:-soup-contains("toggleOpenOnPrint")': 1,
    'script:-soup-contains("togglebuttonSelector")': (1, 2),
    'script[src*="/design-tabs.js"]': 1,
    'script[src*="/fontawesome.js"]': 1,  # icons as drawings; the web font of the same icons stays
    'link[rel="preload"][as="script"]': 2,
}
SEARCH = {f'script[src*="{name}"]': 1 for name in ("searchtools", "language_data", "searchindex")}
UNUSED_SHEETS = ("togglebutton.css", "sphinx-thebe.css", "sphinx-design.min.css")
UNUSED_FILES = ("sphinx-thebe.*", "togglebutton.*", "design-tabs.js", "*.map", "fontawesome.js*")
# What must hold before anything is drawn: the theme that the theme's own script settles later, and
# how tall the sections were that are not laid out yet: a reload keeps the place (see book.js).
# Fonts of the first screen are asked for at once; among local files browsers allow that to none.
OPENING = """{
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
    const room = document.createElement("style");
    room.textContent = sessionStorage.getItem(`room ${location.pathname}`);
    document.head.append(room);
  }"""
# One loop of the theme lays out the whole page; book.js does the same for the part that is near.
LOOP = "e.tabIndex=e.scrollWidth>e.clientWidth||e.scrollHeight>e.clientHeight?0:-1"
NO_LOOP = "0/* see book.js */"
MOVED = """<!DOCTYPE html>
<html lang="en" data-page="moved">
<meta charset="utf-8">
<title>{title}</title>
<link rel="canonical" href="{canonical}">
<meta http-equiv="refresh" content="0; url={target}">
<script>
  location.replace({target_in_script} + location.hash.replace({old}, {new}));
</script>
<p>This page has moved: <a href="{target}">{title}</a>.</p>
</html>
"""


class _AsWritten(HTMLFormatter):
    """Writes a head with its attributes in the order in which they stood."""

    def attributes(self, tag):
        return tag.attrs.items()


def replace(text, place, new, *, where, expect=1):
    """Put something in a place of a text that must be there exactly as often as expected."""
    _require(text.count(place), expect, place, where)
    return text.replace(place, new)


def _require(found, expect, place, where):
    if found not in (expect if isinstance(expect, tuple) else (expect,)):
        raise ExtensionError(f"{where}: expected {expect} of {place}, found {found}")


def _select(soup, places, where):
    """Return the elements at some places, which a page must have as often as expected."""
    found = []
    for selector, expect in places.items():
        elements = soup.select(selector)
        _require(len(elements), expect, selector, where)
        found += elements
    return found


def drop_live_kernels(app, doctree, docname):
    """Leave out what the theme's extension for live kernels adds to every document."""
    if app.builder.format == "html":
        added = [node for node in doctree.children if isinstance(node, nodes.raw)]
        _require(len(added), 2, "raw HTML at the end of a document", docname)
        for node in added:
            doctree.remove(node)


# ---- what the writer made of a document, before it is put into the theme


def rewrite_body(app, pagename, templatename, context, doctree):
    """Keep formulas with the marks that follow them, name questions, give pictures their room."""
    if doctree is not None:
        body = mark_questions(keep_marks(context["body"]), where=pagename)
        context["body"] = _size_pictures(body, app, doctree, where=pagename)


def keep_marks(body):
    """Keep a formula on one line with the mark that follows it, where browsers may break."""
    first, *rest = body.split(formulas.END)
    pieces = [first]
    for piece in rest:
        after = piece.lstrip(".,;:?)]’”")
        pieces += [piece[: len(piece) - len(after)], "</span>", after]
    return "".join(pieces)


def mark_questions(body, *, where):
    """Give the paragraph above each folded answer the class ``asked``.

    The style sheet could ask `p:has(+ details.quick)`, but then a browser works out the styles of
    half the page at each change within a live figure.
    """
    *asking, last = body.split(ANSWER)
    marked = []
    for piece in asking:
        before, opening, question = piece.rpartition("<p>")
        paragraph = opening and question.find("</p>") == len(question.rstrip()) - len("</p>")
        _require(paragraph, True, f"paragraph right before {ANSWER}", where)
        marked += [before, '<p class="asked">', question, ANSWER]
    return "".join([*marked, last])


def _size_pictures(body, app, doctree, *, where):
    """Write the pixels of each picture into its tag: the page then stands still while it loads."""
    files = {name: file for file, name in app.builder.images.items()}
    images = list(doctree.findall(nodes.image))  # their addresses are as the writer has set them
    shown = [image["uri"] for image in images]
    twins = {image["uri"] for image in images if {"on-wide", "on-phones"} & {*image["classes"]}}
    for uri in dict.fromkeys(shown):
        if posixpath.dirname(uri) == app.builder.imgpath and uri.endswith(".png"):
            width, height = Image.open(Path(app.srcdir, files[posixpath.basename(uri)])).size
            swiped = width > PHONE and uri not in twins  # so it stays legible
            wide = " data-wide" if swiped else ""
            place = f'src="{uri}"'
            sized = f'{place} width="{width}" height="{height}"{wide}'
            body = replace(body, place, sized, where=where, expect=shown.count(uri))
    return body


# ---- the written site


def finish(app, error):
    """Rewrite all pages once they are written, and make the one style sheet that they share."""
    site = Path(app.outdir)
    static = site / "_static"
    for file in (file for name in UNUSED_FILES for file in static.rglob(name)):
        file.unlink()
    _quicken(static / "scripts/pydata-sphinx-theme.js")
    files = [file for file in site.rglob("*.html") if static not in file.parents]
    pages = {file: file.read_text(encoding="utf-8") for file in files}
    scripts = (file.read_text(encoding="utf-8") for file in static.rglob("*.js"))
    (static / "palette.css").write_text(palette.css(), encoding="utf-8")
    sheet = stylesheet.bundle(static, stylesheet.words([*pages.values(), *scripts]))
    (static / SHEET).write_text(sheet, encoding="utf-8")
    mark = f"{zlib.crc32(sheet.encode()):08x}"
    options = (static / "documentation_options.js").read_text(encoding="utf-8")
    for file, text in pages.items():
        if "data-content_root=" in text:  # else a page that only leads to another
            text = finish_page(text, file.relative_to(site).as_posix(), mark, options)
            file.write_text(text, encoding="utf-8")


def _quicken(script):
    text = script.read_text(encoding="utf-8")
    if NO_LOOP not in text:  # left from an earlier build
        script.write_text(replace(text, LOOP, NO_LOOP, where=script), encoding="utf-8")


def finish_page(page, name, mark, options):
    """Return a whole page, rewritten; one of an earlier build only gets the mark of the sheet."""
    head, end, body = page.partition("</head>")
    start, opening, head = head.partition("<head>")
    soup = BeautifulSoup(head, "html.parser")
    finished = soup.select_one(f'link[href*="_static/{SHEET}"]')
    if finished:
        finished["href"] = finished["href"].partition("?")[0] + f"?v={mark}"
    else:
        searches = name == "search.html"
        _rewrite_scripts(soup, name, options, searches=searches)
        _rewrite_sheets(soup, name, f"{'../' * name.count('/')}_static/{SHEET}?v={mark}")
        body = _rewrite_theme(body, name)
    head = soup.decode(formatter=_AsWritten())
    return f"{start}{opening}{head}{end}{body}"


def _rewrite_scripts(soup, name, options, *, searches):
    """Leave out scripts without use; what stays waits until the page is there."""
    for element in _select(soup, UNUSED if searches else UNUSED | SEARCH, name):
        element.decompose()
    (first,) = _select(soup, {"script[data-cfasync]": 1}, name)
    first.string = OPENING
    (inlined,) = _select(soup, {'script[src*="/documentation_options.js"]': 1}, name)
    inlined.replace_with(_script(soup, options))
    for element in soup.select("script[src]:not([defer])"):
        if not searches:
            element["defer"] = "defer"


def _script(soup, text):
    made = soup.new_tag("script")
    made.string = text
    return made


def _rewrite_sheets(soup, name, address):
    """Let a page wait for one style sheet, and for nothing else before it is drawn."""
    for link in soup.select('link[rel="stylesheet"]'):
        sheet = link["href"].partition("_static/")[2].partition("?")[0]
        if not sheet.endswith(UNUSED_SHEETS) and not stylesheet.contains(sheet):
            raise ExtensionError(f"{name}: expected no style sheet {link['href']}, found 1; add it "
                                 "to stylesheet.SHEETS or html.UNUSED_SHEETS")  # fmt: skip
        link.decompose()
    soup.append(soup.new_tag("link", rel="stylesheet", href=address))


def _rewrite_theme(body, name):
    """Say to those who listen what things are, keep the logo's room, and name the front page."""
    sidebar = 'id="pst-primary-sidebar"'
    named = f'{sidebar} role="complementary" aria-label="The book"'
    body = replace(body, f"{sidebar} ", f"{named} ", where=name)
    logo = 'class="logo__image'  # one for each theme
    body = replace(body, logo, f'width="48" height="30" {logo}', where=name, expect=2)
    field = 'search-button-field search-button__button pst-js-only" title="Search"'
    label = ' aria-label="Search"'  # the words in the field say that, and the keys with it
    body = replace(body, f"{field}{label}", field, where=name)
    prints = body.count(
        'onclick="window.print()"'
    )  # the theme calls it by what browsers offer then
    for old, new in (('title="Print to PDF"', 'title="Print"'), (">.pdf</span>", ">Print</span>")):
        body = replace(body, old, new, where=name, expect=prints)
    if DRAWING in body:
        container = '<div class="bd-article-container">'
        body = replace(body, container, container.replace('">', ' front">'), where=name)
    folded = body.count('<details class="admonition hide ')  # the words say what it does
    return replace(body, ' aria-label="Toggle hidden content"', "", where=name, expect=folded)


ROOT = """<!DOCTYPE html>
<html lang="en" data-page="moved">
<meta charset="utf-8">
<title>{title}</title>
{tags}
<link rel="canonical" href="{canonical}">
<meta http-equiv="refresh" content="0; url={target}">
<p><a href="{target}">{title}</a></p>
</html>
"""


def write_root(app, error):
    """Lead from the site's address to the front page, with a title and a card for sharing."""
    root = app.config.external_site_map.root.docname
    if root not in app.env.titles:
        return
    target = f"{root}.html"
    text = ROOT.format(
        title=entities.escape(app.config.html_title),
        tags=sharing.tags(app, root, sharing.description(app.env.get_doctree(root))),
        canonical=f"{app.config.html_baseurl}{target}" if app.config.html_baseurl else target,
        target=target,
    )
    Path(app.outdir, "index.html").write_text(text, encoding="utf-8")


def write_moved(app, error):
    """Leave a page that leads on at each address of `moved_pages`, from one name to another."""
    for old, new in app.config.moved_pages.items():
        if new not in app.env.titles:
            raise ExtensionError(f"moved_pages: {old} leads to {new}, which is no page")
        names = [posixpath.basename(doc) for doc in (old, new)]
        labels = [name.partition("_")[0] for name in names]  # ch13 in #fig-ch13-ring
        target = f"{names[1]}.html"
        text = MOVED.format(
            title=entities.escape(app.env.titles[new].astext()),
            canonical=f"{app.config.html_baseurl}{new}.html" if app.config.html_baseurl else target,
            target=target,
            target_in_script=json.dumps(target),
            old=json.dumps(labels[0]),
            new=json.dumps(labels[1]),
        )
        Path(app.outdir, f"{old}.html").write_text(text, encoding="utf-8")

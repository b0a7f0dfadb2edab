"""What a page says of itself to search engines and to those who share its address.

The picture is book/_static/share.png, made by `tools/share_image.py`.  Addresses are absolute once
the repository is named in `_config.yml`, since its pages then have one, and relative before.

Our own, although there is sphinxext-opengraph (0.13 was read): it breaks a description off in the
middle of a word and begins a chapter's with the TeX of its macros, has one `og:type` for all pages,
and without an address leads from pages in `book/` to a picture that is not there.
"""

import html

from bs4 import BeautifulSoup
from docutils import nodes

PICTURE = "_static/share.png"
SHOWN = "Two curves: the Jensen–Shannon divergence is flat, the earth-mover distance leads home."
LONGEST = 200  # characters of a description


def site(url):
    """Return where the pages of a repository are published, if it is known."""
    owner, name = url.split("/")[-2:] if "//github.com/" in url else ("", "")
    return f"https://{owner.lower()}.github.io/{name}/" if name else ""


def take_address(app, config):
    """Give pages an absolute address, once the repository has one."""
    url = config.html_theme_options.get("repository_url") or ""
    config.html_baseurl = config.html_baseurl or site(url)


def describe(app, pagename, templatename, context, doctree):
    """Write the tags into the head of a page."""
    heading = BeautifulSoup(context.get("title") or "", "html.parser")
    for number in heading.select("span.section-number"):
        number.decompose()
    written = tags(
        app,
        pagename,
        description(doctree),
        title=heading.get_text().strip(),
        picture=context["pathto"](PICTURE, True),
    )
    icon = f'<link rel="apple-touch-icon" href="{context["pathto"]("_static/touch.png", True)}" />'
    context["metatags"] = context.get("metatags", "") + f"{written}\n{icon}\n"


def tags(app, page, about, *, title="", picture=PICTURE):
    """Return what a page says of itself; `picture` is the address from the page."""
    base, book = app.config.html_baseurl, app.config.html_title
    said = {
        "description": about or book,
        "og:title": title or book,
        "og:type": "article" if "/ch" in page else "website",
        "og:site_name": book,
        "og:image": base + PICTURE if base else picture,
        "og:image:width": "1200",
        "og:image:height": "630",
        "og:image:alt": SHOWN,
        "twitter:card": "summary_large_image",
        "og:description": about or book,
    }
    if base:
        said["og:url"] = f"{base}{page}.html"
    return "\n".join(_tag(name, text) for name, text in said.items())


def _tag(name, text):
    kind = "property" if name.startswith("og:") else "name"
    return f'<meta {kind}="{name}" content="{html.escape(text)}" />'


def description(doctree):
    """Return the first sentences of a page, as many as a preview shows."""
    paragraphs = doctree.findall(nodes.paragraph) if doctree is not None else ()
    first = next((p for p in paragraphs if "macros" not in p["classes"]), None)
    text = " ".join(first.astext().split()) if first is not None else ""
    said = ""
    for sentence in text.replace(". ", ".\n").replace("? ", "?\n").split("\n"):
        if said and len(said) + len(sentence) >= LONGEST:
            break
        said = f"{said} {sentence}".strip()
    return said

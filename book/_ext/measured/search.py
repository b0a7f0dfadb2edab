"""Make Sphinx's search find sections, by their titles and by the questions that lead to them.

Sphinx's index knows in which page a word stands, which is too little where pages are long: each
section is fed to it as a page of its own, named `page#section`.  A question of the page of
questions counts as one more title of every section that its answer leads to, and so do the words of
its `index` directive; readers then find a place by words that it does not use.  `search.js` next to
this file ranks what was found; what shows it stays Sphinx's.
"""

import functools
import html
import textwrap
from collections import defaultdict
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.builders.html import StandaloneHTMLBuilder

QUESTIONS = "book/questions"
LONGEST = 150  # characters of how a section begins


def add(app):
    """Tell Sphinx of the builder."""
    app.add_builder(Builder, override=True)


def take_ranking(app, config):
    """Have what was found ranked by the script next to this file."""
    config.html_show_search_summary = False  # else each result's page is fetched, to quote from it
    config.html_search_scorer = str(Path(__file__).with_suffix(".js"))


class Builder(StandaloneHTMLBuilder):
    """Writes the site as Sphinx does; the index is made at the end, of all pages at once."""

    def load_indexer(self, docnames):
        """Take nothing over from an earlier build."""

    def index_page(self, pagename, doctree, title):
        """Leave the page to the end."""

    def dump_search_index(self):
        """Feed the sections of all pages, and write the index."""
        self.indexer.lang.stem = functools.cache(self.indexer.lang.stem)  # slow, in Python
        asked = questions(self.env)
        for page in sorted(self.env.all_docs):
            if "nosearch" not in self.env.metadata[page]:
                for name, title, part in parts(self.env, page, asked):
                    self.indexer.feed(name, f"{page}.html", title, part)
        self.indexer.prune = lambda docnames: None  # would forget what is no page of its own
        super().dump_search_index()


def parts(env, page, asked):
    """Yield name, title in HTML and content of each section of a page, without those inside."""
    doctree = env.get_doctree(page)
    for section in doctree.findall(nodes.section):
        top = section.parent is doctree
        name = page if top else f"{page}#{section['ids'][0]}"
        part = section.copy()
        part.children = [child for child in section if not isinstance(child, nodes.section)]
        part.extend(nodes.title("", words) for words in asked.get(name, ()))
        yield name, _shown(env, page, section, top=top), part


def _shown(env, page, section, *, top):
    """Return what a result shows, in HTML: its title, where it stands, and how it begins."""
    number = env.toc_secnumbers.get(page, {}).get("", ())
    book = " · ".join([*map(str, number), env.titles[page].astext()])
    title = book if top else section.next_node(nodes.title).astext()
    begins = next((child for child in section if isinstance(child, nodes.paragraph)), None)
    shown = [html.escape(title, quote=False)]
    if not top:
        shown.append(f'<span class="in-page">{html.escape(book, quote=False)}</span>')
    if begins is not None and "macros" not in begins["classes"]:
        line = textwrap.shorten(_words(begins), LONGEST, placeholder=" …")
        shown.append(f'<span class="begins">{html.escape(line, quote=False)}</span>')
    return " ".join(shown)


def _words(paragraph):
    """Return a paragraph as text; TeX is none, and is left out."""
    texts = paragraph.findall(nodes.Text)
    return "".join("…" if isinstance(text.parent, nodes.math) else text for text in texts)


def questions(env):
    """Return which words lead to which section, from the page of questions."""
    found = defaultdict(list)
    if QUESTIONS not in env.all_docs:
        return found
    for section in env.get_doctree(QUESTIONS).findall(nodes.section):
        if section.next_node(nodes.section):
            continue
        words = [section.next_node(nodes.title).astext()]
        for node in section.findall(addnodes.index):
            words += [entry[1] for entry in node["entries"]]
        own = f"{QUESTIONS}#{section['ids'][0]}"
        for target in dict.fromkeys([own, *_targets(env, section)]):
            found[target].append(" ".join(words))
    return found


def _targets(env, section):
    """Yield the sections to which links lead, by the names that the index has for them."""
    for link in section.findall(addnodes.pending_xref):
        page = link["reftarget"]
        if link.get("refdomain") == "doc" and page in env.all_docs:
            yield from _named(env.get_doctree(page), page, link.get("reftargetid"))


def _named(doctree, page, slug):
    if not slug:
        yield page
    for section in doctree.findall(nodes.section) if slug else ():
        if slug in (section.get("slug"), *section["ids"]):
            yield f"{page}#{section['ids'][0]}"

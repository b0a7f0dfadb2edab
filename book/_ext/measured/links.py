"""Make links of what a text names: theorems of the book, and works of the bibliography.

A statement is a block quote that opens with its bold name, such as **Theorem 4.1**.  The name leads
there from all pages.  A work is named by its authors and year, such as Lin (1991); where the
bibliography has one entry of these, the name leads to it.
"""

import re

from docutils import nodes
from sphinx import addnodes

KINDS = "Theorem|Lemma|Proposition|Corollary|Definition"
STATEMENT = re.compile(rf"\b(?:{KINDS}) \d+\.\d+")
SEVERAL = re.compile(rf"\b({KINDS})s(?: \d+\.\d+,)* \d+\.\d+ (?:and|to|or) \d+\.\d+")
NAME = r"[A-ZÀ-Þ][\w’'-]+"
WORK = re.compile(rf"({NAME}(?:, {NAME})*)(?:,? (?:and|&) ({NAME})|( et al\.))? \((\d{{4}})\)")
NOT_IN = (nodes.reference, nodes.title, nodes.literal, nodes.literal_block, nodes.raw, nodes.math,
          addnodes.pending_xref)  # fmt: skip


def name_statements(app, doctree):
    """Give each statement an anchor of its name, and tell Sphinx."""
    std = app.env.get_domain("std")
    for quote in doctree.findall(nodes.block_quote):
        opening = quote.next_node(nodes.paragraph)
        name = opening and opening.next_node(nodes.strong)
        named = name and STATEMENT.match(name.astext())
        if named and opening.astext().startswith(named[0]):
            anchor = nodes.make_id(named[0])
            quote["ids"].append(anchor)
            std.note_hyperlink_target(anchor, app.env.docname, anchor, named[0])


def link(app, doctree, docname):
    """Link the names in a page's text; paper has no need of it."""
    if app.builder.format != "html":
        return
    works = _works(app.env)
    for text in list(doctree.findall(nodes.Text)):
        if not _within(text, NOT_IN) and not _names_a_statement(text):
            pieces = list(_pieces(app, docname, str(text), works))
            if len(pieces) > 1:
                text.parent.replace(text, pieces)


def _within(node, kinds):
    while node is not None:
        if isinstance(node, kinds):
            return True
        if isinstance(node, nodes.section) and "references" in node["ids"]:
            return True
        node = node.parent
    return False


def _names_a_statement(text):
    return isinstance(text.parent, nodes.strong) and bool(STATEMENT.match(str(text)))


def _pieces(app, docname, text, works):
    """Cut a text at the names in it, and make links of these."""
    end = 0
    for start, stop, place in sorted([*_statements(app.env, text), *_cited(works, text)]):
        page, anchor = place
        address = "" if page == docname else app.builder.get_relative_uri(docname, page)
        yield nodes.Text(text[end:start])
        yield nodes.reference("", text[start:stop], refuri=f"{address}#{anchor}", internal=True)
        end = stop
    yield nodes.Text(text[end:])


def _statements(env, text):
    """Yield where statements are named, one or several at once, and where they stand."""
    known = env.get_domain("std").anonlabels
    named = [(*match.span(), match[0]) for match in STATEMENT.finditer(text)]
    for several in SEVERAL.finditer(text):
        for number in re.finditer(r"\d+\.\d+", several[0]):
            start, stop = (several.start() + end for end in number.span())
            named.append((start, stop, f"{several[1]} {number[0]}"))
    for start, stop, name in named:
        if nodes.make_id(name) in known:
            yield start, stop, known[nodes.make_id(name)]


def _cited(works, text):
    for match in WORK.finditer(text):
        place = _work(works, *match.groups())
        if place:
            yield *match.span(), place


def _works(env):
    """Return the works of the bibliography: authors' last names, year, page, anchor."""
    found = []
    for work in env.get_domain("cite").citations:
        people = work.entry.persons.get("author", [])
        names = [" ".join([*person.prelast_names, *person.last_names]) for person in people]
        place = work.bibliography_key.docname, work.citation_id
        found.append((names, work.entry.fields.get("year"), place))
    return found


def _work(works, names, last, more, year):
    """Return where the one work stands that is named so; None for none or for several."""
    named = names.split(", ") + ([last] if last else [])
    meant = [
        place
        for authors, of_year, place in works
        if of_year == year
        and authors[: len(named)] == named
        and (len(authors) > len(named) + 1 if more else len(authors) == len(named))
    ]
    return meant[0] if len(meant) == 1 else None

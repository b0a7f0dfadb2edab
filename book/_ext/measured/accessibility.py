"""Say what things are to those who listen to a page: items of lists, heads of rows.

docutils writes a list of works whose entries are no items of it, and leaves a column without a head
where the corner of a table is empty. Sphinx puts the list of what a function returns into a
paragraph, where HTML allows none.
"""

from docutils import nodes
from sphinx.writers.html5 import HTML5Translator


def add(app):
    """Tell Sphinx how to write citations and entries of tables."""
    app.add_node(nodes.citation, override=True, html=(_open_citation, _close_citation))
    app.add_node(nodes.entry, override=True, html=(_open_entry, HTML5Translator.depart_entry))


def head_rows(app, doctree, docname):
    """Where a table's corner is empty, what stands first in a row is the head of the row."""
    if app.builder.format != "html":
        return
    for table in doctree.findall(nodes.tgroup):
        heads = [row[0] for head in table.findall(nodes.thead) for row in head]
        if heads and not any(head.astext().strip() for head in heads):
            next(table.findall(nodes.colspec))["stub"] = 1


def free_lists(app, doctree, docname):
    """Take a list out of a paragraph that holds nothing else."""
    for paragraph in list(doctree.findall(nodes.paragraph)):
        if len(paragraph) == 1 and isinstance(paragraph[0], nodes.bullet_list):
            paragraph.replace_self(paragraph[0])


def _open_entry(self, node):
    if isinstance(node.parent.parent, nodes.thead) and not node.astext().strip():
        self.body.append(self.starttag(node, "td"))
        self.context.append("</td>\n")
        node.parent.column += 1
    else:
        HTML5Translator.visit_entry(self, node)


def _open_citation(self, node):
    if not _has_neighbour(node, -1):
        self.body.append('<div role="list" class="citation-list">\n')
    self.body.append(self.starttag(node, "div", classes=["citation"], role="listitem"))


def _close_citation(self, node):
    self.body.append("</div>\n" if _has_neighbour(node, 1) else "</div>\n</div>\n")


def _has_neighbour(node, step):
    at = node.parent.index(node) + step
    return 0 <= at < len(node.parent) and isinstance(node.parent[at], nodes.citation)

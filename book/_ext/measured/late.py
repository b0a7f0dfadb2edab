"""Mark the sections that browsers lay out when a reader comes near: `drawn-late` in `book.css`.

The formulas of a chapter are ten thousand boxes, the page of the package has as many, and to lay
them out takes seconds on a phone.
"""

from __future__ import annotations

from docutils import nodes
from sphinx import addnodes


def mark_sections(app, doctree, docname):
    """Mark what is long to lay out, but for the first section and the last two of a page."""
    heavy = {nodes.math, nodes.math_block, nodes.image, addnodes.desc}
    for title in (node for node in doctree.children if isinstance(node, nodes.section)):
        parts = [node for node in title.children if isinstance(node, nodes.section)]
        # The first may be on the first screen; the last ones, summary and references, are short,
        # and a reader who jumps to the end must not see them change their height.
        for part in parts[1:-2]:
            if heavy & {type(node) for node in part.findall()}:
                part["classes"].append("drawn-late")

"""Keep what belongs to a solution in one fold: its words, and the cells that compute it.

In a notebook the words end with `</details>`, and cells tagged `hide-cell` follow, each of which
would get a fold of its own.
"""

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform


def add(app):
    """Tell Sphinx of the transformation."""
    app.add_post_transform(OneFold)


class OneFold(SphinxPostTransform):
    """Move the end of a solution behind its cells, which then need no fold."""

    default_priority = 190  # MyST-NB folds cells at 199
    formats = ("html",)

    def run(self, **kwargs):
        """Go through the ends of solutions."""
        for end in list(self.document.findall(_ends_a_fold)):
            cells = list(_folded_after(end))
            for cell in cells:
                del cell["hide_mode"]
            if cells:
                end.parent.remove(end)
                cells[-1].parent.insert(cells[-1].parent.index(cells[-1]) + 1, end)


def _ends_a_fold(node):
    return isinstance(node, nodes.raw) and node.astext().rstrip().endswith("</details>")


def _folded_after(end):
    """Yield the cells that follow at once and are folded whole."""
    for node in end.parent[end.parent.index(end) + 1 :]:
        if not (isinstance(node, nodes.container) and node.get("hide_mode") == "all"):
            return
        yield node

"""Fill the page `book/gallery`: each chapter's figures, with captions, places and code.

The sections stand when the page is read, so that the table of contents has them.  They are filled
before references are resolved, from the chapters as they were read: a gallery's picture is the
chapter's picture, not a copy.  Paper and e-books, where it would show all a second time, say so.
"""

import copy
from pathlib import Path

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from .chapter import chapters

PAGE = "book/gallery"
ELSEWHERE = "The book's pages for the screen show all figures here, with their code."


def add(app):
    """Tell Sphinx what fills the page."""
    app.add_post_transform(Fill)


def write_sections(app, doctree):
    """Append to the page a section for each chapter, still empty."""
    if app.env.docname != PAGE:
        return
    top = next(doctree.findall(nodes.section))
    if app.builder.name == "html":
        top += [_section(app.env, chapter) for chapter in chapters(app.env)]
    else:
        top[1:] = [nodes.paragraph("", ELSEWHERE)]


def _section(env, chapter):
    name = f"chapter-{chapter.number}"
    title = nodes.title("", f"{chapter.number} · {chapter.title}")
    listed = nodes.bullet_list(classes=["gallery"], bullet="*", of=env.path2doc(str(chapter.path)))
    return nodes.section("", title, listed, ids=[name], names=[name])


class Fill(SphinxPostTransform):
    """Put the figures of a chapter into its list."""

    default_priority = 5  # references in captions are resolved at 10
    formats = ("html",)

    def run(self, **kwargs):
        """Change the page in place."""
        for listed in list(self.document.findall(nodes.bullet_list)):
            if "of" in listed and not len(listed):
                figures = self.env.get_doctree(listed["of"]).findall(nodes.figure)
                listed += [self._entry(one, listed["of"]) for one in figures if one["ids"]]

    def _entry(self, figure, chapter):
        """Return a figure as an item: its pictures, its caption under its number, its code."""
        name, place = figure["ids"][0], f"{Path(chapter).name}.html"
        number = ".".join(map(str, self.env.toc_fignumbers[chapter]["figure"][name]))
        link = nodes.reference("", f"Figure {number}", internal=True, refuri=f"{place}#{name}")
        caption = next(figure.findall(nodes.caption))
        words = nodes.paragraph("", "", link, nodes.Text(" "), *map(copy.deepcopy, caption))
        pictures = [one.deepcopy() for one in figure.findall(nodes.image)]
        picture = nodes.container("", *pictures, classes=["picture"])
        phone = [kind for kind in figure["classes"] if kind.startswith("panels-")]
        return nodes.list_item("", picture, words, *_code(figure), classes=phone)


def _code(figure):
    """Return the code that draws a figure, folded."""
    cell = figure
    while "cell" not in cell.get("classes", []):
        cell = cell.parent
    source = next(cell.findall(nodes.literal_block)).deepcopy()
    source["classes"].append("gallery-code")
    opening = nodes.raw("", "<details><summary>Code</summary>", format="html")
    return [opening, source, nodes.raw("", "</details>", format="html")]

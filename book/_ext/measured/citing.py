"""Say how to cite the book, from CITATION.cff: `{citation}` writes BibTeX or plain text.

Our own twenty lines, although there is cffconvert: its release (2.0.0) wants a jsonschema older
than Jupyter's.  The button that copies is that of sphinx-copybutton, which needs no network.
"""

import re
from pathlib import Path

import yaml
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

FILE = "CITATION.cff"


def add(app):
    """Tell Sphinx of the directive."""
    app.add_directive("citation", Citation)


def bibtex(about):
    """Return an entry that every style of BibTeX knows."""
    day = about["date-released"]
    fields = {
        "author": " and ".join(f"{{{one['name']}}}" if "name" in one else _person(one)
                               for one in about["authors"]),
        "title": f"{{{about['title']}}}",
        "year": day.year,
        "month": day.month,
        "note": f"Version {about['version']}",
        "url": about.get("repository-code"),
    }  # fmt: skip
    lines = "".join(f"  {key:6} = {{{value}}},\n" for key, value in fields.items() if value)
    key = re.sub(r"\W+", "-", about["title"].lower())
    return f"@misc{{{key},\n{lines}}}"


def text(about):
    """Return a sentence for a list of references."""
    authors = "; ".join(one.get("name") or _person(one) for one in about["authors"])
    day = about["date-released"]
    said = f"{authors}. {about['title']}. Version {about['version']}, {day:%-d %B %Y}."
    return " ".join(filter(None, [said, about.get("repository-code")]))


def _person(one):
    return f"{one['family-names']}, {one['given-names']}"


class Citation(SphinxDirective):
    """Write the citation in one form, as a block that can be copied."""

    required_arguments = 1

    def run(self):
        """Read the file and write the block."""
        form = directives.choice(self.arguments[0], ("bibtex", "text"))
        path = Path(self.env.srcdir, FILE)
        self.env.note_dependency(str(path))
        about = yaml.safe_load(path.read_text(encoding="utf8"))
        words = (bibtex if form == "bibtex" else text)(about)
        return [nodes.literal_block(words, words, language=form, classes=["to-copy"])]

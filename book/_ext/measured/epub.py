"""What makes an e-book of the pages: formulas in MathML, and nothing that only a browser can do.

`tools/epub.py` runs the builder, whose settings are in `_config.yml`; EPUBCheck is content with
what it makes.
"""

import re
from importlib import metadata
from pathlib import Path

from docutils import nodes
from sphinx.builders.epub3 import Epub3Builder
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform

SHEET = Path(__file__).resolve().parents[2] / "_static" / "epub.css"
SHEETS = ("basic.css", "pygments.css", "epub.css")
MATHML = re.compile(r"<math\b.*?</math>", re.DOTALL)
# Two paragraphs in a summary are not allowed in a book; the page shows one of them at a time.
FOLD = re.compile(r"<summary[^>]*>\s*<p[^>]*>([^<]*)</p>\s*<p[^>]*>[^<]*</p>\s*</summary>")


def add(app):
    """Tell Sphinx what changes a page, and who writes the book."""
    app.add_post_transform(InEpub)
    app.add_builder(Epub, override=True)


def name_version(app, config):
    """Give the e-book the version of the package."""
    config.version = metadata.version("wganlib")


def choose_files(app):
    """Give the e-book its own style sheet, and no scripts and no index of modules."""
    if app.builder.name == "epub":
        app.config.html_domain_indices = False  # no file of the book, but it would be listed
        app.config.html_static_path = [str(SHEET)]


def rewrite(app, pagename, templatename, context, doctree):
    """Name on a page only sheets that are in the book, and open folds with a plain line."""
    if app.builder.name == "epub":
        sheets = context["css_files"]
        context["css_files"] = [one for one in sheets if str(one.filename).endswith(SHEETS)]
        context["body"] = body = FOLD.sub(r"<summary>\1</summary>", context.get("body", ""))
        if wrong := re.search(r"<summary[^>]*>\s*<p\b.{0,80}", body, re.DOTALL):
            raise ExtensionError(f"{pagename}: expected two paragraphs in a fold: {wrong[0]}")


def mathml(html):
    """Take out of a formula that MathJax has set what is there for those who listen, or empty."""
    return re.sub(r' (?:data-[\w-]+="[^"]*"|columnspacing="")', "", MATHML.search(html)[0])


class Epub(Epub3Builder):
    """Sphinx's builder, which does not say which pages hold MathML, as a book must."""

    def build_epub(self):
        """Say it in the book's list of files, then pack the book."""
        file = Path(self.outdir, "content.opf")
        file.write_text(
            re.sub(r'href="([^"]+\.xhtml)"', self._declare, file.read_text("utf8")), "utf8"
        )
        super().build_epub()

    def _declare(self, link):
        has = "<math" in Path(self.outdir, link[1]).read_text("utf8")
        return f'{link[0]} properties="mathml"' if has else link[0]


class InEpub(SphinxPostTransform):
    """Leave out what a page draws in its own markup, with the words below it."""

    default_priority = 300
    formats = ("html",)

    def run(self, **kwargs):
        """Change the page in place."""
        if self.app.builder.name == "epub":
            for box in list(self.document.findall(nodes.container)):
                if "picture" in box["classes"]:
                    box.parent.remove(box)

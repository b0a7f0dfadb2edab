"""The book on paper: what changes between a page that folds and a sheet that does not."""

import importlib
import os
import re
import subprocess
import sys

import pdf
import pytest
from docutils import nodes
from docutils.utils import new_document

from tests import ROOT

pytest.importorskip("sphinx_jupyterbook_latex", reason="Jupyter Book is not installed")
paper = importlib.import_module("paper")


def document(*children):
    made = new_document("book")
    made += children
    return made


def html(text):
    return nodes.raw("", text, format="html")


def latex(made):
    return [raw.astext() for raw in made.findall(nodes.raw) if raw["format"] == "latex"]


def test_a_machine_without_latex_is_told_what_to_install(tmp_path):
    told = subprocess.run(
        [sys.executable, ROOT / "book/_ext/pdf.py"],
        env={**os.environ, "PATH": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 1
    assert "needs latexmk, xelatex, kpsewhich" in told.stderr
    assert "apt-get install --no-install-recommends latexmk texlive-xetex" in told.stderr
    assert "Traceback" not in told.stderr


def test_macros_outlive_the_formula_that_defines_them_and_may_come_again():
    math = nodes.math("", r"\newcommand{\E}{\mathbb{E}}\newcommand{\norm}[1]{\lVert #1\rVert}")
    made = document(nodes.paragraph("", "", math), nodes.paragraph("", "", nodes.math("", "x")))
    paper._macros(made)
    assert latex(made) == [
        r"\providecommand{\E}{}\renewcommand{\E}{\mathbb{E}}"
        r"\providecommand{\norm}{}\renewcommand{\norm}[1]{\lVert #1\rVert}"
    ]
    assert [m.astext() for m in made.findall(nodes.math)] == ["x"]


def test_a_folded_solution_stands_open():
    begin = html("<details>\n<summary>Solution of <b>1.1</b></summary>")
    made = document(begin, nodes.paragraph("", "because"), html("</details>"))
    paper._html(made)
    assert latex(made) == ["\\begin{solution}{Solution of 1.1}", "\\end{solution}"]
    assert "because" in made.astext()


def test_words_below_a_drawing_of_the_page_go_with_it():
    box = nodes.container("", nodes.paragraph("", "the book in one picture"), classes=["picture"])
    made = document(box, nodes.paragraph("", "stays"))
    paper._drawings(made)
    assert made.astext() == "stays"


def test_cells_folded_whole_are_shown():
    cell = nodes.container(classes=["cell", "tag_hide-cell"])
    paper._folded_cells(document(cell))
    assert cell["classes"] == ["cell"]


@pytest.mark.parametrize("written", ["printed", "html"])
def test_claims_keep_tick_words_and_rule(written):
    if written == "printed":
        block = nodes.literal_block("", "✓ `a` is one.  [= 1]\n", classes=["stream"])
        made = document(*importlib.import_module("checked")._parts(block))
    else:
        made = document(html(
            '<ul class="claims"><li class="held"><p><span class="tick">✓</span>'
            '<span class="claim"> a is one.</span> <span class="rule">[= 1]</span></p></li></ul>'
        ))  # fmt: skip
        paper._html(made)
    paper._claims(made)
    assert [t.strip() for t in latex(made)] == [
        "\\begin{claims}", "\\item[✓]", "\\claimrule{", "}", "\\end{claims}",
    ]  # fmt: skip
    (paragraph,) = made.findall(nodes.paragraph)
    said = "".join(t for t in paragraph.findall(nodes.Text) if t.parent.tagname != "raw")
    assert said.split() == ["a", "is", "one.", "[=", "1]"]


def test_a_cell_is_not_cut_unless_it_is_longer_than_a_page():
    short, long = (nodes.literal_block("", "x\n" * n) for n in (10, 60))
    made = document(*(nodes.container("", b, classes=["cell_input"]) for b in (short, long)))
    paper._whole_cells(made)
    assert [bool(re.match(r"\\Needspace\{11\.0", t)) for t in latex(made)] == [True]


def test_every_sign_beyond_latin_gets_a_font_that_has_it():
    assert pdf.write_signs("Größe “θ” – ½ W₁ → x") == "".join(
        f"\\newunicodechar{{{c}}}{{\\papersign{{{c}}}}}\n" for c in "½θ₁→"
    )


@pytest.mark.parametrize("line", [
    "Missing character: There is no ✓ (U+2713) in font TeX",
    "LaTeX Warning: Reference `book/ch01' on page 3 undefined on input line 5.",
    "! Undefined control sequence.",
])  # fmt: skip
def test_latex_s_complaints_are_heard(line):
    assert pdf.complaints(f"This is XeTeX\n{line}\nOutput written on b.pdf (153 pages).") != []


def test_a_quiet_log_is_no_complaint():
    log = "Overfull \\hbox (27.9pt too wide) in\nOverfull \\hbox (1.9pt too wide)\nFont! x ! y\n"
    assert pdf.complaints(log) == []
    assert pdf.wide_lines(log) == 1


@pytest.mark.slow
def test_the_whole_book_is_set():
    if lacking := pdf.missing():
        pytest.skip(f"no LaTeX: {', '.join(lacking)}")
    subprocess.run([sys.executable, ROOT / "book/_ext/pdf.py"], check=True)
    text = subprocess.run(["pdftotext", "-layout", ROOT / f"_build/{pdf.NAME}.pdf", "-"],
                          check=True, capture_output=True, text=True).stdout  # fmt: skip
    for chapter in ROOT.glob("book/ch*.ipynb"):
        number = int(chapter.name[2:4])
        assert re.search(rf"^\s*Chapter {number}$", text, re.MULTILINE), chapter.name
        assert f"Figure {number}.1" in text
        assert f"Exercise {number}.4" in text
    assert text.count("✓") > 100
    assert text.count("Solution.") >= 20

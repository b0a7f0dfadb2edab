"""The book on paper: what changes between a page that folds and a sheet that does not."""

import os
import re
import subprocess
import sys

import pdf
import pytest

from tests import ROOT


def test_a_machine_without_latex_is_told_what_to_install(tmp_path):
    told = subprocess.run(
        [sys.executable, ROOT / "tools/pdf.py"],
        env={**os.environ, "PATH": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 1
    assert "needs latexmk, xelatex, kpsewhich" in told.stderr
    assert "apt-get install --no-install-recommends latexmk texlive-xetex" in told.stderr
    assert "Traceback" not in told.stderr


def test_macros_outlive_the_formula_that_defines_them_and_may_come_again(tex):
    assert r"\providecommand{\JS}{}\renewcommand{\JS}{\mathrm{JS}}" in tex


def test_a_folded_solution_stands_open(tex):
    assert re.search(r"\\begin\{solution\}\{Solution of 1\.1\}\s+.*because\s+\\end\{solution\}",
                     tex, re.DOTALL)  # fmt: skip


def test_words_below_a_drawing_of_the_page_go_with_it(tex):
    assert "Left alone." in tex
    assert "In one picture." not in tex


def test_claims_keep_tick_words_and_rule(tex):
    claims = tex.split(r"\begin{claims}")
    assert re.search(r"\\item\[✓\].*Half is half\.\}\\claimrule\{.*= 0\.5", claims[1], re.DOTALL)
    assert any(r"\item[–]" in part for part in claims)


def test_chapters_are_numbered_and_appendices_have_letters(tex):
    assert tex.index("Second?") < tex.index(r"\appendix") < tex.rindex("Claims")
    assert tex.count(r"\appendix") == 1


def test_a_cell_is_not_cut_unless_it_is_longer_than_a_page(tex):
    lines = [float(n) for n in re.findall(r"\\Needspace\{([\d.]+)\\baselineskip\}", tex)]
    assert lines
    assert max(lines) < 40
    assert "{49}" in tex  # of a cell that may be cut


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
    subprocess.run([sys.executable, ROOT / "tools/pdf.py"], check=True)
    text = subprocess.run(["pdftotext", "-layout", ROOT / f"_build/{pdf.NAME}.pdf", "-"],
                          check=True, capture_output=True, text=True).stdout  # fmt: skip
    for chapter in ROOT.glob("book/ch*.ipynb"):
        number = int(chapter.name[2:4])
        assert re.search(rf"^\s*Chapter {number}$", text, re.MULTILINE), chapter.name
        assert f"Figure {number}.1" in text
        assert f"Exercise {number}.4" in text
    assert text.count("✓") > 100
    assert text.count("Solution.") >= 20

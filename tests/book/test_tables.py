"""What cells print in columns stands on the page as tables."""

import re

import nbformat
import pytest

from tests import ROOT

pytest.importorskip("jupyter_book", reason="Jupyter Book is not installed (extra `book`)")
from measured import tables

PRINTED = """\
            slope  share
flat         0.01    12%
steep       10.00
✓ Half is half.  [= 0.5]
in all: 2
            modes  range
flat            8  ( 7- 8)
"""
CHAPTERS = sorted(ROOT.glob("book/ch*.ipynb"))


@pytest.mark.parametrize(("line", "row"), [
    ("flat         0.01    12%", ["flat", "0.01", "12%"]),
    ("steep       10.00", ["steep", "10.00", ""]),
    ("flat            8  ( 7- 8)", ["flat", "8", "(7-8)"]),
    ("two samples: 0.15", None),  # a word across the cut
    ("the end", None),  # nothing behind the first column
    ("", None),
])  # fmt: skip
def test_a_line_is_cut_where_columns_begin_or_is_no_row(line, row):
    assert tables.fields(line, [11, 18]) == row


def with_table(book, **about):
    """Return a tiny book whose first chapter prints columns."""
    path = book.folder / "book/ch01_x.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].outputs[0].text = PRINTED
    notebook.cells[1].metadata["table"] = about
    nbformat.write(notebook, path)
    return book


def test_printed_columns_become_tables_and_all_else_stays(tiny_book):
    assert with_table(tiny_book, cuts=[11, 18]).build() == ""
    page = tiny_book.page("book/ch01_x")
    first, second = page.select("table.printed")
    rows = [[e.get_text().strip() for e in row.select("th, td")] for row in first.select("tr")]
    assert rows == [["", "slope", "share"], ["flat", "0.01", "12%"], ["steep", "10.00", ""]]
    assert [th.get_text() for th in first.select("thead th")] == ["slope", "share"]
    assert [e.get_text().strip() for e in first.select("td.number")] == ["0.01", "12%", "10.00", ""]
    assert second.select_one("tbody").get_text(" ", strip=True) == "flat 8 (7-8)"
    assert len(page.select("ul.claims li.held")) == 1
    assert "in all: 2" in page.get_text()


def test_lines_that_say_again_what_their_numbers_are_become_a_table(tiny_book):
    book = with_table(tiny_book, row=r"(flat|steep) +(\S+).*", heads=["", "slope"])
    assert book.build() == ""
    (table,) = book.page("book/ch01_x").select("table.printed")
    rows = [[e.get_text().strip() for e in row.select("th, td")] for row in table.select("tr")]
    assert rows == [["", "slope"], ["flat", "0.01"], ["steep", "10.00"]]
    assert "in all: 2" in book.page("book/ch01_x").get_text()


def test_the_first_line_that_fits_a_pattern_has_its_heads_where_none_are_given(tiny_book):
    book = with_table(tiny_book, row=r" *(\S+) {2,}(\S+)(?:  .*)?")
    assert book.build() == ""
    first = book.page("book/ch01_x").select_one("table.printed")
    assert [th.get_text() for th in first.select("thead th")] == ["slope", "share"]
    assert [e.get_text().strip() for e in first.select("td.number")] == ["0.01", "10.00"]


@pytest.mark.parametrize(("row", "said"), [
    ("(steep) +(.+)", "no two lines fit the pattern"),
    (r"(\w+) +(\S+) +(\S+)", "has not 2 entries"),
])  # fmt: skip
def test_a_pattern_that_does_not_fit_fails_the_build(tiny_book, row, said):
    assert said in with_table(tiny_book, row=row, heads=["", "slope"]).build()


def test_heads_that_no_line_prints_come_from_the_metadata(tiny_book):
    heads = ["kind", "one", "two"]
    assert with_table(tiny_book, cuts=[11, 18], heads=heads).build() == ""
    found = tiny_book.page("book/ch01_x").select_one("table.printed thead")
    assert [th.get_text() for th in found.select("th")] == heads


def test_paper_has_the_table_too(tiny_book):
    pytest.importorskip("sphinx_jupyterbook_latex", reason="Jupyter Book is not installed")
    assert with_table(tiny_book, cuts=[11, 18]).build("latex") == ""
    (file,) = (tiny_book.folder / "_build/latex").glob("*.tex")
    text = file.read_text(encoding="utf8")
    assert re.search(r"\\begin\{tabulary\}.*?slope.*?10\.00.*?\\end\{tabulary\}", text, re.DOTALL)


def test_cuts_that_fit_no_line_stop_the_build(tiny_book):
    said = with_table(tiny_book, cuts=[14]).build()
    assert "book/ch01_x: no two lines fit the cuts [14] of cell 1" in said


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_stored_outputs_fit_their_cuts_to_the_last_row(path):
    """A line that is left as it was printed does not look like a row."""
    for cell in nbformat.read(path, as_version=4).cells:
        if about := cell.metadata.get("table"):
            text = "".join(output.get("text", "") for output in cell.outputs)
            lines = [line for line in text.split("\n") if not line.startswith(("✓", "–"))]
            rows = [tables.row_of(line, about) for line in lines]
            assert len([row for row in rows if row]) >= (2 if "row" in about else 3)
            assert all(len(about["heads"]) == len(row) for row in rows if row and "heads" in about)
            left = [line for line, row in zip(lines, rows, strict=True) if row is None]
            columns = max(len(row) for row in rows if row)
            assert [x for x in left if len(re.split(r" {2,}", x.strip())) >= columns] == []

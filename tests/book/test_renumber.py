"""One command gives a chapter another number, and breaks no link."""

import shutil
import subprocess
import sys

import pytest

from tests import ROOT

TEXT = """\
# Claims

See [chapter 2](ch02_x.ipynb), chapters [1](ch01_x.ipynb) and [2](ch02_x.ipynb),
{numref}`fig-ch02-bars`, {eq}`eq-ch02-bars`, Theorems 2.1 and 2.2, exercise 2.3;
not 2.5 kg, Theorem 12.2, `ch02-ring`.
"""
MOVED = """\
# Claims

See [chapter 7](ch07_x.ipynb), chapters [1](ch01_x.ipynb) and [7](ch07_x.ipynb),
{numref}`fig-ch07-bars`, {eq}`eq-ch07-bars`, Theorems 7.1 and 7.2, exercise 7.3;
not 2.5 kg, Theorem 12.2, `ch02-ring`.
"""


def renumber(folder, *numbers):
    """Run the command in a folder; returns what it complained of."""
    shutil.copytree(ROOT / "tools", folder / "tools", dirs_exist_ok=True)
    command = [sys.executable, folder / "tools/notebooks.py", "renumber", *numbers]
    return subprocess.run(command, capture_output=True, text=True).stderr


@pytest.fixture
def book(tiny_book):
    """Return a tiny book in which pages refer to the second chapter in many ways."""
    pytest.importorskip("jupyter_book", reason="Jupyter Book is not installed (extra `book`)")
    tiny_book.write("claims.md", TEXT)
    config = tiny_book.folder / "_config.yml"
    text = config.read_text().replace("    moved_pages: {}", "")
    config.write_text(text.replace("  config:\n", "  config:\n    moved_pages: {}\n"))
    return tiny_book


def test_a_chapter_moves_with_all_that_refers_to_it_and_leaves_a_page_behind(book):
    narrow = book.folder / "book/narrow"
    narrow.mkdir()
    (narrow / "fig-ch02-bars.png").touch()
    assert renumber(book.folder, "2", "7") == ""
    (picture,) = narrow.iterdir()
    assert picture.name == "fig-ch07-bars.png"
    picture.unlink()  # an empty one
    assert not (book.folder / "book/ch02_x.ipynb").exists()
    text = (book.folder / "book/claims.md").read_text()
    assert text == MOVED
    assert (book.folder / "book/worlds/answers/ch07.json").exists()
    assert not (book.folder / "book/worlds/answers/ch02.json").exists()
    assert "book/ch07_x" in (book.folder / "_toc.yml").read_text()
    assert "moved_pages: {book/ch02_x: book/ch07_x}" in (book.folder / "_config.yml").read_text()
    assert book.build() == ""
    assert book.page("book/ch02_x").select_one("p a")["href"] == "ch07_x.html"


def test_a_chapter_that_comes_back_leaves_no_page_that_leads_to_itself(book):
    renumber(book.folder, "2", "7")
    assert renumber(book.folder, "7", "2") == ""
    assert "moved_pages: {book/ch07_x: book/ch02_x}" in (book.folder / "_config.yml").read_text()
    assert "[chapter 2](ch02_x.ipynb)" in (book.folder / "book/claims.md").read_text()


def test_a_number_that_is_taken_is_refused(book):
    assert "expected one chapter 2 and no chapter 1" in renumber(book.folder, "2", "1")
    assert (book.folder / "book/ch02_x.ipynb").exists()

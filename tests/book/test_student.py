"""Notebooks for students: all of a chapter but its answers, and it still runs."""

import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from tests import ROOT

pytest.importorskip("jupyter_book", reason="Jupyter Book is not installed (extra `book`)")
import student as command
from measured import student

CHAPTERS = sorted(ROOT.glob("book/ch*.ipynb"))
TEMPLATE = ROOT / "book" / "_template.ipynb"
FOLDED = "<details><summary>{}</summary>\n\n{}\n\n</details>\n\n"
QUICK = "**Quick question.** Up?\n\n" + FOLDED.replace("<details>", '<details class="quick">')


def notebook(*cells):
    """Return a notebook of texts, and of pairs of code and a tag."""
    v4 = nbformat.v4
    return v4.new_notebook(cells=[
        v4.new_markdown_cell(cell) if isinstance(cell, str)
        else v4.new_code_cell(cell[0], metadata={"tags": [cell[1]]},
                              outputs=[v4.new_output("stream", text="seen")])
        for cell in cells
    ])  # fmt: skip


def sources(made):
    return [cell.source for cell in made.cells]


def test_answers_give_way_to_room_and_all_else_stays():
    made = student.without_answers(notebook(
        "# Title",
        ("setup", "setup"),
        ("plumbing", "hide-cell"),
        "Why?\n\n" + FOLDED.format("Answer", "secret") + FOLDED.format("Proof", "QED ∎") + "On.",
        "## Exercises\n\n### Exercise 3.1 — one\n\nAsked.\n\n" + FOLDED.format("Solution", "secret")
        + "### Exercise 3.2 — two\n\nAlso.\n\n" + FOLDED.format("Solution", "secret"),
        ("secret", "hide-cell"),
        ("given", "check"),
        "## Summary\n\nSo.",
        ("late", "hide-cell"),
    ))  # fmt: skip
    proof = FOLDED.format("Proof", "QED ∎") + "On."
    room = [student.WORDS, "# Exercise 3.{}: your code"]
    assert sources(made)[1:] == [
        "setup", "plumbing", "Why?", student.WORDS, proof,
        "## Exercises\n\n### Exercise 3.1 — one\n\nAsked.", room[0], room[1].format(1),
        "### Exercise 3.2 — two\n\nAlso.", room[0], room[1].format(2),
        "given", "## Summary\n\nSo.", "late",
    ]  # fmt: skip
    assert sources(made)[0] == "# Title" + student.NOTE
    assert not any(cell.get("outputs") for cell in made.cells)
    nbformat.validate(made)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("students")
    return {path.stem: student.write(path, folder) for path in CHAPTERS}


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_without_answers_has_its_first_cell_and_room_for_every_exercise(written, path):
    whole = nbformat.read(path, as_version=4)
    made = nbformat.read(written[path.stem], as_version=4)
    assert made.cells[1].source == whole.cells[1].source
    assert "<summary>Solution" not in "".join(sources(made))
    number = whole.metadata["measured"]["number"]
    for exercise in range(1, 5):
        assert f"# Exercise {number}.{exercise}: your code" in sources(made)


def test_a_quick_question_keeps_its_answer_which_is_no_homework():
    asked = QUICK.format("Answer", "Down.").strip()
    solved = FOLDED.format("Solution", "secret")
    made = student.without_answers(notebook("# Title", asked, f"{asked}\n\n{solved}", asked))
    assert sources(made)[1:] == [asked, asked, student.WORDS, asked]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_quick_questions_reach_the_student(written, path):
    made = nbformat.read(written[path.stem], as_version=4)
    whole = nbformat.read(path, as_version=4)
    mark = '<details class="quick"><summary>Answer</summary>'
    assert "".join(sources(made)).count(mark) == "".join(sources(whole)).count(mark) >= 2


def test_no_notebook_without_answers_uses_a_name_that_went_with_them(written):
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select=F821", "--no-cache"]
    said = subprocess.run([*ruff, *written.values()], capture_output=True, text=True)
    assert said.returncode == 0, said.stdout


def test_a_notebook_without_answers_runs(tmp_path):
    made = nbformat.read(student.write(TEMPLATE, tmp_path), as_version=4)
    NotebookClient(made, timeout=120, kernel_name="python3").execute()
    assert all(cell.execution_count for cell in made.cells if cell.cell_type == "code")


def test_a_page_offers_the_notebook_next_to_its_own(tiny_site):
    offered = tiny_site.page("book/ch01_x").select(".dropdown-download-buttons a")
    assert [link["href"] for link in offered][:2] == [
        "../_sources/book/ch01_x.ipynb",
        "../students/ch01_x-exercises.ipynb",
    ]
    made = tiny_site.folder / "_build/html/students/ch01_x-exercises.ipynb"
    assert "because" not in made.read_text(encoding="utf8")
    assert not tiny_site.page("book/claims").select(".btn-download-student-button")


def test_a_chapter_that_is_not_there_is_named():
    with pytest.raises(SystemExit, match="starts with ch99"):
        command.main(["ch99"])

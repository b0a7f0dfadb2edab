"""Make of a chapter a notebook for students: everything but the answers, and room for their own.

Answers are what the page folds: `<details>` in a text, and under *Exercises* the cells tagged
`hide-cell`.  Folded proofs stay, and so do answers to quick questions, which are no homework: they
tell a reader whether to read on.  Outputs go too, since a student's machine computes them.
Every build writes these notebooks next to the pages, whose download button offers them.
"""

import re
from pathlib import Path

import nbformat

from .chapter import is_chapter

FOLDER = "students"
FOLD = re.compile(
    r"<details(?! class=.quick)[^>]*>\s*<summary>(?!Proof).*?</details>\s*", re.DOTALL
)
SECTION = re.compile(r"^## (.+)", re.MULTILINE)
EXERCISE = re.compile(r"^### (Exercise [\d.]+)", re.MULTILINE)
WORDS = "**Your answer:**"
NOTE = (
    "\n\n*This copy is for your own work: it has room where the book has a solution. "
    "The solutions, and the checks in them, stand on the chapter's page.*"
)


def name_of(path: Path) -> str:
    """Return the file name of a chapter's notebook for students."""
    return f"{path.stem}-exercises.ipynb"


def without_answers(chapter: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a new notebook in which each answer has given way to room for the student's own."""
    cells, section = [], ""
    for cell in chapter.cells:
        if cell.cell_type == "markdown":
            cells += _asked(cell.source)
            section = [section, *SECTION.findall(cell.source)][-1]
        elif section != "Exercises" or "hide-cell" not in cell.metadata.get("tags", []):
            cells.append(nbformat.v4.new_code_cell(cell.source, metadata=cell.metadata))
    cells[0].source += NOTE
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number:02d}"
    return nbformat.v4.new_notebook(cells=cells, metadata=chapter.metadata)


def _asked(text):
    """Cut a text at its answers, and put room in their places."""
    markdown, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    *asked, rest = FOLD.split(text)
    cells = []
    for part in asked:
        cells += [markdown(part.strip()), markdown(WORDS)]
        cells += [code(f"# {exercise}: your code") for exercise in EXERCISE.findall(part)[-1:]]
    return [*cells, markdown(rest.strip())] if rest.strip() else cells


def write(path: Path, folder: Path) -> Path:
    """Write a chapter's notebook for students into a folder, and return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name_of(path)
    nbformat.write(without_answers(nbformat.read(path, as_version=4)), file)
    return file


def write_all(app, error):
    """Write the notebooks of all chapters next to the pages."""
    for path in map(Path, map(app.env.doc2path, app.env.found_docs)):
        if is_chapter(path):
            write(path, Path(app.outdir, FOLDER))


def offer(app, pagename, templatename, context, doctree):
    """Add the notebook to the downloads of a chapter's page."""
    path = Path(app.srcdir, f"{pagename}.ipynb")
    if doctree is None or not is_chapter(path):
        return
    for group in context["header_buttons"]:
        if group.get("label") == "download-buttons":
            group["buttons"].insert(1, {
                "type": "link",
                "url": context["pathto"](f"{FOLDER}/{name_of(path)}", True),
                "text": ".ipynb, no solutions",
                "icon": "fas fa-pencil-alt",
                "tooltip": "Download the notebook without its solutions",
                "label": "download-student-button",
            })  # fmt: skip

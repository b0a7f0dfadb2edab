"""The experiments are a package: imported like any other, and none borrows from another."""

import ast
import json

import pytest

from tests import ROOT
from wganlib.runs import catalogue

PACKAGE = ROOT / "wganlib"
EXPERIMENTS = {module.__name__.rpartition(".")[2] for module in catalogue.MODULES}


def imported(path, *, relative=False):
    """Return the last part of every module that a file imports, and the names it takes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.ImportFrom) and (node.level or not relative):
            yield from ((node.module or "").rpartition(".")[2], *(name.name for name in node.names))
        elif isinstance(node, ast.Import) and not relative:
            yield from (name.name for name in node.names)


@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_no_experiment_borrows_from_another(name):
    neighbours = set(imported(PACKAGE / "runs" / f"{name}.py", relative=True))
    assert "experiment" in neighbours
    assert not EXPERIMENTS & neighbours


def test_every_module_is_an_experiment_or_serves_several():
    serving = {"__init__", "__main__", "catalogue", "experiment", "mistakes", "own_data",
               "provenance", "relatives", "ring_games", "runner", "scores", "several", "tables",
               "toys", "trained", "wrappers"}  # fmt: skip
    assert {path.stem for path in (PACKAGE / "runs").glob("*.py")} == EXPERIMENTS | serving


def test_nothing_else_in_the_package_needs_the_experiments():
    for path in PACKAGE.glob("*.py"):
        assert "runs" not in set(imported(path)), path.name


def test_no_notebook_and_no_module_edits_the_search_path():
    for path in (ROOT / "book").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf8"))["cells"]
        assert "sys.path" not in "".join("".join(cell["source"]) for cell in cells), path.name
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "book" / "_ext").rglob("*.py")]:
        assert "sys.path" not in path.read_text(encoding="utf8"), path.name

"""Where MNIST cannot be had the tests are green, quick, and say what they skipped."""

import os
import shutil
import subprocess
import sys

import nbformat

from tests import ROOT

TEST = """
def test_of_digits(mnist_test):
    assert len(mnist_test) == 10_000


def test_of_nothing():
    pass
"""
CELL = """from wganlib.checks import check

check("A claim about MNIST.", 1.0, above=2.0, needs="MNIST", has="scikit-learn digits")
check("A claim about numbers.", 3.0, above=2.0)"""
STORED = "✓ A claim about MNIST.  [> 2]\n✓ A claim about numbers.  [> 2]\n"


def small_book(folder):
    """Write a test and a notebook that need MNIST, under the conftest files of the book."""
    (folder / "tests").mkdir()
    shutil.copy(ROOT / "conftest.py", folder)
    for name in ("conftest.py", "nbval_sanitize.cfg"):
        shutil.copy(ROOT / "tests" / name, folder / "tests")
    (folder / "tests" / "test_digits.py").write_text(TEST, encoding="utf8")
    cell = nbformat.v4.new_code_cell(CELL, execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=STORED)]
    notebook = nbformat.v4.new_notebook(cells=[cell])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "digits.ipynb")


def summary(folder, *options, **environment):
    """Run pytest there, and return what it prints."""
    sanitize = "--nbval-sanitize-with=tests/nbval_sanitize.cfg"
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", sanitize, "-ra"]
    known = {k: v for k, v in os.environ.items() if k not in ("MNIST_MIRROR", "WGANLIB_OFFLINE")}
    settings = {**known, "WGANLIB_DATA": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [*command, *options], cwd=folder, env={**settings, **environment}, capture_output=True,
        text=True, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_the_last_lines_count_tests_and_claims_and_say_why(tmp_path):
    small_book(tmp_path)
    printed = summary(tmp_path, "-n", "1", MNIST_MIRROR=str(tmp_path / "nowhere"))
    assert "1 tests and 1 claims of the notebooks are about MNIST and were skipped" in printed
    assert f"no readable file t10k-images-idx3-ubyte.gz in {tmp_path / 'nowhere'}" in printed
    assert "2 passed, 1 skipped" in printed

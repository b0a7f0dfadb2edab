"""The lines of `pytest --by-folder`."""

import os
import subprocess
import sys

import pytest

from tests import ROOT

ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
TESTS = """
import pytest

def test_passes(): pass
def test_fails(): assert 0
def test_is_skipped(): pytest.skip("no reason")
def test_breaks(no_such_fixture): pass
@pytest.mark.xfail
def test_is_known_to_fail(): assert 0
"""


@pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n", "1"]], ids=["alone", "xdist"])
def test_it_counts_by_folder_and_names_what_fails(tmp_path, workers):
    for shelf in ("tests/unit", "tests/book"):
        (tmp_path / shelf).mkdir(parents=True)
    (tmp_path / "tests/unit/test_mixed.py").write_text(TESTS)
    (tmp_path / "tests/book/test_good.py").write_text("def test_passes(): pass")
    command = [sys.executable, "-m", "pytest", "-p", "tests.progress", "--by-folder", *workers]
    ran = subprocess.run(
        [*command, "--rootdir", tmp_path, "--import-mode=importlib", tmp_path / "tests"],
        cwd=ROOT, env=os.environ | ALONE, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "book is finished: 1 passed" in ran.stdout
    assert "unit is finished: 1 passed, 2 failed, 2 skipped" in ran.stdout
    assert "  FAILED tests/unit/test_mixed.py::test_fails" in ran.stdout  # at once
    assert "1 failed, 2 passed, 1 skipped, 1 xfailed, 1 error" in ran.stdout

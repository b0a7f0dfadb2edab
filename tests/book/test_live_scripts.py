"""The sources of scripts and style sheets: short lines, and no fault that a linter finds."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT

SOURCES = sorted(p for p in ROOT.glob("book/_*/**/*") if p.suffix in {".css", ".js"})
WRITTEN = {"heights.css"}  # by tools/measure_live.py


@pytest.mark.parametrize("file", SOURCES, ids=lambda p: p.name)
def test_no_line_of_a_script_or_a_style_sheet_is_too_long_to_read(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > 120 and file.name not in WRITTEN] == []


def test_the_linter_finds_nothing_in_the_scripts_and_reads_all_of_them():
    oxlint = shutil.which("oxlint", path=Path(sys.executable).parent) or shutil.which("oxlint")
    if oxlint is None:
        pytest.skip("oxlint is not installed (extra `test`)")
    command = [oxlint, "--deny-warnings", "book/_static", "book/_ext"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
    assert f"on {sum(p.suffix == '.js' for p in SOURCES)} files" in ran.stdout

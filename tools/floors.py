"""Run the tests of the package with the oldest versions that `pyproject.toml` allows.

Usage: python tools/floors.py [FOLDER] [pytest's arguments]

The environment FOLDER (`.venv-floors`) is made if it is missing and brought up to date if not:
every requirement of the package at its lowest version, chosen by uv, and the test tools. What the
suite needs beyond the package is left out, and so are the tests of it.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from steps import run, say

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".venv-floors"
TOOLS = ("numpydoc", "pytest", "pytest-timeout", "pytest-xdist", "nbformat", "pyyaml")
SUITE = ("tests/unit", "-n", "2", "--dist", "worksteal", "--by-folder")
# Old libraries meet newer ones here that they warn about; that is not what is tested.
HOW = ("-o", "addopts=-ra -m 'not slow'", "-W", "ignore::DeprecationWarning")


def requirements() -> list[str]:
    """Return what the package itself needs, as `pyproject.toml` says it."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]["dependencies"]


def install(folder: Path) -> Path:
    """Make the environment; returns its Python."""
    python = folder / "bin" / "python"
    if not python.exists():
        step(f"create the environment {folder}", [sys.executable, "-m", "venv", str(folder)])
        step("install uv", [str(python), "-m", "pip", "install", "--quiet", "uv"])
    uv = [str(python), "-m", "uv", "pip", "install", "--python", str(python)]
    wanted = requirements()
    step(f"install {', '.join(wanted)}", [*uv, "--resolution", "lowest-direct", *wanted])
    # The versions that are there now stay: only what is missing is added.
    step("install the test tools", [*uv, *TOOLS, "--constraint", str(frozen(python, folder))])
    step("install wganlib", [*uv, "--no-deps", "--editable", str(ROOT)])
    return python


def frozen(python: Path, folder: Path) -> Path:
    """Write down the versions that are installed, as constraints."""
    command = [str(python), "-m", "uv", "pip", "freeze", "--exclude-editable"]
    command += ["--python", str(python)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    path = folder / "floors.txt"
    path.write_text(said, encoding="utf8")
    return path


def step(what: str, command: list[str]) -> None:
    """Run one step, and end with what it said if it fails."""
    say(what)
    status, output = run(command, lambda line: None)
    if status:
        sys.exit("\n".join([*output[-40:], f"This failed: {what}."]))


def main(folder: Path, arguments: list[str]) -> int:
    """Install, and run the tests there; returns their exit code."""
    python = install(folder.resolve())
    say("run the tests")
    return subprocess.run(
        [str(python), "-m", "pytest", *HOW, *(arguments or SUITE)], cwd=ROOT
    ).returncode


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(Path(given[0]) if given else FOLDER, given[1:]))

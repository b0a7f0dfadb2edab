"""Set up the environment in which everything here runs, and say what is being done.

Usage: python tools/install.py FOLDER

`make` calls this for the folder named by VENV. Versions are those of `constraints.txt`. Only the
standard library is used, because nothing else is there yet.
"""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

from steps import run, say

ROOT = Path(__file__).resolve().parents[1]
LARGE = 50.0  # MB; a download of this size is announced
ARRIVES = re.compile(
    r"\s*(Downloading|Using cached) (?:\S*/)?([^/\s-]+)-([^-\s]+)-\S+\.whl \(([\d.]+) MB\)"
)
UNPACKS = re.compile(r"Installing collected packages: (.+)")
NOISE = re.compile(r"WARNING: (Location|Skipping|Ignoring)\b|\[notice\]|\s*$")


def main(folder: Path) -> None:
    """Create the environment and install into it, in three steps."""
    refuse_if_it_cannot_be_written(folder)
    step(f"create the environment {folder}", [sys.executable, "-m", "venv", str(folder)])
    python = next(folder / place for place in PYTHONS if (folder / place).exists())
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar"]
    pip += ["off", "--constraint", str(ROOT / "constraints.txt")]
    step("install PyTorch, the largest part: some 3 GB on Linux", [*pip, "torch", "torchvision"])
    step("install the rest, some 150 packages", [*pip, "--editable", f"{ROOT}[book,test]"])
    say("the environment is ready; the next call starts at once")


PYTHONS = ("bin/python", "Scripts/python.exe")


def refuse_if_it_cannot_be_written(folder: Path) -> None:
    """Stop with the cure where the environment, or the clone, belongs to somebody else."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        sys.exit(
            f"The environment cannot be written to {folder} ({error.strerror}). "
            "Name another folder: make VENV=/path/to/a/folder …"
        )
    if not os.access(ROOT, os.W_OK):
        sys.exit(
            f"{ROOT} cannot be written, and the book is built in it: make a clone of your own."
        )


def step(what: str, command: list[str]) -> None:
    """Run one step; say when it begins, what it does and how long it took, or why it failed."""
    say(what)
    start = time.monotonic()
    status, output = run(command, announce)
    if status:
        told = [line for line in output if not NOISE.match(line)]
        print("\n".join(told[-40:]), flush=True)
        sys.exit(f"This failed: {what}. What `{' '.join(command[1:4])}` said stands above.")
    say(f"  done in {time.monotonic() - start:.0f} s")


def announce(line: str) -> None:
    """Say which large file arrives, and when the unpacking begins."""
    if (arrives := ARRIVES.match(line)) and float(arrives[4]) >= LARGE:
        how = "from pip's cache" if arrives[1] == "Using cached" else "downloading"
        say(f"  {how}: {arrives[2]} {arrives[3]}, {float(arrives[4]):.0f} MB")
    elif unpacks := UNPACKS.match(line):
        say(f"  unpacking {len(unpacks[1].split(', '))} packages")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))

"""Say what made a frozen result: command, code, versions, machine, time."""

from __future__ import annotations

import csv
import importlib.metadata
import json
import platform
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
PACKAGES = ("numpy", "pot", "torch", "torchvision")


class Log:
    """What each start of a run was made with and how long it took.

    A resumable run keeps it beside its checkpoint; one that runs through needs no file.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path, self.start = path, time.monotonic()
        self.start_cpu, self.paused_cpu = time.process_time(), 0.0
        self.earlier = json.loads(path.read_text()) if path and path.exists() else []
        self.commit, self.changed = code_version()

    def sessions(self) -> list[dict]:
        """Return commit, whether the code differed from it, and seconds, for every start.

        ``cpu_seconds`` leaves out what other processes and the pauses took.
        """
        spent = time.process_time() - self.start_cpu - self.paused_cpu
        now = {
            "commit": self.commit,
            "code_changed": self.changed,
            "seconds": round(time.monotonic() - self.start, 1),
            "cpu_seconds": round(spent, 1),
        }
        return [*self.earlier, now]

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Leave out what is computed here, such as scores, from the CPU seconds."""
        start = time.process_time()
        yield
        self.paused_cpu += time.process_time() - start

    def save(self) -> None:
        """Write the sessions so far."""
        self.path.write_text(json.dumps(self.sessions()))

    def provenance(self, *, command: str, seed: int | list[int], data: str) -> dict:
        """Return all that a reader needs to make the result again."""
        sessions = self.sessions()
        return {
            "command": command,
            "seed": seed,
            "data": data,
            "sessions": sessions,
            "wall_seconds": round(sum(session["seconds"] for session in sessions)),
            "device": "cpu, one thread",
            "machine": platform.machine(),
            "python": platform.python_version(),
            "versions": {package: importlib.metadata.version(package) for package in PACKAGES},
        }

    def store(self, folder: Path, **about: object) -> None:
        """Write ``provenance.json`` into a folder of results."""
        text = json.dumps(self.provenance(**about), indent=2, sort_keys=True)
        (folder / "provenance.json").write_text(text + "\n", encoding="utf8")


def write_table(path: Path, rows: list[dict]) -> None:
    """Write rows as CSV, numbers to six digits."""
    with path.open("w", newline="", encoding="utf8") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        for row in rows:
            table.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})


def read_table(path: Path) -> np.ndarray:
    """Read what `write_table` wrote, as a structured array."""
    return np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding="utf8")


def code_version() -> tuple[str, bool]:
    """Return the commit checked out, and whether the code that runs differs from it."""
    git = partial(subprocess.run, capture_output=True, text=True, cwd=HERE)
    code = ["../../wganlib", "*.py", "*.toml"]
    changed = git(["git", "status", "--porcelain", "--untracked-files=no", "--", *code])
    return git(["git", "rev-parse", "HEAD"]).stdout.strip(), bool(changed.stdout.strip())

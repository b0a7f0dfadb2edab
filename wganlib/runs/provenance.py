"""Say what made a stored result: command, code, versions, machine, time."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from wganlib._files import atomic_write

CLONE = Path(__file__).resolve().parents[2]
PACKAGES = ("numpy", "pot", "torch", "torchvision")


class Log:
    """What each start of an experiment was made with and how long it took.

    Its file lies in the folder of the unfinished experiment, as does whatever else is needed only
    until it is finished, such as a checkpoint.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.start = path, time.monotonic()
        self.start_cpu, self.paused_cpu = time.process_time(), 0.0
        self.earlier = _read_sessions(path) if path.exists() else []
        self.commit, self.changed = code_version()

    def next_to(self, name: str) -> Path:
        """Return a path for a file that is needed only until the experiment is finished."""
        return self.path.with_name(name)

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
        """Write the sessions so far, so that a later start knows of this one."""
        atomic_write(self.path, json.dumps(self.sessions()).encode())

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


def _read_sessions(path: Path) -> list[dict]:
    """Read the sessions of earlier starts, or say what to do about a damaged file."""
    try:
        sessions = json.loads(path.read_text(encoding="utf8"))
    except ValueError as error:
        raise ValueError(
            f"{path} is damaged ({error}): remove the file to go on without the times of the "
            f"earlier starts, or the folder {path.parent.name} to begin again"
        ) from error
    return sessions


def code_version() -> tuple[str, bool]:
    """Return the commit of the code that runs, and whether it differs from that commit.

    Without a clone around it, it is the version of the installed package.
    """
    git = partial(subprocess.run, capture_output=True, text=True, cwd=CLONE)
    tracked = git(["git", "ls-files", "--error-unmatch", "--", __file__])
    if tracked.returncode:
        return f"wganlib {importlib.metadata.version('wganlib')}", False
    changed = git(["git", "status", "--porcelain", "--untracked-files=no", "--", "wganlib"])
    return git(["git", "rev-parse", "HEAD"]).stdout.strip(), bool(changed.stdout.strip())

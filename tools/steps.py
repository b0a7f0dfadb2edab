"""Say what a long command is doing: a line for each step, with the time since the start."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable

PATIENCE = 20  # seconds without a line, after which one says that the step goes on
_START = time.monotonic()
_said = [_START]


def say(text: str) -> None:
    """Print a line with the minutes and seconds since the start, at once, also into a pipe."""
    _said[0] = time.monotonic()
    minutes, seconds = divmod(int(_said[0] - _START), 60)
    print(f"{minutes:4}:{seconds:02}  {text}", flush=True)


def run(
    command: list[str],
    notice: Callable[[str], None],
    *,
    errors: int | None = subprocess.STDOUT,
    **environment: str,
) -> tuple[int, list[str]]:
    """Run a command, hand each line of its output to `notice`; return its status and the lines.

    What it writes to standard error counts as output; with `errors=None` it goes to the terminal
    instead. The command does not inherit a `PYTHONPATH`, which would put foreign modules first.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    lines, done = [], threading.Event()
    threading.Thread(target=_say_that_it_goes_on, args=(lines, done), daemon=True).start()
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=errors,
        encoding="utf-8",
        errors="replace",
        env=inherited | environment,
    ) as process:
        for line in process.stdout:
            lines.append(line.rstrip())
            notice(lines[-1])
    done.set()
    return process.returncode, lines


def _say_that_it_goes_on(lines: list[str], done: threading.Event) -> None:
    while not done.wait(1):
        if time.monotonic() - _said[0] >= PATIENCE:
            last = lines[-1].strip()[:70] if lines else ""
            say(f"  still at it: {last}" if last else "  still at it")

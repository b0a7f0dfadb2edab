"""A chapter's code cells, and a shell that runs them like a kernel and notes what checks find."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import nbformat

from . import hashes

CELL_LIMIT = 600  # seconds, after which a cell of a world counts as one that did not run


@dataclass(frozen=True)
class Chapter:
    """The code cells of a notebook, in order; the shared first cell is empty here."""

    name: str  # ch04
    folder: Path  # where it runs
    sources: list[str]

    @property
    def end(self) -> int:
        """Return where the last cell with a check ends; no world needs to go further."""
        return max((i for i, text in enumerate(self.sources, 1) if "check(" in text), default=0)

    def hashes(self, calls: list[set[str]]) -> list[str]:
        """Return a hash for each cell: of all cells up to it, and of the functions they call."""
        found, before = [], ""
        for source, called in zip(self.sources, calls, strict=True):
            functions = map(hashes.of_function, sorted(called))
            before = hashes.digest(before, hashes.of_source(plain(source)), *functions)
            found.append(before)
        return found


def read(path: Path) -> Chapter:
    """Read a notebook."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    sources = ["" if "setup" in c.metadata.get("tags", []) else c.source for c in cells]
    return Chapter(path.name[:4], path.parent, sources)


def plain(source: str) -> str:
    """Return a cell as Python: magics become calls."""
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


@dataclass
class Outcome:
    """What the checks of a cell found, and the exception that ended it, if one did."""

    found: list[tuple[str, bool | None]] = field(default_factory=list)
    error: str = ""
    seconds: float = 0.0


class Shell:
    """IPython without a terminal: what cells print and draw is thrown away."""

    def __init__(self, chapter: Chapter):
        """Begin in the chapter's folder, with no name defined."""
        import matplotlib
        import torch
        from IPython.core.interactiveshell import InteractiveShell
        from matplotlib import pyplot
        from traitlets.config import Config

        from wganlib import checks

        matplotlib.use("agg")
        torch.set_num_threads(1)
        os.chdir(chapter.folder)
        sys.path.insert(0, str(chapter.folder))  # as a kernel has it
        config = Config()
        config.HistoryManager.enabled = False  # its thread would not survive a fork
        InteractiveShell.clear_instance()
        self.shell = InteractiveShell.instance(config=config)
        self.shell.showtraceback = lambda *given, **named: None
        self.shell.showsyntaxerror = lambda *given, **named: None
        self.mutable: set[str] = set()  # names whose values can be changed in place
        self.random: set[str] = set()  # names of sources of random numbers
        self.listening, self.close = checks.listening, pyplot.close

    def run(self, source: str) -> Outcome:
        """Run a cell to its end or to its first exception."""
        outcome, start = Outcome(), time.perf_counter()

        def note(claim, held):
            outcome.found.append((claim, held))

        away = io.StringIO()
        with contextlib.ExitStack() as stack:
            for block in (
                contextlib.redirect_stdout(away),
                contextlib.redirect_stderr(away),
                self.listening(note),
                _limited(CELL_LIMIT),
                warnings.catch_warnings(),
            ):
                stack.enter_context(block)  # fmt: skip
            warnings.simplefilter("ignore")
            done = self.shell.run_cell(source, silent=True, store_history=False)
        self.close("all")
        error = done.error_before_exec or done.error_in_exec
        if error is not None:
            outcome.error = f"{type(error).__name__}: {error}"[:200]
            self._forget(source, error)
        outcome.seconds = time.perf_counter() - start
        return outcome

    def look(self) -> None:
        """Note which names hold, at this moment, what can be changed in place."""
        for name, value in self.shell.user_ns.items():
            if isinstance(value, _random()):
                self.random.add(name)
            elif not name.startswith("_") and _can_change(value):
                self.mutable.add(name)

    def _forget(self, source: str, error: BaseException) -> None:
        """Drop the names that a broken cell would have bound: what came before is not theirs."""
        try:
            tree = ast.parse(plain(source))
        except SyntaxError:
            return
        frames = traceback.extract_tb(error.__traceback__)
        lines = [f.lineno for f in frames if f.name in ("<module>", "<cell line>")
                 or f.name.startswith("<cell line")]  # fmt: skip
        reached = lines[-1] if lines else 0
        for node in (n for s in tree.body if s.end_lineno >= reached for n in ast.walk(s)):
            stored = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            if stored or isinstance(node, ast.FunctionDef | ast.ClassDef):
                self.shell.user_ns.pop(node.id if stored else node.name, None)


def _random() -> tuple[type, ...]:
    import numpy as np
    import torch

    return np.random.Generator, np.random.RandomState, torch.Generator


def _can_change(value: object, depth: int = 3) -> bool:
    """Say whether a cell that reads a value may change it; arrays are changed by what is seen."""
    import numpy as np
    import torch

    fixed = (np.ndarray, np.generic, torch.Tensor, int, float, complex, str, bytes, type(None))
    fixed += (type, range, slice, torch.device, torch.dtype, ModuleType, *_random())
    if isinstance(value, tuple) and depth:
        return any(_can_change(part, depth - 1) for part in value)
    if callable(value):
        return isinstance(value, torch.nn.Module)
    return not isinstance(value, fixed)


@contextlib.contextmanager
def _limited(seconds: int) -> Iterator[None]:
    """Raise TimeoutError in what takes longer."""

    def stop(number, frame):
        raise TimeoutError(f"took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)

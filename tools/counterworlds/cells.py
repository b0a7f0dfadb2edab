"""A chapter's code cells, and a shell that runs them like a kernel and notes what checks find."""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
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


@functools.cache
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
        self.mutable: set[str] = set()  # names whose values can be changed in place
        self.random: set[str] = set()  # names of sources of random numbers
        self.listening, self.close = checks.listening, pyplot.close

    def run(self, source: str, between: Callable[[], None] = lambda: None) -> Outcome:
        """Run a cell to its end or to its first exception; `between` after each statement."""
        outcome, start = Outcome(), time.perf_counter()
        away = io.StringIO()
        with contextlib.ExitStack() as stack:
            blocks = (
                contextlib.redirect_stdout(away),
                contextlib.redirect_stderr(away),
                self.listening(lambda *heard: outcome.found.append(heard)),
                self.shell.builtin_trap,  # names that a kernel has, such as `display`
                warnings.catch_warnings(),
                _limited(CELL_LIMIT),
            )
            for block in blocks:
                stack.enter_context(block)
            warnings.simplefilter("ignore")
            self._run(source, outcome, between)
        self.close("all")
        outcome.seconds = time.perf_counter() - start
        return outcome

    def _run(self, source: str, outcome: Outcome, between: Callable[[], None]) -> None:
        source = plain(source)
        nodes: list[ast.stmt] = []
        try:
            file = self.shell.compile.cache(source)  # for those who ask for a function's source
            nodes = ast.parse(source).body
            while nodes:
                code = compile(ast.Module(nodes[:1], []), file, "exec")
                exec(code, self.shell.user_ns)
                nodes.pop(0)
                between()
        except Exception as error:
            outcome.error = f"{type(error).__name__}: {error}"[:200]
            self._forget(nodes)

    def look(self) -> None:
        """Note which names hold, at this moment, what can be changed in place."""
        for name, value in self.shell.user_ns.items():
            if isinstance(value, _random()):
                self.random.add(name)
            elif not name.startswith("_") and _can_change(value):
                self.mutable.add(name)

    def _forget(self, nodes: list[ast.stmt]) -> None:
        """Drop the names that statements would have bound: what came before is not theirs."""
        queue: list[ast.AST] = list(nodes)
        while queue:
            node = queue.pop()
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                self.shell.user_ns.pop(node.name, None)
                continue  # what is bound inside stays inside
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self.shell.user_ns.pop(node.id, None)
            queue += ast.iter_child_nodes(node)


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
    frozen = getattr(type(value), "__dataclass_params__", None)
    if depth and frozen and frozen.frozen:
        return any(_can_change(part, depth - 1) for part in vars(value).values())
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

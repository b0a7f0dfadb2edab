"""Run a chapter unchanged, and from each cell on in the worlds that differ there.

The chapter runs once. Before each cell that may be the first to meet a world it is copied
(`os.fork`); in the end it is known which functions of the package each cell calls and what it does
with names, and the copies go on in their worlds, through the cells that what is false can reach.
So the past of a world is the true one, and is computed once.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from . import slices
from .cells import Chapter, Outcome, Shell
from .changes import Cell
from .probes import Probes, load_package
from .world import World


@dataclass(frozen=True)
class Plain:
    """What happened in the unchanged chapter."""

    outcomes: list[Outcome]
    calls: list[set[str]]  # the functions of the package that each cell calls
    untouched: list[str]  # names of worlds that no cell meets


@dataclass(frozen=True)
class Other:
    """What happened in a world, in the cells that it had to run."""

    name: str
    outcomes: dict[int, Outcome]  # by the cell, from 0
    seconds: float
    broken: str = ""  # why it could not be run


def run(chapter: Chapter, worlds: list[World], *, jobs: int = 2) -> Iterator[Plain | Other]:
    """Yield what happened, the unchanged chapter first, then each world as soon as it has ended."""
    load_package()  # once for all chapters
    with tempfile.TemporaryDirectory() as folder:
        pid = _fork(lambda: _Trunk(chapter, worlds, Path(folder), jobs).run())
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)  # so that it and all its copies can be ended at once
        try:
            yield from _results(pid, Path(folder), chapter.name)
        finally:
            with contextlib.suppress(ProcessLookupError):  # all have ended
                os.killpg(pid, signal.SIGKILL)


def _results(pid: int, folder: Path, name: str) -> Iterator[Plain | Other]:
    """Yield what a process and its copies write, until it ends."""
    ended = False
    while True:
        ready = sorted(folder.glob("*.json"), key=lambda file: file.name != "plain.json")
        for file in ready:
            yield _read(file)
            file.unlink()
        if ended and not ready:
            return
        if not ended:
            done, status = os.waitpid(pid, os.WNOHANG)
            ended = bool(done)
            if status:
                raise RuntimeError(f"{name} ended with status {status}")
        time.sleep(0.1)


def _fork(work) -> int:
    """Do some work in a copy of this process; returns the copy's number at once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads; those there are wait for nothing
        pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        work()
        status = 0
    except KeyboardInterrupt:
        pass
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


class _Trunk:
    """The process that runs the chapter unchanged."""

    def __init__(self, chapter: Chapter, worlds: list[World], folder: Path, jobs: int):
        """Take what is to be run, and where to write what happened."""
        self.chapter, self.folder = chapter, folder
        self.slots = os.pipe()
        os.write(self.slots[1], b"." * jobs)
        self.broken: list[Other] = []  # worlds that cannot be run
        self.telling: list[int] = []  # open ends of pipes
        self.worlds: dict[str, World] = {}
        self.texts: dict[str, set[int]] = {}  # the cells whose text a world changes
        for world in worlds:
            self._place(world)

    def _place(self, world: World) -> None:
        """Find the cells whose text a world changes."""
        if why := world.mismatch(self.chapter.sources):
            self.broken.append(Other(world.name, {}, 0.0, why))
            return
        self.worlds[world.name] = world
        self.texts[world.name] = {
            change.place(self.chapter.sources)
            for change in world.changes
            if isinstance(change, Cell)
        }

    def run(self) -> None:
        """Run the chapter and wait for all worlds."""
        os.setpgid(0, 0)
        shell, outcomes = Shell(self.chapter), []
        self.probes, copies, met = Probes(), {}, set()
        called: list[list[set[str]]] = []  # by each statement of each cell
        for i, source in enumerate(self.chapter.sources):
            new = self._may_meet(i, met)
            copy = _Copy(self, shell, i) if source and new else None
            called.append([])
            self.probes.set()
            outcomes.append(shell.run(source, lambda into=called[-1]: into.append(self._calls())))
            shell.look()
            here = set().union(*called[-1])
            meets = {n for n in new if i in self.texts[n] or self.worlds[n].functions & here}
            met |= meets
            if copy and meets:
                copies[i] = copy, sorted(meets, key=list(self.worlds).index)
            elif copy:
                copy.release({})
        untouched = [name for name in self.worlds if name not in met]
        self._write("plain", Plain(outcomes, [set().union(*calls) for calls in called], untouched))
        for other in self.broken:
            self._write(other.name, other)
        for copy, names in copies.values():
            copy.release({name: self._path(name, called, shell) for name in names})
        for copy, _ in copies.values():
            os.waitpid(copy.pid, 0)

    def _calls(self) -> set[str]:
        """Return what was called since this was asked before."""
        called = set(self.probes.called)
        self.probes.set()
        return called

    def _may_meet(self, i: int, met: set[str]) -> set[str]:
        """Return the worlds that a cell may be the first to meet."""
        return {name for name, world in self.worlds.items()
                if name not in met and (i in self.texts[name] or world.functions)}  # fmt: skip

    def _path(self, name: str, called: list[list[set[str]]], shell: Shell) -> list[int]:
        """Return the cells that a world must run."""
        world, sources = self.worlds[name], self.chapter.sources
        calling = {(i, k) for i, cell in enumerate(called) for k, names in enumerate(cell)
                   if names & world.functions}  # fmt: skip
        told = world.told(sources)
        changed = {i: told[i] for i in self.texts[name]}
        return slices.Slices(sources, shell.mutable, shell.random).needed(calling, changed)

    def _write(self, name: str, what: Plain | Other) -> None:
        content = asdict(what)
        if isinstance(what, Plain):
            content["calls"] = [sorted(names) for names in what.calls]
        part = self.folder / f"{name}.part"
        part.write_text(json.dumps(content))
        part.rename(part.with_suffix(".json"))

    def grow(self, shell: Shell, world: World, path: list[int]) -> None:
        """Run a world through some cells."""
        os.read(self.slots[0], 1)
        start, outcomes = time.perf_counter(), {}
        sources = world.told(self.chapter.sources)
        try:
            self.probes.remove()
            for change in world.changes:
                if not isinstance(change, Cell):
                    change.install()
            for i in path:
                outcomes[i] = shell.run(sources[i])
        finally:
            os.write(self.slots[1], b".")
        self._write(world.name, Other(world.name, outcomes, time.perf_counter() - start))

    def note_death(self, world: World, status: int) -> None:
        """Note that a world's process was ended from outside, and give its slot to the next."""
        if os.WIFSIGNALED(status):
            os.write(self.slots[1], b".")
        self._write(world.name, Other(world.name, {}, 0.0, f"ended with status {status}"))


class _Copy:
    """A copy of the chapter before a cell, which waits to hear through which worlds to go."""

    def __init__(self, trunk: _Trunk, shell: Shell, i: int):
        """Copy this process."""
        self.trunk = trunk
        listen, self.tell = os.pipe()
        trunk.telling.append(self.tell)

        def wait():
            for end in trunk.telling:  # else nobody would hear that the chapter's process is gone
                os.close(end)
            with os.fdopen(listen) as told:
                paths = json.loads(told.read() or "{}")
            for name, path in paths.items():
                world = trunk.worlds[name]
                child = _fork(lambda world=world, path=path: trunk.grow(shell, world, path))
                _, status = os.waitpid(child, 0)
                if status:
                    trunk.note_death(world, status)

        self.pid = _fork(wait)
        os.close(listen)

    def release(self, paths: dict[str, list[int]]) -> None:
        """Let the copy go through the cells of these worlds, or end if there are none."""
        self.trunk.telling.remove(self.tell)
        with os.fdopen(self.tell, "w") as tell:
            tell.write(json.dumps(paths))
        if not paths:
            os.waitpid(self.pid, 0)


def _read(file: Path) -> Plain | Other:
    content = json.loads(file.read_text())
    outcomes = content["outcomes"]
    if "calls" in content:
        content["calls"] = [set(names) for names in content["calls"]]
        return Plain(**content | {"outcomes": [Outcome(**o) for o in outcomes]})
    return Other(**content | {"outcomes": {int(i): Outcome(**o) for i, o in outcomes.items()}})

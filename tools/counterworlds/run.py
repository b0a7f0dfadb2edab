"""Run a chapter unchanged, and from each cell on in the worlds that differ there.

The chapter runs once. Before each cell it is copied (`os.fork`); when the cell has run, it is known
which functions of the package it calls, and the copy goes on in every world that this cell is the
first to meet. So the past of a world is the true one, and is computed once.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from .changes import Cell, NoMatch
from .chapter import Chapter, Outcome, Shell
from .probes import Probes, load_package
from .world import World


@dataclass(frozen=True)
class Plain:
    """What happened in the unchanged chapter: outcomes, functions called and seconds by cell."""

    outcomes: list[Outcome]
    calls: list[set[str]]  # those that were not called before
    untouched: list[str]  # names of worlds that no cell meets


@dataclass(frozen=True)
class Other:
    """What happened in a world, from its first cell on."""

    name: str
    first: int
    outcomes: list[Outcome]
    seconds: float
    broken: str = ""  # why it could not be run


def run(chapter: Chapter, worlds: list[World], *, jobs: int = 2) -> Iterator[Plain | Other]:
    """Yield what happened, each world as soon as it has ended; at most `jobs` cells run at once."""
    with tempfile.TemporaryDirectory() as folder:
        pid = _fork(lambda: _Trunk(chapter, worlds, Path(folder), jobs).run())
        ended = False
        while True:
            ready = sorted(Path(folder).glob("*.json"))
            for file in ready:
                yield _read(file)
                file.unlink()
            if ended and not ready:
                return
            if not ended:
                done, status = os.waitpid(pid, os.WNOHANG)
                ended = bool(done)
                if status:
                    raise RuntimeError(f"{chapter.name} ended with status {status}")
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
        self.waiting, self.broken, self.copies = [], 0, []
        for world in worlds:
            self._place(world)

    def _place(self, world: World) -> None:
        """Find the first cell whose text a world changes; none can be found for a bad text."""
        try:
            changed = [c.place(self.chapter.sources) for c in world.changes if isinstance(c, Cell)]
        except NoMatch as error:
            self._write(world.name, Other(world.name, 0, [], 0.0, str(error)))
        else:
            self.waiting.append((min(changed, default=len(self.chapter.sources)), world))

    def run(self) -> None:
        """Run the chapter and wait for all worlds."""
        os.read(self.slots[0], 1)
        load_package()
        shell, outcomes, called = Shell(self.chapter), [], []
        self.probes = Probes()
        for i, source in enumerate(self.chapter.sources):
            copy = _Copy(self, shell, i) if self._may_start(i) else None
            outcomes.append(shell.run(source))
            called.append(names := self.probes.new())
            starting = [w for first, w in self.waiting if first <= i or w.functions & names]
            self.waiting = [pair for pair in self.waiting if pair[1] not in starting]
            if copy:
                copy.release([world.name for world in starting])
        os.write(self.slots[1], b".")
        untouched = [world.name for _, world in self.waiting]
        self._write("", Plain(outcomes, called, untouched))
        for copy in self.copies:
            os.waitpid(copy, 0)

    def _may_start(self, i: int) -> bool:
        return bool(self.chapter.sources[i]) and any(
            first <= i or world.functions for first, world in self.waiting
        )

    def world(self, name: str) -> World:
        return next(world for _, world in self.waiting if world.name == name)

    def _write(self, name: str, what: Plain | Other) -> None:
        content = asdict(what)
        if isinstance(what, Plain):
            content["calls"] = [sorted(names) for names in what.calls]
        part = self.folder / f"{name or 'plain'}.part"
        part.write_text(json.dumps(content))
        part.rename(part.with_suffix(".json"))

    def grow(self, shell: Shell, i: int, world: World) -> None:
        """Run a world to the chapter's end, from cell i on."""
        os.read(self.slots[0], 1)
        start, outcomes = time.perf_counter(), []
        broken = ""
        try:
            self.probes.remove()
            for change in world.changes:
                if not isinstance(change, Cell):
                    change.install()
            for source in self.chapter.sources[i : self.chapter.end]:
                for change in world.changes:
                    source = change.applied(source) if isinstance(change, Cell) else source
                outcomes.append(shell.run(source))
        except NoMatch as error:
            broken = str(error)
        finally:
            os.write(self.slots[1], b".")
        seconds = time.perf_counter() - start
        self._write(world.name, Other(world.name, i, outcomes, seconds, broken))

    def note_death(self, world: World, i: int, status: int) -> None:
        """Note that a world's process was ended from outside, and give its slot to the next."""
        if os.WIFSIGNALED(status):
            os.write(self.slots[1], b".")
        self._write(world.name, Other(world.name, i, [], 0.0, f"ended with status {status}"))


class _Copy:
    """A copy of the chapter before a cell, which waits to hear in which worlds to go on."""

    def __init__(self, trunk: _Trunk, shell: Shell, i: int):
        """Copy this process."""
        listen, self.tell = os.pipe()

        def wait():
            os.close(self.tell)
            with os.fdopen(listen) as told:
                names = json.loads(told.read() or "[]")
            for name in names:
                world = trunk.world(name)
                _, status = os.waitpid(_fork(lambda world=world: trunk.grow(shell, i, world)), 0)
                if status:
                    trunk.note_death(world, i, status)

        trunk.copies.append(_fork(wait))
        os.close(listen)

    def release(self, names: list[str]) -> None:
        """Let the copy go on in these worlds, or end if there are none."""
        with os.fdopen(self.tell, "w") as tell:
            tell.write(json.dumps(names))


def _read(file: Path) -> Plain | Other:
    content = json.loads(file.read_text())
    content["outcomes"] = [Outcome(**outcome) for outcome in content["outcomes"]]
    if "calls" in content:
        return Plain(**content | {"calls": [set(names) for names in content["calls"]]})
    return Other(**content)

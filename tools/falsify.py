"""Run chapters in worlds in which something is false, and store which of their claims fall there.

Usage:
  python tools/falsify.py                          all chapters, what is new or changed
  python tools/falsify.py ch04                     chapters whose name starts so
  python tools/falsify.py ch04 --world half-a-unit one world, again
  python tools/falsify.py --report                 run nothing, say what is stored
  python tools/falsify.py --again 2026-11-28       run that day's three worlds again, and compare
"""

from __future__ import annotations

import os

# Before NumPy and torch are loaded: a process with threads of its own cannot be copied.
os.environ |= {"OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1", "CUDA_VISIBLE_DEVICES": ""}

import argparse
import itertools
import random
import sys
import time
from pathlib import Path

import repository
from counterworlds import answers, cells, run, world
from steps import say

BOOK = repository.ROOT / "book"
JOBS = 2  # processes that compute at once
AGAIN = 3  # worlds that are run again on a day
SHORT = 5.0  # seconds of a chapter, from its start, that are run again


def main() -> int:
    """Do what the command line says; the status is 1 if something could not be run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="*", help="such as ch04; all without")
    parser.add_argument("--world", nargs="+", default=[], help="run these only, changed or not")
    parser.add_argument("--jobs", type=int, default=JOBS, help="processes at once")
    parser.add_argument("--report", action="store_true", help="run nothing, say what is stored")
    parser.add_argument("--again", metavar="DAY", help="run three worlds again, and compare")
    arguments = parser.parse_args()
    start = tuple(name for name in arguments.chapters if name) or ""
    paths = [p for p in sorted(BOOK.glob("ch*.ipynb")) if p.name.startswith(start)]
    if not paths:
        sys.exit(f"no chapter in {BOOK} starts with {', '.join(start)}")
    if arguments.again:
        return again(paths, arguments.again)
    results, begun = [], time.monotonic()
    for path in paths:
        try:
            results.append(bring_up_to_date(path, arguments))
        except (ValueError, RuntimeError) as error:
            say(f"{path.name[:4]}: {error}")
            results.append((path.name[:4], None))
    print()
    for name, found in results:
        report(name, found)
    print(f"{time.monotonic() - begun:.0f} s")
    return int(any(found is None for _, found in results))


def bring_up_to_date(path: Path, arguments: argparse.Namespace) -> tuple[str, answers.Answers]:
    """Run what is new or changed of a chapter, and return all its answers."""
    this = cells.read(path)
    file = BOOK / "worlds" / "answers" / f"{this.name}.json"
    found = answers.load(file)
    if arguments.report:
        return this.name, found
    worlds = world.catalogue(BOOK / "worlds", this.name)
    fresh = found.fresh_claims(this)
    stale = found.stale_worlds(worlds) if fresh else list(worlds.definitions)
    if arguments.world:
        stale = [w.name for w in world.named(worlds.worlds, *arguments.world)]
    if fresh and not stale:
        found.refresh(worlds)
        answers.store(file, found)
        say(f"{this.name}: nothing has changed")
        return this.name, found
    waiting = [w for w in worlds.worlds if w.name in stale]
    say(f"{this.name}: the chapter unchanged, then worlds: {len(waiting)}")
    for one in waiting:
        if why := one.mismatch(this.sources):
            say(f"{this.name}: {one.name} cannot be run: {why}")
    left, done = Left(found, waiting, arguments.jobs), 0
    for what in run.run(this, waiting, jobs=arguments.jobs):
        if isinstance(what, run.Plain):
            _refuse(what)
            found.take_plain(this, what, worlds)
            say(f"{this.name}: {len(found.claims)} claims hold, {sum(found.seconds):.0f} s")
        else:
            found.take_world(what, worlds)
            done += 1
            say(f"{this.name}: {done} of {len(waiting)}, {_fallen(found, what)}{left.said(what)}")
        answers.store(file, found)
    return this.name, found


def _refuse(what: run.Plain) -> None:
    """Stop at an unchanged chapter that is not all true."""
    for i, outcome in enumerate(what.outcomes, 1):
        false = [label for label, held in outcome.found if held is False]
        skipped = [label for label, held in outcome.found if held is None]
        if outcome.error or false:
            raise ValueError(f"code cell {i} of the unchanged chapter: {outcome.error or false[0]}")
        if skipped:
            raise ValueError(f"code cell {i} skips a claim, is MNIST here? {skipped[0]}")


def _fallen(found: answers.Answers, other: run.Other) -> str:
    """Say in a few words what happened in a world."""
    told = found.worlds[other.name]
    if told.broken:
        return f"{other.name} cannot be run: {told.broken}"
    fell = sum(other.name in claim.falls_in for claim in found.claims)
    stopped = sum(other.name in claim.did_not_run_in for claim in found.claims)
    words = f"{other.name}: {fell} fell"
    return f"{words}, {stopped} did not run" if stopped else words


class Left:
    """How long it still takes: what the worlds took before, or what their cells take."""

    def __init__(self, found: answers.Answers, waiting: list[world.World], jobs: int):
        """Begin with all worlds waiting."""
        self.jobs = jobs
        self.known = {name: told.seconds for name, told in found.worlds.items()}
        self.waiting = {w.name for w in waiting}
        self.taken: list[float] = []

    def said(self, other: run.Other) -> str:
        """Say how much is left after a world."""
        self.waiting.discard(other.name)
        self.taken.append(other.seconds)
        usual = sum(self.taken) / len(self.taken)
        seconds = sum(self.known.get(name) or usual for name in self.waiting) / self.jobs
        return f"; about {seconds:.0f} s left" if self.waiting else ""


def again(paths: list[Path], day: str) -> int:
    """Run a few worlds in the beginning of a chapter, chosen by the day; 1 if answers differ."""
    chance = random.Random(day)
    for path in chance.sample(paths, len(paths)):
        this = cells.read(path)
        found = answers.load(BOOK / "worlds" / "answers" / f"{this.name}.json")
        short = sum(total < SHORT for total in itertools.accumulate(found.seconds))
        start = cells.Chapter(this.name, this.folder, this.sources[:short])
        claims = [claim for claim in found.claims if claim.cell <= short]
        known = {name for claim in claims for name in claim.falls_in}
        worlds = world.catalogue(BOOK / "worlds", this.name).worlds
        worlds = [one for one in worlds if one.name in known and _inside(one, start)]
        if worlds:
            return _compare(start, chance.sample(worlds, min(AGAIN, len(worlds))), claims)
    say("no chapter has answers that take a few seconds")
    return 0


def _inside(one: world.World, start: cells.Chapter) -> bool:
    """Say whether all texts that a world changes stand in the beginning of a chapter."""
    texts = [change for change in one.changes if isinstance(change, world.Cell)]
    return all(sum(s.count(text.old) for s in start.sources) == 1 for text in texts)


def _compare(start: cells.Chapter, worlds: list, claims: list[answers.Claim]) -> int:
    """Run worlds to the end of a chapter's beginning; 1 if one fells other claims than stored."""
    happened = list(run.run(start, worlds, jobs=JOBS))
    (plain,) = (what for what in happened if isinstance(what, run.Plain))
    skipped = _places(plain, None)  # where MNIST is missing
    differ = False
    for what in (what for what in happened if isinstance(what, run.Other)):
        fell = _places(what, False)
        told = {(claim.cell, claim.number) for claim in claims if what.name in claim.falls_in}
        say(f"{start.name}, {what.name}: fells {sorted(fell)}, stored {sorted(told)}")
        differ |= fell != told - skipped
    return int(differ)


def _places(what: run.Plain | run.Other, wanted: bool | None) -> set[tuple[int, int]]:
    """Return the claims that came out so, by cell and number."""
    outcomes = what.outcomes if isinstance(what, run.Other) else dict(enumerate(what.outcomes))
    return {(i + 1, k) for i, outcome in outcomes.items()
            for k, (_, held) in enumerate(outcome.found, 1) if held is wanted}  # fmt: skip


def report(name: str, found: answers.Answers | None) -> None:
    """Say what fell in a chapter, and what did not."""
    if found is None or not found.claims:
        print(f"{name}: no answer")
        return
    fell = len(found.claims) - len(found.standing)
    seconds = sum(told.seconds for told in found.worlds.values())
    print(f"{name}: {len(found.claims)} claims, {fell} fall in {len(found.worlds)} worlds; "
          f"{sum(found.seconds):.0f} s unchanged, {seconds:.0f} s in the worlds")  # fmt: skip
    for claim in found.standing:
        stopped = ", ".join(claim.did_not_run_in)
        print(f"  nothing fells {claim.label!r}, cell {claim.cell}"
              + (f"; it did not run in {stopped}" if stopped else ""))  # fmt: skip
    for world_name in found.idle:
        told = found.worlds[world_name]
        why = told.broken or ("" if told.cell else "nothing false reaches a claim")
        why = why or "; ".join(f"cell {i}: {error}" for i, error in told.errors.items())
        print(f"  {world_name} fells nothing" + (f": {why}" if why else ""))


if __name__ == "__main__":
    sys.exit(main())

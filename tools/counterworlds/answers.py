"""What is stored of a chapter: which claims fell in which worlds, and of what code that is true."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .cells import Chapter
from .run import Other, Plain
from .world import Catalogue


@dataclass
class Claim:
    """A claim of the unchanged chapter, by its place, and the worlds that felled it."""

    cell: int  # which code cell, from 1
    number: int  # which check in it, from 1
    label: str
    hash: str  # of the cells up to its own and of the functions that they call
    falls_in: list[str] = field(default_factory=list)
    did_not_run_in: list[str] = field(default_factory=list)


@dataclass
class Told:
    """What is stored of a world."""

    falls_if: str
    definition: str  # its hash
    through: str  # the hash of the last claim of the chapter in which it was run
    cell: int  # the first that is run, from 1; 0 if none is
    seconds: float
    errors: dict[str, str] = field(default_factory=dict)  # by cell
    broken: str = ""  # why it could not be run
    shared: bool = False  # with other chapters


@dataclass
class Answers:
    """What is stored of a chapter."""

    claims: list[Claim] = field(default_factory=list)
    worlds: dict[str, Told] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)  # functions that a cell is first to call
    seconds: list[float] = field(default_factory=list)  # of the cells

    def take_plain(self, chapter: Chapter, plain: Plain, worlds: Catalogue) -> None:
        """Take the unchanged chapter; what was answered of claims that are the same is kept."""
        before = {(c.hash, c.cell, c.number): c for c in self.claims}
        known, self.calls = set(), []
        for called in plain.calls:
            self.calls.append(sorted(called - known))
            known |= called
        self.seconds = [round(outcome.seconds, 2) for outcome in plain.outcomes]
        self.claims = []
        for i, (outcome, hash) in enumerate(
            zip(plain.outcomes, chapter.hashes(self.called()), strict=True), 1
        ):
            for number, (label, _) in enumerate(outcome.found, 1):
                old = before.get((hash, i, number))
                claim = Claim(i, number, label, hash)
                if old:
                    claim.falls_in, claim.did_not_run_in = old.falls_in, old.did_not_run_in
                self.claims.append(claim)
        for name in set(self.worlds) - set(worlds.definitions):
            self.forget(name)
        for name in plain.untouched:
            self._take(name, worlds, Told("", "", "", 0, 0.0))
        self.refresh(worlds)

    def take_world(self, other: Other, worlds: Catalogue) -> None:
        """Take what happened in a world, in the place of what was known of it."""
        told = Told("", "", "", min(other.outcomes, default=-1) + 1, round(other.seconds, 1))
        told.broken = other.broken
        told.errors = {str(i + 1): o.error for i, o in other.outcomes.items() if o.error}
        self._take(other.name, worlds, told)
        for claim in self.claims if not other.broken else []:
            if (outcome := other.outcomes.get(claim.cell - 1)) is None:
                continue  # nothing false reaches it
            if claim.number > len(outcome.found):
                claim.did_not_run_in.append(other.name)
            elif outcome.found[claim.number - 1][1] is False:
                claim.falls_in.append(other.name)
        self.refresh(worlds)

    def _take(self, name: str, worlds: Catalogue, told: Told) -> None:
        self.forget(name)
        told.definition, told.through = worlds.definitions[name], self.through
        self.worlds[name] = told

    def refresh(self, worlds: Catalogue) -> None:
        """Write the sentences and the order of the catalogue, which no run depends on."""
        order = {world.name: i for i, world in enumerate(worlds.worlds)}
        said = {world.name: world.falls_if for world in worlds.worlds}
        self.worlds = {name: self.worlds[name] for name in order if name in self.worlds}
        for name, told in self.worlds.items():
            told.falls_if, told.shared = said[name], name in worlds.shared
        for claim in self.claims:
            for names in (claim.falls_in, claim.did_not_run_in):
                names[:] = sorted({n for n in names if n in order}, key=order.get)

    def forget(self, name: str) -> None:
        """Drop a world."""
        self.worlds.pop(name, None)
        for claim in self.claims:
            for names in (claim.falls_in, claim.did_not_run_in):
                names[:] = [one for one in names if one != name]

    @property
    def through(self) -> str:
        """The hash of the last claim."""
        return self.claims[-1].hash if self.claims else ""

    def called(self) -> list[set[str]]:
        """Return the functions that each cell is the first to call."""
        return [set(names) for names in self.calls]

    def fresh_claims(self, chapter: Chapter) -> bool:
        """Say whether the claims are those of this chapter and of the code as it is now."""
        if len(self.calls) != len(chapter.sources):
            return False
        now = chapter.hashes(self.called())
        return all(claim.hash == now[claim.cell - 1] for claim in self.claims)

    def stale_worlds(self, worlds: Catalogue) -> list[str]:
        """Return the worlds that must be run, given that the claims are fresh."""
        return [
            name
            for name, definition in worlds.definitions.items()
            if name not in self.worlds
            or (self.worlds[name].definition, self.worlds[name].through)
            != (definition, self.through)
        ]

    @property
    def standing(self) -> list[Claim]:
        """The claims that nothing fells."""
        return [claim for claim in self.claims if not claim.falls_in]

    @property
    def idle(self) -> list[str]:
        """The worlds that felled nothing."""
        busy = {name for claim in self.claims for name in claim.falls_in}
        return [name for name in self.worlds if name not in busy]


def load(path: Path) -> Answers:
    """Read what is stored; nothing may be."""
    if not path.exists():
        return Answers()
    content = json.loads(path.read_text(encoding="utf8"))
    return Answers(
        [Claim(**claim) for claim in content["claims"]],
        {name: Told(**told) for name, told in content["worlds"].items()},
        content["calls"],
        content["seconds"],
    )


def store(path: Path, answers: Answers) -> None:
    """Write the answers whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(_written(asdict(answers)) + "\n", encoding="utf8")
    part.replace(path)


def _written(content: dict) -> str:
    """Write JSON with a line for each claim, world and cell, so that git shows what changed."""

    def lines(items):
        return ",\n".join(f"  {json.dumps(item, ensure_ascii=False)}" for item in items)

    worlds = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(told, ensure_ascii=False)}"
        for name, told in content["worlds"].items()
    )
    return (
        f'{{"claims": [\n{lines(content["claims"])}\n],\n"worlds": {{\n{worlds}\n}},\n'
        f'"calls": [\n{lines(content["calls"])}\n],\n'
        f'"seconds": {json.dumps(content["seconds"])}}}'
    )

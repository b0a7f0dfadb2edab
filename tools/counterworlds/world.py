"""A world, the catalogue of a chapter's worlds, and how to tell that a world was changed."""

from __future__ import annotations

import ast
import importlib
import sys
from dataclasses import dataclass
from pathlib import Path

from .changes import Cell, Code, Instead, NoMatch
from .hashes import canonical, digest

Change = Cell | Code | Instead


@dataclass(frozen=True, init=False)
class World:
    """Something false: its name, the end of the sentence "falls if …", and what is changed."""

    name: str
    falls_if: str
    changes: tuple[Change, ...]

    def __init__(self, name: str, falls_if: str, *changes: Change):
        """Take any number of changes, all of which hold in this world."""
        if not changes:
            raise ValueError(f"world {name!r} changes nothing")
        for field, value in zip(("name", "falls_if", "changes"), (name, falls_if, changes),
                                strict=True):  # fmt: skip
            object.__setattr__(self, field, value)

    @property
    def functions(self) -> set[str]:
        """The functions of the package that are changed."""
        return {change.function for change in self.changes if not isinstance(change, Cell)}

    def mismatch(self, sources: list[str]) -> str:
        """Say why the world cannot be run on these cells and this package; empty if it can."""
        try:
            for change in self.changes:
                if isinstance(change, Cell):
                    change.place(sources)
                else:
                    change.refuse_unfit()
        except NoMatch as error:
            return str(error)
        return ""

    def told(self, sources: list[str]) -> list[str]:
        """Return the cells as this world has them."""
        for change in self.changes:
            if isinstance(change, Cell):
                sources = [source.replace(change.old, change.new) for source in sources]
        return sources


def named(worlds: list[World], *names: str) -> list[World]:
    """Return some of the worlds, by name."""
    known = {world.name: world for world in worlds}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"no world {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in names]


@dataclass(frozen=True)
class Catalogue:
    """The worlds of a chapter, and a hash of each one's definition."""

    worlds: list[World]
    definitions: dict[str, str]
    shared: set[str]  # names of those that other chapters have too


def catalogue(folder: Path, chapter: str) -> Catalogue:
    """Read the worlds of a chapter, such as `ch04`; it may have none."""
    file = folder / f"{chapter}.py"
    if not file.exists():
        return Catalogue([], {}, set())
    worlds = _load(folder, chapter).WORLDS
    names = [world.name for world in worlds]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"{file}: two worlds are called {', '.join(sorted(twice))}")
    own = _definitions(file)
    shared = _definitions(folder / "common.py") if (folder / "common.py").exists() else {}
    missing = [name for name in names if name not in {**shared, **own}]
    if missing:
        raise ValueError(f"{file}: the name of {missing[0]} must stand in its World(…) as a text")
    definitions = {name: {**shared, **own}[name] for name in names}
    return Catalogue(worlds, definitions, {name for name in names if name not in own})


def _load(folder: Path, name: str):
    """Import a file of worlds; they may import `common` from their folder."""
    for stale in {"common", name} & set(sys.modules):
        del sys.modules[stale]
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))


def _definitions(file: Path) -> dict[str, str]:
    """Return a hash of each `World(…)` in a file with what it refers to; its sentence is free."""
    tree = ast.parse(file.read_text(encoding="utf8"))
    known = dict(_top_level(tree))
    common = file.with_name("common.py")
    if common != file and common.exists():
        shared = dict(_top_level(ast.parse(common.read_text(encoding="utf8"))))
        known = shared | {f"common.{name}": node for name, node in shared.items()} | known
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)
             and getattr(node.func, "id", "") == "World" and node.args]  # fmt: skip
    return {call.args[0].value: digest(*map(canonical, _with_needs(call, known)))
            for call in calls if isinstance(call.args[0], ast.Constant)}  # fmt: skip


def _top_level(tree: ast.Module):
    """Yield what a module defines, by name."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.Assign):
            yield from ((t.id, node) for t in node.targets if isinstance(t, ast.Name))


def _with_needs(call: ast.Call, known: dict[str, ast.AST]) -> list[ast.AST]:
    """Return a world's changes and all definitions that they use."""
    queue, seen = list(call.args[2:]), []
    while queue:
        node = queue.pop(0)
        seen.append(node)
        for part in ast.walk(node):
            name = part.id if isinstance(part, ast.Name) else ""
            if isinstance(part, ast.Attribute) and getattr(part.value, "id", "") == "common":
                name = f"common.{part.attr}"
            if (needed := known.get(name)) is not None and needed not in [*seen, *queue]:
                queue.append(needed)
    return seen

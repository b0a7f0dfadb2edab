"""Which cells a world must run: those that what is false can reach, and those that they need.

A cell that nothing false reaches has the true outcome, so its claims cannot fall; it is run only
where a later cell needs its results. What a cell reads and binds is read off its text, what it may
change in place off the kinds of values that it reads: this errs towards running a cell too many.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from .cells import plain

# The state of torch's own random numbers; a cell that seeds them does not depend on it.
CHANCE = "torch's random numbers"
# Statements that may or may not bind a name.
BRANCHES = (ast.If, ast.Try, ast.While, ast.For, ast.Match)


@dataclass(frozen=True)
class Use:
    """What code does with names: reads, binds, surely binds, may change in place."""

    reads: frozenset[str]
    binds: frozenset[str]
    surely: frozenset[str]
    changes: frozenset[str]


@dataclass(frozen=True)
class Step:
    """A statement of a cell."""

    cell: int
    use: Use
    text: str


class Slices:
    """A chapter, statement by statement."""

    def __init__(self, sources: list[str], mutable: Collection[str], random: Collection[str]):
        """Take the cells, and names of values that can be changed and of random sources."""
        self.chance = {*random, CHANCE}
        self.can_change = {*mutable, *random}
        trees = [_parsed(source) for source in sources]
        self.functions: dict[str, set[str]] = {}
        self._learn(node for tree in trees for node in tree.body)
        self.steps = [self._steps(i, tree) for i, tree in enumerate(trees)]

    def needed(self, calling: Collection[tuple[int, int]], changed: dict[int, str]) -> list[int]:
        """Return the cells to run, in order, when these statements call what is false.

        Cells that a world changes are given by their number, with their other text. Random numbers
        carry nothing on: a claim that falls because others are drawn is no finding.
        """
        steps, touched = list(self.steps), set(calling)
        for i, source in changed.items():
            tree = _parsed(source)
            self._learn(tree.body)
            now = self._steps(i, tree)
            old = [step.text for step in steps[i]]
            same = len(now) == len(old)
            touched |= {(i, k) for k, step in enumerate(now) if not same or step.text != old[k]}
            steps[i] = now
        reached = self._reached(steps, touched)
        first = min((i for i, _ in touched), default=len(steps))
        wanted, kept = set(), []
        for i in reversed(range(first, len(steps))):
            use = _joined(steps[i])
            if i in reached or (use.binds | use.changes) & wanted:
                kept.insert(0, i)
                wanted = (wanted - use.surely) | use.reads
        return kept

    def _reached(self, steps: list[list[Step]], touched: set[tuple[int, int]]) -> set[int]:
        """Return the cells with a check that what is false can reach."""
        reached, false = set(), set()
        for i, cell in enumerate(steps):
            for k, step in enumerate(cell):
                if (i, k) in touched or step.use.reads & false:
                    false |= (step.use.binds | step.use.changes) - self.chance
                    reached |= {i} if "check(" in step.text else set()
                else:
                    false -= step.use.surely
        return reached

    def _learn(self, nodes: Iterable[ast.stmt]) -> None:
        """Note what the chapter's own functions read."""
        for node in nodes:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                self.functions.setdefault(node.name, set()).update(_globals(_table(node)))

    def _steps(self, i: int, tree: ast.Module) -> list[Step]:
        seeds = "manual_seed(" in ast.unparse(tree)
        return [Step(i, self._use(node, seeds), ast.unparse(node)) for node in tree.body]

    def _use(self, node: ast.stmt, seeds: bool) -> Use:
        reads, binds = _names(node)
        reads = _with_functions(reads, self.functions)
        surely = set() if isinstance(node, BRANCHES) else binds
        changes = reads & (self.can_change | _stored_into(node))
        if "torch" in reads and not isinstance(node, ast.Import | ast.FunctionDef):
            changes |= {CHANCE}
            reads |= set() if seeds else {CHANCE}
        if ast.unparse(node).startswith("torch.manual_seed("):
            surely = surely | {CHANCE}  # what was drawn before makes no difference from here on
        return Use(*map(frozenset, (reads, binds, surely, changes)))


def _joined(steps: list[Step]) -> Use:
    """Return what statements do together, one after the other."""
    reads, binds, surely, changes = set(), set(), set(), set()
    for step in steps:
        reads |= step.use.reads - surely
        binds |= step.use.binds
        surely |= step.use.surely
        changes |= step.use.changes
    return Use(*map(frozenset, (reads, binds, surely, changes)))


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(plain(source))
    except SyntaxError:
        return ast.parse("")


def _table(node: ast.AST) -> symtable.SymbolTable:
    return symtable.symtable(ast.unparse(node), "cell", "exec")


def _globals(table: symtable.SymbolTable) -> set[str]:
    """Return the names that the scopes inside a scope take from the chapter."""
    found = set()
    for inner in table.get_children():
        found |= {s.get_name() for s in inner.get_symbols() if s.is_global()} | _globals(inner)
    return found


def _names(node: ast.stmt) -> tuple[set[str], set[str]]:
    """Return the names that a statement reads and binds; a definition reads nothing of its body."""
    table = _table(node)
    symbols = table.get_symbols()
    read = {s.get_name() for s in symbols if s.is_referenced()}
    if not isinstance(node, ast.FunctionDef | ast.ClassDef):
        read |= _globals(table)
    targets = [n.target for n in ast.walk(node) if isinstance(n, ast.AugAssign)]
    read |= {target.id for target in targets if isinstance(target, ast.Name)}
    for loop in (n for n in ast.walk(node) if isinstance(n, ast.For)):
        read -= _named(loop.target) - _outside(node, loop)  # what a loop binds is not from before
    return read, {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}


def _named(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _outside(node: ast.stmt, loop: ast.For) -> set[str]:
    """Return the names that a statement mentions outside a loop in it, or to enter the loop."""
    inside = {id(n) for part in [loop.target, *loop.body] for n in ast.walk(part)}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and id(n) not in inside}


def _with_functions(names: set[str], functions: dict[str, set[str]]) -> set[str]:
    """Add what the chapter's own functions read, where they are named."""
    found, queue = set(), list(names)
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue += functions.get(name, ())
    return found


def _stored_into(tree: ast.AST) -> set[str]:
    """Return the names of values into which a cell stores: `x[0] = …`, `x.a = …`, `x += …`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        if not (
            isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store)
        ):
            continue
        while isinstance(node, ast.Subscript | ast.Attribute | ast.Call):
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name):
            found.add(node.id)
    return found

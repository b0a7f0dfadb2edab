"""Which cells a world must run: those that what is false can reach, and those that they need.

A cell that nothing false reaches has the true outcome, so its claims cannot fall; it is run only
where a later cell needs its results. What a cell reads and binds is read off its text, what it may
change in place off the kinds of values that it reads: this errs towards running a cell too many.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Collection
from dataclasses import dataclass

from .cells import plain

# The state of torch's own random numbers; a cell that seeds them does not depend on it.
CHANCE = "torch's random numbers"
# Statements that may or may not bind a name.
BRANCHES = (ast.If, ast.Try, ast.While, ast.For, ast.Match)


@dataclass(frozen=True)
class Use:
    """What a cell does with names: reads, binds, surely binds, may change in place."""

    reads: frozenset[str]
    binds: frozenset[str]
    surely: frozenset[str]
    changes: frozenset[str]


def uses(sources: list[str], mutable: Collection[str], random: Collection[str]) -> list[Use]:
    """Return what each cell does with names, given which ones hold values that can be changed."""
    trees = [_parsed(source) for source in sources]
    functions: dict[str, set[str]] = {}
    for node in (n for tree in trees for n in tree.body):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            functions.setdefault(node.name, set()).update(_globals(_table(node)))
    found = []
    for tree, source in zip(trees, sources, strict=True):
        reads, binds, surely = set(), set(), set()
        for node in tree.body:
            read, bound = _names(node)
            reads |= _with_functions(read, functions) - surely
            binds |= bound
            surely |= set() if isinstance(node, BRANCHES) else bound
        changes = reads & {*mutable, *random} | _stored_into(tree) & reads
        if "torch" in reads:
            changes.add(CHANCE)
            reads |= set() if "manual_seed(" in source else {CHANCE}
        found.append(Use(*map(frozenset, (reads, binds, surely, changes))))
    return found


def needed(
    found: list[Use], touched: Collection[int], checking: Collection[int], random: Collection[str]
) -> list[int]:
    """Return the cells to run, in order, when these are touched by what is false.

    Random numbers carry nothing on: a claim that falls because others are drawn is no finding.
    """
    reached, false = set(), set()
    for i, use in enumerate(found):
        if i in touched or use.reads & false:
            reached.add(i)
            false |= (use.binds | use.changes) - set(random) - {CHANCE}
        else:
            false -= use.surely
    wanted, kept = set(), []
    for i in reversed(range(min(touched), len(found))):
        use = found[i]
        if i in reached & set(checking) or (use.binds | use.changes) & wanted:
            kept.insert(0, i)
            wanted = (wanted - use.surely) | use.reads
    return kept


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
    return read, {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}


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

"""Hashes of code that comments, line breaks, docstrings and what only shows do not change."""

from __future__ import annotations

import ast
import functools
import hashlib
from pathlib import Path

import wganlib

PACKAGE = Path(wganlib.__file__).parent
# Names that hold figures and what draws in them, in every chapter.
DRAWING = {"ax", "axes", "fig", "plotting", "plt"}
# Functions and methods that read and change nothing.
READING = {
    *("abs", "comb", "dict", "enumerate", "float", "int", "len", "list", "max", "min", "range"),
    *("round", "sorted", "str", "sum", "zip"),
    *("items", "join", "keys", "ljust", "mean", "ravel", "tolist", "values"),
}


def digest(*texts: str) -> str:
    """Return a short hash of some texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def canonical(node: object) -> str:
    """Write a syntax tree as a text that is the same for every version of Python.

    Fields that are empty are left out: `ast.dump` writes some of them in some versions only.
    """
    if isinstance(node, list):
        return f"[{' '.join(map(canonical, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = ((name, value) for name, value in ast.iter_fields(node) if value not in (None, []))
    inside = " ".join(f"{k}={canonical(v)}" for k, v in fields if k not in ("kind", "ctx"))
    return f"({type(node).__name__} {inside})"


def of_source(source: str) -> str:
    """Return the canonical text of Python code; of what is no Python, the text itself."""
    try:
        return canonical(_WithoutShowing().visit(ast.parse(source)).body)
    except SyntaxError:
        return source


class _WithoutShowing(ast.NodeTransformer):
    """Takes out statements that draw or print and do nothing else, and loops with nothing left.

    Such a statement calls a method of a figure, a function that draws, or `print`, and keeps no
    result; what it hands over is only read, since a call may draw a random number or train.  So a
    label may be moved without asking once more in which worlds a chapter's claims fall.
    """

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        call = node.value
        if not isinstance(call, ast.Call) or _root(call.func) not in DRAWING | {"print"}:
            return node
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        return node if any(map(_acts, given)) else None

    def visit_For(self, node: ast.For) -> ast.For | None:
        self.generic_visit(node)
        return node if node.body or node.orelse or _acts(node.iter) else None


def _root(function: ast.expr) -> str:
    """Return the name that a call begins with: `plt` of `plt.show`, `axes` of `axes[0].plot`."""
    while isinstance(function, ast.Attribute | ast.Subscript):
        function = function.value
    return function.id if isinstance(function, ast.Name) else ""


def _acts(value: ast.expr) -> bool:
    """Say whether to evaluate an expression may do more than read."""
    others = ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom
    return any(
        isinstance(part, others) or (isinstance(part, ast.Call) and not _reads(part.func))
        for part in ast.walk(value)
    )


def _reads(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else _root(function)
    return name in READING or _root(function) in DRAWING


@functools.cache
def of_function(path: str) -> str:
    """Return a hash of a function of the package, such as `models.MLPCritic.forward`.

    It covers the constants of the module that the function names, and the fields of its class, but
    no docstring. What is no longer there has the hash of nothing.
    """
    parts = path.split(".")
    file = next((PACKAGE.joinpath(*parts[:n]).with_suffix(".py") for n in range(len(parts), 0, -1)
                 if PACKAGE.joinpath(*parts[:n]).with_suffix(".py").exists()), None)  # fmt: skip
    if file is None:
        return digest()
    tree, names = _tree(file), parts[len(file.relative_to(PACKAGE).parts) :]
    found, body = [], tree.body
    for name in names:
        inside = [n for n in body if getattr(n, "name", "") == name]
        if isinstance(inside[-1] if inside else None, ast.ClassDef):
            body = inside[-1].body
            found += [n for n in body if isinstance(n, ast.Assign | ast.AnnAssign)]
        else:
            found += inside
    named = {n.id for f in found for n in ast.walk(f) if isinstance(n, ast.Name)}
    lambdas = names[-1:] == ["<lambda>"]  # one of the module's: all its constants may hold it
    constants = [n for n in tree.body if isinstance(n, ast.Assign | ast.AnnAssign)
                 and (lambdas or named & {t.id for t in ast.walk(n) if isinstance(t, ast.Name)
                                          and isinstance(t.ctx, ast.Store)})]  # fmt: skip
    return digest(*map(canonical, [*found, *constants])) if found or constants else digest()


@functools.cache
def _tree(file: Path) -> ast.Module:
    """Parse a module and take its docstrings out."""
    tree = ast.parse(file.read_text(encoding="utf8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(node, ast.FunctionDef | ast.ClassDef):
            first = body[0]
            text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            if text and isinstance(first.value.value, str):
                del body[0]
    return tree

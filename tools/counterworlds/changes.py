"""What can be false in a world: the text of a cell, the text of a function, or what one returns.

A function is changed in place: everybody who has imported it meets the change, and who holds a
function that it has made does so too.
"""

from __future__ import annotations
import __future__

import ast
import functools
import gc
import importlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType

PACKAGE = "wganlib"


class NoMatch(ValueError):
    """A text that a world changes is not there, or not once."""


@dataclass(frozen=True)
class Cell:
    """Another text in one of the chapter's cells."""

    old: str
    new: str

    def place(self, sources: list[str]) -> int:
        """Return which code cell holds the text, counted from 0; it must be there exactly once."""
        found = [i for i, source in enumerate(sources) for _ in range(source.count(self.old))]
        if len(found) != 1:
            cells = f", in code cells {', '.join(str(i + 1) for i in found)}" if found else ""
            raise NoMatch(f"{self.old!r} occurs {len(found)} times in the chapter{cells}")
        return found[0]


@dataclass(frozen=True)
class Code:
    """Another text in a function of the package."""

    function: str
    old: str
    new: str

    def install(self) -> None:
        """Change the function, for good."""
        found, source = find(self.function), self.source()
        found.text_now = source.replace(self.old, self.new)
        _become(found, found.text_now)

    def source(self) -> str:
        """Return the function's text as it is now; it must hold the old one exactly once."""
        found = find(self.function)
        source = getattr(found, "text_now", None) or _without_docstring(found)
        if (count := source.count(self.old)) != 1:
            raise NoMatch(f"{self.old!r} occurs {count} times in {self.function}")
        return source

    def refuse_unfit(self) -> None:
        """Refuse a text that is not there, or that what the function has made cannot follow."""
        found = find(self.function)
        _follow(found, _compiled(found, self.source().replace(self.old, self.new)))


@dataclass(frozen=True)
class Instead:
    """Another function in the place of one of the package; it is given the true one first."""

    function: str
    other: Callable

    def install(self) -> None:
        """Change the function, for good."""
        found = find(self.function)
        true = FunctionType(found.__code__, found.__globals__, found.__name__, None,
                            found.__closure__)  # fmt: skip
        true.__defaults__, true.__kwdefaults__ = found.__defaults__, found.__kwdefaults__
        name = f"_instead_of_{found.__name__}_{id(true)}"
        found.__globals__[name] = functools.partial(self.other, true)
        _become(found, self._calling(name))

    def refuse_unfit(self) -> None:
        """Refuse a function that is not there, or has made some that nothing can be put before."""
        found = find(self.function)
        _follow(found, _compiled(found, self._calling("nobody")))

    def _calling(self, name: str) -> str:
        """Write a function that calls one of this name."""
        head = f"def {self.function.split('.')[-1]}(*given, **named):"
        return f"{head}\n    return {name}(*given, **named)"


def cell(old: str, new: str) -> Cell:
    """Change a text that occurs exactly once in the chapter's cells."""
    return Cell(old, new)


def code(function: str, old: str, new: str) -> Code:
    """Change a text that occurs exactly once in a function, such as `lipschitz.debiased_w1`."""
    return Code(function, old, new)


def instead(function: str, other: Callable) -> Instead:
    """Call `other(true function, *arguments)` where a function of the package is called."""
    return Instead(function, other)


def result(function: str, change: Callable) -> Instead:
    """Put what a function of the package returns through `change`."""
    return Instead(function, _After(change))


@dataclass(frozen=True)
class _After:
    change: Callable

    def __call__(self, true, *given, **named):
        return self.change(true(*given, **named))


def find(path: str) -> FunctionType:
    """Return a function by its place, such as `training.train` or `models.ConvCritic.forward`."""
    parts = path.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            found = importlib.import_module(".".join([PACKAGE, *parts[:length]]))
        except ModuleNotFoundError:
            continue
        try:
            for part in parts[length:]:
                found = inspect.getattr_static(found, part)
        except AttributeError:
            break
        found = found.fget if isinstance(found, property) else found
        found = inspect.unwrap(getattr(found, "__func__", found))
        if isinstance(found, FunctionType):
            return found
        break
    raise NoMatch(f"{PACKAGE}.{path} is no function of the package")


def _without_docstring(function: FunctionType) -> str:
    """Return a function's source; a text that only its docstring holds must not be found."""
    source = textwrap.dedent(inspect.getsource(function))
    (definition,) = ast.parse(source).body
    if ast.get_docstring(definition) is None or len(definition.body) == 1:
        return source
    lines, text = source.splitlines(keepends=True), definition.body[0]
    return "".join(lines[: text.lineno - 1] + lines[text.end_lineno :])


def _become(function: FunctionType, source: str) -> None:
    """Give a function another body, in place, and to those that it has made what it makes now."""
    other = _compiled(function, source)
    for made, code in _follow(function, other):
        made.__code__ = code
    function.__code__ = other.__code__
    function.__defaults__, function.__kwdefaults__ = other.__defaults__, other.__kwdefaults__


def _compiled(function: FunctionType, source: str) -> FunctionType:
    """Return a function of another source, with the variables of the first one's closure."""
    (definition,) = ast.parse(source).body
    definition.decorator_list = []
    enclosed = function.__code__.co_freevars
    if enclosed:  # mentioned, never run: so the new body encloses the same
        mention = ast.parse(f"if False: {', '.join(enclosed)},").body
        definition.body[:0] = mention
    factory = ast.parse(f"def factory({', '.join(enclosed)}):\n    return {definition.name}")
    factory.body[0].body.insert(0, definition)
    flags = __future__.annotations.compiler_flag
    made = {}
    exec(compile(ast.fix_missing_locations(factory), f"<{function.__name__}>", "exec", flags),
         function.__globals__, made)  # fmt: skip
    return made["factory"](*enclosed)


def _follow(function: FunctionType, other: FunctionType) -> list[tuple[FunctionType, CodeType]]:
    """Pair each function that one has made, and that lives on, with what another would make.

    The package makes such functions when it is imported: losses in a table, for one.
    """
    old = list(_inside(function.__code__))
    places = {id(code): place for place, code in enumerate(old)}
    made = [one for one in gc.get_objects() if type(one) is FunctionType
            and id(one.__code__) in places] if old else []  # fmt: skip
    if not made:
        return []
    new = list(_inside(other.__code__))
    if [code.co_freevars for code in new] != [code.co_freevars for code in old]:
        names = ", ".join(sorted({one.__qualname__ for one in made}))
        raise NoMatch(
            f"{function.__module__}.{function.__qualname__} has made {names} before, which a "
            "change of this kind does not reach: change only the text of what it makes"
        )
    return [(one, new[places[id(one.__code__)]]) for one in made]


def _inside(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of all functions within a function, in the order of its text."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _inside(constant)

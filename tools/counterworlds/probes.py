"""Notice which functions of the package a cell calls.

Each function gets another body that notes the call, takes the true body back and goes on there. So
a cell's first call costs something and no other, unlike under `sys.setprofile`.
"""

from __future__ import annotations

import functools
import gc
import importlib
import os
import pkgutil
from pathlib import Path
from types import CodeType, FunctionType

import wganlib

from . import hashes

# What draws cannot make a claim fall: a change there leaves the answers as they are.
DRAWING = ("figures", "plotting", "palette")


def load_package() -> None:
    """Import the whole package, so that no function of it appears later."""
    for module in pkgutil.walk_packages(wganlib.__path__, "wganlib."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


class Probes:
    """One for each function of the package; a function inside another belongs to it."""

    def __init__(self):
        """Find the functions; no probe is set yet."""
        self.called: set[str] = set()
        self._all: list[_Probe] = []
        package = f"{hashes.PACKAGE}{os.sep}"
        for found in gc.get_objects():
            if type(found) is FunctionType and found.__code__.co_filename.startswith(package):
                name = found.__code__.co_qualname
                module = Path(found.__code__.co_filename[len(package) :]).with_suffix("").parts
                if "<locals>" not in name and module[0] not in DRAWING:
                    self._all.append(_Probe(found, ".".join([*module, name]), self.called))

    def set(self) -> None:
        """Forget what was called, and set all probes."""
        self.called.clear()
        for probe in self._all:
            probe.set()

    def remove(self) -> None:
        """Give all functions their own bodies back."""
        for probe in self._all:
            probe.remove()


class _Probe:
    """A probe on one function."""

    def __init__(self, function: FunctionType, path: str, called: set[str]):
        """Make the body that notes a call."""
        self.function, self.path, self.called = function, path, called
        self.body = function.__code__
        template = _template(self.body.co_freevars)
        constants = tuple(self if c == "PROBE" else c for c in template.co_consts)
        self.noting = template.replace(co_consts=constants)

    def set(self) -> None:
        """Put the probe in the place of the function's body."""
        self.function.__code__ = self.noting

    def note(self, given: tuple, named: dict) -> object:
        """Note the call, and go on with it."""
        self.called.add(self.path)
        self.remove()
        return self.function(*given, **named)

    def remove(self) -> None:
        """Give the function its own body back."""
        self.function.__code__ = self.body


@functools.cache
def _template(enclosed: tuple[str, ...]) -> CodeType:
    """Return a body that calls the method `note` of a constant and encloses these variables."""
    mention = f"\n        if False: {', '.join(enclosed)}," if enclosed else ""
    text = (
        f"def factory({', '.join(enclosed)}):\n"
        f"    def probe(*given, **named):{mention}\n"
        "        return 'PROBE'.note(given, named)\n"
        "    return probe\n"
    )
    made = {}
    exec(text, made)
    return made["factory"](*enclosed).__code__

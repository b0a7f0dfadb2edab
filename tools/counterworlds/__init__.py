"""Worlds in which a chapter is run although something in them is false, to see its claims fall.

`book/worlds/` holds the worlds, `make falsify` runs them, `book/worlds/answers/` says what fell.
"""

from .changes import Cell, Code, Instead, cell, code, instead, result
from .world import World, named

__all__ = ["Cell", "Code", "Instead", "World", "cell", "code", "instead", "named", "result"]

"""What an experiment has to say about itself, so that one runner can make any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .provenance import Log

PROVENANCE = "provenance.json"


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """Something that is computed once and stored in a folder of its own.

    Attributes
    ----------
    name : str
        The folder's name.
    about : str
        One line for a person who looks for it.
    fill : callable
        ``fill(folder, log)`` computes and writes into the folder. It may return a dictionary of
        further entries for ``provenance.json``. If an earlier start was cut off, the folder holds
        what that one wrote.
    files : tuple of str
        What the folder must hold before the experiment counts as finished, besides
        ``provenance.json``, which the runner writes.
    seed : int or list of int
        Where its random numbers start.
    data : str
        What it was computed from, in words.
    after : tuple of str
        Names of the experiments whose results it reads.
    """

    name: str
    about: str
    fill: Callable[[Path, Log], dict | None]
    files: tuple[str, ...]
    seed: int | list[int]
    data: str
    after: tuple[str, ...] = ()

    def missing_files(self, folder: Path) -> list[str]:
        """Return the files without which the folder is not finished."""
        return [name for name in (*self.files, PROVENANCE) if not (folder / name).is_file()]

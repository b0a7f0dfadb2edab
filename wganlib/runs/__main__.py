"""Make the book's stored results: ``python -m wganlib.runs [NAME ...]``.

A run that was stopped goes on where it was; a finished one is left alone unless its folder is
removed. What a run needs and is not stored is made first.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .catalogue import experiments, with_needs
from .experiment import Experiment
from .runner import make_all, working_folder

PACKAGE = Path(__file__).resolve().parents[1]


def home() -> Path:
    """Return the folder of the stored results: ``book/runs`` of a clone, or the package's own."""
    clone = PACKAGE.parent / "book" / "runs"
    return clone if clone.is_dir() else PACKAGE / "frozen"


def describe(known: dict[str, Experiment], folders: dict[str, Path]) -> None:
    """Print a line for each experiment: name, what it is, and how far it is."""
    width = max(map(len, known))
    for name, experiment in known.items():
        state = "unfinished" if working_folder(folders[name]).exists() else "to be made"
        if not experiment.missing_files(folders[name]):
            state = "stored"
        print(f"{name:{width}}  {state:10}  {experiment.about}")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m wganlib.runs", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to make; all if not given")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (2)")
    parser.add_argument("--list", action="store_true", help="show what there is, make nothing")
    parser.add_argument(
        "--into", type=Path, default=home(), metavar="FOLDER",
        help="store what is named there and not in the book, to compare",
    )  # fmt: skip
    return parser.parse_args(arguments)


def main() -> int:
    """Make what the command line asks for; returns the exit status."""
    asked, known = parse(), experiments()
    if unknown := set(asked.names) - known.keys():
        print(f"no run {min(unknown)!r}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    names = asked.names or list(known)
    folders = {name: (asked.into if name in names else home()) / name for name in known}
    if asked.list:
        describe({name: known[name] for name in names}, folders)
        return 0
    stored = {name for name, e in known.items() if not e.missing_files(home() / name)}
    chosen = {name: known[name] for name in with_needs(names, known, stored)}
    whole = True
    try:
        for outcome in make_all(chosen, folders, jobs=asked.jobs):
            print(outcome.line, flush=True)
            whole &= outcome.stored
    except KeyboardInterrupt:
        print("stopped; the same command goes on where it was", file=sys.stderr)
        return 130
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())

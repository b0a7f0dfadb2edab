"""Write the chapters as notebooks without solutions, with room for a student's own work.

Usage: PYTHONPATH=book/_ext python tools/student.py [NAME ...]   all, or ch09, ch10, …

They come into _build/students. `make student` sets the path, to the extension that makes them.
"""

from __future__ import annotations

import sys

from measured import student
from notebooks import chosen
from repository import ROOT


def main(names: list[str]) -> None:
    """Write the notebooks and say where they are."""
    for path in chosen(names or ["ch"]):
        print(student.write(path, ROOT / "_build" / student.FOLDER))


if __name__ == "__main__":
    main(sys.argv[1:])

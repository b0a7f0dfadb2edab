"""Write the chapters as notebooks without solutions, with room for a student's own work.

Usage: python tools/student.py [NAME ...]   all, or ch09, ch10, …, into _build/students
"""

from __future__ import annotations

import sys

from notebooks import BOOK, chosen
from repository import ROOT

sys.path.insert(0, str(BOOK / "_ext"))
from measured import student


def main(names: list[str]) -> None:
    """Write the notebooks and say where they are."""
    for path in chosen(names or ["ch"]):
        print(student.write(path, ROOT / "_build" / student.FOLDER))


if __name__ == "__main__":
    main(sys.argv[1:])

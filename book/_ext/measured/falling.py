"""Say of each claim what makes it fall, as found by running its chapter in worlds that are false.

`make falsify` stores the answers, as JSON next to the worlds; here they are only read.
"""

import functools
import json
import re
from pathlib import Path

SHOWN = 2  # ways to fall that a claim is shown with


def answers_of(path: Path) -> Path:
    """Return where the answers of a chapter are stored, or would be."""
    return path.parent / "worlds" / "answers" / f"{path.name[:4]}.json"


def ways_to_fall(path: Path) -> dict[tuple[int, int], tuple[str, tuple[str, ...]]]:
    """Return the label and the ways to fall of each claim of a chapter, by cell and number.

    Those come first that no other chapter shares, and among them those that fell the fewest claims:
    they say most about this one.
    """
    file = answers_of(path)
    return _read(file, file.stat().st_mtime_ns) if file.is_file() else {}


@functools.lru_cache
def _read(file, changed):
    stored = json.loads(file.read_text(encoding="utf8"))
    worlds, claims = stored["worlds"], stored["claims"]
    felled = {name: sum(name in claim["falls_in"] for claim in claims) for name in worlds}
    found = {}
    for claim in claims:
        names = sorted(claim["falls_in"], key=lambda one: (worlds[one]["shared"], felled[one]))
        ways = tuple(worlds[name]["falls_if"] for name in names[:SHOWN])
        found[claim["cell"], claim["number"]] = claim["label"], ways
    return found


def same(label: str, stored: str) -> bool:
    """Say whether two labels are of one claim; numbers in them may differ between machines."""
    return re.sub(r"[\d.,]+", "0", label) == re.sub(r"[\d.,]+", "0", stored)

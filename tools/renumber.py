"""Give a chapter another number: its file, its labels, what refers to it, and its old address.

`notebooks.py renumber` calls this.  To make room in the middle, begin with the last chapter.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import yaml

PLACES = ("*.md", "_toc.yml", "book/*.md", "book/*.ipynb")  # where a chapter may be referred to
KINDS = "Theorem|Lemma|Proposition|Corollary|Definition|Figure|Table|Exercise|Equation"
MOVED = "    moved_pages: "  # in _config.yml, on one line


def renumber(old: int, new: int, *, root: Path) -> str:
    """Rename chapter `old` and all references to it; returns the new name of its file."""
    before, after = f"ch{old:02d}", f"ch{new:02d}"
    here = sorted(root.glob(f"book/{before}_*.ipynb"))
    there = sorted(root.glob(f"book/{after}_*.ipynb"))
    if len(here) != 1 or there:
        sys.exit(
            f"expected one chapter {old} and no chapter {new}, found {len(here)}, {len(there)}"
        )
    name = here[0].stem.replace(before, after, 1)
    path = here[0].rename(here[0].with_name(f"{name}.ipynb"))
    worlds = root / "book/worlds"
    for file in (worlds / f"{before}.py", worlds / f"answers/{before}.json"):
        if file.exists():
            file.rename(file.with_stem(after))
    for picture in root.glob(f"book/narrow/fig-{before}-*.png"):
        picture.rename(picture.with_name(picture.name.replace(before, after, 1)))
    for file in {file for place in PLACES for file in root.glob(place)}:
        text = file.read_text(encoding="utf8").replace(f"{before}_{name[5:]}", name)
        text = _references(text, old, new)
        if file == path:
            text = text.replace(f'"number": {old},', f'"number": {new},', 1)
            text = re.sub(rf"\b{old}\.(?=\d: )", f"{new}.", text)  # exercises' checks: "13.2: …"
        file.write_text(text, encoding="utf8")
    _note_moved(root / "_config.yml", f"book/{before}_{name[5:]}", f"book/{name}")
    return path.name


def _references(text, old, new):
    """Change labels and words that refer to a chapter.

    Names of stored runs, such as "ch13-ring", and numbers that are no references stay.
    """
    text = re.sub(rf"(?<=-)ch{old:02d}(?=-)", f"ch{new:02d}", text)  # fig-ch13-ring
    text = re.sub(rf"\b([Cc]hapter ){old}\b", rf"\g<1>{new}", text)
    text = re.sub(rf"\[{old}\](?=\(ch{new:02d}_)", f"[{new}]", text)  # a link that is a number
    text = re.sub(rf"^\| {old} (?=\| \[)", f"| {new} ", text, flags=re.MULTILINE)  # README
    numbered = rf"\b((?:{KINDS})s? (?:\d+\.\d+ and )?){old}\.(?=\d)"
    while (changed := re.sub(numbered, rf"\g<1>{new}.", text, flags=re.IGNORECASE)) != text:
        text = changed
    return text


def _note_moved(config, old, new):
    """Have the book leave a page at the old address, and lead those of before to the new one."""
    text = config.read_text(encoding="utf8")
    lines = [line for line in text.splitlines() if line.startswith(MOVED)]
    if len(lines) != 1:
        sys.exit(f"{config}: expected one line of moved_pages, found {len(lines)}")
    moved = yaml.safe_load(lines[0].partition(":")[2])
    moved = {first: new if then == old else then for first, then in moved.items()} | {old: new}
    moved.pop(new, None)
    said = ", ".join(f"{before}: {after}" for before, after in moved.items())
    config.write_text(text.replace(lines[0], f"{MOVED}{{{said}}}"), encoding="utf8")

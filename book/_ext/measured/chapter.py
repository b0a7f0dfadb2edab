"""Read a chapter's notebook: the facts in its metadata, its title, its first sentence, its claims.

A chapter is a notebook `chNN_….ipynb`.  It is parsed once in a build; whoever needs something of it
asks here.  Its facts are the notebook's metadata under the key `measured`.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from pathlib import Path

from sphinx.errors import ExtensionError

from . import falling


@dataclass(frozen=True)
class Claim:
    """A sentence that a check printed, with what the computed value had to meet."""

    text: str
    rule: str | None
    held: bool = True  # else it was skipped, visibly
    heading: str = ""  # the section in which it stands
    falls_if: tuple[str, ...] = ()  # what makes it fall, as ends of a sentence


@dataclass(frozen=True)
class Chapter:
    """What is known of a chapter."""

    path: Path
    title: str
    opening: str  # its first sentence
    number: int
    short: str  # name, for the drawing on the front page
    needs: str  # what a reader should know, Markdown
    minutes: int  # to read
    seconds: int  # to run
    cells: tuple[dict, ...] = field(repr=False)

    @functools.cached_property
    def claims(self) -> list[Claim]:
        """What its stored outputs claim, in order; a cell that proves nothing is an error."""
        found, heading, code = [], "", 0
        for number, cell in enumerate(self.cells):
            source = "".join(cell["source"])
            if cell["cell_type"] != "code":
                headings = [line for line in source.splitlines() if line.startswith(("## ", "###"))]
                heading = headings[-1].lstrip("#").strip() if headings else heading
                continue
            code += 1
            printed = self._printed(number, cell)
            if "check(" in source and not printed:
                self._fail(number, "its check has printed no claim; execute it (make notebooks)")
            found += [
                Claim(*claim, heading, self._ways(code, place, claim[0]))
                for place, claim in enumerate(printed, 1)
            ]
        return found

    def _ways(self, code, place, text):
        label, ways = falling.ways_to_fall(self.path).get((code, place), ("", ()))
        return ways if falling.same(text, label) else ()

    def _printed(self, number, cell):
        found = []
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                self._fail(number, f"stored with an error: {output['ename']}: {output['evalue']}")
            found += map(read_claim, "".join(output.get("text", "")).splitlines())
        return [(one.text, one.rule, one.held) for one in found if one]

    def _fail(self, number, what):
        raise ExtensionError(f"{self.path}, cell {number}: {what}")


def read_claim(line: str) -> Claim | None:
    """Read a line as `wganlib.checks.check` prints it; None where it is no claim."""
    if not line.startswith(("✓ ", "– ")):
        return None
    text, mark, rule = line[2:].partition("  [")
    if not (mark and rule.endswith("]")):
        return Claim(line[2:], None, line[0] == "✓")
    return Claim(text, rule[:-1], line[0] == "✓")


def is_chapter(path: Path) -> bool:
    """Say whether a file is a chapter that is there."""
    return path.match("ch[0-9][0-9]_*.ipynb") and path.is_file()


def read(path: Path) -> Chapter:
    """Return a chapter; it is parsed again only after it or what is known of its claims changed."""
    known = falling.answers_of(path)
    return _read(path, path.stat().st_mtime_ns, known.is_file() and known.stat().st_mtime_ns)


@functools.lru_cache
def _read(path, changed, known):
    notebook = json.loads(path.read_text(encoding="utf8"))
    facts = notebook["metadata"].get("measured", {})
    texts = ("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown")
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    try:
        return Chapter(
            path=path,
            title=lines[0].removeprefix("# "),
            opening=lines[1],
            cells=tuple(notebook["cells"]),
            **facts,
        )
    except (TypeError, IndexError) as error:
        raise ExtensionError(f"{path}: its metadata `measured` or its opening: {error}") from error


def parts(env) -> list[tuple[str, list[Chapter]]]:
    """Return the parts of the table of contents that hold chapters; the page depends on all."""
    found = []
    for tree in env.config.external_site_map.root.subtrees:
        paths = [Path(env.srcdir, f"{doc}.ipynb") for doc in map(str, tree.items)]
        inside = [read(path) for path in paths if is_chapter(path)]
        for chapter in inside:
            env.note_dependency(str(chapter.path))
            env.note_dependency(str(falling.answers_of(chapter.path)))
        if inside:
            found.append((tree.caption or "", inside))
    return found


def chapters(env) -> list[Chapter]:
    """Return the chapters in the order of the table of contents."""
    return [chapter for _, inside in parts(env) for chapter in inside]

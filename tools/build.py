"""Build the book, warnings are errors, and say which part of it is being read and written.

Usage: python tools/build.py [further arguments of `jupyter-book build`]
"""

from __future__ import annotations

import hashlib
import re
import sys
import time
from pathlib import Path

import yaml
from steps import run, say

ROOT = Path(__file__).resolve().parents[1]
STAGE = re.compile(r"(reading sources|writing output|copying images)\.\.\. \[ *\d+%\] (\S+)")
COLOURS = re.compile(r"\x1b\[[\d;]*m")
AROUND = ROOT / "_build" / "around"  # a hash of what all pages of the last build were made with
STRICT = ["--builder", "html", "-W", "-n", "--keep-going"]


def main(arguments: list[str]) -> int:
    """Run Jupyter Book and return its status; its warnings reach the terminal as they are."""
    static = ROOT / "_build" / "html" / "_static"
    if static.is_file():  # left by a build that failed early: a logo under the folder's name
        static.unlink()
    static.mkdir(parents=True, exist_ok=True)
    now = around()
    if not AROUND.is_file() or AROUND.read_text() != now:
        arguments = ["--all", *arguments]  # Sphinx looks for changes in the pages alone
    say("start Jupyter Book")
    start = time.monotonic()
    book = str(Path(sys.executable).with_name("jupyter-book"))
    command = [book, "build", str(ROOT), *STRICT, *arguments]
    status, lines = run(command, Stages(parts()), errors=None, PYTHONUNBUFFERED="1")
    seconds = time.monotonic() - start
    if status:
        print("\n".join(lines[-10:]), flush=True)
        say(f"the build failed after {seconds:.0f} s; the reasons stand above")
        return status
    AROUND.write_text(now)
    say(f"the book is built, in {seconds:.0f} s. Open {(ROOT / '_build/html/index.html').as_uri()}")
    return 0


def around() -> str:
    """Return a hash of the extension, the style sheets and scripts, and the configuration."""
    extension, static = (sorted((ROOT / "book" / name).rglob("*")) for name in ("_ext", "_static"))
    found = hashlib.sha256()
    for file in [ROOT / "_config.yml", *extension, *static]:
        if file.is_file() and "__pycache__" not in file.parts:
            found.update(f"{file.relative_to(ROOT)}\n".encode() + file.read_bytes())
    return found.hexdigest()


def parts() -> dict[str, str]:
    """Return the part of the table of contents in which each page stands."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return {page["file"]: part["caption"] for part in toc["parts"] for page in part["chapters"]}


class Stages:
    """Turn Sphinx's line for every page into a line for every stage and part."""

    def __init__(self, parts: dict[str, str]):
        """Begin with nothing said; `parts` maps pages to the captions of their parts."""
        self.parts, self.said = parts, set()

    def __call__(self, line: str) -> None:
        """Take a line of the output; say what it begins, if that is new."""
        if not (stage := STAGE.match(COLOURS.sub("", line))):
            return
        part = self.parts.get(stage[2], "the front page")
        what = {"r": f"read {part}", "w": f"write {part}", "c": "copy the pictures"}[stage[1][0]]
        if what not in self.said:
            say(what)
            self.said.add(what)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

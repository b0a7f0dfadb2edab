"""Compile tools/product.c to WebAssembly and write it into book/_static/live/product.js.

`python tools/product.py` needs the package `ziglang` of PyPI, which brings a C compiler and is not
in the environment of the book: `pip install ziglang==0.13.0`.  The bytes stand in the script as
text, since a page that is opened as a file may not fetch them.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

SOURCE = Path(__file__).with_name("product.c")
TARGET = Path(__file__).parents[1] / "book/_static/live/product.js"
PLACE = re.compile(r"sha256 of the source: .*?;\n", re.DOTALL)
WIDTH = 100  # characters in a line of the script
COMPILER = [sys.executable, "-m", "ziglang", "cc"]
FLAGS = [
    "--target=wasm32-freestanding",
    "-msimd128",
    "-O2",
    "-ffp-contract=off",  # plain products and sums: the bits of the loops in the script
    "-fno-sanitize=all",
    "-nostdlib",
    "-Wl,--no-entry",
    "-Wl,--strip-all",
    "-Wl,-z,stack-size=1024",
    "-Wl,--export=__heap_base",  # where the script may put its numbers
]


def digest() -> str:
    """Return what marks a source: its hash, without what only lays it out at the ends of lines."""
    return hashlib.sha256("\n".join(SOURCE.read_text("utf8").splitlines()).encode()).hexdigest()


def compiled() -> bytes:
    """Return the module that the compiler makes of the source."""
    if importlib.util.find_spec("ziglang") is None:
        raise SystemExit("no compiler: pip install ziglang==0.13.0, and run it once more")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "product.wasm")
        subprocess.run([*COMPILER, *FLAGS, "-o", made, SOURCE], check=True)
        return made.read_bytes()


def main() -> None:
    """Compile, and write the bytes with the hash of their source."""
    pieces = textwrap.wrap(base64.b64encode(compiled()).decode(), WIDTH)
    lines = " +\n".join(f'    "{piece}"' for piece in pieces)
    said = f"sha256 of the source: {digest()}\n  const COMPILED =\n{lines};\n"
    text, places = PLACE.subn(said, TARGET.read_text("utf8"))
    if places != 1:
        raise SystemExit(f"{TARGET} has {places} places for the compiled module, not one")
    TARGET.write_text(text, "utf8")
    print(f"{TARGET.name}: {len(text)} bytes")


if __name__ == "__main__":
    main()

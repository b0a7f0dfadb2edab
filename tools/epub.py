"""Make an e-book of the whole book: Sphinx's EPUB builder, from the sources of the pages.

Usage: python tools/epub.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "_build"


def main() -> None:
    """Build `_build/wasserstein-gans-measured.epub`."""
    book = [Path(sys.executable).with_name("jupyter-book"), "build", ROOT, "-W", "-n"]
    options = ["--path-output", BUILD / "ebook", "--keep-going", "--quiet"]
    builder = ["--builder", "custom", "--custom-builder", "epub"]
    if subprocess.run([*book, *builder, *options]).returncode:
        sys.exit("No e-book was made: Sphinx's warnings stand above, and each is an error here.")
    (made,) = (BUILD / "ebook/_build/epub").glob("*.epub")
    target = shutil.copy(made, BUILD)
    print(f"{Path(target).stat().st_size / 1e6:.1f} MB: {target}")


if __name__ == "__main__":
    main()

"""Execute and store the book's notebooks, and write the setup cell that they share.

Usage:
  python tools/notebooks.py execute [NAME ...]   run and store (all, or ch09, ch10, …)
  python tools/notebooks.py setup [--check]      write the setup cell from `_config.yml`
  python tools/notebooks.py setup --url URL      name the repository, everywhere
  python tools/notebooks.py text                 print the prose, for a spelling checker
  python tools/notebooks.py renumber 13 11       make chapter 13 chapter 11, everywhere
"""

from __future__ import annotations

import argparse
import base64
import os
import sys
import time
from pathlib import Path

import nbformat
import repository
import twins
from nbclient import NotebookClient
from renumber import renumber

os.environ["TQDM_DISABLE"] = "1"  # kernels inherit it: a stored page shows no progress bars
BOOK = repository.ROOT / "book"
NARROW = BOOK / "narrow"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
INSTALL = """\
# On Colab this installs wganlib; elsewhere it does nothing.
import importlib.util

if importlib.util.find_spec("wganlib") is None:
    {missing}"""
PIP = '%pip install -q "git+{url}@{branch}"'
UNSET = """\
raise ModuleNotFoundError(
        "wganlib is missing. In a clone run `pip install -e .` and restart the kernel; on Colab "
        "the repository must be named first: `make setup URL=https://github.com/OWNER/NAME`."
    )"""


def setup_source(address: dict[str, str] | None = None) -> str:
    """Return the setup cell: how to install wganlib where it is missing."""
    address = address or repository.address()
    return INSTALL.format(missing=PIP.format(**address) if address["url"] else UNSET)


def chosen(names: list[str]) -> list[Path]:
    """Return the notebooks whose file names start with one of the names; all without names."""
    found = [p for p in sorted(BOOK.glob("*.ipynb")) if p.name.startswith(tuple(names) or "")]
    if not found:
        sys.exit(f"no notebook in {BOOK} starts with {', '.join(names)}")
    return found


def write_setup(notebook: nbformat.NotebookNode, address: dict[str, str] | None = None) -> bool:
    """Write the shared cell and what the house stores about a notebook; returns if it changed."""
    before, source = nbformat.writes(notebook), setup_source(address)
    for cell in notebook.cells:
        if "setup" in cell.metadata.get("tags", []):
            cell.source = source
    tidy(notebook)
    return nbformat.writes(notebook) != before


def tidy(notebook: nbformat.NotebookNode) -> None:
    """Keep only the metadata that readers, Colab and the book need, and whole outputs."""
    facts = {"measured": notebook.metadata["measured"]} if "measured" in notebook.metadata else {}
    notebook.metadata = nbformat.from_dict(
        {
            "accelerator": "GPU",
            "colab": {"gpuType": "T4"},
            "kernelspec": KERNEL,
            "language_info": {"name": "python"},
            **facts,
        }
    )
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = whole_streams(cell.outputs)


def whole_streams(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Join what was printed in one go and sent in pieces, cut wherever the kernel flushed."""
    joined = []
    for output in outputs:
        before = joined[-1] if joined else {}
        if output.output_type == "stream" and before.get("name") == output.name:
            before["text"] += output.text
        else:
            joined.append(output)
    return joined


def store(path: Path, notebook: nbformat.NotebookNode) -> None:
    """Write a notebook whole, through a file next to it."""
    aside = path.with_suffix(".part")
    nbformat.write(notebook, aside)
    aside.replace(path)


def execute(path: Path) -> float:
    """Run a notebook from top to bottom and store it with its pictures; returns seconds."""
    notebook = nbformat.read(path, as_version=4)
    write_setup(notebook)
    start = time.perf_counter()
    NotebookClient(
        notebook,
        timeout=900,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(BOOK)}},
        extra_arguments=[f"--IPKernelApp.exec_lines={line}" for line in drawing(notebook)],
    ).execute()
    seconds = time.perf_counter() - start
    store_narrow(path, notebook)
    tidy(notebook)  # the client wrote the machine's Python version into it
    store(path, notebook)
    return seconds


def drawing(notebook: nbformat.NotebookNode) -> list[str]:
    """Return what the kernel runs first: how figures are drawn for the site and for phones."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source]
    hints = {n: c.metadata["narrow"] for n, c in enumerate(code, 1) if "narrow" in c.metadata}
    here = str(Path(__file__).parent)
    return [
        f"import sys; sys.path.append({here!r}); import pictures; sys.path.pop()",
        f"pictures.install({hints!r}); del pictures, sys",
    ]


def store_narrow(path: Path, notebook: nbformat.NotebookNode) -> None:
    """Take the narrow pictures out of a notebook's outputs and write them into book/narrow."""
    made = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if (found := output.get("data", {}).pop(twins.MIME, None)) is not None:
                name = cell.metadata["mystnb"]["figure"]["name"]
                wide = base64.b64decode(output["data"]["image/png"])
                made[f"{name}.png"] = twins.twin(base64.b64decode(found), wide)
    NARROW.mkdir(exist_ok=True)
    for old in NARROW.glob(f"fig-{path.name[:4]}-*.png"):
        if old.name not in made:
            old.unlink()
    for name, picture in made.items():
        (NARROW / name).write_bytes(picture)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["execute", "setup", "text", "renumber"])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--check", action="store_true", help="change nothing, fail if needed")
    parser.add_argument("--url", help="with setup: the repository, https://github.com/OWNER/NAME")
    parser.add_argument("--branch", default="main", help="with --url: what the buttons open")
    arguments = parser.parse_args()
    if arguments.command == "renumber":
        old, new = map(int, arguments.names)
        print(f"{renumber(old, new, root=repository.ROOT)}: now move it in _toc.yml, and run it")
        return
    if arguments.command == "setup":
        if arguments.url is not None:
            repository.name(arguments.url, arguments.branch)
        repository.show(check=arguments.check)
    for path in chosen(arguments.names):
        if arguments.command == "execute":
            seconds = execute(path)
            print(f"{path.name}: {seconds:.0f} s, {path.stat().st_size / 1e3:.0f} kB", flush=True)
            continue
        notebook = nbformat.read(path, as_version=4)
        if arguments.command == "text":
            print("\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown"))
        elif write_setup(notebook):
            if arguments.check:
                sys.exit(f"{path.name}: not the house's first cell or metadata; run `make setup`")
            store(path, notebook)


if __name__ == "__main__":
    main()

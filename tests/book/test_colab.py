"""A notebook alone in an empty folder, with nothing but its first cell to bring the package.

The imitation of Colab is a Python of its own that has what Colab has, PyTorch above all, and a
module `google.colab`; it has neither this package nor POT nor a checkout, and installs from a local
git URL.  `make colab` runs every notebook there; the other tests run one.
"""

import functools
import importlib.metadata
import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import nbformat
import notebooks
import pytest
from nbclient import NotebookClient
from packaging.requirements import Requirement

from tests import ROOT

CHAPTERS = sorted((ROOT / "book").glob("ch*.ipynb"))
PRESENT = [  # what Colab has of what wganlib needs
    *("ipykernel", "matplotlib", "numpy", "pillow", "pip", "platformdirs", "safetensors"),
    *("scikit-learn", "scipy", "torch", "torchvision", "tqdm"),
]
LACKING = {"pot", "wganlib"}
run = functools.partial(subprocess.run, check=True, text=True, capture_output=True)


class Imitation:
    """A Python that has what Colab has, and the address of a repository to install from."""

    def __init__(self, folder):
        self.folder, self.report = folder, folder / "report.json"
        self.repository = {"url": f"file://{_repository(folder / 'repository')}", "branch": "main"}
        venv.create(folder / "venv", symlinks=True)
        self.python = folder / "venv" / "bin" / "python"
        site = next((folder / "venv").glob("lib/python*/site-packages"))
        _link(PRESENT, folder / "present")  # outside the environment: pip removes nothing there
        (site / "colab.pth").write_text(f"{folder / 'present'}\n")
        stub = folder / "present" / "google" / "colab"
        stub.mkdir(parents=True)
        (stub / "__init__.py").write_text("")
        look = "from importlib.util import find_spec; print(*map(find_spec, %r))"
        assert "None" not in self.call("-c", look % (["google.colab", "torch", "torchvision"],))
        self._name_kernel()

    def _name_kernel(self):
        kernel = self.folder / "kernels" / "colab"
        kernel.mkdir(parents=True)
        about = {
            "argv": [str(self.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": "imitation of Colab",
            "language": "python",
            "env": {"PIP_REPORT": str(self.report), "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        }
        (kernel / "kernel.json").write_text(json.dumps(about))

    def call(self, *arguments):
        return run([self.python, *arguments], cwd=self.folder).stdout.strip()

    def forget(self):
        """Take away what a notebook installed."""
        self.report.unlink(missing_ok=True)
        self.call("-m", "pip", "uninstall", "--quiet", "--yes", *LACKING)

    def open(self, chapter, cells=slice(None)):
        """Put a notebook alone into an empty folder and run it there."""
        alone = self.folder / chapter.stem
        shutil.rmtree(alone, ignore_errors=True)
        alone.mkdir()
        notebook = nbformat.read(chapter, as_version=4)
        notebooks.write_setup(notebook, self.repository)
        notebook.cells = notebook.cells[cells]
        where = {"metadata": {"path": str(alone)}}
        NotebookClient(notebook, timeout=3600, kernel_name="colab", resources=where).execute()
        return notebook

    def installed(self):
        """Name what the notebook's own pip brought."""
        found = json.loads(self.report.read_text())["install"] if self.report.is_file() else []
        return {item["metadata"]["name"].lower() for item in found}


def _repository(folder):
    """Make a repository of this working tree, as it is, without what no installation needs."""
    listed = run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT).stdout.splitlines()
    for name in listed:
        if name.startswith(("wganlib/", "book/runs/")) or name in (
            "pyproject.toml",
            "README.md",
            "LICENSE",
        ):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    run([*git, "init", "-q", "-b", "main"], cwd=folder)
    run([*git, "add", "."], cwd=folder)
    run([*git, "commit", "-q", "-m", "as it is"], cwd=folder)
    return folder


def _link(names, folder):
    """Link distributions and all they need, as installed here, into a folder."""
    folder.mkdir()
    wanted, seen = [Requirement(name) for name in names], set()
    while wanted:
        asked = wanted.pop()
        for extra in {"", *asked.extras} - {extra for name, extra in seen if name == asked.name}:
            seen.add((asked.name, extra))
            needs = map(Requirement, importlib.metadata.requires(asked.name) or [])
            wanted += [r for r in needs if not r.marker or r.marker.evaluate({"extra": extra})]
    for distribution in map(importlib.metadata.distribution, {name for name, _ in seen}):
        for top in {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}:
            if not (folder / top).is_symlink():
                (folder / top).symlink_to(distribution.locate_file(top))


@pytest.fixture(scope="module")
def colab(tmp_path_factory):
    if not (ROOT / ".git").exists():
        pytest.skip("no git repository to install from")
    asked = subprocess.run([sys.executable, "-m", "pip", "index", "versions", "pot"],
                           capture_output=True, text=True)  # fmt: skip
    if asked.returncode:
        pytest.skip(f"no package index, so nothing can be installed: {asked.stderr.strip()[-80:]}")
    with pytest.MonkeyPatch.context() as patch:
        imitation = Imitation(tmp_path_factory.mktemp("colab"))
        patch.setenv("JUPYTER_PATH", str(imitation.folder))
        yield imitation


def claims(notebook):
    """Count the lines that checks printed."""
    printed = [o.get("text", "") for c in notebook.cells for o in c.get("outputs", [])]
    return sum(line.startswith(("✓", "–")) for text in printed for line in text.splitlines())


def test_without_an_address_the_first_cell_says_what_to_do(colab):
    colab.forget()
    source = notebooks.setup_source({"url": "", "branch": "main"})
    told = subprocess.run(
        [colab.python, "-c", source], cwd=colab.folder, capture_output=True, text=True
    )
    assert told.returncode == 1
    assert "make setup URL=https://github.com/OWNER/NAME" in told.stderr


def figures(notebook):
    outputs = [cell.get("outputs", []) for cell in notebook.cells]
    return [i for i, o in enumerate(outputs) if any("image/png" in p.get("data", {}) for p in o)]


@pytest.fixture(scope="module")
def opened(colab):
    """Run the opening of a chapter that draws from a frozen run: install, import, picture."""
    colab.forget()
    chapter = next(c for c in CHAPTERS if c.name.startswith("ch07"))
    first = figures(nbformat.read(chapter, as_version=4))[0]
    return colab.open(chapter, cells=slice(first + 1)), first


def test_a_notebook_alone_installs_only_what_is_missing_and_opens(colab, opened):
    notebook, first = opened
    assert figures(notebook) == [first]
    assert colab.installed() == LACKING
    assert str(colab.folder) in colab.call("-c", "import wganlib; print(wganlib.__file__)")


@pytest.mark.usefixtures("opened")
def test_every_chapter_finds_all_that_it_imports(colab):
    lines = []
    for chapter in CHAPTERS:
        cells = [c for c in nbformat.read(chapter, as_version=4).cells if c.cell_type == "code"]
        imports = cells[1].source  # the first is the shared one
        assert "from wganlib import" in imports, chapter.name
        lines += [f"print({chapter.name!r})", f"exec({imports!r}, {{}})"]
    colab.call("-c", "\n".join(lines))


@pytest.mark.usefixtures("opened")
def test_the_frozen_runs_come_with_the_package(colab):
    stored = sorted(p.parent.name for p in ROOT.glob("book/runs/*/provenance.json"))
    code = (
        "import sys; from wganlib.records import run_folder; "
        "[print(run_folder(name)) for name in sys.argv[1:]]"
    )
    found = [Path(line) for line in colab.call("-c", code, *stored).splitlines()]
    assert [p.name for p in found] == stored
    for folder in found:
        assert colab.folder in folder.parents
        kept = {p.name for p in (ROOT / "book/runs" / folder.name).iterdir()}
        assert {p.name for p in folder.iterdir()} == {n for n in kept if "checkpoint" not in n}


@pytest.mark.usefixtures("opened")
def test_where_the_package_is_the_first_cell_does_nothing(colab):
    colab.report.unlink(missing_ok=True)
    notebook = colab.open(CHAPTERS[0], cells=slice(1, 2))
    assert notebook.cells[0].outputs == []
    assert colab.installed() == set()


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_every_notebook_runs_alone(colab, chapter):
    colab.forget()
    notebook = colab.open(chapter)
    assert claims(notebook) == claims(nbformat.read(chapter, as_version=4))
    assert colab.installed() == LACKING

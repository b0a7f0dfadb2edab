"""The repository's address: one place, one command, and buttons that lead where it says."""

import os
import shutil
import subprocess
import sys

import nbformat
import notebooks
import pytest
import repository
import yaml

from tests import ROOT

URL, BRANCH = "https://github.com/someone/fork", "launch"
CELL = f'%pip install -q "git+{URL}@{BRANCH}"'


@pytest.fixture
def copy(tmp_path):
    """Copy what names the repository, with one notebook, as it is before it has a name."""
    for name in ("_config.yml", "README.md", ".ci/launch", "book/ch01_js_vs_emd.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "tools", tmp_path / "tools",
                    ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
    (tmp_path / "CITATION.cff").write_text("title: x\n# repository\n# /repository\n")
    setup(tmp_path, "--url", "")
    return tmp_path


def setup(folder, *options):
    """Run the command and return what it said, empty where all was well."""
    command = [sys.executable, folder / "tools/notebooks.py", "setup", *options]
    return subprocess.run(command, capture_output=True, text=True).stderr


def text_of(folder):
    names = ("_config.yml", "README.md", "CITATION.cff", "book/ch01_js_vs_emd.ipynb")
    return {name: (folder / name).read_text() for name in names}


def test_one_command_names_the_repository_everywhere(copy):
    assert setup(copy, "--url", f"{URL}.git", "--branch", BRANCH) == ""
    about = yaml.safe_load((copy / "_config.yml").read_text())["repository"]
    assert about == {"url": URL, "branch": BRANCH, "path_to_book": ""}
    notebook = nbformat.read(copy / "book/ch01_js_vs_emd.ipynb", as_version=4)
    assert CELL in notebook.cells[1].source
    assert "https://someone.github.io/fork/" in text_of(copy)["README.md"]
    assert f'repository-code: "{URL}"' in text_of(copy)["CITATION.cff"]
    assert setup(copy, "--check") == ""


def test_a_name_can_be_taken_back_without_a_trace(copy):
    before = text_of(copy)
    assert "<!-- repository -->\n<!-- /repository -->\n" in before["README.md"]
    setup(copy, "--url", URL)
    assert text_of(copy) != before
    setup(copy, "--url", "")
    assert text_of(copy) == before


@pytest.mark.parametrize("name", ["README.md", "CITATION.cff", "book/ch01_js_vs_emd.ipynb"])
def test_a_place_that_still_names_another_repository_is_found(copy, name):
    setup(copy, "--url", URL)
    (copy / name).write_text((copy / name).read_text().replace("someone", "nobody"))
    assert "run `make setup`" in setup(copy, "--check")


@pytest.mark.parametrize("url", ["git@github.com:a/b.git", "https://github.com/a", "a/b", "x\ny"])
def test_what_is_no_address_is_refused(copy, url):
    before = text_of(copy)
    assert "OWNER/NAME" in setup(copy, "--url", url)
    assert text_of(copy) == before


@pytest.mark.parametrize("path", sorted(ROOT.glob("book/*.ipynb")), ids=lambda path: path.stem)
def test_a_stored_notebook_has_the_shared_cell_and_asks_for_a_gpu(path):
    notebook = nbformat.read(path, as_version=4)
    assert not notebooks.write_setup(notebook), "run `make setup`"
    assert notebook.metadata["accelerator"] == "GPU"
    assert notebook.metadata["colab"] == {"gpuType": "T4"}
    assert notebook.cells[1].source == notebooks.setup_source(repository.address())


def git(*arguments, at):
    about = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *about, *arguments], cwd=at, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_publishing_pushes_notebooks_that_install_from_the_fork(copy, tmp_path_factory):
    bare = tmp_path_factory.mktemp("bare")
    git("init", "--bare", at=bare)
    (copy / ".gitignore").write_text("__pycache__/\n")
    for command in ("init", "add .", "commit -m main", f"push {bare} main"):
        git(*command.split(), at=copy)
    git("remote", "add", "origin", str(bare), at=copy)
    for _ in range(2):  # a second publishing replaces the first
        git("checkout", "-q", "main", at=copy)
        git("checkout", "-q", "--detach", at=copy)
        subprocess.run(["bash", ".ci/launch", URL], cwd=copy, check=True, capture_output=True,
                       env={**os.environ, "PYTHON": sys.executable})  # fmt: skip
    assert git("rev-list", "--count", BRANCH, at=bare) == "2"
    stored = git("show", f"{BRANCH}:book/ch01_js_vs_emd.ipynb", at=bare)
    assert CELL in nbformat.reads(stored, as_version=4).cells[1].source
    assert CELL.split('"')[1] not in git("show", "main:book/ch01_js_vs_emd.ipynb", at=bare)


@pytest.mark.parametrize("named", [True, False])
def test_buttons_lead_to_the_notebook_of_the_named_repository_or_are_hidden(tiny_book, named):
    tiny_book.configure(url=URL if named else "", branch=BRANCH)
    assert tiny_book.build() == ""
    links = tiny_book.page("book/ch01_x").select('a[href*="colab"], a[href*="mybinder"]')
    assert [link["href"] for link in links] == named * [
        f"https://mybinder.org/v2/gh/someone/fork/{BRANCH}?urlpath=lab/tree/book/ch01_x.ipynb",
        f"https://colab.research.google.com/github/someone/fork/blob/{BRANCH}/book/ch01_x.ipynb",
    ]


def test_what_was_printed_in_one_go_is_stored_in_one_piece():
    def piece(name, text):
        return nbformat.v4.new_output("stream", name=name, text=text)

    picture = nbformat.v4.new_output("display_data")
    pieces = [piece("stdout", "a"), piece("stdout", "\nb\n"), picture, piece("stdout", "c"),
              piece("stderr", "d")]  # fmt: skip
    whole = notebooks.whole_streams(pieces)
    assert [one.get("text") for one in whole] == ["a\nb\n", None, "c", "d"]

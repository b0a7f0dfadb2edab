"""The Makefile hands on what it is given as words, and tools say what they do."""

import subprocess
import sys

import pytest

from tests import ROOT

TOOLS = ROOT / "tools"


@pytest.fixture
def folder(tmp_path):
    """A folder with the Makefile and an environment whose Python shows its arguments."""
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text(encoding="utf-8"))
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "[%s]" "$@"; printf "%s" "$PYTHONPATH"\n')
    python.chmod(0o755)
    for name in ("pyproject.toml", "constraints.txt", ".venv/.ready"):
        (tmp_path / name).touch()
    return tmp_path


def make(folder, *arguments, **environment):
    command = ["make", "--silent", *arguments]
    ran = subprocess.run(command, cwd=folder, env=ENVIRONMENT | environment, **TEXT)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
TEXT = {"capture_output": True, "text": True, "check": False}


def test_names_arrive_one_by_one(folder):
    assert "[execute][ch01][ch09]" in make(folder, "notebooks", "N=ch01 ch09")


@pytest.mark.parametrize(
    "hostile", ["'; touch owned; '", "`touch owned`", "$(shell touch owned)", "$$(touch owned)"]
)
def test_nothing_in_a_value_is_run(folder, hostile):
    make(folder, "notebooks", f"N={hostile}")
    make(folder, "setup", f"URL={hostile}")
    assert not (folder / "owned").exists()


def test_the_environment_sets_no_value_and_no_foreign_modules(folder):
    said = make(folder, "notebooks", N="ch01", PYTHONPATH="/foreign")
    assert said == "[tools/notebooks.py][execute]"


def test_help_names_every_target(folder):
    said, text = make(folder, "help"), (folder / "Makefile").read_text(encoding="utf-8")
    targets = text.split(".PHONY:")[1].split("\n")[0].split()
    assert [line.split()[1] for line in said.splitlines()] == targets


def test_only_an_environment_is_removed_as_one(folder):
    (folder / "precious").mkdir()
    ran = subprocess.run(["make", "distclean", "VENV=precious"], cwd=folder, **TEXT)
    assert ran.returncode != 0
    assert (folder / "precious").exists()


def install(*arguments):
    return subprocess.run([sys.executable, TOOLS / "install.py", *arguments], **TEXT)


def test_a_place_that_cannot_be_written_is_named_with_the_cure(tmp_path):
    (tmp_path / "file").touch()
    ran = install(tmp_path / "file" / "venv")
    assert ran.returncode == 1
    assert "make VENV=" in ran.stderr
    assert "Traceback" not in ran.stderr


def told(code):
    """Run a line of Python with the tools at hand and return what it prints."""
    ran = subprocess.run([sys.executable, "-c", code], cwd=TOOLS, **TEXT)
    assert not ran.stderr, ran.stderr
    return ran.stdout


def test_large_downloads_are_announced_and_small_ones_are_not():
    said = told(
        "import install\n"
        "install.announce('Downloading https://x/torch-2.4.0-cp311-none.whl (906.4 MB)')\n"
        "install.announce('Using cached torch-2.4.0-cp311-none.whl (906.4 MB)')\n"
        "install.announce('Downloading yaml-6.0-cp311-none.whl (0.7 MB)')\n"
        "install.announce('Installing collected packages: numpy, scipy')"
    ).splitlines()
    expected = ["downloading: torch 2.4.0, 906 MB", "from pip's cache: torch 2.4.0, 906 MB"]
    assert [line.split("  ")[-1] for line in said] == [*expected, "unpacking 2 packages"]


def test_a_step_that_fails_shows_why_and_nothing_else():
    code = "print('WARNING: Location x'); print('ERROR: no such version'); raise SystemExit(1)"
    script = f"import sys, install; install.step('install it', [sys.executable, '-c', {code!r}])"
    ran = subprocess.run([sys.executable, "-c", script], cwd=TOOLS, **TEXT)
    assert ran.returncode == 1
    assert "ERROR: no such version" in ran.stdout
    assert "Location" not in ran.stdout
    assert "This failed: install it" in ran.stderr


def test_the_stages_of_a_build_are_said_once_each():
    said = told(
        "import build\n"
        "notice = build.Stages({'book/ch01': 'Part I', 'book/ch02': 'Part I'})\n"
        "for page in ('book/ch01', 'book/ch02', 'book/intro'):\n"
        "    notice('\\x1b[01mwriting output... \\x1b[39;49;00m[ 50%] \\x1b[32m' + page)"
    ).splitlines()
    assert [line.split("  ")[-1] for line in said] == ["write Part I", "write the front page"]


def test_every_part_of_the_book_has_pages():
    parts = told("import build; print(*sorted(set(build.parts().values())), sep='|')").strip()
    assert len(parts.split("|")) >= 4


def test_what_all_pages_are_made_with_is_noticed_and_pages_alone_are_not(tmp_path):
    for name in ("book/_ext/a.py", "book/_static/a.css", "book/a.md", "_config.yml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("old")
    hashes = told(
        "import build, pathlib\n"
        f"build.ROOT = pathlib.Path({str(tmp_path)!r})\n"
        "print(build.around())\n"
        "for name in ('book/a.md', 'book/_ext/a.py', 'book/_static/a.css', '_config.yml'):\n"
        "    (build.ROOT / name).write_text('new')\n"
        "    print(build.around())"
    ).split()
    assert hashes[0] == hashes[1]
    assert len(set(hashes[1:])) == 4

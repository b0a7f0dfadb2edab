"""What every test and every notebook's kernel inherits, and what the last lines say about MNIST."""

import gc
import os
from pathlib import Path

import matplotlib
import platformdirs
import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TQDM_DISABLE", "1")
matplotlib.use("agg")  # not by the environment: a kernel would inherit it and show no figure

pytest_plugins = ["tests.progress"]  # progress by folder, `pytest --by-folder`
ABSENT = pytest.StashKey[str]()
SKIPPED = "claims skipped"
# Files that take a minute or more, the longest first: one that is begun last is waited for alone.
LONGEST = [
    "test_reading_at_a_desk", "ch06", "test_live", "test_comparison", "ch07", "test_place", "ch08",
    "test_colab", "test_toys", "ch04", "test_reading_on_a_phone", "ch09", "ch01", "ch10", "ch11",
    "test_trained", "test_torchrun", "test_pages", "test_cli", "test_runner", "test_falsify",
    "ch13", "test_resume", "ch03", "test_repository", "ch16", "test_claims", "ch15", "ch14",
]  # fmt: skip


def pytest_sessionstart(session):
    """Find out once whether MNIST can be had; if not, no test or notebook waits for it again."""
    if hasattr(session.config, "workerinput") or session.config.option.collectonly:
        return
    cache = Path(os.environ.get("WGANLIB_DATA") or platformdirs.user_cache_dir("wganlib"))
    if len(list((cache / "MNIST" / "raw").glob("*-ubyte.gz"))) == 4:
        return  # nobody waits, neither for these nor for the seconds that an import of torch takes
    from wganlib import mnist

    try:
        mnist.mnist("test")
        mnist.mnist("train")
    except (OSError, ValueError) as error:
        session.config.stash[ABSENT] = str(error)
        os.environ["WGANLIB_OFFLINE"] = "1"  # workers and kernels inherit it


def pytest_collection_modifyitems(items):
    """Begin with the files that take longest."""
    place = {name: i for i, name in enumerate(LONGEST)}

    def rank(item):
        name = item.path.stem
        return place.get(name[:4] if item.path.suffix == ".ipynb" else name, len(place))

    items.sort(key=rank)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish():
    """Let no later search for garbage pass through what imports and collection have made.

    It stays to the end anyway; without this a tenth of the work of the unit tests is such searches.
    """
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Count the claims that a cell of a notebook printed as skipped."""
    report = yield
    outputs = getattr(item, "test_outputs", None) if call.when == "call" else None
    printed = "".join(output.get("text", "") for output in outputs or [])
    if skipped := sum(line.startswith("– Skipped, needs ") for line in printed.splitlines()):
        report.user_properties.append((SKIPPED, skipped))
    return report


def pytest_terminal_summary(terminalreporter, config):
    """Say in words how much was skipped, and why."""
    if ABSENT not in config.stash:
        return
    reports = [r for kind in terminalreporter.stats.values() for r in kind]
    properties = [p for r in reports for p in getattr(r, "user_properties", [])]
    claims = sum(count for name, count in properties if name == SKIPPED)
    tests = sum("MNIST" in str(r.longrepr) for r in terminalreporter.stats.get("skipped", []))
    terminalreporter.section("MNIST is not here")
    terminalreporter.write_line(
        f"{tests} tests and {claims} claims of the notebooks are about MNIST and were skipped."
    )
    terminalreporter.write_line(f"Why: {config.stash[ABSENT]}")

"""Progress of the tests by folder, for `make test`: pytest's option --by-folder.

A line says how far each folder has come, at most every ten seconds; one more says that a folder is
finished, with the seconds that its tests took; a test that fails is named at once. Works with and
without xdist, whose controller gets every report but collects nothing itself.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict

import pytest

EVERY = 10  # seconds between two lines


def pytest_addoption(parser):
    parser.addoption("--by-folder", action="store_true", help="print progress by folder, not dots")


def pytest_configure(config):
    if config.getoption("--by-folder") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(ByFolder(config), "by-folder")


def folder(nodeid):
    """Return the shelf of a test, `notebooks` for the cells of a chapter."""
    path = nodeid.split("::")[0]
    return "notebooks" if path.endswith(".ipynb") else path.split("/")[1 if "/" in path else 0]


class ByFolder:
    def __init__(self, config):
        self.config, self.start, self.said = config, time.monotonic(), time.monotonic()
        self.planned, self.finished = Counter(), set()
        self.ended, self.outcomes = Counter(), defaultdict(Counter)
        self.seconds = Counter()

    @property
    def terminal(self):
        return self.config.pluginmanager.getplugin("terminalreporter")

    def pytest_collection_finish(self, session):
        self.planned = Counter(folder(item.nodeid) for item in session.items) or self.planned

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node, ids):
        self.planned = Counter(map(folder, ids))

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self):
        """Print neither dots nor letters; the lines below count."""
        category, _, word = yield
        return category, "", word

    def pytest_runtest_logreport(self, report):
        shelf = folder(report.nodeid)
        self.seconds[shelf] += report.duration
        if report.when == "call" or not report.passed:
            self.outcomes[shelf][report.outcome] += 1
        if report.failed:
            self.say(f"FAILED {report.nodeid}")
        if report.when != "teardown":
            return
        self.ended[shelf] += 1
        if self.ended[shelf] == self.planned[shelf]:
            self.finished.add(shelf)
            self.say(f"{shelf} is finished: {self.summary(shelf)}")
        elif time.monotonic() - self.said > EVERY:
            unfinished = [name for name in self.ended if name not in self.finished]
            self.say("   ".join(f"{n} {self.ended[n]} of {self.planned[n]}" for n in unfinished))

    def summary(self, shelf):
        counts = ", ".join(f"{n} {outcome}" for outcome, n in self.outcomes[shelf].items())
        return f"{counts}, {self.seconds[shelf]:.0f} s of work"

    def say(self, text):
        self.said = time.monotonic()
        minutes, seconds = divmod(int(self.said - self.start), 60)
        self.terminal.ensure_newline()
        self.terminal.write_line(f"{minutes:4}:{seconds:02}  {text}")

    def pytest_terminal_summary(self, terminalreporter):
        terminalreporter.section("by folder")
        for shelf in self.ended:
            terminalreporter.write_line(f"{shelf:10} {self.summary(shelf)}")

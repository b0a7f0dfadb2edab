"""Experiments that take no time, for the tests of the runner; workers import them from here."""

import os
import time

from wganlib.runs.experiment import Experiment


def write(folder, log):
    (folder / "result").write_text("made")
    return {"extra": "said by fill"}


def write_new(folder, log):
    (folder / "result").write_text("new")


def fail(folder, log):
    return 1 / 0


def fail_once(folder, log):
    """Fail at the first start, after having begun; finish at the second."""
    log.save()
    if not (folder / "result").exists():
        (folder / "result").write_text("first start")
        return 1 / 0
    (folder / "result").write_text("second start")


def sleep(folder, log):
    """Say which process is at work, and be at work for long."""
    (folder / "asleep").write_text(str(os.getpid()))
    time.sleep(900)


def named(name, *, fill=write, after=()):
    return Experiment(
        name=name, about="nothing", fill=fill, files=("result",), seed=0, data="none", after=after
    )

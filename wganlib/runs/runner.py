"""Make experiments in the order in which they need each other, some at a time.

Each is computed in a folder aside, ``.NAME.unfinished``, which keeps what a later start needs to go
on, and moves as a whole to its place when every file is there.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import torch
from tqdm import tqdm

from wganlib._files import atomic_write, lock, put_in_place, recover

from .experiment import PROVENANCE, Experiment
from .provenance import Log

COMMAND = "python -m wganlib.runs"


@dataclass(frozen=True)
class Outcome:
    """What became of an experiment: is it stored now, and a line for a person."""

    name: str
    stored: bool
    line: str


def make(experiment: Experiment, folder: Path) -> Outcome:
    """Make one experiment, or go on with it; what is finished is left alone.

    Parameters
    ----------
    experiment : Experiment
        What to make.
    folder : Path
        Where it is to stand in the end.

    Returns
    -------
    Outcome
        Not stored if another process is at work on it.
    """
    name, working = experiment.name, working_folder(folder)
    there = Outcome(name, True, f"{name}: is stored already (remove {folder} to make it again)")
    if not experiment.missing_files(folder) and not working.exists():
        return there
    try:
        with lock(working / "lock"):
            recover(folder)
            if experiment.missing_files(folder):
                atomic_write(working / "holder", str(os.getpid()).encode())
                there = Outcome(name, True, _make(experiment, folder, working))
            shutil.rmtree(working)
            return there
    except BlockingIOError:
        return Outcome(name, False, f"{name}: is being made by {_holder(working)}, left alone")


def _make(experiment: Experiment, folder: Path, working: Path) -> str:
    """Fill the folder aside, check that it is whole, and put it in its place."""
    log, results = Log(working / "sessions.json"), working / "results"
    results.mkdir(exist_ok=True)
    more = experiment.fill(results, log) or {}
    about = log.provenance(
        command=f"{COMMAND} {experiment.name}", seed=experiment.seed, data=experiment.data
    )
    text = json.dumps(about | more, indent=2, sort_keys=True) + "\n"
    atomic_write(results / PROVENANCE, text.encode())
    if missing := experiment.missing_files(results):
        raise FileNotFoundError(f"{experiment.name} did not write {', '.join(missing)}")
    put_in_place(results, folder)
    return f"{experiment.name}: made in {about['wall_seconds']} s"


def working_folder(folder: Path) -> Path:
    """Name the folder in which another is filled."""
    return folder.with_name(f".{folder.name}.unfinished")


def _holder(working: Path) -> str:
    """Name the process that works in a folder."""
    try:
        return f"process {(working / 'holder').read_text()}"
    except FileNotFoundError:
        return "another process"


def make_all(
    experiments: dict[str, Experiment], folders: dict[str, Path], *, jobs: int = 2
) -> Iterator[Outcome]:
    """Make experiments at the same time, each as soon as those that it needs are stored.

    Parameters
    ----------
    experiments : dict
        By name. What they need and is not among them is taken to be stored.
    folders : dict
        Where each is to stand in the end.
    jobs : int
        Processes at a time, one thread each. They end when this process ends, however it ends.

    Yields
    ------
    Outcome
        In the order in which they are finished or given up. One that fails does not stop the
        others, except those that need it.

    Raises
    ------
    graphlib.CycleError
        If experiments need each other in a circle.
    """
    order = TopologicalSorter({n: needed(e, experiments) for n, e in experiments.items()})
    order.prepare()
    context, lost = multiprocessing.get_context("spawn"), set()
    with ProcessPoolExecutor(jobs, context, initializer=_start_worker) as pool:
        running: dict[Future, str] = {}
        try:
            while order.is_active():
                for name in order.get_ready():
                    if missing := lost & needed(experiments[name], experiments):
                        lost.add(name)
                        order.done(name)
                        yield Outcome(name, False, f"{name}: not made, it needs {min(missing)}")
                    else:
                        running[pool.submit(make, experiments[name], folders[name])] = name
                for future in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                    outcome = _outcome(running.pop(future), future)
                    order.done(outcome.name)
                    lost |= set() if outcome.stored else {outcome.name}
                    yield outcome
        except (KeyboardInterrupt, GeneratorExit):
            for worker in multiprocessing.active_children():
                worker.kill()
            raise


def needed(experiment: Experiment, among: dict[str, Experiment]) -> set[str]:
    """Return the names of those that an experiment needs and that are to be made too."""
    return set(experiment.after) & among.keys()


def _outcome(name: str, future: Future) -> Outcome:
    """Turn what a worker returned or raised into an outcome."""
    error = future.exception()
    if error is None:
        return future.result()
    return Outcome(name, False, f"{name}: failed, {type(error).__name__}: {error}")


def _start_worker() -> None:
    """Set a worker up: one thread, lines on the screen, and an end together with its parent."""
    torch.set_num_threads(1)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the parent decides
    tqdm.set_lock(threading.RLock())  # its own spans processes, and a killed one leaves it behind
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Wait until the parent is gone, even if it was killed, and leave at once."""
    multiprocessing.parent_process().join()
    os._exit(1)

"""The folder of a run that the command line makes: unfinished, finished, or not to be touched."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wganlib import records
from wganlib._files import atomic_write, lock
from wganlib.records import Run, TrainConfig

PLAN, CHECKPOINT, LOCK = "unfinished.json", "checkpoint.pt", "lock"
PICTURE, TABLE, FILM = "samples.png", "samples.csv", "film.gif"
_FRESH = ".finished"  # holds the files of a finished run until they move in
_DONE = "provenance.json"  # moves in last, so a run that has it is whole
_GONE = (CHECKPOINT, PLAN, LOCK)  # of no use once a run is finished


def is_finished(run: Path) -> bool:
    """Say whether a folder holds a whole run.

    Parameters
    ----------
    run : Path
        The folder.

    Returns
    -------
    bool
        Whether it does.
    """
    return (run / _DONE).is_file() and (run / "config.json").is_file()


def tidy(run: Path) -> None:
    """Remove from a finished run what only an unfinished one needs.

    Parameters
    ----------
    run : Path
        The folder; a kill at the very end leaves such files.
    """
    for name in _GONE:
        (run / name).unlink(missing_ok=True)


def refuse_foreign(run: Path) -> None:
    """Refuse a folder that holds something else, before anything is read or written.

    Parameters
    ----------
    run : Path
        The folder, which need not exist.

    Raises
    ------
    ValueError
        If it is a file, or holds what is no part of a run; names some of it.
    """
    if run.exists() and not run.is_dir():
        raise ValueError(f"--out {run} is a file: give a folder that is new or empty")
    if not run.exists() or (run / PLAN).exists():
        return
    others = sorted(p.name for p in run.iterdir() if not _is_left_over(p))
    if others:
        more = ", ..." if len(others) > 3 else ""
        raise ValueError(
            f"--out {run} holds other files ({', '.join(others[:3])}{more}), which are not "
            "overwritten: give a folder that is new or empty"
        )


def _is_left_over(path: Path) -> bool:
    """Say whether a process that was killed before its first step may have left this."""
    return path.name == LOCK or (path.name.startswith(".") and path.suffix in (".part", ".trial"))


@contextmanager
def alone(run: Path) -> Iterator[None]:
    """Hold a run's folder alone, and tidy up what a kill has left there.

    Parameters
    ----------
    run : Path
        The folder; made if missing.

    Raises
    ------
    RuntimeError
        If another process holds it.
    OSError
        If it cannot be written; says so.
    """
    with ExitStack() as held:
        try:
            held.enter_context(lock(run / LOCK))
        except BlockingIOError as error:
            raise RuntimeError(
                f"another process trains into {run}: wait for it, or give another --out"
            ) from error
        except OSError as error:
            raise OSError(
                f"--out {run} cannot be written ({error.strerror or error}): give a folder that can"
            ) from error
        for path in run.glob(".*.*"):
            if _is_left_over(path):
                path.unlink(missing_ok=True)
        shutil.rmtree(run / _FRESH, ignore_errors=True)
        yield


# --- unfinished -----------------------------------------------------------------------------------


def write_plan(run: Path, plan: dict) -> None:
    """Keep how a run is trained, for the next time.

    Parameters
    ----------
    run : Path
        Its folder.
    plan : dict
        What JSON can store.
    """
    atomic_write(run / PLAN, (json.dumps(plan, indent=2) + "\n").encode())


def read_plan(run: Path) -> dict | None:
    """Read the plan of an unfinished run.

    Parameters
    ----------
    run : Path
        Its folder.

    Returns
    -------
    dict or None
        What `write_plan` wrote; None where there is none.

    Raises
    ------
    RuntimeError
        If it is damaged.
    """
    path = run / PLAN
    if not path.is_file():
        return None
    try:
        plan = json.loads(path.read_text(encoding="utf8"))
        TrainConfig(**plan["config"])
        sides = {side: dict(plan["networks"][side]) for side in records.SIDES}
        return plan | {
            "asked": dict(plan["asked"]), "seconds": float(plan["seconds"]), "networks": sides,
            "device": str(plan["device"]), "checksum": str(plan["checksum"]),
        }  # fmt: skip
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RuntimeError(
            f"{path} is damaged ({error!r}): remove {run} to start again, or give another --out"
        ) from error


# --- finished -------------------------------------------------------------------------------------


def store(run: Path, result: Run, add_samples: Callable[[Path], object]) -> None:
    """Store a finished run: fill a folder aside, then move each file in, the sign of a whole last.

    Not by `wganlib.records.save_run`, which swaps the folder: it holds the lock, and what others
    have put there.

    Parameters
    ----------
    run : Path
        Its folder, which this process holds alone.
    result : Run
        What to store.
    add_samples : callable
        Writes samples into the folder that it is given.
    """
    aside = run / _FRESH
    aside.mkdir()
    add_samples(aside)
    records.write_run(aside, result)
    for path in sorted(aside.iterdir(), key=lambda path: path.name == _DONE):
        os.replace(path, run / path.name)
    aside.rmdir()
    tidy(run)


def load(run: Path) -> Run:
    """Load a finished run, or say what the folder is instead.

    Parameters
    ----------
    run : Path
        Its folder.

    Returns
    -------
    Run
        As `wganlib.records.load_run` gives it.

    Raises
    ------
    ValueError
        If there is no run, or an unfinished one.
    RuntimeError
        If it is damaged.
    """
    if not run.is_dir():
        raise ValueError(f"no run {str(run)!r}: give the folder that `train` got as --out")
    if not (run / _DONE).is_file():
        if (run / PLAN).is_file():
            raise ValueError(f"{run} is not finished: repeat the command that trains it, to go on")
        raise ValueError(f"{run} holds no run: give the folder that `train` got as --out")
    try:
        return records.load_run(run.resolve())
    except Exception as error:  # what a damaged file makes a reader raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RuntimeError(
            f"the run {run} is damaged ({reason}): train it again, into another folder"
        ) from error


# --- samples --------------------------------------------------------------------------------------


def write_table(path: Path, names: list[str], values: NDArray[np.float64]) -> None:
    """Write a CSV file that is at every moment whole.

    Parameters
    ----------
    path : Path
        Where to.
    names : list of str
        The columns' names.
    values : ndarray, shape (n, columns)
        The rows.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(names)
    table.writerows([[f"{value:.15g}" for value in row] for row in values])
    atomic_write(path, text.getvalue().encode())


def write_arrays(path: Path, **arrays: NDArray) -> None:
    """Write an .npz file that is at every moment whole.

    Parameters
    ----------
    path : Path
        Where to.
    **arrays : ndarray
        By name.
    """
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    atomic_write(path, content.getvalue())

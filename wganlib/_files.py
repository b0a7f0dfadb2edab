"""Files and folders that are whole at every moment: written aside, then put in their place."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

import filelock

STALE = 3600  # seconds after which an old folder belongs to nobody: no swap takes that long
LOOKS = 3  # in a row that must find nothing: a folder can move just before it is looked at
TRIES = 1000  # of a reader, each a millisecond or less


def atomic_write(path: str | Path, data: bytes) -> None:
    """Write a file that is at every moment the old one or the new one, and never a part.

    Parameters
    ----------
    path : path
        The file; its folder is made if missing.
    data : bytes
        The whole content.

    Raises
    ------
    OSError
        If it cannot be written, a full disk included; the old file is then untouched and nothing
        else is left.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = _aside(path, "part")
    try:
        with aside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def swapped_folder(folder: str | Path) -> Iterator[Path]:
    """Give an empty folder to fill, and put it in the place of another when all went well.

    Parameters
    ----------
    folder : path
        What is to be replaced, or made.

    Yields
    ------
    Path
        A new folder next to it. If the block raises, it is removed and ``folder`` is untouched.
    """
    aside = _aside(Path(folder), "new")
    aside.mkdir(parents=True)
    try:
        yield aside
        put_in_place(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def put_in_place(filled: str | Path, folder: str | Path) -> None:
    """Rename a filled folder to its final name; what stood there before is removed.

    Two renames are needed where something stood there. Between them, and for good if the process is
    killed there, the old folder stands under another name, where `standing` finds it. Several
    processes may do this at a time: each puts its own in place, and the last one stays.

    Parameters
    ----------
    filled, folder : path
        The new folder and its final name, on the same file system.

    Raises
    ------
    OSError
        If a folder cannot be renamed; the old one is then in its place.
    """
    folder, moved, now = Path(folder), [], time.time_ns()
    os.utime(filled, ns=(now, now))  # a copy has its source's time, and readers go by it
    while True:
        old = _aside(folder, f"{time.time_ns()}.old")
        with contextlib.suppress(FileNotFoundError):  # nothing stands there
            os.replace(folder, old)
            moved.append(old)
        try:
            os.replace(filled, folder)
            break
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                if moved:
                    os.replace(moved[-1], folder)
                raise
            # another process was quicker, and its folder is the old one now
    # Those of others are left to them: they may be between their two renames.
    for old in (*moved, *(old for old in _olds(folder) if _age(old) > STALE)):
        shutil.rmtree(old, ignore_errors=True)


def recover(folder: str | Path) -> None:
    """Tidy up after a replacement that was cut off: bring the old folder back, or remove it.

    Only for the one process that writes there; one that reads takes `read_files`.

    Parameters
    ----------
    folder : path
        Its final name. If nothing stands there, the old folder comes back; if the new one had
        moved in already, the old one is removed.
    """
    folder = Path(folder)
    for old in _olds(folder):
        if not folder.exists():
            os.replace(old, folder)
        else:
            shutil.rmtree(old, ignore_errors=True)


def standing(folder: str | Path) -> Iterator[Path]:
    """Give the places where a folder, or the one that is being replaced, can stand now.

    Parameters
    ----------
    folder : path
        Its final name.

    Yields
    ------
    Path
        The final name, and the old ones, the newest first.
    """
    yield Path(folder)
    yield from _olds(Path(folder))


def read_files(folder: str | Path, names: Iterable[str]) -> dict[str, bytes]:
    """Read files that belong together, though other processes may replace the folder meanwhile.

    Nothing is renamed or locked, so a reader stops no writer, and a writer that stands still
    between its two renames stops no reader.

    Parameters
    ----------
    folder : path
        The folder's final name.
    names : iterable of str
        Names of files in it.

    Returns
    -------
    dict
        The content of those that are there, all of one folder; empty if there is none.

    Raises
    ------
    TimeoutError
        If the folder never stands still.
    """
    folder, names, nothing = Path(folder), tuple(names), 0
    for _ in range(TRIES):
        nothing += 1
        for place in standing(folder):
            before = _identity(place)
            if before is None:
                continue
            found = _contents(place, names)
            if before != _identity(place):
                nothing = 0  # it has been replaced while it was read
            elif place == folder or len(found) == len(names):  # an old one may be half removed
                return found
        if nothing == LOOKS:
            return {}
    raise TimeoutError(f"{folder} is replaced faster than it can be read")


@contextlib.contextmanager
def lock(path: str | Path) -> Iterator[None]:
    """Hold a lock that no other process can hold, and that ends with this one, even if killed.

    Parameters
    ----------
    path : path
        The lock's file; its folder is made if missing.

    Raises
    ------
    BlockingIOError
        If another process holds it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    held = filelock.FileLock(path)
    try:
        held.acquire(timeout=0)
    except filelock.Timeout as error:
        raise BlockingIOError(f"another process is at work here: it holds {path}") from error
    try:
        yield
    finally:
        held.release()


def _aside(path: Path, kind: str) -> Path:
    """Name something next to a path that no other process names."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.{kind}")


def _olds(folder: Path) -> list[Path]:
    """List the folders that have been renamed to make place, the last one first."""
    form = re.compile(rf"\.{re.escape(folder.name)}\.([0-9a-f]{{12}}\.[0-9]+\.)?old")
    with contextlib.suppress(OSError):
        found = [path for path in folder.parent.iterdir() if form.fullmatch(path.name)]
        return sorted(found, key=_age)
    return []


def _age(old: Path) -> float:
    """Return for how many seconds a folder has had the name of an old one."""
    moved = old.name.split(".")[-2]  # .NAME.RANDOM.NANOSECONDS.old
    return time.time() - int(moved) / 1e9 if moved.isdecimal() else math.inf


def _identity(place: Path) -> tuple[int, ...] | None:
    """Tell one folder from another that has its name later on."""
    with contextlib.suppress(OSError):
        status = place.stat()
        return status.st_dev, status.st_ino, status.st_mtime_ns
    return None


def _contents(place: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """Read those files that are there."""
    found = {}
    for name in names:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            found[name] = (place / name).read_bytes()
    return found

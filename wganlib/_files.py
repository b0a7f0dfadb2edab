"""Files and folders that are whole at every moment: written aside, then put in their place."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import filelock


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

    Two renames are needed where something stood there. A process that is killed between them
    leaves the old folder under another name, from which `recover` brings it back.

    Parameters
    ----------
    filled, folder : path
        The new folder and its final name, on the same file system.
    """
    folder = Path(folder)
    recover(folder)
    old = _old(folder)
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        os.replace(folder, old)
    os.replace(filled, folder)
    shutil.rmtree(old, ignore_errors=True)


def recover(folder: str | Path) -> None:
    """Tidy up after a replacement that was cut off: bring the old folder back, or remove it.

    Parameters
    ----------
    folder : path
        Its final name. If nothing stands there, the old folder comes back; if the new one had
        moved in already, the old one is removed.
    """
    folder = Path(folder)
    if folder.exists():
        shutil.rmtree(_old(folder), ignore_errors=True)
    elif _old(folder).exists():
        os.replace(_old(folder), folder)


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


def _old(folder: Path) -> Path:
    """Name the place where a folder waits while its successor moves in."""
    return folder.with_name(f".{folder.name}.old")

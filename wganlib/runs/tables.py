"""Tables as text: one way to write them and one way to read them, for all experiments."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from wganlib._files import atomic_write
from wganlib.records import run_folder


def write_table(path: Path, rows: list[dict]) -> None:
    """Write rows as CSV, floats to six digits; the file is at every moment whole.

    Parameters
    ----------
    path : Path
        The file.
    rows : list of dict
        At least one; all have the columns of the first. Text is written as it is.
    """
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, rows[0], lineterminator="\n")
    table.writeheader()
    for row in rows:
        table.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})
    atomic_write(path, text.getvalue().encode())


def read_table(path: Path) -> np.ndarray:
    """Read a table as a structured array, one entry a row.

    Parameters
    ----------
    path : Path
        A file with one line of names and at least one row.

    Returns
    -------
    numpy.ndarray
        Shape ``(rows,)``. ``table["step"]`` is a column; its type is what all its entries allow.
    """
    how = {"delimiter": ",", "names": True, "dtype": None, "comments": None, "encoding": "utf8"}
    return np.atleast_1d(np.genfromtxt(path, **how))


def read_rows(path: Path) -> list[dict]:
    """Read a table as `write_table` took it, to go on with it.

    Parameters
    ----------
    path : Path
        The file; it may be missing.

    Returns
    -------
    list of dict
        One a row, with plain numbers and texts; empty if there is no file.
    """
    if not path.exists():
        return []
    table = read_table(path)
    return [dict(zip(table.dtype.names, row.item(), strict=True)) for row in table]


def stored(experiment: str, table: str = "results") -> np.ndarray:
    """Read a table that the book stores.

    Parameters
    ----------
    experiment : str
        Its folder's name, such as ``"ch10-scores"``.
    table : str
        The file's name without ``.csv``.

    Returns
    -------
    numpy.ndarray
        As of `read_table`.
    """
    return read_table(run_folder(experiment) / f"{table}.csv")


def chosen(table: np.ndarray, **wanted: object) -> np.ndarray:
    """Select the rows that have these values.

    Parameters
    ----------
    table : numpy.ndarray
        As of `read_table`.
    **wanted
        A value for each column that matters.

    Returns
    -------
    numpy.ndarray
        The rows, in their order.
    """
    return table[np.all([table[name] == value for name, value in wanted.items()], axis=0)]

"""The one bar that says how far something is."""

from __future__ import annotations

import sys
import threading

import tqdm as library


class tqdm(library.tqdm):
    """The library's bar, with a lock that is its process's own.

    The library's spans processes, and one that is killed while it draws keeps it for ever.
    """

    _lock = threading.RLock()


def bar(progress: bool, *, total: int | None, unit: str, initial: int = 0) -> tqdm:
    """Show a bar at a terminal or in a notebook; ``TQDM_DISABLE=1`` silences the latter's too.

    Parameters
    ----------
    progress : bool
        Whether one is wanted.
    total : int or None
        How many there will be, where it is known.
    unit : str
        What is counted, such as "step".
    initial : int
        How many there are already.

    Returns
    -------
    tqdm
        The bar, which its ``update`` moves.
    """
    somebody_looks = sys.stderr.isatty() or "ipykernel" in sys.modules
    options = {} if progress and somebody_looks else {"disable": True}
    return tqdm(total=total, initial=initial, unit=unit, **options)

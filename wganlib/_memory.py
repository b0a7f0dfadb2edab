"""Memory, asked about before it is taken."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:  # NumPy's half of the package does without torch, whose import takes seconds
    import torch

SMALL = 1e8  # bytes for which nobody asks
# Where a container's limit stands, by the two versions of Linux's control groups.
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def free_bytes(device: torch.device | str = "cpu") -> int:
    """Return how many bytes can still be taken.

    Parameters
    ----------
    device : torch.device or str
        Where. On a CPU, the limit of a container around this process counts too.

    Returns
    -------
    int
        Bytes.
    """
    if str(device).startswith("cuda"):
        import torch

        return torch.cuda.mem_get_info(torch.device(device))[0]
    own = psutil.Process().memory_info().rss
    limits = [int(text) - own for text in map(_read, LIMITS) if text.isdigit()]
    return max(0, min([psutil.virtual_memory().available, *limits]))


def room(device: torch.device | str = "cpu") -> int:
    """Return how many bytes samples may take: half of what is free; the networks need some too.

    Parameters
    ----------
    device : torch.device or str
        Where.

    Returns
    -------
    int
        Bytes.
    """
    return free_bytes(device) // 2


def refuse_large(n_bytes: float, what: str, way_out: str) -> None:
    """Refuse a task that needs more memory than there is, before a byte of it is taken.

    Parameters
    ----------
    n_bytes : float
        What the task needs at its peak.
    what : str
        What it is needed for, with the arguments that make it large.
    way_out : str
        How to get by with less.

    Raises
    ------
    ValueError
        If this is more than is free; names both numbers and the way out.
    """
    if n_bytes < SMALL or n_bytes <= (free := free_bytes()):
        return
    raise ValueError(
        f"{what} would take {n_bytes / 1e9:,.1f} GB of memory, and {free / 1e9:,.1f} GB are "
        f"free; {way_out}"
    )


def in_words(size: int) -> str:
    """Write a number of bytes.

    Parameters
    ----------
    size : int
        Bytes.

    Returns
    -------
    str
        Such as "1.5 GiB".
    """
    for unit, one in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= one:
            return f"{size / one:,.1f} {unit}"
    return f"{size} bytes"


def _read(path: str) -> str:
    """Return a file's text, or none where there is none."""
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""

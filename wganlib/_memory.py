"""Memory, asked about before it is taken."""

from __future__ import annotations

from pathlib import Path

import psutil
import torch

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
    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
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

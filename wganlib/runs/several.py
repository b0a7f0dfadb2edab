"""Several processes that train together, forked from this one: what a notebook can do by itself."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist


def on_several(k: int, function: Callable[..., object], *arguments: object) -> list[object]:
    """Call a function in k processes that are joined as ``torchrun`` joins them, one thread each.

    Parameters
    ----------
    k : int
        How many processes.
    function : callable
        Called in each with the same arguments; a closure will do, since nothing is sent to it. What
        it returns must be something that can be pickled, arrays instead of tensors.
    *arguments : object
        What it is called with.

    Returns
    -------
    list
        What each process returned, by rank; an exception is returned as its words.

    Raises
    ------
    OSError
        Where processes cannot be forked, as on Windows.
    """
    if not hasattr(os, "fork"):
        raise OSError("this machine cannot fork a process; Linux and macOS can, and so does Colab")
    with tempfile.TemporaryDirectory() as folder:
        meeting, fork = Path(folder) / "meeting", multiprocessing.get_context("fork")
        answers = fork.SimpleQueue()
        given = (k, meeting, answers, function, arguments)
        processes = [fork.Process(target=_work, args=(rank, *given)) for rank in range(k)]
        for process in processes:
            process.start()
        found = dict(answers.get() for _ in processes)
        for process in processes:
            process.join()
    return [found[rank] for rank in range(k)]


def _work(rank: int, k: int, meeting: Path, answers, function, arguments: tuple) -> None:
    """Join the others, call the function, and hand in what it returns."""
    torch.set_num_threads(1)  # a pool of threads does not survive a fork
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=k)
    try:
        answer = function(*arguments)
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"
    answers.put((rank, answer))
    dist.destroy_process_group()

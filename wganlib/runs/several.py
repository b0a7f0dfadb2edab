"""Several processes that train together, this one and forks of it: what a notebook can do alone."""

from __future__ import annotations

import functools
import multiprocessing
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist


def on_several(k: int, function: Callable[..., object], *arguments: object) -> list[object]:
    """Call a function in k processes that are joined as ``torchrun`` joins them, one thread each.

    The first of them is this one, the others are forked from it.

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
    fork, threads = multiprocessing.get_context("fork"), torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder:
        answers = fork.SimpleQueue()
        work = functools.partial(_work, Path(folder) / "meeting", k, function, arguments)
        others = [fork.Process(target=_answer, args=(answers, work, r)) for r in range(1, k)]
        for process in others:
            process.start()
        found = {0: work(0)} | dict(answers.get() for _ in others)
        for process in others:
            process.join()
    torch.set_num_threads(threads)
    return [found[rank] for rank in range(k)]


def _answer(answers, work: Callable[[int], object], rank: int) -> None:
    """Hand in what a forked process found."""
    answers.put((rank, work(rank)))


def _work(meeting: Path, k: int, function: Callable, arguments: tuple, rank: int) -> object:
    """Join the others, call the function, and return what it returns."""
    torch.set_num_threads(1)  # a pool of threads does not survive a fork
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=k)
    try:
        return function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        dist.destroy_process_group()

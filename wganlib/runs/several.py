"""Several processes that train together, this one and forks of it: what a notebook can do alone."""

from __future__ import annotations

import contextlib
import functools
import gc
import multiprocessing
import os
import tempfile
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from pathlib import Path

import torch
import torch.distributed as dist

PATIENCE = timedelta(minutes=5)  # with a process that is gone before all have met
MEETINGS = 3  # a fork of a process with many threads may die before it meets the others


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
    RuntimeError
        If one of the processes died without an answer, or if they could not meet in three trials.
    """
    if not hasattr(os, "fork"):
        raise OSError("this machine cannot fork a process; Linux and macOS can, and so does Colab")
    threads = torch.get_num_threads()
    gc.collect()  # a fork that collects what FSDP left here may crash
    try:
        for _ in range(MEETINGS - 1):
            with contextlib.suppress(_NotMetError):  # then nothing was called here
                return _together(k, function, arguments)
        return _together(k, function, arguments)
    finally:
        torch.set_num_threads(threads)


def _together(k: int, function: Callable, arguments: tuple) -> list[object]:
    """Fork k - 1 processes, meet them, and return what each found."""
    fork = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        work = functools.partial(_work, Path(folder) / "meeting", k, function, arguments)
        others = [_Other(fork, work, rank) for rank in range(1, k)]
        try:
            return [work(0), *(other.answer() for other in others)]
        except _NotMetError:
            for other in others:
                other.process.kill()
            raise
        finally:
            # Not sooner: PyTorch 2.6 waits for ever for a thread that waits for this one, and does
            # not if all have been idle since. The others end without, which frees nothing.
            if dist.is_initialized():
                dist.destroy_process_group()


class _NotMetError(RuntimeError):
    """The processes could not be joined."""


class _Other:
    """A process that is forked from this one, and the pipe through which it answers."""

    def __init__(self, fork: BaseContext, work: Callable[[int], object], rank: int):
        self.end, answers = fork.Pipe(duplex=False)
        self.process = fork.Process(target=_answer, args=(answers, work, rank))
        self.process.start()
        answers.close()  # so that a process that dies is seen at the end of the pipe

    def answer(self) -> object:
        """Wait for what the process found."""
        try:
            found = self.end.recv()
        except EOFError:
            self.process.join()
            code = self.process.exitcode
            raise RuntimeError(f"a forked process died, exit code {code}: try again") from None
        self.process.join()
        return found


def _answer(answers: Connection, work: Callable[[int], object], rank: int) -> None:
    """Hand in what a forked process found, nothing if it could not meet the others."""
    gc.disable()
    with contextlib.suppress(_NotMetError):
        answers.send(work(rank))


def _work(meeting: Path, k: int, function: Callable, arguments: tuple, rank: int) -> object:
    """Join the others, call the function, and return what it returns."""
    torch.set_num_threads(1)  # a pool of threads does not survive a fork
    try:
        dist.init_process_group(
            "gloo", init_method=f"file://{meeting}", rank=rank, world_size=k, timeout=PATIENCE
        )
        dist.barrier()  # one may have joined while another could not: no one goes on alone
    except RuntimeError as error:
        raise _NotMetError(f"the {k} processes could not meet: {error}") from error
    try:
        return function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"

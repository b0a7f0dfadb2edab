"""One training on several processes, as ``torchrun`` starts them.

A script that trains is started by ::

    torchrun --nproc-per-node 2 my_script.py

`wganlib.training.train` joins them by itself. Every process draws the same joint batch and works on
its own rows of it; gradients are averaged before each step. So a training on k processes is the
training on one, to rounding, if its losses are means over samples, as all are but the relativistic
average one. The first process logs, looks and saves; a checkpoint goes on with any number of them.

A process that is killed ends the run; repeat the command, or let ``--max-restarts`` do it, with
``TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1`` in the environment: without it PyTorch may look for
processes that are gone (pytorch/pytorch issue 135712).
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import nn

from wganlib._arrays import instance, whole_number


def join(device: torch.device) -> int:
    """Join the processes that ``torchrun`` started together with this one, if it did.

    Parameters
    ----------
    device : torch.device
        Where this process computes.

    Returns
    -------
    int
        How many processes train together; 1 without ``torchrun``.

    Raises
    ------
    ValueError
        If ``device`` is something else, or another process's GPU.

    Notes
    -----
    Those that joined by ``torch.distributed.init_process_group()`` before train together as well.
    """
    instance(device, "device", torch.device, 'torch.device("cpu") makes one')
    started = int(os.environ.get("WORLD_SIZE", 1)) if dist.is_available() else 1
    local = int(os.environ.get("LOCAL_RANK", 0))
    if started > 1 and device.type == "cuda" and device.index != local:
        raise ValueError(
            f"process {local} of this machine computes on {device}, which is another one's: move "
            "the networks to f\"cuda:{os.environ['LOCAL_RANK']}\""
        )
    if started > 1 and "RANK" in os.environ and not dist.is_initialized():
        dist.init_process_group()  # gloo for tensors in memory, NCCL for those on a GPU
        atexit.register(_leave)
    return processes()


def processes() -> int:
    """Count the processes that train together.

    Returns
    -------
    int
        1 without ``torchrun``.
    """
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Return which of the processes this is; the first one logs and saves.

    Returns
    -------
    int
        From 0.
    """
    return dist.get_rank() if processes() > 1 else 0


def rows(n: int) -> slice:
    r"""Say which rows of a joint batch are this process's.

    .. math:: [\,r n / k,\; (r + 1)\, n / k\,) \quad \text{for process } r \text{ of } k

    Parameters
    ----------
    n : int
        How many rows the joint batch has.

    Returns
    -------
    slice
        All of them in a single process.

    Raises
    ------
    ValueError
        If ``n`` is no multiple of the number of processes: their means would weigh samples
        differently.

    Examples
    --------
    >>> rows(64)
    slice(0, 64, None)
    """
    n, k = whole_number(n, "n", least=1), processes()
    if n % k:
        raise ValueError(
            f"batch_size={n} cannot be shared equally by {k} processes: "
            f"take {n - n % k or k} or {n - n % k + k}"
        )
    return slice(rank() * n // k, (rank() + 1) * n // k)


def average_gradients_(parameters: Iterable[nn.Parameter]) -> None:
    r"""Replace gradients by their mean over all processes, in place.

    .. math:: g_i \leftarrow \frac1k \sum_{r=1}^k g_i^{(r)}

    Parameters
    ----------
    parameters : iterable of nn.Parameter
        Those without a gradient are left alone; they must be the same in all processes.

    Raises
    ------
    ValueError
        If they are no parameters.
    """
    try:
        given = list(parameters)
    except TypeError:
        given = [parameters]
    for parameter in given:
        instance(parameter, "parameters", nn.Parameter, "network.parameters() are some")
    gradients = [p.grad for p in given if p.grad is not None]
    if processes() == 1 or not gradients:
        return
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= processes()
    for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


def _leave() -> None:
    """Leave the other processes at the end."""
    if dist.is_initialized():
        dist.destroy_process_group()

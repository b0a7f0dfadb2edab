"""What the processes that train together share: a start, batch norms, means of what is recorded."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from wganlib import parallel


@torch.no_grad()
def copy_from_first_(network: nn.Module) -> None:
    """Give every process the first one's weights and buffers, in place.

    Parameters
    ----------
    network : nn.Module
        Of the same shape in all processes.
    """
    if parallel.processes() > 1:
        for tensor in network.state_dict().values():
            whole = tensor.contiguous()  # a collective takes no other layout
            dist.broadcast(whole, src=0)
            tensor.copy_(whole)


def from_first(value: object) -> object:
    """Give every process what the first one has.

    Parameters
    ----------
    value : object
        Anything that can be pickled; of the other processes it is not looked at.

    Returns
    -------
    object
        The first process's value.
    """
    if parallel.processes() == 1:
        return value
    box = [value if parallel.rank() == 0 else None]
    dist.broadcast_object_list(box, src=0, device=torch.device("cpu"))
    return box[0]


def mean(values: Tensor) -> Tensor:
    """Average numbers over all processes.

    Parameters
    ----------
    values : Tensor, shape (...)
        Of the same shape in all processes.

    Returns
    -------
    Tensor, shape (...)
        The means, the same in all; ``values`` itself in a single process.
    """
    if parallel.processes() == 1:
        return values
    total = values.clone()
    dist.all_reduce(total)
    return total / parallel.processes()


@contextlib.contextmanager
def joint_batch_norm(*networks: nn.Module) -> Iterator[None]:
    r"""Let batch norm take the moments of the joint batch while this lasts.

    .. math::
        \mu = \frac1k \sum_r \mu_r, \qquad
        \sigma^2 = \frac1k \sum_r \overline{(x_r - \mu)^2}

    ``torch.nn.SyncBatchNorm`` does so on a GPU, and refuses a CPU.

    Parameters
    ----------
    *networks : nn.Module
        Changed while it lasts, and given back as they were.

    Yields
    ------
    None
        Within it their batch norms wait for each other.
    """
    modules = [m for network in networks for m in network.modules() if isinstance(m, _BatchNorm)]
    modules = modules if parallel.processes() > 1 else []
    for module in modules:
        module.forward = functools.partial(_joint_forward, module)
    try:
        yield
    finally:
        for module in modules:
            module.__dict__.pop("forward", None)


@contextlib.contextmanager
def apart(*networks: nn.Module) -> Iterator[None]:
    """Let one process look at networks without waiting for the others, whatever their mode.

    Parameters
    ----------
    *networks : nn.Module
        Within `joint_batch_norm`.

    Yields
    ------
    None
        Within it each process's batch norms are its own.
    """
    modules = [m for network in networks for m in network.modules() if isinstance(m, _BatchNorm)]
    joint = {module: module.__dict__.pop("forward", None) for module in modules}
    try:
        yield
    finally:
        for module, forward in joint.items():
            if forward is not None:
                module.forward = forward


class _Sum(torch.autograd.Function):
    """A sum over all processes, whose derivative is one, too; so it has a second derivative."""

    @staticmethod
    def forward(_: object, values: Tensor) -> Tensor:
        """Add up."""
        total = values.contiguous().clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_: object, gradient: Tensor) -> Tensor:
        """Add up what all processes' results owe to this one's values."""
        return _Sum.apply(gradient)


def _joint_forward(module: _BatchNorm, x: Tensor) -> Tensor:
    """Normalise by the joint batch's moments, and let the running ones follow them."""
    if not module.training:
        return type(module).forward(module, x)
    axes, shape = [0, *range(2, x.ndim)], (1, -1, *[1] * (x.ndim - 2))
    mean = _Sum.apply(x.mean(axes)) / parallel.processes()
    centred = x - mean.view(shape)
    variance = _Sum.apply(centred.square().mean(axes)) / parallel.processes()
    _follow(
        module, mean.detach(), variance.detach(), n=parallel.processes() * x.numel() // x.shape[1]
    )
    normal = centred * (variance + module.eps).rsqrt().view(shape)
    return (
        normal
        if module.weight is None
        else torch.addcmul(module.bias.view(shape), normal, module.weight.view(shape))
    )


def _follow(module: _BatchNorm, mean: Tensor, variance: Tensor, *, n: int) -> None:
    """Let the running moments take a step towards a batch's, of n numbers a channel."""
    if not module.track_running_stats:
        return
    module.num_batches_tracked.add_(1)
    share = module.momentum  # of the new; without one, all batches count alike
    share = 1 / module.num_batches_tracked.item() if share is None else share
    module.running_mean.lerp_(mean, share)
    module.running_var.lerp_(variance * (n / (n - 1)), share)

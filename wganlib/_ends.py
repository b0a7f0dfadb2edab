"""What a network ends in: the function that its values come out of, and the bounds it sets."""

from __future__ import annotations

import math
import re

import torch
from torch import Tensor, nn

from wganlib._networks import CONDITIONS, evaluating

ENDLESS = (-math.inf, math.inf)
# What PyTorch's graph calls a function that bounds its values, and the interval they lie in.
BOUNDED = {
    "Tanh": (-1.0, 1.0),
    "Sigmoid": (0.0, 1.0),
    "Softmax": (0.0, 1.0),
    "Hardsigmoid": (0.0, 1.0),
    "Relu": (0.0, math.inf),
    "LogSigmoid": (-math.inf, 0.0),
    "LogSoftmax": (-math.inf, 0.0),
}
# What leaves all values as they are, and only moves them to other places or leaves some out.
LAYING_OUT = {
    "Alias", "Clone", "Expand", "Flip", "Permute", "PixelShuffle", "PixelUnshuffle", "ReshapeAlias",
    "Roll", "Select", "Slice", "Squeeze", "T", "ToCopy", "Transpose", "Unsqueeze", "UnsafeView",
    "View",
}  # fmt: skip


def last_function(values: Tensor) -> tuple[str, tuple[float, float]]:
    """Name the function that values come out of, and the interval that it keeps them in.

    Read from the graph, so that a function counts as a layer does; the name is empty where there is
    no graph, and the interval endless where nothing is known to bound it.
    """
    node = values.grad_fn
    while node is not None:
        name = re.sub(r"Backward\d*$", "", node.name())
        if name not in LAYING_OUT:
            return name, _interval(name, node)
        node = node.next_functions[0][0]
    return "", ENDLESS


def _interval(name: str, node: torch.autograd.graph.Node) -> tuple[float, float]:
    """Return the interval of a function."""
    saved = {"Hardtanh": ("min_val", "max_val"), "Clamp": ("min", "max")}.get(name)
    if saved is None:
        return BOUNDED.get(name, ENDLESS)
    given = (getattr(node, f"_saved_{end}") for end in saved)
    low, high = (e if v is None else float(v) for e, v in zip(ENDLESS, given, strict=True))
    return low, high


def end(generator: nn.Module) -> tuple[str, tuple[float, float]]:
    """Name the function that a generator's samples come out of, and the interval it keeps them in.

    Found by two samples, drawn without moving weights, buffers, modes or anybody's random numbers.
    """
    generator = getattr(generator, "_orig_mod", generator)  # as it was before torch.compile
    like = next(generator.parameters())
    gpus = [like.device] if like.device.type == "cuda" else []
    rng = torch.Generator(like.device).manual_seed(0)
    classes, numbers = (getattr(generator, kind, None) for kind in CONDITIONS)
    condition = []
    if classes is not None:
        condition = [torch.zeros(2, dtype=torch.int64, device=like.device)]
    elif numbers is not None:
        condition = [torch.zeros(2, numbers, dtype=like.dtype, device=like.device)]
    with torch.random.fork_rng(gpus), torch.enable_grad(), evaluating(generator):
        latent = generator.sample_latent(2, rng)
        if latent.is_floating_point():
            latent = latent.detach().requires_grad_()  # a graph even of frozen weights
        return last_function(generator(latent, *condition))


def reach(generator: nn.Module) -> tuple[float, float]:
    """Return that interval; an endless one for a generator that fails, of which others say why."""
    try:
        return end(generator)[1]
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError):
        return ENDLESS

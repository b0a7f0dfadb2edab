r"""The slope of a critic written out, layer by layer: a penalty without a second derivative.

Between its kinks a network of linear layers and (leaky) ReLUs is linear in its input,
:math:`f(x) = W_n D_{n-1} W_{n-1} \cdots D_1 W_1 x + \text{const}`, with diagonal matrices
:math:`D_k` that hold the slopes of the activations at x. So its gradient is the product of the same
matrices, transposed and in the other order,

.. math:: \nabla f(x) = W_1^\top D_1 \cdots W_{n-1}^\top D_{n-1} W_n^\top,

which needs one pass forward for the :math:`D_k`, without a graph, and one chain of ordinary layers.
In the weights the :math:`D_k` are constant but at a kink, so a penalty on the gradient is minimised
by one ordinary backward pass through that chain. The general way, which differentiates a gradient
that autograd has computed, arrives at the same numbers by about twice the work.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from wganlib import _arrays

Pullback = Callable[[Tensor], Tensor]  # takes a gradient from a layer's output to its input
Rule = Callable[[nn.Module, Tensor], tuple[Tensor, Pullback]]


def sequential_vjp(
    layers: nn.Sequential, x: Tensor, direction: Tensor | None = None
) -> tuple[Tensor, Tensor] | None:
    r"""Apply layers, and multiply their Jacobian at each sample by a vector, written out.

    .. math:: y_i = F(x_i), \qquad J_F(x_i)^\top v_i

    Parameters
    ----------
    layers : nn.Sequential
        Of linear and convolutional layers, ReLU, leaky ReLU, flattening, identity, and batch norm
        in evaluation mode.
    x : Tensor, shape (batch, ...)
        Points, in data units.
    direction : Tensor, shape (batch, features), optional
        The vectors :math:`v_i`; ones when left out, which for a single feature gives its gradient.

    Returns
    -------
    outputs : Tensor, shape (batch, features)
        The layers' outputs, without a graph.
    product : Tensor, shape (batch, ...)
        The products, with a graph to the weights and to ``direction``, and none to ``x``.
        Or None instead of the pair, where one of the layers is of another kind.

    Raises
    ------
    ValueError
        If the points, or the vectors, do not fit the layers.

    Notes
    -----
    At a kink the slopes are PyTorch's: that of the negative side. Every weight is read once, so
    that spectral norm takes one power iteration, as in a pass forward.

    Examples
    --------
    >>> critic = nn.Sequential(nn.Linear(2, 1))
    >>> _ = nn.init.constant_(critic[0].weight, 3.0), nn.init.zeros_(critic[0].bias)
    >>> outputs, gradient = sequential_vjp(critic, torch.ones(1, 2))
    >>> outputs.item(), gradient.tolist()
    (6.0, [[3.0, 3.0]])
    """
    _arrays.instance(layers, "layers", nn.Sequential, "nn.Sequential(*layers) makes one")
    _arrays.instance(x, "x", Tensor, "torch.as_tensor(x) makes one")
    rules = [_rule(layer) for layer in layers]
    if None in rules:
        return None
    outputs, pullbacks = x.detach(), []
    try:
        for rule, layer in zip(rules, layers, strict=True):
            outputs, pullback = rule(layer, outputs)
            pullbacks.append(pullback)
    except (RuntimeError, IndexError) as error:
        raise _misfit(x, error) from error
    product = torch.ones_like(outputs) if direction is None else _fitting(direction, outputs)
    for pullback in reversed(pullbacks):
        product = pullback(product)
    return outputs, product


def scores_by_sample(critic: Callable[[Tensor], Tensor]) -> bool:
    """Say whether a critic is known to score each sample by itself, whatever batch it comes in.

    Parameters
    ----------
    critic : callable
        Any critic.

    Returns
    -------
    bool
        True only of a critic that can write its slope down, has no batch norm in training mode,
        and no parametrisation such as spectral norm, which moves on at each pass. Such a critic may
        be shown real and fake samples in one batch.
    """
    return _writes(critic) and not any(
        parametrize.is_parametrized(module)
        or (isinstance(module, BATCH_NORMS) and (module.training or not module.track_running_stats))
        for module in critic.modules()
    )


def written_out(critic: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor] | None:
    """Ask a critic for its scores and its gradient, if it can write them down.

    Parameters
    ----------
    critic : callable
        One that can has a method ``value_and_gradient``, of the same class as its ``forward`` and
        with the same arguments, which returns both, or None where it cannot after all. A
        ``functools.partial`` of such a critic fixes its further arguments, such as a condition.
    x : Tensor, shape (batch, ...)
        Points, in data units.

    Returns
    -------
    scores : Tensor, shape (batch,)
        Without a graph.
    gradient : Tensor, shape (batch, ...)
        With a graph to the weights. Or None instead of the pair: then the general way remains.

    Raises
    ------
    ValueError
        If the points are no tensor, or do not fit the critic.

    Notes
    -----
    A class that inherits ``value_and_gradient`` and changes ``forward`` is not asked, nor is a
    critic with hooks: what they do is not written down.
    """
    _arrays.instance(x, "x", Tensor, "torch.as_tensor(x) makes one")
    if x.ndim == 0:
        raise ValueError("x is a single number; give points, shape (batch, ...)")
    if isinstance(critic, functools.partial) and _writes(critic.func):
        return critic.func.value_and_gradient(x, *critic.args, **critic.keywords)
    return critic.value_and_gradient(x) if _writes(critic) else None


def _misfit(x: Tensor, error: Exception) -> Exception:
    """Say which points do not fit; that memory is short is another matter."""
    if isinstance(error, torch.OutOfMemoryError):
        return error
    shape = tuple(x.shape)
    return ValueError(f"x of shape {shape}, {x.dtype}, does not fit the layers: {error}")


def _fitting(direction: Tensor, outputs: Tensor) -> Tensor:
    """Return the vectors, one for each output."""
    _arrays.instance(direction, "direction", Tensor, "torch.as_tensor(x) makes one")
    given, wanted = ((tuple(v.shape), v.dtype) for v in (direction, outputs))
    if given != wanted:
        raise ValueError(
            f"direction has shape {given[0]}, {given[1]}; give {wanted[0]}, {wanted[1]}"
        )
    return direction


def _writes(critic: Callable[[Tensor], Tensor]) -> bool:
    """Say whether a critic's own class writes its slope down, and nothing is added to it."""
    if not isinstance(critic, nn.Module):
        return False
    home = _home(critic, "value_and_gradient")
    return home is not None and home is _home(critic, "forward") and not _has_hooks(critic)


def _home(critic: nn.Module, method: str) -> type | None:
    """Return the class in which a method is written down."""
    return next((kind for kind in type(critic).__mro__ if method in vars(kind)), None)


def _has_hooks(critic: nn.Module) -> bool:
    """Say whether something else happens when the critic or one of its parts is called."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return any(getattr(module, kind) for module in critic.modules() for kind in kinds)


def _rule(layer: nn.Module) -> Rule | None:
    """Return how a layer is applied and pulled back, if that is written down here."""
    convolution = isinstance(layer, tuple(CONVOLUTIONS))
    if convolution and (layer.padding_mode != "zeros" or isinstance(layer.padding, str)):
        return None
    if isinstance(layer, BATCH_NORMS) and (layer.training or not layer.track_running_stats):
        return None  # a score then depends on the batch that a sample comes in
    return RULES.get(parametrize.type_before_parametrizations(layer))


def _linear(layer: nn.Linear, x: Tensor) -> tuple[Tensor, Pullback]:
    """Multiply by the matrix; back by its transpose."""
    weight = layer.weight
    return F.linear(x, weight.detach(), _bias(layer)), lambda gradient: gradient @ weight


def _convolution(layer: nn.Conv2d, x: Tensor) -> tuple[Tensor, Pullback]:
    """Convolve; back goes the transposed convolution, to the size that came in."""
    weight, how = layer.weight, (layer.stride, layer.padding, layer.dilation)
    forth, back = CONVOLUTIONS[parametrize.type_before_parametrizations(layer)]
    outputs = forth(x, weight.detach(), _bias(layer), *how, layer.groups)

    def pullback(gradient: Tensor) -> Tensor:
        # Several input sizes give one output size: what the strides have left over is added.
        sizes = zip(x.shape[2:], outputs.shape[2:], weight.shape[2:], *how, strict=True)
        rest = [
            size - (out - 1) * stride + 2 * padding - dilation * (kernel - 1) - 1
            for size, out, kernel, stride, padding, dilation in sizes
        ]
        return back(gradient, weight, None, *how[:2], rest, layer.groups, layer.dilation)

    return outputs, pullback


def _leaky_relu(layer: nn.LeakyReLU, x: Tensor) -> tuple[Tensor, Pullback]:
    """Bend; back the slopes multiply."""
    slope = layer.negative_slope
    # PyTorch's own pass backward: torch.where(x > 0, gradient, slope * gradient), in one go.
    return F.leaky_relu(x, slope), lambda gradient: torch.ops.aten.leaky_relu_backward(
        gradient, x, slope, False
    )


def _relu(layer: nn.ReLU, x: Tensor) -> tuple[Tensor, Pullback]:
    """Cut off; back nothing passes where it was cut."""
    return F.relu(x), lambda gradient: torch.ops.aten.threshold_backward(gradient, x, 0)


def _flatten(layer: nn.Flatten, x: Tensor) -> tuple[Tensor, Pullback]:
    """Write in a row; back in the shape and the memory layout that came in."""
    last = x.ndim == 4 and x.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    return layer(x), lambda gradient: gradient.reshape(x.shape).contiguous(memory_format=layout)


def _identity(layer: nn.Identity, x: Tensor) -> tuple[Tensor, Pullback]:
    """Do nothing, forth and back."""
    return x, lambda gradient: gradient


def _batch_norm(layer: nn.BatchNorm2d, x: Tensor) -> tuple[Tensor, Pullback]:
    """Scale and shift each channel by numbers that stand still; back only the scale is left."""
    scale = (layer.running_var + layer.eps).rsqrt()
    scale = scale if layer.weight is None else scale * layer.weight
    shape = (1, -1, *[1] * (x.ndim - 2))  # (channels,) -> (1, channels, 1, ...)
    with torch.no_grad():
        outputs = layer(x)
    return outputs, lambda gradient: gradient * scale.view(shape)


def _bias(layer: nn.Module) -> Tensor | None:
    """Return a layer's bias, without a graph."""
    return None if layer.bias is None else layer.bias.detach()


CONVOLUTIONS = {
    nn.Conv1d: (F.conv1d, F.conv_transpose1d),
    nn.Conv2d: (F.conv2d, F.conv_transpose2d),
    nn.Conv3d: (F.conv3d, F.conv_transpose3d),
}
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
# By exact class; a class of your own may be added.
RULES: dict[type, Rule] = {
    nn.Linear: _linear,
    nn.LeakyReLU: _leaky_relu,
    nn.ReLU: _relu,
    nn.Flatten: _flatten,
    nn.Identity: _identity,
    **dict.fromkeys(CONVOLUTIONS, _convolution),
    **dict.fromkeys(BATCH_NORMS, _batch_norm),
}

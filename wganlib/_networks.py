"""What the networks of `wganlib.models` are built from: sizes, stages, conditions, refusals."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from numbers import Integral

import torch
from torch import Tensor, nn

from wganlib import _arrays, slope
from wganlib._memory import refuse_large

SMALLEST, LARGEST = 8, 128  # sides of an image in pixels; those between are multiples of 4
CAP = 8  # how many times the width of the first stage a later one has at most
CONDITIONS = ("n_classes", "condition_dim")
N_AS_A_LAYER = 500  # weights that take as much memory, trained, as the objects of a layer


# --- what the constructors share ------------------------------------------------------------------


def sizes_of(sizes: dict[str, int]) -> dict[str, int]:
    """Return whole numbers that a network can be built from; a depth may be 0."""
    least = {"depth": 0}
    return {k: _arrays.whole_number(v, k, least=least.get(k, 1)) for k, v in sizes.items()}


def condition_arguments(n_classes: int | None, condition_dim: int | None) -> dict[str, int]:
    """Return the one that is given, or nothing."""
    given = zip(CONDITIONS, (n_classes, condition_dim), strict=True)
    sizes = {name: value for name, value in given if value is not None}
    if len(sizes) > 1:
        raise ValueError(
            f"n_classes={_arrays.shown(n_classes)} and condition_dim="
            f"{_arrays.shown(condition_dim)}: give one of them; a "
            "vector can hold both, the classes as torch.nn.functional.one_hot"
        )
    return sizes_of(sizes)


def image_arguments(size: int | tuple[int, int], channels: int) -> dict:
    """Return the arguments of an image that are not the usual ones, as JSON can store them.

    The usual ones are left out, since that is how networks of 28×28 images have been stored.
    """
    (height, width), usual = height_width(size), {"size": 28, "channels": 1}
    found = {"size": height if height == width else [height, width]}
    found |= sizes_of({"channels": channels})
    return {name: value for name, value in found.items() if value != usual[name]}


def height_width(size: int | tuple[int, int]) -> tuple[int, int]:
    """Return height and width, if there is a network of this size."""
    sides = tuple(size) if isinstance(size, tuple | list) else (size, size)
    whole = all(isinstance(s, Integral) and not isinstance(s, bool) for s in sides)
    if not whole or len(sides) != 2:
        raise ValueError(
            f"size={_arrays.shown(size)} must be a multiple of 4 from {SMALLEST} to {LARGEST}, "
            "or a pair of them: (height, width)"
        )
    for side in map(int, sides):
        below = min(max(side // 4 * 4, SMALLEST), LARGEST)
        nearest = {below, min(max(below, -(-side // 4) * 4), LARGEST)}
        if side not in nearest:
            raise ValueError(
                f"size={_arrays.shown(size)}: there is no network for a side of "
                f"{_arrays.shown(side)} pixels; resize or pad the images to "
                f"{' or '.join(map(str, sorted(nearest)))}"
            )
    return int(sides[0]), int(sides[1])


def batch_norm_argument(batch_norm: bool, size: int | tuple[int, int]) -> dict[str, bool]:
    """Return the argument if it is true: critics without batch norm have been stored without it."""
    _arrays.instance(batch_norm, "batch_norm", bool, "give True or False")
    if batch_norm and max(height_width(size)) == SMALLEST:
        raise ValueError(
            f"batch_norm=True has no place at size={_arrays.shown(size)}: the one convolution "
            "is the first, which has none; leave it out"
        )
    return {"batch_norm": True} if batch_norm else {}


def stages(
    size: int | tuple[int, int], width: int, channels: int
) -> tuple[list[tuple[int, int]], list[int]]:
    """Return the sides and the channels of an image and of each stage below it."""
    sides = [height_width(size)]
    while max(sides[-1]) > 4:
        sides.append(tuple(-(-side // 2) if side > 4 else side for side in sides[-1]))
    planes = [channels, *(width * min(2**i, CAP) for i in range(len(sides) - 1))]
    n_weights = 16 * sum(a * b for a, b in pairwise(planes))  # kernels have 16 pixels at most
    refuse_many_weights(
        n_weights, f"a network of {_arrays.shown(planes)} channels", "width or number of channels"
    )
    return sides, planes


def convolution(large: tuple[int, int], small: tuple[int, int]) -> dict[str, tuple[int, int]]:
    """Return kernel, stride and padding of a convolution from one size to a smaller one."""
    ways = {0: (4, 2), 1: (3, 2)}  # kernel and stride that halve an even side, an odd one
    pairs = zip(large, small, strict=True)
    kernel, stride = zip(*(ways[a % 2] if a > b else (3, 1) for a, b in pairs), strict=True)
    return {"kernel_size": kernel, "stride": stride, "padding": (1, 1)}


def mlp(inputs: int, width: int, depth: int, outputs: int) -> nn.Sequential:
    """Stack linear layers with ReLU between them, ``depth`` of them hidden."""
    n_weights = width * (inputs + outputs) + depth * width**2 if depth else inputs * outputs
    n_weights += depth * N_AS_A_LAYER
    sizes = {"inputs": inputs, "width": width, "depth": depth, "outputs": outputs}
    what = f"a network of {_arrays.shown(sizes)}"
    refuse_many_weights(n_weights, what, "width, depth, data_dim or latent_dim")
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise([inputs, *[width] * depth, outputs]):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def linear(inputs: int, outputs: int) -> nn.Linear:
    """Make a linear layer without biases, if there is memory for it."""
    what = f"a layer of {_arrays.shown(inputs)} inputs and {_arrays.shown(outputs)} outputs"
    refuse_many_weights(inputs * outputs, what, "latent_dim or width")
    return nn.Linear(inputs, outputs, bias=False)


def refuse_many_weights(n_weights: int, what: str, smaller: str) -> None:
    """Refuse a network that cannot be trained in the memory that there is, before it is built."""
    n_bytes = 16.0 * min(n_weights, 10**18)  # weights, gradients and Adam's two moments
    refuse_large(n_bytes, f"{what}, to be trained,", f"give a smaller {smaller}")


def refuse_many_numbers(shape: tuple[int, ...], like: Tensor, what: str) -> None:
    """Refuse a tensor for which there is no memory, before it is made."""
    n_bytes = float(like.element_size() * min(math.prod(shape), 10**18))
    refuse_large(n_bytes, f"{what} of shape {_arrays.shown(shape)}", "draw fewer, n, at a time")


# --- conditions -----------------------------------------------------------------------------------


class Condition(nn.Linear):
    """Linear map of a condition: a vector, or the unit vector of a class number.

    What it gives at the start has entries of standard deviation ``std``, if those of a vector have
    standard deviation 1.
    """

    def __init__(self, network: nn.Module, n_out: int, std: float):
        n_in = network.n_classes or network.condition_dim
        what = f"an embedding of {_arrays.shown(n_in)} classes or numbers in {n_out}"
        refuse_many_weights(n_in * n_out, what, "n_classes or condition_dim")
        super().__init__(n_in, n_out, bias=False)
        self.n_classes = network.n_classes
        nn.init.normal_(self.weight, std=std if network.n_classes else std / math.sqrt(n_in))

    def forward(self, condition: Tensor) -> Tensor:
        """Map class numbers (batch,) or vectors (batch, condition_dim) to (batch, n_out)."""
        like = next(self.parameters(), None)  # not the weight: reading a normalised one moves it
        if self.n_classes is None:
            return super().forward(checked_batch(condition, "condition", (self.in_features,), like))
        _refuse_no_classes(condition, self.n_classes, like)
        known = (condition >= 0) & (condition < self.n_classes)
        rows = condition.long().clamp(0, self.n_classes - 1)
        found = nn.functional.embedding(rows, self.weight.t())  # (batch,) -> (batch, n_out)
        if condition.device.type != "cpu" or torch.compiler.is_compiling():
            return found.masked_fill(~known[:, None], math.nan)  # to look would make a GPU wait
        if not known.all():
            raise ValueError(
                f"condition holds {condition[~known][0].item()}, which is no class number: they "
                f"go from 0 to {self.n_classes - 1}"
            )
        return found


def is_conditional(network: nn.Module) -> bool:
    """Say whether a network depends on a condition."""
    return network.n_classes is not None or network.condition_dim is not None


def embedding(generator: nn.Module, n_out: int) -> Condition | None:
    """Make what a generator appends to its latent, as large as the latent at the start."""
    return Condition(generator, n_out, 1.0) if is_conditional(generator) else None


def projection(critic: nn.Module) -> Condition | None:
    """Make a critic's V, which is as large as its last weight at the start."""
    n_features = critic.layers[-1].in_features
    std = 1 / math.sqrt(3 * n_features)  # PyTorch draws a linear layer from ±1/sqrt(n_features)
    return Condition(critic, n_features, std) if is_conditional(critic) else None


def with_condition(generator: nn.Module, latent: Tensor, condition: Tensor | None) -> Tensor:
    """Append the embedded condition to the latent, in a generator that depends on one."""
    embedded = _conditioned(generator, generator.embed, condition, len(latent))
    return latent if embedded is None else torch.cat([latent, embedded], dim=1)


def scores(critic: nn.Module, x: Tensor, condition: Tensor | None) -> Tensor:
    """Score checked samples; a condition changes the last weight."""
    weights = _conditioned(critic, critic.projection, condition, len(x))
    if weights is None:
        return critic.layers(x).squeeze(1)
    features = critic.layers[:-1](x)  # (batch, ...) -> (batch, features)
    return critic.layers[-1](features).squeeze(1) + (weights * features).sum(dim=1)


def value_and_gradient(
    critic: nn.Module, x: Tensor, condition: Tensor | None
) -> tuple[Tensor, Tensor] | None:
    """Score samples and write the slope down; a condition changes the last weight."""
    weights = _conditioned(critic, critic.projection, condition, len(x))
    if weights is None:
        found = slope.sequential_vjp(critic.layers, x)
        return found and (found[0].squeeze(1), found[1])
    last = critic.layers[-1]
    weights = last.weight + weights  # (batch, features)
    found = slope.sequential_vjp(critic.layers[:-1], x, weights)
    return found and ((found[0] * weights).sum(dim=1).detach() + last.bias.detach(), found[1])


def _conditioned(
    network: nn.Module, module: Condition | None, condition: Tensor | None, n: int
) -> Tensor | None:
    """Map a condition by the module that a network has for it, or refuse what does not fit."""
    name = type(network).__name__
    if module is None:
        if condition is not None:
            raise ValueError(
                f"condition: this {name} takes none; build it with n_classes= or condition_dim="
            )
        return None
    if condition is None:
        missing = f"{name} with n_classes={network.n_classes}: give class numbers, shape (batch,)"
        if network.n_classes is None:
            shape = f"shape (batch, {network.condition_dim})"
            missing = f"{name} with condition_dim={network.condition_dim}: give vectors, {shape}"
        raise ValueError(f"condition is missing for a {missing}")
    found = module(condition)
    if len(found) != n:
        raise ValueError(f"condition has {len(found)} rows for a batch of {n}; give one each")
    return found


# --- what is refused ------------------------------------------------------------------------------


def checked_batch(x: Tensor, name: str, shape: tuple[int, ...], like: Tensor | None) -> Tensor:
    """Refuse what is no batch of samples of this shape, or unlike the weights."""
    _arrays.instance(x, name, Tensor, "torch.as_tensor(x) makes one")
    if x.shape[1:] != shape or x.ndim < 2:
        wanted = ", ".join(map(str, ("batch", *shape)))
        raise ValueError(f"{name} has shape {tuple(x.shape)}, expected ({wanted})")
    if not x.is_floating_point() or x.layout is not torch.strided:
        kind = x.dtype if x.layout is torch.strided else x.layout
        raise ValueError(f"{name} is a tensor of {kind}, expected floats: x.to_dense().float()")
    if like is not None:
        _refuse_other_device(x, name, like)
        if x.dtype != like.dtype and not torch.is_autocast_enabled(x.device.type):
            raise ValueError(
                f"{name} has dtype {x.dtype}, the weights have {like.dtype}; "
                f"convert one of them: {name}.to({like.dtype})"
            )
    return x


def _refuse_no_classes(condition: Tensor, n_classes: int, like: Tensor | None) -> None:
    """Refuse what cannot be class numbers."""
    _arrays.instance(condition, "condition", Tensor, "torch.as_tensor(labels) makes one")
    kind = condition.dtype
    whole = not (kind.is_floating_point or kind.is_complex or kind == torch.bool)
    if condition.ndim != 1 or not whole or condition.layout is not torch.strided:
        raise ValueError(
            f"condition has shape {tuple(condition.shape)} and dtype {kind}, expected class "
            f"numbers from 0 to {n_classes - 1}, int64 of shape (batch,): labels.long(), or "
            "one_hot.argmax(dim=1)"
        )
    if like is not None:
        _refuse_other_device(condition, "condition", like)


def _refuse_other_device(x: Tensor, name: str, like: Tensor) -> None:
    """Refuse a tensor that lies elsewhere."""
    if x.device != like.device:
        raise ValueError(
            f"{name} lies on {x.device}, the weights on {like.device}; "
            f"move one of them: {name}.to({str(like.device)!r})"
        )


def refuse_other_generator(generator: nn.Module) -> None:
    """Refuse what lacks the protocol of generators."""
    _arrays.instance(generator, "generator", nn.Module, "give the network itself")
    if not callable(getattr(generator, "sample_latent", None)):
        inner = (
            " (a wrapper: give the network in it, .module)" if "module" in dir(generator) else ""
        )
        raise ValueError(
            f"generator is a {type(generator).__name__} without sample_latent(n, rng){inner}; "
            "wganlib.models says what a generator needs"
        )
    _arrays.function(generator.sample_latent, "sample_latent", "n", "rng")


def refuse_other_rows(x: Tensor, name: str, n: int) -> None:
    """Refuse what is not one row for each of n samples."""
    one_for_all = isinstance(x, Integral | float)
    maker = f"full(({n},), {_arrays.shown(x)})" if one_for_all else "as_tensor(x)"
    _arrays.instance(x, name, Tensor, f"torch.{maker} makes one")
    if x.layout is not torch.strided:
        raise ValueError(f"{name} is a tensor of {x.layout}; make it dense: x.to_dense()")
    if x.ndim == 0 or len(x) != n:
        raise ValueError(f"{name} has shape {tuple(x.shape)}, expected ({n}, ...)")


def moved(condition: Tensor | None, device: torch.device) -> list[Tensor]:
    """Return a condition on another device, in a list that is empty where there is none."""
    if condition is None:
        return []
    if condition.is_meta and device.type != "meta":
        raise ValueError(f"condition lies on meta and has no content; make it on {device}")
    return [condition.to(device)]


def refuse_no_batch(x: Tensor, name: str) -> None:
    """Refuse what holds no samples: arrays, single numbers, nothing at all."""
    _arrays.instance(x, name, Tensor, "torch.as_tensor(x) makes one")
    _arrays.dense(x, name)
    if x.ndim == 0 or x.numel() == 0:
        raise ValueError(
            f"{name} has shape {tuple(x.shape)}; give (batch, ...), one sample or more"
        )


def applied(network: Callable[[Tensor], Tensor], x: Tensor, what: str) -> Tensor:
    """Apply a network, or a function, to a batch; where it cannot be, name it and the batch."""
    try:
        found = network(x)
    except torch.OutOfMemoryError:
        raise
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            f"{what} cannot take a batch of shape {tuple(x.shape)}, {x.dtype}: {error}"
        ) from error
    if not isinstance(found, Tensor):
        raise ValueError(f"{what} returned a {type(found).__name__}, expected a Tensor")
    return found


def scored(critic: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Apply a critic, which must give each sample one score."""
    scores = applied(critic, x, "the critic")
    if scores.shape != (len(x),):
        raise ValueError(
            f"the critic returned scores of shape {tuple(scores.shape)} for {len(x)} samples, "
            f"expected ({len(x)},): end it with `.squeeze(1)` or `.flatten()`"
        )
    return scores


@contextlib.contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode for a while; every module gets its own mode back."""
    modes = {module: module.training for module in network.modules()}
    try:
        network.eval()
        yield
    finally:
        network.train(modes[network])  # some classes do more than to set the mode
        for module, mode in modes.items():
            module.training = mode  # what its owner froze stays frozen

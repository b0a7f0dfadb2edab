"""Networks as they are stored: what a new one is built from, and their weights."""

from __future__ import annotations

import copy
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from wganlib import models

N_COMPARED = 8  # latents on which two networks are compared


def json_text(content: object, name: str) -> str:
    """Write JSON that a person can read and git can compare, NumPy's numbers as Python's."""
    try:
        return json.dumps(content, indent=2, sort_keys=True, default=_plain) + "\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{name} holds what JSON cannot store ({error}); keep numbers, words, lists and "
            "dictionaries of them"
        ) from None


def _plain(value: object) -> object:
    """Turn NumPy's numbers into Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a {type(value).__name__}")


# --- a network as words and bytes -----------------------------------------------------------------


def describe(network: nn.Module, side: str) -> dict:
    """Name a network's class and the arguments that build another; in the words of JSON."""
    kind = type(network)
    _refuse_wrapper(network, side)
    if getattr(models, kind.__name__, None) is kind:
        _refuse_other_names(network, construct(kind, network.arguments, side), side)
        return {"class": kind.__name__, **network.arguments}
    found = sys.modules.get(kind.__module__)
    for name in kind.__qualname__.split("."):
        found = getattr(found, name, None)
    if not isinstance(found, type):
        raise ValueError(
            f"the {side} is a {kind.__qualname__} of {kind.__module__}, which nobody can import: "
            "define the class at the top of a module, not in a function"
        )
    arguments = _arguments(network, side)
    _refuse_other_names(network, construct(kind, arguments, side), side)
    return {"class": kind.__qualname__, "module": kind.__module__, "arguments": arguments}


def _arguments(network: nn.Module, side: str) -> dict:
    """Return what a network's constructor needs, from the network itself."""
    kind = type(network).__name__
    arguments = getattr(network, "arguments", {})
    if not isinstance(arguments, dict) or not all(isinstance(key, str) for key in arguments):
        raise ValueError(
            f"the {side}'s arguments are {arguments!r}, expected a dictionary of the arguments of "
            f"{kind}(...) by their names"
        )
    signature = inspect.signature(type(network)).parameters.values()
    plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    needed = [p.name for p in signature if p.default is p.empty and p.kind in plain]
    if missing := [name for name in needed if name not in arguments]:
        example = ", ".join(f"{name!r}: {name}" for name in needed)
        raise ValueError(
            f"the {side} cannot be built again: {kind}(...) needs {', '.join(missing)}; keep its "
            f"arguments in the network, in its constructor: self.arguments = {{{example}}}"
        )
    return json.loads(json_text(arguments, f"the {side}'s arguments"))


def _refuse_other_names(network: nn.Module, new: nn.Module, side: str) -> None:
    """Refuse a network whose state a new one of its class and arguments would not have."""
    here, there = network.state_dict().keys(), new.state_dict().keys()
    if here == there:
        return
    kind, differing = type(network).__name__, sorted(here ^ there)[0]
    for name, module in network.named_modules():
        if parametrize.is_parametrized(module) and not here <= there:
            tensor = next(iter(module.parametrizations))
            raise ValueError(
                f"the {side}'s {name}.{tensor} is computed from another tensor, as under a "
                f"spectral norm, and a new {kind} would not do so; bake it in, in each such layer: "
                f"torch.nn.utils.parametrize.remove_parametrizations(layer, {tensor!r})"
            )
    whose = f"the {side} has and a new one has not" if differing in here else f"the {side} lacks"
    raise ValueError(
        f"{differing} is in the state that {whose}: its constructor, {kind}(...) with the "
        "network's `arguments`, must make all layers"
    )


def _refuse_wrapper(network: nn.Module, side: str) -> None:
    """Refuse what PyTorch puts around a network."""
    if not type(network).__module__.startswith("torch."):
        return
    for name in ("_orig_mod", "module"):  # of torch.compile; of the parallel ones
        if isinstance(getattr(network, name, None), nn.Module):
            kind = type(network).__name__
            raise ValueError(f"the {side} is a {kind} around a network; store {side}.{name}")


def weights(network: nn.Module, side: str) -> bytes:
    """Return a network's state in the format of safetensors; tied weights are written twice."""
    state = network.state_dict()
    odd = [name for name, value in state.items() if not isinstance(value, Tensor)]
    if odd:
        raise ValueError(
            f"the {side}'s state holds {odd[0]}, a {type(state[odd[0]]).__name__} and no tensor, "
            "which is not stored; make it one: register_buffer"
        )
    try:
        plain = torch.contiguous_format
        apart = {name: v.detach().cpu().clone(memory_format=plain) for name, v in state.items()}
        return safetensors.torch.save(apart)
    except Exception as error:  # tensors without content, sparse ones and odd formats: many kinds
        raise ValueError(f"the {side}'s weights cannot be stored: {error}") from error


# --- and back -------------------------------------------------------------------------------------


def allowed(classes: Iterable[type]) -> tuple[type, ...]:
    """Return the classes that a caller allows to be built."""
    try:
        found = tuple(classes)
    except TypeError:  # one class alone, or something that is checked next
        found = (classes,)
    for kind in found:
        if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
            what = f"a {type(kind).__name__}" if isinstance(kind, nn.Module) else repr(kind)
            raise ValueError(
                f"classes holds {what}, expected classes of networks: classes=[MyGenerator]"
            )
    return found


def build(description: dict, content: bytes, classes: Sequence[type], path: Path) -> nn.Module:
    """Build a network as described, on the CPU, in evaluation mode, with stored weights.

    Nothing is imported: the class is one of `wganlib.models` or one that the caller has given.
    """
    described = isinstance(description, dict) and isinstance(description.get("class"), str)
    if not described:
        raise ValueError(f"{path.parent / 'config.json'} names no class for {path.stem}")
    arguments = {k: v for k, v in description.items() if k != "class"}
    kind = getattr(models, description["class"], None)
    if "module" in description:
        kind, arguments = _given(description, classes, path), description.get("arguments")
    elif not (inspect.isclass(kind) and kind.__module__ == models.__name__):
        raise ValueError(f"{description['class']!r} is not a network of wganlib.models")
    network = construct(kind, arguments, path.stem)
    _load(network, content, path)
    return network.cpu().eval()


def construct(kind: type, arguments: object, side: str) -> nn.Module:
    """Call a class, or say why a network cannot be built."""
    try:
        return kind(**arguments)
    except Exception as error:  # whatever somebody's constructor raises
        raise ValueError(
            f"the {side} cannot be built: {kind.__name__} with arguments {arguments!r} raises "
            f"{type(error).__name__}: {error}"
        ) from error


def _given(description: dict, classes: Sequence[type], path: Path) -> type:
    """Pick the class that is described among those of the caller; its module may have moved."""
    name, module = description["class"], description["module"]
    alike = [kind for kind in classes if kind.__qualname__ == name]
    exact = [kind for kind in alike if kind.__module__ == module]
    found = exact or alike
    if len(found) != 1:
        short = name.split(".")[-1]
        problem = (
            "two of the given classes have its name" if found else "which is none of wganlib's"
        )
        raise ValueError(
            f"the {path.stem} in {path.parent} is a {name} of {module}, {problem}; import the "
            f"class, if you trust it, and give it: load_run({str(path.parent)!r}, "
            f"classes=[{short}])"
        )
    return found[0]


def _load(network: nn.Module, content: bytes, path: Path) -> None:
    """Load weights into a network, in the precision in which they were stored."""
    try:
        stored = safetensors.torch.load(content)
    except Exception as error:  # a cut file and a foreign one raise several kinds
        raise ValueError(f"{path} is damaged ({error}); take it from a copy") from error
    for name, tensor in network.state_dict(keep_vars=True).items():
        if name in stored and stored[name].dtype != tensor.dtype:
            tensor.data = tensor.data.to(stored[name].dtype)
    try:
        network.load_state_dict(stored)
    except RuntimeError as error:
        raise ValueError(f"{path} holds the weights of another network: {error}") from error


# --- compared -------------------------------------------------------------------------------------


def refuse_unlike(pair: dict[str, nn.Module], back: dict[str, nn.Module]) -> None:
    """Refuse networks that were not loaded back as they are: weights, ties and outputs."""
    for side, network in pair.items():
        here, there = network.state_dict(), back[side].state_dict()
        differing = [name for name in here if not _same(here[name], there[name])]
        if differing:
            raise ValueError(f"the {side}'s {differing[0]} did not load back as it was stored")
        tied = [*(_ties(here) - _ties(there)), *(_ties(there) - _ties(here))]
        if tied:
            raise ValueError(
                f"the {side}'s {' and '.join(sorted(tied[0]))} are one tensor in the network or in "
                "a new one of its class, but not in both; tie them in the constructor"
            )
    mine, theirs = _outputs(pair, pair), _outputs(back, pair)
    for side, outputs in mine.items():
        if outputs is not None and not _close(outputs, theirs[side]):
            kind = type(pair[side]).__name__
            raise ValueError(
                f"the {side}, built again as {kind}(...) with the same weights, gives other "
                f"outputs; what they depend on must be in {kind}'s `arguments` or, as a tensor, in "
                "register_buffer"
            )


def _same(here: Tensor, there: Tensor) -> bool:
    """Say whether two tensors are equal bit for bit, NaN included."""
    if here.shape != there.shape or here.dtype != there.dtype:
        return False
    raw = [t.detach().cpu().contiguous().flatten().view(torch.uint8) for t in (here, there)]
    return torch.equal(*raw)


def _ties(state: dict[str, Tensor]) -> set[frozenset[str]]:
    """Return the sets of names that stand for one tensor."""
    groups: dict[tuple, set[str]] = {}
    for name, tensor in state.items():
        if tensor.numel():
            place = tensor.device, tensor.data_ptr(), tensor.shape, tensor.stride()
            groups.setdefault(place, set()).add(name)
    return {frozenset(names) for names in groups.values() if len(names) > 1}


def _outputs(pair: dict[str, nn.Module], real: dict[str, nn.Module]) -> dict[str, Tensor | None]:
    """Apply copies of both networks on the CPU, the critic to samples of the real generator.

    A network that does not follow the protocol of `wganlib.models` gives None: then weights are all
    that can be compared.
    """
    fake = _tried(_samples, real["generator"])
    scores = None if fake is None else _tried(_critic_s_scores, pair["critic"], fake)
    return {"generator": _tried(_samples, pair["generator"]), "critic": scores}


def _tried(function: Callable[..., Tensor], network: nn.Module, *given: Tensor) -> Tensor | None:
    """Look at a copy of a network, each time with the same random numbers; None where it fails."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        try:
            found = function(copy.deepcopy(network).cpu().eval(), *given)
        except Exception:  # somebody's network may need anything
            return None
    return found if isinstance(found, Tensor) else None


def _samples(generator: nn.Module) -> Tensor:
    """Draw a few samples."""
    rng = torch.Generator().manual_seed(0)
    condition = _some_conditions(generator, N_COMPARED)
    return models.sample(generator, N_COMPARED, condition=condition, rng=rng)


def _critic_s_scores(critic: nn.Module, fake: Tensor) -> Tensor:
    """Score samples, and points around them, so that kinks show both their sides."""
    points = torch.randn(fake.shape, generator=torch.Generator().manual_seed(2)).to(fake.dtype)
    x = torch.cat([fake, -fake, points, 10 * points])
    condition = _some_conditions(critic, len(x))
    return critic(x) if condition is None else critic(x, condition)


def _some_conditions(network: nn.Module, n: int) -> Tensor | None:
    """Make n conditions for a network that says that it depends on them."""
    n_classes = getattr(network, "n_classes", None)
    condition_dim = getattr(network, "condition_dim", None)
    if n_classes is not None:
        return torch.arange(n) % n_classes
    if condition_dim is None:
        return None
    vectors = torch.randn(n, condition_dim, generator=torch.Generator().manual_seed(1))
    return vectors.to(next(network.parameters()).dtype)


def _close(mine: Tensor, theirs: Tensor | None) -> bool:
    """Say whether outputs agree to half of their digits, which another layout in memory keeps."""
    if theirs is None or mine.shape != theirs.shape or mine.dtype != theirs.dtype:
        return False
    digits = torch.finfo(mine.dtype).eps ** 0.5 if mine.is_floating_point() else 0.0
    mine, theirs = mine.double(), theirs.double()
    finite = mine[mine.isfinite()].abs()
    scale = finite.max().item() if len(finite) else 0.0
    return torch.allclose(mine, theirs, rtol=0, atol=scale * digits, equal_nan=True)

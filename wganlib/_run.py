"""What a training run carries from one step to the next, and its way to the disk and back."""

from __future__ import annotations

import contextlib
import copy
import functools
import io
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from wganlib import _joint, parallel
from wganlib._arrays import instance
from wganlib._files import atomic_write
from wganlib._progress import bar
from wganlib.data import Source
from wganlib.losses import OBJECTIVES
from wganlib.records import COLUMNS, History, TrainConfig

_FORMAT = 2  # of a checkpoint's content


class TrainingRun:
    """All that a run carries from one step to the next, and its way to the disk and back."""

    def __init__(
        self,
        networks: dict[str, nn.Module],
        config: TrainConfig,
        ways: dict[str, object],
        rng: torch.Generator,
        *,
        average: nn.Module | None = None,
        callback: Callable[..., object] | None = None,
    ) -> None:
        for network in networks.values():
            if not network.training:  # as `load_run` gives it; what its owner froze within stays
                network.train()
        self.config, self.ways, self.rng = config, ways, rng
        self.callback = callback
        self.look = None
        if callback is not None and parallel.rank() == 0:
            self.look = functools.partial(_call, callback, tuple(networks.values()))
        self.optimizers = {}
        for side, network in networks.items():
            made = ways["optimizer"](trained_parameters(network), config)
            refuse_other_optimizer(made, "what optimizer makes")
            self.optimizers[side] = made
            if parallel.processes() > 1:
                made.register_step_pre_hook(_average_gradients)
        self.networks, self.pairs = dict(networks), []
        if average is not None:
            self.pairs = _floating_pairs(average, networks["generator"])
            self.networks["average"] = average.requires_grad_(False)
        self.step, self.last, self.history, self.window = 0, 0, History(), []
        self.path: Path | None = None
        self.kept: dict | None = None  # the state at the last entry, where it is not on the disk
        self.saved, self.seen = 0, True  # the step on the disk; whether the callback has seen it
        self.layers: dict | None = None  # PyTorch's own random numbers, which dropout draws

    # --- one step after another -------------------------------------------------------------------

    @contextlib.contextmanager
    def going(self, last: int, progress: bool) -> Iterator[Iterator[int]]:
        """Give the steps that are left, under a bar; whatever ends them, nothing is lost."""
        self.last = last
        if hasattr(self.callback, "history"):  # it wants to see what is recorded
            self.callback.history = self.history
        first = parallel.rank() == 0
        steps = bar(progress and first, total=last, unit="step", initial=self.step)
        with aside_from_others(self.rng.device), steps, self._together():
            for generator in _layers(self.rng.device):  # of each process its own
                generator.manual_seed(self.config.seed + parallel.rank() * (1 + self.step))
            if self.layers is not None and first:
                _set_layers(self.rng.device, self.layers)
            try:
                if not self.seen:  # the run was interrupted while its callback looked
                    self._show()
                yield self._counted(steps)
            finally:
                self._write()

    @contextlib.contextmanager
    def _together(self) -> Iterator[None]:
        """Begin as the first process does, where several train, and take batch norms jointly."""
        for network in self.networks.values():
            _joint.copy_from_first_(network)
        self.rng.set_state(_joint.from_first(self.rng.get_state()))
        with _joint.joint_batch_norm(*self.networks.values()):
            yield

    def _counted(self, bar: tqdm) -> Iterator[int]:
        """Count, and set the step size before each step."""
        for step in range(self.step + 1, self.last + 1):
            for optimizer in self.optimizers.values():
                for group in optimizer.param_groups:
                    # A formula, not a scheduler of PyTorch: nothing to keep in a checkpoint.
                    group["lr"] = self.config.learning_rate_at(step)
            yield step
            bar.update()

    def follow(self, step: int) -> None:
        """Let the averaged generator follow the trained one, batch-norm statistics included.

        Not by ``torch.optim.swa_utils.AveragedModel``, which would wrap the network in a class that
        `wganlib.records` does not store.
        """
        beta = min(self.config.averaging, (1 + step) / (10 + step))
        for average, weight in self.pairs:
            average.lerp_(weight, 1 - beta)

    def record(self, step: int, values: Tensor) -> None:
        """Take a step's values; where an entry is due, write it, show it, keep the state."""
        self.window.append(values)
        if step % self.config.log_every and step != self.last:
            return
        self.history.append(step, self._means())
        self.step, self.window, self.seen = step, [], False
        self._show()
        every = self.config.checkpoint_every
        if step // every > self.saved // every or step == self.last:
            self._write()

    def _means(self) -> list[float]:
        """Average the steps since the last entry, or name the first that went wrong."""
        rows = _joint.mean(torch.stack(self.window)).cpu().double()
        bad = (~rows.isfinite().all(dim=1)).nonzero()
        if len(bad):
            values = dict(zip(COLUMNS, rows[bad[0, 0]].tolist(), strict=False))
            side = next(iter(self.networks))  # the generator, or a critic that is trained alone
            raise FloatingPointError(
                f"training diverged at {side} step {self.step + 1 + int(bad[0, 0])}: {values}. "
                "Lower learning_rate, or bound the critic (penalty=, project=); "
                "with checkpoint= the state of the last entry is kept."
            )
        return rows.mean(dim=0).tolist()

    def _show(self) -> None:
        """Keep the state, and let the callback look; an interrupted look is repeated later."""
        self.kept = self._state() if self.path and parallel.rank() == 0 else None
        if self.look is not None:
            with _joint.apart(*self.networks.values()):
                self.look(self.step)
        self.seen = True
        if self.kept is not None:
            self.kept["seen"] = True

    # --- to the disk and back ---------------------------------------------------------------------

    def keep_at(self, path: Path, real: Source) -> None:
        """Keep the run in a file, and go on from there if it exists."""
        if path.is_dir():
            raise ValueError(f"checkpoint={str(path)!r} is a folder; name a file in it")
        self.path = path
        about = _about(self.networks, self.ways, real, self.rng.device)
        self.about = _joint.from_first(about)  # each process may have samples of its own
        if parallel.rank() == 0:
            _refuse_unwritable(path)
        content = path.read_bytes() if parallel.rank() == 0 and path.exists() else None
        content = _joint.from_first(content)  # the others may not see the file
        if content is not None:
            self._load(content)

    def _state(self) -> dict:
        """Copy everything that the next step depends on."""
        return {
            "format": _FORMAT,
            "about": self.about,
            "config": asdict(self.config),
            "step": self.step,
            "seen": self.seen,
            "history": copy.deepcopy(asdict(self.history)),
            "networks": {k: copy.deepcopy(net.state_dict()) for k, net in self.networks.items()},
            "optimizers": {
                k: copy.deepcopy(o.state_dict()["state"]) for k, o in self.optimizers.items()
            },
            "rng": self.rng.get_state(),
            "layers": {str(i): g.get_state() for i, g in enumerate(_layers(self.rng.device))},
        }

    def _write(self) -> None:
        """Write the state that is kept; the file is at every moment the old one or the new one."""
        if self.kept is None:
            return
        content = io.BytesIO()
        torch.save(self.kept, content)
        atomic_write(self.path, content.getvalue())
        self.saved, self.kept = self.kept["step"], None

    def _load(self, content: bytes) -> None:
        """Go back to a stored state, if it belongs to this run; else change nothing."""
        state = _read(self.path, content)
        _refuse_another(self.path, state, self.about, self.config)
        for name, network in self.networks.items():
            _refuse_other_weights(network, state["networks"].get(name, {}), self.path)
        memories = {
            side: _fitted(optimizer, state["optimizers"].get(side, {}), self.path)
            for side, optimizer in self.optimizers.items()
        }
        self.rng.set_state(_random_state(state["rng"], self.rng, self.path))
        for name, network in self.networks.items():
            network.load_state_dict(state["networks"][name])
        for side, optimizer in self.optimizers.items():
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": memories[side], "param_groups": groups})
        self.layers, self.seen = state["layers"], state["seen"]
        self.step = self.saved = state["step"]
        self.history = History(**state["history"])


def _read(path: Path, content: bytes) -> dict:
    """Read a checkpoint's content, which is data and never code."""
    try:  # from a path, PyTorch would go by its ending
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # damaged files raise half a dozen kinds
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path} is no checkpoint ({reason}): remove it to start again") from error
    wanted = {
        "about",
        "config",
        "step",
        "seen",
        "history",
        "networks",
        "optimizers",
        "rng",
        "layers",
    }
    if not isinstance(state, dict) or state.get("format") != _FORMAT or not wanted <= set(state):
        raise ValueError(
            f"{path} is no checkpoint of this version of wganlib: remove it to start again"
        )
    if not (isinstance(state["step"], int) and state["step"] == state["history"]["step"][-1]):
        raise ValueError(f"{path} is damaged (step={state['step']!r}): remove it to start again")
    return state


def _about(networks: dict, ways: dict, real: Source, device: torch.device) -> dict:
    """Say in words what a run trains, on what, and how: what a checkpoint is compared by."""
    objective = ways["objective"]
    known = [name for name, one in OBJECTIVES.items() if one == objective]
    losses = f"{_named(objective.critic_loss)} with {_named(objective.generator_loss)}"
    kinds = {side: type(network).__name__ for side, network in networks.items()}
    return {
        "objective": known[0] if known else losses,
        **{name: _named(ways[name]) for name in ("penalty", "project", "optimizer")},
        **kinds,
        "average": kinds.get("average", "none"),
        "data": real.checksum(),
        "device": device.type,
    }


def _named(function: object) -> str:
    """Name a function, with the arguments that are fixed in it."""
    if function is None:
        return "none"
    if isinstance(function, functools.partial):
        fixed = [*map(repr, function.args), *(f"{k}={v!r}" for k, v in function.keywords.items())]
        return f"{_named(function.func)}({', '.join(fixed)})"
    return getattr(function, "__qualname__", type(function).__qualname__)


def _refuse_another(path: Path, state: dict, about: dict, config: TrainConfig) -> None:
    """Refuse a checkpoint of a run that is not this one, by all the names that differ."""
    mine, theirs = {**about, **asdict(config)}, {**state["about"], **state["config"]}
    free = {"checkpoint_every"}
    if config.learning_rate_end == 1 and config.n_steps >= state["step"]:
        free.add("n_steps")  # the step size does not depend on it, so the run goes on
    differing = [
        f"{name}={theirs.get(name, 'none')} there, {mine.get(name, 'none')} here"
        for name in dict.fromkeys([*mine, *theirs])
        if name not in free and mine.get(name, "none") != theirs.get(name, "none")
    ]
    if not differing:
        return
    until = " (to stop early, keep n_steps and give until=)"
    longer = until if any(name.startswith("n_steps=") for name in differing) else ""
    raise ValueError(
        f"checkpoint {path} is from another run: {'; '.join(differing)}{longer}. "
        "Give what it was made with, or remove the file to start again"
    )


def _refuse_other_weights(network: nn.Module, weights: dict, path: Path) -> None:
    """Refuse weights of another network, before any is loaded."""
    mine = {k: (tuple(v.shape), v.dtype) for k, v in network.state_dict().items()}
    theirs = {k: (tuple(v.shape), v.dtype) for k, v in weights.items()}
    differing = [k for k in {**mine, **theirs} if mine.get(k) != theirs.get(k)]
    if differing:
        name = differing[0]
        raise ValueError(
            f"{path} holds the weights of another network: {name} is {theirs.get(name)} there, "
            f"{mine.get(name)} here"
        )


def _random_state(stored: Tensor, rng: torch.Generator, path: Path) -> Tensor:
    """Take a random state that fits this source of random numbers."""
    mine = rng.get_state()
    if getattr(stored, "shape", None) != mine.shape or stored.dtype != mine.dtype:
        raise ValueError(f"{path} holds a random state of another kind: remove it to start again")
    return stored


def _fitted(optimizer: torch.optim.Optimizer, memory: dict, path: Path) -> dict:
    """Lay an optimiser's memory out as its parameters lie, which fused kernels take for granted."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    fitted: dict[int, dict] = {}
    for index, entries in memory.items():
        for name, value in entries.items():
            parameter = parameters[index] if index < len(parameters) else None
            if parameter is None or not _belongs(value, parameter):
                shape = None if parameter is None else tuple(parameter.shape)
                raise ValueError(
                    f"checkpoint {path} is damaged or of another network: the optimiser's "
                    f"{name} of parameter {index} has shape {tuple(getattr(value, 'shape', ()))}, "
                    f"the parameter {shape}: remove the file to start again"
                )
            if value.shape == parameter.shape:
                value = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
            fitted.setdefault(index, {})[name] = value
    return fitted


def _belongs(value: object, parameter: nn.Parameter) -> bool:
    """Say whether an optimiser may remember this of a parameter: one number, or one an entry."""
    return isinstance(value, Tensor) and value.shape in (torch.Size(()), parameter.shape)


def _refuse_unwritable(path: Path) -> None:
    """Find out before the first step whether a checkpoint can be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    trial = path.with_name(f".{path.name}.trial")
    atomic_write(trial, b"")
    trial.unlink(missing_ok=True)


def _average_gradients(optimizer: torch.optim.Optimizer, *_: object) -> None:
    """Average the gradients of an optimiser's parameters over all processes, before its step."""
    parallel.average_gradients_(p for group in optimizer.param_groups for p in group["params"])


def _call(callback: Callable[..., object], networks: tuple[nn.Module, ...], step: int) -> None:
    """Let a callback look at a step."""
    callback(step, *networks)


def aside_from_others(device: torch.device) -> contextlib.AbstractContextManager:
    """Give PyTorch's own random numbers back, whatever is drawn from them in between."""
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])


def refuse_other_optimizer(optimizer: object, name: str) -> None:
    """Refuse what is no optimiser, or one that asks for the loss more than once."""
    remedy = "torch.optim.Adam(network.parameters()) makes one"
    instance(optimizer, name, torch.optim.Optimizer, remedy)
    if isinstance(optimizer, torch.optim.LBFGS):
        raise ValueError(f"{name} is an LBFGS, which asks for the loss again and again; {remedy}")


def trained_parameters(network: nn.Module) -> list[nn.Parameter]:
    """List the parameters that are to be trained."""
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    if not parameters:
        raise ValueError(
            f"{type(network).__name__} has no parameter that requires a gradient, so nothing can "
            "be trained: use requires_grad_(True)"
        )
    return parameters


def _floating_pairs(average: nn.Module, generator: nn.Module) -> list[tuple[Tensor, Tensor]]:
    """Pair the tensors of an average with those that it follows."""
    instance(average, "average", nn.Module, "give copy.deepcopy(generator)")
    mine, theirs = average.state_dict(), generator.state_dict()
    kinds = [{k: (v.shape, v.dtype, v.device) for k, v in s.items()} for s in (mine, theirs)]
    if kinds[0] != kinds[1]:
        raise ValueError(
            f"average={type(average).__name__} has other weights than the generator: "
            "give copy.deepcopy(generator)"
        )
    shared = [k for k in mine if mine[k].data_ptr() == theirs[k].data_ptr() and mine[k].numel()]
    if shared:
        raise ValueError(
            f"average shares its weights with the generator ({shared[0]}): "
            "give copy.deepcopy(generator), copy.copy does not copy them"
        )
    return [(mine[k], theirs[k]) for k in mine if mine[k].is_floating_point()]


def _layers(device: torch.device) -> list[torch.Generator]:
    """List PyTorch's own generators, from which layers such as dropout draw."""
    if device.type != "cuda":
        return [torch.default_generator]
    index = torch.cuda.current_device() if device.index is None else device.index
    return [torch.default_generator, torch.cuda.default_generators[index]]


def _set_layers(device: torch.device, states: dict[str, Tensor]) -> None:
    """Set PyTorch's own generators back."""
    for number, generator in enumerate(_layers(device)):
        generator.set_state(states[str(number)])

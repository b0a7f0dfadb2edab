"""Training a generator against a critic: two steps and a loop; recorded, repeatable, resumable."""

from __future__ import annotations

import contextlib
import copy
import functools
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from wganlib._files import atomic_write
from wganlib.data import Digits
from wganlib.losses import OBJECTIVES, Objective, w1_estimate
from wganlib.records import COLUMNS, History, TrainConfig

Critic = Callable[[Tensor], Tensor]
Optimizer = Callable[[list[nn.Parameter], TrainConfig], torch.optim.Optimizer]
Penalty = Callable[..., Tensor]
Project = Callable[[nn.Module, float], object]
_FORMAT = 2  # of a checkpoint's content


def adam(parameters: list[nn.Parameter], config: TrainConfig) -> torch.optim.Optimizer:
    """Make Adam with the configuration's numbers, fused where the device has it.

    Parameters
    ----------
    parameters : list of nn.Parameter
        What it moves.
    config : TrainConfig
        Its step size and its two moments.

    Returns
    -------
    torch.optim.Optimizer
        The optimiser.
    """
    return torch.optim.Adam(
        parameters,
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        fused=parameters[0].device.type in ("cpu", "cuda"),
    )


def rmsprop(parameters: list[nn.Parameter], config: TrainConfig) -> torch.optim.Optimizer:
    """Make RMSProp with PyTorch's defaults (α = 0.99), as Arjovsky et al.'s published code does.

    Parameters
    ----------
    parameters : list of nn.Parameter
        What it moves.
    config : TrainConfig
        Its step size.

    Returns
    -------
    torch.optim.Optimizer
        The optimiser.
    """
    return torch.optim.RMSprop(parameters, lr=config.learning_rate)


def critic_step(
    critic: nn.Module,
    real: Tensor,
    fake: Tensor,
    optimizer: torch.optim.Optimizer,
    *,
    objective: Objective = OBJECTIVES["wasserstein"],
    penalty: Penalty | None = None,
    gp_weight: float = 10.0,
    rng: torch.Generator | None = None,
) -> Tensor:
    r"""Update a critic once, in place.

    .. math::
        f \leftarrow \text{optimiser}\Bigl(\nabla_w\bigl[L_f(f(x), f(\tilde x))
        + \lambda\,\text{penalty}\bigr]\Bigr)

    Parameters
    ----------
    critic : nn.Module
        Maps samples to scores, shape ``(batch,)``.
    real, fake : Tensor, shape (batch, ...)
        A batch of each, in data units; the fakes without a graph.
    optimizer : torch.optim.Optimizer
        Moves the critic's parameters.
    objective : Objective
        The pair of losses.
    penalty : callable, optional
        ``penalty(critic, real, fake, rng=rng)``, added to the critic's loss times ``gp_weight``.
    gp_weight : float
        The penalty's weight λ, data units.
    rng : torch.Generator, optional
        Handed to the penalty.

    Returns
    -------
    Tensor, shape (3,)
        The w1_estimate, critic_loss and penalty before the update, in score units (the penalty
        without one), without a graph, on the batch's device.

    Raises
    ------
    ValueError
        If the scores or the batches do not fit the objective or the penalty.

    References
    ----------
    Arjovsky, Chintala and Bottou (2017), Algorithm 1, lines 3-6; Gulrajani et al. (2017),
    Algorithm 1, lines 3-9. A projection such as clipping comes after it.
    """
    scores_real, scores_fake = critic(real), critic(fake)
    loss = objective.critic_loss(scores_real, scores_fake)
    extra = loss.new_zeros(()) if penalty is None else penalty(critic, real, fake, rng=rng)
    optimizer.zero_grad()
    (loss + gp_weight * extra).backward()
    optimizer.step()
    return torch.stack([w1_estimate(scores_real, scores_fake), loss, extra]).detach()


def generator_step(
    generator: nn.Module,
    critic: nn.Module,
    latent: Tensor,
    optimizer: torch.optim.Optimizer,
    *,
    objective: Objective = OBJECTIVES["wasserstein"],
    real: Tensor | None = None,
) -> Tensor:
    r"""Update a generator once, in place; the critic gets no gradient.

    .. math:: \theta \leftarrow \text{optimiser}\bigl(\nabla_\theta L_g(f(x), f(g_\theta(z)))\bigr)

    Parameters
    ----------
    generator : nn.Module
        Maps latents to samples.
    critic : nn.Module
        Maps samples to scores, shape ``(batch,)``.
    latent : Tensor, shape (batch, ...)
        A batch of latents z, no unit.
    optimizer : torch.optim.Optimizer
        Moves the generator's parameters.
    objective : Objective
        The pair of losses.
    real : Tensor, optional
        A batch of real samples, for an objective that ``needs_real``.

    Returns
    -------
    Tensor
        The generator's loss before the update, a scalar, score units, without a graph.

    Raises
    ------
    ValueError
        If the objective needs real samples and there are none.

    References
    ----------
    Arjovsky, Chintala and Bottou (2017), Algorithm 1, lines 9-11.
    """
    if objective.needs_real and real is None:
        raise ValueError("this objective's generator loss looks at real samples: give real=")
    scores_real = scores_fake = critic(generator(latent))
    if objective.needs_real:
        scores_real = critic(real)
    loss = objective.generator_loss(scores_real, scores_fake)
    parameters = _trained(generator)
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)  # none for the critic
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    optimizer.step()
    return loss.detach()


def train(
    generator: nn.Module,
    critic: nn.Module,
    real: Tensor | Digits,
    config: TrainConfig,
    *,
    penalty: Penalty | None = None,
    project: Project | None = None,
    objective: Objective = OBJECTIVES["wasserstein"],
    optimizer: Optimizer = adam,
    average: nn.Module | None = None,
    progress: bool = True,
    callback: Callable[[int, nn.Module, nn.Module], object] | None = None,
    checkpoint: str | Path | None = None,
    until: int | None = None,
    rng: torch.Generator | None = None,
) -> History:
    r"""Train a generator against a critic, both in place.

    Each `generator_step` is preceded by ``n_critic`` times `critic_step`, on fresh batches.
    ``penalty=gradient_penalty`` makes it WGAN-GP, ``project=clip_weights_`` makes it WGAN.

    Parameters
    ----------
    generator : nn.Module
        With ``sample_latent(n, rng)``; maps latents to samples.
    critic : nn.Module
        Maps samples to scores, shape ``(batch,)``.
    real : Tensor or Digits
        All real samples, float, shape ``(n, ...)``, on the networks' device; or digits.
    config : TrainConfig
        Every number.
    penalty : callable, optional
        ``penalty(critic, real, fake, rng=rng)``, added to the critic's loss times ``gp_weight``.
    project : callable, optional
        ``project(critic, clip_value)``, called after every critic step.
    objective : Objective
        The pair of losses.
    optimizer : callable
        ``optimizer(parameters, config)``; `adam` or `rmsprop`.
    average : nn.Module, optional
        A copy of the generator. After generator step t its weights become
        :math:`\bar\theta \leftarrow \beta_t\bar\theta + (1 - \beta_t)\theta` with
        :math:`\beta_t = \min(\text{averaging}, (1 + t)/(10 + t))`; it trains nobody.
    progress : bool
        Show a bar on a terminal or in a notebook.
    callback : callable, optional
        ``callback(step, generator, critic)`` after every entry of the history. It must not draw
        from ``rng``, and leaves the networks as they are.
    checkpoint : path, optional
        File to keep the whole state in, every ``checkpoint_every`` steps, at the end, and when the
        run is interrupted. If it exists, the run goes on from there, and ends with the same weights
        as one that was never stopped; also to more steps, if the step size is constant.
    until : int, optional
        Stop after this generator step; else after ``config.n_steps``.
    rng : torch.Generator, optional
        Source of every random number, on the networks' device; else one seeded by ``config.seed``.
        What layers such as dropout draw comes from PyTorch's own, seeded likewise.

    Returns
    -------
    History
        One entry every ``log_every`` generator steps.

    Raises
    ------
    ValueError
        If ``real``, the critic's scores or ``until`` do not fit, or if the checkpoint is of another
        run; names what differs.
    FloatingPointError
        If a loss turns NaN or infinite; names the step, and the last good state stays.

    Notes
    -----
    *Differs from the papers*: the order is theirs, the sign of the critic's loss is turned for
    minimising, the generator runs without a graph during critic steps.

    References
    ----------
    Arjovsky, Chintala and Bottou (2017), Algorithm 1; Gulrajani et al. (2017), Algorithm 1.
    """
    last = _last_step(config, until)
    _refuse_unfit(generator, critic, real, config)
    rng = rng or torch.Generator(_device(generator)).manual_seed(config.seed)
    draw = real.batch if isinstance(real, Digits) else functools.partial(_rows, real)
    ways = {"objective": objective, "penalty": penalty, "project": project, "optimizer": optimizer}
    networks = {"generator": generator, "critic": critic}
    run = _Run(networks, config, ways, rng, average=average, callback=callback)
    if checkpoint is not None:
        run.keep_at(Path(checkpoint), real)
    how = {"objective": objective, "penalty": penalty, "gp_weight": config.gp_weight, "rng": rng}
    size = config.batch_size
    with run.going(last, progress) as steps:
        for step in steps:
            values, n_critic = 0.0, config.critic_steps(step)
            for _ in range(n_critic):
                batch = draw(size, rng=rng)
                with torch.no_grad():
                    fake = generator(generator.sample_latent(size, rng))
                values = values + critic_step(critic, batch, fake, run.optimizers["critic"], **how)
                if project is not None:
                    project(critic, config.clip_value)
            latent = generator.sample_latent(size, rng)
            batch = draw(size, rng=rng) if objective.needs_real else None
            loss = generator_step(
                generator, critic, latent, run.optimizers["generator"],
                objective=objective, real=batch,
            )  # fmt: skip
            run.follow(step)
            run.record(step, torch.cat([values / n_critic, loss[None]]))
    return run.history


def train_critic(
    critic: nn.Module,
    real: Tensor,
    fake: Callable[..., Tensor],
    config: TrainConfig,
    *,
    penalty: Penalty | None = None,
    project: Project | None = None,
    objective: Objective = OBJECTIVES["wasserstein"],
    optimizer: Optimizer = adam,
    progress: bool = False,
    callback: Callable[[int, nn.Module], object] | None = None,
    rng: torch.Generator | None = None,
) -> History:
    r"""Train a critic in place while the law of the fakes stands still.

    ``n_steps`` times `critic_step`, on fresh batches.

    Parameters
    ----------
    critic : nn.Module
        Maps samples to scores, shape ``(batch,)``; left in evaluation mode.
    real : Tensor
        All real samples, shape ``(n, ...)``, data units.
    fake : callable
        ``fake(n, rng=rng)`` draws n fakes, shape ``(n, ...)``, data units.
    config : TrainConfig
        ``n_steps`` counts critic steps here; ``n_critic`` and ``n_critic_start`` are not used.
    penalty, project : callable, optional
        As for `train`.
    objective : Objective
        As for `train`.
    optimizer : callable
        As for `train`.
    progress : bool
        As for `train`.
    callback : callable, optional
        ``callback(step, critic)`` after every entry of the history. It must not draw from ``rng``,
        and leaves the critic as it is.
    rng : torch.Generator, optional
        As for `train`.

    Returns
    -------
    History
        One entry every ``log_every`` critic steps; its ``generator_loss`` is empty.

    Raises
    ------
    ValueError, FloatingPointError
        As `train`.

    References
    ----------
    Gulrajani et al. (2017), Figure 1a: critics trained against real points plus noise.
    """
    _refuse_samples(real, config)
    rng = rng or torch.Generator(_device(critic)).manual_seed(config.seed)
    _refuse_unfit_critic(critic, real[:2], fake(2, rng=_fresh(rng)))
    ways = {"objective": objective, "penalty": penalty, "project": project, "optimizer": optimizer}
    run = _Run({"critic": critic}, config, ways, rng, callback=callback)
    how = {"objective": objective, "penalty": penalty, "gp_weight": config.gp_weight, "rng": rng}
    with run.going(config.n_steps, progress) as steps:
        for step in steps:
            batch = _rows(real, config.batch_size, rng=rng)
            with torch.no_grad():
                points = fake(config.batch_size, rng=rng)
            values = critic_step(critic, batch, points, run.optimizers["critic"], **how)
            if project is not None:
                project(critic, config.clip_value)
            run.record(step, values)
    critic.eval()
    return run.history


class _Run:
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
        self.look = callback and functools.partial(_call, callback, tuple(networks.values()))
        self.optimizers = {
            side: ways["optimizer"](_trained(network), config) for side, network in networks.items()
        }
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
        self.last, cuda = last, [d for d in [self.rng.device] if d.type == "cuda"]
        bar = _bar(progress, total=last, initial=self.step)
        with torch.random.fork_rng(devices=cuda), bar:
            for generator in _layers(self.rng.device):
                generator.manual_seed(self.config.seed)
            if self.layers is not None:
                _set_layers(self.rng.device, self.layers)
            try:
                if not self.seen:  # the run was interrupted while its callback looked
                    self._show()
                yield self._steps(bar)
            finally:
                self._write()

    def _steps(self, bar: tqdm) -> Iterator[int]:
        """Count, and set the step size before each step."""
        for step in range(self.step + 1, self.last + 1):
            for optimizer in self.optimizers.values():
                for group in optimizer.param_groups:
                    # A formula, not a scheduler of PyTorch: nothing to keep in a checkpoint.
                    group["lr"] = self.config.learning_rate_at(step)
            yield step
            bar.update()

    def follow(self, step: int) -> None:
        """Let the averaged generator follow the trained one, batch-norm statistics included."""
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
        rows = torch.stack(self.window).cpu().double()
        bad = (~rows.isfinite().all(dim=1)).nonzero()
        if len(bad):
            values = dict(zip(COLUMNS, rows[bad[0, 0]].tolist(), strict=False))
            raise FloatingPointError(
                f"training diverged at generator step {self.step + 1 + int(bad[0, 0])}: {values}. "
                "Lower learning_rate, or bound the critic (penalty=, project=); "
                "the last checkpoint, if you keep one, is untouched."
            )
        return rows.mean(dim=0).tolist()

    def _show(self) -> None:
        """Keep the state, and let the callback look; an interrupted look is repeated later."""
        self.kept = self._state() if self.path else None
        if self.look is not None:
            self.look(self.step)
        self.seen = True
        if self.kept is not None:
            self.kept["seen"] = True

    # --- to the disk and back ---------------------------------------------------------------------

    def keep_at(self, path: Path, real: Tensor | Digits) -> None:
        """Keep the run in a file, and go on from there if it exists."""
        self.path = path.expanduser()
        self.about = _about(self.networks, self.ways, real, self.rng.device)
        _refuse_unwritable(self.path)
        if self.path.exists():
            self._load()

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

    def _load(self) -> None:
        """Go back to a stored state, if it belongs to this run; else change nothing."""
        state = _read(self.path)
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


def _read(path: Path) -> dict:
    """Read a checkpoint's content, which is data and never code."""
    try:
        content = io.BytesIO(path.read_bytes())  # from a path, PyTorch would go by its ending
        state = torch.load(content, map_location="cpu", weights_only=True)
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


def _about(networks: dict, ways: dict, real: Tensor | Digits, device: torch.device) -> dict:
    """Say in words what a run trains, on what, and how: what a checkpoint is compared by."""
    pixels = real.pixels if isinstance(real, Digits) else real
    raw = pixels.detach().cpu().contiguous().flatten().view(torch.uint8)
    objective = ways["objective"]
    known = [name for name, one in OBJECTIVES.items() if one == objective]
    losses = f"{_named(objective.critic_loss)} with {_named(objective.generator_loss)}"
    kinds = {side: type(network).__name__ for side, network in networks.items()}
    return {
        "objective": known[0] if known else losses,
        **{name: _named(ways[name]) for name in ("penalty", "project", "optimizer")},
        **kinds,
        "average": kinds.get("average", "none"),
        "data": f"{tuple(pixels.shape)} {pixels.dtype} {zlib.crc32(raw.numpy()):08x}",
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


def _last_step(config: TrainConfig, until: int | None) -> int:
    """Return the step after which to stop."""
    if until is None:
        return config.n_steps
    if isinstance(until, bool) or not isinstance(until, int) or until < 1:
        raise ValueError(f"until={until!r} must be a whole number of at least 1")
    return min(until, config.n_steps)


def _bar(progress: bool, *, total: int, initial: int) -> tqdm:
    """Show a bar at a terminal or in a notebook; ``TQDM_DISABLE=1`` silences the latter's too."""
    somebody_looks = sys.stderr.isatty() or "ipykernel" in sys.modules
    options = {} if progress and somebody_looks else {"disable": True}
    return tqdm(total=total, initial=initial, unit="step", **options)


def _call(callback: Callable[..., object], networks: tuple[nn.Module, ...], step: int) -> None:
    """Let a callback look at a step."""
    callback(step, *networks)


def _rows(real: Tensor, n: int, *, rng: torch.Generator) -> Tensor:
    """Draw rows of a tensor with replacement."""
    return real[torch.randint(len(real), (n,), generator=rng, device=real.device)]


def _trained(network: nn.Module) -> list[nn.Parameter]:
    """List the parameters that are to be trained."""
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    if not parameters:
        raise ValueError(
            f"{type(network).__name__} has no parameter that requires a gradient, so nothing can "
            "be trained: use requires_grad_(True)"
        )
    return parameters


def _device(network: nn.Module) -> torch.device:
    """Return the device of a network."""
    return next(network.parameters()).device


def _floating_pairs(average: nn.Module, generator: nn.Module) -> list[tuple[Tensor, Tensor]]:
    """Pair the tensors of an average with those that it follows."""
    mine, theirs = average.state_dict(), generator.state_dict()
    if {k: v.shape for k, v in mine.items()} != {k: v.shape for k, v in theirs.items()}:
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


def _fresh(rng: torch.Generator) -> torch.Generator:
    """Give a source of random numbers for a look, so that the run's own is not moved."""
    return torch.Generator(rng.device).manual_seed(0)


@torch.no_grad()
def _refuse_unfit(generator: nn.Module, critic: nn.Module, real, config: TrainConfig) -> None:
    """Refuse real samples and networks that cannot be trained together, before the first step.

    It looks at copies in evaluation mode, with random numbers of its own: no buffer, no mode and no
    random state of anybody is moved.
    """
    _refuse_samples(real, config)
    rng = torch.Generator(_device(generator)).manual_seed(0)
    some = real.batch(2, rng=rng) if isinstance(real, Digits) else real[:2]
    if some.device != _device(generator):
        where = _device(generator)
        raise ValueError(f"real lies on {some.device}, the networks on {where}: move one")
    with torch.random.fork_rng(devices=[rng.device] if rng.device.type == "cuda" else []):
        fake = copy.deepcopy(generator).eval()(generator.sample_latent(2, rng))
    _refuse_unfit_critic(critic, some, fake)


@torch.no_grad()
def _refuse_unfit_critic(critic: nn.Module, real: Tensor, fake: Tensor) -> None:
    """Refuse samples of two shapes, and a critic that does not give each sample one score."""
    if fake.shape[1:] != real.shape[1:]:
        raise ValueError(
            f"real samples have shape {tuple(real.shape[1:])}, "
            f"the generator makes {tuple(fake.shape[1:])}"
        )
    with torch.random.fork_rng(devices=[real.device] if real.device.type == "cuda" else []):
        scores = copy.deepcopy(critic).eval()(real)
    if scores.shape != (len(real),):
        raise ValueError(
            f"the critic returned shape {tuple(scores.shape)} for {len(real)} samples, "
            f"expected ({len(real)},): end it with `.squeeze(1)`"
        )


def _refuse_samples(real: Tensor | Digits, config: TrainConfig) -> None:
    """Refuse samples that are not finite floats, or images that are not scaled."""
    if not isinstance(real, Tensor | Digits):
        raise TypeError(
            f"real is a {type(real).__name__}, expected a tensor or digits: "
            "use torch.as_tensor(real, dtype=torch.float32)"
        )
    if len(real) < config.batch_size:
        raise ValueError(f"batch_size={config.batch_size} is larger than the data ({len(real)})")
    if isinstance(real, Digits):
        return
    if not real.is_floating_point():
        raise ValueError(f"real has dtype {real.dtype}, expected a float: use `real.float()`")
    if not real.isfinite().all():
        bad = int((~real.isfinite()).sum())
        raise ValueError(f"real holds {bad} values that are NaN or infinite: remove them first")
    if real.ndim == 4 and real.abs().max() > 1:
        low, high = real.min().item(), real.max().item()
        raise ValueError(
            f"images range from {low:.4g} to {high:.4g}, expected [-1, 1], "
            "where the generator's tanh lives: use wganlib.data.scale_pixels"
        )

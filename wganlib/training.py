"""Training a generator against a critic: one loop, recorded, repeatable, resumable."""

from __future__ import annotations

import csv
import json
import math
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn
from tqdm import tqdm

from wganlib import models
from wganlib.data import Digits, run_folder
from wganlib.losses import OBJECTIVES, Objective, w1_estimate

COLUMNS = ("w1_estimate", "critic_loss", "penalty", "generator_loss")
Optimizer = Callable[[list[nn.Parameter], "TrainConfig"], torch.optim.Optimizer]


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Every number of a run. "Algorithm 1" is that of Gulrajani et al. (2017) unless it says more.

    Attributes
    ----------
    n_steps : int
        Generator steps. The paper's MNIST script takes 200,000; legible digits need far fewer.
    batch_size : int
        Samples a batch; Algorithm 1 takes 64.
    n_critic : int
        Critic steps for each generator step; Algorithm 1 takes 5.
    n_critic_start : int
        Critic steps for each of the first 25 generator steps and for every 500th after, if larger
        than ``n_critic``. The published code of Arjovsky et al. (2017) takes 100; not in a paper.
    learning_rate : float
        Step size; Algorithm 1 takes 1e-4.
    learning_rate_end : float
        Factor of the step size at the last step, reached linearly. 1 keeps it constant, as in
        Algorithm 1; the paper's CIFAR-10 networks decay to 0.
    beta1, beta2 : float
        Adam's moments; Algorithm 1 takes 0 and 0.9.
    gp_weight : float
        The penalty's λ, data units; Algorithm 1 takes 10.
    clip_value : float
        The clipping bound c; Algorithm 1 of Arjovsky et al. (2017) takes 0.01.
    averaging : float
        Factor β of the moving average of the generator's weights, in [0, 1); used where `train` is
        given an ``average``. Not in Algorithm 1; 0.999 after Karras et al. (2018), appendix A.
    seed : int
        Seeds the run's own random numbers where no ``rng`` is given.
    log_every, checkpoint_every : int
        Generator steps between rows of the history and between checkpoints; the second is a
        multiple of the first. Ours.
    """

    n_steps: int = 10_000
    batch_size: int = 64
    n_critic: int = 5
    n_critic_start: int = 0
    learning_rate: float = 1e-4
    learning_rate_end: float = 1.0
    beta1: float = 0.0
    beta2: float = 0.9
    gp_weight: float = 10.0
    clip_value: float = 0.01
    averaging: float = 0.999
    seed: int = 0
    log_every: int = 10
    checkpoint_every: int = 500

    def __post_init__(self) -> None:
        """Refuse numbers that no run can have."""
        for name in ("n_steps", "batch_size", "n_critic", "log_every", "checkpoint_every"):
            value = getattr(self, name)
            if not (isinstance(value, int) and value >= 1):
                raise ValueError(f"{name}={value} must be a whole number of at least 1")
        for name in ("learning_rate", "clip_value"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name}={getattr(self, name)} must be positive and finite")
        if not 0 <= self.gp_weight < math.inf:
            raise ValueError(f"gp_weight={self.gp_weight} must be finite and not negative")
        for name in ("beta1", "beta2", "averaging"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must lie in [0, 1)")
        if not (isinstance(self.n_critic_start, int) and self.n_critic_start >= 0):
            raise ValueError(f"n_critic_start={self.n_critic_start} must be a whole number, or 0")
        if not 0 <= self.learning_rate_end <= 1:
            raise ValueError(f"learning_rate_end={self.learning_rate_end} must lie in [0, 1]")
        if self.checkpoint_every % self.log_every:
            raise ValueError(
                f"checkpoint_every={self.checkpoint_every} must be a multiple of "
                f"log_every={self.log_every}, so that nothing is kept that was not looked at"
            )

    def critic_steps(self, step: int) -> int:
        """How many critic steps come before generator step ``step``, counted from 1."""
        at_start = step <= 25 or step % 500 == 1
        return max(self.n_critic, self.n_critic_start if at_start else 0)


@dataclass(frozen=True, kw_only=True)
class History:
    """What a run recorded: one list a column, one entry every ``log_every`` generator steps.

    Attributes
    ----------
    step : list of int
        Generator steps done.
    w1_estimate, critic_loss, generator_loss : list of float
        Means over the steps since the last entry, score units. ``critic_loss`` is the objective's,
        without the penalty; under the Wasserstein objective it is minus ``w1_estimate``.
    penalty : list of float
        The unweighted penalty, likewise; 0 where there is none.
    """

    step: list[int] = field(default_factory=list)
    w1_estimate: list[float] = field(default_factory=list)
    critic_loss: list[float] = field(default_factory=list)
    generator_loss: list[float] = field(default_factory=list)
    penalty: list[float] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished run, as `save_run` stores it and `load_run` gives it back."""

    generator: nn.Module
    critic: nn.Module
    config: TrainConfig
    history: History
    provenance: dict
    folder: Path | None = None


def adam(parameters: list[nn.Parameter], config: TrainConfig) -> torch.optim.Optimizer:
    """Adam with the configuration's numbers, fused where the device has it."""
    return torch.optim.Adam(
        parameters,
        lr=config.learning_rate,
        betas=(float(config.beta1), float(config.beta2)),
        fused=parameters[0].device.type in ("cpu", "cuda"),
    )


def rmsprop(parameters: list[nn.Parameter], config: TrainConfig) -> torch.optim.Optimizer:
    """RMSProp with PyTorch's defaults (α = 0.99), which Arjovsky et al.'s published code uses."""
    return torch.optim.RMSprop(parameters, lr=config.learning_rate)


def train(
    generator: nn.Module,
    critic: nn.Module,
    real: Tensor | Digits,
    config: TrainConfig,
    *,
    penalty: Callable[..., Tensor] | None = None,
    project: Callable[[nn.Module, float], object] | None = None,
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

    Each generator step is preceded by ``n_critic`` critic steps on fresh batches:

    .. math::
        f \leftarrow \text{optimiser}\Bigl(\nabla_w\bigl[L_f(f(x), f(\tilde x))
        + \lambda\,\text{penalty}\bigr]\Bigr), \qquad
        \theta \leftarrow \text{optimiser}\bigl(\nabla_\theta L_g\bigr).

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
        from ``rng``.
    checkpoint : path, optional
        File to keep the whole state in, every ``checkpoint_every`` steps and at the end. If it
        exists, the run goes on from there.
    until : int, optional
        Stop after this generator step; else after ``config.n_steps``.
    rng : torch.Generator, optional
        Source of every random number, on the networks' device; else one seeded by ``config.seed``.

    Returns
    -------
    History
        One row every ``log_every`` generator steps.

    Raises
    ------
    ValueError
        If ``real``, the critic's scores or the checkpoint do not fit.
    FloatingPointError
        If a loss turns NaN or infinite; names the step, and the last good checkpoint stays.

    Notes
    -----
    *Differs from the papers*: the order is theirs, the sign of the critic's loss is turned for
    minimising, the generator runs without a graph during critic steps.
    Source: Arjovsky, Chintala & Bottou (2017), Algorithm 1; Gulrajani et al. (2017), Algorithm 1.
    """
    device = next(generator.parameters()).device
    rng = rng or torch.Generator(device).manual_seed(config.seed)
    _refuse_unfit(generator, critic, real, config)
    state = _State(generator, critic, config, optimizer, rng, average)
    if checkpoint is not None and Path(checkpoint).exists():
        state.load(Path(checkpoint))
    draw = real.batch if isinstance(real, Digits) else _sampler(real)
    window = torch.zeros(config.log_every, len(COLUMNS), device=device)
    last = config.n_steps if until is None else min(until, config.n_steps)
    bar = _bar(progress, total=last, initial=state.step)
    for step in range(state.step + 1, last + 1):
        state.set_learning_rate(step)
        row, n_critic = 0.0, config.critic_steps(step)
        for _ in range(n_critic):
            row = row + _critic_step(state, draw, penalty, objective)
            if project is not None:
                project(critic, config.clip_value)
        loss = _generator_step(state, draw, objective)
        state.follow(step)
        window[step - state.step - 1] = torch.cat([row / n_critic, loss[None]])
        bar.update()
        if step % config.log_every and step != last:
            continue
        state.record(step, window)
        if callback is not None:
            callback(step, generator, critic)
        if checkpoint is not None and (step % config.checkpoint_every == 0 or step == last):
            state.save(Path(checkpoint))
    bar.close()
    return state.history


def train_critic(
    critic: nn.Module,
    real: Tensor,
    fake: Callable[..., Tensor],
    config: TrainConfig,
    *,
    penalty: Callable[..., Tensor] | None = None,
    project: Callable[[nn.Module, float], object] | None = None,
    optimizer: Optimizer = adam,
) -> nn.Module:
    r"""Train a critic in place while the law of the fakes stands still.

    .. math:: f \leftarrow \text{optimiser}\bigl(\nabla_w[L_f + \lambda\,\text{penalty}]\bigr),
        \qquad \text{n\_steps times}

    Parameters
    ----------
    critic : nn.Module
        Maps samples to scores, shape ``(batch,)``.
    real : Tensor
        All real samples, shape ``(n, ...)``, data units.
    fake : callable
        ``fake(n, rng=rng)`` draws n fakes, shape ``(n, ...)``, data units.
    config : TrainConfig
        ``n_steps`` counts critic steps here; ``n_critic`` and ``learning_rate_end`` are not used.
    penalty, project, optimizer
        As for `train`.

    Returns
    -------
    nn.Module
        The same critic, in evaluation mode.

    Raises
    ------
    ValueError, FloatingPointError
        As `train`.

    Notes
    -----
    Source: Gulrajani et al. (2017), Figure 1a, trains critics against real points plus noise.
    """
    once = replace(config, n_steps=1, n_critic=config.n_steps, log_every=1, checkpoint_every=1)
    how = {"penalty": penalty, "project": project, "optimizer": optimizer}
    train(_Still(fake, real), critic.train(), real, once, progress=False, **how)
    return critic.eval()


class _Still(nn.Module):
    """A generator that draws from a sampler; its one weight, a shift, is of no use to anyone."""

    def __init__(self, sampler: Callable[..., Tensor], like: Tensor) -> None:
        super().__init__()
        self.sampler, self.latent_dim = sampler, like.shape[1]
        self.shift = nn.Parameter(like.new_zeros(()))

    def sample_latent(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        return self.sampler(n, rng=rng)

    def forward(self, points: Tensor) -> Tensor:
        return points + self.shift


def _bar(progress: bool, *, total: int, initial: int) -> tqdm:
    """Show a bar at a terminal or in a notebook; ``TQDM_DISABLE=1`` silences the latter's too."""
    somebody_looks = sys.stderr.isatty() or "ipykernel" in sys.modules
    options = {} if progress and somebody_looks else {"disable": True}
    return tqdm(total=total, initial=initial, unit="step", **options)


def _critic_step(state: _State, draw, penalty, objective: Objective) -> Tensor:
    """One update of the critic; returns (w1_estimate, critic_loss, penalty), on the device."""
    config, critic = state.config, state.critic
    real = draw(config.batch_size, rng=state.rng)
    with torch.no_grad():
        fake = state.generator(state.generator.sample_latent(config.batch_size, state.rng))
    scores_real, scores_fake = critic(real), critic(fake)
    loss = objective.critic_loss(scores_real, scores_fake)
    extra = loss.new_zeros(())
    if penalty is not None:
        extra = penalty(critic, real, fake, rng=state.rng)
    state.critic_optimizer.zero_grad()
    (loss + config.gp_weight * extra).backward()
    state.critic_optimizer.step()
    return torch.stack([w1_estimate(scores_real, scores_fake), loss, extra]).detach()


def _generator_step(state: _State, draw, objective: Objective) -> Tensor:
    """One update of the generator; returns its loss, on the device."""
    config, critic = state.config, state.critic
    fake = state.generator(state.generator.sample_latent(config.batch_size, state.rng))
    scores_real = scores_fake = critic(fake)
    if objective.needs_real:
        scores_real = critic(draw(config.batch_size, rng=state.rng))
    loss = objective.generator_loss(scores_real, scores_fake)
    gradients = torch.autograd.grad(loss, state.generator_parameters)  # none for the critic
    for parameter, gradient in zip(state.generator_parameters, gradients, strict=True):
        parameter.grad = gradient
    state.generator_optimizer.step()
    return loss.detach()


def _sampler(real: Tensor) -> Callable[..., Tensor]:
    """Draw rows of a tensor with replacement."""

    def draw(n: int, rng: torch.Generator) -> Tensor:
        return real[torch.randint(len(real), (n,), generator=rng, device=real.device)]

    return draw


class _State:
    """All that a run carries from one step to the next, and its way to the disk and back."""

    def __init__(
        self, generator, critic, config: TrainConfig, optimizer: Optimizer, rng, average=None
    ) -> None:
        self.generator, self.critic, self.config, self.rng = generator, critic, config, rng
        self.networks = {"generator": generator, "critic": critic}
        self.followed: tuple[list[Tensor], list[Tensor]] | None = None
        if average is not None:
            self.networks["average"] = average.requires_grad_(False)
            states = (average.state_dict().values(), generator.state_dict().values())
            pairs = [pair for pair in zip(*states, strict=True) if pair[0].is_floating_point()]
            self.followed = tuple(map(list, zip(*pairs, strict=True)))
        self.generator_parameters = list(generator.parameters())
        self.generator_optimizer = optimizer(self.generator_parameters, config)
        self.critic_optimizer = optimizer(list(critic.parameters()), config)
        self.step, self.history = 0, History()

    def set_learning_rate(self, step: int) -> None:
        """Go linearly from the first step's rate to ``learning_rate_end`` times it at the last."""
        done = (step - 1) / max(self.config.n_steps - 1, 1)
        factor = 1 + done * (self.config.learning_rate_end - 1)
        for optimizer in (self.generator_optimizer, self.critic_optimizer):
            for group in optimizer.param_groups:
                group["lr"] = self.config.learning_rate * factor

    def follow(self, step: int) -> None:
        """Let the averaged generator follow the trained one, batch-norm statistics included."""
        if self.followed is not None:
            beta = min(self.config.averaging, (1 + step) / (10 + step))
            torch._foreach_lerp_(*self.followed, 1 - beta)

    def record(self, step: int, window: Tensor) -> None:
        """Append one row to the history, the mean over the steps since the last."""
        rows = window[: step - self.step].cpu().double()
        bad = (~rows.isfinite().all(dim=1)).nonzero()
        if len(bad):
            values = dict(zip(COLUMNS, rows[bad[0, 0]].tolist(), strict=True))
            raise FloatingPointError(
                f"training diverged at generator step {self.step + 1 + int(bad[0, 0])}: {values}. "
                "Lower learning_rate, or bound the critic (penalty=, project=); "
                "the last checkpoint, if you keep one, is untouched."
            )
        self.step = step
        self.history.step.append(step)
        for name, value in zip(COLUMNS, rows.mean(dim=0).tolist(), strict=True):
            getattr(self.history, name).append(value)

    def _tensors(self) -> dict[str, Tensor]:
        """Every tensor of the run under one flat name, ready to be stored."""
        named = {"rng": self.rng.get_state()}
        for owner, network in self.networks.items():
            named |= {f"{owner}.{k}": v for k, v in network.state_dict().items()}
        for owner in ("generator", "critic"):
            memory = getattr(self, f"{owner}_optimizer").state_dict()["state"]
            for index, entries in memory.items():
                named |= {f"{owner}_optimizer.{index}.{k}": v for k, v in entries.items()}
        return {name: tensor.detach().clone().contiguous() for name, tensor in named.items()}

    def save(self, path: Path) -> None:
        """Write the whole state to one file, which is at every moment the old one or the new."""
        about = {"config": asdict(self.config), "step": self.step, "history": asdict(self.history)}
        data = safetensors.torch.save(self._tensors(), {k: json.dumps(v) for k, v in about.items()})
        _write_atomically(path, data)

    def load(self, path: Path) -> None:
        """Go back to a stored state, if it belongs to this run."""
        try:
            with safetensors.safe_open(path, framework="pt") as file:
                about = {k: json.loads(v) for k, v in (file.metadata() or {}).items()}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except safetensors.SafetensorError as error:
            raise ValueError(
                f"{path} is no checkpoint ({error}): remove it to start anew"
            ) from error
        mine, theirs = asdict(self.config), about.get("config", {})
        differing = [f"{k}={theirs.get(k)} there, {v} here" for k, v in mine.items()
                     if theirs.get(k) != v]  # fmt: skip
        if differing:
            raise ValueError(
                f"checkpoint {path} is from another configuration ({'; '.join(differing)}): "
                "remove the file to start anew, or give the configuration it was made with"
            )
        for owner, network in self.networks.items():
            part = {k.removeprefix(f"{owner}."): v for k, v in tensors.items()
                    if k.startswith(f"{owner}.")}  # fmt: skip
            _load_weights(network, part, path)
        for owner in ("generator", "critic"):
            self._load_optimizer(owner, tensors)
        self.rng.set_state(tensors["rng"])
        self.step, self.history = about["step"], History(**about["history"])

    def _load_optimizer(self, owner: str, tensors: dict[str, Tensor]) -> None:
        """Give an optimiser its memory back."""
        optimizer, memory = getattr(self, f"{owner}_optimizer"), {}
        for name, tensor in tensors.items():
            if name.startswith(f"{owner}_optimizer."):
                _, index, entry = name.split(".")
                memory.setdefault(int(index), {})[entry] = tensor
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": memory, "param_groups": groups})


def _load_weights(network: nn.Module, weights: dict[str, Tensor], path: Path) -> None:
    """Load weights, or say that they belong to another network."""
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"{path} holds the weights of another network: {error}") from error


def _write_atomically(path: Path, data: bytes) -> None:
    """Write beside the file, flush to the disk, then rename over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def _refuse_unfit(generator, critic, real: Tensor | Digits, config: TrainConfig) -> None:
    """Refuse real samples and networks that cannot be trained together, before the first step."""
    if len(real) < config.batch_size:
        raise ValueError(f"batch_size={config.batch_size} is larger than the data ({len(real)})")
    if not isinstance(real, Digits):
        _refuse_samples(real)
    some = real.batch(2) if isinstance(real, Digits) else real[:2]
    weight = next(generator.parameters())
    if some.device != weight.device:
        raise ValueError(f"real lies on {some.device}, the networks on {weight.device}: move one")
    was_training = generator.training
    with torch.no_grad():
        fake = generator.eval()(weight.new_zeros(2, generator.latent_dim))
        generator.train(was_training)
        if fake.shape[1:] != some.shape[1:]:
            raise ValueError(
                f"real samples have shape {tuple(some.shape[1:])}, "
                f"the generator makes {tuple(fake.shape[1:])}"
            )
        scores = critic(some)
    if scores.shape != (2,):
        raise ValueError(
            f"the critic returned shape {tuple(scores.shape)} for 2 samples, expected (2,): "
            "end it with `.squeeze(1)`"
        )


def _refuse_samples(real: Tensor) -> None:
    """Refuse samples that are not finite floats, or images that are not scaled."""
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


def save_run(folder: str | Path, run: Run) -> None:
    """Store a finished run so that anyone can look at it and make it again.

    Writes ``config.json`` (numbers and networks), ``history.csv``, ``generator.safetensors``,
    ``critic.safetensors`` and ``provenance.json``; each file is whole at every moment.

    Parameters
    ----------
    folder : path
        Made if missing.
    run : Run
        What to store; its networks are ones of `wganlib.models`.

    Raises
    ------
    ValueError
        If a network is not one of `wganlib.models`, since it could not be built again.
    """
    folder = Path(folder)
    networks = {side: _describe(getattr(run, side)) for side in ("generator", "critic")}
    _write_json(folder / "config.json", {"config": asdict(run.config), **networks})
    _write_json(folder / "provenance.json", run.provenance)
    names = [f.name for f in fields(History)]
    rows = zip(*(getattr(run.history, name) for name in names), strict=True)
    lines = [names, *([r[0], *(f"{v:.6g}" for v in r[1:])] for r in rows)]
    text = "".join(",".join(map(str, line)) + "\n" for line in lines)
    _write_atomically(folder / "history.csv", text.encode())
    for side in networks:
        weights = {k: v.cpu().contiguous() for k, v in getattr(run, side).state_dict().items()}
        _write_atomically(folder / f"{side}.safetensors", safetensors.torch.save(weights))


def load_run(folder: str | Path) -> Run:
    """Load a run that `save_run` stored.

    Parameters
    ----------
    folder : path
        Where it lies; or the bare name of one of the book's frozen runs, such as
        ``"mnist-wgan-gp"``.

    Returns
    -------
    Run
        Networks on the CPU, in evaluation mode.

    Raises
    ------
    FileNotFoundError
        If there is no such run; names the places looked at.
    ValueError
        If the weights do not fit the networks that the run names.
    """
    folder = run_folder(folder)
    about = json.loads((folder / "config.json").read_text())
    sides = {side: _build(about[side]) for side in ("generator", "critic")}
    for side, network in sides.items():
        path = folder / f"{side}.safetensors"
        _load_weights(network, safetensors.torch.load_file(path), path)
    with (folder / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {f.name: [float(row[f.name]) for row in rows] for f in fields(History)}
    columns["step"] = [int(step) for step in columns["step"]]
    return Run(
        **{side: network.eval() for side, network in sides.items()},
        config=TrainConfig(**about["config"]),
        history=History(**columns),
        provenance=json.loads((folder / "provenance.json").read_text()),
        folder=folder,
    )


def _describe(network: nn.Module) -> dict:
    """Name a network's class and arguments."""
    kind = type(network).__name__
    if getattr(models, kind, None) is not type(network):
        raise ValueError(f"{kind} is not a network of wganlib.models, so it cannot be stored")
    return {"class": kind, **network.arguments}


def _build(description: dict) -> nn.Module:
    """Build a network from its description, with untrained weights."""
    arguments = dict(description)
    kind = getattr(models, arguments.pop("class"), None)
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        raise ValueError(f"{description['class']!r} is not a network of wganlib.models")
    return kind(**arguments)


def _write_json(path: Path, content: dict) -> None:
    """Write JSON that a person can read and git can compare."""
    _write_atomically(path, (json.dumps(content, indent=2, sort_keys=True) + "\n").encode())

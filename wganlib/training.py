"""Training a generator against a critic: two steps and a loop; recorded, repeatable, resumable."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import functools
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from wganlib import _ends, _networks, parallel, slope
from wganlib._arrays import (
    finite_number,
    function,
    instance,
    path_of,
    refuse_other_rng,
    same_device,
    shown,
    whole_number,
)
from wganlib._run import (
    TrainingRun,
    aside_from_others,
    refuse_other_optimizer,
    trained_parameters,
)
from wganlib.data import Source, source
from wganlib.losses import OBJECTIVES, Objective, w1_estimate
from wganlib.records import History, TrainConfig

Critic = Callable[[Tensor], Tensor]
Optimizer = Callable[[list[nn.Parameter], TrainConfig], torch.optim.Optimizer]
Penalty = Callable[..., Tensor]
Project = Callable[[nn.Module, float], object]
_PENALTY = ("critic", "real", "fake")  # what a penalty is called with, next to rng


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

    Raises
    ------
    ValueError
        If ``parameters`` or ``config`` is something else.
    """
    parameters = _parameters(parameters, config)
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

    Raises
    ------
    ValueError
        If ``parameters`` or ``config`` is something else.
    """
    parameters = _parameters(parameters, config)
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
    condition: Tensor | None = None,
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
    condition : Tensor, shape (batch, ...), optional
        What the critic takes as ``condition`` next to both batches: real and fake samples are
        compared, and mixed, under the same one.
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
        If an argument is of another kind, the critic cannot take the batches, or its scores or the
        batches do not fit the objective or the penalty.

    References
    ----------
    Arjovsky, Chintala and Bottou (2017), Algorithm 1, lines 3-6; Gulrajani et al. (2017),
    Algorithm 1, lines 3-9. A projection such as clipping comes after it.
    """
    batches = {"real": real, "fake": fake}
    _refuse_unfit_step({"critic": critic}, batches, condition, optimizer, objective)
    gp_weight = finite_number(gp_weight, "gp_weight", least=0)
    in_one = penalty is not None and slope.scores_by_sample(critic)
    scores_real, scores_fake = _both_scores(critic, real, fake, condition, in_one=in_one)
    loss = objective.critic_loss(scores_real, scores_fake)
    _refuse_no_gradient(loss, "critic")
    given = _given(critic, condition)
    extra = loss.new_zeros(()) if penalty is None else _paid(penalty, given, real, fake, rng)
    optimizer.zero_grad()
    with _second_derivatives_explained():
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
    condition: Tensor | None = None,
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
    condition : Tensor, shape (batch, ...), optional
        What both networks take as ``condition``.

    Returns
    -------
    Tensor
        The generator's loss before the update, a scalar, score units, without a graph.

    Raises
    ------
    ValueError
        If an argument is of another kind, a network cannot take what it is given, or the objective
        needs real samples and there are none.

    References
    ----------
    Arjovsky, Chintala and Bottou (2017), Algorithm 1, lines 9-11.
    """
    batches = {"latent": latent} if real is None else {"latent": latent, "real": real}
    networks = {"generator": generator, "critic": critic}
    _refuse_unfit_step(networks, batches, condition, optimizer, objective)
    if objective.needs_real and real is None:
        raise ValueError("this objective's generator loss looks at real samples: give real=")
    fake = _applied(generator, latent, condition, "the generator")
    scores_real = scores_fake = _applied(critic, fake, condition, "the critic")
    if objective.needs_real:
        scores_real = _applied(critic, real, condition, "the critic")
    loss = objective.generator_loss(scores_real, scores_fake)
    _refuse_no_gradient(loss, "generator")
    parameters = trained_parameters(generator)
    for parameter in parameters:
        parameter.grad = None
    # None for the critic; and laid out in memory as the weights are, as fused Adam expects.
    loss.backward(inputs=parameters)
    optimizer.step()
    return loss.detach()


def train(
    generator: nn.Module,
    critic: nn.Module,
    real: object,
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
        With ``sample_latent(n, rng)``; maps latents to samples. See `wganlib.models` for what is
        needed of your own.
    critic : nn.Module
        Maps samples to scores, shape ``(batch,)``.
    real : object
        All real samples, of whatever kind `wganlib.data.source` takes: floats, pixels, images, a
        data set, a loader; with their labels, if the networks depend on a condition.
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
        from ``rng``, and leaves the networks as they are. If it has an attribute ``history``, it
        finds the run's history there.
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
        If an argument is of another kind, if ``real``, the networks or ``until`` do not fit, or if
        the checkpoint is of another run; names what differs.
    FloatingPointError
        If a loss turns NaN or infinite; names the step, and the last good state stays.

    Warns
    -----
    UserWarning
        If nothing bounds the slope of a critic under the Wasserstein objective, or if the generator
        cannot make numbers as those of real images, such as pixels from 0 to 255 by a last tanh.

    Notes
    -----
    *Differs from the papers*: the order is theirs, the sign of the critic's loss is turned for
    minimising, the generator runs without a graph during critic steps.

    References
    ----------
    Arjovsky, Chintala and Bottou (2017), Algorithm 1; Gulrajani et al. (2017), Algorithm 1.
    """
    ways = {"objective": objective, "penalty": penalty, "project": project, "optimizer": optimizer}
    networks = {"generator": generator, "critic": critic}
    _refuse_other_arguments(networks, config, ways, callback)
    _networks.refuse_other_generator(generator)
    last, like, size = _last_step(config, until), next(generator.parameters()), config.batch_size
    parallel.join(like.device)
    how = {"dtype": like.dtype, "reach": _ends.reach(generator), "progress": progress}
    real = source(real, batch_size=size, device=like.device, **how)
    real = _with_conditions(generator, critic, real)
    _refuse_unfit(generator, critic, real)
    _warn_if_unbounded(critic, objective, penalty or project)
    rng = _random_numbers(rng, like.device, config)
    run = TrainingRun(networks, config, ways, rng, average=average, callback=callback)
    if checkpoint is not None:
        run.keep_at(path_of(checkpoint, "checkpoint"), real)
    how = {"objective": objective, "penalty": penalty, "gp_weight": config.gp_weight, "rng": rng}
    draw_real, draw_latent = _draws(generator, real, size, rng)
    with run.going(last, progress) as steps:
        for step in steps:
            values, n_critic = 0.0, config.critic_steps(step)
            for _ in range(n_critic):
                batch, condition = draw_real()
                with torch.no_grad():
                    fake = _given(generator, condition)(draw_latent())
                values = values + critic_step(
                    critic, batch, fake, run.optimizers["critic"], condition=condition, **how
                )
                if project is not None:
                    project(critic, config.clip_value)
            latent, batch, condition = draw_latent(), None, None
            if objective.needs_real or real.conditions is not None:
                batch, condition = draw_real()
            loss = generator_step(
                generator, critic, latent, run.optimizers["generator"],
                objective=objective, real=batch, condition=condition,
            )  # fmt: skip
            run.follow(step)
            run.record(step, torch.cat([values / n_critic, loss[None]]))
    return run.history


def train_critic(
    critic: nn.Module,
    real: object,
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
    real : object
        All real samples, of whatever kind `wganlib.data.source` takes; labels are not used.
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
    ways = {"objective": objective, "penalty": penalty, "project": project, "optimizer": optimizer}
    _refuse_other_arguments({"critic": critic}, config, ways, callback)
    function(fake, "fake", "n", keywords=("rng",))
    like = next(critic.parameters())
    how = {"dtype": like.dtype, "reach": _ends.ENDLESS, "progress": progress}
    real = source(real, batch_size=config.batch_size, device=like.device, **how)
    real = dataclasses.replace(real, conditions=None)
    rng = _random_numbers(rng, like.device, config)
    _refuse_unfit_critic(critic, real.some(2)[0], fake(2, rng=_fresh(rng.device)))
    run = TrainingRun({"critic": critic}, config, ways, rng, callback=callback)
    how = {"objective": objective, "penalty": penalty, "gp_weight": config.gp_weight, "rng": rng}
    with run.going(config.n_steps, progress) as steps:
        for step in steps:
            batch, _ = real.batch(config.batch_size, rng=rng)
            with torch.no_grad():
                points = fake(config.batch_size, rng=rng)
            values = critic_step(critic, batch, points, run.optimizers["critic"], **how)
            if project is not None:
                project(critic, config.clip_value)
            run.record(step, values)
    critic.eval()
    return run.history


def _draws(
    generator: nn.Module, real: Source, size: int, rng: torch.Generator
) -> tuple[Callable[[], tuple[Tensor, Tensor | None]], Callable[[], Tensor]]:
    """Give two functions that draw a joint batch, and return this process's rows of it."""
    mine = parallel.rows(size)

    def draw_real() -> tuple[Tensor, Tensor | None]:
        batch, condition = real.batch(size, rng=rng)
        return batch[mine], None if condition is None else condition[mine]

    return draw_real, lambda: generator.sample_latent(size, rng)[mine]


@contextlib.contextmanager
def _second_derivatives_explained() -> Iterator[None]:
    """Say what to do where a layer's kernel has no second derivative, which a penalty needs."""
    try:
        yield
    except RuntimeError as error:
        if "not implemented" not in str(error) and "double backward" not in str(error):
            raise
        raise RuntimeError(
            f"the penalty differentiates the critic twice, and one of its layers cannot: {error}. "
            "Around attention: `with torch.nn.attention.sdpa_kernel("
            "torch.nn.attention.SDPBackend.MATH):`; around recurrent layers on a GPU: "
            "`with torch.backends.cudnn.flags(enabled=False):`; or write the critic's slope out, "
            "see wganlib.slope"
        ) from error


def _parameters(parameters: list[nn.Parameter], config: TrainConfig) -> list[nn.Parameter]:
    """List what an optimiser moves, or refuse what it cannot move."""
    instance(config, "config", TrainConfig, "wganlib.records.TrainConfig() makes one")
    try:
        found = [] if isinstance(parameters, Tensor | nn.Module) else list(parameters)
    except TypeError:
        found = []
    kinds = [isinstance(p, Tensor) and p.is_leaf and p.is_floating_point() for p in found]
    if not found or not all(kinds):
        raise ValueError(
            f"parameters={shown(parameters)} is no list of tensors that can be trained; "
            "list(network.parameters()) makes one"
        )
    return found


def _refuse_other_arguments(
    networks: dict[str, nn.Module],
    config: TrainConfig,
    ways: dict[str, object],
    callback: Callable[..., object] | None,
) -> None:
    """Refuse arguments of another kind before anything is read, moved or drawn."""
    for name, network in networks.items():
        instance(network, name, nn.Module, "give the network itself")
        trained_parameters(network)
    instance(config, "config", TrainConfig, "wganlib.records.TrainConfig() makes one")
    instance(ways["objective"], "objective", Objective, "wganlib.losses.OBJECTIVES has some")
    function(ways["optimizer"], "optimizer", "parameters", "config")
    if ways["penalty"] is not None:
        function(ways["penalty"], "penalty", *_PENALTY, keywords=("rng",))
    if ways["project"] is not None:
        function(ways["project"], "project", "critic", "clip_value")
    if callback is not None:
        function(callback, "callback", "step", *networks)


def _refuse_unfit_step(
    networks: dict[str, nn.Module],
    batches: dict[str, Tensor],
    condition: Tensor | None,
    optimizer: torch.optim.Optimizer,
    objective: Objective,
) -> None:
    """Refuse what one step cannot be taken with, before anything is moved."""
    for name, network in networks.items():
        instance(network, name, nn.Module, "give the network itself")
    refuse_other_optimizer(optimizer, "optimizer")
    instance(objective, "objective", Objective, "wganlib.losses.OBJECTIVES has some")
    first = next(iter(batches))
    for name, batch in batches.items():
        _networks.refuse_no_batch(batch, name)
        same_device(batches[first], batch, f"{first} {name}")
    if condition is not None:
        _networks.refuse_other_rows(condition, "condition", len(batches[first]))


def _refuse_no_gradient(loss: Tensor, name: str) -> None:
    """Refuse a loss that no step can make smaller."""
    instance(loss, f"the {name}'s loss", Tensor, "the objective's losses return tensors")
    if loss.ndim or not loss.requires_grad:
        raise ValueError(
            f"the {name}'s loss has shape {tuple(loss.shape)} and requires_grad="
            f"{loss.requires_grad}, expected () and True: give the objective's loss a mean, train "
            "parameters that have requires_grad_(True), and not under no_grad()"
        )


def _paid(
    penalty: Penalty, critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator | None
) -> Tensor:
    """Ask for the penalty, or say why it cannot be asked or has no answer."""
    try:
        found = penalty(critic, real, fake, rng=rng)
    except TypeError:
        function(penalty, "penalty", *_PENALTY, keywords=("rng",))
        raise
    if not isinstance(found, Tensor) or found.ndim:
        kind = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        raise ValueError(
            f"penalty returned {kind}, expected a tensor of shape (): end it with `.mean()`"
        )
    return found


def _random_numbers(
    rng: torch.Generator | None, device: torch.device, config: TrainConfig
) -> torch.Generator:
    """Return the source of random numbers that was given, or the configuration's."""
    if rng is None:
        return torch.Generator(device).manual_seed(config.seed)
    refuse_other_rng(rng, device, "the weights lie")
    return rng


def _applied(network: nn.Module, x: Tensor, condition: Tensor | None, name: str) -> Tensor:
    """Apply a network under its condition."""
    return _networks.applied(_given(network, condition), x, name)


def _given(network: nn.Module, condition: Tensor | None) -> Callable[[Tensor], Tensor]:
    """Fix a network's condition, if there is one."""
    return network if condition is None else functools.partial(network, condition=condition)


def _both_scores(
    critic: nn.Module, real: Tensor, fake: Tensor, condition: Tensor | None, *, in_one: bool
) -> tuple[Tensor, Tensor]:
    """Score both batches, in one pass, which is faster, if that cannot change a score."""
    if in_one and real.shape[1:] == fake.shape[1:]:
        twice = None if condition is None else torch.cat([condition, condition])
        scores = _applied(critic, torch.cat([real, fake]), twice, "the critic")
        return scores[: len(real)], scores[len(real) :]
    return tuple(_applied(critic, x, condition, "the critic") for x in (real, fake))


def _last_step(config: TrainConfig, until: int | None) -> int:
    """Return the step after which to stop."""
    if until is None:
        return config.n_steps
    return min(whole_number(until, "until", least=1), config.n_steps)


def _fresh(device: torch.device) -> torch.Generator:
    """Give a source of random numbers for a look, so that the run's own is not moved."""
    return torch.Generator(device).manual_seed(0)


def _warn_if_unbounded(critic: nn.Module, objective: Objective, bound: object) -> None:
    """Warn where nothing keeps a Wasserstein critic from growing steeper and steeper."""
    normalised = any(parametrize.is_parametrized(module) for module in critic.modules())
    if objective == OBJECTIVES["wasserstein"] and bound is None and not normalised:
        warnings.warn(
            "nothing bounds the critic's slope, so its loss falls without end and its estimate is "
            "no distance: give penalty=wganlib.lipschitz.gradient_penalty (WGAN-GP) or "
            "project=wganlib.lipschitz.clip_weights_ (WGAN). Ignore this if its layers are "
            "1-Lipschitz by themselves",
            stacklevel=3,
        )


def _takes_condition(network: nn.Module) -> bool:
    """Say whether a network depends on a condition, as its attributes tell."""
    kinds = ("n_classes", "condition_dim")
    return any(getattr(network, kind, None) is not None for kind in kinds)


def _with_conditions(generator: nn.Module, critic: nn.Module, real: Source) -> Source:
    """Keep the labels for networks that depend on a condition, drop them for others."""
    takes = {"generator": _takes_condition(generator), "critic": _takes_condition(critic)}
    if not any(takes.values()):
        return dataclasses.replace(real, conditions=None)
    if not all(takes.values()):
        with_it, without = sorted(takes, key=takes.get, reverse=True)
        raise ValueError(
            f"the {with_it} depends on a condition and the {without} does not: build both with "
            "the same n_classes= or condition_dim="
        )
    if real.conditions is None:
        raise ValueError(
            "the networks depend on a condition, and real has no labels: give (samples, labels)"
        )
    known, labels = getattr(critic, "n_classes", None), real.conditions
    if known is not None and not labels.is_floating_point() and labels.max() >= known:
        raise ValueError(
            f"real has labels up to {labels.max().item()}, the critic was built for "
            f"n_classes={known}, from 0 to {known - 1}"
        )
    return real


@torch.no_grad()
def _refuse_unfit(generator: nn.Module, critic: nn.Module, real: Source) -> None:
    """Refuse real samples and networks that cannot be trained together, before the first step.

    It looks at copies in evaluation mode, with random numbers of its own: no buffer, no mode and no
    random state of anybody is moved.
    """
    some, condition = real.some(2)
    rng = _fresh(some.device)
    with aside_from_others(rng.device):
        latent = generator.sample_latent(len(some), rng)
        _networks.refuse_other_rows(latent, "what sample_latent gives", len(some))
        fake = _applied(copy.deepcopy(generator).eval(), latent, condition, "the generator")
    _refuse_unfit_critic(critic, some, fake, condition)


@torch.no_grad()
def _refuse_unfit_critic(
    critic: nn.Module, real: Tensor, fake: Tensor, condition: Tensor | None = None
) -> None:
    """Refuse samples of two shapes, and a critic that does not give each sample one score."""
    _networks.refuse_other_rows(fake, "fake", len(real))
    if fake.shape[1:] != real.shape[1:]:
        raise ValueError(
            f"real samples have shape {tuple(real.shape[1:])}, fake ones {tuple(fake.shape[1:])}"
        )
    critic = copy.deepcopy(critic).eval()
    for samples in (real, fake):
        with aside_from_others(real.device):
            _networks.scored(_given(critic, condition), samples)

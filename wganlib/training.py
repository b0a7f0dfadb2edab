"""Training a generator against a critic: two steps and a loop; recorded, repeatable, resumable."""

from __future__ import annotations

import contextlib
import copy
import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from wganlib import slope
from wganlib._arrays import whole_number
from wganlib._run import TrainingRun, aside_from_others, trained_parameters
from wganlib.data import Digits
from wganlib.losses import OBJECTIVES, Objective, w1_estimate
from wganlib.records import History, TrainConfig

Critic = Callable[[Tensor], Tensor]
Optimizer = Callable[[list[nn.Parameter], TrainConfig], torch.optim.Optimizer]
Penalty = Callable[..., Tensor]
Project = Callable[[nn.Module, float], object]


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
        If the scores or the batches do not fit the objective or the penalty.

    References
    ----------
    Arjovsky, Chintala and Bottou (2017), Algorithm 1, lines 3-6; Gulrajani et al. (2017),
    Algorithm 1, lines 3-9. A projection such as clipping comes after it.
    """
    scores_real, scores_fake = _both_scores(critic, real, fake, condition)
    loss = objective.critic_loss(scores_real, scores_fake)
    given = _given(critic, condition)
    extra = loss.new_zeros(()) if penalty is None else penalty(given, real, fake, rng=rng)
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
        If the objective needs real samples and there are none.

    References
    ----------
    Arjovsky, Chintala and Bottou (2017), Algorithm 1, lines 9-11.
    """
    if objective.needs_real and real is None:
        raise ValueError("this objective's generator loss looks at real samples: give real=")
    score, draw = _given(critic, condition), _given(generator, condition)
    scores_real = scores_fake = score(draw(latent))
    if objective.needs_real:
        scores_real = score(real)
    loss = objective.generator_loss(scores_real, scores_fake)
    parameters = trained_parameters(generator)
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
    run = TrainingRun(networks, config, ways, rng, average=average, callback=callback)
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
    _refuse_unfit_critic(critic, real[:2], fake(2, rng=_fresh(rng.device)))
    ways = {"objective": objective, "penalty": penalty, "project": project, "optimizer": optimizer}
    run = TrainingRun({"critic": critic}, config, ways, rng, callback=callback)
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


def _given(network: nn.Module, condition: Tensor | None) -> Callable[[Tensor], Tensor]:
    """Fix a network's condition, if there is one."""
    return network if condition is None else functools.partial(network, condition=condition)


def _both_scores(
    critic: nn.Module, real: Tensor, fake: Tensor, condition: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Score both batches; in one pass, which is faster, if that cannot change a score."""
    if real.shape[1:] == fake.shape[1:] and slope.scores_by_sample(critic):
        twice = None if condition is None else torch.cat([condition, condition])
        scores = _given(critic, twice)(torch.cat([real, fake]))
        return scores[: len(real)], scores[len(real) :]
    return _given(critic, condition)(real), _given(critic, condition)(fake)


def _last_step(config: TrainConfig, until: int | None) -> int:
    """Return the step after which to stop."""
    if until is None:
        return config.n_steps
    return min(whole_number(until, "until", least=1), config.n_steps)


def _rows(real: Tensor, n: int, *, rng: torch.Generator) -> Tensor:
    """Draw rows of a tensor with replacement."""
    return real[torch.randint(len(real), (n,), generator=rng, device=real.device)]


def _device(network: nn.Module) -> torch.device:
    """Return the device of a network."""
    return next(network.parameters()).device


def _fresh(device: torch.device) -> torch.Generator:
    """Give a source of random numbers for a look, so that the run's own is not moved."""
    return torch.Generator(device).manual_seed(0)


@torch.no_grad()
def _refuse_unfit(generator: nn.Module, critic: nn.Module, real, config: TrainConfig) -> None:
    """Refuse real samples and networks that cannot be trained together, before the first step.

    It looks at copies in evaluation mode, with random numbers of its own: no buffer, no mode and no
    random state of anybody is moved.
    """
    _refuse_samples(real, config)
    rng = _fresh(_device(generator))
    some = real.batch(2, rng=rng) if isinstance(real, Digits) else real[:2]
    if some.device != _device(generator):
        where = _device(generator)
        raise ValueError(f"real lies on {some.device}, the networks on {where}: move one")
    with aside_from_others(rng.device):
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
    with aside_from_others(real.device):
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

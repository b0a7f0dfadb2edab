"""WGAN-GP on the ring of eight Gaussians, watched: distance, estimate, modes, the critic's sign."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from wganlib import training, transport
from wganlib.lipschitz import gradient_penalty

from . import toys

N_STEPS, EVERY = 800, 50
WRONG = -0.2  # a critic has the wrong sign if its estimate is below this share of the exact W₁


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to train: the penalty's weight and side, a guard of the sign, the critic's steps."""

    gp_weight: float = 10.0
    one_sided: bool = False
    guarded: bool = False
    n_critic: int = 5


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Generator and critic at a step at which the critic's estimate was negative."""

    step: int
    exact_w1: float
    generator: nn.Module
    critic: nn.Module


def flip_(critic: nn.Module) -> nn.Module:
    """Change the critic's sign, in its last layer, in place."""
    with torch.no_grad():
        for parameter in critic.layers[-1].parameters():
            parameter.neg_()
    return critic


@torch.no_grad()
def wrong_pairs(critic: nn.Module, real: Tensor, fake: Tensor) -> float:
    """Return the mass of an optimal plan that lies on pairs whose fake point scores higher."""
    plan = transport.optimal_plan(real, fake).matrix  # (n, n)
    rise = critic(real)[:, None] - critic(fake)[None, :]
    return float(plan[rise.numpy() < 0].sum())


def train(
    seed: int, arm: Arm, *, n_steps: int = N_STEPS, callback: Callable[..., object] | None = None
) -> training.History:
    """Train by Algorithm 1 of Gulrajani et al. (2017) with its published values."""
    generator, critic = toys.untrained_pair(seed, width=128)
    real = toys.ring_points(seed)

    def guard(critic: nn.Module, clip_value: float) -> None:  # projects onto the right sign
        if toys.estimate(critic, real[:256], toys.sample(generator, 256)) < 0:
            flip_(critic)

    return training.train(
        generator,
        critic,
        real,
        training.TrainConfig(
            n_steps=n_steps,
            n_critic=arm.n_critic,
            gp_weight=arm.gp_weight,
            seed=seed,
            log_every=1,
            checkpoint_every=1,
        ),
        penalty=partial(gradient_penalty, one_sided=arm.one_sided),
        project=guard if arm.guarded else None,
        callback=callback,
        progress=False,
    )


def measure(generator: nn.Module, critic: nn.Module, real: Tensor) -> dict:
    """Measure one moment of a training on 512 real points and 512 fakes."""
    fake, modes = toys.sample(generator), toys.ring_coverage(generator)
    return {
        "exact_w1": transport.exact_w1(real[:512], fake),
        "wrong_pairs": wrong_pairs(critic, real[:512], fake),
        "modes": modes.modes_covered,
        "high_quality_share": modes.high_quality_share,
    }


def wrong_moment(step: int, generator: nn.Module, critic: nn.Module, real: Tensor) -> Moment | None:
    """Return a copy of this moment if the critic's estimate is clearly negative."""
    fake = toys.sample(generator)
    w1 = transport.exact_w1(real[:512], fake)
    if toys.estimate(critic, real[:512], fake) >= WRONG * w1:
        return None
    generator, critic = copy.deepcopy((generator, critic))
    return Moment(step=step, exact_w1=w1, generator=generator, critic=critic)


def watch(seed: int, arm: Arm, *, n_steps: int = N_STEPS) -> tuple[list[dict], Moment | None]:
    """Train once; return a row every 50 steps, and the first moment with a wrong sign, if any."""
    rows, found, real = [], [], toys.ring_points(seed)

    def look(step: int, generator: nn.Module, critic: nn.Module) -> None:
        if step % 5 == 0 and step >= 100 and not found:
            found.extend(filter(None, [wrong_moment(step, generator, critic, real)]))
        if step % EVERY == 0:
            rows.append({"seed": seed, "step": step} | measure(generator, critic, real))

    history = train(seed, arm, n_steps=n_steps, callback=look)
    for row in rows:
        window = torch.tensor(history.w1_estimate[row["step"] - EVERY : row["step"]])
        row |= {"w1_estimate": window.mean().item(), "negative_steps": int((window < 0).sum())}
    return rows, next(iter(found), None)

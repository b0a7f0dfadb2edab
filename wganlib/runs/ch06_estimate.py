"""Look at what a clipped critic reports next to the exact W₁, with few and with many critic steps.

Fills `results.csv`, a look a row: Algorithm 1 of Arjovsky et al. (2017) with its published numbers,
once as printed and once with the 100 critic steps of their code at the start. One thread, some
minutes.
"""

from __future__ import annotations

import copy
import logging
import math
from itertools import product
from pathlib import Path

from torch import nn

from wganlib import training, transport
from wganlib.lipschitz import clip_weights_

from . import toys
from .experiment import Experiment
from .provenance import Log
from .tables import write_table

SEEDS, STARTS = range(5), (5, 100)  # critic steps in each of the first 25 rounds, then 5
N_STEPS, EVERY, POINTS = 500, 25, 512
RECIPE = {"project": clip_weights_, "optimizer": training.rmsprop, "progress": False}


def sharpened(generator: nn.Module, critic: nn.Module, *, n_steps: int = 1_000) -> nn.Module:
    """Train a copy of the critic while the generator stands still."""
    critic = copy.deepcopy(critic)
    training.train_critic(
        critic,
        toys.ring_points(99),
        lambda n, rng: generator(generator.sample_latent(n, rng)),
        training.TrainConfig(n_steps=n_steps, learning_rate=5e-5),
        **RECIPE,
    )
    return critic


def watch(seed: int, start: int, *, n_steps: int = N_STEPS) -> list[dict]:
    """Train once; returns a row every 25 steps, with a sharpened critic at the first and last."""
    generator, critic = toys.untrained_pair(seed, width=128)
    real, rows = toys.ring_points(50 + seed, POINTS), []

    def look(step: int, generator: nn.Module, critic: nn.Module) -> None:
        fake, sharp = toys.sample(generator), math.nan
        if step in (EVERY, N_STEPS):
            sharp = toys.estimate(sharpened(generator, critic), real, fake)
        rows.append(
            {
                "start": start,
                "seed": seed,
                "step": step,
                "exact_w1": transport.exact_w1(real, fake),
                "estimate": toys.estimate(critic, real, fake),
                "sharpened": sharp,
            }
        )

    config = training.TrainConfig(
        n_steps=n_steps, learning_rate=5e-5, n_critic_start=start, log_every=EVERY, seed=seed
    )
    training.train(generator, critic, toys.ring_points(seed), config, callback=look, **RECIPE)
    return rows


def fill(folder: Path, log: Log) -> None:
    """Train from every seed in both ways and store what was seen."""
    rows = []
    for start, seed in product(STARTS, SEEDS):
        rows += watch(seed, start)
        logging.getLogger(__name__).info("%s", rows[-1])
    write_table(folder / "results.csv", rows)


EXPERIMENT = Experiment(
    name="ch06-estimate",
    about="chapter 6: what a clipped critic reports, with 5 and with 100 critic steps at the start",
    fill=fill,
    files=("results.csv",),
    seed=list(SEEDS),
    data="gaussian_ring, 8,192 points a seed",
)

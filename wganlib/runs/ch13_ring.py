"""Let the relatives of chapter 13 learn the ring of eight, with and without a bound on the slope.

Fills `results.csv`, a look a row. One thread, two minutes. Nothing is tuned: all have the same
networks, steps and seeds, and differ in the objective and in whether spectral norm holds the
critic's slope to 1.
"""

from __future__ import annotations

import logging
from itertools import product
from pathlib import Path

import torch
from torch import nn

from wganlib import losses, training, transport
from wganlib.lipschitz import spectral_norm_

from . import toys
from .experiment import Experiment
from .provenance import Log
from .tables import write_table

SEEDS, N_STEPS, EVERY, POINTS = range(5), 600, 100, 512
NAMES = ("wasserstein", "hinge", "relativistic", "relativistic-average")
BOUNDS = ("spectral norm", "none")
KAPPA = {"relativistic": 0.5}  # slope of the loss at score 0; else 1
NUMBERS = {"learning_rate": 1e-3, "n_critic": 1}


@torch.no_grad()
def look(name: str, generator: nn.Module, critic: nn.Module, real: torch.Tensor) -> dict:
    """Measure one moment of a training: reading and exact distance are of the same samples."""
    fake, modes = toys.sample(generator, POINTS), toys.ring_coverage(generator)
    scores, loss = (critic(real), critic(fake)), losses.OBJECTIVES[name].critic_loss
    saved = loss(*(0 * side for side in scores)) - loss(*scores)
    return {
        "exact_w1": transport.exact_w1(real, fake),
        "reading": saved.item() / KAPPA.get(name, 1.0),
        "w1_estimate": losses.w1_estimate(*scores).item(),
        "modes": modes.modes_covered,
        "high_quality_share": modes.high_quality_share,
    }


def watch(name: str, bound: str, seed: int, *, n_steps: int = N_STEPS) -> list[dict]:
    """Train by one objective; return a row for each look."""
    generator, critic = toys.untrained_pair(seed, width=64, depth=2)
    if bound == "spectral norm":
        spectral_norm_(critic)
    real, rows = toys.ring_points(seed), []

    def callback(step: int, generator: nn.Module, critic: nn.Module) -> None:
        about = {"objective": name, "bound": bound, "seed": seed, "step": step}
        critic.eval()  # looking must not move the power iteration
        rows.append(about | look(name, generator, critic, real[:POINTS]))
        critic.train()

    config = training.TrainConfig(
        n_steps=n_steps, seed=seed, log_every=EVERY, checkpoint_every=EVERY, **NUMBERS
    )
    how = {"objective": losses.OBJECTIVES[name], "progress": False}
    training.train(generator, critic, real, config, callback=callback, **how)
    return rows


def fill(folder: Path, log: Log) -> None:
    """Train by all objectives and store what was seen."""
    rows = []
    for bound, name, seed in product(BOUNDS, NAMES, SEEDS):
        rows += watch(name, bound, seed)
        logging.getLogger(__name__).info("%s", rows[-1])
    write_table(folder / "results.csv", rows)


EXPERIMENT = Experiment(
    name="ch13-ring",
    about="chapter 13: four losses on the ring, with and without a bound on the slope",
    fill=fill,
    files=("results.csv",),
    seed=list(SEEDS),
    data="gaussian_ring, 8 modes, 8,192 points a seed",
)

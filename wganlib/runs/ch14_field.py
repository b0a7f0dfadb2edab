"""Train WGAN-GP on Gaussian fields, on many of them and on few, and look at it.

Fills `results.csv`, a look a row, and `generator.safetensors`, the average of the first seed that
learnt from many. One thread, three minutes; it can be stopped and goes on with the next training.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

from torch import nn

from wganlib import models, training

from . import own_data
from .experiment import Experiment
from .provenance import Log

NUMBERS, SEEDS, N_STEPS, EVERY = (8_192, 1_024), (0, 1, 2), 1_000, 50


def train(n: int, seed: int, *, n_steps: int = N_STEPS) -> tuple[nn.Module, list[dict]]:
    """Train on n fields from one seed."""
    generator = own_data.untrained(own_data.FieldGenerator, seed)
    critic = own_data.untrained(models.ConvCritic, 100 + seed, 16, size=own_data.SIDE)
    every = min(EVERY, n_steps)
    config = training.TrainConfig(
        n_steps=n_steps, n_critic=2, learning_rate=1e-3, averaging=0.99, seed=seed,
        log_every=every, checkpoint_every=every,
    )  # fmt: skip
    return own_data.watch((generator, critic), own_data.field_samples(n), config)


def fill(folder: Path, log: Log) -> None:
    """Train on all numbers of fields from all seeds."""
    trainings = [{"n": n, "seed": seed} for n, seed in product(NUMBERS, SEEDS)]
    own_data.make(folder, trainings, train, log)


EXPERIMENT = Experiment(
    name="ch14-field",
    about="chapter 14: Gaussian fields with a known spectrum, from many and from few",
    fill=fill,
    files=("results.csv", "early.csv", own_data.WEIGHTS),
    seed=list(SEEDS),
    data="periodic Gaussian fields of 16x16, drawn by wganlib.runs.own_data",
)

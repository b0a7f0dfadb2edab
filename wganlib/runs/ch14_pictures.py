"""Train WGAN-GP on a folder of coloured pictures that the book draws itself, and look at it.

Fills `results.csv`, a look a row, and `generator.safetensors`, the average of the first seed. One
thread, four minutes; it can be stopped and goes on with the next seed.
"""

from __future__ import annotations

from pathlib import Path

from torch import nn

from wganlib import models

from . import own_data
from .experiment import Experiment
from .provenance import Log

SEEDS, N_STEPS = (0, 1, 2), 1_600


def train(seed: int, *, n_steps: int = N_STEPS) -> tuple[nn.Module, list[dict]]:
    """Train from one seed."""
    critic = own_data.untrained(models.ConvCritic, 100 + seed, 8, size=32, channels=3)
    pair = own_data.picture_generator(seed), critic
    config = own_data.config(seed, n_steps, n_critic=1, learning_rate=4e-3)
    return own_data.watch(pair, own_data.picture_samples(), config)


def fill(folder: Path, log: Log) -> None:
    """Train from all seeds."""
    own_data.make(folder, [{"seed": seed} for seed in SEEDS], train, log)


EXPERIMENT = Experiment(
    name="ch14-pictures",
    about="chapter 14: coloured pictures of 32x32 pixels from a folder",
    fill=fill,
    files=("results.csv", "early.csv", own_data.WEIGHTS),
    seed=list(SEEDS),
    data="pictures of discs, rings and stripes, drawn by wganlib.runs.own_data",
)

"""Train WGAN-GP on Gaussian fields, with both forms of the penalty, and look at it.

Fills `results.csv`, a look a row, and `generator.safetensors`, the average of the first seed with
the one-sided penalty. One thread, three minutes; it can be stopped and goes on with the next
training.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

from torch import nn

from wganlib import models

from . import own_data
from .experiment import Experiment
from .provenance import Log

SIDES, SEEDS, N_STEPS = ("one-sided", "two-sided"), (0, 1, 2), 1_000


def train(side: str, seed: int, *, n_steps: int = N_STEPS) -> tuple[nn.Module, list[dict]]:
    """Train with one form of the penalty from one seed."""
    generator = own_data.untrained(own_data.FieldGenerator, seed)
    critic = own_data.untrained(models.ConvCritic, 100 + seed, 16, size=own_data.SIDE)
    config = own_data.config(seed, n_steps, n_critic=2, learning_rate=1e-3)
    pair, one_sided = (generator, critic), side == "one-sided"
    return own_data.watch(pair, own_data.field_samples(), config, one_sided=one_sided)


def fill(folder: Path, log: Log) -> None:
    """Train with both forms of the penalty from all seeds."""
    trainings = [{"side": side, "seed": seed} for side, seed in product(SIDES, SEEDS)]
    own_data.make(folder, trainings, train, log)


EXPERIMENT = Experiment(
    name="ch14-field",
    about="chapter 14: Gaussian fields with a known spectrum, by both forms of the penalty",
    fill=fill,
    files=("results.csv", "early.csv", own_data.WEIGHTS),
    seed=list(SEEDS),
    data="periodic Gaussian fields of 16x16, drawn by wganlib.runs.own_data",
)

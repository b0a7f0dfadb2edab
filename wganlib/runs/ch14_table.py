"""Train WGAN-GP on a table with categories, with three heads, and look at it.

Fills `results.csv`, a look a row, and `generator.safetensors`, the average of the first seed with
the Gumbel head. One thread, two minutes; it can be stopped and goes on with the next training.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

from torch import nn

from wganlib import models

from . import own_data
from .experiment import Experiment
from .provenance import Log

HEADS, SEEDS, N_STEPS = ("gumbel", "softmax", "none"), (0, 1, 2), 1_600


def train(head: str, seed: int, *, n_steps: int = N_STEPS) -> tuple[nn.Module, list[dict]]:
    """Train one head from one seed."""
    generator = own_data.untrained(own_data.TableGenerator, seed, head)
    critic = own_data.untrained(models.MLPCritic, 100 + seed, 7, width=64, depth=2)
    config = own_data.config(seed, n_steps, batch_size=128, n_critic=2, learning_rate=1e-3)
    return own_data.watch((generator, critic), own_data.table_samples(), config)


def fill(folder: Path, log: Log) -> None:
    """Train all heads from all seeds."""
    trainings = [{"head": head, "seed": seed} for head, seed in product(HEADS, SEEDS)]
    own_data.make(folder, trainings, train, log)


EXPERIMENT = Experiment(
    name="ch14-table",
    about="chapter 14: a table with categories, by three heads",
    fill=fill,
    files=("results.csv", "early.csv", own_data.WEIGHTS),
    seed=list(SEEDS),
    data="rentals of bicycles, drawn by wganlib.runs.own_data",
)

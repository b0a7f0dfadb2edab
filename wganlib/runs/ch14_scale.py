"""Train WGAN-GP on numbers and on a table in other units, with and without normalisation.

Fills `results.csv`, a look at two numbers a row, and `columns.csv`, a look at the table a row. One
thread, three minutes. Nothing is tuned: arms differ in the unit, the weight and the normalisation.
"""

from __future__ import annotations

import copy
import logging
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from pathlib import Path

import torch
from torch import nn

from wganlib import lipschitz, models, training, transport

from . import own_data, toys
from .experiment import Experiment
from .provenance import Log
from .tables import read_rows, write_table

SEEDS, N_STEPS, POINTS = (0, 1, 2), 1_000, 512
ONE_SIDED = partial(lipschitz.gradient_penalty, one_sided=True)  # see chapter 7: few numbers
UNITS = (1, 1_000)  # of the table's last column
NUMBERS = {"n_critic": 2, "learning_rate": 1e-3, "batch_size": 128}


@dataclass(frozen=True, kw_only=True)
class Arm:
    """The length of the old unit in the new one, the penalty's weight, whether data are scaled."""

    unit: float
    gp_weight: float = 10.0
    normalised: str = "no"


ARMS = (
    Arm(unit=1.0),
    Arm(unit=1e-3),
    Arm(unit=1e3),
    Arm(unit=1e3, gp_weight=1e4),
    Arm(unit=1e3, normalised="yes"),
)


def two_numbers() -> torch.Tensor:
    """Return logarithms of km and price, normalised; shape ``(3072, 2)``."""
    table = own_data.draw_table(3_072, torch.Generator().manual_seed(14))
    return own_data.encode(table, like=table)[:, 5:]


def watch_numbers(arm: Arm, seed: int, *, n_steps: int = N_STEPS) -> list[dict]:
    """Train on two numbers in a unit; return a row for each look, lengths in the old unit."""
    generator, critic = toys.untrained_pair(seed, width=64, depth=2)
    known, rows, average = two_numbers(), [], copy.deepcopy(generator)
    raw = arm.unit * known
    spread = raw.std(dim=0) if arm.normalised == "yes" else torch.ones(2)
    real = raw / spread

    def callback(step: int, generator: nn.Module, critic: nn.Module) -> None:
        fake, rng = toys.sample(average, POINTS), torch.Generator().manual_seed(0)
        meter = lipschitz.lipschitz_meter(critic, real[-POINTS:], fake, rng=rng)
        numbers = {
            "w1": transport.exact_w1(known[-POINTS:], fake * spread / arm.unit),
            "slope": meter.mixed.mean().item(),
        }
        rows.append(asdict(arm) | {"seed": seed, "step": step} | numbers)

    config = own_data.config(seed, n_steps, gp_weight=arm.gp_weight, **NUMBERS)
    how = {"penalty": ONE_SIDED, "average": average, "callback": callback}
    training.train(generator, critic, real[:-POINTS], config, progress=False, **how)
    return rows


def watch_table(unit: int, seed: int, *, n_steps: int = N_STEPS) -> list[dict]:
    """Train on the table with its last column in another unit; return a row for each look."""
    rng = torch.Generator().manual_seed(14)
    table = own_data.draw_table(3_072, rng)
    known, scale = own_data.encode(table, like=table), torch.tensor([1.0] * 6 + [unit])
    generator = own_data.untrained(own_data.TableGenerator, seed, "gumbel")
    critic = own_data.untrained(models.MLPCritic, 100 + seed, 7, width=64, depth=2)
    rows, average = [], copy.deepcopy(generator)

    def callback(step: int, generator: nn.Module, critic: nn.Module) -> None:
        fake = models.sample(average, 1_024, rng=torch.Generator().manual_seed(0)) / scale
        gaps = [transport.wasserstein_1d(known[2_048:, i], fake[:, i]) for i in range(7)]
        far = {"categories": sum(gaps[:5]) / 5, "km": gaps[5], "price": gaps[6]}
        rows.append({"unit": unit, "seed": seed, "step": step} | far)

    config = own_data.config(seed, n_steps, **NUMBERS)
    how = {"penalty": ONE_SIDED, "average": average, "callback": callback}
    training.train(generator, critic, scale * known[:2_048], config, progress=False, **how)
    return rows


def fill(folder: Path, log: Log) -> None:
    """Train in all units from all seeds, and store after each training."""
    for name, arms, watch in (("results", ARMS, watch_numbers), ("columns", UNITS, watch_table)):
        path = folder / f"{name}.csv"
        rows = read_rows(path)
        done = len(rows) // (N_STEPS // own_data.EVERY)
        for arm, seed in list(product(arms, SEEDS))[done:]:
            rows += watch(arm, seed)
            write_table(path, rows)
            log.save()
            logging.getLogger(__name__).info("%s", rows[-1])
    write_table(folder / "early.csv", watch_numbers(ARMS[0], 0, n_steps=own_data.EARLY))


EXPERIMENT = Experiment(
    name="ch14-scale",
    about="chapter 14: two numbers and a table in other units",
    fill=fill,
    files=("results.csv", "columns.csv", "early.csv"),
    seed=list(SEEDS),
    data="rentals of bicycles, drawn by wganlib.runs.own_data",
)

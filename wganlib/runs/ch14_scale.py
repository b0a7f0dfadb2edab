"""Train WGAN-GP on the ring and on the table in other units, with and without normalisation.

Fills `results.csv`, a look at the ring a row, and `columns.csv`, a look at the table a row. One
thread, three minutes. Nothing is tuned: arms differ in the unit, the weight and the normalisation.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import torch
from torch import nn

from wganlib import data, lipschitz, metrics, models, training, transport

from . import own_data, toys
from .experiment import Experiment
from .provenance import Log
from .tables import read_rows, write_table

SEEDS, N_STEPS, EVERY, POINTS = (0, 1, 2), 800, 100, 512
UNITS = (1, 1_000)  # of the table's last column
NUMBERS = {"n_critic": 2, "learning_rate": 1e-3}


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


def watch_ring(arm: Arm, seed: int, *, n_steps: int = N_STEPS) -> list[dict]:
    """Train on the ring in a unit; return a row for each look, lengths in the old unit."""
    generator, critic = toys.untrained_pair(seed, width=64, depth=2)
    raw, rows = arm.unit * toys.ring_points(seed), []
    centre, spread = torch.zeros(2), torch.ones(2)
    if arm.normalised == "yes":
        centre, spread = raw.mean(dim=0), raw.std(dim=0)
    real = (raw - centre) / spread

    def callback(step: int, generator: nn.Module, critic: nn.Module) -> None:
        fake, rng = toys.sample(generator, POINTS), torch.Generator().manual_seed(0)
        meter = lipschitz.lipschitz_meter(critic, real[:POINTS], fake, rng=rng)
        drawn = (toys.sample(generator, 2048) * spread + centre) / arm.unit
        modes = metrics.mode_coverage(drawn, data.ring_centres(), data.RING_STD)
        numbers = {
            "exact_w1": transport.exact_w1(raw[:POINTS] / arm.unit, drawn[:POINTS]),
            "slope": meter.mixed.mean().item(),
            "modes": modes.modes_covered,
            "high_quality_share": modes.high_quality_share,
        }
        rows.append(asdict(arm) | {"seed": seed, "step": step} | numbers)

    every = min(EVERY, n_steps)
    config = training.TrainConfig(
        n_steps=n_steps, seed=seed, gp_weight=arm.gp_weight, log_every=every,
        checkpoint_every=every, **NUMBERS,
    )  # fmt: skip
    how = {"penalty": lipschitz.gradient_penalty, "progress": False, "callback": callback}
    training.train(generator, critic, real, config, **how)
    return rows


def watch_table(unit: int, seed: int, *, n_steps: int = N_STEPS) -> list[dict]:
    """Train on the table with its last column in another unit; return a row for each look."""
    rng = torch.Generator().manual_seed(14)
    table = own_data.draw_table(3_072, rng)
    known, scale = own_data.encode(table, like=table), torch.tensor([1.0] * 6 + [unit])
    generator = own_data.untrained(own_data.TableGenerator, seed, "gumbel")
    critic = own_data.untrained(models.MLPCritic, 100 + seed, 7, width=64, depth=2)
    rows = []

    def callback(step: int, generator: nn.Module, critic: nn.Module) -> None:
        fake = models.sample(generator, 1_024, rng=torch.Generator().manual_seed(0)) / scale
        gaps = [transport.wasserstein_1d(known[2_048:, i], fake[:, i]) for i in range(7)]
        far = {"categories": sum(gaps[:5]) / 5, "km": gaps[5], "price": gaps[6]}
        rows.append({"unit": unit, "seed": seed, "step": step} | far)

    every = min(EVERY, n_steps)
    config = training.TrainConfig(
        n_steps=n_steps, seed=seed, batch_size=128, log_every=every, checkpoint_every=every,
        **NUMBERS,
    )  # fmt: skip
    how = {"penalty": lipschitz.gradient_penalty, "progress": False, "callback": callback}
    training.train(generator, critic, scale * known[:2_048], config, **how)
    return rows


def fill(folder: Path, log: Log) -> None:
    """Train in all units from all seeds, and store after each training."""
    for name, arms, watch in (("results", ARMS, watch_ring), ("columns", UNITS, watch_table)):
        path = folder / f"{name}.csv"
        rows = read_rows(path)
        done = len(rows) // (N_STEPS // EVERY)
        for arm, seed in list(product(arms, SEEDS))[done:]:
            rows += watch(arm, seed)
            write_table(path, rows)
            log.save()
            logging.getLogger(__name__).info("%s", rows[-1])
    write_table(folder / "early.csv", watch_ring(ARMS[0], 0, n_steps=own_data.EARLY))


EXPERIMENT = Experiment(
    name="ch14-scale",
    about="chapter 14: the ring and the table in other units",
    fill=fill,
    files=("results.csv", "columns.csv", "early.csv"),
    seed=list(SEEDS),
    data="gaussian_ring, 8 modes, 8,192 points a seed; rentals of wganlib.runs.own_data",
)

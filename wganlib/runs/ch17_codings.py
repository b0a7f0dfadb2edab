"""Chapter 17: least squares on the ring of eight, with three codings of real, fake and wanted.

Fills `results.csv`, a row a training. Nothing is tuned: the networks, the number of steps and the
step size are the middle ones of `ch17_ring`. One thread, a minute.
"""

from __future__ import annotations

import logging
from itertools import product
from pathlib import Path

from wganlib import training, transport

from . import relatives, toys
from .experiment import Experiment
from .provenance import Log
from .tables import write_table

SEEDS, N_STEPS, POINTS = range(5), 1_000, 512
CODINGS = {
    "0 and 1 and wants 1": {"fake": 0.0, "real": 1.0, "wanted": 1.0},
    "-1 and 1 and wants 1": {"fake": -1.0, "real": 1.0, "wanted": 1.0},
    "-1 and 1 and wants 0": {"fake": -1.0, "real": 1.0, "wanted": 0.0},
}
NUMBERS = {"learning_rate": 1e-3, "n_critic": 1}


def play(coding: str, seed: int, *, n_steps: int = N_STEPS) -> dict:
    """Train once; return what was seen at the end."""
    generator, critic = toys.untrained_pair(seed, width=64, depth=2)
    config = training.TrainConfig(n_steps=n_steps, seed=seed, log_every=n_steps, **NUMBERS)
    real, objective = toys.ring_points(seed), relatives.least_squares(**CODINGS[coding])
    training.train(generator, critic, real, config, objective=objective, progress=False)
    modes = toys.ring_coverage(generator)
    return {
        "coding": coding,
        "seed": seed,
        "exact_w1": transport.exact_w1(real[:POINTS], toys.sample(generator, POINTS)),
        "modes": modes.modes_covered,
        "high_quality_share": modes.high_quality_share,
    }


def fill(folder: Path, log: Log) -> None:
    """Train with every coding from every seed; and briefly, for a test to repeat."""
    rows = [play(coding, seed) for coding, seed in product(CODINGS, SEEDS)]
    write_table(folder / "results.csv", rows)
    write_table(folder / "early.csv", [play(coding, 0, n_steps=20) for coding in CODINGS])
    logging.getLogger(__name__).info("%s", rows[-1])


EXPERIMENT = Experiment(
    name="ch17-codings",
    about="chapter 17: least squares on the ring, with three codings",
    fill=fill,
    files=("results.csv", "early.csv"),
    seed=list(SEEDS),
    data="gaussian_ring, 8 modes, 8,192 points a seed",
)

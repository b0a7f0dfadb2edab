"""Train chapter 10's relativistic games with the bound that its hinge critic has.

In the comparison of `runs.toml` the hinge critic alone has a spectral norm. Here both relativistic
games get it too, with a step of their own, chosen as the hinge's was by short trials on a fourth
seed; networks, batch, seeds and numbers of updates stay as they are.
Fills `trials.csv` and `results.csv`, a trial and a run a row, with the Fréchet distance of the
averaged generator as `ch10_settings.py` and `ch10_scores.py` take it, and `early.csv`, that of the
first 50 steps. It can be stopped and goes on with the next row; a quarter of an hour on one thread.
"""

from __future__ import annotations

import logging
from pathlib import Path

from wganlib import metrics, mnist, training
from wganlib.classifier import digit_classifier

from . import trained
from .experiment import Experiment
from .provenance import Log
from .scores import draw, real_features
from .tables import read_rows, write_table

METHODS, SEEDS = ("relativistic", "relativistic-average"), [0, 1, 2]
STEPS = (2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2)  # the best of them lies between two others
EARLY_STEPS = 50  # a prefix of each game of the first seed, in seconds
TRIAL_STEPS, TRIAL_SEED = 500, 100  # as in ch10_settings.py
TRIAL_SAMPLES, RUN_SAMPLES = (2_500, 1), (10_000, 2)  # and seeds of latents; ch10_scores.py has 2


def bounded(method: str) -> dict:
    """Return a method's entry of the comparison, with a spectral norm."""
    return trained.compared()[method] | {"spectral_norm": True}


def score(method: str, numbers: dict, samples: tuple, until: int | None = None) -> float:
    """Play a game or its beginning, and score samples of its averaged generator."""
    entry = bounded(method)
    config = training.TrainConfig(**entry["config"] | numbers)
    average = trained.averaged(entry, config, mnist.mnist("train"), until=until)
    features = digit_classifier().features(draw(average, samples[0], seed=samples[1]))
    return metrics.frechet_distance(real_features(), features)


def trial(method: str, learning_rate: float) -> float:
    """Score a short game on the seed of the trials, as `ch10_settings.py` does."""
    short = {"n_steps": TRIAL_STEPS, "seed": TRIAL_SEED, "learning_rate": learning_rate}
    return score(method, short, TRIAL_SAMPLES)


def run(method: str, seed: int, learning_rate: float) -> float:
    """Score a game of the comparison's length, as `ch10_scores.py` does."""
    return score(method, {"seed": seed, "learning_rate": learning_rate}, RUN_SAMPLES)


def early(method: str, seed: int, learning_rate: float) -> float:
    """Score the beginning of such a game, which a test makes again."""
    numbers = {"seed": seed, "learning_rate": learning_rate}
    return score(method, numbers, TRIAL_SAMPLES, until=EARLY_STEPS)


def fill(folder: Path, log: Log) -> None:
    """Try the steps, then play with the best of them, and store after each game."""
    tried = [{"method": m, "learning_rate": step} for m in METHODS for step in STEPS]
    trials = _complete(folder / "trials.csv", tried, trial, log)
    best = {}
    for method in METHODS:
        own = [row for row in trials if row["method"] == method]
        best[method] = min(own, key=lambda row: row["frechet"])["learning_rate"]
    games = [{"method": m, "seed": s, "learning_rate": best[m]} for s in SEEDS for m in METHODS]
    _complete(folder / "early.csv", games[: len(METHODS)], early, log)
    _complete(folder / "results.csv", games, run, log)


def _complete(path: Path, wanted: list[dict], measure, log: Log) -> list[dict]:
    """Measure the rows that a table lacks; return all."""
    rows = read_rows(path)
    for row in wanted:
        if not any(row.items() <= known.items() for known in rows):
            rows.append({**row, "frechet": measure(**row)})
            write_table(path, rows)
            log.save()
            logging.getLogger(__name__).info("%s", rows[-1])
    return rows


EXPERIMENT = Experiment(
    name="ch10-same-bound",
    about="chapters 10 and 11: relativistic games with the hinge's spectral norm",
    fill=fill,
    files=("early.csv", "trials.csv", "results.csv"),
    seed=SEEDS,
    data="MNIST train, 60,000 images; scored on MNIST test",
    after=("digit-classifier",),
)

"""Try settings for chapter 10's comparison and chapter 8's long runs, on a seed of their own.

Methods and runs of `runs.toml` name under ``tried`` the settings to try; each is trained for
500 generator steps where it does not say more, the step size falling to 0.
Fills `results.csv`, a trial a row. It can be stopped and goes on with the next trial; forty minutes
on one thread.
"""

from __future__ import annotations

import logging
from pathlib import Path

from wganlib import metrics, mnist, training
from wganlib.classifier import digit_classifier

from . import trained
from .experiment import Experiment
from .provenance import Log
from .scores import N_SAMPLES, draw, real_features
from .tables import read_rows, write_table

SEED, N_STEPS = 100, 500
NUMBERS = ("n_steps", "learning_rate", "clip_value")


def trials() -> list[tuple[str, dict, training.TrainConfig]]:
    """List method, entry of the table and configuration of every trial."""
    entries = trained.table().items()
    runs = {name: entry for name, entry in entries if not name.startswith("compare-")}
    found = []
    for method, entry in (trained.compared() | runs).items():
        for tried in entry.get("tried", []):
            numbers = {**entry["config"], "n_steps": N_STEPS, **tried, "seed": SEED}
            found.append((method, entry, training.TrainConfig(**numbers)))
    return found


def fill(folder: Path, log: Log) -> None:
    """Try all settings that are not in the table yet, and store after each."""
    path = folder / "results.csv"
    rows, classifier, digits = read_rows(path), digit_classifier(), mnist.mnist("train")
    for method, entry, config in trials():
        trial = {"method": method, **{name: getattr(config, name) for name in NUMBERS}}
        if any(trial.items() <= row.items() for row in rows):
            continue
        fake = draw(trained.averaged(entry, config, digits), N_SAMPLES)
        distance = metrics.frechet_distance(real_features(), classifier.features(fake))
        rows.append({**trial, "frechet": distance})
        write_table(path, rows)
        log.save()
        logging.getLogger(__name__).info("%s", rows[-1])


EXPERIMENT = Experiment(
    name="ch10-settings",
    about="chapters 8 and 10: step sizes and bounds tried on a seed of their own",
    fill=fill,
    files=("results.csv",),
    seed=SEED,
    data="MNIST train, 60,000 images; scored on MNIST test",
    after=("digit-classifier",),
)

"""Try settings for chapter 10's comparison and chapter 8's long runs, on a seed of their own.

Methods and runs of `runs.toml` name under ``tried`` the settings to try; each is trained for
500 generator steps where it does not say more, the step size falling to 0.
Writes ch10-settings/{results.csv, provenance.json}. Forty minutes on one thread.
Usage: python book/runs/ch10_settings.py
"""

from __future__ import annotations

import copy
import csv

import make
import torch
from provenance import Log, write_table
from scores import N_SAMPLES, draw, real_features

from wganlib import data, metrics, mnist, training
from wganlib.classifier import digit_classifier

FOLDER = make.HERE / "ch10-settings"
SEED, N_STEPS = 100, 500
NUMBERS = ("n_steps", "learning_rate", "clip_value")


def trials() -> list[tuple[str, dict, training.TrainConfig]]:
    """List method, entry of the table and configuration of every trial."""
    runs = {name: entry for name, entry in make.table().items() if not name.startswith("compare-")}
    found = []
    for method, entry in (make.compared() | runs).items():
        for tried in entry.get("tried", []):
            numbers = {**entry["config"], "n_steps": N_STEPS, **tried, "seed": SEED}
            found.append((method, entry, training.TrainConfig(**numbers)))
    return found


def try_out(entry: dict, config: training.TrainConfig, digits: data.Digits) -> torch.Tensor:
    """Train one trial and draw samples of its averaged generator."""
    generator, critic = make.networks(entry, config.seed)
    average = copy.deepcopy(generator)
    training.train(generator, critic, digits, config, **make.how(entry), average=average)
    return draw(average, N_SAMPLES)


def main() -> None:
    """Try all settings that are not in the file yet, and store after each."""
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    log, path = Log(FOLDER / "checkpoint-sessions.json"), FOLDER / "results.csv"
    rows = list(csv.DictReader(path.read_text().splitlines())) if path.exists() else []
    classifier, digits = digit_classifier(), mnist.mnist("train")
    for method, entry, config in trials():
        trial = {"method": method, **{name: str(getattr(config, name)) for name in NUMBERS}}
        if any(trial.items() <= row.items() for row in rows):
            continue
        fake = classifier.features(try_out(entry, config, digits))
        distance = metrics.frechet_distance(real_features(), fake)
        rows.append({**trial, "frechet": distance})
        write_table(path, rows)
        log.save()
    log.store(
        FOLDER,
        command="python book/runs/ch10_settings.py",
        seed=SEED,
        data="MNIST train, 60,000 images; scored on MNIST test",
    )


if __name__ == "__main__":
    main()

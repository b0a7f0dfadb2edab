"""Try settings for chapter 10's comparison and chapter 8's long runs, on a seed of their own.

Methods and runs of `runs.toml` name under ``tried`` the settings to try; each is trained for
500 generator steps where it does not say more, the step size falling to 0.
Writes ch10-settings/{results.csv, provenance.json}. Forty minutes on one thread.
Usage: python book/runs/ch10_settings.py
"""

from __future__ import annotations

import copy
import csv
from pathlib import Path

import make
import torch
from provenance import Log
from scores import N_SAMPLES, draw, real_features

from wganlib import data, metrics, training

FOLDER = make.HERE / "ch10-settings"
SEED, N_STEPS = 100, 500
COLUMNS = ("method", "n_steps", "learning_rate", "clip_value", "frechet")


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
    rows = list(csv.reader(path.read_text().splitlines()))[1:] if path.exists() else []
    classifier, digits = metrics.digit_classifier(), data.mnist("train")
    for method, entry, config in trials():
        trial = [method, *map(str, (config.n_steps, config.learning_rate, config.clip_value))]
        if trial in [row[:4] for row in rows]:
            continue
        fake = classifier.features(try_out(entry, config, digits))
        distance = metrics.frechet_distance(real_features(), fake)
        rows.append([*trial, f"{distance:.6g}"])
        write(path, rows)
        log.save()
    log.store(
        FOLDER,
        command="python book/runs/ch10_settings.py",
        seed=SEED,
        data="MNIST train, 60,000 images; scored on MNIST test",
    )


def write(path: Path, rows: list[list]) -> None:
    """Write the table of results."""
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])


if __name__ == "__main__":
    main()

"""Score the generator that trains and its average apart, with what the critic says of each.

The critic's loss in a log comes from the live generator, the samples of the book from the average
of its weights. Two short runs, from settings of `runs.toml`, are looked at as they train; both
generators are scored on the same latents, and the critic is asked about both.
Fills `early.csv`, looks after ten steps that a test repeats, and `results.csv`, a look a row:
Fréchet distance, the critic's gain over 2,500 test digits (score units, in evaluation mode) and its
mean slope at 500 samples (score units to a data unit), for ``live`` and ``average``. Eight minutes
on one thread.
"""

from __future__ import annotations

import copy
import logging
from pathlib import Path

import torch
from torch import Tensor, nn

from wganlib import metrics, mnist, training
from wganlib.classifier import digit_classifier
from wganlib.lipschitz import gradient_norms

from . import trained
from .experiment import Experiment
from .provenance import Log
from .scores import draw, real_features, some_images
from .tables import read_rows, write_table

SEED, N_STEPS, EVERY, EARLY = 101, 1_600, 100, 10
SETTINGS = ("compare-wgan-gp-0", "mnist-wgan-plain")


def measure(generator: nn.Module, critic: nn.Module, real: Tensor) -> dict[str, float]:
    """Return Fréchet distance, critic's gain and critic's slope of 2,500 samples."""
    fake = draw(generator, len(real))
    distance = metrics.frechet_distance(real_features(), digit_classifier().features(fake))
    critic = copy.deepcopy(critic).eval()
    with torch.no_grad():
        gain = critic(real).mean() - critic(fake).mean()
    slope = gradient_norms(critic, fake[:500]).mean()
    return {"frechet": distance, "gain": gain.item(), "slope": slope.item()}


def looks(setting: str, until: int = N_STEPS, every: int = EVERY) -> list[dict]:
    """Train one short run and look at both generators every so many steps."""
    entry = trained.table()[setting]
    config = training.TrainConfig(**{**entry["config"], "n_steps": N_STEPS, "seed": SEED})
    generator, critic = trained.networks(entry, SEED)
    average, rows, real = copy.deepcopy(generator), [], some_images(mnist.mnist("test"))

    def look(step: int, generator: nn.Module, critic: nn.Module) -> None:
        if step % every == 0:
            row = {"setting": setting, "step": step}
            for name, network in {"live": generator, "average": average}.items():
                found = measure(network, critic, real)
                row |= {f"{column}_{name}": value for column, value in found.items()}
            rows.append(row)

    options = {"average": average, "callback": look, "until": until}
    training.train(generator, critic, mnist.mnist("train"), config, **trained.how(entry), **options)
    return rows


def fill(folder: Path, log: Log) -> None:
    """Train what is not in the table yet, and store after each run."""
    early = [row for setting in SETTINGS for row in looks(setting, EARLY, EARLY)]
    write_table(folder / "early.csv", early)
    path = folder / "results.csv"
    rows = read_rows(path)
    for setting in SETTINGS:
        if setting not in [row["setting"] for row in rows]:
            rows += looks(setting)
            write_table(path, rows)
            log.save()
            logging.getLogger(__name__).info("%s", rows[-1])


EXPERIMENT = Experiment(
    name="ch08-averaged",
    about="chapter 8: the live generator and its average, scored apart",
    fill=fill,
    files=("early.csv", "results.csv"),
    seed=SEED,
    data="MNIST train, 60,000 images; scored on MNIST test",
    after=("digit-classifier",),
)

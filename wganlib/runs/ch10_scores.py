"""Measure every generator of chapter 10's comparison by all metrics, on 10,000 samples each.

Fills `results.csv`: one row for each run of `runs.toml`'s comparison and two yardsticks, test
digits and uniform noise in the place of samples. It can be stopped and goes on with the next row;
five minutes on one thread. `wgan-start-100` is left out, a variant that chapter 8 is about.
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from wganlib import data, metrics, mnist, records
from wganlib.classifier import digit_classifier

from .experiment import Experiment
from .provenance import Log
from .scores import draw
from .tables import read_rows, write_table
from .trained import table

SEED = 2  # of latents, noise, and the choice of training digits; the runs' own scores have 1
N_SAMPLES, N_LOOKED_UP = 10_000, 1_000
YARDSTICKS = ("test digits", "noise")
VARIANT = "wgan-start-100"


def runs() -> list[str]:
    """List the runs that are compared."""
    return [name for name in table() if name.startswith("compare-") and VARIANT not in name]


@cache
def pixels(split: str) -> Tensor:
    """Return the images of one half of MNIST, uint8."""
    return mnist.mnist(split).pixels


def random_state() -> torch.Generator:
    """Start the random numbers of a row."""
    return torch.Generator().manual_seed(SEED)


def images(name: str) -> tuple[Tensor, Tensor]:
    """Return 10,000 real images and 10,000 samples of a run, or of a yardstick.

    The real ones are the test digits. Nothing is compared with itself, so to test digits in the
    place of samples they are as many training digits.
    """
    real = data.scale_pixels(pixels("test"))
    if name == "test digits":
        order = torch.randperm(len(pixels("train")), generator=random_state())
        return data.scale_pixels(pixels("train")[order[:N_SAMPLES]]), real
    if name == "noise":
        return real, 2 * torch.rand(real.shape, generator=random_state()) - 1
    return real, draw(records.load_run(name).generator, N_SAMPLES, seed=SEED)


def measure(name: str) -> dict[str, float]:
    """Apply every metric of the book; `copies` is a share, `nearest` a median, data units."""
    real, fake = images(name)
    classifier = digit_classifier()
    clouds = classifier.features(real), classifier.features(fake)
    nearest, second = metrics.nearest_neighbours(
        fake[:N_LOOKED_UP], pixels("train"), n=2
    ).distance.T
    w1 = metrics.minibatch_w1(real, fake, batch_size=64, n_batches=30, rng=random_state())
    return {
        "frechet": metrics.frechet_distance(*clouds),
        **metrics.precision_recall(*clouds)._asdict(),
        **metrics.density_coverage(*clouds)._asdict(),
        "class_entropy": metrics.class_coverage(classifier.probabilities(fake)).entropy,
        "nearest": nearest.median().item(),
        "copies": (nearest < second / 2).double().mean().item(),
        "w1": w1.value,
        "w1_error": w1.standard_error,
        "w1_floor": w1.sampling_floor,
    }


def fill(folder: Path, log: Log) -> None:
    """Measure what is not in the table yet, and store after each row."""
    path = folder / "results.csv"
    rows = read_rows(path)
    for name in (*YARDSTICKS, *runs()):
        if name not in [row["name"] for row in rows]:
            rows.append({"name": name, **measure(name)})
            write_table(path, rows)
            log.save()
            logging.getLogger(__name__).info("%s", rows[-1])


EXPERIMENT = Experiment(
    name="ch10-scores",
    about="chapter 10: all metrics of all generators that are compared",
    fill=fill,
    files=("results.csv",),
    seed=SEED,
    data="the generators of the frozen runs; MNIST train and test",
    after=("digit-classifier", *runs()),
)

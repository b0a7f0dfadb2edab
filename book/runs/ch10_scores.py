"""Judge every generator of chapter 10's comparison by all metrics, on 10,000 samples each.

Writes `ch10-scores/{results.csv, provenance.json}`: one row for each run of `runs.toml`'s
comparison and two yardsticks, test digits and uniform noise in the place of samples. Rows that are
in the file are kept, so it can be stopped, and goes on where it was. Needs the runs; five minutes
on one thread. `wgan-start-100` is left out, a variant that chapter 8 is about.
Usage: python book/runs/ch10_scores.py
"""

from __future__ import annotations

import csv
from functools import cache

import make
import torch
from provenance import Log, write_table
from scores import draw
from torch import Tensor

from wganlib import data, metrics, mnist, records
from wganlib.classifier import digit_classifier

FOLDER = make.HERE / "ch10-scores"
SEED = 2  # of latents, noise, and the choice of training digits; the runs' own scores have 1
N_SAMPLES, N_LOOKED_UP = 10_000, 1_000
YARDSTICKS = ("test digits", "noise")
VARIANT = "wgan-start-100"


def names() -> list[str]:
    """List the yardsticks and the runs that are compared."""
    runs = [name for name in make.table() if name.startswith("compare-") and VARIANT not in name]
    return [*YARDSTICKS, *runs]


@cache
def pixels(split: str) -> Tensor:
    """Return the images of one half of MNIST, uint8."""
    return mnist.mnist(split).pixels


def generator() -> torch.Generator:
    """Start the random numbers of a row."""
    return torch.Generator().manual_seed(SEED)


def judged(name: str) -> tuple[Tensor, Tensor]:
    """Return 10,000 real images and 10,000 samples of a run, or of a yardstick.

    The real ones are the test digits. Nothing is judged against itself, so to test digits in the
    place of samples they are as many training digits.
    """
    real = data.scale_pixels(pixels("test"))
    if name == "test digits":
        order = torch.randperm(len(pixels("train")), generator=generator())
        return data.scale_pixels(pixels("train")[order[:N_SAMPLES]]), real
    if name == "noise":
        return real, 2 * torch.rand(real.shape, generator=generator()) - 1
    return real, draw(records.load_run(name).generator, N_SAMPLES, seed=SEED)


def measure(name: str) -> dict[str, float]:
    """Apply every metric of the book; `copies` is a share, `nearest` a median, data units."""
    real, fake = judged(name)
    classifier = digit_classifier()
    clouds = classifier.features(real), classifier.features(fake)
    nearest, second = metrics.nearest_neighbours(
        fake[:N_LOOKED_UP], pixels("train"), n=2
    ).distance.T
    w1 = metrics.minibatch_w1(real, fake, batch_size=64, n_batches=30, rng=generator())
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


def main() -> None:
    """Measure what is not in the file yet, and store after each row."""
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    log, path = Log(FOLDER / "checkpoint-sessions.json"), FOLDER / "results.csv"
    rows = list(csv.DictReader(path.read_text().splitlines())) if path.exists() else []
    for name in names():
        if name not in [row["name"] for row in rows]:
            rows.append({"name": name, **measure(name)})
            write_table(path, rows)
            log.save()
    log.store(
        FOLDER,
        command="python book/runs/ch10_scores.py",
        seed=SEED,
        data="the generators of the frozen runs; MNIST train and test",
    )


if __name__ == "__main__":
    main()

"""Chapter 17: six methods on MNIST, six settings tried of each.

Fills `results.csv`, a row a training, `early.csv`, short trainings that a test repeats,
`floor.csv`, what real digits score, and a grid of samples of each method from the first fresh seed.
Scores are of 2,500 samples of the averaged generator in a classifier's features, as
`wganlib.runs.scores` has them. One thread, some fifteen minutes; goes on with the next training
where it was cut off.
"""

from __future__ import annotations

import copy
import math
from pathlib import Path

import torch
from torch import Tensor, nn

from wganlib import data, metrics, mnist, models, training
from wganlib.classifier import digit_classifier

from . import relatives, trained
from .experiment import Experiment
from .provenance import Log
from .relatives import Contest
from .scores import N_SAMPLES, draw, real_features
from .tables import write_table

CONTEST = Contest(
    methods=("non-saturating", "least squares", "WGAN-GP", "WGAN-LP", "R1", "R1 + R2"),
    steps=(2e-3, 6e-3),
    tuning=(100,),
    fresh=range(3),
    score="frechet",
)
N_STEPS, N_CRITIC, EARLY, SIDE = 300, 1, 3, 5


def trained_pair(
    name: str, setting: dict, seed: int, *, n_steps: int = N_STEPS
) -> tuple[nn.Module, nn.Module, list[float]]:
    """Train once; return the averaged generator, the critic, and each step's estimate."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator, critic = models.ConvGenerator(), models.ConvCritic()
    average = copy.deepcopy(generator)
    config = training.TrainConfig(
        n_steps=n_steps, n_critic=N_CRITIC, learning_rate_end=0.0, seed=seed, log_every=1, **setting
    )
    how = {"average": average, "progress": False, **relatives.ways(name)}
    history = training.train(generator, critic, mnist.mnist("train"), config, **how)
    return average, critic, list(history.w1_estimate)


def score(fake: Tensor) -> dict:
    """Score images: Fréchet distance, classes with more than a hundredth of them, entropy."""
    classifier = digit_classifier()
    counts = classifier.probabilities(fake).argmax(dim=1).bincount(minlength=10)
    shares = counts.double() / len(fake)
    return {
        "frechet": metrics.frechet_distance(real_features(), classifier.features(fake)),
        "classes": int((shares > 0.01).sum()),
        "class_entropy": torch.special.entr(shares).sum().item(),
    }


def play(name: str, setting: dict, seed: int, *, keep: Path | None = None) -> dict:
    """Train once; return what was seen at the end, and nothing but failure if it blew up."""
    failed = {"frechet": math.nan, "classes": 0, "class_entropy": 0.0}
    failed |= {"slope_real": math.nan, "slope_fake": math.nan}
    try:
        average, critic, _ = trained_pair(name, setting, seed)
    except FloatingPointError:
        return failed
    fake = draw(average, N_SAMPLES)
    if not fake.isfinite().all():
        return failed
    if keep is not None:
        trained.save_image(keep / file_name(name), trained.image_grid(average, SIDE))
    real = mnist.mnist("train").batch(512, torch.Generator().manual_seed(0))
    return {**score(fake), **relatives.slopes(critic, real, fake[:512])}


def file_name(name: str) -> str:
    """Name the picture of a method's samples."""
    return f"samples-{relatives.file_name(name)}.png"


def early(name: str) -> dict:
    """Return the mean estimate over the first steps with a setting of a method."""
    setting = relatives.settings(name, CONTEST.steps)[1]
    estimates = trained_pair(name, setting, 0, n_steps=EARLY)[-1]
    return {"method": name, "estimate": sum(estimates) / len(estimates)}


def yardsticks() -> list[dict]:
    """Score training digits, drawn again for each fresh seed, and uniform noise as if generated."""
    rows, pixels = [], mnist.mnist("train").pixels
    for seed in CONTEST.fresh:
        rng = torch.Generator().manual_seed(seed)
        digits = pixels[torch.randperm(len(pixels), generator=rng)[:N_SAMPLES]]
        rows.append({"of": "digits", "seed": seed, **score(data.scale_pixels(digits))})
    noise = 2 * torch.rand(N_SAMPLES, 1, 28, 28, generator=torch.Generator().manual_seed(0)) - 1
    return [*rows, {"of": "noise", "seed": 0, **score(noise)}]


def fill(folder: Path, log: Log) -> None:
    """Tune all methods, judge what was chosen, and keep samples of each."""
    write_table(folder / "early.csv", [early(name) for name in CONTEST.methods])
    write_table(folder / "floor.csv", yardsticks())
    CONTEST.fill(folder, log, play)


EXPERIMENT = Experiment(
    name="ch17-mnist",
    about="chapter 17: six methods on MNIST, tuned with one budget, judged afresh",
    fill=fill,
    files=(
        "results.csv",
        "early.csv",
        "floor.csv",
        *(file_name(name) for name in CONTEST.methods),
    ),
    seed=[*CONTEST.tuning, *CONTEST.fresh],
    data="MNIST train, 60,000 images; scored on MNIST test",
    after=("digit-classifier",),
)

"""Chapter 12: popular mistakes, each made alone in a right way to train on MNIST.

Fills `results.csv`, a row a way and a seed, and `early.csv`, a row a way; one thread, some twenty
minutes. It can be stopped and goes on with the next way. Scores are of 2,500 samples in a
classifier's features, as `wganlib.runs.scores` has them.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from wganlib import metrics, mnist, models
from wganlib.classifier import digit_classifier
from wganlib.lipschitz import gradient_norms

from . import mistakes
from .experiment import Experiment
from .mistakes import MISTAKES, Way, between
from .provenance import Log
from .scores import N_SAMPLES, draw, real_features

SEEDS, N_STEPS, BATCH, LEARNING_RATE = range(2), 500, 64, 2e-3
EARLY = 5  # steps that tests make again
LAST, AGAIN = 50, 100  # steps of which the estimate is the mean; added to seeds the second time
# One critic step a generator step, which the chapter on MNIST trains with.
WAYS = {
    name: replace(MISTAKES[name], n_critic=1)
    for name in (
        "right", "right again", "both losses pushed up", "hinge", "no constraint",
        "penalty at real points", "normal mixing", "mixing by coordinate", "mixing by batch",
        "norm of the batch", "norm not flattened", "penalty without its graph", "penalty summed",
        "two-sided", "sigmoid", "batch norm", "layer norm", "dropout", "five generator steps",
        "momentum 0.9",
    )
} | {
    "instance norm": Way(n_critic=1, critic="instance norm"),
    "data from 0 to 1": Way(n_critic=1),
}  # fmt: skip


def build(kind: str, seed: int) -> tuple[nn.Module, nn.Module]:
    """Return a pair with initial weights fixed by the seed; the kind is that of the critic."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator, critic = models.ConvGenerator(), models.ConvCritic()
        layers, sizes = [], iter(((32, 7), (64, 4)))  # channels and side after the first layer
        for layer in critic.layers:
            layers.append(layer)
            if isinstance(layer, nn.Conv2d) and layer.in_channels > 1:
                layers += _norm(kind, *next(sizes))
            if kind == "dropout" and isinstance(layer, nn.LeakyReLU):
                layers.append(nn.Dropout(0.5))
    layers += [nn.Sigmoid()] if kind == "sigmoid" else []
    critic = critic if kind == "plain" else nn.Sequential(*layers, nn.Flatten(0))
    return tuple(n.to(memory_format=torch.channels_last) for n in (generator, critic))


def _norm(kind: str, channels: int, side: int) -> list[nn.Module]:
    """Return the normalisation after a convolution, if this kind has one."""
    if kind == "batch norm":
        return [nn.BatchNorm2d(channels)]
    if kind == "layer norm":
        return [nn.LayerNorm((channels, side, side))]
    return [nn.InstanceNorm2d(channels, affine=True)] if kind == "instance norm" else []


def trained(name: str, seed: int, *, n_steps: int = N_STEPS) -> tuple:
    """Train once; return both networks, how to draw real images, and each step's estimate."""
    way, seed = WAYS[name], seed + (AGAIN if name == "right again" else 0)
    generator, critic = build(way.critic, seed)
    digits = mnist.mnist("train")

    def batch(rng: torch.Generator) -> Tensor:
        images = digits.batch(BATCH, rng)
        return (images + 1) / 2 if name == "data from 0 to 1" else images

    how = {"n_steps": n_steps, "learning_rate": LEARNING_RATE, "seed": seed}
    return generator, critic, batch, mistakes.estimates(way, generator, critic, batch, **how)


def play(name: str, seed: int) -> dict:
    """Train once; return what was seen at the end."""
    generator, critic, batch, found = trained(name, seed)
    seen = mistakes.about(WAYS[name], found, last=LAST)
    return {"way": name, "seed": seed, **seen, **measure(generator, critic, batch)}


def early(name: str) -> dict:
    """Return the mean estimate over the first steps from the first seed, to compare with."""
    return {"way": name, "estimate": trained(name, 0, n_steps=EARLY)[-1].double().mean().item()}


def measure(generator: nn.Module, critic: nn.Module, batch) -> dict:
    """Measure the end of a training; a generator of pixels in [0, 1] is read as it was taught."""
    fake = draw(generator, N_SAMPLES)
    if not fake.isfinite().all():
        return {"frechet": math.nan, "classes": 0, "slope": math.nan}
    rng, classifier = torch.Generator().manual_seed(0), digit_classifier()
    real = batch(rng)
    shown = fake if real.min() < 0 else 2 * fake.clamp(0, 1) - 1
    classes = classifier.probabilities(shown).argmax(dim=1).bincount(minlength=10)
    mixed = between(real, fake[: len(real)], rng)
    return {
        "frechet": metrics.frechet_distance(real_features(), classifier.features(shown)),
        "classes": int((classes > 0.01 * len(fake)).sum()),
        "slope": gradient_norms(critic.eval(), mixed).median().item(),
    }


def fill(folder: Path, log: Log) -> dict:
    """Train all ways from all seeds that are not in the table yet."""
    mistakes.fill(folder, log, WAYS, SEEDS, play=play, early=early)
    noise = 2 * torch.rand(N_SAMPLES, 1, 28, 28, generator=torch.Generator().manual_seed(0)) - 1
    worst = metrics.frechet_distance(real_features(), digit_classifier().features(noise))
    return {"noise": round(worst, 2)}


EXPERIMENT = Experiment(
    name="ch12-mnist",
    about="chapter 12: popular mistakes on MNIST, each alone",
    fill=fill,
    files=("results.csv", "early.csv"),
    seed=list(SEEDS),
    data="MNIST train, 60,000 images; scored on MNIST test",
    after=("digit-classifier",),
)

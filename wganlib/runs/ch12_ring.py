"""Chapter 12: popular mistakes, each made alone in a right way to train on the ring of eight.

Fills `results.csv`, a row a way and a seed, and `early.csv`, a row a way; one thread, some twenty
minutes. It can be stopped and goes on with the next way.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn

from wganlib import transport
from wganlib.lipschitz import gradient_norms

from . import mistakes, toys
from .experiment import Experiment
from .mistakes import MISTAKES, between
from .provenance import Log

SEEDS, N_STEPS, BATCH, LEARNING_RATE = range(5), 600, 64, 1e-3
WIDTH, DEPTH = 128, 3
LAST = 50  # steps at the end, over which the estimate is averaged
NORMS = {"batch norm": nn.BatchNorm1d, "layer norm": nn.LayerNorm}
EARLY = 20  # steps that tests make again
AGAIN = 100  # added to the seeds of the right way, the second time


def build(kind: str, seed: int) -> tuple[nn.Module, nn.Module]:
    """Return a pair with initial weights fixed by the seed; the kind is that of the critic."""
    generator, critic = toys.untrained_pair(seed, width=WIDTH, depth=DEPTH)
    layers = []
    for layer in critic.layers:
        bends = isinstance(layer, nn.ReLU)
        if bends and kind in NORMS:
            layers.append(NORMS[kind](WIDTH))
        layers.append(layer)
        if bends and kind == "dropout":
            layers.append(nn.Dropout(0.5))
    layers += [nn.Sigmoid()] if kind == "sigmoid" else []
    return generator, critic if kind == "plain" else nn.Sequential(*layers, nn.Flatten(0))


def trained(name: str, seed: int, *, n_steps: int = N_STEPS) -> tuple:
    """Train once; return both networks, the points, and the estimate of each critic step."""
    way, seed = MISTAKES[name], seed + (AGAIN if name == "right again" else 0)
    generator, critic = build(way.critic, seed)
    points = toys.ring_points(seed)

    def batch(rng: torch.Generator) -> Tensor:
        return points[torch.randint(len(points), (BATCH,), generator=rng)]

    how = {"n_steps": n_steps, "learning_rate": LEARNING_RATE, "seed": seed}
    return generator, critic, points, mistakes.estimates(way, generator, critic, batch, **how)


def play(name: str, seed: int) -> dict:
    """Train once; return what was seen at the end."""
    generator, critic, points, found = trained(name, seed)
    seen = mistakes.about(MISTAKES[name], found, last=LAST)
    return {"way": name, "seed": seed, **seen, **measure(generator, critic, points)}


def early(name: str) -> dict:
    """Return the mean estimate over the first steps from the first seed, to compare with."""
    return {"way": name, "estimate": trained(name, 0, n_steps=EARLY)[-1].double().mean().item()}


def measure(generator: nn.Module, critic: nn.Module, points: Tensor) -> dict:
    """Measure the end of a training on 512 real points and 512 fakes."""
    fake = toys.sample(generator, 512)
    nothing = {"exact_w1": math.nan, "modes": 0, "high_quality_share": 0.0, "slope": math.nan}
    if not fake.isfinite().all():
        return nothing
    coverage = toys.ring_coverage(generator)
    mixed = between(points[:512], fake, torch.Generator().manual_seed(0))
    return {
        "exact_w1": transport.exact_w1(points[:512], fake),
        "modes": coverage.modes_covered,
        "high_quality_share": coverage.high_quality_share,
        "slope": gradient_norms(critic.eval(), mixed).median().item(),
    }


def fill(folder: Path, log: Log) -> None:
    """Train all ways from all seeds that are not in the table yet."""
    mistakes.fill(folder, log, MISTAKES, SEEDS, play=play, early=early)


EXPERIMENT = Experiment(
    name="ch12-ring",
    about="chapter 12: popular mistakes on the ring of eight, each alone",
    fill=fill,
    files=("results.csv", "early.csv"),
    seed=list(SEEDS),
    data="gaussian_ring, 8,192 points a seed",
)

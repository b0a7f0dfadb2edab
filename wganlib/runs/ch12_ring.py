"""Chapter 12: popular mistakes, each made alone in a right way to train on the ring of eight.

Fills `results.csv`, a row a way and a seed; one thread, some twenty minutes. It can be stopped and
goes on with the next way.
"""

from __future__ import annotations

import logging
import math
from pathlib import Path

import torch
from torch import Tensor, nn

from wganlib import transport
from wganlib.lipschitz import gradient_norms

from . import toys
from .experiment import Experiment
from .mistakes import MISTAKES, Way, between, train
from .provenance import Log
from .tables import read_rows, write_table

SEEDS, N_STEPS, BATCH, LEARNING_RATE = range(5), 600, 64, 1e-3
WIDTH, DEPTH = 128, 3
LAST = 50  # steps at the end, over which the estimate is averaged
AGAIN = 100  # added to the seeds of the right way, the second time


def build(kind: str, seed: int) -> tuple[nn.Module, nn.Module]:
    """Return a pair with initial weights fixed by the seed; the kind is that of the critic."""
    generator, critic = toys.untrained_pair(seed, width=WIDTH, depth=DEPTH)
    layers = list(critic.layers)
    norm = {"batch norm": nn.BatchNorm1d, "layer norm": nn.LayerNorm}.get(kind)
    if kind == "sigmoid":
        layers.append(nn.Sigmoid())
    elif kind == "dropout":
        layers = [m for layer in layers
                  for m in ([layer, nn.Dropout(0.5)] if isinstance(layer, nn.ReLU) else [layer])]  # fmt: skip
    elif norm:
        layers = [m for layer in layers
                  for m in ([norm(WIDTH), layer] if isinstance(layer, nn.ReLU) else [layer])]  # fmt: skip
    return generator, critic if kind == "plain" else nn.Sequential(*layers, nn.Flatten(0))


def play(name: str, way: Way, seed: int, *, n_steps: int = N_STEPS) -> dict:
    """Train once; return what was seen at the end."""
    seed += AGAIN if name == "right, again" else 0
    generator, critic = build(way.critic, seed)
    points, estimates = toys.ring_points(seed), []

    def batch(rng: torch.Generator) -> Tensor:
        return points[torch.randint(len(points), (BATCH,), generator=rng)]

    how = {"n_steps": n_steps, "learning_rate": LEARNING_RATE, "seed": seed}
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # for dropout
        for step, found in train(way, generator, critic, batch, **how):
            estimates += found.tolist()
            if not math.isfinite(estimates[-1]):
                break
    late = torch.tensor(estimates[-LAST * way.n_critic :])
    return {
        "way": name,
        "seed": seed,
        "steps": step,
        "estimate": late.mean().item(),
        "negative": (late < 0).double().mean().item(),
        **measure(generator, critic, points),
    }


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
    path = folder / "results.csv"
    rows = read_rows(path)
    for name, way in MISTAKES.items():
        if any(row["way"] == name for row in rows):
            continue
        rows += [play(name, way, seed) for seed in SEEDS]
        write_table(path, rows)
        log.save()
        logging.getLogger(__name__).info("%s: %s", name, [row["exact_w1"] for row in rows[-5:]])


EXPERIMENT = Experiment(
    name="ch12-ring",
    about="chapter 12: popular mistakes on the ring of eight, each alone",
    fill=fill,
    files=("results.csv",),
    seed=list(SEEDS),
    data="gaussian_ring, 8,192 points a seed",
)

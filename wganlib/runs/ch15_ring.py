r"""Train circles whose radius is demanded, with three ways to tell the critic a number.

The condition c is uniform on [-1, 1]. In the law ``linear`` a sample lies on a circle of radius
2 + c, in the law ``even`` of radius 1 + 2 c². A critic may multiply its features by the number
itself (``number``), by nine bumps of it (``bumps``), or see the number next to the sample
(``concatenation``). Fills `results.csv`: for demanded values of c the exact W₁ between samples and
truth, what it is between two samples of the truth, and quantiles of the radius; and `early.csv`,
the same after a few steps. It can be stopped and goes on;
four minutes on one thread.
"""

from __future__ import annotations

import copy
import logging
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from wganlib import models, training, transport
from wganlib.lipschitz import gradient_penalty

from .experiment import Experiment
from .provenance import Log
from .tables import read_rows, write_table

SEEDS, N_STEPS, EARLY, N_POINTS = (1, 2, 3), 2_500, 20, 400  # settings were tried on seed 0
NUMBERS = {
    "batch_size": 128,
    "n_critic": 2,
    "learning_rate": 1e-3,
    "learning_rate_end": 0.0,
    "beta1": 0.5,
    "gp_weight": 1.0,
    "averaging": 0.99,
}
SIZES = {"width": 128, "depth": 2}
RADII = {"linear": lambda c: 2 + c, "even": lambda c: 1 + 2 * c.square()}
WAYS = ("number", "bumps", "concatenation")
NOISE, N_BUMPS = 0.05, 9
ASKED = torch.linspace(-1, 1, 9)
QUANTILES = {"low": 0.1, "middle": 0.5, "high": 0.9}


class ConcatenatingCritic(nn.Module):
    """A critic of points that sees the condition as further coordinates."""

    def __init__(self, condition_dim: int = 1):
        super().__init__()
        self.condition_dim = condition_dim
        self.critic = models.MLPCritic(2 + condition_dim, **SIZES)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Score points together with their conditions."""
        return self.critic(torch.cat([x, condition], dim=1))


def bumps(c: Tensor) -> Tensor:
    """Return how near a number is to each of nine places of [-1, 1]; ``(n,)`` to ``(n, 9)``."""
    places = torch.linspace(-1, 1, N_BUMPS)
    return torch.exp(-0.5 * ((c[:, None] - places) * (N_BUMPS - 1) / 2).square())


def told(way: str, c: Tensor) -> Tensor:
    """Return the vector in which the networks are given the condition."""
    return bumps(c) if way == "bumps" else c[:, None]


def circles(law: str, c: Tensor, rng: torch.Generator) -> Tensor:
    """Draw a point of the circle that each condition demands; ``(n,)`` to ``(n, 2)``."""
    angle = 2 * torch.pi * torch.rand(len(c), generator=rng)
    radius = RADII[law](c) + NOISE * torch.randn(len(c), generator=rng)
    return radius[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)


def trained(law: str, way: str, seed: int, until: int = N_STEPS) -> nn.Module:
    """Train a generator of circles; return its average."""
    n_in = N_BUMPS if way == "bumps" else 1
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator = models.MLPGenerator(2, 2, **SIZES, condition_dim=n_in)
        critic = models.MLPCritic(2, **SIZES, condition_dim=n_in)
        if way == "concatenation":
            critic = ConcatenatingCritic()
    rng = torch.Generator().manual_seed(1000 + seed)
    c = 2 * torch.rand(20_000, generator=rng) - 1
    real = circles(law, c, rng), told(way, c)
    config = training.TrainConfig(n_steps=N_STEPS, seed=seed, **NUMBERS)
    average = copy.deepcopy(generator)
    how = {"penalty": gradient_penalty, "progress": False, "until": until, "average": average}
    training.train(generator, critic, real, config, **how)
    return average


def obeys(law: str, way: str, generator: nn.Module) -> list[dict]:
    """Compare the samples for each demanded number with the truth."""
    rng, rows = torch.Generator().manual_seed(0), []
    for asked in ASKED.tolist():
        c = torch.full((N_POINTS,), asked)
        fake = models.sample(generator, N_POINTS, condition=told(way, c), rng=rng)
        real, again = circles(law, c, rng), circles(law, c, rng)
        row = {"asked": asked, "radius": RADII[law](c[:1]).item()}
        row |= {"w1": transport.exact_w1(fake, real), "floor": transport.exact_w1(again, real)}
        radii = fake.norm(dim=1).numpy()
        row |= {name: float(np.quantile(radii, level)) for name, level in QUANTILES.items()}
        rows.append(row)
    return rows


def fill(folder: Path, log: Log) -> None:
    """Train what is not in the tables yet, and store after each."""
    tables = {name: read_rows(folder / f"{name}.csv") for name in ("results", "early")}
    for seed, law, way in product(SEEDS, RADII, WAYS):
        about = {"law": law, "way": way, "seed": seed}
        if any(about.items() <= row.items() for row in tables["results"]):
            continue
        if seed == SEEDS[0]:
            early = obeys(law, way, trained(law, way, seed, EARLY))
            tables["early"] += [about | row for row in early]
        found = obeys(law, way, trained(law, way, seed))
        tables["results"] += [about | row for row in found]
        for name in ("early", "results"):
            write_table(folder / f"{name}.csv", tables[name])
        log.save()
        logging.getLogger(__name__).info("%s %.3f", about, np.mean([row["w1"] for row in found]))


EXPERIMENT = Experiment(
    name="ch15-ring",
    about="chapter 15: circles of a demanded radius, with three ways to tell the critic a number",
    fill=fill,
    files=("results.csv", "early.csv"),
    seed=list(SEEDS),
    data="circles in the plane, 20,000 points a seed",
)

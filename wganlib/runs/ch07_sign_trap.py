"""Ask whether critics of the wrong sign explain why the two-sided penalty loses the ring.

Fills `results.csv` (a training in each arm and from each seed, a row every 50 steps) and
`frozen.csv` (critics whose estimate was negative, trained on while the generator stands still). One
thread, about thirteen minutes.
"""

from __future__ import annotations

import copy
import logging
from functools import partial
from pathlib import Path

from torch import Tensor, nn

from wganlib import training
from wganlib.lipschitz import gradient_penalty

from . import toys
from .experiment import Experiment
from .provenance import Log
from .ring_games import Arm, Moment, flip_, watch
from .tables import write_table

SEEDS = range(8)
ARMS = {
    "two-sided λ=10": Arm(),
    "one-sided λ=10": Arm(one_sided=True),
    "two-sided λ=10 guarded": Arm(guarded=True),
    "two-sided λ=3": Arm(gp_weight=3.0),
    "two-sided λ=1": Arm(gp_weight=1.0),
    "two-sided λ=0.1": Arm(gp_weight=0.1),
}


def train_critic_on(
    generator: nn.Module, critic: nn.Module, real: Tensor, arm: Arm, *, n_steps: int = 500
) -> list[float]:
    """Train a copy of the critic alone; return its estimate on 512 points every 25 steps."""
    critic, fixed = copy.deepcopy(critic), toys.sample(generator)
    values = [toys.estimate(critic, real[:512], fixed)]

    def look(step: int, critic: nn.Module) -> None:
        if step % 25 == 0:
            values.append(toys.estimate(critic, real[:512], fixed))

    training.train_critic(
        critic,
        real,
        lambda n, rng: generator(generator.sample_latent(n, rng)),
        training.TrainConfig(n_steps=n_steps, gp_weight=arm.gp_weight, log_every=25),
        penalty=partial(gradient_penalty, one_sided=arm.one_sided),
        callback=look,
    )
    return values


def train_on_in_four_ways(seed: int, moment: Moment) -> list[dict]:
    """Train a critic of the wrong sign on in four ways while the generator stands still."""
    ways = {
        "two-sided λ=10": (moment.critic, Arm()),
        "two-sided λ=1": (moment.critic, Arm(gp_weight=1.0)),
        "one-sided λ=10": (moment.critic, Arm(one_sided=True)),
        "flipped two-sided λ=10": (flip_(copy.deepcopy(moment.critic)), Arm()),
    }
    about = {"seed": seed, "caught_at": moment.step, "exact_w1": moment.exact_w1}
    rows, real = [], toys.ring_points(seed)
    for name, (critic, arm) in ways.items():
        for k, value in enumerate(train_critic_on(moment.generator, critic, real, arm)):
            rows.append({"arm": name, **about, "critic_step": 25 * k, "w1_estimate": value})
    return rows


def fill(folder: Path, log: Log) -> None:
    """Compute both tables."""
    rows, frozen = [], []
    for name, arm in ARMS.items():
        for seed in SEEDS:
            seen, moment = watch(seed, arm)
            rows += [{"arm": name, **row} for row in seen]
            if arm == Arm() and moment is not None:
                frozen += train_on_in_four_ways(seed, moment)
            logging.getLogger(__name__).info("%s, seed %d: %s", name, seed, seen[-1])
    write_table(folder / "results.csv", rows)
    write_table(folder / "frozen.csv", frozen)


EXPERIMENT = Experiment(
    name="ch07-sign-trap",
    about="chapter 7: six penalties on the ring, and critics of the wrong sign trained on",
    fill=fill,
    files=("results.csv", "frozen.csv"),
    seed=list(SEEDS),
    data="gaussian_ring, 8,192 points a seed",
)

"""Ask whether the sign trap of the two-sided penalty explains the lost ring of eight.

Usage: python book/runs/ch07_sign_trap.py
Writes `ch07-sign-trap/results.csv` (a game between generator and critic in each arm and seed),
`ch07-sign-trap/frozen.csv` (critics that were caught with the wrong sign, trained on while the
generator stands still) and `ch07-sign-trap/provenance.json`. One thread, about thirteen minutes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import torch
from provenance import Log, read_table, write_table
from torch import Tensor, nn

from wganlib import data, dual, losses, metrics, models, training, transport
from wganlib.lipschitz import gradient_penalty, lipschitz_meter

FOLDER = Path(__file__).resolve().parent / "ch07-sign-trap"
SEEDS = range(8)
N_STEPS, EVERY = 800, 50
WRONG = -0.2  # a critic is caught when its estimate is below this share of the exact distance


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to train: the penalty's weight and side, and whether the sign is watched."""

    gp_weight: float = 10.0
    one_sided: bool = False
    guarded: bool = False


ARMS = {
    "two-sided λ=10": Arm(),
    "one-sided λ=10": Arm(one_sided=True),
    "two-sided λ=10 guarded": Arm(guarded=True),
    "two-sided λ=3": Arm(gp_weight=3.0),
    "two-sided λ=1": Arm(gp_weight=1.0),
    "two-sided λ=0.1": Arm(gp_weight=0.1),
}


def start(seed: int) -> tuple[nn.Module, nn.Module, Tensor]:
    """Return an untrained generator and critic, and 8,192 points of the ring."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator, critic = models.MLPGenerator(width=128), models.MLPCritic(width=128)
    real = data.gaussian_ring(8192, rng=torch.Generator().manual_seed(1000 + seed))
    return generator, critic, real


def flip_(critic: nn.Module) -> nn.Module:
    """Turn the critic's sign, by its last layer."""
    with torch.no_grad():
        for parameter in critic.layers[-1].parameters():
            parameter.neg_()
    return critic


@torch.no_grad()
def estimate(critic: nn.Module, real: Tensor, fake: Tensor) -> float:
    """Return the critic's estimate on two samples."""
    return losses.w1_estimate(critic(real), critic(fake)).item()


@torch.no_grad()
def sample(generator: nn.Module, n: int = 512, seed: int = 0) -> Tensor:
    """Draw fakes by a random state of their own, so that looking does not disturb the game."""
    return generator(generator.sample_latent(n, torch.Generator().manual_seed(seed)))


def scorer(critic: nn.Module) -> Callable[[np.ndarray], Tensor]:
    """Let a critic score NumPy points, for drawing."""
    return lambda points: critic(torch.as_tensor(points, dtype=torch.float32)).detach()


@torch.no_grad()
def wrong_pairs(critic: nn.Module, real: Tensor, fake: Tensor) -> float:
    """Return the mass of an optimal plan that lies on pairs whose fake point scores higher."""
    plan = transport.optimal_plan(real, fake).matrix  # (n, n)
    rise = critic(real)[:, None] - critic(fake)[None, :]
    return float(plan[rise.numpy() < 0].sum())


def play(
    seed: int, arm: Arm, *, n_steps: int = N_STEPS, look: Callable[..., object] | None = None
) -> training.History:
    """Train by Algorithm 1 of Gulrajani et al. (2017) with its published values."""
    generator, critic, real = start(seed)

    def guard(critic: nn.Module, clip_value: float) -> None:
        if estimate(critic, real[:256], sample(generator, 256)) < 0:
            flip_(critic)

    return training.train(
        generator,
        critic,
        real,
        training.TrainConfig(
            n_steps=n_steps, gp_weight=arm.gp_weight, seed=seed, log_every=1, checkpoint_every=1
        ),
        penalty=partial(gradient_penalty, one_sided=arm.one_sided),
        project=guard if arm.guarded else None,
        callback=look,
        progress=False,
    )


def game(seed: int, arm: Arm, *, n_steps: int = N_STEPS) -> tuple[list[dict], list[dict]]:
    """Play one game; return a row every 50 steps, and the first state with a wrong critic."""
    rows, caught, real = [], [], start(seed)[2]

    def look(step: int, generator: nn.Module, critic: nn.Module) -> None:
        if step % 5 == 0 and step >= 100 and not caught:
            fake = sample(generator)
            w1 = transport.exact_w1(real[:512], fake)
            if estimate(critic, real[:512], fake) < WRONG * w1:
                caught.append({"step": step, "w1": w1, "nets": copy.deepcopy((generator, critic))})
        if step % EVERY == 0:
            many, fake = sample(generator, 2048), sample(generator)
            seen = metrics.mode_coverage(many, data.ring_centres(), data.RING_STD)
            rows.append(
                {
                    "seed": seed,
                    "step": step,
                    "exact_w1": transport.exact_w1(real[:512], fake),
                    "wrong_pairs": wrong_pairs(critic, real[:512], fake),
                    "modes": seen.modes_covered,
                    "high_quality_share": seen.high_quality_share,
                }
            )

    history = play(seed, arm, n_steps=n_steps, look=look)
    for row in rows:
        window = torch.tensor(history.w1_estimate[row["step"] - EVERY : row["step"]])
        row |= {"w1_estimate": window.mean().item(), "negative_steps": int((window < 0).sum())}
    return rows, caught


def train_on(
    generator: nn.Module, critic: nn.Module, real: Tensor, arm: Arm, *, n_steps: int = 500
) -> list[float]:
    """Train a copy of the critic alone; return its estimate on 512 points every 25 steps."""
    critic, fixed, done = copy.deepcopy(critic), sample(generator), count(1)
    values = [estimate(critic, real[:512], fixed)]

    def look(critic: nn.Module, clip_value: float) -> None:
        if next(done) % 25 == 0:
            values.append(estimate(critic, real[:512], fixed))

    training.train_critic(
        critic,
        real,
        lambda n, rng: generator(generator.sample_latent(n, rng)),
        training.TrainConfig(n_steps=n_steps, gp_weight=arm.gp_weight),
        penalty=partial(gradient_penalty, one_sided=arm.one_sided),
        project=look,
    )
    return values


def release(seed: int, state: dict) -> list[dict]:
    """Train a caught critic on in four ways, the generator standing still."""
    (generator, critic), real = state["nets"], start(seed)[2]
    ways = {
        "two-sided λ=10": (critic, Arm()),
        "two-sided λ=1": (critic, Arm(gp_weight=1.0)),
        "one-sided λ=10": (critic, Arm(one_sided=True)),
        "flipped two-sided λ=10": (flip_(copy.deepcopy(critic)), Arm()),
    }
    rows = []
    for name, (begin, arm) in ways.items():
        for k, value in enumerate(train_on(generator, begin, real, arm)):
            about = {"arm": name, "seed": seed, "caught_at": state["step"], "exact_w1": state["w1"]}
            rows.append({**about, "critic_step": 25 * k, "w1_estimate": value})
    return rows


def new_critic(seed: int, **sizes: int) -> models.MLPCritic:
    """Return an untrained critic, fixed by the seed."""
    torch.manual_seed(seed)
    return models.MLPCritic(**sizes)


def fit(
    critic: nn.Module, real: Tensor, fake: Callable[..., Tensor], n_steps: int, **options
) -> nn.Module:
    """Train a critic; options are numbers of the configuration, or ways to train."""
    ways = ("penalty", "project", "optimizer")
    how = {name: options.pop(name) for name in ways if name in options}
    config = training.TrainConfig(n_steps=n_steps, **options)
    training.train_critic(critic, real, fake, config, **how)
    return critic


def blurred(law: Callable[..., Tensor], n: int, rng: torch.Generator | None = None) -> Tensor:
    """Draw from a law in the plane plus standard normal noise."""
    return law(n, rng=rng) + torch.randn(n, 2, generator=rng)


def judge(critic: nn.Module, real: Tensor, fake: Tensor) -> tuple[float, ...]:
    """Read the meter at four kinds of points and overall; compare with the exact critic."""
    rng = torch.Generator().manual_seed(0)
    reading = lipschitz_meter(critic, real, fake, rng=rng)
    norms = [getattr(reading, kind).mean().item() for kind in ("real", "fake", "mixed", "far")]
    points = torch.cat([real, fake])
    exact = dual.exact_critic(real, fake)(points)
    right = np.corrcoef(critic(points).detach(), exact)[0, 1]
    value = estimate(critic, real, fake)
    return *norms, reading.constant, value, right, wrong_pairs(critic, real, fake)


def stored(name: str) -> np.ndarray:
    """Read one of the two tables, ``results`` or ``frozen``."""
    return read_table(FOLDER / f"{name}.csv")


def column(table: np.ndarray, arm: str, name: str) -> np.ndarray:
    """Return one column of an arm, a row for each seed."""
    chosen = table[table["arm"] == arm]
    return chosen[name].reshape(len(np.unique(chosen["seed"])), -1)


def span(values: np.ndarray, form: str) -> str:
    """Write the median and, in brackets, the smallest and the largest."""
    return f"{np.median(values):{form}} ({values.min():{form}}-{values.max():{form}})"


def main() -> None:
    """Make all of it."""
    torch.set_num_threads(1)
    log, games, frozen = Log(), [], []
    for name, arm in ARMS.items():
        for seed in SEEDS:
            rows, caught = game(seed, arm)
            games += [{"arm": name, **row} for row in rows]
            if arm == Arm():
                frozen += [row for state in caught for row in release(seed, state)]
            last = rows[-1]
            print(name, seed, sum(r["negative_steps"] for r in rows), last, flush=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_table(FOLDER / "results.csv", games)
    write_table(FOLDER / "frozen.csv", frozen)
    log.store(
        FOLDER,
        command="python book/runs/ch07_sign_trap.py",
        seed=list(SEEDS),
        data="gaussian_ring, 8,192 points a seed",
    )


if __name__ == "__main__":
    main()

"""Play the GAN games of chapter 5 on the ring of eight: rates, losses, starts, and the R1 penalty.

Fills `results.csv` (a look a row, every 20 generator steps) and `distances.csv` (the exact W₁ every
500). One thread, about four minutes. Data, networks, latents and seeds are the chapter's own, and
its `play_on_ring` is the loop of `watch`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from wganlib import data, lipschitz, losses, metrics, models, training, transport

from .experiment import Experiment
from .provenance import Log
from .tables import read_rows, write_table

SEEDS, EVERY, FAR, POINTS, SAMPLES = range(5), 20, 500, 512, 2500
FAST, SLOW = 1e-3, 2e-4
SHORT, LONG = 1000, 2500  # 500 steps at the fast rate go as far as 2,500 at the slow one
NUMBERS = {"n_critic": 1, "beta1": 0.5, "log_every": EVERY, "checkpoint_every": EVERY}


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to play.

    Attributes
    ----------
    objective : str
        A name of `wganlib.losses.OBJECTIVES`.
    learning_rate : float
        Of both players.
    r1 : float
        The weight γ of the R1 penalty, which adds γ/2 times the critic's mean squared slope at
        real points to its loss.
    widen : float
        Factor of the weights of the generator's last layer before the first step.
    spread : float
        How many times its latent a generator adds to each sample. Unlike `widen` it leaves alone
        how far a step moves the samples; but it stays for the whole game.
    imitate : int
        Steps in which the generator learns to return its latent, before the game. It starts wide,
        with weights of the usual size, and nothing of it stays but the start.
    n_steps : int
        Generator steps.
    """

    objective: str = "non-saturating"
    learning_rate: float = SLOW
    r1: float = 0.0
    widen: float = 1.0
    spread: float = 0.0
    imitate: int = 0
    n_steps: int = SHORT


ARMS = {
    "non-saturating 0.001": Arm(learning_rate=FAST),
    "non-saturating 0.0002": Arm(n_steps=LONG),
    "R1 0.0002": Arm(r1=1.0),
    "minimax 0.001": Arm(objective="minimax", learning_rate=FAST),
    "minimax 0.0002": Arm(objective="minimax"),
    "latent added 0.0002": Arm(spread=1.0),
    "last layer times 20 0.001": Arm(learning_rate=FAST, widen=20.0),
    "latent imitated 0.0002": Arm(imitate=500),
}


class Spread(models.MLPGenerator):
    """A generator that adds its latent, times a factor, to what its layers make of it."""

    factor: float = 0.0

    def forward(self, latent: Tensor) -> Tensor:
        """Return one sample for each latent; both have shape ``(batch, 2)``."""
        return super().forward(latent) + self.factor * latent


def r1_penalty(
    critic: nn.Module, real: Tensor, fake: Tensor, *, rng: torch.Generator | None = None
) -> Tensor:
    """Return the critic's mean squared slope at real points; Mescheder et al. (2018), equation 9.

    Parameters
    ----------
    critic : nn.Module
        Maps points to scores.
    real, fake : Tensor, shape (batch, 2)
        Points; the fakes are not looked at.
    rng : torch.Generator, optional
        Not used: nothing is drawn.
    """
    return lipschitz.gradient_norms(critic, real, create_graph=True).square().mean()


def untrained_pair(seed: int, arm: Arm) -> tuple[Spread, models.MLPCritic]:
    """Return both players with initial weights fixed by the seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator, critic = Spread(width=64), models.MLPCritic(width=64)
    generator.factor = arm.spread
    generator.layers[-1].weight.data.mul_(arm.widen)
    imitate_latent_(generator, arm.imitate, torch.Generator().manual_seed(seed))
    return generator, critic


def imitate_latent_(generator: nn.Module, n_steps: int, rng: torch.Generator) -> None:
    """Teach a generator to return its latent, in place."""
    optimizer = torch.optim.Adam(generator.parameters(), lr=FAST)
    for _ in range(n_steps):
        latent = generator.sample_latent(256, rng)
        loss = (generator(latent) - latent).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def watch(seed: int, arm: Arm, *, n_steps: int | None = None) -> tuple[list[dict], list[dict]]:
    """Train once; return a row for each look, and the exact W₁ at every 500th step."""
    rows, far, centres = [], [], data.ring_centres()
    real = data.gaussian_ring(20_000, rng=torch.Generator().manual_seed(0))
    generator, critic = untrained_pair(seed, arm)
    latent = generator.sample_latent(SAMPLES, torch.Generator().manual_seed(seed))

    @torch.no_grad()
    def look(step: int, generator: nn.Module, critic: nn.Module) -> None:
        fake = generator(latent)
        modes, mean = metrics.mode_coverage(fake, centres, data.RING_STD), fake.mean(dim=0)
        rows.append({
            "seed": seed, "step": step, "modes": modes.modes_covered,
            "quality": modes.high_quality_share, "kl": modes.histogram_kl,
            "mean_x": mean[0].item(), "mean_y": mean[1].item(),
            "belief": critic(fake).sigmoid().mean().item(),
        })  # fmt: skip
        if step % FAR == 0:
            w1 = transport.exact_w1(real[:POINTS], fake[:POINTS])
            far.append({"seed": seed, "step": step, "exact_w1": w1})

    config = training.TrainConfig(
        n_steps=n_steps or arm.n_steps, learning_rate=arm.learning_rate, seed=seed,
        gp_weight=arm.r1 / 2, **NUMBERS,
    )  # fmt: skip
    how = {"penalty": r1_penalty if arm.r1 else None, "callback": look, "progress": False}
    objective = losses.OBJECTIVES[arm.objective]
    training.train(generator, critic, real, config, objective=objective, **how)
    return rows, far


def fill(folder: Path, log: Log) -> None:
    """Play all games from all seeds and store what was seen."""
    table, distances = folder / "results.csv", folder / "distances.csv"
    rows, far = read_rows(table), read_rows(distances)  # of a start that was cut off
    done = {row["arm"] for row in rows} & {row["arm"] for row in far}
    rows, far = ([row for row in kept if row["arm"] in done] for kept in (rows, far))
    for name, arm in ARMS.items():
        if name in done:
            continue
        for seed in SEEDS:
            seen, ends = watch(seed, arm)
            rows += [{"arm": name, **row} for row in seen]
            far += [{"arm": name, **row} for row in ends]
            logging.getLogger(__name__).info("%s, %s, %s", name, seen[-1], ends[-1])
        write_table(table, rows)
        write_table(distances, far)


EXPERIMENT = Experiment(
    name="ch05-ring",
    about="chapter 5: GAN games on the ring, at two rates, with R1, and from wide starts",
    fill=fill,
    files=("results.csv", "distances.csv"),
    seed=list(SEEDS),
    data="gaussian_ring, 8 modes, 20,000 points",
)

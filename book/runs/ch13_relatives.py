"""Ask when the relatives of the Wasserstein loss play another game than it.

Usage: python book/runs/ch13_relatives.py
Writes `ch13-relatives/results.csv` (a game on the ring of eight for each objective, slope, number
of critic steps and seed) and `ch13-relatives/provenance.json`. One thread, about ten minutes.

The critic is a network with spectral norm, whose slope is at most 1, times the bound K.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from provenance import Log
from torch import Tensor, nn

from wganlib import data, lipschitz, metrics, models, training, transport
from wganlib.losses import OBJECTIVES

FOLDER = Path(__file__).resolve().parent / "ch13-relatives"
PLAYED = ("wasserstein", "hinge", "relativistic", "relativistic-average", "non-saturating")
SLOPES = {1: (0.1, 0.3, 1.0, 3.0, 10.0, 30.0), 5: (0.1, 1.0, 10.0)}  # for each n_critic
SEEDS = range(5)
N_STEPS, EVERY, POINTS = 400, 20, 512


class SteepCritic(nn.Module):
    """A critic whose slope is at most ``steepness``."""

    def __init__(self, steepness: float) -> None:
        super().__init__()
        self.steepness = steepness
        self.unit = lipschitz.spectral_norm_(models.MLPCritic(width=64, depth=2))

    def forward(self, x: Tensor) -> Tensor:
        """Map samples ``(batch, 2)`` to scores ``(batch,)``."""
        return self.steepness * self.unit(x)


def start(seed: int, steepness: float) -> tuple[nn.Module, nn.Module, Tensor]:
    """Return an untrained generator and critic, and 8,192 points of the ring."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator, critic = models.MLPGenerator(width=64, depth=2), SteepCritic(steepness)
    return generator, critic, data.gaussian_ring(8192, rng=torch.Generator().manual_seed(seed))


def play(
    objective: str, steepness: float, seed: int, *, n_critic: int = 1, n_steps: int = N_STEPS
) -> tuple[nn.Module, nn.Module, list[dict]]:
    """Play one game; return its players and a row every 20 generator steps."""
    generator, critic, real = start(seed, steepness)
    latent = generator.sample_latent(POINTS, torch.Generator().manual_seed(100 + seed))
    rows = []

    @torch.no_grad()
    def look(step: int, generator: nn.Module, critic: nn.Module) -> None:
        fake = generator(latent)
        scores = torch.cat([critic(real[:POINTS]), critic(fake)])
        seen = metrics.mode_coverage(fake, data.ring_centres(), data.RING_STD)
        rows.append(
            {
                "step": step,
                "exact_w1": transport.exact_w1(real[:POINTS], fake),
                "largest_score": scores.abs().max().item(),
                "modes": seen.modes_covered,
            }
        )

    config = training.TrainConfig(
        n_steps=n_steps, n_critic=n_critic, learning_rate=2e-3, seed=seed,
        log_every=EVERY, checkpoint_every=EVERY,
    )  # fmt: skip
    training.train(
        generator, critic, real, config,
        objective=OBJECTIVES[objective], callback=look, progress=False,
    )  # fmt: skip
    return generator, critic, rows


def games() -> Iterator[tuple[str, float, int, int]]:
    """Name every game: objective, slope, seed, critic steps."""
    for n_critic, slopes in SLOPES.items():
        for objective, slope, seed in itertools.product(PLAYED, slopes, SEEDS):
            yield objective, slope, seed, n_critic


def result(objective: str, slope: float, seed: int, n_critic: int) -> dict:
    """Play one game and sum it up: the distance is averaged over the last quarter."""
    rows = play(objective, slope, seed, n_critic=n_critic)[2]
    late = [row for row in rows if row["step"] > 3 * N_STEPS // 4]
    return {
        "objective": objective, "slope": slope, "n_critic": n_critic, "seed": seed,
        "exact_w1": np.mean([row["exact_w1"] for row in late]),
        "w1_step_60": next(row["exact_w1"] for row in rows if row["step"] == 60),
        "largest_score": max(row["largest_score"] for row in rows),
        "modes": late[-1]["modes"],
    }  # fmt: skip


def stored() -> np.ndarray:
    """Load the rows as a structured array."""
    path = FOLDER / "results.csv"
    return np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding="utf8")


def main() -> None:
    """Play all games and store what they gave."""
    torch.set_num_threads(1)
    log = Log()
    FOLDER.mkdir(exist_ok=True)
    rows = [result(*game) for game in games()]
    with (FOLDER / "results.csv").open("w", newline="", encoding="utf8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})
    log.store(
        FOLDER, command="python book/runs/ch13_relatives.py", seed=list(SEEDS),
        data="ring of eight Gaussians",
    )  # fmt: skip


if __name__ == "__main__":
    main()

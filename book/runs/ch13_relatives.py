"""Ask when the relatives of the Wasserstein loss play another game than it.

Usage: python book/runs/ch13_relatives.py
Writes `ch13-relatives/results.csv` (a game on the ring of eight for each objective, bound on the
slope and seed) and `ch13-relatives/provenance.json`. One thread, half a minute.

The critic is a ReLU network with spectral norm, whose slope is at most 1, times the bound K. All
games are played at once, their weights stacked along a first axis; games of one seed start from
the same weights and see the same batches.
"""

from __future__ import annotations

import csv
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from provenance import Log
from torch import Tensor

from wganlib import data, metrics, models, transport
from wganlib.losses import OBJECTIVES

FOLDER = Path(__file__).resolve().parent / "ch13-relatives"
PLAYED = ("wasserstein", "hinge", "relativistic", "relativistic-average")
SLOPES = (0.1, 1.0, 10.0)
SEEDS = range(5)
N_STEPS, BATCH, POINTS = 400, 64, 256
LOOKS = (60, *range(310, N_STEPS + 1, 30))  # generator steps
ADAM = {"lr": 2e-3, "betas": (0.0, 0.9)}


@dataclass(frozen=True, kw_only=True)
class Games:
    """Which games are played: the same seeds for each objective and bound on the slope."""

    played: tuple[str, ...] = PLAYED
    slopes: tuple[float, ...] = SLOPES
    seeds: tuple[int, ...] = tuple(SEEDS)

    def names(self) -> list[tuple[str, float, int]]:
        """Name the games in the order in which they are stacked."""
        return list(itertools.product(self.played, self.slopes, self.seeds))

    def spread(self, of_seeds: Tensor) -> Tensor:
        """Give every game what belongs to its seed: ``(seeds, ...) -> (games, ...)``."""
        copies = len(self.played) * len(self.slopes)
        return of_seeds.repeat(copies, *[1] * (of_seeds.ndim - 1))

    def weights(self, kind: type) -> list[Tensor]:
        """Stack the initial weights of `wganlib`'s networks, one for each seed."""
        stacks = []
        with torch.random.fork_rng():
            for seed in self.seeds:
                torch.manual_seed(seed)
                stacks.append([p.detach() for p in kind(width=64, depth=2).parameters()])
        layers = [torch.stack(layer) for layer in zip(*stacks, strict=True)]
        return [self.spread(layer).clone().requires_grad_() for layer in layers]


def forward(weights: list[Tensor], x: Tensor, norms: list[Tensor] | None = None) -> Tensor:
    """Run stacked ReLU networks: ``(games, batch, in) -> (games, batch, out)``."""
    for layer in range(len(weights) // 2):
        matrix, bias = weights[2 * layer], weights[2 * layer + 1]
        if norms is not None:
            matrix = matrix / norms[layer]
        x = torch.baddbmm(bias[:, None], x, matrix.transpose(1, 2))
        x = torch.relu(x) if 2 * layer + 2 < len(weights) else x
    return x


def spectral_norms(weights: list[Tensor], memory: list[Tensor], rounds: int = 3) -> list[Tensor]:
    """Largest singular values by power iteration, which goes on from ``memory``."""
    norms = []
    for layer, matrix in enumerate(weights[::2]):
        with torch.no_grad():
            for _ in range(rounds):
                left = torch.nn.functional.normalize(matrix @ memory[layer], dim=1)
                memory[layer] = torch.nn.functional.normalize(matrix.mT @ left, dim=1)
        norms.append((left * (matrix @ memory[layer])).sum(dim=1, keepdim=True))
    return norms


class Play:
    """All games at one moment."""

    def __init__(self, games: Games) -> None:
        self.games = games
        self.generator, self.critic = (
            games.weights(kind) for kind in (models.MLPGenerator, models.MLPCritic)
        )
        self.steepness = torch.tensor([slope for _, slope, _ in games.names()])[:, None]
        self.memory = [torch.ones_like(w[:, :1]).mT.contiguous() for w in self.critic[::2]]
        with torch.no_grad():
            spectral_norms(self.critic, self.memory, rounds=50)
        self.rngs = [torch.Generator().manual_seed(1000 + seed) for seed in games.seeds]
        self.optimizers = [
            torch.optim.Adam(side, **ADAM, foreach=True) for side in (self.critic, self.generator)
        ]

    def draw(self) -> tuple[Tensor, Tensor]:
        """Draw a real batch and fakes for every game, the same for games of one seed."""
        real = [data.gaussian_ring(BATCH, rng=rng) for rng in self.rngs]
        latent = [torch.randn(BATCH, 2, generator=rng) for rng in self.rngs]
        return tuple(self.games.spread(torch.stack(part)) for part in (real, latent))

    def scores(self, x: Tensor) -> Tensor:
        """Score samples: ``(games, batch, 2) -> (games, batch)``."""
        norms = spectral_norms(self.critic, self.memory)
        return self.steepness * forward(self.critic, x, norms).squeeze(2)

    def losses(self, side: str, real: Tensor, fake: Tensor) -> Tensor:
        """Sum of one side's losses over all games, each with its own objective."""
        each = len(real) // len(self.games.played)
        groups = zip(self.games.played, real.split(each), fake.split(each), strict=True)
        return sum(torch.vmap(getattr(OBJECTIVES[name], side))(r, f).sum() for name, r, f in groups)

    def step(self, n_critic: int = 1) -> None:
        """Take n_critic critic steps and one generator step in every game."""
        for turn in range(n_critic + 1):
            side = "critic_loss" if turn < n_critic else "generator_loss"
            optimizer = self.optimizers[turn == n_critic]
            real, latent = self.draw()
            with torch.set_grad_enabled(turn == n_critic):
                fake = forward(self.generator, latent)
            both = self.scores(torch.cat([real, fake], dim=1))
            loss = self.losses(side, both[:, :BATCH], both[:, BATCH:])
            optimizer.zero_grad()
            loss.backward(inputs=self.critic if turn < n_critic else self.generator)
            optimizer.step()


@torch.no_grad()
def look(play: Play) -> list[dict]:
    """Measure every game on samples of its own."""
    rng = torch.Generator().manual_seed(0)
    real = data.gaussian_ring(POINTS, rng=rng)
    fakes = forward(play.generator, torch.randn(1, POINTS, 2, generator=rng).expand(
        len(play.steepness), -1, -1))  # fmt: skip
    both = torch.cat([real.expand_as(fakes), fakes], dim=1)
    heights = play.scores(both).abs().amax(dim=1)
    return [
        {
            "exact_w1": transport.exact_w1(real, fake),
            "modes": metrics.mode_coverage(fake, data.ring_centres(), data.RING_STD).modes_covered,
            "largest_score": height.item(),
        }
        for fake, height in zip(fakes, heights, strict=True)
    ]


def results(games: Games, n_steps: int = N_STEPS) -> list[dict]:
    """Play; the distance is that at step 60 and the mean over the last quarter."""
    play, seen = Play(games), {}
    for step in range(1, n_steps + 1):
        play.step()
        if step in LOOKS:
            seen[step] = look(play)
    late = [rows for step, rows in seen.items() if step > 3 * N_STEPS // 4] or [seen[60]]
    return [
        {
            "objective": objective, "slope": slope, "seed": seed,
            "w1_step_60": seen[60][i]["exact_w1"],
            "exact_w1": float(np.mean([rows[i]["exact_w1"] for rows in late])),
            "modes": late[-1][i]["modes"],
            "largest_score": max(rows[i]["largest_score"] for rows in seen.values()),
        }
        for i, (objective, slope, seed) in enumerate(games.names())
    ]  # fmt: skip


def stored() -> np.ndarray:
    """Load the rows as a structured array."""
    path = FOLDER / "results.csv"
    return np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding="utf8")


def main() -> None:
    """Play all games and store what they gave."""
    torch.set_num_threads(1)
    log, rows = Log(), results(Games())
    FOLDER.mkdir(exist_ok=True)
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

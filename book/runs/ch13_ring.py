"""Let the relatives of chapter 13 learn the ring of eight, with and without a bound on the slope.

Usage: python book/runs/ch13_ring.py
Writes `ch13-ring/results.csv` (a look a row) and `ch13-ring/provenance.json`. One thread, two
minutes. Nothing is tuned: all games have the same networks, steps and seeds, and differ in the
objective and in whether spectral norm holds the critic's slope to 1.
"""

from __future__ import annotations

from pathlib import Path

import ch07_sign_trap as trap
import torch
from provenance import Log, write_table
from torch import nn

from wganlib import data, losses, metrics, models, training, transport
from wganlib.lipschitz import spectral_norm_

FOLDER = Path(__file__).resolve().parent / "ch13-ring"
SEEDS, N_STEPS, EVERY, POINTS = range(5), 600, 100, 512
NAMES = ("wasserstein", "hinge", "relativistic", "relativistic-average")
BOUNDS = ("spectral norm", "none")
KAPPA = {"relativistic": 0.5}  # slope of the loss at score 0; else 1
NUMBERS = {"learning_rate": 1e-3, "n_critic": 1}


@torch.no_grad()
def look(name: str, generator: nn.Module, critic: nn.Module, real: torch.Tensor) -> dict:
    """Measure a moment of a game: the reading is of the same samples as the exact distance."""
    fake, many = trap.sample(generator, POINTS), trap.sample(generator, 2048)
    scores, loss = (critic(real), critic(fake)), losses.OBJECTIVES[name].critic_loss
    saved = loss(*(0 * side for side in scores)) - loss(*scores)
    seen = metrics.mode_coverage(many, data.ring_centres(), data.RING_STD)
    return {
        "exact_w1": transport.exact_w1(real, fake),
        "reading": saved.item() / KAPPA.get(name, 1.0),
        "w1_estimate": losses.w1_estimate(*scores).item(),
        "modes": seen.modes_covered,
        "high_quality_share": seen.high_quality_share,
    }


def play(name: str, bound: str, seed: int, *, n_steps: int = N_STEPS) -> list[dict]:
    """Play one game; return a row for each look."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator = models.MLPGenerator(width=64, depth=2)
        critic = models.MLPCritic(width=64, depth=2)
    if bound == "spectral norm":
        spectral_norm_(critic)
    real = data.gaussian_ring(8192, rng=torch.Generator().manual_seed(1000 + seed))
    rows = []

    def watch(step: int, generator: nn.Module, critic: nn.Module) -> None:
        about = {"objective": name, "bound": bound, "seed": seed, "step": step}
        critic.eval()  # looking must not move the power iteration
        rows.append(about | look(name, generator, critic, real[:POINTS]))
        critic.train()

    training.train(
        generator,
        critic,
        real,
        training.TrainConfig(
            n_steps=n_steps, seed=seed, log_every=EVERY, checkpoint_every=EVERY, **NUMBERS
        ),
        objective=losses.OBJECTIVES[name],
        callback=watch,
        progress=False,
    )
    return rows


def main() -> None:
    """Play all games and store what was seen."""
    torch.set_num_threads(1)
    log, rows = Log(), []
    for bound in BOUNDS:
        for name in NAMES:
            for seed in SEEDS:
                rows += play(name, bound, seed)
                print(rows[-1], flush=True)
    FOLDER.mkdir(exist_ok=True)
    write_table(FOLDER / "results.csv", rows)
    log.store(
        FOLDER,
        command="python book/runs/ch13_ring.py",
        seed=list(SEEDS),
        data="gaussian_ring, 8 modes, 8,192 points a seed",
    )


if __name__ == "__main__":
    main()

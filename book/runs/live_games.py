"""Three games on the ring of eight, looked at often enough to be played back.

Usage: python book/runs/live_games.py
Writes `live-games/results.csv` (a look a row), `live-games/frames.safetensors` (samples and critic
at every look) and `live-games/provenance.json`. One thread, about five minutes.

All three games have the networks, the data, the latents and the seed of chapter 7's games; they
differ in what their papers change. The step size of the clipped game is chapter 6's, ten times its
paper's, whose 5e-5 would need more steps than anybody wants to watch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import ch07_sign_trap as trap
import numpy as np
import safetensors.torch
import torch
from live_critics import grid
from provenance import Log, read_table, write_table
from torch import Tensor, nn

from wganlib import data, lipschitz, losses, metrics, training, transport

FOLDER = Path(__file__).resolve().parent / "live-games"
SEED, N_STEPS, POINTS = 0, 800, 512
LOOKS = (1, *range(10, 100, 10), *range(100, N_STEPS + 1, 20))  # generator steps
DRAWN, SIDE, LIMIT = 200, 25, 2.2  # samples and squares a frame; half the map's width, data units
CLIPPED = {"project": lipschitz.clip_weights_, "optimizer": training.rmsprop}
ONE_SIDED = partial(lipschitz.gradient_penalty, one_sided=True)
GAMES = {  # name: (numbers, ways)
    "GAN": (
        {"n_critic": 1, "learning_rate": 2e-4, "beta1": 0.5, "beta2": 0.999},
        {"objective": losses.OBJECTIVES["non-saturating"]},
    ),
    "WGAN": ({"learning_rate": 5e-4}, CLIPPED),
    "WGAN-GP": ({"gp_weight": 10.0}, {"penalty": ONE_SIDED}),
}


def estimate(name: str, real: Tensor, fake: Tensor) -> float:
    """Turn scores into what the critic reports: of W₁, and in the GAN of JS, (V + log 4)/2."""
    if name == "GAN":
        loss = losses.OBJECTIVES["non-saturating"].critic_loss(real, fake).item()
        return (math.log(4) - loss) / 2
    return losses.w1_estimate(real, fake).item()


@torch.no_grad()
def look(name: str, generator: nn.Module, critic: nn.Module, real: Tensor) -> tuple[dict, dict]:
    """Measure a moment of a game; return its row and its frame."""
    fake = trap.sample(generator, POINTS)
    many = trap.sample(generator, 2048)
    row = {
        "exact_w1": transport.exact_w1(real, fake),
        "estimate": estimate(name, critic(real), critic(fake)),
        "modes": metrics.mode_coverage(many, data.ring_centres(), data.RING_STD).modes_covered,
    }
    scores = critic(grid(SIDE, LIMIT))
    frame = {"fake": fake[:DRAWN].clone(), "scores": scores.view(SIDE, SIDE)}
    return row | {"low": scores.min().item(), "high": scores.max().item()}, frame


def play(
    name: str, *, n_steps: int = N_STEPS, seen: Callable[..., object] | None = None
) -> tuple[list[dict], dict[str, Tensor]]:
    """Play one game; return a row for each look, and all frames in one tensor each."""
    generator, critic, real = trap.start(SEED)
    numbers, ways = GAMES[name]
    rows, frames = [], []

    def watch(step: int, generator: nn.Module, critic: nn.Module) -> None:
        if step in LOOKS:
            row, frame = look(name, generator, critic, real[:POINTS])
            rows.append({"game": name, "step": step} | row)
            frames.append(frame)
            if seen is not None:
                seen(rows[-1])

    config = training.TrainConfig(
        n_steps=n_steps, seed=SEED, log_every=1, checkpoint_every=1, **numbers
    )
    training.train(generator, critic, real, config, callback=watch, progress=False, **ways)
    return rows, {key: torch.stack([f[key] for f in frames]) for key in frames[0]}


def stored() -> tuple[np.ndarray, dict[str, Tensor]]:
    """Read what `main` wrote: the table and the frames."""
    return read_table(FOLDER / "results.csv"), safetensors.torch.load_file(
        FOLDER / "frames.safetensors"
    )


def main() -> None:
    """Play all games and store them."""
    torch.set_num_threads(1)
    log, rows, tensors = Log(), [], {"real": trap.start(SEED)[2][:DRAWN].clone()}
    for name in GAMES:
        table, frames = play(name, seen=print)
        rows += table
        tensors |= {f"{name} {key}": value.half() for key, value in frames.items()}
    FOLDER.mkdir(exist_ok=True)
    write_table(FOLDER / "results.csv", rows)
    safetensors.torch.save_file(tensors, FOLDER / "frames.safetensors")
    log.store(
        FOLDER,
        command="python book/runs/live_games.py",
        seed=SEED,
        data="gaussian_ring, 8 modes, 8,192 points",
    )


if __name__ == "__main__":
    main()

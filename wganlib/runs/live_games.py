"""GAN, WGAN and WGAN-GP on the ring of eight, looked at often enough to be played back.

Fills `results.csv` (a look a row) and `frames.safetensors` (samples and critic at every look). One
thread, about five minutes.

All three have the networks, the data, the latents and the seed of chapter 7's trainings; they
differ in what their papers change. The step size of the clipped one is chapter 6's, ten times its
paper's, whose 5e-5 would need more steps than anybody wants to watch.
"""

from __future__ import annotations

import logging
import math
from functools import partial
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from wganlib import lipschitz, losses, records, training, transport
from wganlib._files import atomic_write

from . import tables, toys
from .experiment import Experiment
from .provenance import Log

SEED, N_STEPS, POINTS = 0, 800, 512
LOOKS = (1, *range(10, 100, 10), *range(100, N_STEPS + 1, 20))  # generator steps
DRAWN, SIDE, LIMIT = 200, 25, 2.2  # samples and squares a frame; half the map's width, data units
CLIPPED = {"project": lipschitz.clip_weights_, "optimizer": training.rmsprop}
ONE_SIDED = partial(lipschitz.gradient_penalty, one_sided=True)
METHODS = {  # name: (numbers, ways)
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
    """Measure one moment of a training; return its row and its frame."""
    fake, scores = toys.sample(generator, POINTS), critic(toys.grid(SIDE, LIMIT))
    row = {
        "exact_w1": transport.exact_w1(real, fake),
        "estimate": estimate(name, critic(real), critic(fake)),
        "modes": toys.ring_coverage(generator).modes_covered,
    }
    frame = {"fake": fake[:DRAWN].clone(), "scores": scores.view(SIDE, SIDE)}
    return row | {"low": scores.min().item(), "high": scores.max().item()}, frame


def watch(name: str, *, n_steps: int = N_STEPS) -> tuple[list[dict], dict[str, Tensor]]:
    """Train by one method; return a row for each look, and all frames in one tensor each."""
    (generator, critic), real = toys.untrained_pair(SEED, width=128), toys.ring_points(SEED)
    numbers, ways = METHODS[name]
    rows, frames = [], []

    def callback(step: int, generator: nn.Module, critic: nn.Module) -> None:
        if step in LOOKS:
            row, frame = look(name, generator, critic, real[:POINTS])
            rows.append({"game": name, "step": step} | row)
            frames.append(frame)
            logging.getLogger(__name__).info("%s", rows[-1])

    config = training.TrainConfig(
        n_steps=n_steps, seed=SEED, log_every=1, checkpoint_every=1, **numbers
    )
    training.train(generator, critic, real, config, callback=callback, progress=False, **ways)
    return rows, {key: torch.stack([f[key] for f in frames]) for key in frames[0]}


def stored() -> tuple[np.ndarray, dict[str, Tensor]]:
    """Read the stored table and frames."""
    folder = records.run_folder(EXPERIMENT.name)
    frames = safetensors.torch.load_file(folder / "frames.safetensors")
    return tables.read_table(folder / "results.csv"), frames


def fill(folder: Path, log: Log) -> None:
    """Train by all methods and store what was seen."""
    rows, tensors = [], {"real": toys.ring_points(SEED)[:DRAWN].clone()}
    for name in METHODS:
        seen, frames = watch(name)
        rows += seen
        tensors |= {f"{name} {key}": value.half() for key, value in frames.items()}
    tables.write_table(folder / "results.csv", rows)
    atomic_write(folder / "frames.safetensors", safetensors.torch.save(tensors))


EXPERIMENT = Experiment(
    name="live-games",
    about="chapter 7, to play back: GAN, WGAN and WGAN-GP on the ring of eight",
    fill=fill,
    files=("results.csv", "frames.safetensors"),
    seed=SEED,
    data="gaussian_ring, 8 modes, 8,192 points",
)

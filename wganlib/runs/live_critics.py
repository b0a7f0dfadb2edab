"""One critic for each constraint and each strength, on the ring of eight against a blurred ring.

Fills `results.csv` (a critic a row) and `maps.safetensors` (its scores and slopes on a grid). One
thread, about four minutes.

The set-up is that of chapter 7's surfaces: the fakes stand still, real points plus N(0, I). Every
clipped critic crosses its box in the same number of steps, because its step size is c/200, which at
c = 0.01 is the 5e-5 of Arjovsky et al. (2017).
"""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from wganlib import data, lipschitz, records, training, transport
from wganlib._files import atomic_write

from . import tables, toys
from .experiment import Experiment
from .provenance import Log

SEED, N_STEPS, BATCH, POINTS = 0, 1_500, 128, 512
DRAWN, SIDE, LIMIT = 160, 45, 2.6  # points and squares of a map; half its width, data units
CLIPS = (0.003, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2)
WEIGHTS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
WAYS = {"clipping": CLIPS, "one-sided": WEIGHTS, "two-sided": WEIGHTS}


def laws() -> tuple[Tensor, Tensor]:
    """Return 4,096 real points and 512 fakes, fixed."""
    rng = torch.Generator().manual_seed(7)
    real = data.gaussian_ring(4096, rng=rng)
    return real, toys.blurred(data.gaussian_ring, POINTS, rng=rng)


def train(way: str, strength: float, real: Tensor, *, n_steps: int = N_STEPS) -> nn.Module:
    """Train one critic, the fakes standing still."""
    if way == "clipping":
        numbers = {"clip_value": strength, "learning_rate": strength / 200}
        how = {"project": lipschitz.clip_weights_, "optimizer": training.rmsprop}
    else:
        numbers = {"gp_weight": strength, "learning_rate": 1e-3}
        how = {"penalty": partial(lipschitz.gradient_penalty, one_sided=way == "one-sided")}
    critic, fake = toys.untrained_critic(SEED), partial(toys.blurred, data.gaussian_ring)
    config = training.TrainConfig(n_steps=n_steps, batch_size=BATCH, seed=SEED, **numbers)
    training.train_critic(critic, real, fake, config, **how)
    return critic


def measure(critic: nn.Module, real: Tensor, fake: Tensor) -> tuple[dict, dict[str, Tensor]]:
    """Measure a critic; return numbers, and its scores and slopes on the grid."""
    points = toys.grid(SIDE, LIMIT)
    meter = lipschitz.lipschitz_meter(critic, real, fake, rng=torch.Generator().manual_seed(0))
    numbers = {
        "estimate": toys.estimate(critic, real, fake),
        "slope": meter.mixed.mean().item(),
        "steepest": meter.constant,
    }
    return numbers, {
        "scores": critic(points).detach().view(SIDE, SIDE),
        "slopes": lipschitz.gradient_norms(critic, points).view(SIDE, SIDE),
    }


def stored() -> tuple[np.ndarray, dict[str, Tensor]]:
    """Read the stored table and maps."""
    folder = records.run_folder(EXPERIMENT.name)
    maps = safetensors.torch.load_file(folder / "maps.safetensors")
    return tables.read_table(folder / "results.csv"), maps


def fill(folder: Path, log: Log) -> None:
    """Train and measure all critics."""
    rows, maps = [], {"scores": [], "slopes": []}
    real, fake = laws()
    exact = transport.exact_w1(real[:POINTS], fake)
    for way, strengths in WAYS.items():
        for strength in strengths:
            critic = train(way, strength, real)
            numbers, pictures = measure(critic, real[:POINTS], fake)
            rows.append({"way": way, "strength": strength, "exact_w1": exact} | numbers)
            logging.getLogger(__name__).info("%s", rows[-1])
            for key, value in pictures.items():
                maps[key].append(value)
    tables.write_table(folder / "results.csv", rows)
    tensors = {key: torch.stack(value).float() for key, value in maps.items()}
    tensors |= {"real": real[:DRAWN].clone(), "fake": fake[:DRAWN].clone()}
    atomic_write(folder / "maps.safetensors", safetensors.torch.save(tensors))


EXPERIMENT = Experiment(
    name="live-critics",
    about="chapter 7, to play with: one critic for each constraint and each strength",
    fill=fill,
    files=("results.csv", "maps.safetensors"),
    seed=SEED,
    data="gaussian_ring, 8 modes, 4,096 points, against fresh points plus N(0, I)",
)

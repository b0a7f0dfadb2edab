"""One critic for each leash and each strength, on the ring of eight against the ring plus noise.

Usage: python book/runs/live_critics.py
Writes `live-critics/results.csv` (a critic a row), `live-critics/maps.safetensors` (its scores and
slopes on a grid) and `live-critics/provenance.json`. One thread, about four minutes.

The set-up is that of chapter 7's surfaces: the fakes stand still, real points plus N(0, I). Every
clipped critic crosses its box in the same number of steps, because its step size is c/200, which at
c = 0.01 is the 5e-5 of Arjovsky et al. (2017).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import ch07_sign_trap as trap
import numpy as np
import safetensors.torch
import torch
from provenance import Log, read_table, write_table
from torch import Tensor, nn

from wganlib import data, lipschitz, training, transport

FOLDER = Path(__file__).resolve().parent / "live-critics"
SEED, N_STEPS, BATCH, POINTS = 0, 1_500, 128, 512
DRAWN, SIDE, LIMIT = 160, 45, 2.6  # points and squares of a map; half its width, data units
CLIPS = (0.003, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2)
WEIGHTS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
WAYS = {"clipping": CLIPS, "one-sided": WEIGHTS, "two-sided": WEIGHTS}


def laws() -> tuple[Tensor, Tensor]:
    """Return 4,096 real points and 512 fakes, fixed."""
    rng = torch.Generator().manual_seed(7)
    real = data.gaussian_ring(4096, rng=rng)
    return real, trap.blurred(data.gaussian_ring, POINTS, rng=rng)


def train(way: str, strength: float, real: Tensor, *, n_steps: int = N_STEPS) -> nn.Module:
    """Train one critic, the fakes standing still."""
    if way == "clipping":
        how = {
            "project": lipschitz.clip_weights_,
            "optimizer": training.rmsprop,
            "clip_value": strength,
            "learning_rate": strength / 200,
        }
    else:
        penalty = partial(lipschitz.gradient_penalty, one_sided=way == "one-sided")
        how = {"penalty": penalty, "gp_weight": strength, "learning_rate": 1e-3}
    fake = partial(trap.blurred, data.gaussian_ring)
    return trap.fit(trap.new_critic(SEED), real, fake, n_steps, batch_size=BATCH, seed=SEED, **how)


def grid(side: int = SIDE, limit: float = LIMIT) -> Tensor:
    """Return the map's points, row by row from below, shape ``(side², 2)``, data units."""
    line = torch.linspace(-limit, limit, side)
    return torch.cartesian_prod(line, line).flip(1)


def read(critic: nn.Module, real: Tensor, fake: Tensor) -> tuple[dict, dict[str, Tensor]]:
    """Measure a critic; return numbers, and its scores and slopes on the grid."""
    meter = lipschitz.lipschitz_meter(critic, real, fake, rng=torch.Generator().manual_seed(0))
    scores = critic(grid()).detach().view(SIDE, SIDE)
    slopes = lipschitz.gradient_norms(critic, grid()).view(SIDE, SIDE)
    numbers = {
        "estimate": trap.estimate(critic, real, fake),
        "slope": meter.mixed.mean().item(),
        "steepest": meter.constant,
    }
    return numbers, {"scores": scores, "slopes": slopes}


def stored() -> tuple[np.ndarray, dict[str, Tensor]]:
    """Read what `main` wrote: the table and the maps."""
    return read_table(FOLDER / "results.csv"), safetensors.torch.load_file(
        FOLDER / "maps.safetensors"
    )


def main() -> None:
    """Train all critics and store them."""
    torch.set_num_threads(1)
    log, rows, maps = Log(), [], {"scores": [], "slopes": []}
    real, fake = laws()
    exact = transport.exact_w1(real[:POINTS], fake)
    for way, strengths in WAYS.items():
        for strength in strengths:
            numbers, pictures = read(train(way, strength, real), real[:POINTS], fake)
            rows.append({"way": way, "strength": strength, "exact_w1": exact} | numbers)
            print(rows[-1], flush=True)
            for key, value in pictures.items():
                maps[key].append(value)
    FOLDER.mkdir(exist_ok=True)
    write_table(FOLDER / "results.csv", rows)
    tensors = {key: torch.stack(value).float() for key, value in maps.items()}
    tensors |= {"real": real[:DRAWN].clone(), "fake": fake[:DRAWN].clone()}
    safetensors.torch.save_file(tensors, FOLDER / "maps.safetensors")
    log.store(
        FOLDER,
        command="python book/runs/live_critics.py",
        seed=SEED,
        data="gaussian_ring, 8 modes, 4,096 points, against fresh points plus N(0, I)",
    )


if __name__ == "__main__":
    main()

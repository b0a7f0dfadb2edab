"""A training script of a user who knows nothing of processes; `torchrun` runs it on several.

torchrun --nproc-per-node 2 tests/runs/together.py FOLDER [STEP]

At that step the second process is killed, once.
"""

import os
import signal
import sys
from pathlib import Path

import torch

from tests.unit.small import SMALL, cloud, pair, weights
from wganlib.lipschitz import gradient_penalty
from wganlib.training import train


def main(folder, fatal=None):
    """Train a small pair, log the steps that are looked at, and store the weights."""
    torch.set_num_threads(1)
    generator, critic = (network.double() for network in pair())
    steps = []

    def penalty(*batches, rng):
        steps.append(None)  # SMALL takes two critic steps a generator step
        fatal_here = os.environ.get("RANK", "0") == "1" and len(steps) == 2 * (fatal or 0)
        if fatal_here and not (folder / "killed").exists():
            (folder / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return gradient_penalty(*batches, rng=rng)

    def look(step, *_):
        with (folder / "looks").open("a") as log:
            log.write(f"{step}\n")

    history = train(
        generator, critic, cloud().double(), SMALL, penalty=penalty, callback=look,
        checkpoint=folder / "checkpoint", progress=False,
    )  # fmt: skip
    rank = os.environ.get("RANK", "alone")
    torch.save({"weights": weights(generator, critic), "w1": history.w1_estimate},
               folder / f"end-{rank}")  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))

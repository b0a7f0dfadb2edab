"""Chapter 16: what a critic step costs against the size of its batch, and a sum over two processes.

Fills `steps.csv` (milliseconds of a WGAN-GP critic step on MNIST's networks, one thread) and
`sums.csv` (milliseconds of an all-reduce between two processes of this machine), a row a round.
Half a minute.
"""

from __future__ import annotations

import time
from pathlib import Path

import torch
import torch.distributed as dist

from wganlib import models, training
from wganlib.lipschitz import gradient_penalty

from .experiment import Experiment
from .provenance import Log
from .several import on_several
from .tables import write_table

BATCHES, NUMBERS, ROUNDS, BLOCK = (8, 16, 32, 64, 128), (10**3, 10**4, 10**5, 10**6), 30, 4


def critic_steps(*, rounds: int) -> list[dict]:
    """Time critic steps on batches of several sizes, in rounds that go through all of them."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        critic = models.ConvCritic().to(memory_format=torch.channels_last)
    adam = training.adam(list(critic.parameters()), training.TrainConfig())
    rng, rows = torch.Generator().manual_seed(0), []
    images = torch.randn(2, max(BATCHES), 1, 28, 28, generator=rng).clamp(-1, 1)
    for number in range(-1, rounds):  # the first one only warms up
        for n in BATCHES:
            begun = time.perf_counter()
            for _ in range(BLOCK):
                training.critic_step(
                    critic, *images[:, :n], adam, penalty=gradient_penalty, rng=rng
                )
            spent = (time.perf_counter() - begun) / BLOCK
            rows.append({"batch": n, "round": number, "milliseconds": 1e3 * spent})
    return [row for row in rows if row["round"] >= 0]


def sums(rounds: int) -> list[dict]:
    """Time all-reduces of several sizes; called in each of the processes."""
    rows = []
    for number in range(-1, rounds):
        for n in NUMBERS:
            values = torch.ones(n)
            dist.barrier()
            begun = time.perf_counter()
            for _ in range(BLOCK):
                dist.all_reduce(values)
                values /= dist.get_world_size()
            spent = (time.perf_counter() - begun) / BLOCK
            rows.append({"numbers": n, "round": number, "milliseconds": 1e3 * spent})
    return [row for row in rows if row["round"] >= 0]


def fill(folder: Path, log: Log) -> None:
    """Measure both."""
    write_table(folder / "steps.csv", critic_steps(rounds=ROUNDS))
    log.save()
    write_table(folder / "sums.csv", on_several(2, sums, ROUNDS)[0])


EXPERIMENT = Experiment(
    name="ch16-terms",
    about="chapter 16: time of a critic step against its batch, and of a sum over two processes",
    fill=fill,
    files=("steps.csv", "sums.csv"),
    seed=0,
    data="random images",
)

"""Chapter 16: a step of WGAN-GP on MNIST in seven ways, their times and what they end with.

Fills `times.csv`, a row a way and a round (rounds go through all ways, so that a slow moment of the
machine meets them all), `results.csv`, a row a way and a seed, and `early.csv`, the first steps'
losses, which tests make again. One thread, a quarter of an hour; it goes on with the next run.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from wganlib import metrics, mnist, models
from wganlib.classifier import digit_classifier
from wganlib.lipschitz import gradient_norms

from .experiment import Experiment
from .provenance import Log
from .scores import N_SAMPLES, draw, real_features
from .tables import read_rows, write_table

SEEDS, N_STEPS, BATCH, LEARNING_RATE, WEIGHT = range(3), 500, 64, 2e-3, 10.0
ROUNDS, BLOCK, EARLY = 60, 4, 5  # of timing; steps in a round; steps that tests make again


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to take one critic step and one generator step; the defaults are the package's."""

    needless_graphs: bool = False  # fakes carry the generator's graph, critics get all gradients
    written_out: bool = True  # the slope, so that no second derivative is needed
    channels_last: bool = True  # the memory layout of weights and images
    every: int = 1  # the penalty in each such critic step only, with so many times the weight
    autocast: bool = False  # convolutions in bfloat16
    compiled: bool = False  # the critic's loss by torch.compile


WAYS = {
    "usual": Way(needless_graphs=True, written_out=False, channels_last=False),
    "no needless graphs": Way(written_out=False, channels_last=False),
    "slope written out": Way(channels_last=False),
    "channels last": Way(),
    "penalty every 4th step": Way(every=4),
    "bfloat16": Way(autocast=True),
    "compiled": Way(compiled=True),
}
EXACT = ("usual", "no needless graphs", "slope written out", "channels last", "compiled")


def build(way: Way, seed: int) -> tuple[nn.Module, nn.Module]:
    """Return a generator and a critic with initial weights fixed by the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        pair = models.ConvGenerator(), models.ConvCritic()
    layout = torch.channels_last if way.channels_last else torch.contiguous_format
    return tuple(network.to(memory_format=layout) for network in pair)


def critic_loss(
    way: Way, critic: nn.Module, real: Tensor, fake: Tensor, mixed: Tensor, weight: float
) -> Tensor:
    """Return the critic's loss; a weight of 0 leaves the penalty out."""
    with _cast(way):
        scores = critic(torch.cat([real, fake])).float()
    loss = scores[len(real) :].mean() - scores[: len(real)].mean()
    if weight:
        slope = gradient_norms(
            critic if way.written_out else lambda x: critic(x), mixed, create_graph=True
        )
        loss = loss + weight * (slope - 1).square().mean()
    return loss


def steps(way: Way, generator: nn.Module, critic: nn.Module, *, seed: int) -> Iterator[Tensor]:
    """Train a pair in place for ever; yields the critic's loss of each step."""
    rng, digits = torch.Generator().manual_seed(seed), mnist.mnist("train")
    adam = functools.partial(torch.optim.Adam, lr=LEARNING_RATE, betas=(0.0, 0.9), fused=True)
    moves_critic, moves_generator = adam(critic.parameters()), adam(generator.parameters())
    cost = functools.partial(critic_loss, way)
    cost = torch.compile(cost) if way.compiled else cost
    step = 0
    while True:
        real, latent = digits.batch(BATCH, rng), generator.sample_latent(BATCH, rng)
        with torch.set_grad_enabled(way.needless_graphs), _cast(way):
            fake = generator(latent).float()
        t = torch.rand(BATCH, 1, 1, 1, generator=rng)
        mixed = t * real + (1 - t) * fake.detach()
        weight = WEIGHT * way.every if step % way.every == 0 else 0.0
        loss = cost(critic, real, fake, mixed, weight)
        moves_critic.zero_grad()
        loss.backward()
        moves_critic.step()
        _move(way, generator, critic, generator.sample_latent(BATCH, rng), moves_generator)
        step += 1
        yield loss.detach()


def _cast(way: Way) -> contextlib.AbstractContextManager:
    return torch.autocast("cpu", torch.bfloat16, enabled=way.autocast)


def _move(way: Way, generator: nn.Module, critic: nn.Module, latent: Tensor, optimizer) -> None:
    """Take the generator's step; the critic's gradients are needless there."""
    parameters = list(generator.parameters())
    with _cast(way):
        loss = -critic(generator(latent)).float().mean()
    optimizer.zero_grad()
    if way.needless_graphs:
        loss.backward()
    else:
        for parameter, gradient in zip(
            parameters, torch.autograd.grad(loss, parameters), strict=True
        ):
            parameter.grad = gradient
    optimizer.step()


def timed(ways: dict[str, Way], *, rounds: int) -> list[dict]:
    """Time each way in rounds, milliseconds a step (one critic's and one generator's)."""
    running = {name: steps(way, *build(way, 0), seed=0) for name, way in ways.items()}
    for one in running.values():
        for _ in range(2 * BLOCK):  # to compile, and to fill the caches
            next(one)
    rows = []
    for number in range(rounds):
        for name, one in running.items():
            begun = time.perf_counter()
            for _ in range(BLOCK):
                next(one)
            spent = (time.perf_counter() - begun) / BLOCK
            rows.append({"way": name, "round": number, "milliseconds": 1e3 * spent})
    return rows


def play(name: str, seed: int) -> dict:
    """Train once, and score the samples."""
    generator, critic = build(WAYS[name], seed)
    one = steps(WAYS[name], generator, critic, seed=seed)
    for _ in range(N_STEPS):
        next(one)
    fake = draw(generator, N_SAMPLES)
    distance = metrics.frechet_distance(real_features(), digit_classifier().features(fake))
    return {"way": name, "seed": seed, "frechet": distance}


def early(name: str) -> list[dict]:
    """Return the critic's loss in the first steps."""
    one = steps(WAYS[name], *build(WAYS[name], 0), seed=0)
    return [{"way": name, "step": k + 1, "loss": next(one).item()} for k in range(EARLY)]


def fill(folder: Path, log: Log) -> dict:
    """Time all ways, then train by all that are not in the table yet."""
    if shutil.which("g++") is None:
        raise OSError("torch.compile needs a C++ compiler here: install g++")
    if not (folder / "times.csv").exists():
        write_table(folder / "times.csv", timed(WAYS, rounds=ROUNDS))
    uncompiled = [name for name in WAYS if name != "compiled"]
    write_table(folder / "early.csv", [row for name in uncompiled for row in early(name)])
    rows = read_rows(folder / "results.csv")
    for name in WAYS:
        for seed in SEEDS:
            if not any((row["way"], row["seed"]) == (name, seed) for row in rows):
                rows.append(play(name, seed))
                write_table(folder / "results.csv", rows)
                log.save()
        logging.getLogger(__name__).info("%s", rows[-len(SEEDS) :])
    return {"cpu": _processor()}


def _processor() -> str:
    """Name the processor, and whether it multiplies in bfloat16."""
    text = Path("/proc/cpuinfo")
    lines = text.read_text().splitlines() if text.exists() else []
    model = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    fast = any("amx_bf16" in line for line in lines)
    return f"{model[0] if model else 'unknown'}, {'with' if fast else 'without'} AMX for bfloat16"


EXPERIMENT = Experiment(
    name="ch16-step",
    about="chapter 16: a step of WGAN-GP in seven ways, their times and their samples",
    fill=fill,
    files=("times.csv", "results.csv", "early.csv"),
    seed=list(SEEDS),
    data="MNIST train, 60,000 images; scored on MNIST test",
    after=("digit-classifier",),
)

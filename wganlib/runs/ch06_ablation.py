"""Chapter 6: the sixteen mixtures of GAN and WGAN, and momentum on a clipped critic.

Fills `results.csv`, a network a row; one thread, some minutes.

Each of the two is a list of variants. All variants and all seeds train at once: each weight tensor
has a leading axis (variant, seed), and every optimiser here works entry by entry, so that a network
takes the same steps as it would alone. A seed fixes initial weights and batches for all variants.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, logsigmoid

from wganlib import data, models, transport

from .experiment import Experiment
from .provenance import Log
from .tables import write_table

SEEDS = range(6)
LEARNING_RATES = (2e-4, 5e-4, 1e-3)
N_CRITIC = (1, 5)
N_STEPS, EARLY, LOOK_EVERY = 400, 20, 20
WIDTH, DEPTH, BATCH, POINTS = 64, 2, 64, 256
CLIP = 0.01  # Arjovsky et al. (2017), Algorithm 1
SMALLEST = 1e-7  # Keras keeps probabilities this far from 0 and 1 before it takes logs
DECIMALS = 4


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to train: which of the four changes are made, and the optimiser's numbers.

    RMSProp is PyTorch's (α = 0.99, no bias correction); Adam has β₂ = 0.99 in the momentum
    experiment, so that momentum is the only difference, and (0.5, 0.999) in the ablation, which
    Arjovsky et al.'s published code uses with ``--adam``.
    """

    sigmoid: bool = False
    log: bool = False
    clip: bool = True
    learning_rate: float = 5e-4
    adam: bool = False
    beta1_critic: float = 0.0
    beta1_generator: float = 0.0
    beta2: float = 0.99
    reset: bool = False  # forget the momentum of a weight that reaches ±c


def ablation(learning_rate: float) -> list[Variant]:
    """Return the sixteen mixtures of the four changes."""
    momentum = {"beta1_critic": 0.5, "beta1_generator": 0.5, "beta2": 0.999}
    return [
        Variant(sigmoid=sigmoid, log=log, clip=clip, learning_rate=learning_rate, adam=adam,
                **(momentum if adam else {}))
        for sigmoid, log, clip, adam in product((True, False), repeat=4)
    ]  # fmt: skip


def momentum() -> list[Variant]:
    """Return clipped Wasserstein critics that differ in β₁ alone, without and with the reset."""
    betas = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98)
    return [Variant(adam=True, beta1_critic=b, reset=r) for b, r in product(betas, (False, True))]


def reward(scores: Tensor, variant: Variant, *, real: bool) -> Tensor:
    """Return what the critic raises: log p or p on real samples, log(1 − p) or −p on fake ones."""
    sign = 1 if real else -1
    if variant.sigmoid:
        return logsigmoid(sign * scores) if variant.log else torch.sigmoid(sign * scores)
    if variant.log:
        p = scores.clamp(SMALLEST, 1 - SMALLEST)
        return (p if real else 1 - p).log()
    return sign * scores


def forward(layers: list[Tensor], x: Tensor) -> Tensor:
    """Run a stack of ReLU networks: (networks, batch, in) -> (networks, batch, out)."""
    for number in range(0, len(layers), 2):
        x = torch.baddbmm(layers[number + 1], x, layers[number])
        if number + 2 < len(layers):
            x = x.relu()
    return x


class Stack:
    """Networks of one kind, ``variants × seeds`` of them, and one optimiser step for all."""

    def __init__(self, kind: type, side: str, variants: Sequence[Variant], seeds) -> None:
        shape = (len(variants), len(seeds))
        networks = []
        for seed in seeds:
            torch.manual_seed(seed)
            networks.append(kind(2, width=WIDTH, depth=DEPTH).double())
        self.layers = []
        for weights in zip(*(network.parameters() for network in networks), strict=True):
            w = torch.stack([p.detach() for p in weights])  # (seeds, out, in) or (seeds, out)
            w = w.transpose(1, 2) if w.ndim == 3 else w[:, None]  # (seeds, in or 1, out)
            w = w.expand(shape[0], *w.shape).reshape(-1, *w.shape[1:]).clone()
            self.layers.append(w.requires_grad_(True))
        self.moments = [(torch.zeros_like(w), torch.zeros_like(w)) for w in self.layers]
        self.beta1 = _column(variants, seeds, lambda v: getattr(v, f"beta1_{side}"))
        self.beta2 = _column(variants, seeds, lambda v: v.beta2)
        self.rate = _column(variants, seeds, lambda v: v.learning_rate)
        self.corrected = _column(variants, seeds, lambda v: float(v.adam))
        self.bound = _column(variants, seeds, lambda v: CLIP if v.clip else math.inf)
        self.forgets = _column(variants, seeds, lambda v: float(v.reset))
        self.count = 0

    @torch.no_grad()
    def step(self, loss: Tensor, *, clip: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Take one step of every network's optimiser; returns weights before, step, gradient."""
        with torch.enable_grad():
            gradients = torch.autograd.grad(loss, self.layers)
        self.count += 1
        before, steps = [w.detach().clone() for w in self.layers], []
        for w, g, (m, v) in zip(self.layers, gradients, self.moments, strict=True):
            m.mul_(self.beta1).add_((1 - self.beta1) * g)
            v.mul_(self.beta2).add_((1 - self.beta2) * g * g)
            correction = torch.where(self.corrected > 0, 1 - self.beta2**self.count, 1.0)
            average = m / (1 - self.beta1**self.count)
            steps.append(-self.rate * average / ((v / correction).sqrt() + 1e-8))
            w.add_(steps[-1])
            if clip:
                m.mul_(1 - self.forgets * (w.abs() > self.bound))
                w.copy_(torch.minimum(torch.maximum(w, -self.bound), self.bound))
        return before, steps, gradients


def _observe(moved: tuple, bound: Tensor) -> dict[str, Tensor]:
    """Compare a step with the gradient, network by network."""
    before, step, gradient = map(_flat, moved)  # (networks, weights) each
    cosine = cosine_similarity(step, -gradient, dim=1)
    wants_back = (before.abs() >= bound) & (gradient * before > 0)  # on the wall, called inwards
    pressed = wants_back & (step * before > 0)  # and yet pushed outwards
    return {
        "cosine": cosine,
        "negative": (cosine < 0).double(),
        "pressed": pressed.sum(1) / wants_back.sum(1).clamp(min=1),
    }


def _column(variants: Sequence[Variant], seeds, number) -> Tensor:
    """Write one number of each variant behind its networks: (networks, 1, 1)."""
    values = torch.tensor([number(v) for v in variants], dtype=torch.float64)
    return values.repeat_interleave(len(seeds)).view(-1, 1, 1)


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    """Put all weights of a network into one row: (networks, weights)."""
    return torch.cat([t.detach().flatten(1) for t in tensors], dim=1)


def run(variants: Sequence[Variant], n_critic: int, *, seeds=SEEDS, n_steps=N_STEPS) -> list[dict]:
    """Train every variant from every seed; returns one row a network."""
    shape = (len(variants), len(seeds))
    generators = Stack(models.MLPGenerator, "generator", variants, seeds)
    critics = Stack(models.MLPCritic, "critic", variants, seeds)
    rngs = [torch.Generator().manual_seed(1000 + seed) for seed in seeds]
    looks, seen = {}, []
    for step in range(1, n_steps + 1):
        for _ in range(n_critic):
            real = _for_all(lambda rng: data.gaussian_ring(BATCH, rng=rng), rngs, shape)
            with torch.no_grad():
                fake = forward(generators.layers, _latents(rngs, shape))
            scores_real = forward(critics.layers, real).view(*shape, -1)
            scores_fake = forward(critics.layers, fake).view(*shape, -1)
            loss = -_total(scores_real, variants, real=True) - _total(scores_fake, variants)
            moved = critics.step(loss, clip=True)
        fake = forward(generators.layers, _latents(rngs, shape))
        scores_fake = forward(critics.layers, fake).view(*shape, -1)
        generators.step(-_total(scores_fake, variants, real=True), clip=False)
        if step % 5 == 0:
            seen.append(_observe(moved, critics.bound[:, 0]))
        if step == EARLY or (step % LOOK_EVERY == 0 and step > 0.75 * n_steps):
            looks[step] = _exact(generators.layers, shape)
    watched = {k: torch.stack([s[k] for s in seen]).mean(0).view(shape) for k in seen[0]}
    return [
        {"n_critic": n_critic, **asdict(variant), "seed": seed, **_summary(looks, i, j),
         **{k: round(float(v[i, j]), DECIMALS) for k, v in watched.items()}}
        for i, variant in enumerate(variants) for j, seed in enumerate(seeds)
    ]  # fmt: skip


def _summary(looks: dict[int, np.ndarray], i: int, j: int) -> dict[str, float]:
    """Reduce one network's exact W₁ over training: early, and the last quarter's mean and worst."""
    late = [w1[i, j] for step, w1 in looks.items() if step > EARLY] or [looks[EARLY][i, j]]
    values = {"w1_early": looks[EARLY][i, j], "w1": np.mean(late), "w1_worst": np.max(late)}
    return {name: round(float(value), DECIMALS) for name, value in values.items()}


def _total(scores: Tensor, variants: Sequence[Variant], *, real: bool = False) -> Tensor:
    """Add up the mean rewards of all networks; their gradients do not meet."""
    pairs = zip(scores, variants, strict=True)
    return sum(reward(s, v, real=real).mean(-1).sum() for s, v in pairs)


def _for_all(draw, rngs: Sequence[torch.Generator], shape: tuple[int, int]) -> Tensor:
    """Draw once for each seed and give every variant the same: (networks, batch, 2)."""
    batch = torch.stack([draw(rng) for rng in rngs]).double()
    return batch.expand(shape[0], *batch.shape).reshape(-1, *batch.shape[1:])


def _latents(rngs: Sequence[torch.Generator], shape: tuple[int, int]) -> Tensor:
    """Draw standard normal latents likewise."""
    return _for_all(lambda rng: torch.randn(BATCH, 2, generator=rng), rngs, shape)


@torch.no_grad()
def _exact(layers: list[Tensor], shape: tuple[int, int]) -> np.ndarray:
    """Measure exact W₁ between one fixed real sample and each generator's: (variants, seeds)."""
    rng = torch.Generator().manual_seed(7)
    real = data.gaussian_ring(POINTS, rng=rng)
    latent = torch.randn(POINTS, 2, generator=rng).double()
    fake = forward(layers, latent.expand(len(layers[0]), -1, -1))
    return np.array([transport.exact_w1(real, f) for f in fake]).reshape(shape)


def fill(folder: Path, log: Log) -> None:
    """Compute both and store one row a network."""
    rows = []
    for rate, n_critic in product(LEARNING_RATES, N_CRITIC):
        rows += [{"experiment": "ablation", **row} for row in run(ablation(rate), n_critic)]
        logging.getLogger(__name__).info("ablation, rate %s, n_critic %d", rate, n_critic)
    for n_critic in N_CRITIC:
        rows += [{"experiment": "momentum", **row} for row in run(momentum(), n_critic)]
    # As text, so that a number keeps the four decimals it was rounded to, and 0.0 its point.
    write_table(folder / "results.csv", [{k: str(v) for k, v in row.items()} for row in rows])


EXPERIMENT = Experiment(
    name="ch06-ablation",
    about="chapter 6: the sixteen mixtures of GAN and WGAN, and momentum on a clipped critic",
    fill=fill,
    files=("results.csv",),
    seed=list(SEEDS),
    data="gaussian_ring, 8 modes, drawn afresh",
)

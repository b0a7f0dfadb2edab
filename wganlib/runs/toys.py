"""What several experiments on points in the plane have in common."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from wganlib import data, losses, metrics, models


def untrained_critic(seed: int, **sizes: int) -> models.MLPCritic:
    """Return a critic with initial weights fixed by the seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return models.MLPCritic(**sizes)


def untrained_pair(seed: int, **sizes: int) -> tuple[models.MLPGenerator, models.MLPCritic]:
    """Return a generator and a critic with initial weights fixed by the seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return models.MLPGenerator(**sizes), models.MLPCritic(**sizes)


def ring_points(seed: int, n: int = 8192) -> Tensor:
    """Return points of the ring of eight, fixed by the seed; shape ``(n, 2)``, data units."""
    return data.gaussian_ring(n, rng=torch.Generator().manual_seed(1000 + seed))


def blurred(law: Callable[..., Tensor], n: int, rng: torch.Generator | None = None) -> Tensor:
    """Draw from a law in the plane plus standard normal noise; shape ``(n, 2)``, data units."""
    return law(n, rng=rng) + torch.randn(n, 2, generator=rng)


@torch.no_grad()
def sample(generator: nn.Module, n: int = 512, seed: int = 0) -> Tensor:
    """Draw fakes with random numbers of their own, so that looking does not disturb a training."""
    return generator(generator.sample_latent(n, torch.Generator().manual_seed(seed)))


@torch.no_grad()
def estimate(critic: nn.Module, real: Tensor, fake: Tensor) -> float:
    """Return the critic's estimate of W₁ on two samples, score units."""
    return losses.w1_estimate(critic(real), critic(fake)).item()


def ring_coverage(generator: nn.Module) -> metrics.ModeCoverage:
    """Return which modes of the ring 2,048 samples of a generator reach."""
    return metrics.mode_coverage(sample(generator, 2048), data.ring_centres(), data.RING_STD)


def grid(side: int, limit: float) -> Tensor:
    """Return the points of a map, row by row from below; shape ``(side², 2)``, data units."""
    line = torch.linspace(-limit, limit, side)
    return torch.cartesian_prod(line, line).flip(1)

"""Train critics between two laws whose W₁, and whose optimal gradient, are known exactly.

Fills `results.csv`, a look a row, and `early.csv`, short trainings that a test repeats. The laws
are made as Korotin, Kolesov and Burnaev (2022) make theirs: real points are uniform in a box, and
fakes are real points moved down the nearest of four funnels. The sizes of the networks, the bound
of clipping and the weight of the penalty are theirs too; the tips of the funnels, the batches and
the learning rate are ours. One thread, ten minutes; goes on where it was cut off.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from wganlib import models, training
from wganlib.lipschitz import clip_weights_, gradient_penalty, spectral_norm_

from . import toys
from .experiment import Experiment
from .provenance import Log
from .tables import read_rows, write_table

DIMENSIONS, SEEDS = (2, 16), range(3)
N_FUNNELS, HALF, POWER, LAW_SEED = 4, 2.5, 8, 0
WIDTH, DEPTH = 128, 2  # hidden layers of the published critics, for d up to 64
N_STEPS, EARLY, POINTS, RAYS = 3_000, 50, 2**16, 2**14
LOOKS = (1, 3, 10)  # tenths of a training
NUMBERS = {"batch_size": 256, "learning_rate": 1e-3, "learning_rate_end": 0.0, "gp_weight": 10.0,
           "clip_value": 0.04, "beta1": 0.0, "beta2": 0.9}  # fmt: skip


@dataclass(frozen=True)
class Funnels:
    """The lowest of some cones, u(x) = minₖ ‖x − aₖ‖ + bₖ, over the box [−2.5, 2.5]ᵈ.

    Attributes
    ----------
    centres : Tensor, shape (n, d)
        The tips aₖ, in data units.
    heights : Tensor, shape (n,)
        The height bₖ of each tip.
    """

    centres: Tensor
    heights: Tensor

    def cones(self, x: Tensor) -> Tensor:
        """Return all cones at some points, shape ``(batch, n)``."""
        apart = x[:, None] - self.centres.to(x.dtype)  # in full precision, unlike cdist
        return apart.norm(dim=2) + self.heights.to(x.dtype)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the potential u, shape ``(batch,)``."""
        return self.cones(x).amin(dim=1)

    def tips(self, x: Tensor) -> Tensor:
        """Return the tip of the funnel in which each point lies, shape ``(batch, d)``."""
        return self.centres.to(x.dtype)[self.cones(x).argmin(dim=1)]

    def gradient(self, x: Tensor) -> Tensor:
        """Return ∇u: away from the tip, of length 1; shape ``(batch, d)``."""
        return nn.functional.normalize(x - self.tips(x), dim=1, eps=0)

    def reach(self, x: Tensor) -> Tensor:
        """Return how far from its tip each point's ray goes: to the next funnel, or to the wall."""
        up, tip = self.gradient(x), self.tips(x)
        wall = ((up.sign() * HALF - tip) / up).nan_to_num(torch.inf).amin(dim=1)
        between = self.centres.to(x.dtype) - tip[:, None]  # (batch, n, d)
        own = self.heights.to(x.dtype)[self.cones(x).argmin(dim=1)]
        lower = own[:, None] - self.heights.to(x.dtype)
        # r + own = ‖r up − between‖ + height of the other, squared and solved for r
        nearing = lower + (between * up[:, None]).sum(dim=2)
        other = (between.square().sum(dim=2) - lower.square()) / (2 * nearing)
        return torch.minimum(wall, other.where(nearing > 0, torch.inf).amin(dim=1))

    def moved(self, x: Tensor, power: float = POWER) -> Tensor:
        """Move each point down its ray, from the share t of the ray's length to tᵖ."""
        tip, reach = self.tips(x), self.reach(x)
        share = (x - tip).norm(dim=1) / reach
        return tip + (reach * share**power)[:, None] * self.gradient(x)


def law(dimension: int, seed: int = LAW_SEED, n: int = N_FUNNELS) -> Funnels:
    """Draw funnels as published: tips uniform in the box, heights normal with deviation 0.1."""
    rng = torch.Generator().manual_seed(seed)
    tips = HALF * (2 * torch.rand(n, dimension, generator=rng, dtype=torch.float64) - 1)
    return Funnels(tips, 0.1 * torch.randn(n, generator=rng, dtype=torch.float64))


def uniform(n: int, dimension: int, rng: torch.Generator) -> Tensor:
    """Draw real points, float64, shape ``(n, dimension)``."""
    return HALF * (2 * torch.rand(n, dimension, generator=rng, dtype=torch.float64) - 1)


class GroupSort(nn.Module):
    """Sort neighbouring units in groups: steep everywhere, of slope 1 (Anil et al., 2019)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Sort each group of a batch, shape ``(batch, units)``."""
        return x.unflatten(1, (-1, self.size)).sort(dim=2).values.flatten(1)


@torch.no_grad()
def sorting_(critic: models.MLPCritic, *, size: int, orthonormal: bool) -> models.MLPCritic:
    """Put sorting in the place of ReLU and bound every layer by 1, in place."""
    for number, layer in enumerate(critic.layers):
        if isinstance(layer, nn.ReLU):
            critic.layers[number] = GroupSort(size)
        elif orthonormal:
            parametrizations.orthogonal(layer, orthogonal_map="cayley")
    return critic if orthonormal else spectral_norm_(critic)


@dataclass(frozen=True)
class Method:
    """One way to bound a critic's slope: a change of the network, a penalty or a projection."""

    change: Callable[[models.MLPCritic], object] = lambda critic: critic
    penalty: Callable[..., Tensor] | None = None
    project: Callable[..., object] | None = None


METHODS = {
    "clipping": Method(project=clip_weights_),
    "two-sided penalty": Method(penalty=gradient_penalty),
    "one-sided penalty": Method(penalty=partial(gradient_penalty, one_sided=True)),
    "spectral norm and ReLU": Method(spectral_norm_),
    "spectral norm and MaxMin": Method(partial(sorting_, size=2, orthonormal=False)),
    "orthonormal and MaxMin": Method(partial(sorting_, size=2, orthonormal=True)),
}


def slopes(critic: nn.Module, x: Tensor) -> Tensor:
    """Return the critic's gradients, float64, shape ``(batch, d)``."""
    x = x.float().requires_grad_()
    return torch.autograd.grad(critic(x).sum(), x)[0].double()


def compare(critic: nn.Module, funnels: Funnels, seed: int = 99) -> dict:
    """Hold a critic against the truth, at fakes and at a uniform share of the way to real points.

    ``on_rays`` weighs each ray by its length, so that it is the mean over all ways that mass takes.
    """
    rng = torch.Generator().manual_seed(seed)
    real = uniform(RAYS, funnels.centres.shape[1], rng)
    fake = funnels.moved(real)
    share = torch.rand(RAYS, 1, generator=rng, dtype=torch.float64)
    way, between = (real - fake).norm(dim=1), fake + share * (real - fake)
    with torch.no_grad():
        climb = (critic(real.float()) - critic(fake.float())).double()
    row = {"w1": way.mean().item(), "estimate": climb.mean().item()}
    places = {"at_fakes": (fake, torch.ones_like(way)), "on_rays": (between, way)}
    for place, (points, weight) in places.items():
        found, true = slopes(critic, points), funnels.gradient(real)
        cosine = nn.functional.cosine_similarity(found, true, dim=1)
        missed = (found - true).square().sum(dim=1)
        row |= {
            f"cosine_{place}": ((weight * cosine).mean() / weight.mean()).item(),
            f"error_{place}": ((weight * missed).mean() / weight.mean()).item(),
            f"steepest_{place}": found.norm(dim=1).max().item(),
        }
    return row


def critic_for(name: str, dimension: int, seed: int) -> models.MLPCritic:
    """Return an untrained critic of a method."""
    critic = toys.untrained_critic(seed, data_dim=dimension, width=WIDTH, depth=DEPTH)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        METHODS[name].change(critic)
    return critic


def watch(name: str, dimension: int, seed: int, *, n_steps: int = N_STEPS) -> list[dict]:
    """Train one critic, whose rate falls to zero; returns a row for each look."""
    funnels, critic = law(dimension), critic_for(name, dimension, seed)
    real = uniform(POINTS, dimension, torch.Generator().manual_seed(1000 + seed)).float()

    def fake(n: int, rng: torch.Generator) -> Tensor:
        return funnels.moved(uniform(n, dimension, rng)).float()

    rows = []

    def look(step: int, critic: nn.Module) -> None:
        if step * 10 // n_steps in LOOKS:
            critic.eval()  # looking must not move the power iteration
            about = {"method": name, "d": dimension, "seed": seed, "step": step}
            rows.append(about | compare(critic, funnels))
            critic.train()

    config = training.TrainConfig(n_steps=n_steps, seed=seed, log_every=n_steps // 10, **NUMBERS)
    how = {"penalty": METHODS[name].penalty, "project": METHODS[name].project}
    training.train_critic(critic, real, fake, config, callback=look, **how)
    return rows


def fill(folder: Path, log: Log) -> None:
    """Train every critic that is not stored yet, and store what was seen."""
    early = [row for name in METHODS for row in watch(name, 2, 0, n_steps=EARLY)]
    write_table(folder / "early.csv", early)
    rows = read_rows(folder / "results.csv")
    done = {(row["method"], row["d"], row["seed"]) for row in rows}
    for d, seed, name in product(DIMENSIONS, SEEDS, METHODS):
        if (name, d, seed) not in done:
            rows += watch(name, d, seed)
            logging.getLogger(__name__).info("%s", rows[-1])
            write_table(folder / "results.csv", rows)


EXPERIMENT = Experiment(
    name="ch13-funnels",
    about="chapter 13: critics under six bounds, against exact distances and gradients",
    fill=fill,
    files=("results.csv", "early.csv"),
    seed=list(SEEDS),
    data="four funnels in the box [-2.5, 2.5]^d, d = 2 and 16, 65,536 points a seed",
)

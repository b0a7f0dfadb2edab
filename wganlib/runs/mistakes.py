"""A right way to train WGAN-GP, written out, with a switch for each popular mistake."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from .provenance import Log
from .tables import read_rows, write_table

Losses = Callable[[Tensor, Tensor], Tensor]
CLIP = 0.01  # Arjovsky et al. (2017), Algorithm 1


# --- penalties: the right one, and what is made of it ---------------------------------------------


def between(real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """Draw one point on the segment between each pair."""
    t = torch.rand(len(real), *[1] * (real.ndim - 1), generator=rng)
    return t * real + (1 - t) * fake


def normal(real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """Draw t from a normal law: most points lie beyond the segment."""
    t = torch.randn(len(real), *[1] * (real.ndim - 1), generator=rng)
    return t * real + (1 - t) * fake


def by_entry(real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """Draw a t for each pixel or coordinate: the points lie in a box."""
    t = torch.rand(real.shape, generator=rng)
    return t * real + (1 - t) * fake


def by_batch(real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """Draw one t for the whole batch."""
    t = torch.rand((), generator=rng)
    return t * real + (1 - t) * fake


def at_real(real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """Take the real samples themselves."""
    return real


def of_each(gradient: Tensor) -> Tensor:
    """Take the norm of each sample's gradient; shape ``(batch,)``."""
    return torch.linalg.vector_norm(gradient.flatten(1), dim=1)


def of_batch(gradient: Tensor) -> Tensor:
    """Take one norm of the whole batch; shape ``()``."""
    return torch.linalg.vector_norm(gradient)


def unflattened(gradient: Tensor) -> Tensor:
    """Take the norm over the second axis alone: of an image, over its channels."""
    return torch.linalg.vector_norm(gradient, dim=1)


def unguarded(gradient: Tensor) -> Tensor:
    """Take the root of a sum, which has no derivative at 0."""
    return gradient.flatten(1).square().sum(dim=1).sqrt()


@dataclass(frozen=True, kw_only=True)
class Penalty:
    """A penalty; the defaults are the one-sided one of Gulrajani et al. (2017), section 4."""

    points: Callable[[Tensor, Tensor, torch.Generator], Tensor] = between
    norm: Callable[[Tensor], Tensor] = of_each
    graph: bool = True
    total: bool = False
    one_sided: bool = True

    def __call__(
        self, critic: nn.Module, real: Tensor, fake: Tensor, *, rng: torch.Generator
    ) -> Tensor:
        """Return the penalty, a scalar."""
        x = self.points(real, fake, rng).detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=self.graph)
        excess = self.norm(gradient) - 1
        square = (relu(excess) if self.one_sided else excess).square()
        return square.sum() if self.total else square.mean()


# --- losses ---------------------------------------------------------------------------------------


def wasserstein(real: Tensor, fake: Tensor) -> Tensor:
    """Return the critic's loss: fakes down, real samples up."""
    return fake.mean() - real.mean()


def both_up(real: Tensor, fake: Tensor) -> Tensor:
    """Mix up a sign: both sides are pushed up."""
    return -fake.mean() - real.mean()


def to_maximise(real: Tensor, fake: Tensor) -> Tensor:
    """Return what the critic should raise, as if it were to be lowered."""
    return real.mean() - fake.mean()


def hinge(real: Tensor, fake: Tensor) -> Tensor:
    """Return a hinge loss, which stops where scores are beyond ±1."""
    return relu(1 - real).mean() + relu(1 + fake).mean()


# --- the loop -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to train; the defaults are right."""

    loss: Losses = wasserstein
    penalty: Callable[..., Tensor] | None = Penalty()
    gp_weight: float = 10.0
    generator_sign: int = -1  # its loss is this times the mean score of its samples
    n_critic: int = 5
    n_generator: int = 1
    same_real: bool = False  # one real batch for all critic steps
    same_fake: bool = False  # one fake batch for all critic steps
    undetached: bool = False  # the critic's backward pass runs into the generator, and stays there
    two_backwards: bool = False  # the loss and the penalty each have their own
    clip: str = "none"  # "after" each step, "before" it, or "gradients" instead of weights
    beta1: float = 0.0
    critic: str = "plain"  # how the critic is built; see `build` of who trains


def train(
    way: Way,
    generator: nn.Module,
    critic: nn.Module,
    batch: Callable[[torch.Generator], Tensor],
    *,
    n_steps: int,
    learning_rate: float,
    seed: int,
) -> Iterator[tuple[int, Tensor]]:
    """Train a pair in place; yield each generator step and the estimates of its critic steps."""
    rng = torch.Generator().manual_seed(seed)
    adam = partial(torch.optim.Adam, lr=learning_rate, betas=(way.beta1, 0.9))
    moves_critic, moves_generator = adam(critic.parameters()), adam(generator.parameters())
    size = len(batch(torch.Generator().manual_seed(0)))
    for step in range(1, n_steps + 1):
        real, fake, estimates = None, None, []
        if not way.undetached:
            moves_generator.zero_grad()
        for _ in range(way.n_critic):
            if real is None or not way.same_real:
                real = batch(rng)
            if fake is None or not way.same_fake:
                fake = generator(generator.sample_latent(size, rng))
                fake = fake if way.undetached else fake.detach()
            estimates.append(critic_step(way, critic, real, fake, moves_critic, rng))
        for _ in range(way.n_generator):
            scores = critic(generator(generator.sample_latent(size, rng)))
            (way.generator_sign * scores.mean()).backward()
            moves_generator.step()
            moves_generator.zero_grad()
        yield step, torch.stack(estimates)


def estimates(
    way: Way,
    generator: nn.Module,
    critic: nn.Module,
    batch: Callable[[torch.Generator], Tensor],
    *,
    n_steps: int,
    learning_rate: float,
    seed: int,
) -> Tensor:
    """Train a pair in place; return the estimate of each critic step, up to the first NaN."""
    found: list[float] = []
    how = {"n_steps": n_steps, "learning_rate": learning_rate, "seed": seed}
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # for dropout
        for _, some in train(way, generator, critic, batch, **how):
            found += some.tolist()
            if not math.isfinite(found[-1]):
                break
    return torch.tensor(found)


def about(way: Way, found: Tensor, *, last: int) -> dict:
    """Return how many generator steps there were, and what the estimate was in the last ones."""
    late = found[-last * way.n_critic :]
    return {
        "steps": len(found) // way.n_critic,
        "estimate": late.mean().item(),
        "negative": (late < 0).double().mean().item(),
    }


def critic_step(
    way: Way,
    critic: nn.Module,
    real: Tensor,
    fake: Tensor,
    optimizer: torch.optim.Optimizer,
    rng: torch.Generator,
) -> Tensor:
    """Take one step of the critic; returns its estimate before the step."""
    scores_real, scores_fake = critic(real), critic(fake)
    terms = [way.loss(scores_real, scores_fake)]
    if way.penalty is not None:
        terms.append(way.gp_weight * way.penalty(critic, real, fake, rng=rng))
    optimizer.zero_grad()
    if way.two_backwards:
        for term in terms:
            term.backward(retain_graph=True)
    else:
        sum(terms).backward()
    if way.clip == "before":
        clip_(critic)
    if way.clip == "gradients":
        nn.utils.clip_grad_value_(critic.parameters(), CLIP)
    optimizer.step()
    if way.clip == "after":
        clip_(critic)
    return (scores_real.mean() - scores_fake.mean()).detach()


@torch.no_grad()
def clip_(critic: nn.Module) -> None:
    """Clip all weights, in place."""
    for parameter in critic.parameters():
        parameter.clamp_(-CLIP, CLIP)


RIGHT = Way()
CLIPPED = Way(penalty=None, clip="after")
# Each mistake is one change to a right way. "harmless" ones are said to be mistakes too.
MISTAKES = {
    "right": RIGHT,
    "right again": RIGHT,  # other seeds: what chance does
    "both losses pushed up": replace(RIGHT, loss=both_up),
    "critic's sign turned": replace(RIGHT, loss=to_maximise),
    "generator's sign turned": replace(RIGHT, generator_sign=1),
    "hinge": replace(RIGHT, loss=hinge),
    "no constraint": replace(RIGHT, penalty=None),
    "penalty at real points": replace(RIGHT, penalty=Penalty(points=at_real)),
    "normal mixing": replace(RIGHT, penalty=Penalty(points=normal)),
    "mixing by coordinate": replace(RIGHT, penalty=Penalty(points=by_entry)),
    "mixing by batch": replace(RIGHT, penalty=Penalty(points=by_batch)),
    "norm of the batch": replace(RIGHT, penalty=Penalty(norm=of_batch)),
    "norm not flattened": replace(RIGHT, penalty=Penalty(norm=unflattened)),
    "root without a guard": replace(RIGHT, penalty=Penalty(norm=unguarded)),
    "penalty without its graph": replace(RIGHT, penalty=Penalty(graph=False)),
    "penalty summed": replace(RIGHT, penalty=Penalty(total=True)),
    "two-sided": replace(RIGHT, penalty=Penalty(one_sided=False)),
    "two backwards": replace(RIGHT, two_backwards=True),
    "sigmoid": replace(RIGHT, critic="sigmoid"),
    "batch norm": replace(RIGHT, critic="batch norm"),
    "layer norm": replace(RIGHT, critic="layer norm"),
    "dropout": replace(RIGHT, critic="dropout"),
    "five generator steps": replace(RIGHT, n_critic=1, n_generator=5),
    "one critic step": replace(RIGHT, n_critic=1),
    "one real batch": replace(RIGHT, same_real=True),
    "one fake batch": replace(RIGHT, same_fake=True),
    "fakes not detached": replace(RIGHT, undetached=True),
    "momentum 0.9": replace(RIGHT, beta1=0.9),
    "clipped": CLIPPED,
    "clipped before the step": replace(CLIPPED, clip="before"),
    "gradients clipped": replace(CLIPPED, clip="gradients"),
}


# --- the tables -----------------------------------------------------------------------------------


def fill(
    folder: Path,
    log: Log,
    ways: Iterable[str],
    seeds: Sequence[int],
    *,
    play: Callable[[str, int], dict],
    early: Callable[[str], dict],
) -> None:
    """Train all ways from all seeds that are not in `results.csv` yet; then fill `early.csv`."""
    path = folder / "results.csv"
    rows = read_rows(path)
    for name in ways:
        if any(row["way"] == name for row in rows):
            continue
        rows += [play(name, seed) for seed in seeds]
        write_table(path, rows)
        log.save()
        logging.getLogger(__name__).info("%s", rows[-1])
    write_table(folder / "early.csv", [early(name) for name in ways])

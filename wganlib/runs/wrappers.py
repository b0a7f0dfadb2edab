"""What PyTorch's wrappers and its compiler make of a gradient penalty; chapter 16 runs it.

Each way computes the gradients of one critic's loss, or of one generator's, from a joint batch of
which each process has its half, in three steps on end; they are compared with those of one process
that has it whole. A few seconds; nothing is stored, the chapter runs it.
"""

from __future__ import annotations

import contextlib
import copy
import os
import sys
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.nn.parallel import DistributedDataParallel

from wganlib import models, parallel
from wganlib.lipschitz import gradient_norms

BATCH, STEPS = 16, 3
Step = Callable[..., None]  # called with the wrapped network, the network, and a share of the batch


def build() -> tuple[nn.Module, nn.Module, Tensor, Tensor]:
    """Return a generator, a critic, a real batch and latents, the same in every process."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = models.MLPGenerator(width=16, depth=2).double()
        critic = models.MLPCritic(width=16, depth=2).double()
        real = torch.randn(BATCH, 2, dtype=torch.float64) + 3
        latent = torch.randn(BATCH, 2, dtype=torch.float64)
    return generator, critic, real, latent


def score_loss(critic: Callable, real: Tensor, fake: Tensor) -> Tensor:
    """Return a critic's Wasserstein loss."""
    return critic(fake).mean() - critic(real).mean()


def penalty(critic: Callable, real: Tensor, fake: Tensor) -> Tensor:
    """Return ten times the gradient penalty, taken in the middle of each pair."""
    mixed = ((real + fake) / 2).detach()
    return 10 * (gradient_norms(critic, mixed, create_graph=True) - 1).square().mean()


def plainly(critic: nn.Module) -> Callable[[Tensor], Tensor]:
    """Hide that a critic can write its slope out, so that the penalty differentiates twice."""
    return lambda x: critic(x)


def gradients(network: nn.Module) -> np.ndarray:
    """Return all gradients of a network in one row; a part without one counts as zero."""
    parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in network.parameters()]
    whole = [p.full_tensor() if hasattr(p, "full_tensor") else p for p in parts]
    return torch.cat([p.flatten() for p in whole]).numpy()


# --- ways to wrap a network -----------------------------------------------------------------------


def bare(network: nn.Module) -> nn.Module:
    """No wrapper."""
    return network


def searching(network: nn.Module) -> nn.Module:
    """DDP with `find_unused_parameters=True`."""
    return DistributedDataParallel(network, find_unused_parameters=True)


def as_one(critic: nn.Module) -> nn.Module:
    """FSDP2, the whole network as one group."""
    return fully_shard(critic)


def by_layer(critic: nn.Module) -> nn.Module:
    """FSDP2, which gives each layer's weights in parts to the processes."""
    for layer in critic.layers:
        if isinstance(layer, nn.Linear):
            fully_shard(layer)
    return fully_shard(critic)


def kept_whole(critic: nn.Module) -> nn.Module:
    """FSDP2, layer by layer, weights kept whole after a backward pass."""
    by_layer(critic).set_reshard_after_backward(False)
    return critic


# --- ways to take the backward passes of a critic's step ------------------------------------------


def averaged(wrapped: nn.Module, critic: nn.Module, real: Tensor, fake: Tensor) -> None:
    """Backward passes as one likes, then `wganlib.parallel.average_gradients_`."""
    score_loss(critic, real, fake).backward()
    penalty(plainly(critic), real, fake).backward()
    parallel.average_gradients_(critic.parameters())


def one_backward(wrapped: nn.Module, critic: nn.Module, real: Tensor, fake: Tensor) -> None:
    """Loss and penalty in one backward pass."""
    (score_loss(wrapped, real, fake) + penalty(plainly(wrapped), real, fake)).backward()


def penalty_first(wrapped: nn.Module, critic: nn.Module, real: Tensor, fake: Tensor) -> None:
    """Loss and penalty in one backward pass, the penalty computed before the loss."""
    cost = penalty(plainly(wrapped), real, fake)
    (score_loss(wrapped, real, fake) + cost).backward()


def through_module(wrapped: nn.Module, critic: nn.Module, real: Tensor, fake: Tensor) -> None:
    """One backward pass, the penalty asks the network inside."""
    (score_loss(wrapped, real, fake) + penalty(plainly(critic), real, fake)).backward()


def written_out(wrapped: nn.Module, critic: nn.Module, real: Tensor, fake: Tensor) -> None:
    """One backward pass, the penalty asks the network inside for its slope written out."""
    (score_loss(wrapped, real, fake) + penalty(critic, real, fake)).backward()


def two_backwards(wrapped: nn.Module, critic: nn.Module, real: Tensor, fake: Tensor) -> None:
    """Loss and penalty are computed, then each has a backward pass."""
    both = score_loss(wrapped, real, fake), penalty(plainly(wrapped), real, fake)
    for loss in both:
        loss.backward()


def two_touched(wrapped: nn.Module, critic: nn.Module, real: Tensor, fake: Tensor) -> None:
    """As before, with zero times the scores added to the penalty."""
    both = score_loss(wrapped, real, fake), penalty(plainly(wrapped), real, fake)
    for loss in (both[0], both[1] + 0 * wrapped(real).sum()):
        loss.backward()


def in_turns(wrapped: nn.Module, critic: nn.Module, real: Tensor, fake: Tensor) -> None:
    """Take the loss's backward pass before the penalty is computed."""
    score_loss(wrapped, real, fake).backward()
    penalty(plainly(wrapped), real, fake).backward()


def turns_touched(wrapped: nn.Module, critic: nn.Module, real: Tensor, fake: Tensor) -> None:
    """As before, with zero times the scores added to the penalty."""
    score_loss(wrapped, real, fake).backward()
    (penalty(plainly(wrapped), real, fake) + 0 * wrapped(real).sum()).backward()


def then_apart(step: Step) -> Step:
    """Take weights that were kept whole apart again after a step, and the gradients with them."""

    def both(wrapped: nn.Module, critic: nn.Module, real: Tensor, fake: Tensor) -> None:
        step(wrapped, critic, real, fake)
        for module in critic.modules():
            if isinstance(module, FSDPModule):
                module.reshard()

    return both


CRITICS: dict[str, tuple[Callable, Step]] = {
    "gradients averaged by hand": (bare, averaged),
    "DDP; one backward": (DistributedDataParallel, one_backward),
    "DDP; penalty first": (DistributedDataParallel, penalty_first),
    "DDP; penalty through .module": (DistributedDataParallel, through_module),
    "DDP; slope written out": (DistributedDataParallel, written_out),
    "DDP; two backwards": (DistributedDataParallel, two_backwards),
    "DDP; two backwards; unused found": (searching, two_backwards),
    "DDP; two backwards; scores touched": (DistributedDataParallel, two_touched),
    "DDP; in turns": (DistributedDataParallel, in_turns),
    "DDP; in turns; scores touched": (DistributedDataParallel, turns_touched),
    "FSDP2; as one group": (as_one, one_backward),
    "FSDP2; as one group; penalty first": (as_one, penalty_first),
    "FSDP2; by layer": (by_layer, one_backward),
    "FSDP2; by layer; penalty first": (by_layer, penalty_first),
    "FSDP2; by layer; slope written out": (by_layer, written_out),
    "FSDP2; kept whole; one backward": (kept_whole, then_apart(one_backward)),
    "FSDP2; kept whole; penalty first": (kept_whole, then_apart(penalty_first)),
    "FSDP2; kept whole; two backwards": (kept_whole, then_apart(two_backwards)),
}


# --- ways to take the backward pass of a generator's step -----------------------------------------


def generator_backward(
    wrapped: nn.Module, generator: nn.Module, critic: nn.Module, latent: Tensor
) -> None:
    """`backward()`, which fills `.grad`."""
    (-critic(wrapped(latent)).mean()).backward()


def generator_grad(
    wrapped: nn.Module, generator: nn.Module, critic: nn.Module, latent: Tensor
) -> None:
    """`torch.autograd.grad`, which returns gradients and fills nothing."""
    parameters = list(generator.parameters())
    found = torch.autograd.grad(-critic(wrapped(latent)).mean(), parameters)
    for parameter, gradient in zip(parameters, found, strict=True):
        parameter.grad = gradient


GENERATORS: dict[str, tuple[Callable, Step]] = {
    "generator; DDP; backward": (DistributedDataParallel, generator_backward),
    "generator; DDP; autograd.grad": (DistributedDataParallel, generator_grad),
}


# --- comparing ------------------------------------------------------------------------------------


def tried(name: str) -> tuple[list[np.ndarray | str], np.ndarray]:
    """Return a way's gradients in some steps from this process's rows, and those of the whole.

    The weights stand still, so that all steps should have the same. An error ends the list.
    """
    generator, critic, real, latent = build()
    mine = parallel.rows(BATCH)
    with torch.no_grad():
        fake = generator(latent)
    network, batch = critic, (real[mine], fake[mine])
    if name in GENERATORS:
        network, batch = generator, (critic, latent[mine])
    alone = copy.deepcopy(network)
    if name in CRITICS:
        (score_loss(alone, real, fake) + penalty(alone, real, fake)).backward()
    else:
        (-critic(alone(latent)).mean()).backward()
    with _quiet():
        return _steps(*(CRITICS | GENERATORS)[name], network, batch), gradients(alone)


def _steps(wrap: Callable, step: Step, network: nn.Module, batch: tuple) -> list[np.ndarray | str]:
    found, wrapped = [], wrap(network)
    for _ in range(STEPS):
        network.zero_grad()
        try:
            step(wrapped, network, *batch)
        except RuntimeError as error:
            return [*found, str(error).splitlines()[0]]
        found.append(gradients(network))
    return found


def verdicts() -> dict[str, list[float | str]]:
    """Return for each way and step how far its gradients are off, relatively, or its error."""
    found = {}
    for name in (*CRITICS, *GENERATORS):
        steps, whole = tried(name)
        size = np.linalg.norm(whole)
        found[name] = [
            one if isinstance(one, str) else float(np.linalg.norm(one - whole) / size)
            for one in steps
        ]
    return found


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Leave out what the wrappers warn of, in C++ too; the chapter says it in words."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


# --- the compiler and half precision, in one process ----------------------------------------------


def compiled() -> dict[str, float | str]:
    """Return for each way to compile a penalty how far its gradients are off, or its error."""
    _, critic, real, _ = build()

    def through(slopes: Callable[[Tensor], Tensor]) -> Tensor:
        return (torch.linalg.vector_norm(slopes(real), dim=1) - 1).square().mean()

    def differentiated_twice(x: Tensor) -> Tensor:
        x = x.detach().requires_grad_(True)
        return torch.autograd.grad(critic(x).sum(), x, create_graph=True)[0]

    def functional(x: Tensor) -> Tensor:
        weights = dict(critic.named_parameters())

        def score(one: Tensor) -> Tensor:
            return torch.func.functional_call(critic, weights, (one[None],))[0]

        return torch.func.vmap(torch.func.grad(score))(x)

    ways = {
        "penalty differentiated twice": lambda: through(differentiated_twice),
        "penalty through torch.func.grad": lambda: through(functional),
        "slope written out": lambda: (
            (gradient_norms(critic, real, create_graph=True) - 1).square().mean()
        ),
    }
    found: dict[str, float | str] = {}
    for name, penalty in ways.items():
        critic.zero_grad()
        penalty().backward()
        whole = gradients(critic)
        critic.zero_grad()
        with _quiet():
            try:
                torch.compile(penalty, backend="aot_eager")().backward()
                off = np.linalg.norm(gradients(critic) - whole) / np.linalg.norm(whole)
                found[name] = float(off)
            except RuntimeError as error:
                found[name] = str(error).splitlines()[0]
    return found

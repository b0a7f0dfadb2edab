"""What PyTorch's wrappers and its compiler make of a gradient penalty; chapter 16 runs it.

Each way computes the gradients of one critic's loss, or of one generator's, from a joint batch of
which each process has its half; they are compared with those of one process that has it whole.
A few seconds; nothing is stored, the chapter runs it.
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

Losses = tuple[Tensor, Tensor]  # what a critic is trained with: its loss, and the penalty times 10
BATCH = 16


def build() -> tuple[nn.Module, nn.Module, Tensor, Tensor]:
    """Return a generator, a critic, a real batch and latents, the same in every process."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = models.MLPGenerator(width=16, depth=2).double()
        critic = models.MLPCritic(width=16, depth=2).double()
        real = torch.randn(BATCH, 2, dtype=torch.float64) + 3
        latent = torch.randn(BATCH, 2, dtype=torch.float64)
    return generator, critic, real, latent


def losses(critic: Callable, real: Tensor, fake: Tensor, *, penalised: Callable) -> Losses:
    """Return a critic's loss, and ten times the penalty in the middle of each pair."""
    mixed = ((real + fake) / 2).detach()
    penalty = (gradient_norms(penalised, mixed, create_graph=True) - 1).square().mean()
    return critic(fake).mean() - critic(real).mean(), 10 * penalty


def plainly(critic: nn.Module) -> Callable[[Tensor], Tensor]:
    """Hide that a critic can write its slope out, so that the penalty differentiates twice."""
    return lambda x: critic(x)


def gradients(network: nn.Module) -> np.ndarray:
    """Return all gradients of a network in one row; a part without one counts as zero."""
    parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in network.parameters()]
    whole = [p.full_tensor() if hasattr(p, "full_tensor") else p for p in parts]
    return torch.cat([p.flatten() for p in whole]).numpy()


# --- ways to train a critic on several processes --------------------------------------------------


def averaged(critic: nn.Module, real: Tensor, fake: Tensor) -> np.ndarray:
    """No wrapper: backward passes as one likes, then `wganlib.parallel.average_gradients_`."""
    for loss in losses(critic, real, fake, penalised=plainly(critic)):
        loss.backward()
    parallel.average_gradients_(critic.parameters())
    return gradients(critic)


def one_backward(critic: nn.Module, real: Tensor, fake: Tensor) -> np.ndarray:
    """DDP, loss and penalty in one backward pass."""
    wrapped = DistributedDataParallel(critic)
    sum(losses(wrapped, real, fake, penalised=wrapped)).backward()
    return gradients(critic)


def through_module(critic: nn.Module, real: Tensor, fake: Tensor) -> np.ndarray:
    """DDP, the penalty asks the network inside, one backward pass."""
    wrapped = DistributedDataParallel(critic)
    sum(losses(wrapped, real, fake, penalised=plainly(critic))).backward()
    return gradients(critic)


def written_out(critic: nn.Module, real: Tensor, fake: Tensor) -> np.ndarray:
    """DDP, the penalty asks the network inside for its slope written out, one backward pass."""
    wrapped = DistributedDataParallel(critic)
    sum(losses(wrapped, real, fake, penalised=critic)).backward()
    return gradients(critic)


def two_backwards(critic: nn.Module, real: Tensor, fake: Tensor, **options: bool) -> np.ndarray:
    """DDP, a backward pass for the loss and one for the penalty."""
    wrapped = DistributedDataParallel(critic, **options)
    for loss in losses(wrapped, real, fake, penalised=wrapped):
        loss.backward()
    return gradients(critic)


def unused_found(critic: nn.Module, real: Tensor, fake: Tensor) -> np.ndarray:
    """DDP, two backward passes, `find_unused_parameters=True`."""
    return two_backwards(critic, real, fake, find_unused_parameters=True)


def touched(critic: nn.Module, real: Tensor, fake: Tensor) -> np.ndarray:
    """DDP, two backward passes, the penalty's with zero times the scores added."""
    wrapped = DistributedDataParallel(critic)
    loss, penalty = losses(wrapped, real, fake, penalised=wrapped)
    loss.backward()
    (penalty + 0 * wrapped(real).sum()).backward()
    return gradients(critic)


def by_layer(critic: nn.Module) -> None:
    """Give each layer's weights in parts to the processes."""
    for layer in critic.layers:
        if isinstance(layer, nn.Linear):
            fully_shard(layer)
    fully_shard(critic)


def reshard(critic: nn.Module) -> None:
    """Take the weights apart again, and the gradients with them."""
    for module in critic.modules():
        if isinstance(module, FSDPModule):
            module.reshard()


def sharded_as_one(critic: nn.Module, real: Tensor, fake: Tensor) -> np.ndarray:
    """FSDP2, the whole network as one group."""
    fully_shard(critic)
    sum(losses(critic, real, fake, penalised=plainly(critic))).backward()
    return gradients(critic)


def sharded(critic: nn.Module, real: Tensor, fake: Tensor) -> np.ndarray:
    """FSDP2, layer by layer, as it comes."""
    by_layer(critic)
    sum(losses(critic, real, fake, penalised=plainly(critic))).backward()
    return gradients(critic)


def sharded_written_out(critic: nn.Module, real: Tensor, fake: Tensor) -> np.ndarray:
    """FSDP2, layer by layer, the slope written out."""
    by_layer(critic)
    sum(losses(critic, real, fake, penalised=critic)).backward()
    return gradients(critic)


def kept_whole(critic: nn.Module, real: Tensor, fake: Tensor) -> np.ndarray:
    """FSDP2, layer by layer, weights kept whole until both losses are done, in one backward."""
    by_layer(critic)
    critic.set_reshard_after_backward(False)
    sum(losses(critic, real, fake, penalised=plainly(critic))).backward()
    reshard(critic)
    return gradients(critic)


def kept_whole_twice(critic: nn.Module, real: Tensor, fake: Tensor) -> np.ndarray:
    """FSDP2, layer by layer, weights kept whole, a backward for each loss."""
    by_layer(critic)
    critic.set_reshard_after_backward(False)
    for loss in losses(critic, real, fake, penalised=plainly(critic)):
        loss.backward()
    reshard(critic)
    return gradients(critic)


CRITICS = {
    "gradients averaged by hand": averaged,
    "DDP; one backward": one_backward,
    "DDP; penalty through .module": through_module,
    "DDP; slope written out": written_out,
    "DDP; two backwards": two_backwards,
    "DDP; two backwards; unused found": unused_found,
    "DDP; two backwards; scores touched": touched,
    "FSDP2; as one group": sharded_as_one,
    "FSDP2; by layer": sharded,
    "FSDP2; by layer; slope written out": sharded_written_out,
    "FSDP2; kept whole; one backward": kept_whole,
    "FSDP2; kept whole; two backwards": kept_whole_twice,
}


# --- ways to train a generator --------------------------------------------------------------------


def generator_backward(generator: nn.Module, critic: nn.Module, latent: Tensor) -> np.ndarray:
    """DDP, `backward()`, which fills `.grad`."""
    wrapped = DistributedDataParallel(generator)
    (-critic(wrapped(latent)).mean()).backward()
    return gradients(generator)


def generator_grad(generator: nn.Module, critic: nn.Module, latent: Tensor) -> np.ndarray:
    """DDP, `torch.autograd.grad`, which returns gradients and fills nothing."""
    wrapped, parameters = DistributedDataParallel(generator), list(generator.parameters())
    found = torch.autograd.grad(-critic(wrapped(latent)).mean(), parameters)
    for parameter, gradient in zip(parameters, found, strict=True):
        parameter.grad = gradient
    return gradients(generator)


GENERATORS = {
    "generator; DDP; backward": generator_backward,
    "generator; DDP; autograd.grad": generator_grad,
}


# --- comparing ------------------------------------------------------------------------------------


def tried(name: str) -> tuple[np.ndarray | str, np.ndarray]:
    """Return a way's gradients from this process's rows, or its error, and those of the whole."""
    generator, critic, real, latent = build()
    mine = parallel.rows(BATCH)
    with torch.no_grad():
        fake = generator(latent)
    if name in CRITICS:
        alone = copy.deepcopy(critic)
        sum(losses(alone, real, fake, penalised=alone)).backward()
        way = CRITICS[name], (critic, real[mine], fake[mine])
    else:
        alone = copy.deepcopy(generator)
        (-critic(alone(latent)).mean()).backward()
        way = GENERATORS[name], (generator, critic, latent[mine])
    with _quiet():
        try:
            return way[0](*way[1]), gradients(alone)
        except RuntimeError as error:
            return str(error).splitlines()[0], gradients(alone)


def verdicts() -> dict[str, float | str]:
    """Return for each way how far its gradients are off, relatively, or the error it raised."""
    found = {}
    for name in (*CRITICS, *GENERATORS):
        mine, whole = tried(name)
        if isinstance(mine, str):
            found[name] = mine
        else:
            found[name] = float(np.linalg.norm(mine - whole) / np.linalg.norm(whole))
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

"""The usual way to train WGAN-GP on MNIST, each habit as seen in a widely copied script.

The updates are those of `wganlib.training.train`: fed the same batches, latents and mixing
coefficients, both go through the same weights. Every habit is a switch, so that it can be left off
on its own. README.md says which script has which.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from wganlib.training import TrainConfig

# What torchvision.datasets.MNIST does to each image it hands out as a PIL image.
PER_IMAGE = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])


def from_loader(dataset: Dataset, batch_size: int) -> Iterator[Tensor]:
    """Yield full batches for ever, image by image through the dataset's transform, shuffled."""
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True, drop_last=True)
    while True:
        for images, _ in loader:
            yield images


def default_adam(parameters: list[nn.Parameter], config: TrainConfig) -> torch.optim.Optimizer:
    """Adam as PyTorch chooses it where nothing is said: on a CPU a loop over the parameters."""
    betas = (config.beta1, config.beta2)
    return torch.optim.Adam(parameters, lr=config.learning_rate, betas=betas)


def train(
    generator: nn.Module,
    critic: nn.Module,
    batches: Iterator[Tensor],
    config: TrainConfig,
    *,
    rng: torch.Generator | None = None,
    optimizer=default_adam,
    keep_graph: bool = True,
    through_penalty: bool = False,
    all_gradients: bool = True,
) -> list[float]:
    """Train both in place; return the critic's loss, penalty included, after every critic step.

    ``keep_graph``: the fakes of a critic step carry the generator's graph, and the backward pass
    runs through it. ``through_penalty``: so do the points where the penalty is taken.
    ``all_gradients``: the generator's step computes the critic's gradients too.
    """
    generator_optimizer = optimizer(list(generator.parameters()), config)
    critic_optimizer = optimizer(list(critic.parameters()), config)
    losses = []
    for _ in range(config.n_steps):
        for _ in range(config.n_critic):
            real = next(batches)
            with torch.set_grad_enabled(keep_graph):
                fake = generator(generator.sample_latent(config.batch_size, rng))
            loss = critic(fake).mean() - critic(real).mean()
            penalised = fake if through_penalty else fake.detach()
            loss = loss + config.gp_weight * penalty(critic, real, penalised, rng)
            critic_optimizer.zero_grad()
            loss.backward()
            critic_optimizer.step()
            losses.append(loss.item())
        critic.requires_grad_(all_gradients)
        fake = generator(generator.sample_latent(config.batch_size, rng))
        loss = -critic(fake).mean()
        generator_optimizer.zero_grad()
        loss.backward()
        generator_optimizer.step()
        critic.requires_grad_(True)
    return losses


def penalty(critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator | None) -> Tensor:
    """Return the two-sided gradient penalty between real and fake, in the scripts' own form."""
    t = torch.rand(len(real), 1, 1, 1, generator=rng, dtype=real.dtype)
    mixed = (t * real + (1 - t) * fake).requires_grad_(True)
    scores = critic(mixed)
    (gradient,) = torch.autograd.grad(
        scores, mixed, torch.ones_like(scores), create_graph=True, retain_graph=True
    )
    return (gradient.flatten(1).norm(2, dim=1) - 1).square().mean()

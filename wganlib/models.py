"""Small generators and critics: what the book trains, and nothing more.

A critic returns one score for each sample, shape ``(batch,)``: no sigmoid, because a score is not a
probability, and no batch norm, because the gradient penalty is defined sample by sample; the one
that has it is for clipping alone.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn


def _latent(n: int, weight: Tensor, latent_dim: int, rng: torch.Generator | None) -> Tensor:
    """Draw n standard normal latents on the device and in the dtype of the weights."""
    return torch.randn(n, latent_dim, generator=rng, device=weight.device, dtype=weight.dtype)


def _mlp(widths: list[int]) -> nn.Sequential:
    """Stack linear layers with ReLU between them."""
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class MLPGenerator(nn.Module):
    r"""Fully connected generator for points.

    .. math:: g_\theta: \mathbb R^{\text{latent\_dim}} \to \mathbb R^{\text{data\_dim}}

    Parameters
    ----------
    latent_dim, data_dim : int
        Sizes of a latent and of a sample.
    width, depth : int
        Hidden units a layer, and number of hidden ReLU layers. The toy experiments of Gulrajani et
        al. (2017) use 512 and 3.
    """

    def __init__(self, latent_dim: int = 2, data_dim: int = 2, *, width: int = 128, depth: int = 3):
        super().__init__()
        self.arguments = {
            "latent_dim": latent_dim, "data_dim": data_dim, "width": width, "depth": depth,
        }  # fmt: skip
        self.latent_dim = latent_dim
        self.layers = _mlp([latent_dim, *[width] * depth, data_dim])

    def forward(self, latent: Tensor) -> Tensor:
        """Map latents ``(batch, latent_dim)`` to samples ``(batch, data_dim)``, data units."""
        return self.layers(latent)

    def sample_latent(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        """Draw ``n`` standard normal latents, shape ``(n, latent_dim)``."""
        return _latent(n, self.layers[0].weight, self.latent_dim, rng)


class MLPCritic(nn.Module):
    r"""Fully connected ReLU critic for points.

    .. math:: f_w: \mathbb R^{\text{data\_dim}} \to \mathbb R

    Parameters
    ----------
    data_dim : int
        Size of a sample.
    width, depth : int
        Hidden units a layer, and number of hidden ReLU layers (so ``depth + 1`` weight layers).
    """

    def __init__(self, data_dim: int = 2, *, width: int = 128, depth: int = 3):
        super().__init__()
        self.arguments = {"data_dim": data_dim, "width": width, "depth": depth}
        self.layers = _mlp([data_dim, *[width] * depth, 1])

    def forward(self, x: Tensor) -> Tensor:
        """Map samples ``(batch, data_dim)`` to scores ``(batch,)``."""
        return self.layers(x).squeeze(1)


class ConvGenerator(nn.Module):
    r"""Convolutional generator of 28×28 images with pixels in :math:`[-1, 1]`.

    Parameters
    ----------
    latent_dim : int
        Size of a latent.
    width : int
        Channels of the last hidden layer; the earlier ones have 2 and 4 times as many.
    """

    def __init__(self, latent_dim: int = 64, width: int = 16):
        super().__init__()
        self.arguments = {"latent_dim": latent_dim, "width": width}
        self.latent_dim, self.width = latent_dim, width
        self.project = nn.Linear(latent_dim, 4 * width * 4 * 4, bias=False)
        self.layers = nn.Sequential(
            nn.BatchNorm2d(4 * width),
            nn.ReLU(),
            nn.ConvTranspose2d(4 * width, 2 * width, 3, stride=2, padding=1, bias=False),  # 4 -> 7
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1, bias=False),  # 7 -> 14
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1),  # 14 -> 28
            nn.Tanh(),
        )
        self.to(memory_format=torch.channels_last)  # a tenth faster on a CPU

    def forward(self, latent: Tensor) -> Tensor:
        """Map latents ``(batch, latent_dim)`` to images ``(batch, 1, 28, 28)`` in [−1, 1]."""
        planes = self.project(latent).view(-1, 4 * self.width, 4, 4)
        return self.layers(planes)

    def sample_latent(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        """Draw ``n`` standard normal latents, shape ``(n, latent_dim)``."""
        return _latent(n, self.project.weight, self.latent_dim, rng)


class ConvCritic(nn.Module):
    r"""Convolutional critic of 28×28 images.

    Parameters
    ----------
    width : int
        Channels of the first layer; the later ones have 2 and 4 times as many.
    """

    def __init__(self, width: int = 16):
        super().__init__()
        self.arguments = {"width": width}
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, 4, stride=2, padding=1),  # 28 -> 14
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),  # 14 -> 7
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1),  # 7 -> 4
            nn.LeakyReLU(0.2),
            nn.Flatten(),  # (batch, 4 width, 4, 4) -> (batch, 64 width)
            nn.Linear(64 * width, 1),
        )
        self.to(memory_format=torch.channels_last)  # a tenth faster on a CPU

    def forward(self, images: Tensor) -> Tensor:
        """Map images ``(batch, 1, 28, 28)`` to scores ``(batch,)``."""
        return self.layers(images).squeeze(1)


class BatchNormConvCritic(ConvCritic):
    r"""Convolutional critic with batch norm before every activation but the first, for clipping.

    .. math:: u \mapsto \gamma\,\frac{u - \operatorname{mean}(u)}
        {\sqrt{\operatorname{var}(u) + \varepsilon}} + \beta
        \qquad \text{in each channel, over batch and pixels}

    In training mode a score depends on the batch that an image comes in, so the slope at one image
    has no meaning, and for small :math:`\varepsilon` no box of weights bounds it. In evaluation
    mode it is a function of the image, with means and variances that training has collected.

    Parameters
    ----------
    width : int
        Channels of the first layer; the later ones have 2 and 4 times as many.

    Notes
    -----
    *Differs from the paper*: smaller, and with biases. Source: ``DCGAN_D`` in the published code of
    Arjovsky, Chintala & Bottou (2017), whose clipping includes γ and β.
    """

    def __init__(self, width: int = 16):
        super().__init__(width)
        for convolution in (2, 5):  # one further, since the first has moved the second
            channels = self.layers[convolution].out_channels
            self.layers.insert(convolution + 1, nn.BatchNorm2d(channels))

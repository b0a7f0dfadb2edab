"""Small generators and critics: what the book trains, and nothing more.

A critic returns one score for each sample, shape ``(batch,)``: no sigmoid, because a score is not a
probability, and no batch norm, because the gradient penalty is defined sample by sample; where it
is asked for, it is for clipping alone.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from wganlib import _arrays


class MLPGenerator(nn.Module):
    r"""Fully connected generator for points.

    .. math:: g_\theta: \mathbb R^{\text{latent\_dim}} \to \mathbb R^{\text{data\_dim}}

    Parameters
    ----------
    latent_dim, data_dim : int, optional
        Sizes of a latent and of a sample.
    width, depth : int, optional
        Hidden units a layer, and number of hidden ReLU layers. The toy experiments of Gulrajani et
        al. (2017) use 512 and 3.

    Raises
    ------
    ValueError
        If a size is no whole number of at least 1, or ``depth`` none of at least 0.
    """

    def __init__(self, latent_dim: int = 2, data_dim: int = 2, *, width: int = 128, depth: int = 3):
        super().__init__()
        sizes = {"latent_dim": latent_dim, "data_dim": data_dim, "width": width, "depth": depth}
        self.arguments = _checked(sizes)
        self.latent_dim = self.arguments["latent_dim"]
        self.layers = _mlp([latent_dim, *[width] * depth, data_dim])

    def forward(self, latent: Tensor) -> Tensor:
        """Map latents to samples.

        Parameters
        ----------
        latent : Tensor, shape (batch, latent_dim)
            Latents, no unit.

        Returns
        -------
        Tensor, shape (batch, data_dim)
            Samples, in data units.

        Raises
        ------
        ValueError
            If the latents have another shape.
        """
        return self.layers(_batch(latent, "latent", self.latent_dim))

    def sample_latent(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        """Draw standard normal latents on the device and in the dtype of the weights.

        Parameters
        ----------
        n : int
            How many.
        rng : torch.Generator, optional
            Draws them; on the weights' device.

        Returns
        -------
        Tensor, shape (n, latent_dim)
            Latents, no unit.

        Raises
        ------
        ValueError
            If ``n`` is no whole number of at least 1.
        """
        return _latent(n, self.layers[0].weight, self.latent_dim, rng)


class MLPCritic(nn.Module):
    r"""Fully connected ReLU critic for points.

    .. math:: f_w: \mathbb R^{\text{data\_dim}} \to \mathbb R

    Parameters
    ----------
    data_dim : int, optional
        Size of a sample.
    width, depth : int, optional
        Hidden units a layer, and number of hidden ReLU layers (so ``depth + 1`` weight layers).

    Raises
    ------
    ValueError
        If a size is no whole number of at least 1, or ``depth`` none of at least 0.
    """

    def __init__(self, data_dim: int = 2, *, width: int = 128, depth: int = 3):
        super().__init__()
        self.arguments = _checked({"data_dim": data_dim, "width": width, "depth": depth})
        self.layers = _mlp([data_dim, *[width] * depth, 1])

    def forward(self, x: Tensor) -> Tensor:
        """Score samples.

        Parameters
        ----------
        x : Tensor, shape (batch, data_dim)
            Samples, in data units.

        Returns
        -------
        Tensor, shape (batch,)
            Scores, in score units.

        Raises
        ------
        ValueError
            If the samples have another shape.
        """
        return self.layers(_batch(x, "x", self.arguments["data_dim"])).squeeze(1)


class ConvGenerator(nn.Module):
    r"""Convolutional generator of 28×28 images with pixels in :math:`[-1, 1]`.

    Parameters
    ----------
    latent_dim : int, optional
        Size of a latent.
    width : int, optional
        Channels of the last hidden layer; the earlier ones have 2 and 4 times as many.

    Raises
    ------
    ValueError
        If a size is no whole number of at least 1.
    """

    def __init__(self, latent_dim: int = 64, width: int = 16):
        super().__init__()
        self.arguments = _checked({"latent_dim": latent_dim, "width": width})
        self.latent_dim, self.width = self.arguments.values()
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
        """Map latents to images.

        Parameters
        ----------
        latent : Tensor, shape (batch, latent_dim)
            Latents, no unit.

        Returns
        -------
        Tensor, shape (batch, 1, 28, 28)
            Images with pixels in [−1, 1].

        Raises
        ------
        ValueError
            If the latents have another shape.
        """
        planes = self.project(_batch(latent, "latent", self.latent_dim))
        return self.layers(planes.view(-1, 4 * self.width, 4, 4))

    def sample_latent(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        """Draw standard normal latents on the device and in the dtype of the weights.

        Parameters
        ----------
        n : int
            How many.
        rng : torch.Generator, optional
            Draws them; on the weights' device.

        Returns
        -------
        Tensor, shape (n, latent_dim)
            Latents, no unit.

        Raises
        ------
        ValueError
            If ``n`` is no whole number of at least 1.
        """
        return _latent(n, self.project.weight, self.latent_dim, rng)


class ConvCritic(nn.Module):
    r"""Convolutional critic of 28×28 images, on request with batch norm, for clipping.

    .. math:: u \mapsto \gamma\,\frac{u - \operatorname{mean}(u)}
        {\sqrt{\operatorname{var}(u) + \varepsilon}} + \beta
        \qquad \text{in each channel, over batch and pixels}

    is batch norm, before every activation but the first. In training mode a score then depends on
    the batch that an image comes in, so the slope at one image has no meaning, and for small
    :math:`\varepsilon` no box of weights bounds it. In evaluation mode it is a function of the
    image, with means and variances that training has collected.

    Parameters
    ----------
    width : int, optional
        Channels of the first layer; the later ones have 2 and 4 times as many.
    batch_norm : bool, optional
        Whether the second and the third convolution are followed by batch norm.

    Raises
    ------
    ValueError
        If ``width`` is no whole number of at least 1, or ``batch_norm`` no truth value.

    Notes
    -----
    *Differs from the paper:* smaller, and with biases. Clipping includes γ and β, as there.

    References
    ----------
    With batch norm: ``DCGAN_D`` in the published code of Arjovsky, Chintala and Bottou (2017).
    """

    def __init__(self, width: int = 16, *, batch_norm: bool = False):
        super().__init__()
        self.arguments = _checked({"width": width})
        _arrays.instance(batch_norm, "batch_norm", bool, "give True or False")
        if batch_norm:  # no key otherwise: that is how critics without it have been stored
            self.arguments["batch_norm"] = True
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, 4, stride=2, padding=1),  # 28 -> 14
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),  # 14 -> 7
            *([nn.BatchNorm2d(2 * width)] if batch_norm else []),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1),  # 7 -> 4
            *([nn.BatchNorm2d(4 * width)] if batch_norm else []),
            nn.LeakyReLU(0.2),
            nn.Flatten(),  # (batch, 4 width, 4, 4) -> (batch, 64 width)
            nn.Linear(64 * width, 1),
        )
        self.to(memory_format=torch.channels_last)  # a tenth faster on a CPU

    def forward(self, images: Tensor) -> Tensor:
        """Score images.

        Parameters
        ----------
        images : Tensor, shape (batch, 1, 28, 28)
            Images with pixels in [−1, 1].

        Returns
        -------
        Tensor, shape (batch,)
            Scores, in score units.

        Raises
        ------
        ValueError
            If the images have another shape.
        """
        return self.layers(_batch(images, "images", 1, 28, 28)).squeeze(1)


def _latent(n: int, weight: Tensor, latent_dim: int, rng: torch.Generator | None) -> Tensor:
    """Draw n standard normal latents on the device and in the dtype of the weights."""
    n = _arrays.whole_number(n, "n")
    return torch.randn(n, latent_dim, generator=rng, device=weight.device, dtype=weight.dtype)


def _checked(sizes: dict[str, int]) -> dict[str, int]:
    """Return whole numbers that a network can be built from; a depth may be 0."""
    least = {"depth": 0}
    return {k: _arrays.whole_number(v, k, least=least.get(k, 1)) for k, v in sizes.items()}


def _mlp(widths: list[int]) -> nn.Sequential:
    """Stack linear layers with ReLU between them."""
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _batch(x: Tensor, name: str, *shape: int) -> Tensor:
    """Refuse what is no batch of samples of this shape."""
    _arrays.instance(x, name, Tensor, "torch.as_tensor(x) makes one")
    if x.shape[1:] != shape or x.ndim < 2:
        wanted = ", ".join(map(str, ("batch", *shape)))
        raise ValueError(f"{name} has shape {tuple(x.shape)}, expected ({wanted})")
    return x

r"""Generators and critics of points and images, and what `wganlib` needs of your own.

A critic returns one score for each sample, shape ``(batch,)``: no sigmoid, because a score is not a
probability, and no batch norm, because the gradient penalty is defined sample by sample; where it
is asked for, it is for clipping alone.

**Networks of your own.** Training, sampling and storing take any ``torch.nn.Module`` that keeps to
this:

* A generator has a method ``sample_latent(n, rng)``, which returns n latents in one tensor of any
  shape whose first axis is n, such as ``(n, z)`` or ``(n, z, 1, 1)``. It draws from ``rng``, a
  ``torch.Generator`` or None, and from nothing else, so that a seed repeats a run. Called with
  latents, the generator returns one sample for each.
* A critic, called with samples, returns one score for each, shape ``(batch,)``. Under a gradient
  penalty a score depends on its own sample alone.
* A network that depends on a condition says so by an attribute, ``n_classes`` or ``condition_dim``,
  and takes class numbers, shape ``(batch,)``, or vectors, shape ``(batch, condition_dim)``, as its
  second argument.
* For `wganlib.records.save_run`, the class stands at the top of a module, and the network keeps
  what its constructor was given, in ``arguments``, a dictionary that JSON can hold. Without it the
  constructor must need nothing. Whatever else the outputs depend on is a parameter or a buffer.

`sample` draws from any such generator. One whose latents are normal vectors can start from
`Generator`, which has both methods.

Examples
--------
>>> class Ring(nn.Module):
...     def __init__(self, width):
...         super().__init__()
...         self.arguments = {"width": width}
...         self.layers = nn.Sequential(nn.Linear(1, width), nn.ReLU(), nn.Linear(width, 2))
...
...     def sample_latent(self, n, rng):
...         return 2 * torch.pi * torch.rand(n, 1, generator=rng)
...
...     def forward(self, latent):
...         return self.layers(latent)
>>> sample(Ring(16), 5, rng=torch.Generator().manual_seed(0)).shape
torch.Size([5, 2])
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from wganlib import _arrays, _networks
from wganlib._networks import CONDITIONS, condition_arguments, image_arguments


class Generator(nn.Module):
    """What the generators here share, and a start for one of your own.

    A subclass sets ``latent_dim`` and has a ``forward`` that takes latents of shape ``(batch,
    latent_dim)``. One that depends on a condition sets ``n_classes`` or ``condition_dim`` too.
    """

    latent_dim: int
    n_classes: int | None = None
    condition_dim: int | None = None

    def __init__(self) -> None:
        super().__init__()

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
            If ``n`` is no whole number of at least 1, or ``rng`` draws on another device.
        """
        n, like = _arrays.whole_number(n, "n"), next(self.parameters())
        if rng is not None:
            _arrays.refuse_other_rng(rng, like.device, "the weights lie")
        shape = n, self.latent_dim
        _networks.refuse_many_numbers(shape, like, "latents")
        return torch.randn(shape, generator=rng, device=like.device, dtype=like.dtype)

    def sample(
        self,
        n: int,
        *,
        condition: Tensor | None = None,
        rng: torch.Generator | None = None,
        batch_size: int = 500,
    ) -> Tensor:
        """Draw samples to look at: `wganlib.models.sample` of this generator.

        Parameters
        ----------
        n : int
            How many.
        condition : Tensor, shape (n,) or (n, condition_dim), optional
            Class numbers, or vectors, of a generator that depends on them.
        rng : torch.Generator, optional
            Draws the latents; on the weights' device.
        batch_size : int, optional
            How many go through the network at a time.

        Returns
        -------
        Tensor, shape (n, ...)
            Samples, in data units, without a graph.

        Raises
        ------
        ValueError
            As `wganlib.models.sample`.
        """
        return sample(self, n, condition=condition, rng=rng, batch_size=batch_size)


class MLPGenerator(Generator):
    r"""Fully connected generator of points.

    .. math:: g_\theta: \mathbb R^{\text{latent\_dim}} \to \mathbb R^{\text{data\_dim}}

    Parameters
    ----------
    latent_dim, data_dim : int, optional
        Sizes of a latent and of a sample.
    width, depth : int, optional
        Hidden units a layer, and number of hidden ReLU layers. The toy experiments of Gulrajani et
        al. (2017) use 512 and 3.
    n_classes, condition_dim : int, optional
        At most one of them: the samples depend on a class number below ``n_classes``, or on a
        vector of this size. Its embedding, a vector of ``latent_dim`` numbers, is appended to the
        latent.

    Raises
    ------
    ValueError
        If a size is no whole number of at least 1, or ``depth`` none of at least 0, or if both
        conditions are given.
    """

    def __init__(
        self,
        latent_dim: int = 2,
        data_dim: int = 2,
        *,
        width: int = 128,
        depth: int = 3,
        n_classes: int | None = None,
        condition_dim: int | None = None,
    ):
        super().__init__()
        sizes = {"latent_dim": latent_dim, "data_dim": data_dim, "width": width, "depth": depth}
        sizes = _networks.sizes_of(sizes)
        self.arguments = sizes | condition_arguments(n_classes, condition_dim)
        self.n_classes, self.condition_dim = map(self.arguments.get, CONDITIONS)
        self.latent_dim, self.data_dim, width, depth = sizes.values()
        inputs = self.latent_dim * (2 if _networks.is_conditional(self) else 1)
        self.layers = _networks.mlp(inputs, width, depth, self.data_dim)
        self.embed = _networks.embedding(self, self.latent_dim)

    def forward(self, latent: Tensor, condition: Tensor | None = None) -> Tensor:
        """Map latents to samples.

        Parameters
        ----------
        latent : Tensor, shape (batch, latent_dim)
            Latents, no unit.
        condition : Tensor, shape (batch,) or (batch, condition_dim), optional
            Class numbers, or vectors, where the generator was built for them.

        Returns
        -------
        Tensor, shape (batch, data_dim)
            Samples, in data units.

        Raises
        ------
        ValueError
            If the latents have another shape, dtype or device, or the condition does not fit.
        """
        latent = _networks.checked_batch(latent, "latent", (self.latent_dim,), self.layers[-1].bias)
        return self.layers(_networks.with_condition(self, latent, condition))


class MLPCritic(nn.Module):
    r"""Fully connected ReLU critic of points.

    .. math:: f_w: \mathbb R^{\text{data\_dim}} \to \mathbb R

    Parameters
    ----------
    data_dim : int, optional
        Size of a sample.
    width, depth : int, optional
        Hidden units a layer, and number of hidden ReLU layers (so ``depth + 1`` weight layers).
    n_classes, condition_dim : int, optional
        At most one of them: the score depends on a class number below ``n_classes``, or on a vector
        of this size, as in `ConvCritic`.

    Raises
    ------
    ValueError
        If a size is no whole number of at least 1, or ``depth`` none of at least 0, or if both
        conditions are given.
    """

    def __init__(
        self,
        data_dim: int = 2,
        *,
        width: int = 128,
        depth: int = 3,
        n_classes: int | None = None,
        condition_dim: int | None = None,
    ):
        super().__init__()
        sizes = _networks.sizes_of({"data_dim": data_dim, "width": width, "depth": depth})
        self.arguments = sizes | condition_arguments(n_classes, condition_dim)
        self.n_classes, self.condition_dim = map(self.arguments.get, CONDITIONS)
        self.data_dim, width, depth = sizes.values()
        self.layers = _networks.mlp(self.data_dim, width, depth, 1)
        self.projection = _networks.projection(self)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Score samples.

        Parameters
        ----------
        x : Tensor, shape (batch, data_dim)
            Samples, in data units.
        condition : Tensor, shape (batch,) or (batch, condition_dim), optional
            Class numbers, or vectors, where the critic was built for them.

        Returns
        -------
        Tensor, shape (batch,)
            Scores, in score units.

        Raises
        ------
        ValueError
            If the samples have another shape, dtype or device, or the condition does not fit.
        """
        x = _networks.checked_batch(x, "x", (self.data_dim,), self.layers[-1].bias)
        return _networks.scores(self, x, condition)

    def value_and_gradient(
        self, x: Tensor, condition: Tensor | None = None
    ) -> tuple[Tensor, Tensor] | None:
        """Score samples and write the slope down: see `wganlib.slope.written_out`.

        Parameters
        ----------
        x : Tensor, shape (batch, data_dim)
            As for ``forward``.
        condition : Tensor, optional
            As for ``forward``.

        Returns
        -------
        scores : Tensor, shape (batch,)
            Without a graph, in score units.
        gradient : Tensor, shape (batch, data_dim)
            With a graph to the weights, in score units per data unit. Or None instead of the pair,
            where a layer has been replaced by one of another kind.

        Raises
        ------
        ValueError
            As ``forward``.
        """
        x = _networks.checked_batch(x, "x", (self.data_dim,), self.layers[-1].bias)
        return _networks.value_and_gradient(self, x, condition)


class ConvGenerator(Generator):
    r"""Convolutional generator of images with pixels in :math:`[-1, 1]`.

    Parameters
    ----------
    latent_dim : int, optional
        Size of a latent.
    width : int, optional
        Channels of the last hidden layer; the earlier ones have 2, 4 and at most 8 times as many.
    size : int or (int, int), optional
        Side of an image, or its height and width, in pixels: multiples of 4 from 8 to 128.
    channels : int, optional
        Of an image: 1 is grey, 3 is colour.
    n_classes, condition_dim : int, optional
        At most one of them: the images depend on a class number below ``n_classes``, or on a vector
        of this size. Its embedding, a vector of ``latent_dim`` numbers, is appended to the latent.

    Raises
    ------
    ValueError
        If ``size`` is none of those (names the nearest), another size no whole number of at least
        1, or if both conditions are given.

    Notes
    -----
    From an image down, each stage halves both sides, rounding up, until they are 4 or 3; a side
    that is there early waits. The generator goes this way upwards and doubles by transposed
    convolutions of stride 2, whose kernel is 4 pixels long where the larger side is even, and 3
    where it is odd (1 and 3 for a side that waits).

    =====================  ======  ==================================  =========================
    side                   stages  sides, for example                  channels, times ``width``
    =====================  ======  ==================================  =========================
    8                      1       4 → 8                               1
    12, 16                 2       4 → 8 → 16                          2, 1
    20, 24, 28, 32         3       4 → 7 → 14 → 28                     4, 2, 1
    36, 40, …, 64          4       3 → 5 → 9 → 18 → 36                 8, 4, 2, 1
    68, 72, …, 128         5       4 → 8 → 16 → 32 → 64 → 128          8, 8, 4, 2, 1
    =====================  ======  ==================================  =========================

    The longer side decides the number of stages.

    References
    ----------
    Convolutions of stride 2, and batch norm with ReLU before each: the guidelines of Radford, Metz
    and Chintala (2016).
    """

    def __init__(
        self,
        latent_dim: int = 64,
        width: int = 16,
        *,
        size: int | tuple[int, int] = 28,
        channels: int = 1,
        n_classes: int | None = None,
        condition_dim: int | None = None,
    ):
        super().__init__()
        sizes = _networks.sizes_of({"latent_dim": latent_dim, "width": width})
        self.arguments = (
            sizes | image_arguments(size, channels) | condition_arguments(n_classes, condition_dim)
        )
        self.n_classes, self.condition_dim = map(self.arguments.get, CONDITIONS)
        self.latent_dim, self.width = sizes.values()
        sides, planes = _networks.stages(size, self.width, int(channels))
        self.shape = planes[0], *sides[0]  # of an image
        self._start = planes[-1], *sides[-1]  # (4 width, 4, 4) for images of 28×28
        inputs = self.latent_dim * (2 if _networks.is_conditional(self) else 1)
        self.project = _networks.linear(inputs, math.prod(self._start))
        layers: list[nn.Module] = []
        for stage in range(len(sides) - 1, 0, -1):
            shape = _networks.convolution(sides[stage - 1], sides[stage])
            before, after = planes[stage], planes[stage - 1]
            layers += [nn.BatchNorm2d(before), nn.ReLU()]
            layers += [nn.ConvTranspose2d(before, after, **shape, bias=stage == 1)]
        self.layers = nn.Sequential(*layers, nn.Tanh())
        self.embed = _networks.embedding(self, self.latent_dim)
        self.to(memory_format=torch.channels_last)  # a tenth faster on a CPU

    def forward(self, latent: Tensor, condition: Tensor | None = None) -> Tensor:
        """Map latents to images.

        Parameters
        ----------
        latent : Tensor, shape (batch, latent_dim)
            Latents, no unit.
        condition : Tensor, shape (batch,) or (batch, condition_dim), optional
            Class numbers, or vectors, where the generator was built for them.

        Returns
        -------
        Tensor, shape (batch, channels, height, width)
            Images with pixels in [−1, 1].

        Raises
        ------
        ValueError
            If the latents have another shape, dtype or device, or the condition does not fit.
        """
        latent = _networks.checked_batch(latent, "latent", (self.latent_dim,), self.layers[-2].bias)
        planes = self.project(_networks.with_condition(self, latent, condition))
        return self.layers(planes.view(len(planes), *self._start))


class ConvCritic(nn.Module):
    r"""Convolutional critic of images, on request with batch norm, for clipping.

    .. math:: u \mapsto \gamma\,\frac{u - \operatorname{mean}(u)}
        {\sqrt{\operatorname{var}(u) + \varepsilon}} + \beta
        \qquad \text{in each channel, over batch and pixels}

    is batch norm, before every activation but the first. In training mode a score then depends on
    the batch that an image comes in, so the slope at one image has no meaning, and for small
    :math:`\varepsilon` no box of weights bounds it. In evaluation mode it is a function of the
    image, with means and variances that training has collected.

    A condition :math:`c`, a vector or the unit vector of a class, enters by a projection: with the
    last features :math:`h(x)`,

    .. math:: f(x, c) = a^\top h(x) + b + (Vc)^\top h(x),

    which for one condition is a critic of the same layers and another last weight.

    Parameters
    ----------
    width : int, optional
        Channels of the first layer; the later ones have 2, 4 and at most 8 times as many.
    batch_norm : bool, optional
        Whether each convolution but the first is followed by batch norm.
    size : int or (int, int), optional
        Side of an image, or its height and width, in pixels: multiples of 4 from 8 to 128.
    channels : int, optional
        Of an image: 1 is grey, 3 is colour.
    n_classes, condition_dim : int, optional
        At most one of them: the score depends on a class number below ``n_classes``, or on a vector
        of this size.

    Raises
    ------
    ValueError
        If ``size`` is none of those (names the nearest), another size no whole number of at least
        1, ``batch_norm`` no truth value or without a place, or if both conditions are given.

    Notes
    -----
    The stages are those of `ConvGenerator`, downwards. The module ``projection`` maps conditions to
    :math:`Vc`, shape ``(batch, features)``; it is None in a critic without a condition.

    *Differs from the paper:* smaller, and with biases. Clipping includes γ and β, as there.

    References
    ----------
    With batch norm: ``DCGAN_D`` in the published code of Arjovsky, Chintala and Bottou (2017). The
    projection: Miyato and Koyama (2018), with a linear last layer for their ψ.
    """

    def __init__(
        self,
        width: int = 16,
        *,
        batch_norm: bool = False,
        size: int | tuple[int, int] = 28,
        channels: int = 1,
        n_classes: int | None = None,
        condition_dim: int | None = None,
    ):
        super().__init__()
        sizes = _networks.sizes_of({"width": width}) | image_arguments(size, channels)
        sizes |= _networks.batch_norm_argument(batch_norm, size)
        self.arguments = sizes | condition_arguments(n_classes, condition_dim)
        self.n_classes, self.condition_dim = map(self.arguments.get, CONDITIONS)
        sides, planes = _networks.stages(size, sizes["width"], int(channels))
        self.shape = planes[0], *sides[0]  # of an image
        layers: list[nn.Module] = []
        for stage, (before, after) in enumerate(pairwise(planes)):
            shape = _networks.convolution(sides[stage], sides[stage + 1])
            layers += [nn.Conv2d(before, after, **shape)]
            layers += [nn.BatchNorm2d(after)] if batch_norm and stage else []
            layers += [nn.LeakyReLU(0.2)]
        n_features = planes[-1] * math.prod(
            sides[-1]
        )  # (batch, 4 width, 4, 4) -> (batch, 64 width)
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(n_features, 1))
        self.projection = _networks.projection(self)
        self.to(memory_format=torch.channels_last)  # a tenth faster on a CPU

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Score images.

        Parameters
        ----------
        images : Tensor, shape (batch, channels, height, width)
            Images with pixels in [−1, 1].
        condition : Tensor, shape (batch,) or (batch, condition_dim), optional
            Class numbers, or vectors, where the critic was built for them.

        Returns
        -------
        Tensor, shape (batch,)
            Scores, in score units.

        Raises
        ------
        ValueError
            If the images have another shape, dtype or device, or the condition does not fit.
        """
        images = _networks.checked_batch(images, "images", self.shape, self.layers[-1].bias)
        return _networks.scores(self, images, condition)

    def value_and_gradient(
        self, images: Tensor, condition: Tensor | None = None
    ) -> tuple[Tensor, Tensor] | None:
        """Score images and write the slope down: see `wganlib.slope.written_out`.

        Parameters
        ----------
        images : Tensor, shape (batch, channels, height, width)
            As for ``forward``.
        condition : Tensor, optional
            As for ``forward``.

        Returns
        -------
        scores : Tensor, shape (batch,)
            Without a graph, in score units.
        gradient : Tensor, shape (batch, channels, height, width)
            With a graph to the weights, in score units per data unit. Or None instead of the pair,
            where a layer has been replaced by one of another kind,
            or batch norm is in training mode.

        Raises
        ------
        ValueError
            As ``forward``.
        """
        images = _networks.checked_batch(images, "images", self.shape, self.layers[-1].bias)
        return _networks.value_and_gradient(self, images, condition)


def sample(
    generator: nn.Module,
    n: int,
    *,
    condition: Tensor | None = None,
    rng: torch.Generator | None = None,
    batch_size: int = 500,
) -> Tensor:
    """Draw samples of any generator to look at: in evaluation mode, without a graph.

    Parameters
    ----------
    generator : nn.Module
        With ``sample_latent(n, rng)``; maps latents, or latents and a condition, to samples. Every
        mode in it is given back, also after an error.
    n : int
        How many.
    condition : Tensor, shape (n, ...), optional
        What the generator takes next to the latents, one row for each sample.
    rng : torch.Generator, optional
        Draws the latents, all at once; on the generator's device.
    batch_size : int, optional
        How many go through the network at a time; the samples do not depend on it.

    Returns
    -------
    Tensor, shape (n, ...)
        Samples, in data units, on the generator's device.

    Raises
    ------
    ValueError
        If a number is no whole number of at least 1, if the generator has no ``sample_latent`` or
        what it gives does not fit, or if there is not one condition for each sample.

    Examples
    --------
    >>> generator = MLPGenerator(latent_dim=3, data_dim=2)
    >>> sample(generator, 5, rng=torch.Generator().manual_seed(0)).shape
    torch.Size([5, 2])
    """
    n, batch_size = (
        _arrays.whole_number(v, k) for k, v in {"n": n, "batch_size": batch_size}.items()
    )
    _networks.refuse_other_generator(generator)
    if condition is not None:
        _networks.refuse_other_rows(condition, "condition", n)
    with torch.no_grad(), _networks.evaluating(generator):
        latent = generator.sample_latent(n, rng)
        _networks.refuse_other_rows(latent, "what sample_latent gives", n)
        given = [latent, *_networks.moved(condition, latent.device)]
        found = None
        for start in range(0, n, batch_size):
            rows = slice(start, start + batch_size)
            part = generator(*(each[rows] for each in given))
            _networks.refuse_other_rows(part, "what the generator gives", len(latent[rows]))
            if found is None:
                _networks.refuse_many_numbers((n, *part.shape[1:]), part, "samples")
                found = part.new_empty(n, *part.shape[1:])
            found[rows] = part
    return found

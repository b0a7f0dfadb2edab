"""Toy laws with exact samplers, images, and the one door for what is trained on."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from wganlib._arrays import finite_number, instance, refuse_other_rng, shown, whole_number
from wganlib._memory import refuse_large, room
from wganlib._reading import Draw, opened
from wganlib._samples import warn_of_range

# Gulrajani et al.'s toy script draws at a handy scale, then divides by 1.414, 2.828 and 7.5.
RING_RADIUS, RING_STD = 2 / 1.414, 0.02 / 1.414  # 1.4144 and 0.01414 data units
GRID_SPACING, GRID_STD = 2 / 2.828, 0.05 / 2.828  # 0.7072 and 0.01768 data units
ROLL_SCALE = 7.5
MANY = 10_000  # samples; fewer need no question whether memory holds them
FAR = 1e30  # points that are farther away leave single precision, or its squares


def parallel_lines(n: int, shift: float = 0.0, *, rng: torch.Generator | None = None) -> Tensor:
    r"""Draw from the uniform law on a vertical segment of length 1.

    .. math:: x = (\theta, u), \qquad u \sim U[0, 1]

    Parameters
    ----------
    n : int
        How many points.
    shift : float
        The first coordinate :math:`\theta`, data units. Two such laws lie at distance
        :math:`W_1 = |\theta - \theta'|`.
    rng : torch.Generator, optional
        Its device is the points' device.

    Returns
    -------
    Tensor, float32, shape (n, 2)
        Points, in data units.

    Raises
    ------
    ValueError
        If ``n`` is below 1 or too large for memory, or ``shift`` beyond 1e30.

    References
    ----------
    Arjovsky, Chintala and Bottou (2017), Example 1.
    """
    shift = finite_number(shift, "shift", least=-FAR, most=FAR)
    device = _drawn_on(n, rng)
    height = torch.rand(n, generator=rng, device=device)
    return torch.stack([torch.full_like(height, shift), height], dim=1)


def ring_centres(modes: int = 8, *, radius: float = RING_RADIUS) -> Tensor:
    r"""Return equally spaced points on a circle, the first at angle 0.

    .. math:: c_k = r\,(\cos 2\pi k/K,\ \sin 2\pi k/K), \qquad k = 0, \dots, K - 1

    Parameters
    ----------
    modes : int
        Their number :math:`K`.
    radius : float
        The radius :math:`r`, data units; 1.4144 in the paper's script.

    Returns
    -------
    Tensor, float32, shape (modes, 2)
        Points, in data units, on the CPU.

    Raises
    ------
    ValueError
        If ``modes`` is below 1 or too large for memory, or ``radius`` beyond 1e30.

    References
    ----------
    The published script ``gan_toy.py`` of Gulrajani et al. (2017).

    Examples
    --------
    >>> ring_centres(4, radius=2.0).round()
    tensor([[ 2.,  0.],
            [-0.,  2.],
            [-2., -0.],
            [ 0., -2.]])
    """
    _countable(modes, "modes")
    radius = finite_number(radius, "radius", least=-FAR, most=FAR)
    angle = 2 * math.pi * torch.arange(modes) / modes
    return radius * torch.stack([angle.cos(), angle.sin()], dim=1)


def gaussian_ring(
    n: int,
    modes: int = 8,
    *,
    radius: float = RING_RADIUS,
    std: float = RING_STD,
    rng: torch.Generator | None = None,
) -> Tensor:
    r"""Draw from equally likely Gaussians around the points of `ring_centres`.

    .. math:: x \sim \frac1K\sum_k \mathcal N(c_k, \sigma^2 I)

    Parameters
    ----------
    n : int
        How many points.
    modes : int
        The number :math:`K` of Gaussians.
    radius, std : float
        Radius of the ring and :math:`\sigma` of each Gaussian, data units; 1.4144 and 0.01414 in
        the paper's script.
    rng : torch.Generator, optional
        Its device is the points' device.

    Returns
    -------
    Tensor, float32, shape (n, 2)
        Points, in data units.

    Raises
    ------
    ValueError
        If ``n`` or ``modes`` is below 1 or too large for memory, ``std`` below 0, or a length
        beyond 1e30.

    References
    ----------
    The published script ``gan_toy.py`` of Gulrajani et al. (2017).
    """
    return _mixture(n, ring_centres(modes, radius=radius), std, rng)


def grid_centres(side: int = 5, *, spacing: float = GRID_SPACING) -> Tensor:
    r"""Return the points of a square lattice around the origin, row by row from below.

    .. math:: c_{ij} = s\,\bigl(i - \tfrac{K-1}2,\ j - \tfrac{K-1}2\bigr)

    Parameters
    ----------
    side : int
        Points on a side, :math:`K`.
    spacing : float
        Distance :math:`s` of neighbours, data units; 0.7072 in the paper's script.

    Returns
    -------
    Tensor, float32, shape (side**2, 2)
        Points, in data units, on the CPU.

    Raises
    ------
    ValueError
        If ``side`` is below 1 or too large for memory, or ``spacing`` beyond 1e30 a side.

    References
    ----------
    The published script ``gan_toy.py`` of Gulrajani et al. (2017).

    Examples
    --------
    >>> grid_centres(2, spacing=2.0)
    tensor([[-1., -1.],
            [ 1., -1.],
            [-1.,  1.],
            [ 1.,  1.]])
    """
    _countable(whole_number(side, "side") ** 2, "side**2")
    spacing = finite_number(spacing, "spacing", least=-FAR / side, most=FAR / side)
    place = spacing * (torch.arange(side) - (side - 1) / 2)
    y, x = torch.meshgrid(place, place, indexing="ij")
    return torch.stack([x, y], dim=-1).view(-1, 2)  # (side, side, 2) -> (side^2, 2)


def gaussian_grid(
    n: int,
    side: int = 5,
    *,
    spacing: float = GRID_SPACING,
    std: float = GRID_STD,
    rng: torch.Generator | None = None,
) -> Tensor:
    r"""Draw from equally likely Gaussians around the points of `grid_centres`.

    .. math:: x \sim \frac1{K^2}\sum_{ij} \mathcal N(c_{ij}, \sigma^2 I)

    Parameters
    ----------
    n : int
        How many points.
    side : int
        Gaussians on a side, :math:`K`.
    spacing, std : float
        Distance of neighbours and :math:`\sigma` of each Gaussian, data units; 0.7072 and 0.01768
        in the paper's script.
    rng : torch.Generator, optional
        Its device is the points' device.

    Returns
    -------
    Tensor, float32, shape (n, 2)
        Points, in data units.

    Raises
    ------
    ValueError
        If ``n`` or ``side`` is below 1 or too large for memory, ``std`` below 0, or a length
        beyond 1e30.

    Notes
    -----
    *Differs from the paper*: every point is new; the script shuffles 100,000 points once.

    References
    ----------
    The published script ``gan_toy.py`` of Gulrajani et al. (2017).
    """
    return _mixture(n, grid_centres(side, spacing=spacing), std, rng)


def swiss_roll(
    n: int, *, std: float = 0.25 / ROLL_SCALE, rng: torch.Generator | None = None
) -> Tensor:
    r"""Draw from a spiral of one and a half turns, blurred.

    .. math:: x = \frac{t}{7.5}\,(\cos t, \sin t) + \sigma z, \qquad
        t \sim U[\tfrac32\pi, \tfrac92\pi], \quad z \sim \mathcal N(0, I)

    Parameters
    ----------
    n : int
        How many points.
    std : float
        The blur :math:`\sigma`, data units; 0.25/7.5 in the paper's script.
    rng : torch.Generator, optional
        Its device is the points' device.

    Returns
    -------
    Tensor, float32, shape (n, 2)
        Points, in data units; the radius grows from 0.63 to 1.88.

    Raises
    ------
    ValueError
        If ``n`` is below 1 or too large for memory, or ``std`` below 0 or beyond 1e30.

    References
    ----------
    The published script ``gan_toy.py`` of Gulrajani et al. (2017), which takes two of the three
    coordinates of scikit-learn's ``make_swiss_roll``.
    """
    std = finite_number(std, "std", least=0, most=FAR)
    device = _drawn_on(n, rng)
    t = 1.5 * math.pi * (1 + 2 * torch.rand(n, generator=rng, device=device))
    spiral = t[:, None] / ROLL_SCALE * torch.stack([t.cos(), t.sin()], dim=1)
    return spiral + std * torch.randn(n, 2, generator=rng, device=device)


def _mixture(n: int, centres: Tensor, std: float, rng: torch.Generator | None) -> Tensor:
    """Draw n points from equally likely round Gaussians."""
    std = finite_number(std, "std", least=0, most=FAR)
    device = _drawn_on(n, rng)
    which = torch.randint(len(centres), (n,), generator=rng, device=device)
    noise = torch.randn(n, centres.shape[1], generator=rng, device=device)
    return centres.to(device)[which] + std * noise


def _drawn_on(n: int, rng: torch.Generator | None) -> torch.device:
    """Return the device to draw on, after a look at how many points are wanted."""
    _countable(n, "n")
    if rng is None:
        return torch.device("cpu")
    instance(rng, "rng", torch.Generator, "torch.Generator().manual_seed(0) makes one")
    return rng.device


def _countable(n: int, name: str) -> None:
    """Refuse more points of the plane than memory holds, with some copies of them on the way."""
    whole_number(n, name, least=1)
    refuse_large(4.0 * 2 * 4 * n, f"{name}={shown(n)} points", "draw fewer at once")


@dataclass(frozen=True, kw_only=True)
class Images:
    """Images, with or without labels, on one device.

    Parameters
    ----------
    pixels : Tensor, uint8, shape (n, channels, height, width)
        Values from 0 to 255, no unit; of MNIST, 0 is paper and 255 is ink.
    labels : Tensor, int64, shape (n,), optional
        The number of each image's class.
    source : str
        Where they come from, in words.
    classes : tuple of str, optional
        The classes' names, by number, where they have names.

    Raises
    ------
    ValueError
        If ``pixels`` or ``labels`` have another shape or dtype, or there are no images.
    """

    pixels: Tensor
    labels: Tensor | None = None
    source: str
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no batch could be drawn from."""
        instance(self.pixels, "pixels", Tensor, "torch.from_numpy(x) makes one of an array")
        if self.pixels.dtype != torch.uint8:
            raise ValueError(
                f"pixels have dtype {self.pixels.dtype}, expected torch.uint8, from 0 to 255: "
                "from floats in [-1, 1], give ((x + 1) * 127.5).round().to(torch.uint8)"
            )
        if self.pixels.ndim != 4 or self.pixels.numel() == 0:
            raise ValueError(
                f"pixels have shape {tuple(self.pixels.shape)}, expected (n, channels, height, "
                "width) with at least one image: grey images of shape (n, height, width) become "
                "so by x[:, None]"
            )
        if self.labels is not None:
            self._refuse_labels()

    def _refuse_labels(self) -> None:
        """Refuse labels that are no class number for each image."""
        instance(self.labels, "labels", Tensor, "torch.tensor(x) makes one of a list or an array")
        if self.labels.dtype != torch.int64:
            raise ValueError(
                f"labels have dtype {self.labels.dtype}, expected torch.int64: give labels.long()"
            )
        if self.labels.shape != (len(self.pixels),):
            raise ValueError(
                f"labels have shape {tuple(self.labels.shape)}, expected ({len(self.pixels)},): "
                "one class number for each image"
            )
        if self.labels.device != self.pixels.device:
            raise ValueError(
                f"labels lie on {self.labels.device}, pixels on {self.pixels.device}: "
                "give labels.to(pixels.device)"
            )

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.pixels)

    def to(self, device: torch.device | str) -> Images:
        """Move the images to another device.

        Parameters
        ----------
        device : torch.device or str
            Where they are wanted.

        Returns
        -------
        Images
            The same images there.

        Raises
        ------
        ValueError
            If there is no such device.
        """
        device = _device(device)
        labels = None if self.labels is None else self.labels.to(device)
        return replace(self, pixels=self.pixels.to(device), labels=labels)

    def batch(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        r"""Draw images with replacement, scaled to :math:`[-1, 1]`.

        Parameters
        ----------
        n : int
            How many.
        rng : torch.Generator, optional
            On the pixels' device.

        Returns
        -------
        Tensor, float32, shape (n, channels, height, width)
            Images, on the pixels' device, no unit.

        Raises
        ------
        ValueError
            If ``n`` is below 1 or too large for memory, or ``rng`` of another kind or device.
        """
        n = _affordable(n, self.pixels)
        if rng is not None:
            refuse_other_rng(rng, self.pixels.device, "the images lie")
        index = torch.randint(len(self), (n,), generator=rng, device=self.pixels.device)
        return scale_pixels(self.pixels[index])


def _affordable(n: int, samples: Tensor) -> int:
    """Return how many samples are wanted, if memory holds them as floats."""
    n = whole_number(n, "n", least=1)
    size = 12.0 if samples.dtype == torch.uint8 else 2.0 * samples.element_size()
    refuse_large(size * n * samples[0].numel(), f"n={n} samples", "draw fewer at once")
    return n


def scale_pixels(pixels: Tensor) -> Tensor:
    r"""Map pixels from 0 to 255 to the range of a tanh.

    .. math:: x = \frac{p}{127.5} - 1 \in [-1, 1]

    Parameters
    ----------
    pixels : Tensor, uint8, shape (...)
        Values from 0 to 255, no unit.

    Returns
    -------
    Tensor, float32, shape (...)
        Values from −1 to 1, no unit.

    Raises
    ------
    ValueError
        If they are no pixels: floats may have been scaled before.

    Examples
    --------
    >>> scale_pixels(torch.tensor([0, 255], dtype=torch.uint8))
    tensor([-1.,  1.])
    """
    instance(pixels, "pixels", Tensor, "torch.from_numpy(x) makes one of an array")
    if pixels.dtype != torch.uint8:
        raise ValueError(
            f"pixels have dtype {pixels.dtype}, expected torch.uint8, from 0 to 255: floats in "
            "[-1, 1] are scaled already, floats in [0, 1] are by 2 * x - 1"
        )
    return pixels.float() / 127.5 - 1


@dataclass(frozen=True, kw_only=True)
class Source:
    """Real samples, ready to be drawn from; `source` makes it.

    Parameters
    ----------
    samples : Tensor, shape (n, ...)
        All samples, in the networks' dtype, or pixels as uint8, which are scaled when they are
        drawn; or the first ones, where batches come from elsewhere.
    conditions : Tensor, shape (n,) or (n, k), optional
        Their class numbers, int64, or their vectors.
    n : int or None
        How many samples there are; None if they are streamed.
    device : torch.device
        Where batches are wanted.
    dtype : torch.dtype
        What samples are drawn in.
    draw : callable, optional
        ``draw(n, rng)`` gives a batch and its conditions, where they come from elsewhere.
    """

    samples: Tensor
    conditions: Tensor | None
    n: int | None
    device: torch.device
    dtype: torch.dtype = torch.float32
    draw: Draw | None = None

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return tuple(self.samples.shape[1:])

    def batch(self, n: int, *, rng: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """Draw samples with replacement, or take the next ones of a stream.

        Parameters
        ----------
        n : int
            How many.
        rng : torch.Generator
            On the device where batches are wanted.

        Returns
        -------
        tuple
            Samples, shape ``(n, ...)``, data units or in [−1, 1]; and their conditions, or None.

        Raises
        ------
        ValueError
            If ``n`` is below 1 or too large for memory, or ``rng`` no ``torch.Generator``.
        """
        if type(n) is not int or not 0 < n < MANY:  # a call a batch: a right one costs nothing
            n = _affordable(n, self.samples)
        if type(rng) is not torch.Generator:
            refuse_other_rng(rng, self.device, "the samples go")
        if self.draw is not None:
            samples, some = self.draw(n, rng)
            return self._ready(samples, None if self.conditions is None else some)
        index = torch.randint(len(self.samples), (n,), generator=rng, device=rng.device)
        if rng.device != self.samples.device:  # where a GPU could not hold the samples
            index = index.to(self.samples.device)
        some = None if self.conditions is None else self.conditions[index]
        return self._ready(self.samples[index], some)

    def some(self, n: int) -> tuple[Tensor, Tensor | None]:
        """Return the first samples, for a look that draws nothing.

        Parameters
        ----------
        n : int
            How many, at most as many as a batch has.

        Returns
        -------
        tuple
            As `batch`.
        """
        whole_number(n, "n", least=1)
        return self._ready(
            self.samples[:n], None if self.conditions is None else self.conditions[:n]
        )

    def _ready(self, samples: Tensor, some: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Scale pixels, and bring a batch to its device."""
        if samples.device != self.device:
            samples = samples.to(self.device)
        if some is not None and some.device != self.device:
            some = some.to(self.device)
        if samples.dtype == torch.uint8:
            samples = scale_pixels(samples).to(self.dtype)
        return samples, some

    def checksum(self) -> str:
        """Say in a line which samples these are: shape, dtype and the CRC-32 of their bytes.

        Returns
        -------
        str
            Equal for equal samples and conditions. Of samples that are drawn from elsewhere the
            bytes are not known.
        """
        if self.draw is not None:
            number = "streamed" if self.n is None else f"{self.n} of"
            return f"{number} {self.sample_shape} {self.samples.dtype}, drawn from elsewhere"
        with_labels = "" if self.conditions is None else f", labels {_sum_of(self.conditions)}"
        return _sum_of(self.samples) + with_labels


def source(
    real: object,
    *,
    batch_size: int,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    reach: tuple[float, float] | None = None,
    progress: bool = True,
) -> Source:
    r"""Make anything that holds real samples ready to be drawn from.

    Floats of any precision are converted to one dtype, that of the networks, and keep their values.
    Pixels as uint8 are scaled to :math:`[-1, 1]` when they are drawn, once.

    Parameters
    ----------
    real : object
        All real samples: a tensor or an array of floats, shape ``(n, ...)``, or of pixels as uint8,
        shape ``(n, channels, height, width)``, ``(n, height, width)`` or ``(n, height, width,
        channels)``; `Images`; a torch data set of samples or of (sample, label) pairs; a
        `DataLoader`; or something with ``batch(n, rng)`` and a length. A pair ``(samples, labels)``
        gives samples of any of these their labels: class numbers from 0, shape ``(n,)``, or
        vectors, shape ``(n, k)``.
    batch_size : int
        How many samples will be drawn at a time.
    device : torch.device or str
        Where batches are wanted. Samples move there if they leave half of its memory free.
    dtype : torch.dtype
        That of the networks.
    reach : (float, float), optional
        Lowest and highest number that the generator can make, infinite ones where nothing bounds
        it; without it, [−1, 1], as the stock generators of images have it.
    progress : bool
        Show a bar while a data set or a loader is read, on a terminal or in a notebook.

    Returns
    -------
    Source
        The samples. Tensors and arrays are not copied where nothing has to change.

    Raises
    ------
    TypeError
        If ``real`` holds no samples at all.
    ValueError
        If there are fewer samples than ``batch_size``, if they differ in shape, or if samples or
        labels are no finite numbers of such a kind.

    Warns
    -----
    UserWarning
        If images lie outside the reach by more than a quarter of it, or fill [0, 1] of [−1, 1]; and
        if samples cannot be held in memory.

    Notes
    -----
    A data set or a loader is read through once, and drawn from with replacement; a loader that
    shuffles is read in the order of its data set, so that a run is repeated whatever its order.
    Random augmentation is frozen by that: to keep it, give something with ``batch(n, rng)``.

    If the samples would take more than half of the memory that is free, or a stream without a
    length has more than a million, batches are read as they are needed: at random from a data set;
    from a loader in the loader's own order, epoch after epoch, and such a run is repeated only if
    the loader is.

    Examples
    --------
    >>> pixels = torch.zeros(100, 28, 28, dtype=torch.uint8)
    >>> found = source((pixels, torch.arange(100) % 10), batch_size=64)
    >>> samples, labels = found.batch(64, rng=torch.Generator().manual_seed(0))
    >>> samples.shape, samples.min().item(), labels.dtype
    (torch.Size([64, 1, 28, 28]), -1.0, torch.int64)
    """
    whole_number(batch_size, "batch_size", least=1)
    instance(progress, "progress", bool, "give True or False")
    device = _device(device)
    instance(dtype, "dtype", torch.dtype, "give that of the networks, such as torch.float32")
    if not dtype.is_floating_point:
        raise ValueError(f"dtype={dtype} holds no fractions; give torch.float32")
    (samples, labels), n, draw = opened(
        _images_apart(real), batch_size, dtype=dtype, device=device, progress=progress
    )
    if n is not None and n < batch_size:
        raise ValueError(
            f"batch_size={shown(batch_size)} is larger than the data ({n}): give batch_size={n} "
            "or less, or more samples as real"
        )
    warn_of_range(samples, "real", reach)
    if draw is None and samples.device != device and samples.nbytes <= room(device):
        samples = samples.to(device)
    labels = None if labels is None else labels.to(samples.device)
    return Source(samples=samples, conditions=labels, n=n, device=device, dtype=dtype, draw=draw)


def _device(device: torch.device | str) -> torch.device:
    """Return a device that is there."""
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, TypeError, AssertionError, ValueError) as error:
        raise ValueError(f"device={shown(device)} cannot be used: {error}") from None


def _images_apart(real: object) -> object:
    """Give pixels and labels in the place of images, so that both are drawn together."""
    images, given = real if isinstance(real, tuple) and len(real) == 2 else (real, None)
    if not isinstance(images, Images) or type(images).batch is not Images.batch:
        return real
    return images.pixels, images.labels if given is None else given


def _sum_of(values: Tensor) -> str:
    """Return shape, dtype and CRC-32 of a tensor."""
    raw = values.cpu().contiguous().flatten().view(torch.uint8)
    return f"{tuple(values.shape)} {values.dtype} {zlib.crc32(raw.numpy()):08x}"

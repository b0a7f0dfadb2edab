"""Toy laws with exact samplers; MNIST on the device, and what stands in where it cannot be had."""

from __future__ import annotations

import errno
import gzip
import hashlib
import math
import os
import shutil
import socket
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import platformdirs
import torch
from torch import Tensor
from torchvision.datasets import MNIST

_REMEDIES = (
    "Three ways out: connect to the internet; set MNIST_MIRROR to a URL or a folder that holds the "
    "four .gz files; or call wganlib.data.handwritten_digits(), which falls back on the small "
    "digits bundled with scikit-learn."
)
_SPLITS = ("train", "test")
_UNWRITABLE = (
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOSPC,
)  # fmt: skip


# Gulrajani et al.'s toy script draws at a handy scale, then divides by 1.414, 2.828 and 7.5.
RING_RADIUS, RING_STD = 2 / 1.414, 0.02 / 1.414  # 1.4144 and 0.01414 data units
GRID_SPACING, GRID_STD = 2 / 2.828, 0.05 / 2.828  # 0.7072 and 0.01768 data units
ROLL_SCALE = 7.5


def run_folder(name: str | Path) -> Path:
    """Find a frozen result of the book, in a clone or in an installed package.

    Parameters
    ----------
    name : str or path
        A folder that holds one; or the bare name of one of the book's, such as
        ``"mnist-wgan-gp"``.

    Returns
    -------
    Path
        The folder, which holds at least ``provenance.json``.

    Raises
    ------
    FileNotFoundError
        If there is none; names the places looked at.
    """
    here = Path(__file__).resolve().parent
    places = [Path(name), here.parent / "book" / "runs" / name, here / "runs" / name]
    for place in places:
        if (place / "provenance.json").is_file():
            return place
    raise FileNotFoundError(f"no run {str(name)!r}; looked in {', '.join(map(str, places))}")


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
    Tensor
        float32, shape ``(n, 2)``, data units.

    Raises
    ------
    ValueError
        If ``n`` is below 1.

    Notes
    -----
    Source: Arjovsky, Chintala & Bottou (2017), Example 1.
    """
    _at_least("n", n, 1)
    device = rng.device if rng is not None else "cpu"
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
    Tensor
        float32, shape ``(modes, 2)``, data units, on the CPU.

    Raises
    ------
    ValueError
        If ``modes`` is below 1.

    Notes
    -----
    Source: the published script ``gan_toy.py`` of Gulrajani et al. (2017).

    Examples
    --------
    >>> ring_centres(4, radius=2.0).round()
    tensor([[ 2.,  0.],
            [-0.,  2.],
            [-2., -0.],
            [ 0., -2.]])
    """
    _at_least("modes", modes, 1)
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
    Tensor
        float32, shape ``(n, 2)``, data units.

    Raises
    ------
    ValueError
        If ``n`` or ``modes`` is below 1, or ``std`` below 0.

    Notes
    -----
    Source: the published script ``gan_toy.py`` of Gulrajani et al. (2017).
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
    Tensor
        float32, shape ``(side**2, 2)``, data units, on the CPU.

    Raises
    ------
    ValueError
        If ``side`` is below 1.

    Notes
    -----
    Source: the published script ``gan_toy.py`` of Gulrajani et al. (2017).

    Examples
    --------
    >>> grid_centres(2, spacing=2.0)
    tensor([[-1., -1.],
            [ 1., -1.],
            [-1.,  1.],
            [ 1.,  1.]])
    """
    _at_least("side", side, 1)
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
    Tensor
        float32, shape ``(n, 2)``, data units.

    Raises
    ------
    ValueError
        If ``n`` or ``side`` is below 1, or ``std`` below 0.

    Notes
    -----
    *Differs from the paper*: every point is new; the script shuffles 100,000 points once.
    Source: the published script ``gan_toy.py`` of Gulrajani et al. (2017).
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
    Tensor
        float32, shape ``(n, 2)``, data units; the radius grows from 0.63 to 1.88.

    Raises
    ------
    ValueError
        If ``n`` is below 1, or ``std`` below 0.

    Notes
    -----
    Source: the published script ``gan_toy.py`` of Gulrajani et al. (2017), which takes two of the
    three coordinates of scikit-learn's ``make_swiss_roll``.
    """
    _at_least("n", n, 1)
    _at_least("std", std, 0)
    device = rng.device if rng is not None else "cpu"
    t = 1.5 * math.pi * (1 + 2 * torch.rand(n, generator=rng, device=device))
    spiral = t[:, None] / ROLL_SCALE * torch.stack([t.cos(), t.sin()], dim=1)
    return spiral + std * torch.randn(n, 2, generator=rng, device=device)


def _mixture(n: int, centres: Tensor, std: float, rng: torch.Generator | None) -> Tensor:
    """Draw n points from equally likely round Gaussians."""
    _at_least("n", n, 1)
    _at_least("std", std, 0)
    device = rng.device if rng is not None else "cpu"
    which = torch.randint(len(centres), (n,), generator=rng, device=device)
    noise = torch.randn(n, centres.shape[1], generator=rng, device=device)
    return centres.to(device)[which] + std * noise


def _at_least(name: str, value: float, least: float) -> None:
    """Refuse a number that is too small, or NaN."""
    if not value >= least:
        raise ValueError(f"{name}={value} must be at least {least}")


@dataclass(frozen=True, kw_only=True)
class Digits:
    """Images and labels on one device.

    Attributes
    ----------
    pixels : Tensor
        uint8, shape ``(n, 1, 28, 28)``, 0 is paper and 255 is ink.
    labels : Tensor
        int64, shape ``(n,)``, the digit 0-9.
    source : str
        ``"MNIST"`` or ``"scikit-learn digits"``.
    """

    pixels: Tensor
    labels: Tensor
    source: str

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.pixels)

    def to(self, device: torch.device | str) -> Digits:
        """Return the same digits on another device."""
        return replace(self, pixels=self.pixels.to(device), labels=self.labels.to(device))

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
        Tensor
            float32, shape ``(n, 1, 28, 28)``, on the pixels' device.
        """
        index = torch.randint(len(self), (n,), generator=rng, device=self.pixels.device)
        return scale_pixels(self.pixels[index])


def scale_pixels(pixels: Tensor) -> Tensor:
    """Map uint8 pixels 0…255 to float32 in [−1, 1], any shape.

    Examples
    --------
    >>> scale_pixels(torch.tensor([0, 255], dtype=torch.uint8))
    tensor([-1.,  1.])
    """
    return pixels.float() / 127.5 - 1


def mnist(
    split: str = "train", *, root: str | Path | None = None, mirror: str | Path | None = None
) -> Digits:
    """Load MNIST, downloading it once into a cache folder.

    The files are verified on every call: the archives against torchvision's MD5 sums, what was
    unpacked against the archives' own checksum. A damaged file is removed and fetched again once.

    Parameters
    ----------
    split : {"train", "test"}
        60,000 or 10,000 images.
    root : path, optional
        The cache folder; else ``WGANLIB_DATA``, else the platform's cache directory.
    mirror : path or URL, optional
        Where the four ``.gz`` files lie; else ``MNIST_MIRROR``, else torchvision's public mirrors.

    Returns
    -------
    Digits
        On the CPU, in the order of the official files.

    Raises
    ------
    ValueError
        If ``split`` is neither name.
    ConnectionError
        If no mirror can be reached or none answers with MNIST.
    PermissionError
        If the cache folder cannot be written.
    OSError
        If a file is damaged even after a second download.

    Notes
    -----
    Source: LeCun, Cortes & Burges, the MNIST database of handwritten digits, through
    ``torchvision.datasets.MNIST``.
    """
    if split not in _SPLITS:
        raise ValueError(f"split={split!r} must be 'train' or 'test'")
    root = Path(root or os.environ.get("WGANLIB_DATA") or platformdirs.user_cache_dir("wganlib"))
    mirror = str(mirror or os.environ.get("MNIST_MIRROR") or "")
    _provide(root, mirror)
    dataset = MNIST(root, train=split == "train")
    return Digits(
        pixels=dataset.data[:, None], labels=dataset.targets.to(torch.int64), source="MNIST"
    )


def handwritten_digits(
    split: str = "train", *, root: str | Path | None = None, mirror: str | Path | None = None
) -> Digits:
    """Load MNIST, or, where it cannot be reached, scikit-learn's bundled digits with a banner.

    Parameters
    ----------
    split, root, mirror
        As for `mnist`. Of the bundled digits, the first 1,500 are ``"train"``, 297 are ``"test"``.

    Returns
    -------
    Digits
        ``source`` says which. The bundled 8×8 images are enlarged to 28×28, bilinearly.

    Raises
    ------
    ValueError, PermissionError, OSError
        As `mnist`, except that an unreachable mirror is no error here.
    """
    try:
        return mnist(split, root=root, mirror=mirror)
    except ConnectionError as error:
        warnings.warn(_banner(error), stacklevel=2)
        return _bundled(split)


def _banner(error: Exception) -> str:
    """Say in a box that these digits are not MNIST."""
    lines = [
        "THIS IS NOT MNIST.",
        "MNIST could not be reached, so 1,797 small digits bundled with scikit-learn stand in.",
        "Everything runs, but pictures and numbers differ from the book's.",
    ]
    bar = "█" * 88
    return "\n".join(["", bar, *(f"██  {line}" for line in lines), bar, f"Why: {error}"])


def _bundled(split: str) -> Digits:
    """Enlarge scikit-learn's 8×8 digits (0…16) to 28×28 (0…255)."""
    from sklearn.datasets import load_digits  # a slow import that few runs need

    images, labels = load_digits(return_X_y=True)
    small = torch.as_tensor(images, dtype=torch.float32).view(-1, 1, 8, 8)
    large = torch.nn.functional.interpolate(small, size=28, mode="bilinear")
    pixels = (large * (255 / 16)).round().clamp(0, 255).to(torch.uint8)
    part = slice(0, 1500) if split == "train" else slice(1500, None)
    return Digits(
        pixels=pixels[part], labels=torch.as_tensor(labels)[part], source="scikit-learn digits"
    )


def _provide(root: Path, mirror: str) -> None:
    """See to it that the cache holds all files, whole; say so if it cannot be written."""
    try:
        if _remove_damaged(root / "MNIST" / "raw"):
            _fetch(root, mirror)
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        raise PermissionError(
            f"the cache folder {root} cannot be written ({error.strerror}): "
            "set WGANLIB_DATA, or root=, to a folder that can"
        ) from error


def _remove_damaged(raw: Path) -> list[str]:
    """Remove archives and unpacked files that are damaged; return the names that are wanting."""
    wanting = []
    for name, md5 in MNIST.resources:
        archive, unpacked = raw / name, raw / name.removesuffix(".gz")
        packed = archive.read_bytes() if archive.exists() else b""
        found = hashlib.md5(packed).hexdigest()
        if found == md5 and unpacked.exists() and _unpacked_faithfully(packed, unpacked):
            continue
        wanting.append(name)
        for file in (unpacked, archive):
            if file.exists() and (file is unpacked or found != md5):
                file.unlink()
    return wanting


def _unpacked_faithfully(packed: bytes, unpacked: Path) -> bool:
    """Compare a file with the checksum that gzip stores at an archive's end."""
    stored = int.from_bytes(packed[-8:-4], "little")
    return zlib.crc32(unpacked.read_bytes()) == stored


def _fetch(root: Path, mirror: str) -> None:
    """Fill the cache with what is missing, from a temporary folder, file by whole file."""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".download-") as folder:
        for name, md5 in MNIST.resources:
            archive = raw / name
            if not archive.exists():
                os.replace(_download(Path(folder), name, md5, mirror), archive)
            fresh = Path(folder) / name.removesuffix(".gz")
            with gzip.open(archive) as packed, fresh.open("wb") as out:
                shutil.copyfileobj(packed, out)
            os.replace(fresh, archive.with_suffix(""))


def _download(folder: Path, name: str, md5: str, mirror: str) -> Path:
    """Fetch one archive, trying every mirror, each damaged answer once more."""
    target, refused = folder / name, []
    for base in [mirror] if mirror else MNIST.mirrors:
        for _ in range(2):
            try:
                _copy(base, name, target)
            except (urllib.error.URLError, ConnectionError, TimeoutError, FileNotFoundError) as e:
                refused.append(f"{base}: {getattr(e, 'reason', None) or e}")
                break
            found = hashlib.md5(target.read_bytes()).hexdigest()
            if found == md5:
                return target
            looks = "a web page" if target.read_bytes()[:200].lstrip()[:1] == b"<" else "a file"
            target.unlink()
            refused.append(f"{base}: answered {looks} with MD5 {found}, should be {md5}")
    damaged = any("MD5" in reason and "a file" in reason for reason in refused)
    kind = OSError if damaged else ConnectionError
    raise kind(f"MNIST's {name} could not be had. {'; '.join(refused)}. {_REMEDIES}")


def _copy(base: str, name: str, target: Path) -> None:
    """Copy one file from a folder or a URL."""
    if "://" not in base:
        source = Path(base).expanduser() / name
        if not os.access(source, os.R_OK):
            raise FileNotFoundError(f"no readable file {name} in this folder")
        shutil.copyfile(source, target)
        return
    url = urllib.parse.urljoin(base.rstrip("/") + "/", name)
    request = urllib.request.Request(url, headers={"User-Agent": "wganlib"})
    with _timeout(20), urllib.request.urlopen(request) as answer, target.open("wb") as out:
        shutil.copyfileobj(answer, out)


@contextmanager
def _timeout(seconds: float) -> Iterator[None]:
    """Bound every wait of the sockets opened within, and restore the setting."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)

"""MNIST on the device, and what stands in where MNIST cannot be had."""

from __future__ import annotations

import gzip
import hashlib
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
    raw = root / "MNIST" / "raw"
    if _remove_damaged(raw):
        _fetch(root, mirror)
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


def _remove_damaged(raw: Path) -> list[str]:
    """Remove archives and unpacked files that are damaged; return the names that are wanting."""
    wanting = []
    for name, md5 in MNIST.resources:
        archive, unpacked = raw / name, raw / name.removesuffix(".gz")
        found = hashlib.md5(archive.read_bytes()).hexdigest() if archive.exists() else None
        if found == md5 and unpacked.exists() and _unpacked_faithfully(archive, unpacked):
            continue
        wanting.append(name)
        unpacked.unlink(missing_ok=True)
        if found != md5:
            archive.unlink(missing_ok=True)
    return wanting


def _unpacked_faithfully(archive: Path, unpacked: Path) -> bool:
    """Compare a file with the checksum that gzip stores at an archive's end."""
    stored = int.from_bytes(archive.read_bytes()[-8:-4], "little")
    return zlib.crc32(unpacked.read_bytes()) == stored


def _fetch(root: Path, mirror: str) -> None:
    """Fill the cache with what is missing, from a temporary folder, file by whole file."""
    raw = root / "MNIST" / "raw"
    try:
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
    except PermissionError as error:
        raise PermissionError(
            f"the cache folder {root} cannot be written ({error.strerror}): "
            "set WGANLIB_DATA, or root=, to a folder that can"
        ) from error


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
        shutil.copyfile(Path(base).expanduser() / name, target)
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

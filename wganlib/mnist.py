"""MNIST and Fashion-MNIST on the device, and what stands in where MNIST cannot be had."""

from __future__ import annotations

import errno
import functools
import gzip
import hashlib
import http.client
import os
import shutil
import socket
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import platformdirs
import torch

from wganlib._arrays import path_of, shown
from wganlib.data import Images

if TYPE_CHECKING:
    from torchvision.datasets import MNIST

_SPLITS = {"train": "train", "test": "t10k"}
_CONNECT, _SILENCE, _SLOW = 5, 20, (30, 10_000)  # seconds; seconds; bytes a second after seconds
_REFUSALS = (
    http.client.HTTPException, urllib.error.URLError, ConnectionError, FileNotFoundError,
    TimeoutError, ValueError,
)  # fmt: skip
_UNWRITABLE = (
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOSPC,
)  # fmt: skip


class _DataSet(NamedTuple):
    """A data set of four files in MNIST's format."""

    name: str
    files: str  # torchvision's class, which knows their sums and their mirrors
    variable: str  # of the environment, names another mirror
    classes: tuple[str, ...] = ()  # where torchvision's names are not ours
    instead: str = ""  # the last way out where none can be reached

    def known(self) -> type[MNIST]:
        """Return torchvision's class."""
        from torchvision import datasets  # an import of seconds, which few runs need

        return getattr(datasets, self.files)

    def remedies(self) -> str:
        """Say what can be done where it cannot be reached."""
        return (
            f"Ways out: connect to the internet; set {self.variable} to a URL or a folder that "
            f"holds the four .gz files{self.instead}."
        )


_MNIST = _DataSet(
    "MNIST", "MNIST", "MNIST_MIRROR", tuple("0123456789"),
    "; or call wganlib.mnist.handwritten_digits(), which falls back on the small digits bundled "
    "with scikit-learn",
)  # fmt: skip
_FASHION = _DataSet("Fashion-MNIST", "FashionMNIST", "FASHION_MNIST_MIRROR")


def mnist(
    split: str = "train", *, root: str | Path | None = None, mirror: str | Path | None = None
) -> Images:
    """Load MNIST, downloading it once into a cache folder.

    The archives are verified on every call, by torchvision's MD5 sums; one that is damaged is
    fetched again.

    Parameters
    ----------
    split : {"train", "test"}
        60,000 or 10,000 images.
    root : path, optional
        The cache folder; else ``WGANLIB_DATA``, else the platform's cache directory.
    mirror : path or URL, optional
        Where the four ``.gz`` files lie; else ``MNIST_MIRROR``, else torchvision's public mirrors.
        With ``WGANLIB_OFFLINE=1`` in the environment no host is asked.

    Returns
    -------
    Images
        On the CPU, in the order of the official files.

    Raises
    ------
    ValueError
        If ``split`` is neither name.
    ConnectionError
        If no mirror can be reached or none answers with MNIST. A mirror that did not answer is not
        asked again by the same process.
    PermissionError
        If the cache folder cannot be written.
    OSError
        If what a mirror sends is damaged, twice.

    References
    ----------
    LeCun, Cortes and Burges, the MNIST database of handwritten digits; addresses and sums of
    ``torchvision.datasets.MNIST``. *Differs from torchvision*: archives are read as they are,
    so that nothing unpacked can be damaged unseen.
    """
    return _load(_MNIST, split, root, mirror)


def fashion_mnist(
    split: str = "train", *, root: str | Path | None = None, mirror: str | Path | None = None
) -> Images:
    """Load Fashion-MNIST, grey pictures of clothes, downloading it once into a cache folder.

    Parameters
    ----------
    split : {"train", "test"}
        60,000 or 10,000 images.
    root : path, optional
        As for `mnist`; both may have the same.
    mirror : path or URL, optional
        As for `mnist`; else ``FASHION_MNIST_MIRROR``, else torchvision's public mirror.

    Returns
    -------
    Images
        On the CPU, in the order of the official files, with the names of the ten classes.

    Raises
    ------
    ValueError, ConnectionError, PermissionError, OSError
        As `mnist`.

    References
    ----------
    Xiao, Rasul and Vollgraf (2017), Fashion-MNIST: a novel image dataset for benchmarking machine
    learning algorithms; address and sums of ``torchvision.datasets.FashionMNIST``.
    """
    return _load(_FASHION, split, root, mirror)


def handwritten_digits(
    split: str = "train", *, root: str | Path | None = None, mirror: str | Path | None = None
) -> Images:
    """Load MNIST, or, where it cannot be reached, scikit-learn's bundled digits with a banner.

    Parameters
    ----------
    split : {"train", "test"}
        As for `mnist`. Of the bundled digits, the first 1,500 are ``"train"``, 297 are ``"test"``.
    root, mirror : path, optional
        As for `mnist`.

    Returns
    -------
    Images
        ``source`` says which. The bundled 8×8 images are enlarged to 28×28, bilinearly.

    Raises
    ------
    ValueError, PermissionError, OSError
        As `mnist`, except that an unreachable mirror is no error here.

    Warns
    -----
    UserWarning
        If these are not MNIST.
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


def _bundled(split: str) -> Images:
    """Enlarge scikit-learn's 8×8 digits (0…16) to 28×28 (0…255)."""
    from sklearn.datasets import load_digits  # a slow import that few runs need

    images, labels = load_digits(return_X_y=True)
    small = torch.as_tensor(images, dtype=torch.float32).view(-1, 1, 8, 8)
    large = torch.nn.functional.interpolate(small, size=28, mode="bilinear")
    pixels = (large * (255 / 16)).round().clamp(0, 255).to(torch.uint8)
    part = slice(0, 1500) if split == "train" else slice(1500, None)
    return Images(
        pixels=pixels[part],
        labels=torch.as_tensor(labels, dtype=torch.int64)[part],
        source="scikit-learn digits",
        classes=_MNIST.classes,
    )


def _load(
    data_set: _DataSet, split: str, root: str | Path | None, mirror: str | Path | None
) -> Images:
    """Load one of the data sets that share MNIST's format."""
    if not isinstance(split, str) or split not in _SPLITS:
        raise ValueError(f"split={shown(split)} must be 'train' or 'test'")
    if mirror is not None and not (isinstance(mirror, str) and (not mirror or "://" in mirror)):
        mirror = path_of(mirror, "mirror")
    if root is None:
        root = os.environ.get("WGANLIB_DATA") or platformdirs.user_cache_dir("wganlib")
    raw = path_of(root, "root") / data_set.files / "raw"
    mirror = str(mirror or os.environ.get(data_set.variable) or "")
    pixels, labels = (
        np.frombuffer(gzip.decompress(_archive(raw, name, mirror, data_set).read_bytes()), np.uint8)
        for name in (f"{_SPLITS[split]}-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1"))
    )
    return Images(
        pixels=torch.tensor(pixels[16:].reshape(-1, 1, 28, 28)),  # after the heads of the files
        labels=torch.tensor(labels[8:], dtype=torch.int64),
        source=data_set.name,
        classes=data_set.classes or tuple(data_set.known().classes),
    )


def _archive(raw: Path, name: str, mirror: str, data_set: _DataSet) -> Path:
    """Return an archive of the cache, whole; fetch it if it is missing or damaged."""
    path, md5 = raw / name, dict(data_set.known().resources)[name]
    try:
        if not (path.is_file() and _md5(path) == md5):
            _fetch(path, md5, [mirror] if mirror else data_set.known().mirrors, data_set)
    except OSError as error:
        if isinstance(error, ConnectionError) or error.errno not in _UNWRITABLE:
            raise
        raise PermissionError(
            f"the cache folder {raw.parents[1]} cannot be written ({error.strerror}): "
            "set WGANLIB_DATA, or root=, to a folder that can"
        ) from error
    return path


def _md5(path: Path) -> str:
    """Return a file's MD5 sum in hexadecimal digits."""
    return hashlib.md5(path.read_bytes()).hexdigest()


def _fetch(path: Path, md5: str, mirrors: list[str], data_set: _DataSet) -> None:
    """Fetch one archive from the first mirror that has it, each damaged answer once more."""
    path.parent.mkdir(parents=True, exist_ok=True)
    refused = []
    for base in mirrors:
        for _ in range(2):
            try:
                reason = _fetch_from(base, path, md5)
            except _REFUSALS as error:
                refused.append(f"{base}: {getattr(error, 'reason', None) or error}")
                break
            if not reason:
                return
            refused.append(f"{base}: {reason}")
    damaged = any("MD5" in reason and "a file" in reason for reason in refused)
    kind = OSError if damaged else ConnectionError
    raise kind(
        f"{data_set.name}'s {path.name} could not be had. {'; '.join(refused)}. "
        f"{data_set.remedies()}"
    )


def _fetch_from(base: str, path: Path, md5: str) -> str:
    """Copy an archive from a folder or a URL into its place; return what was wrong, if anything."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".download-") as folder:
        fresh = Path(folder) / path.name
        if "://" in base:
            url = f"{base.rstrip('/')}/{path.name}"
            if (reason := _unreachable(url)) is not None:
                raise ConnectionError(reason)
            (_from_file if url.startswith("file:") else _download)(url, fresh)
        else:
            _copy(Path(base).expanduser() / path.name, fresh)
        found = _md5(fresh)
        if found == md5:
            os.replace(fresh, path)
            return ""
        looks = "a web page" if fresh.read_bytes()[:200].lstrip()[:1] == b"<" else "a file"
        return f"answered {looks} with MD5 {found}, should be {md5}"


def _copy(source: Path, target: Path) -> None:
    """Copy a file, or say that there is none to be read."""
    if not os.access(source, os.R_OK):
        raise FileNotFoundError(f"no readable file {source.name} in {source.parent}")
    shutil.copyfile(source, target)


def _from_file(url: str, target: Path) -> None:
    """Copy what a file:// address names."""
    place = urllib.parse.unquote(urllib.parse.urlsplit(url).path)
    _copy(Path(place), target)


def _download(url: str, target: Path) -> None:
    """Download with limits on every wait, and on the whole: a trickle is no answer.

    Not by pooch, which waits for a trickle without end, and whose import shows a notebook's reader
    a warning of tqdm.
    """
    after, least = _SLOW
    start, size = time.monotonic(), 0
    request = urllib.request.Request(url, headers={"User-Agent": "wganlib"})
    with urllib.request.urlopen(request, timeout=_SILENCE) as answer, target.open("wb") as file:
        while piece := answer.read1(2**16):  # what has come, without waiting for more
            file.write(piece)
            size, spent = size + len(piece), time.monotonic() - start
            if spent > after and size < least * spent:
                raise TimeoutError(f"sent {size} bytes in {spent:.0f} s, too slow to wait for")


def _unreachable(url: str) -> str | None:
    """Say why a host cannot be reached, or None; the wait is short, name look-up included."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "file":
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"{url} is no address that starts with http://, https:// or file://"
    if os.environ.get("WGANLIB_OFFLINE"):
        return "not asked, because WGANLIB_OFFLINE is set"
    return _no_answer(parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))


@functools.cache
def _no_answer(host: str, port: int) -> str | None:
    """Try to connect, once a process; a look-up of a name that hangs is left behind."""
    if urllib.request.getproxies():  # the proxy decides who can be reached
        return None
    said = [f"{host} did not answer within {2 * _CONNECT} s"]

    def connect() -> None:
        try:
            socket.create_connection((host, port), timeout=_CONNECT).close()
            said.append("")
        except (OSError, UnicodeError) as error:
            said.append(f"{host}: {error}")

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(2 * _CONNECT)
    return said[-1] or None

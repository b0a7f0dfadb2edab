"""Samples and labels as tensors, whatever they come as; what is none is refused by its name."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Mapping
from numbers import Real

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from wganlib._arrays import REMEDIES, refuse_masked
from wganlib._pictures import plain

Batch = tuple[Tensor, Tensor | None]

CHANNELS = (1, 3, 4)  # of pictures: grey, RGB, RGB with transparency
OVERSHOOT = 0.25  # of an interval's width; resizing and augmentation leave it by less than this
EQUAL = (
    "give all one shape and one dtype; for pictures, wganlib.images.load_images(data_set, size=32, "
    "channels=3) does so"
)


# --- one thing as a tensor ------------------------------------------------------------------------


def tensor_of(values: object, name: str) -> Tensor:
    """Return floats or pixels as a dense tensor without graph, sharing memory where possible.

    Parameters
    ----------
    values : object
        A tensor, an array or what NumPy makes one of, a picture, a number.
    name : str
        What an error message calls it.

    Returns
    -------
    Tensor
        Floats of any precision, or uint8.

    Raises
    ------
    ValueError
        If it is something else.
    """
    if isinstance(values, Image.Image):
        pixels = np.array(plain(values, name))
        return torch.from_numpy(pixels.reshape(*pixels.shape[:2], -1)).permute(2, 0, 1)
    if not isinstance(values, Tensor):
        return torch.from_numpy(_array(values, name))
    _refuse_not_dense(values, name)
    if values.is_complex():
        raise ValueError(f"{name} {REMEDIES['c']}")
    if not (values.is_floating_point() or values.dtype == torch.uint8):
        raise ValueError(
            f"{name} has dtype {values.dtype}: give pixels from 0 to 255 as x.to(torch.uint8), "
            "other numbers as x.float()"
        )
    return values.detach()


def _refuse_not_dense(values: Tensor, name: str) -> None:
    """Refuse a tensor whose numbers do not lie one after another."""
    for is_so, kind, remedy in (
        (values.is_nested, "nested", "give all rows one shape"),
        (values.is_meta, "without numbers, on the device meta", "give one that has some"),
        (values.layout != torch.strided, f"{values.layout}", "use to_dense()"),
    ):
        if is_so:
            raise ValueError(f"{name} is no dense tensor ({kind}): {remedy}")


def _array(values: object, name: str) -> np.ndarray:
    """Return floats or pixels as an array that PyTorch can share."""
    found = _numbers(values, name)
    if found.dtype.kind == "f":
        size = min(found.dtype.itemsize, 8)  # PyTorch knows no longer floats, and one byte order
        with np.errstate(over="ignore"):  # infinite then, and refused as that
            found = found.astype(f"=f{size}", copy=False)
    elif found.dtype != np.uint8:
        raise ValueError(
            f"{name} has dtype {found.dtype}: give pixels from 0 to 255 as x.astype(np.uint8), "
            "other numbers as x.astype(np.float32)"
        )
    return np.require(found, requirements=["C", "W"])


def _numbers(values: object, name: str, *, text: str = "") -> np.ndarray:
    """Return an array of numbers, or refuse what holds something else."""
    refuse_masked(values, name)
    try:
        found = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name} cannot be made an array of numbers: {error}") from None
    if found.dtype.kind in "biuf":
        return found
    if text and found.dtype.kind in "UST":
        raise ValueError(f"{name} hold text, such as {found.flat[0]!r}: {text}")
    for kinds, remedy in REMEDIES.items():
        if found.dtype.kind in kinds:
            raise ValueError(f"{name} {remedy}")
    raise ValueError(f"{name} has dtype {found.dtype}; give real numbers")


def parts(given: object, name: str) -> tuple[object, object]:
    """Take a sample and its label, or a batch and its labels, apart.

    Parameters
    ----------
    given : object
        What a data set or a loader gives: samples alone, or a pair with labels.
    name : str
        What an error message calls it.

    Returns
    -------
    tuple
        The samples, and the labels or None.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if isinstance(given, Mapping):
        raise ValueError(
            f"{name} is a dictionary with {', '.join(map(str, given))}: give a data set of "
            "(sample, label) pairs, or of samples alone"
        )
    if not isinstance(given, tuple | list):
        return given, None
    if len(given) not in (1, 2) or (isinstance(given, list) and isinstance(given[0], Real)):
        raise ValueError(
            f"{name} is a {type(given).__name__} of {len(given)}: give (sample, label) pairs, or "
            "samples alone, as tensors, arrays or pictures"
        )
    return given[0], given[1] if len(given) == 2 else None


# --- many of them ---------------------------------------------------------------------------------


def checked(samples: Tensor, name: str, dtype: torch.dtype) -> Tensor:
    """Return finite floats of one dtype, or pixels with an axis for their channels.

    Parameters
    ----------
    samples : Tensor, shape (n, ...)
        Floats or uint8.
    name : str
        What an error message calls them.
    dtype : torch.dtype
        What floats are converted to.

    Returns
    -------
    Tensor
        Floats of that dtype and any shape (n, ...), or uint8 of shape (n, channels, height, width).

    Raises
    ------
    ValueError
        If there are none, if they are no pixels by their shape, or not finite.
    """
    if samples.ndim == 0 or samples.numel() == 0:
        raise ValueError(
            f"{name} has shape {tuple(samples.shape)}, without any samples: give shape (n, ...)"
        )
    if samples.dtype == torch.uint8:
        return _pixels(samples, name)
    found = samples.to(dtype)
    if bad := int((~found.isfinite()).sum()):
        if samples.to(torch.float64).isfinite().all():
            raise ValueError(
                f"{name} holds {bad} values that {dtype} cannot hold, up to "
                f"{samples.abs().max():.3g}: divide by a constant first"
            )
        raise ValueError(f"{name} holds {bad} values that are NaN or infinite: remove them first")
    return found


def _pixels(pixels: Tensor, name: str) -> Tensor:
    """Return pixels with their channels first; pictures are known by their 1, 3 or 4 channels."""
    shape = tuple(pixels.shape)
    if len(shape) == 3:
        return pixels[:, None]
    if len(shape) != 4:
        raise ValueError(
            f"{name} has dtype {pixels.dtype} and shape {shape}; pixels have shape (n, channels, "
            "height, width) or (n, height, width): reshape them, or give x.float() if they are none"
        )
    channels_last = shape[-1] in CHANNELS and shape[1] not in CHANNELS
    return pixels.movedim(-1, 1) if channels_last else pixels


def conditions(labels: object, n: int, dtype: torch.dtype) -> Tensor | None:
    """Return labels as class numbers or as vectors.

    Parameters
    ----------
    labels : object
        A tensor, an array, or a list of them, one entry to each sample.
    n : int
        How many samples there are.
    dtype : torch.dtype
        What vectors are converted to.

    Returns
    -------
    Tensor, int64, shape (n,), or of that dtype, shape (n, k)
        Class numbers from 0, or vectors; None if all are −1, torchvision's mark of no label.

    Raises
    ------
    ValueError
        If they are something else.
    """
    found = _label_numbers(labels)
    shape, whole = tuple(found.shape), not found.is_floating_point()
    if len(shape) not in (1, 2) or shape[0] != n or found.numel() == 0:
        raise ValueError(
            f"labels have shape {shape} for {n} samples: give one class number, shape ({n},), or "
            f"one vector, shape ({n}, k), to each"
        )
    if len(shape) == 1 and not whole:
        raise ValueError(
            f"labels have dtype {found.dtype} and shape {shape}: give class numbers as "
            "labels.long(), or vectors of length one as labels[:, None]"
        )
    if shape[1:] == (1,) and whole:
        raise ValueError(
            f"labels have dtype {found.dtype} and shape {shape}: give class numbers as "
            "labels.squeeze(1), or vectors of length one as labels.float()"
        )
    if len(shape) == 2:
        return checked(found.to(dtype), "labels", dtype)
    if (found == -1).all():
        return None
    if found.min() < 0:
        raise ValueError(f"labels hold {int(found.min())}; class numbers start at 0: give others")
    return found.long()


def _label_numbers(labels: object) -> Tensor:
    """Return labels of any kind as a tensor of whole numbers or floats."""
    if isinstance(labels, list | tuple):
        labels = [x.detach().cpu().numpy() if isinstance(x, Tensor) else x for x in labels]
    if isinstance(labels, Tensor):
        _refuse_not_dense(labels, "labels")
        if labels.is_complex():
            raise ValueError(f"labels {REMEDIES['c']}")
        return labels.detach()
    found = _numbers(
        labels, "labels", text="give class numbers: np.unique(x, return_inverse=True)[1]"
    )
    kind = "=f8" if found.dtype.kind == "f" else "=i8"
    return torch.from_numpy(np.require(found.astype(kind), requirements=["C", "W"]))


def joined(batches: list[Batch]) -> Batch:
    """Put batches together.

    Parameters
    ----------
    batches : list of pairs
        At least one.

    Returns
    -------
    pair
        All samples, and all labels or None.

    Raises
    ------
    ValueError
        If their samples differ in shape or dtype, or only some have labels.
    """
    if len(batches) == 1:
        return batches[0]
    first = _kind(*batches[0])
    for batch in batches:
        if (other := _kind(*batch)) != first:
            raise ValueError(f"samples of real differ: first {first}, then {other}: {EQUAL}")
    samples, labels = zip(*batches, strict=True)
    return torch.cat(samples), None if labels[0] is None else torch.cat(labels)


def _kind(samples: Tensor, labels: Tensor | None) -> str:
    """Say in words what the samples of a batch are."""
    label = "none" if labels is None else f"shape {tuple(labels.shape[1:])}, {labels.dtype}"
    return f"shape {tuple(samples.shape[1:])}, {samples.dtype} (label: {label})"


def warn_of_range(samples: Tensor, name: str, reach: tuple[float, float] | None = None) -> None:
    """Warn if images have another range than a generator's.

    Parameters
    ----------
    samples : Tensor
        Samples; those that are no floats of shape (n, channels, height, width) have no range.
    name : str
        What the warning calls them.
    reach : (float, float), optional
        The interval of the generator's samples; without it, that of the stock generators.

    Warns
    -----
    UserWarning
        If they fill [0, 1] where [-1, 1] is made, or lie far outside what is made; says what to do.
    """
    if samples.ndim != 4 or not samples.is_floating_point():
        return
    low, high = (value.item() for value in samples.aminmax())
    least, most = reach or (-1.0, 1.0)
    slack = (most - least) * OVERSHOOT if math.isfinite(most - least) else 0.0
    who = "the generator makes" if reach else "the stock generators end in tanh and make"
    words = f"{name} holds images from {low:.4g} to {high:.4g}, while {who} [{least:g}, {most:g}]"
    if (least, most) == (-1, 1) and 0 <= low < high <= 1:
        warn(
            f"{words}: give 2 * x - 1, in a data set by transforms.Normalize(0.5, 0.5) after "
            "ToTensor(), or give uint8 pixels, which are scaled for you"
        )
    elif low < least - slack or high > most + slack:
        warn(
            f"{words}: give uint8 pixels, which are scaled to [-1, 1] for you, or scale the "
            "images, or give a generator with a linear end"
        )


def warn(message: str) -> None:
    """Warn at the line that called the package.

    Parameters
    ----------
    message : str
        What to say.
    """
    frame, level = sys._getframe(), 1
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] == "wganlib":
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)

"""Reading samples out of what holds them: tensors, arrays, data sets and loaders."""

from __future__ import annotations

import contextlib
import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sized

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import (
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
)

from wganlib._memory import room
from wganlib._progress import bar
from wganlib._samples import EQUAL, Batch, checked, conditions, joined, parts, tensor_of, warn

Draw = Callable[[int, torch.Generator], Batch]

MANY = 1_000_000  # samples that are collected of what may have no end


# --- data sets and loaders ------------------------------------------------------------------------


def sample(dataset: object, index: int, name: str) -> tuple[object, object]:
    """Read one sample of a data set.

    Parameters
    ----------
    dataset : object
        With ``dataset[index]``.
    index : int
        Which.
    name : str
        What an error message calls the sample.

    Returns
    -------
    tuple
        The sample as it comes, and its label or None.

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    try:
        given = dataset[index]
    except Exception as error:  # whatever somebody's data set raises, with the sample's name
        kind = type(dataset).__name__
        raise ValueError(f"{name}, a {kind}, cannot be read: {error!r}") from error
    return parts(given, name)


def is_dataset(real: object) -> bool:
    """Say whether something gives its samples by number, as a data set or a list does.

    Parameters
    ----------
    real : object
        What was given.

    Returns
    -------
    bool
        Whether it does.
    """
    if isinstance(real, str | bytes | bytearray | Mapping | IterableDataset):
        return False
    if getattr(real, "is_nested", False) or getattr(real, "ndim", 1) == 0:
        return False  # such tensors have a length by name only
    return isinstance(real, Sized) and hasattr(real, "__getitem__")


def opened(
    real: object, batch_size: int, *, dtype: torch.dtype, device: torch.device, progress: bool
) -> tuple[Batch, int | None, Draw | None]:
    """Find out what holds the samples, and read them if they can be held.

    Parameters
    ----------
    real : object
        What `wganlib.data.source` takes, images excepted.
    batch_size : int
        How many will be drawn at a time.
    dtype : torch.dtype
        What floats are converted to.
    device : torch.device
        Where random numbers are drawn.
    progress : bool
        Whether a bar is shown while samples are read.

    Returns
    -------
    tuple
        Samples and labels: all of them, or the first where they are drawn from elsewhere; how many
        there are, if that is known; the function that draws from elsewhere, or None.

    Raises
    ------
    TypeError, ValueError
        If it is nothing that can be trained on; names what, and the way out.
    """
    real, labels = _pair(real)
    real = _as_loader(real, batch_size)
    if labels is not None and isinstance(real, DataLoader) and in_order(real) is None:
        _refuse_labels_of(real)
    held = None if _draws(real) else _collected(real, dtype, progress)
    if held is not None:
        samples, own = held
        given = own if labels is None else conditions(labels, len(samples), dtype)
        return (samples, given), len(samples), None
    if labels is not None:
        _refuse_labels_of(real)
    if isinstance(real, DataLoader):
        first, draw = _streamed(real, batch_size, dtype)
        return first, None, draw
    draw = _asked(real, dtype) if _draws(real) else _read_anew(real, dtype)
    return draw(batch_size, torch.Generator(device).manual_seed(0)), len(real), draw


def _refuse_labels_of(real: object) -> None:
    """Refuse labels next to samples whose order is not known."""
    raise ValueError(
        f"labels cannot come next to a {type(real).__name__} that is not read in the order of its "
        "data set: let it give (sample, label) pairs itself"
    )


def _pair(real: object) -> tuple[object, object]:
    """Take samples and labels that come as a pair apart."""
    if not isinstance(real, tuple):
        return real, None
    if len(real) != 2:
        raise ValueError(
            f"real is a tuple of {len(real)}: give samples, or a pair (samples, labels)"
        )
    return real


def _as_loader(real: object, batch_size: int) -> object:
    """Give a stream of samples a loader, and take it from a data set that needs none."""
    if isinstance(real, IterableDataset):
        return DataLoader(real, batch_size=batch_size, collate_fn=_collate)
    lone = isinstance(real, DataLoader) and real.batch_size is None is real.batch_sampler
    return real.dataset if lone and is_dataset(real.dataset) else real


def _collate(rows: list) -> tuple[Tensor, list | None]:
    """Make a batch of samples of any kind, pictures included."""
    pairs = [parts(row, "a sample of real") for row in rows]
    samples = joined([(tensor_of(one, "a sample of real")[None], None) for one, _ in pairs])[0]
    return samples, _all_or_none([label for _, label in pairs])


def _draws(real: object) -> bool:
    """Say whether something draws its own batches, by ``batch(n, rng=rng)``."""
    if isinstance(real, Tensor | np.ndarray | DataLoader) or not isinstance(real, Sized):
        return False
    try:
        return "rng" in inspect.signature(real.batch).parameters
    except (AttributeError, TypeError, ValueError):
        return False


def _collected(real: object, dtype: torch.dtype, progress: bool) -> Batch | None:
    """Return all samples and labels, or None if they would take more than half of the memory."""
    if isinstance(real, TensorDataset):
        return _ready(*parts(real.tensors, "real"), "real", dtype)
    if isinstance(real, DataLoader):
        return _read_loader(real, dtype, progress)
    if isinstance(real, np.memmap) and real.nbytes > room():
        return None
    if isinstance(real, Tensor) or hasattr(real, "__array__"):
        return _ready(real, None, "real", dtype)
    if is_dataset(real):
        return _read(real, dtype, progress)
    raise TypeError(
        f"real is a {type(real).__name__}: give a tensor, an array, images, a torch data set or a "
        "DataLoader; wganlib.images.load_images(folder) makes images of a folder of pictures"
    )


def _ready(samples: object, labels: object, name: str, dtype: torch.dtype) -> Batch:
    """Return samples and labels in the one form that all have."""
    samples = checked(tensor_of(samples, name), name, dtype)
    return samples, None if labels is None else conditions(labels, len(samples), dtype)


def _read(dataset: object, dtype: torch.dtype, progress: bool) -> Batch | None:
    """Read a data set through, if it can be held."""
    n = len(dataset)
    if n == 0:
        raise ValueError(f"real is a {type(dataset).__name__} without any samples: give some")
    rows, labels = None, []
    with repeatably(), bar(progress, total=n, unit="sample") as shown:
        for index in range(n):
            name = f"sample {index} of real"
            one, label = sample(dataset, index, name)
            one = tensor_of(one, name)
            if rows is None:
                if n * one.nbytes > room():
                    return None
                rows = torch.empty((n, *one.shape), dtype=one.dtype)
            if one.shape != rows.shape[1:] or one.dtype != rows.dtype:
                raise ValueError(
                    f"{name} has shape {tuple(one.shape)}, {one.dtype}, the first "
                    f"{tuple(rows.shape[1:])}, {rows.dtype}: {EQUAL}"
                )
            rows[index] = one
            labels.append(label)
            shown.update()
    return _ready(rows, _all_or_none(labels), "real", dtype)


def _all_or_none(labels: list) -> list | None:
    """Return the labels of all samples, or None if none has any."""
    without = sum(label is None for label in labels)
    if without not in (0, len(labels)):
        raise ValueError(
            f"{without} of {len(labels)} samples of real lack a label: give all or none"
        )
    return None if without else labels


def _read_anew(dataset: object, dtype: torch.dtype) -> Draw:
    """Draw from a data set that cannot be held: only what a batch needs is read."""
    warn(
        f"real, a {type(dataset).__name__} of {len(dataset):,} samples, takes more than half of "
        "the memory that is free: each batch is read again from it"
    )

    def draw(n: int, rng: torch.Generator) -> Batch:
        index = torch.randint(len(dataset), (n,), generator=rng, device=rng.device)
        rows = [sample(dataset, i, f"sample {i} of real") for i in index.tolist()]
        return _ready(*_collate(rows), "a batch of real", dtype)

    return draw


def _asked(real: object, dtype: torch.dtype) -> Draw:
    """Draw from something that draws its own batches."""

    def draw(n: int, rng: torch.Generator) -> Batch:
        name = f"real.batch({n}, rng=rng)"
        samples, labels = _ready(*parts(real.batch(n, rng=rng), name), name, dtype)
        if len(samples) != n:
            raise ValueError(f"{name} gave {len(samples)} samples, expected {n}")
        return samples, labels

    return draw


# --- loaders --------------------------------------------------------------------------------------


def in_order(loader: DataLoader) -> DataLoader | None:
    """Return a loader that gives the same samples in the order of their data set.

    Parameters
    ----------
    loader : DataLoader
        One that shuffles, or not.

    Returns
    -------
    DataLoader or None
        None if which samples it gives, and in which order, is its own.
    """
    if not is_dataset(loader.dataset) or loader.batch_size is None:
        return None
    whole = len(loader.sampler) == len(loader.dataset)
    shuffled = type(loader.sampler) is RandomSampler and not loader.sampler.replacement
    if not (whole and (shuffled or type(loader.sampler) is SequentialSampler)):
        return None
    names = ("batch_size", "num_workers", "collate_fn", "worker_init_fn", "multiprocessing_context")
    return DataLoader(loader.dataset, **{name: getattr(loader, name) for name in names})


def _read_loader(loader: DataLoader, dtype: torch.dtype, progress: bool) -> Batch | None:
    """Read a loader through once, if its samples can be held.

    One that shuffles is read in the order of its data set, so that a run is repeated.
    """
    batches, n, size, total, free = [], 0, 0, _length(loader), room()
    with repeatably(), bar(progress, total=total, unit="batch") as shown:
        for batch in _batches(in_order(loader) or loader, dtype):
            batches.append(batch)
            n, size = n + len(batch[0]), size + batch[0].nbytes
            need = size if total is None else total * batches[0][0].nbytes
            if need > free or (total is None and n > MANY):
                return None
            shown.update()
    if not batches:
        raise ValueError("real is a DataLoader that gives no batch: give a data set with samples")
    return joined(batches)


def _length(loader: DataLoader) -> int | None:
    """Return how many batches a loader gives, if it knows."""
    try:
        return len(loader)
    except TypeError:  # its data set is a stream
        return None


def _batches(loader: DataLoader, dtype: torch.dtype) -> Iterator[Batch]:
    """Give one epoch of a loader's batches."""
    batches = iter(loader)
    for number in itertools.count():
        name = f"batch {number} of real"
        try:
            given = next(batches)
        except StopIteration:
            return
        except Exception as error:  # whatever somebody's data set raises, with the batch's number
            raise ValueError(f"{name}, a DataLoader, cannot be read: {error!r}") from error
        yield _ready(*parts(given, name), name, dtype)


def _streamed(loader: DataLoader, batch_size: int, dtype: torch.dtype) -> tuple[Batch, Draw]:
    """Draw from a loader that cannot be held, one batch after the other."""
    warn(
        "real, a DataLoader, gives more samples than half of the free memory holds, or than can "
        "be counted: they are streamed, in the loader's own order, and the run is repeated only if "
        "the loader is"
    )
    epochs = _epochs(loader, dtype)
    first, rest = _cut([], epochs, batch_size)
    waiting = [first, *rest]

    def draw(n: int, rng: torch.Generator) -> Batch:
        batch, waiting[:] = _cut(waiting, epochs, n)
        return batch

    return first, draw


def _epochs(loader: DataLoader, dtype: torch.dtype) -> Iterator[Batch]:
    """Give a loader's batches without end."""
    for epoch in itertools.count():
        given = 0
        for batch in _batches(loader, dtype):
            given += len(batch[0])
            yield batch
        if not given:
            raise ValueError(
                f"real is a DataLoader that gave no batch in epoch {epoch + 1}: its data set must "
                "start again at every __iter__"
            )


def _cut(waiting: list[Batch], epochs: Iterator[Batch], n: int) -> tuple[Batch, list[Batch]]:
    """Cut n samples off a stream; what is left over waits for the next call."""
    while sum(len(samples) for samples, _ in waiting) < n:
        waiting = [*waiting, next(epochs)]
    samples, labels = joined(waiting)
    batch, rest = (
        (samples[part], None if labels is None else labels[part])
        for part in (slice(n), slice(n, None))
    )
    return batch, [rest] if len(rest[0]) else []


@contextlib.contextmanager
def repeatably() -> Iterator[None]:
    """Let what draws from PyTorch's own random numbers, such as augmentation, draw the same.

    Yields
    ------
    None
        Afterwards the random numbers go on as if nothing had been drawn.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        yield

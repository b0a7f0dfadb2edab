"""What the command line trains on: named data, tables and arrays, a part of them kept aside."""

from __future__ import annotations

import csv
import difflib
import math
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wganlib import mnist
from wganlib.callbacks import drawn
from wganlib.data import Images, scale_pixels
from wganlib.images import load_images
from wganlib.records import Run

NAMED: dict[str, Callable[[str], Images]] = {
    "mnist": mnist.mnist, "fashion-mnist": mnist.fashion_mnist,
}  # fmt: skip
KINDS = "mnist, fashion-mnist, a folder of pictures, a file .npz or a file .csv"
SHARE, LEAST = 0.1, 20  # of the data, kept aside; fewest samples to learn from
_SEPARATORS = ",;\t|"
_LARGE = 1e100  # numbers whose squares float64 could not add
_MISSING = {"", "-", "?", "na", "n/a", "nan", "nil", "none", "null", "missing"}
_TABLES = (".csv", ".tsv", ".txt")


@dataclass(frozen=True, kw_only=True)
class Split:
    """Data to train on and data kept aside, both as a generator makes them.

    Parameters
    ----------
    real : Tensor or Images
        To train on: a standardised table, shape (n, d), or images.
    held_out : Tensor, shape (m, ...)
        Never trained on; images in [−1, 1].
    about : dict
        What a run must remember of them, as JSON can store it; ``"kind"`` is "images" or "table".
    """

    real: Tensor | Images
    held_out: Tensor
    about: dict = field(default_factory=dict)


def load(
    given: str,
    *,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    seed: int = 0,
    scale: dict | None = None,
    progress: bool = False,
) -> Split:
    """Read data by the word that names them.

    Parameters
    ----------
    given : str
        A name, a folder or a file.
    size, channels : optional
        What images are brought to.
    seed : int
        Decides which samples are kept aside.
    scale : dict, optional
        Standardise a table by these numbers of an earlier `Split`, and not by its own.
    progress : bool
        Show a bar on a terminal while pictures are read.

    Returns
    -------
    Split
        The data.

    Raises
    ------
    ValueError, FileNotFoundError
        If they cannot be trained on; names them and the way out.
    """
    path = Path(given).expanduser()
    if given.lower() in NAMED and not given.endswith("/"):
        return _named(given.lower(), size, channels)
    if not path.exists():
        raise FileNotFoundError(_unknown(given))
    about = {"given": str(path.resolve()), "share_held_out": SHARE, "seed": seed}
    if path.is_dir():
        return _images(given, _folder(given, size, channels, progress), about, size, channels)
    if path.suffix.lower() in _TABLES:
        names, values = read_csv(path)
        return _table(given, names, values, about, scale)
    if path.suffix.lower() == ".npz":
        return _array(given, read_npz(path), about, (size, channels, scale))
    raise ValueError(f"{given} is of no kind that is known here: give {KINDS}")


def _unknown(given: str) -> str:
    """Say that there are no such data, and what may have been meant."""
    near = difflib.get_close_matches(given.lower(), NAMED, n=1)
    meant = f"; was {near[0]!r} meant?" if near else ""
    return f"{given!r} is neither a name of data nor a file or a folder{meant}: give {KINDS}"


def full_name(given: str) -> str:
    """Return the word that names data wherever a later command is given.

    Parameters
    ----------
    given : str
        A name, a folder or a file.

    Returns
    -------
    str
        The name, or the whole path.
    """
    if given.lower() in NAMED:
        return given.lower()
    return str(Path(given).expanduser().resolve())


def about_run(run: Run) -> dict:
    """Say what a run was trained on, as `Split.about` does; of a run from elsewhere, what it makes.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    dict
        At least ``"kind"``, and for a table ``"columns"``, ``"mean"`` and ``"scale"``.
    """
    about = run.provenance.get("data")
    if isinstance(about, dict) and "kind" in about:
        return about
    shape = drawn(run.generator, 1).shape[1:]
    if len(shape) == 3:
        return {"kind": "images"}
    d = shape.numel()
    columns = [f"column {j}" for j in range(1, d + 1)]
    return {"kind": "table", "columns": columns, "mean": [0.0] * d, "scale": [1.0] * d}


def table_of(samples: Tensor, about: dict) -> NDArray[np.float64]:
    """Give samples of a standardised table back in the table's own units.

    Parameters
    ----------
    samples : Tensor, shape (n, d)
        As the generator makes them.
    about : dict
        Of the `Split` that it was trained on.

    Returns
    -------
    ndarray, shape (n, d)
        Numbers, each rounded to a millionth of its column's standard deviation.
    """
    scale = np.array(about["scale"])
    values = samples.double().cpu().numpy() * scale + np.array(about["mean"])
    digits = [6 - math.floor(math.log10(one)) if one else 17 for one in scale]
    columns = [[round(v, d) for v in column] for column, d in zip(values.T, digits, strict=True)]
    return np.array(columns).T.reshape(values.shape)


# --- tables ---------------------------------------------------------------------------------------


def read_csv(path: Path) -> tuple[list[str], NDArray[np.float64]]:
    """Read a table of numbers.

    Parameters
    ----------
    path : Path
        Text with one row a line, in UTF-8; values separated by commas, semicolons, tabs or bars.

    Returns
    -------
    tuple
        The columns' names, from the first line if that is no row of numbers; the values.

    Raises
    ------
    ValueError
        If it is no table, or a value is no number; names the row and the column.
    """
    lines, rows = _rows(path)
    named = not all(_is_number(cell) for cell in rows[0])
    names = [cell.strip() for cell in rows[0]] if named else [""] * len(rows[0])
    names = [name or f"column {i}" for i, name in enumerate(names, 1)]
    lines, rows = lines[named:], rows[named:]
    if len(names) < 2:
        raise ValueError(
            f"{path} has one column, {names[0]!r}: a table needs two or more, separated by commas, "
            "semicolons, tabs or |"
        )
    if twice := [name for i, name in enumerate(names) if name in names[:i]]:
        raise ValueError(f"{path} has two columns {twice[0]!r}: give each a name of its own")
    for line, row in zip(lines, rows, strict=True):
        if len(row) != len(names):
            raise ValueError(
                f"{path}, line {line}: {len(row)} values for {len(names)} columns; give every row "
                "as many, and set a value that holds a separator in double quotes"
            )
    return names, _numbers(path, names, lines, rows)


def _rows(path: Path) -> tuple[list[int], list[list[str]]]:
    """Return the rows that are not empty, and the lines that they stand on."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = next((line for line in file if line.strip()), "")
            file.seek(0)
            separator = max(_SEPARATORS, key=first.count)
            reader = csv.reader(file, delimiter=separator, strict=True, skipinitialspace=True)
            found = [(reader.line_num, row) for row in reader if any(c.strip() for c in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"{path} is no table as text ({error}): store it as CSV in UTF-8, one row a line"
        ) from None
    if not found:
        raise ValueError(f"{path} holds no rows: give one row of numbers a line")
    lines, rows = map(list, zip(*found, strict=True))
    if all(len(row) > 1 and not row[-1].strip() for row in rows):  # each line ends in a separator
        rows = [row[:-1] for row in rows]
    return lines, rows


def _is_number(cell: str) -> bool:
    """Say whether a cell is a number, or a gap where a number may stand."""
    try:
        float(cell)
    except ValueError:
        return cell.strip().lower() in _MISSING
    return True


def _numbers(
    path: Path, names: list[str], lines: list[int], rows: list[list[str]]
) -> NDArray[np.float64]:
    """Return the values, or name the first cell that is no number."""
    values = np.empty((len(rows), len(names)))
    for i, row in enumerate(rows):
        try:
            values[i] = [float(cell) for cell in row]
        except ValueError:
            j = next(j for j, cell in enumerate(row) if not _converts(cell))
            raise ValueError(_no_number(path, lines[i], names[j], row[j].strip())) from None
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        i, j = bad[0]
        raise ValueError(_no_number(path, lines[i], names[j], rows[i][j].strip()))
    return values


def _converts(cell: str) -> bool:
    """Say whether Python takes a cell for a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _no_number(path: Path, line: int, name: str, cell: str) -> str:
    """Say which cell is no number, and what to do."""
    where = f"{path}, line {line}, column {name!r}"
    if cell.lower() in _MISSING:
        shown = f" ({cell})" if cell else ""
        return (
            f"{where}: the value is missing{shown}; leave out the row or the column, or fill it in"
        )
    if _converts(cell):
        return f"{where}: {cell} is not finite; leave out the row, or give a finite number"
    if _converts(cell.replace(",", ".", 1)):
        return f"{where}: {cell!r} has a comma; write decimals with a point, thousands with nothing"
    return (
        f"{where}: {cell!r} is text, and only numbers can be learnt; leave out the column, or "
        "write it as numbers, such as one column of 0 and 1 for each word"
    )


def _table(
    given: str, names: list[str], values: NDArray[np.float64], about: dict, scale: dict | None
) -> Split:
    """Split and standardise a table."""
    _refuse_few(given, len(values), "rows")
    large = np.abs(values).max(axis=0)
    if large.max() > _LARGE:
        name = names[int(large.argmax())]
        raise ValueError(
            f"{given}, column {name!r} reaches {large.max():.3g}: divide it by a constant first"
        )
    kept, aside = _parts(len(values), about["seed"])
    if scale is None:
        scale = _scale_of(names, values[kept])
    elif len(scale["mean"]) != len(names):
        raise ValueError(
            f"{given} has {len(names)} columns, the run was trained on {len(scale['mean'])}: "
            f"{', '.join(scale['columns'])}"
        )
    divisor = [one or 1.0 for one in scale["scale"]]
    standard = torch.tensor((values - scale["mean"]) / divisor, dtype=torch.float32)
    about = {
        **about, "kind": "table", "n": len(values), "checksum": _checksum(torch.tensor(values)),
        **scale,
    }  # fmt: skip
    return Split(real=standard[kept], held_out=standard[aside], about=about)


def _scale_of(names: list[str], values: NDArray[np.float64]) -> dict:
    """Return the numbers by which a table is standardised; a constant column has scale 0."""
    constant = values.min(axis=0) == values.max(axis=0)
    mean = np.where(constant, values[0], values.mean(axis=0))
    spread = np.where(constant, 0.0, values.std(axis=0))
    return {"columns": names, "mean": mean.tolist(), "scale": spread.tolist()}


# --- images and arrays ----------------------------------------------------------------------------


def _named(name: str, size: tuple[int, int] | None, channels: int | None) -> Split:
    """Read data that have a name and a split of their own."""
    real, held_out = (NAMED[name](part) for part in ("train", "test"))
    real, held_out = (_fitted(name, digits, size, channels) for digits in (real, held_out))
    about = {
        "given": name, "kind": "images", "shape": list(real.pixels.shape[1:]), "n": len(real),
        "held_out": "the official test split", "checksum": _checksum(real.pixels),
    }  # fmt: skip
    return Split(real=real, held_out=scale_pixels(held_out.pixels), about=about)


def _folder(
    given: str, size: tuple[int, int] | None, channels: int | None, progress: bool
) -> Images:
    """Read a folder of pictures; a refusal names the options as the command line does."""
    try:
        return load_images(
            Path(given).expanduser(), size=size, channels=channels, progress=progress
        )
    except ValueError as error:
        named = re.findall(r"\b(size|channels)=", str(error))
        hint = "; ".join(f"{name}= is --{name} here" for name in dict.fromkeys(named))
        raise ValueError(f"{error} ({hint})" if hint else str(error)) from error


def _images(
    given: str, images: Images, about: dict, size: tuple[int, int] | None, channels: int | None
) -> Split:
    """Split images."""
    _refuse_few(given, len(images), "images")
    images = _fitted(given, images, size, channels)
    kept, aside = _parts(len(images), about["seed"])
    about = {
        **about, "kind": "images", "shape": list(images.pixels.shape[1:]), "n": len(images),
        "checksum": _checksum(images.pixels),
    }  # fmt: skip
    labels = None if images.labels is None else images.labels[kept]
    return Split(
        real=replace(images, pixels=images.pixels[kept], labels=labels),
        held_out=scale_pixels(images.pixels[aside]),
        about=about,
    )


def _fitted(
    given: str, images: Images, size: tuple[int, int] | None, channels: int | None
) -> Images:
    """Bring images to a size and a number of channels, or refuse what no stock network makes."""
    from torchvision.transforms import functional  # an import of seconds, which few runs need

    pixels, own = images.pixels, tuple(images.pixels.shape[2:])
    if size is not None and size != own:
        scale = min(own[0] / size[0], own[1] / size[1])
        middle = [max(1, round(scale * side)) for side in size]  # in the proportions of the size
        parts = functional.center_crop(pixels, middle).split(1_000)
        pixels = torch.cat([functional.resize(part, list(size), antialias=True) for part in parts])
    elif bad := [side for side in own if side % 4 or not 8 <= side <= 128]:
        near = min(max(8, round(bad[0] / 4) * 4), 128)
        raise ValueError(
            f"{given} holds images of {own[0]}x{own[1]} pixels, and the networks here make sides "
            f"of 8, 12, ..., 128: give --size {near}"
        )
    if channels == 3 and pixels.shape[1] == 1:
        pixels = pixels.expand(-1, 3, -1, -1).contiguous()
    elif channels == 1 and pixels.shape[1] == 3:
        pixels = functional.rgb_to_grayscale(pixels)
    return replace(images, pixels=pixels)


def read_npz(path: Path) -> tuple[NDArray, NDArray | None]:
    """Read samples, and labels where there are any.

    Parameters
    ----------
    path : Path
        What ``numpy.savez`` wrote.

    Returns
    -------
    tuple
        The one array of samples, and the whole numbers that belong to it, or None.

    Raises
    ------
    ValueError
        If it holds no array of numbers, or several that may be meant; names them.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (ValueError, OSError, EOFError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} cannot be read ({error}): write it with numpy.savez, as arrays of numbers"
        ) from None
    numbers = {k: v for k, v in arrays.items() if v.dtype.kind in "biuf" and v.ndim and v.size}
    if not numbers:
        found = ", ".join(f"{k} ({v.dtype}, shape {v.shape})" for k, v in arrays.items())
        raise ValueError(
            f"{path} holds no array of numbers ({found or 'nothing'}): give one with numpy.savez("
            f"'{path.name}', images=...) or samples=..."
        )
    samples = _the_samples(path, numbers)
    rest = [
        v for k, v in numbers.items()
        if k != samples and v.ndim == 1 and v.dtype.kind in "iu" and len(v) == len(numbers[samples])
    ]  # fmt: skip
    return numbers[samples], rest[0] if len(rest) == 1 else None


def _the_samples(path: Path, numbers: dict[str, NDArray]) -> str:
    """Name the array of samples: the only one, or the one that is called so."""
    wide = [name for name, values in numbers.items() if values.ndim > 1] or list(numbers)
    if len(wide) == 1:
        return wide[0]
    called = [name for name in wide if name.lower() in ("images", "samples")]
    if len(called) == 1:
        return called[0]
    shapes = ", ".join(f"{name} {numbers[name].shape}" for name in wide)
    raise ValueError(f"{path} holds {shapes}: name the one to learn from `images` or `samples`")


def _array(given: str, arrays: tuple[NDArray, NDArray | None], about: dict, how: tuple) -> Split:
    """Split what an .npz holds: pixels are images, other numbers are a table."""
    values, labels = arrays
    size, channels, scale = how
    if values.dtype == np.uint8 and values.ndim in (3, 4):
        pixels = _pixels(given, values)
        known = None if labels is None else torch.tensor(labels.astype(np.int64))
        images = Images(pixels=torch.tensor(pixels), labels=known, source=given)
        return _images(given, images, about, size, channels)
    if values.ndim != 2 or values.dtype == np.uint8:
        raise ValueError(
            f"{given} holds {values.dtype} of shape {values.shape}: give images of shape (n, "
            "height, width) or (n, height, width, 3) as uint8 from 0 to 255, which from 0 to 1 are "
            "(255 * x).round().astype('uint8'), and a table of shape (n, columns) as floats"
        )
    if values.shape[1] < 2:
        raise ValueError(f"{given} has one column: a table needs two or more")
    values = values.astype(np.float64)
    if bad := np.argwhere(~np.isfinite(values)).tolist():
        i, j = bad[0]
        raise ValueError(
            f"{given}, row {i}, column {j}: {values[i, j]} is not finite ({len(bad)} such values); "
            "leave out what is missing or infinite"
        )
    return _table(
        given, [f"column {j}" for j in range(1, values.shape[1] + 1)], values, about, scale
    )


def _pixels(given: str, values: NDArray) -> NDArray:
    """Return pixels of shape (n, channels, height, width), wherever the channels stood."""
    if values.ndim == 3:
        return values[:, None]
    if values.shape[-1] in (1, 3):
        return np.ascontiguousarray(np.moveaxis(values, -1, 1))
    if values.shape[1] in (1, 3):
        return values
    raise ValueError(
        f"{given} holds images of shape {values.shape[1:]}: give grey ones, (n, height, width), or "
        "coloured ones, (n, height, width, 3)"
    )


def _parts(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Choose which samples are trained on and which are kept aside, in their order."""
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    aside = math.ceil(SHARE * n)
    return order[aside:].sort().values, order[:aside].sort().values


def _refuse_few(given: str, n: int, what: str) -> None:
    """Refuse data that a tenth cannot be kept aside of."""
    if n < LEAST:
        raise ValueError(f"{given} holds {n} {what}: give at least {LEAST} to learn from")


def _checksum(values: Tensor) -> str:
    """Return eight digits that other data would hardly have."""
    raw = values.contiguous().flatten().view(torch.uint8)
    return f"{zlib.crc32(raw.numpy()):08x}"

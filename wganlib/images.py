"""Pictures from folders and data sets, and pictures of samples."""

from __future__ import annotations

import contextlib
import io
import itertools
import math
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor
from torch.utils.data import IterableDataset, Subset

from wganlib._arrays import instance, path_of, shown, whole_number
from wganlib._files import atomic_write, swapped_folder
from wganlib._memory import free_bytes, in_words
from wganlib._pictures import plain
from wganlib._progress import bar
from wganlib._reading import is_dataset, repeatably, sample
from wganlib._samples import CHANNELS, checked, conditions, parts, tensor_of, warn, warn_of_range
from wganlib.data import Images

SUFFIXES = {  # of files that are taken for pictures
    ".apng", ".avif", ".bmp", ".dib", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm",
    ".pcx", ".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp",
}  # fmt: skip
MARK = ("Software", "wganlib")  # in every numbered picture, so that only these are replaced
HALF_A_LEVEL = 1 / 255  # values beyond [-1, 1] by less are shown as white or black


def load_images(
    place: object,
    *,
    size: int | tuple[int, int] | None = None,
    channels: int | None = None,
    n: int | None = None,
    progress: bool = True,
) -> Images:
    r"""Load pictures from a folder or a data set, all made one size.

    Parameters
    ----------
    place : path or data set
        A folder of pictures, of mixed sizes and modes; if they lie in subfolders, these are the
        classes. Or a data set of pictures, as torchvision has them, or of tensors or arrays: uint8,
        or floats in [0, 1] or in :math:`[-1, 1]`, with labels or without.
    size : int or (int, int), optional
        Side, or height and width, in pixels. A picture's middle is cut out in these proportions,
        then made larger or smaller without aliasing.
    channels : {1, 3}, optional
        1 makes all grey, 3 makes all RGB. Otherwise they are grey if every picture is.
    n : int, optional
        How many, evenly spaced over all; of a data set without a length, the first.
    progress : bool
        Show a bar on a terminal or in a notebook.

    Returns
    -------
    Images
        On the CPU, in the order of their names or of the data set; transparent parts are white.

    Raises
    ------
    ValueError
        If there are no pictures or fewer than ``n``, if one is damaged, if their sizes differ and
        no ``size`` is given, or if they would not fit into the memory; names what and the way out.
    TypeError
        If ``place`` is neither a folder nor a data set.

    Warns
    -----
    UserWarning
        If a data set's labels are no class numbers, and so are left out.

    Notes
    -----
    Hidden files, and files whose name does not end as a picture's, are skipped; ``source`` of what
    is returned says how many.
    """
    size = _height_and_width(size)
    channels = None if channels is None else whole_number(channels, "channels")
    instance(progress, "progress", bool, "give True or False")
    if channels not in (None, 1, 3):
        raise ValueError(f"channels={shown(channels)} must be 1 (grey), 3 (RGB) or left out")
    if n is not None:
        n = whole_number(n, "n", least=1)
    load = _from_folder if isinstance(place, str | os.PathLike) else _from_dataset
    return load(place, size, channels, n, progress)


def _height_and_width(size: object) -> tuple[int, int] | None:
    """Return height and width, or None where no size is asked for."""
    if size is None:
        return None
    both = tuple(size) if isinstance(size, tuple | list) else (size, size)
    if len(both) != 2:
        raise ValueError(f"size={shown(size)} must be a side, or height and width, in pixels")
    return whole_number(both[0], "size", least=1), whole_number(both[1], "size", least=1)


def _spread(total: int, n: int | None) -> list[int]:
    """Return all numbers below a total, or n that are evenly spaced."""
    if n is None:
        return list(range(total))
    if n > total:
        raise ValueError(f"n={n} pictures are asked for, and there are {total}: give n={total}")
    return [i * total // n for i in range(n)]


# --- folders --------------------------------------------------------------------------------------


def _from_folder(
    place: str | os.PathLike,
    size: tuple | None,
    channels: int | None,
    n: int | None,
    progress: bool,
) -> Images:
    """Load a folder of pictures."""
    folder = path_of(place, "place")
    if not folder.is_dir():
        kind = "a file" if folder.exists() else "not there"
        raise ValueError(f"place={str(place)!r} is {kind}: give a folder of pictures")
    files, others = _pictures_in(folder)
    if not files:
        kinds = Counter(other.suffix or other.name for other in others).most_common(5)
        found = ", ".join(f"{count} × {kind}" for kind, count in kinds) or "nothing"
        raise ValueError(f"no pictures in {folder} ({found}): pictures end in .png, .jpg, …")
    classes, numbers = _classes(files, folder)
    chosen = _spread(len(files), n)
    _refuse_large(len(chosen), (channels or 1, *(size or (1, 1))))
    read = partial(_read_file, folder=folder, size=size, channels=channels)
    pictures = _in_threads(read, [files[i] for i in chosen])
    skipped = f", {len(others)} other files skipped" if others else ""
    return Images(
        pixels=_gathered(pictures, len(chosen), progress),
        labels=torch.tensor(numbers)[chosen] if classes else None,
        source=f"{folder.resolve().name}: {len(chosen)} pictures{skipped}",
        classes=classes,
    )


def _pictures_in(folder: Path) -> tuple[list[Path], list[Path]]:
    """List the pictures of a folder and of its subfolders, and the other files."""
    pictures, others, seen = [], [], set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = [] if real in seen else sorted(f for f in folders if f[0] != ".")
        for name in [] if real in seen else sorted(names):
            known = name[0] != "." and Path(name).suffix.lower() in SUFFIXES
            (pictures if known else others).append(Path(place, name))
        seen.add(real)  # a link may lead back to where it is
    return pictures, others


def _classes(files: list[Path], folder: Path) -> tuple[tuple[str, ...], list[int]]:
    """Take subfolders as classes; return their names, and the number of each file's."""
    firsts = [file.relative_to(folder).parts[:-1][:1] for file in files]
    names = sorted({name for first in firsts for name in first})
    if names and () in firsts:
        file = files[firsts.index(())].name
        raise ValueError(
            f"{folder} holds pictures itself, such as {file}, and subfolders with pictures, such "
            f"as {names[0]}: put all into subfolders, which are the classes, or none"
        )
    return tuple(names), [names.index(first[0]) for first in firsts] if names else []


def _read_file(
    path: Path, *, folder: Path, size: tuple | None, channels: int | None
) -> Tensor | ValueError:
    """Read a picture, or say what is wrong with it."""
    name = str(path.relative_to(folder))
    try:
        with Image.open(path) as image:
            if size is not None:  # a large JPEG need not be decoded in full
                image.draft(None, (2 * max(size), 2 * max(size)))
            return _pixels_of(image, name, size, channels)
    except Exception as error:  # decoders of damaged files raise whatever they like
        return ValueError(f"{name} ({error})")


def _in_threads(read: Callable, files: list[Path]) -> Iterator[Tensor | ValueError]:
    """Read files side by side, in their order."""
    with ThreadPoolExecutor() as pool:
        yield from pool.map(read, files)


# --- data sets ------------------------------------------------------------------------------------


def _from_dataset(
    place: object, size: tuple | None, channels: int | None, n: int | None, progress: bool
) -> Images:
    """Load the pictures of a data set."""
    rows, total = _rows(place, n)
    labels: list[object] = []

    def pictures() -> Iterator[Tensor]:
        for name, row in rows:
            given, label = row()
            labels.append(label)
            yield _pixels_of(given, name, size, channels)

    _refuse_large(total or 1, (channels or 1, *(size or (1, 1))))
    with repeatably():
        pixels = _gathered(pictures(), total, progress)
    if n is not None and len(pixels) < n:
        raise ValueError(f"n={n} pictures are asked for, and there are {len(pixels)}")
    while isinstance(place, Subset):
        place = place.dataset
    numbers, classes = _class_numbers(labels, getattr(place, "classes", ()))
    return Images(pixels=pixels, labels=numbers, source=type(place).__name__, classes=classes)


def _rows(place: object, n: int | None) -> tuple[Iterable[tuple[str, Callable]], int | None]:
    """Return the name of each sample with the way to read it, and how many there are."""
    if isinstance(place, IterableDataset):
        flow = enumerate(itertools.islice(place, n))
        name = "sample {} of place"
        return ((name.format(i), partial(parts, row, name.format(i))) for i, row in flow), n
    if not is_dataset(place):
        raise TypeError(
            f"place is a {type(place).__name__}: give a folder of pictures or a data set of them "
            "(of a DataLoader, its .dataset)"
        )
    chosen = _spread(len(place), n)
    names = {i: f"sample {i} of place{_file_of(place, i)}" for i in chosen}
    return ((name, partial(sample, place, i, name)) for i, name in names.items()), len(chosen)


def _file_of(place: object, index: int) -> str:
    """Name the file of a sample, where a data set lists its files as torchvision's do."""
    try:
        return f" ({place.samples[index][0]})"
    except (AttributeError, IndexError, KeyError, TypeError):
        return ""


def _class_numbers(labels: list, names: object) -> tuple[Tensor | None, tuple[str, ...]]:
    """Return class numbers and the classes' names, if labels are such."""
    if all(label is None for label in labels):
        return None, ()
    if all(isinstance(label, str) for label in labels):
        classes, found = np.unique(labels, return_inverse=True)
        return torch.from_numpy(found).long(), tuple(map(str, classes))
    try:
        found, why = conditions(labels, len(labels), torch.float32), "they are vectors"
    except ValueError as error:
        found, why = torch.empty(0, 0), str(error)
    if found is None or found.ndim == 1:
        return found, tuple(map(str, names)) if isinstance(names, list | tuple) else ()
    warn(f"place gives labels that are no class numbers, and they are left out: {why}")
    return None, ()


# --- one picture, and all -------------------------------------------------------------------------


def _pixels_of(given: object, name: str, size: tuple | None, channels: int | None) -> Tensor:
    """Return a picture of any kind as (channels, height, width), uint8 or floats."""
    if isinstance(given, Image.Image):
        given = plain(given, name, channels=channels)
        return tensor_of(given if size is None else _fitted(given, size), name)
    picture = tensor_of(given, name).cpu()
    if picture.ndim == 2:
        picture = picture[None]
    if picture.ndim == 3 and picture.shape[2] in CHANNELS and picture.shape[0] not in CHANNELS:
        picture = picture.movedim(2, 0)
    if picture.ndim != 3 or picture.numel() == 0:
        raise ValueError(
            f"{name} has shape {tuple(picture.shape)}; a picture has (channels, height, width), "
            "(height, width) or (height, width, channels)"
        )
    picture = picture if channels in (None, len(picture)) else _deep(picture, name, channels)
    return picture if size is None else _fitted(picture, size)


def _deep(picture: Tensor, name: str, channels: int) -> Tensor:
    """Make a picture grey, or RGB."""
    from torchvision.transforms import functional  # an import of seconds, which few runs need

    if picture.dtype == torch.uint8 and len(picture) <= 4:
        return tensor_of(plain(functional.to_pil_image(picture), name, channels=channels), name)
    if {len(picture), channels} != {1, 3}:
        raise ValueError(f"{name} has {len(picture)} channels, which cannot be made {channels}")
    return picture.expand(3, -1, -1) if channels == 3 else functional.rgb_to_grayscale(picture)


def _fitted(picture: Tensor | Image.Image, size: tuple[int, int]) -> Tensor | Image.Image:
    """Cut out the middle in the proportions that are wanted, and resize it without aliasing."""
    from torchvision.transforms import functional

    _, height, width = functional.get_dimensions(picture)
    scale = min(height / size[0], width / size[1])
    middle = [max(1, round(scale * side)) for side in size]
    return functional.resize(functional.center_crop(picture, middle), list(size), antialias=True)


def _gathered(pictures: Iterator[Tensor | ValueError], total: int | None, progress: bool) -> Tensor:
    """Put pictures together as pixels; names those that cannot be read, or sizes that differ."""
    rows, sizes, broken, differing = [], Counter(), [], 0
    with contextlib.closing(pictures), bar(progress, total=total, unit="picture") as shown:
        for one in pictures:
            if isinstance(one, ValueError):
                broken.append(str(one))
            else:
                rows.append(one)
                sizes[tuple(one.shape[1:])] += 1
                _refuse_large(max(total or 0, len(rows)), one.shape, one.element_size())
            differing += len(sizes) > 1
            if len(broken) >= 20 or differing >= 1000:  # enough to say what is wrong
                break
            shown.update()
    if broken:
        more = f" and {len(broken) - 5} more" if len(broken) > 5 else ""
        listed = "; ".join(broken[:5]) + more
        raise ValueError(f"{len(broken)} of the pictures cannot be read: {listed}: remove them")
    if len(sizes) > 1:
        raise ValueError(_sizes_in_words(sizes))
    return _as_pixels(rows)


def _sizes_in_words(sizes: Counter) -> str:
    """Say which sizes were seen, and the way to one."""
    listed = ", ".join(f"{h} × {w} ({count})" for (h, w), count in sizes.most_common(8))
    listed += ", …" if len(sizes) > 8 else ""
    return (
        f"the pictures have {len(sizes)} sizes, height × width (how many): {listed}: give one by "
        "size=, such as size=32 or size=(32, 48); the stock networks take multiples of 4, 8 to 128"
    )


def _refuse_large(n: int, shape: tuple[int, ...], item: int = 1) -> None:
    """Refuse before memory is taken; pictures are there twice while they are put together."""
    need = 2 * n * math.prod(shape) * item
    if need > (free := free_bytes()):
        raise ValueError(
            f"{n:,} pictures of {tuple(shape)} need {in_words(need)} of memory while they are "
            f"loaded, and {in_words(free)} are free: give a smaller size=, or fewer by n="
        )


def _as_pixels(rows: list[Tensor]) -> Tensor:
    """Stack pictures as uint8; grey ones among RGB become RGB."""
    if not rows:
        raise ValueError("place is a data set without any pictures: give some")
    depths, kinds = {len(one) for one in rows}, {one.dtype for one in rows}
    if depths == {1, 3}:
        rows = [one.expand(3, -1, -1) for one in rows]
    elif len(depths) > 1 or len(kinds) > 1:
        raise ValueError(
            f"the pictures have {', '.join(map(str, sorted(depths)))} channels and dtypes "
            f"{', '.join(map(str, kinds))}: give one dtype, and channels=1 or channels=3"
        )
    return _levels(checked(torch.stack(rows), "place", torch.float32))


def _levels(images: Tensor) -> Tensor:
    """Return floats of [0, 1] or of [-1, 1] as pixels, the nearest of 256 levels."""
    if images.dtype == torch.uint8:
        return images
    low, high = (value.item() for value in images.aminmax())
    if max(-low, high) > 1 + HALF_A_LEVEL:
        raise ValueError(
            f"the pictures are floats from {low:.4g} to {high:.4g}, and their black and white are "
            "not known: give uint8 from 0 to 255, or floats in [0, 1] or [-1, 1]"
        )
    grey = images * 255 if low >= 0 else (images + 1) * 127.5
    return grey.round().clamp(0, 255).to(torch.uint8)


# --- pictures of samples --------------------------------------------------------------------------


def save_images(
    path: str | os.PathLike, images: ArrayLike | Images, *, columns: int | None = None
) -> None:
    r"""Write samples as pictures: one with a grid of them, or a folder with one file each.

    Parameters
    ----------
    path : path
        A name that ends as a picture's, such as ``"samples.png"``, becomes a grid; any other name,
        such as ``"samples"``, a folder of ``00000.png``, ``00001.png``, ….
    images : array_like or Images
        Floats in :math:`[-1, 1]`, as a generator makes them, or uint8, of shape ``(n, channels,
        height, width)`` or ``(n, height, width)``.
    columns : int, optional
        How many stand side by side in a grid; else it is as wide as it is high.

    Raises
    ------
    ValueError
        If the images are no finite numbers in that range or of such a shape, or if a folder of that
        name holds anything that this function has not written; names what and the way out.
    OSError
        If the file or the folder cannot be written; what stood there before is untouched.

    Warns
    -----
    UserWarning
        If floats fill [0, 1].

    Notes
    -----
    A file or a folder is at every moment the old one or the whole new one.
    """
    columns = None if columns is None else whole_number(columns, "columns", least=1)
    path, pixels = path_of(path, "path"), _showable(images)
    suffix = path.suffix.lower()
    if path.is_dir() or not (suffix or path.exists()):
        _write_each(path, pixels)
    elif suffix in SUFFIXES:
        _write_grid(path, pixels, columns or math.ceil(math.sqrt(len(pixels))))
    else:
        raise ValueError(
            f"path={str(path)!r} does not end as a picture's name: end it in .png for a grid, or "
            "in nothing, and where no file is, for a folder with one file each"
        )


def _showable(images: ArrayLike | Images) -> Tensor:
    """Return images as pixels, (n, channels, height, width), or refuse."""
    found = tensor_of(images.pixels if isinstance(images, Images) else images, "images").cpu()
    if found.ndim == 3 and len(found) == 3:
        raise ValueError(
            f"images has shape {tuple(found.shape)}: give images[None] if that is one RGB picture, "
            "images[:, None] if it is three grey ones"
        )
    found = checked(found, "images", torch.float32)
    if found.dtype != torch.uint8:
        low, high = (value.item() for value in found.aminmax())
        if max(-low, high) > 1 + HALF_A_LEVEL:
            raise ValueError(
                f"images range from {low:.4g} to {high:.4g}, expected [-1, 1]: scale them, or give "
                "images.clamp(-1, 1), or pixels from 0 to 255 as images.to(torch.uint8)"
            )
        warn_of_range(found, "images")
        pixels = ((found + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        found = checked(pixels, "images", torch.float32)
    if found.shape[1] not in CHANNELS:
        raise ValueError(
            f"images has shape {tuple(found.shape)}: a picture has 1 channel (grey), 3 (RGB) or 4"
        )
    return found


def _write_grid(path: Path, pixels: Tensor, columns: int) -> None:
    """Write all pictures side by side, as one."""
    from torchvision.transforms import functional
    from torchvision.utils import make_grid

    grid = make_grid(pixels, nrow=min(columns, len(pixels)), pad_value=255)
    picture = functional.to_pil_image(grid[:1] if pixels.shape[1] == 1 else grid)
    content = io.BytesIO()
    try:
        picture.save(content, format=Image.registered_extensions()[path.suffix.lower()])
    except (KeyError, OSError, ValueError) as error:  # Pillow reads more than it writes
        raise ValueError(
            f"path={str(path)!r}: a picture of mode {picture.mode} cannot be written so ({error}): "
            "end it in .png"
        ) from error
    atomic_write(path, content.getvalue())


def _write_each(folder: Path, pixels: Tensor) -> None:
    """Write a folder of numbered pictures, in the place of one that was written so before."""
    for file in folder.iterdir() if folder.exists() else ():
        if not _is_ours(file):
            raise ValueError(
                f"{folder} holds {file.name}, which is none of the pictures that save_images has "
                "written, and nothing else is replaced: give the name of a new folder"
            )
    from torchvision.transforms import functional

    mark = PngInfo()
    mark.add_text(*MARK)
    with swapped_folder(folder) as new:
        for number, one in enumerate(pixels):
            functional.to_pil_image(one).save(new / f"{number:05d}.png", pnginfo=mark)


def _is_ours(file: Path) -> bool:
    """Say whether a file was written by `save_images`."""
    if not re.fullmatch(r"\d{5,}\.png", file.name):
        return False
    try:
        with Image.open(file) as image:
            return image.info.get(MARK[0]) == MARK[1]
    except OSError:
        return False

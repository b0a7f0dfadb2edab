"""Ready callbacks for `wganlib.training.train`: pictures, a film, a line of numbers, TensorBoard.

``train(..., callback=...)`` calls each as ``callback(step, generator, critic)`` after every entry
of the history. None of them draws from the run's random numbers or moves a network, so a run with
them ends with the same weights as one without. One that has an attribute ``history`` finds the
run's history there.
"""

from __future__ import annotations

import io
import math
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import torch
from PIL import GifImagePlugin, Image, ImageDraw
from torch import Tensor, nn

from wganlib._arrays import dense, finite_number, instance, path_of, shown, whole_number
from wganlib._files import atomic_write
from wganlib.models import sample
from wganlib.records import History

Callback = Callable[[int, nn.Module, nn.Module], object]

_NO_FOLDER = {".apng", ".avi", ".jpeg", ".jpg", ".mov", ".mp4", ".pdf", ".png", ".webm", ".webp"}
_FRAME_MS, _CAPTION = 200, 14  # how long a frame is seen; pixels below it for its step
# A comment of the GIF format before each frame: what the film knows of itself when a run goes on.
_MARK = re.compile(rb"\x21\xfe\x16wganlib step (\d{9})\x00")
_BETWEEN = 0.1  # seconds between two changes of a line on a terminal


class SampleGrid:
    """Keep a grid of the same latents' samples every so many steps, as pictures or as a film.

    A run that goes on goes on with the film. What a folder or a film holds of this step or of later
    ones is of an earlier try, and is replaced.

    Parameters
    ----------
    where : path
        A folder for ``step-000000500.png`` and the like, made if missing; or a film, whose name
        ends in ``.gif``.
    every : int
        Steps between grids. A grid is drawn at the first entry of the history that is due.
    n : int, optional
        How many samples.
    seed : int, optional
        Draws their latents.
    average : nn.Module, optional
        Draw from this one, such as the ``average`` that `train` is given, and not from the
        generator.
    condition : Tensor, shape (n, ...), optional
        What the generator takes next to the latents, one row for each sample.

    Raises
    ------
    ValueError
        If ``where`` is neither a folder nor a film, or a number is none.
    """

    def __init__(
        self,
        where: str | Path,
        *,
        every: int,
        n: int = 64,
        seed: int = 0,
        average: nn.Module | None = None,
        condition: Tensor | None = None,
    ) -> None:
        self.where = path_of(where, "where")
        self.every, self.n = whole_number(every, "every"), whole_number(n, "n")
        self.seed = whole_number(seed, "seed", least=0, below=2**64)
        self.average, self.condition = average, condition
        self.last: int | None = None  # the step of the last grid, once that has been looked up
        self._film = self.where.suffix.lower() == ".gif"
        if self.where.suffix.lower() in _NO_FOLDER:
            raise ValueError(
                f"where={str(where)!r} is no film that can be written: give a name that ends in "
                ".gif, or a folder, such as 'grids', for one PNG each"
            )
        if self.where.exists() and self.where.is_dir() == self._film:
            kind = ("a file", "a folder")[self._film]
            raise ValueError(f"where={str(where)!r} is {kind} already: give another name")

    def __call__(self, step: int, generator: nn.Module, critic: nn.Module) -> None:
        """Draw a grid where one is due.

        Parameters
        ----------
        step : int
            Generator steps done.
        generator, critic : nn.Module
            The networks; they stay as they are.

        Raises
        ------
        ValueError
            If the samples are no images.
        """
        before = self._earlier(step)
        if step // self.every == before // self.every:
            return
        how = {"seed": self.seed, "condition": self.condition}
        grid = grid_of(drawn(self.average or generator, self.n, **how))
        if self._film:
            self._append(step, grid)
        else:
            content = io.BytesIO()
            grid.save(content, format="PNG")
            atomic_write(self.where / f"step-{step:09d}.png", content.getvalue())
        self.last = step

    def _earlier(self, step: int) -> int:
        """Return the step of the last grid before this one, 0 if there is none; drop later ones."""
        if self.last is not None and self.last < step:
            return self.last
        if self._film:
            steps = [int(mark[1]) for mark in _MARK.finditer(_read(self.where))]
        else:
            found = {p: re.fullmatch(r"step-(\d{9})\.png", p.name) for p in _files_in(self.where)}
            steps = [int(match[1]) for match in found.values() if match]
            for path, match in found.items():
                if match and int(match[1]) >= step:
                    path.unlink(missing_ok=True)
        self.last = max([s for s in steps if s < step], default=0)
        return self.last

    def _append(self, step: int, grid: Image.Image) -> None:
        """Put a frame at its place in the film; the file is at every moment whole."""
        frame = _captioned(grid, f"step {step:,}").quantize(256)
        film = _read(self.where)
        later = [mark.start() for mark in _MARK.finditer(film) if int(mark[1]) >= step]
        film = film[: later[0]] if later else film.removesuffix(b";")
        if not _MARK.search(film) or film[6:10] != _size(frame):
            # What was drawn before had another size, so it belongs to another run.
            film = b"".join(GifImagePlugin.getheader(frame, info={"loop": 0})[0])
        mark = b"\x21\xfe\x16wganlib step %09d\x00" % step
        pieces = GifImagePlugin.getdata(frame, duration=_FRAME_MS, include_color_table=True)
        atomic_write(self.where, film + mark + b"".join(pieces) + b";")


class ProgressLine:
    """Say in one line how far a run is: step, numbers of the last entry, seconds left.

    On a terminal the line is written again and again in its place; elsewhere a line is added every
    few seconds. The cursor always stands at the start of the next line, so that whatever ends the
    run finds a clean terminal. Give `train` ``progress=False`` then, or its bar comes in between.

    Parameters
    ----------
    total : int
        The run's last step.
    every_seconds : float, optional
        Seconds between lines where there is no terminal.
    stream : file, optional
        Where to; else standard error.

    Raises
    ------
    ValueError
        If a number is none.
    """

    history: History | None = None  # set by `train`

    def __init__(
        self, total: int, *, every_seconds: float = 5.0, stream: TextIO | None = None
    ) -> None:
        self.total = whole_number(total, "total")
        self.every_seconds = finite_number(every_seconds, "every_seconds", least=0)
        self.stream = stream
        self._start: tuple[int, float] | None = None  # step and time of the first call
        self._shown = -math.inf  # time of the last line
        self._above = False  # whether the line above is ours, on a terminal

    def __call__(self, step: int, generator: nn.Module, critic: nn.Module) -> None:
        """Say how far the run is, where that is due.

        Parameters
        ----------
        step : int
            Generator steps done.
        generator, critic : nn.Module
            The networks, which are not looked at.
        """
        now, stream = time.monotonic(), self.stream or sys.stderr
        if self._start is None or step <= self._start[0]:  # a run begins
            self._start, self._shown, self._above = (step, now), -math.inf, False
        columns = _columns(stream)
        pause = self.every_seconds if columns is None else _BETWEEN
        if step < self.total and now - self._shown < pause:
            return
        self._shown, text = now, self._text(step, now)
        if columns is None:
            stream.write(f"{text}\n")
        else:  # one line up, to its start, and away with what stands there
            up = "\x1b[1A\r\x1b[K" if self._above else ""
            stream.write(f"{up}{text[: columns - 1]}\n")
            self._above = step < self.total
        stream.flush()

    def _text(self, step: int, now: float) -> str:
        """Write the line; plain ASCII, which every terminal shows."""
        parts = [f"step {step:,} of {self.total:,}"]
        if self.history is not None and self.history.step:
            for name in ("w1_estimate", "critic_loss"):
                parts.append(f"{name} {getattr(self.history, name)[-1]:.4g}")
        done, spent = step - self._start[0], now - self._start[1]
        if done:
            parts.append(f"{in_words(spent / done * max(self.total - step, 0))} left")
        return ", ".join(parts)


class TensorBoard:
    """Write the numbers of every entry for TensorBoard; needs the package ``tensorboard``.

    A run that goes on hides what was written of later steps before it was stopped.

    Parameters
    ----------
    folder : path
        Where to; ``tensorboard --logdir FOLDER`` shows it.

    Raises
    ------
    ImportError
        If ``tensorboard`` is not installed; names the command.
    """

    history: History | None = None  # set by `train`

    def __init__(self, folder: str | Path) -> None:
        self.folder = path_of(folder, "folder")
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ImportError(
                f"TensorBoard needs a package that is not installed ({error}): "
                f"{Path(sys.executable).name} -m pip install tensorboard"
            ) from error
        self._open = SummaryWriter
        self._writer: SummaryWriter | None = None
        self._last = 0

    def __call__(self, step: int, generator: nn.Module, critic: nn.Module) -> None:
        """Write the last entry's numbers.

        Parameters
        ----------
        step : int
            Generator steps done.
        generator, critic : nn.Module
            The networks, which are not looked at.

        Raises
        ------
        ValueError
            If nobody has set ``history``.
        """
        if self.history is None or not self.history.step:
            raise ValueError(
                "this TensorBoard has no history to write: wganlib.training.train sets its "
                "attribute `history`; in a loop of your own, set it to a wganlib.records.History"
            )
        if self._writer is None or step <= self._last:
            self._writer = self._open(str(self.folder), purge_step=step)
        for name in ("w1_estimate", "critic_loss", "penalty", "generator_loss"):
            if column := getattr(self.history, name):
                self._writer.add_scalar(name, column[-1], step)
        self._writer.flush()
        self._last = step


class _Together:
    """Several callbacks as one."""

    def __init__(self, callbacks: tuple[Callback, ...]) -> None:
        self.callbacks = callbacks
        self._history: History | None = None

    @property
    def history(self) -> History | None:
        """The run's history, handed on to those who want it."""
        return self._history

    @history.setter
    def history(self, history: History) -> None:
        self._history = history
        for callback in self.callbacks:
            if hasattr(callback, "history"):
                callback.history = history

    def __call__(self, step: int, generator: nn.Module, critic: nn.Module) -> None:
        for callback in self.callbacks:
            callback(step, generator, critic)


def together(*callbacks: Callback) -> Callback:
    """Make one callback of several, called in this order.

    Parameters
    ----------
    *callbacks : callable
        Each as `wganlib.training.train` takes one; those with an attribute ``history`` get it.

    Returns
    -------
    callable
        Calls them all.

    Raises
    ------
    ValueError
        If one cannot be called.
    """
    for callback in callbacks:
        if not callable(callback) or isinstance(callback, type):
            raise ValueError(
                f"callback {shown(callback)} is no callback: give something to call with "
                "(step, generator, critic), such as SampleGrid('grids', every=500)"
            )
    return _Together(callbacks)


def grid_of(images: Tensor) -> Image.Image:
    """Lay images out in a square grid.

    Parameters
    ----------
    images : Tensor, shape (n, channels, height, width)
        Floats in [−1, 1], beyond which they are cut off; 1 channel is grey, 3 are colour.

    Returns
    -------
    Image
        In mode L or RGB, two pixels of white between images.

    Raises
    ------
    ValueError
        If they are no images.
    """
    instance(images, "images", Tensor, "torch.as_tensor(x) makes one")
    dense(images, "images")
    if not images.is_floating_point():
        raise ValueError(f"images have dtype {images.dtype}; give floats in [-1, 1]")
    if images.ndim != 4 or images.shape[1] not in (1, 3) or not images.numel():
        raise ValueError(
            f"images have shape {tuple(images.shape)}; a grid needs images, of shape "
            "(n, 1, height, width) or (n, 3, height, width)"
        )
    pixels = ((images.detach().cpu().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    from torchvision.utils import make_grid  # an import of seconds, which few runs need

    grid = make_grid(
        pixels, nrow=math.isqrt(len(pixels) - 1) + 1, pad_value=255
    )  # (3, height, width)
    grey = images.shape[1] == 1
    return Image.fromarray((grid[0] if grey else grid.permute(1, 2, 0)).numpy())


def drawn(
    generator: nn.Module, n: int, *, seed: int = 0, condition: Tensor | None = None
) -> Tensor:
    """Draw samples from latents fixed by a seed; nobody's mode or random number is moved.

    Parameters
    ----------
    generator : nn.Module
        As `wganlib.models.sample` takes one.
    n : int
        How many.
    seed : int, optional
        Draws the latents.
    condition : Tensor, shape (n, ...), optional
        What the generator takes next to the latents.

    Returns
    -------
    Tensor, shape (n, ...)
        Samples, in data units, without a graph.

    Raises
    ------
    ValueError
        Where `wganlib.models.sample` raises one, if the generator has no weights, or if ``seed`` is
        no whole number from 0 to below 2⁶⁴.
    """
    instance(generator, "generator", nn.Module, "give the network itself")
    weight = next(generator.parameters(), None)
    instance(weight, "the generator's first weight", Tensor, "give a network that has weights")
    seed = whole_number(seed, "seed", least=0, below=2**64)
    device = weight.device
    # A generator may draw noise by itself, from PyTorch's own random numbers.
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        rng = torch.Generator(device).manual_seed(seed)
        return sample(generator, n, condition=condition, rng=rng)


def in_words(seconds: float) -> str:
    """Write a time.

    Parameters
    ----------
    seconds : float
        How long.

    Returns
    -------
    str
        In whole seconds up to two minutes, in minutes or hours beyond.

    Raises
    ------
    ValueError
        If it is no finite number from 0.

    Examples
    --------
    >>> in_words(95.4), in_words(600), in_words(9000)
    ('95 s', '10 min', '2.5 h')
    """
    seconds = finite_number(seconds, "seconds", least=0)
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7170 else f"{seconds / 3600:.1f} h"


def _captioned(grid: Image.Image, words: str) -> Image.Image:
    """Write words below a picture."""
    larger = Image.new(grid.mode, (grid.width, grid.height + _CAPTION), "white")
    larger.paste(grid)
    ImageDraw.Draw(larger).text((3, grid.height + 1), words, fill="black")
    return larger


def _size(frame: Image.Image) -> bytes:
    """Return width and height as a film's header holds them."""
    return frame.width.to_bytes(2, "little") + frame.height.to_bytes(2, "little")


def _read(path: Path) -> bytes:
    """Return a file's content, nothing where there is none."""
    return path.read_bytes() if path.exists() else b""


def _files_in(folder: Path) -> list[Path]:
    """List what a folder holds, nothing where there is none."""
    return list(folder.iterdir()) if folder.is_dir() else []


def _columns(stream: TextIO) -> int | None:
    """Return how wide a terminal is, or None where there is none that can move its cursor."""
    try:
        if not stream.isatty() or os.environ.get("TERM") == "dumb":
            return None
        return os.get_terminal_size(stream.fileno()).columns or 80  # 0 where nobody told it
    except (AttributeError, OSError, ValueError):  # no file behind it, as in a notebook
        return None

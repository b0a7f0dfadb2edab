"""What a training run consists of, its numbers and its history, and how it is stored."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import torch
from torch import nn

from wganlib import _stored
from wganlib._arrays import finite_number, instance, path_of, real_array, whole_number
from wganlib._files import atomic_write, read_files, standing, swapped_folder

COLUMNS = ("w1_estimate", "critic_loss", "penalty", "generator_loss")
SIDES = ("generator", "critic")
CONFIG, HISTORY, PROVENANCE = "config.json", "history.csv", "provenance.json"
FILES = (CONFIG, HISTORY, PROVENANCE, *(f"{side}.safetensors" for side in SIDES))


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Every number of a run. "Algorithm 1" is that of Gulrajani et al. (2017) unless it says more.

    Parameters
    ----------
    n_steps : int
        Generator steps; for `wganlib.training.train_critic`, critic steps. The paper's MNIST script
        takes 200,000; legible digits need far fewer.
    batch_size : int
        Samples a batch; Algorithm 1 takes 64.
    n_critic : int
        Critic steps for each generator step; Algorithm 1 takes 5.
    n_critic_start : int
        Critic steps for each of the first 25 generator steps and for every 500th after, if larger
        than ``n_critic``. The published code of Arjovsky et al. (2017) takes 100; not in a paper.
    learning_rate : float
        Step size; Algorithm 1 takes 1e-4.
    learning_rate_end : float
        Factor of the step size at the last step, reached linearly. 1 keeps it constant, as in
        Algorithm 1; the paper's CIFAR-10 networks decay to 0.
    beta1, beta2 : float
        Adam's moments; Algorithm 1 takes 0 and 0.9.
    gp_weight : float
        The penalty's λ, data units; Algorithm 1 takes 10.
    clip_value : float
        The clipping bound c; Algorithm 1 of Arjovsky et al. (2017) takes 0.01.
    averaging : float
        Factor β of the moving average of the generator's weights, in [0, 1); used where `train` is
        given an ``average``. Not in Algorithm 1; 0.999 after Karras et al. (2018), appendix A.
    seed : int
        Seeds the run's own random numbers where no ``rng`` is given.
    log_every, checkpoint_every : int
        Steps between entries of the history, and between checkpoints; a checkpoint is written
        together with the first entry that is due. Ours.

    Raises
    ------
    ValueError
        If a number is one that no run can have; names it.
    """

    n_steps: int = 10_000
    batch_size: int = 64
    n_critic: int = 5
    n_critic_start: int = 0
    learning_rate: float = 1e-4
    learning_rate_end: float = 1.0
    beta1: float = 0.0
    beta2: float = 0.9
    gp_weight: float = 10.0
    clip_value: float = 0.01
    averaging: float = 0.999
    seed: int = 0
    log_every: int = 10
    checkpoint_every: int = 500

    def __post_init__(self) -> None:
        """Turn NumPy's numbers into Python's, and refuse numbers that no run can have."""
        numbers = {n: whole_number(getattr(self, n), n, least=v) for n, v in _LEAST.items()}
        numbers |= {name: _in_range(name, getattr(self, name)) for name in _RANGES}
        # PyTorch takes a seed of 64 bits.
        numbers["seed"] = whole_number(self.seed, "seed", least=0, below=2**64)
        for name, number in numbers.items():
            object.__setattr__(self, name, number)

    def critic_steps(self, step: int) -> int:
        """Return how many critic steps come before a generator step.

        Parameters
        ----------
        step : int
            The generator step, counted from 1.

        Returns
        -------
        int
            ``n_critic``, or ``n_critic_start`` where that is due and larger.

        Raises
        ------
        ValueError
            If ``step`` is no whole number of at least 1.
        """
        step = whole_number(step, "step")
        at_start = step <= 25 or step % 500 == 1
        return max(self.n_critic, self.n_critic_start if at_start else 0)

    def learning_rate_at(self, step: int) -> float:
        r"""Return the step size of a step, which goes linearly to its end.

        .. math:: \alpha_t = \alpha\Bigl(1 + \frac{t - 1}{n - 1}(e - 1)\Bigr)

        Parameters
        ----------
        step : int
            The step :math:`t`, from 1 to ``n_steps``.

        Returns
        -------
        float
            From ``learning_rate`` at the first step to ``learning_rate_end`` times it at the last.

        Raises
        ------
        ValueError
            If ``step`` is no whole number from 1 to ``n_steps``.
        """
        if whole_number(step, "step") > self.n_steps:
            raise ValueError(f"step={step} comes after the last one, n_steps={self.n_steps}")
        done = (step - 1) / max(self.n_steps - 1, 1)
        return self.learning_rate * (1 + done * (self.learning_rate_end - 1))


_LEAST = {
    "n_steps": 1, "batch_size": 1, "n_critic": 1, "n_critic_start": 0, "log_every": 1,
    "checkpoint_every": 1,
}  # fmt: skip
_RANGES = {
    "learning_rate": (lambda v: 0 < v < math.inf, "be positive and finite"),
    "learning_rate_end": (lambda v: 0 <= v <= 1, "lie in [0, 1]"),
    "beta1": (lambda v: 0 <= v < 1, "lie in [0, 1)"),
    "beta2": (lambda v: 0 <= v < 1, "lie in [0, 1)"),
    "gp_weight": (lambda v: 0 <= v < math.inf, "be finite and not negative"),
    "clip_value": (lambda v: 0 < v < math.inf, "be positive and finite"),
    "averaging": (lambda v: 0 <= v < 1, "lie in [0, 1)"),
}


def _in_range(name: str, value: object) -> float:
    """Take a number of any library that lies in its range."""
    allowed, words = _RANGES[name]
    try:
        number = finite_number(value, name)
    except ValueError:
        number = None
    if number is None or not allowed(number):
        raise ValueError(f"{name}={value!r} must {words}")
    return number


@dataclass(kw_only=True)
class History:
    """What a run recorded: one list a column, one entry every ``log_every`` steps.

    Parameters
    ----------
    step : list of int
        Steps done.
    w1_estimate, critic_loss : list of float
        Means over the steps since the last entry, score units. ``critic_loss`` is the objective's,
        without the penalty; under the Wasserstein objective it is minus ``w1_estimate``.
    generator_loss : list of float
        Likewise, score units; empty where a critic was trained alone.
    penalty : list of float
        The unweighted penalty, likewise, no unit; 0 where there is none.

    Raises
    ------
    ValueError
        If a column is no list.
    """

    step: list[int] = field(default_factory=list)
    w1_estimate: list[float] = field(default_factory=list)
    critic_loss: list[float] = field(default_factory=list)
    generator_loss: list[float] = field(default_factory=list)
    penalty: list[float] = field(default_factory=list)

    def append(self, step: int, values: Sequence[float]) -> None:
        """Add an entry.

        Parameters
        ----------
        step : int
            Steps done.
        values : sequence of float
            The w1_estimate, critic_loss, penalty, and generator_loss where there is one.

        Raises
        ------
        ValueError
            If the step is no whole number, a value no finite number, or if there are more or fewer
            values than in the entries before; nothing is then added.
        """
        step = whole_number(step, "step", least=0)
        numbers = real_array(values, "values", ndim=1, shape="a sequence of numbers").tolist()
        n, before = len(numbers), 4 if self.generator_loss else 3
        if n not in (3, 4):
            raise ValueError(f"values has {n} entries, expected 3 or 4: {', '.join(COLUMNS)}")
        if self.step and n != before:
            raise ValueError(f"values has {n} entries, the one before had {before}")
        self.step.append(step)
        for name, number in zip(COLUMNS, numbers, strict=False):
            getattr(self, name).append(number)

    def __post_init__(self) -> None:
        """Refuse columns that are no lists."""
        for column in fields(self):
            instance(getattr(self, column.name), column.name, list, "give a list of numbers")


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished run, as `save_run` stores it and `load_run` gives it back.

    Parameters
    ----------
    generator, critic : nn.Module
        The trained networks; the generator may be the average of the trained ones.
    config : TrainConfig
        The numbers it was trained with.
    history : History
        What it recorded.
    provenance : dict
        Where it comes from, in words that JSON can store; may be empty.
    folder : Path, optional
        Where it lies, once stored.

    Raises
    ------
    ValueError
        If a network, the configuration, the history or the provenance is something else.
    """

    generator: nn.Module
    critic: nn.Module
    config: TrainConfig
    history: History
    provenance: dict = field(default_factory=dict)
    folder: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what is not of its kind, long before it is stored."""
        for side in SIDES:
            instance(getattr(self, side), side, nn.Module, "give the network itself")
        instance(self.config, "config", TrainConfig, "give the one that `train` was given")
        instance(self.history, "history", History, "give what `train` returned")
        instance(self.provenance, "provenance", dict, "give words by name, or leave it out")


def run_folder(name: str | Path) -> Path:
    """Find a stored run, or another frozen result of the book, in a clone or an installed package.

    Parameters
    ----------
    name : str or path
        A folder that holds one; or the bare name of one of the book's, such as
        ``"mnist-wgan-gp"``.

    Returns
    -------
    Path
        The folder, which holds at least ``provenance.json``. While another process replaces it,
        that may be the old one, under the name that it has for this moment.

    Raises
    ------
    FileNotFoundError
        If there is none; names the places looked at.
    ValueError
        If ``name`` is no name of a folder.
    """
    name = path_of(name, "name")
    for place in _places(name):
        for found in standing(place):
            if os.path.isfile(found / PROVENANCE):  # pathlib's raises where a name is too long
                return found
    raise _no_run(name)


def save_run(folder: str | Path, run: Run) -> None:
    """Store a finished run so that anyone can look at it and make it again.

    Writes ``config.json`` (numbers, and what the networks are built from), ``history.csv``,
    ``generator.safetensors``, ``critic.safetensors`` and ``provenance.json`` into a folder aside,
    loads them back, and only then puts the folder in its place, whole. A run that stood there
    before is replaced; a folder of something else is not.

    Parameters
    ----------
    folder : path
        Made if missing.
    run : Run
        What to store. A network is one of `wganlib.models`, or one of a class that can be imported
        and that keeps the arguments of its constructor: ``self.arguments = {"width": width}``.

    Raises
    ------
    ValueError
        If a network cannot be built again or, once built and loaded, differs from the one given in
        a weight, in which weights are tied, or in its outputs for a few latents; if something
        cannot be stored; or if ``folder`` holds something else than a run. Nothing is then written.
    OSError
        If it cannot be written; the old run is then in its place.

    Notes
    -----
    A network that does not follow the protocol of `wganlib.models` cannot be tried, so its outputs
    are not compared.
    """
    instance(run, "run", Run, "wganlib.records.Run(generator=..., critic=..., ...) makes one")
    folder = path_of(folder, "folder").resolve()
    if os.path.exists(folder) and not (folder / PROVENANCE).is_file():
        if not folder.is_dir():
            raise ValueError(f"{folder} is a file; give the name of a folder")
        if any(folder.iterdir()):
            raise ValueError(f"{folder} holds something else than a run; give a new folder in it")
    with swapped_folder(folder) as aside:
        write_run(aside, run)


def write_run(folder: Path, run: Run) -> None:
    """Write a run's files into a folder that is there, next to what it holds, and load them back.

    Parameters
    ----------
    folder : Path
        A folder that nobody reads yet.
    run : Run
        As for `save_run`.

    Raises
    ------
    ValueError
        As `save_run`; and if there is no such folder.
    OSError
        If it cannot be written.
    """
    instance(run, "run", Run, "wganlib.records.Run(generator=..., critic=..., ...) makes one")
    folder = path_of(folder, "folder")
    if not folder.is_dir():
        raise ValueError(f"folder={str(folder)!r} is no folder; make it first, or call save_run")
    pair = {side: getattr(run, side) for side in SIDES}
    with torch.random.fork_rng(devices=[]):  # new networks are drawn at random
        about = {side: _stored.describe(network, side) for side, network in pair.items()}
        files = {f"{side}.safetensors": _stored.weights(pair[side], side) for side in SIDES}
        files[HISTORY] = _history_csv(run.history)
        about["config"] = asdict(run.config)
        for name, content in {CONFIG: about, PROVENANCE: run.provenance}.items():
            files[name] = _stored.json_text(content, name).encode()
        for name, content in files.items():
            atomic_write(folder / name, content)
        back = load_run(folder, classes=[type(network) for network in pair.values()])
        _stored.refuse_unlike(pair, {side: getattr(back, side) for side in SIDES})


def load_run(folder: str | Path, *, classes: Iterable[type[nn.Module]] = ()) -> Run:
    """Load a run that `save_run` stored.

    Parameters
    ----------
    folder : path
        Where it lies; or the bare name of one of the book's frozen runs, such as
        ``"mnist-wgan-gp"``.
    classes : iterable of type, optional
        Classes of your own that may be built. A folder names classes but never brings code: what is
        neither in `wganlib.models` nor given here is refused.

    Returns
    -------
    Run
        Networks on the CPU, in evaluation mode.

    Raises
    ------
    FileNotFoundError
        If there is no such run; names the places looked at.
    ValueError
        If a file is missing or damaged, the weights do not fit the networks that the run names, or
        the class of one is not given; names the file, or the call.

    Examples
    --------
    A generator of one's own, here from a file ``nets.py``, is loaded by

    >>> from nets import MyGenerator  # doctest: +SKIP
    >>> run = load_run("my-run", classes=[MyGenerator])  # doctest: +SKIP
    """
    classes = _stored.allowed(classes)
    for place in _places(folder):
        files = read_files(place, FILES)
        if PROVENANCE in files:
            break
    else:
        raise _no_run(folder)
    about = _json(files, place, CONFIG)
    pair = {}
    for side in SIDES:
        path = place / f"{side}.safetensors"
        pair[side] = _stored.build(about.get(side), _content(files, path), classes, path)
    return Run(
        **pair,
        config=_config(about.get("config"), place / CONFIG),
        history=_history(_content(files, place / HISTORY), place / HISTORY),
        provenance=_json(files, place, PROVENANCE),
        folder=place,
    )


# --- files ----------------------------------------------------------------------------------------


def _places(name: str | Path) -> list[Path]:
    """List where a run of this name may lie."""
    here, own = Path(__file__).resolve().parent, path_of(name, "folder")
    places = [own, here.parent / "book" / "runs" / own, here / "frozen" / own]
    return list(dict.fromkeys(places))


def _no_run(name: str | Path) -> FileNotFoundError:
    """Say that there is no run of this name."""
    places = ", ".join(map(str, _places(name)))
    return FileNotFoundError(f"no run {str(name)!r}; looked in {places}")


def _damaged(path: Path, how: object) -> ValueError:
    """Say which file of a run cannot be read."""
    return ValueError(f"{path} is damaged ({how}); take it from a copy, or store the run again")


def _content(files: dict[str, bytes], path: Path) -> bytes:
    """Return a file's content, or say that it is missing."""
    if path.name not in files:
        raise _damaged(path, "it is missing")
    return files[path.name]


def _json(files: dict[str, bytes], folder: Path, name: str) -> dict:
    """Read a dictionary from JSON."""
    path = folder / name
    try:
        found = json.loads(_content(files, path).decode())
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise _damaged(path, error) from None
    if not isinstance(found, dict):
        raise _damaged(path, f"it holds a {type(found).__name__}, no dictionary")
    return found


def _config(numbers: object, path: Path) -> TrainConfig:
    """Make a configuration from stored numbers; those that are not stored are as usual."""
    known = [f.name for f in fields(TrainConfig)]
    if not isinstance(numbers, dict) or not set(numbers) <= set(known):
        unknown = sorted(set(numbers) - set(known)) if isinstance(numbers, dict) else numbers
        raise _damaged(path, f"config: {unknown!r} is nothing that TrainConfig knows")
    try:
        return TrainConfig(**numbers)
    except ValueError as error:
        raise _damaged(path, error) from None


def _history_csv(history: History) -> bytes:
    """Write a history as a table, numbers to six digits; a column without numbers stays empty."""
    names, n = [f.name for f in fields(History)], len(history.step)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(names)
    columns = {name: getattr(history, name) or [""] * n for name in names}
    for name, column in columns.items():
        if len(column) != n:
            raise ValueError(f"history.{name} has {len(column)} entries and history.step {n}")
    for i in range(n):
        numbers = {name: column[i] for name, column in columns.items()}
        step = whole_number(numbers.pop("step"), "history.step", least=0)
        table.writerow([step, *(_six_digits(v, f"history.{k}") for k, v in numbers.items())])
    return text.getvalue().encode()


def _six_digits(value: float | str, name: str) -> str:
    """Write a number; those that a column lacks are written as nothing."""
    return value if value == "" else f"{finite_number(value, name):.6g}"


def _history(content: bytes, path: Path) -> History:
    """Read a history from its table."""
    try:
        text = content.decode()
        table = csv.DictReader(io.StringIO(text), strict=True)
        missing = [f.name for f in fields(History) if f.name not in (table.fieldnames or ())]
        if missing:
            raise ValueError(f"it has no column {', '.join(missing)}")
        rows = list(table)
        columns = {f.name: [row[f.name] for row in rows] for f in fields(History)}
        numbers = {k: [float(v) for v in column if v != ""] for k, column in columns.items()}
        numbers["step"] = [int(step) for step in columns["step"]]
    except (UnicodeDecodeError, csv.Error, TypeError, ValueError) as error:
        raise _damaged(path, error) from None
    if not text.endswith("\n") or any(len(v) not in (0, len(rows)) for v in numbers.values()):
        raise _damaged(path, "its end, or an entry, is missing")
    return History(**numbers)

"""What a training run consists of, its numbers and its history, and how it is stored."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import nn

from wganlib import models
from wganlib._arrays import finite_number, whole_number
from wganlib._files import atomic_write, recover, swapped_folder

COLUMNS = ("w1_estimate", "critic_loss", "penalty", "generator_loss")
SIDES = ("generator", "critic")


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
        """
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
        """
        done = (step - 1) / max(self.n_steps - 1, 1)
        return self.learning_rate * (1 + done * (self.learning_rate_end - 1))


_LEAST = {
    "n_steps": 1, "batch_size": 1, "n_critic": 1, "n_critic_start": 0, "seed": 0,
    "log_every": 1, "checkpoint_every": 1,
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
        """
        self.step.append(step)
        for name, value in zip(COLUMNS, values, strict=False):
            getattr(self, name).append(value)


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
    """

    generator: nn.Module
    critic: nn.Module
    config: TrainConfig
    history: History
    provenance: dict = field(default_factory=dict)
    folder: Path | None = None


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
        The folder, which holds at least ``provenance.json``.

    Raises
    ------
    FileNotFoundError
        If there is none; names the places looked at.
    """
    here = Path(__file__).resolve().parent
    own = Path(name).expanduser()
    places = [own, here.parent / "book" / "runs" / own, here / "frozen" / own]
    for place in dict.fromkeys(places):
        recover(place)
        if (place / "provenance.json").is_file():
            return place
    raise FileNotFoundError(
        f"no run {str(name)!r}; looked in {', '.join(map(str, dict.fromkeys(places)))}"
    )


def save_run(folder: str | Path, run: Run) -> None:
    """Store a finished run so that anyone can look at it and make it again.

    Writes ``config.json`` (numbers and networks), ``history.csv``, ``generator.safetensors``,
    ``critic.safetensors`` and ``provenance.json`` into a folder aside, loads them back, and only
    then puts the folder in its place, whole. A run that stood there before is replaced.

    Parameters
    ----------
    folder : path
        Made if missing.
    run : Run
        What to store; its networks are ones of `wganlib.models`.

    Raises
    ------
    ValueError
        If a network is not one of `wganlib.models`, since it could not be built again, or if the
        stored weights do not load back; nothing is then written.
    """
    with swapped_folder(Path(folder).expanduser()) as aside:
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
        As `save_run`.
    """
    networks = {side: _describe(getattr(run, side)) for side in SIDES}
    for side in SIDES:
        weights = {k: v.cpu().contiguous() for k, v in getattr(run, side).state_dict().items()}
        atomic_write(folder / f"{side}.safetensors", safetensors.torch.save(weights))
    atomic_write(folder / "history.csv", _history_csv(run.history))
    _write_json(folder / "config.json", {"config": asdict(run.config), **networks})
    _write_json(folder / "provenance.json", run.provenance)
    stored = load_run(folder)
    for side in SIDES:
        there, here = getattr(stored, side).state_dict(), getattr(run, side).state_dict()
        if not all(torch.equal(there[name], here[name].cpu()) for name in here):
            raise ValueError(f"the weights of the {side} did not load back as they were stored")


def load_run(folder: str | Path) -> Run:
    """Load a run that `save_run` stored.

    Parameters
    ----------
    folder : path
        Where it lies; or the bare name of one of the book's frozen runs, such as
        ``"mnist-wgan-gp"``.

    Returns
    -------
    Run
        Networks on the CPU, in evaluation mode.

    Raises
    ------
    FileNotFoundError
        If there is no such run; names the places looked at.
    ValueError
        If the weights do not fit the networks that the run names.
    """
    folder = run_folder(folder)
    about = json.loads((folder / "config.json").read_text(encoding="utf8"))
    sides = {side: _build(about[side]) for side in SIDES}
    for side, network in sides.items():
        path = folder / f"{side}.safetensors"
        _load_weights(network, safetensors.torch.load_file(path), path)
    with (folder / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {f.name: [float(row[f.name]) for row in rows] for f in fields(History)}
    columns["step"] = [int(step) for step in columns["step"]]
    return Run(
        **{side: network.eval() for side, network in sides.items()},
        config=TrainConfig(**about["config"]),
        history=History(**columns),
        provenance=json.loads((folder / "provenance.json").read_text(encoding="utf8")),
        folder=folder,
    )


def _load_weights(network: nn.Module, weights: dict[str, torch.Tensor], path: Path) -> None:
    """Load weights into a network, or say that they belong to another one."""
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"{path} holds the weights of another network: {error}") from error


def _history_csv(history: History) -> bytes:
    """Write a history as a table, numbers to six digits."""
    names = [f.name for f in fields(History)]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(names)
    for row in zip(*(getattr(history, name) for name in names), strict=True):
        table.writerow([row[0], *(f"{value:.6g}" for value in row[1:])])
    return text.getvalue().encode()


def _describe(network: nn.Module) -> dict:
    """Name a network's class and arguments."""
    kind = type(network).__name__
    if getattr(models, kind, None) is not type(network):
        raise ValueError(f"{kind} is not a network of wganlib.models, so it cannot be stored")
    return {"class": kind, **network.arguments}


def _build(description: dict) -> nn.Module:
    """Build a network from its description, with untrained weights."""
    arguments = dict(description)
    kind = getattr(models, arguments.pop("class"), None)
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        raise ValueError(f"{description['class']!r} is not a network of wganlib.models")
    return kind(**arguments)


def _write_json(path: Path, content: dict) -> None:
    """Write JSON that a person can read and git can compare."""
    atomic_write(path, (json.dumps(content, indent=2, sort_keys=True) + "\n").encode())

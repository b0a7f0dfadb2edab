"""Eight ways to play the game, and one budget of settings for each: what chapter 17 compares."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import torch
from torch import Tensor, nn

from wganlib import lipschitz
from wganlib.losses import OBJECTIVES, Objective

from . import ch13_funnels
from .provenance import Log
from .tables import read_rows, write_table

Penalty = Callable[..., Tensor]


# --- losses and penalties that the package has no name for ----------------------------------------


def least_squares(*, real: float = 1.0, fake: float = 0.0, wanted: float = 1.0) -> Objective:
    """Return the losses of Mao et al. (2017), equation 2, without the halves.

    Parameters
    ----------
    real, fake : float
        What the critic is to score, their b and a.
    wanted : float
        What the generator wants its samples to score, their c.

    Returns
    -------
    Objective
        The pair.
    """
    return Objective(
        critic_loss=lambda s, t: (s - real).square().mean() + (t - fake).square().mean(),
        generator_loss=lambda s, t: (t - wanted).square().mean(),
    )


def r1(critic: nn.Module, real: Tensor, fake: Tensor, *, rng: object = None) -> Tensor:
    """Return the mean squared slope at real samples; Mescheder et al. (2018), equation 9."""
    return lipschitz.gradient_norms(critic, real, create_graph=True).square().mean()


def r2(critic: nn.Module, real: Tensor, fake: Tensor, *, rng: object = None) -> Tensor:
    """Return the mean squared slope at generated samples; the same, equation 10."""
    return lipschitz.gradient_norms(critic, fake, create_graph=True).square().mean()


def r1_and_r2(critic: nn.Module, real: Tensor, fake: Tensor, *, rng: object = None) -> Tensor:
    """Return the sum of both, as Huang et al. (2024) take it."""
    return r1(critic, real, fake) + r2(critic, real, fake)


# --- methods and their settings -------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to play: an objective, what bounds its critic, and the second knob to turn.

    Attributes
    ----------
    objective : Objective
        The pair of losses.
    penalty : callable, optional
        Added to the critic's loss, times a weight.
    knob : str
        The number of `wganlib.records.TrainConfig` that is tried next to the step size.
    values : tuple of float
        What is tried, three numbers.
    sorting : bool
        Whether the critic has orthonormal layers and sorts, and so is exactly 1-Lipschitz.
    """

    objective: Objective
    penalty: Penalty | None = None
    knob: str = "gp_weight"
    values: tuple[float, ...] = (0.1, 1.0, 10.0)
    sorting: bool = False


MOMENTUM = {"knob": "beta1", "values": (0.0, 0.5, 0.9)}
METHODS = {
    "non-saturating": Method(objective=OBJECTIVES["non-saturating"], **MOMENTUM),
    "least squares": Method(objective=least_squares(), **MOMENTUM),
    "relativistic": Method(objective=OBJECTIVES["relativistic"], **MOMENTUM),
    "WGAN-GP": Method(objective=OBJECTIVES["wasserstein"], penalty=lipschitz.gradient_penalty),
    "WGAN-LP": Method(
        objective=OBJECTIVES["wasserstein"],
        penalty=partial(lipschitz.gradient_penalty, one_sided=True),
    ),
    "R1": Method(objective=OBJECTIVES["non-saturating"], penalty=r1),
    "R1 + R2": Method(objective=OBJECTIVES["relativistic"], penalty=r1_and_r2),
    "sorting": Method(objective=OBJECTIVES["wasserstein"], sorting=True, **MOMENTUM),
}


def file_name(name: str) -> str:
    """Write a method's name without spaces."""
    return name.replace(" + ", "-").replace(" ", "-").lower()


def settings(name: str, steps: Sequence[float]) -> list[dict[str, float]]:
    """List what is tried of a method: each step size with each value of its second knob."""
    method = METHODS[name]
    return [
        {"learning_rate": step, method.knob: value} for step, value in product(steps, method.values)
    ]


def ways(name: str) -> dict:
    """Return a method's part of the arguments of `wganlib.training.train`."""
    return {"objective": METHODS[name].objective, "penalty": METHODS[name].penalty}


def sort_(critic: nn.Module, seed: int) -> nn.Module:
    """Give a critic orthonormal layers and sorting in pairs, as chapter 13 has them, in place."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return ch13_funnels.sorting_(critic, size=2, orthonormal=True)


def slopes(critic: nn.Module, real: Tensor, fake: Tensor) -> dict[str, float]:
    """Return the critic's root mean squared slope at real and at generated samples."""
    return {
        "slope_real": r1(critic, real, fake).sqrt().item(),
        "slope_fake": r2(critic, real, fake).sqrt().item(),
    }


# --- tuning, then judging -------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Contest:
    """What is the same for all methods, fixed before any of them is trained.

    Attributes
    ----------
    methods : tuple of str
        Who takes part.
    steps : tuple of float
        The step sizes that are tried.
    tuning, fresh : sequence of int
        Seeds on which settings are chosen, and on which the chosen one is judged.
    score : str
        The column by which a setting is chosen: that of the smallest mean, a failure being worst.
    """

    methods: tuple[str, ...]
    steps: tuple[float, ...]
    tuning: Sequence[int]
    fresh: Sequence[int]
    score: str

    def best(self, name: str, rows: list[dict]) -> dict[str, float]:
        """Return the setting of a method with the smallest mean score over the tuning seeds."""
        knob = METHODS[name].knob

        def mean(setting: dict[str, float]) -> float:
            found = [
                row[self.score]
                for row in rows
                if row["method"] == name
                and row["seed"] in self.tuning
                and (row["learning_rate"], row["value"])
                == (setting["learning_rate"], setting[knob])
            ]
            worst = any(math.isnan(score) for score in found)
            return math.inf if worst else sum(found) / len(found)

        return min(settings(name, self.steps), key=mean)

    def fill(self, folder: Path, log: Log, play: Callable[..., dict]) -> list[dict]:
        """Train what is not in `results.csv` yet: all settings, then the chosen ones afresh.

        ``play(name, setting, seed, keep=...)`` trains once; it is to keep something in a folder for
        the first fresh seed.
        """
        path = folder / "results.csv"
        rows = read_rows(path)
        for name in self.methods:
            for setting, seed in product(settings(name, self.steps), self.tuning):
                self._add(rows, path, log, name, setting, seed, play)
            for seed in self.fresh:
                keep = folder if seed == self.fresh[0] else None
                kept = partial(play, keep=keep)
                self._add(rows, path, log, name, self.best(name, rows), seed, kept)
        return rows

    def _add(self, rows, path, log, name, setting, seed, play) -> None:
        """Train once and store, unless it is stored."""
        about = {
            "method": name,
            "learning_rate": setting["learning_rate"],
            "value": setting[METHODS[name].knob],
            "seed": seed,
        }
        if any(about.items() <= row.items() for row in rows):
            return
        rows.append(about | play(name, setting, seed))
        write_table(path, rows)
        log.save()
        logging.getLogger(__name__).info("%s", rows[-1])

"""Chapter 17: eight methods on the ring of eight, nine settings tried of each.

Fills `results.csv`, a row a training, `early.csv`, short trainings that a test repeats, and the
pair of each method from the first fresh seed. One thread, some twenty minutes; goes on with the
next training where it was cut off.
"""

from __future__ import annotations

import math
from pathlib import Path

import safetensors.torch
from torch import nn

from wganlib import records, training, transport
from wganlib._files import atomic_write

from . import relatives, toys, trained
from .experiment import Experiment
from .provenance import Log
from .relatives import METHODS, Contest, file_name
from .tables import write_table

CONTEST = Contest(
    methods=tuple(METHODS),
    steps=(3e-4, 1e-3, 3e-3),
    tuning=range(100, 103),
    fresh=range(10),
    score="exact_w1",
)
N_STEPS, N_CRITIC, POINTS, EARLY = 1_000, 1, 512, 20
EVERY, LAST = 25, 5  # the score is the mean over so many looks at the end, so many steps apart
SIZES = {"width": 64, "depth": 2}


def pair(name: str, seed: int) -> tuple[nn.Module, nn.Module]:
    """Return a method's untrained generator and critic."""
    generator, critic = toys.untrained_pair(seed, **SIZES)
    return generator, relatives.sort_(critic, seed) if METHODS[name].sorting else critic


def trained_pair(
    name: str, setting: dict, seed: int, *, n_steps: int = N_STEPS
) -> tuple[nn.Module, nn.Module, list[float], list[float]]:
    """Train once; return the pair, exact distances near the end, and each step's estimate."""
    (generator, critic), real, found = pair(name, seed), toys.ring_points(seed), []

    def look(step: int, generator: nn.Module, critic: nn.Module) -> None:
        if step % EVERY == 0 and step > n_steps - LAST * EVERY:
            found.append(transport.exact_w1(real[:POINTS], toys.sample(generator, POINTS)))

    config = training.TrainConfig(
        n_steps=n_steps, n_critic=N_CRITIC, seed=seed, log_every=1, **setting
    )
    how = {"callback": look, "progress": False, **relatives.ways(name)}
    history = training.train(generator, critic, real, config, **how)
    return generator, critic, found, list(history.w1_estimate)


def measure(generator: nn.Module, critic: nn.Module, seed: int) -> dict:
    """Measure the end of a training; the estimate is of the samples of ``last_w1``."""
    real, fake = toys.ring_points(seed)[:POINTS], toys.sample(generator, POINTS)
    modes = toys.ring_coverage(generator)
    return {
        "last_w1": transport.exact_w1(real, fake),
        "estimate": toys.estimate(critic, real, fake),
        "modes": modes.modes_covered,
        "high_quality_share": modes.high_quality_share,
        **relatives.slopes(critic, real, fake),
    }


def play(name: str, setting: dict, seed: int, *, keep: Path | None = None) -> dict:
    """Train once; return what was seen at the end, and nothing but failure if it blew up."""
    try:
        generator, critic, found, _ = trained_pair(name, setting, seed)
    except FloatingPointError:
        failed = dict.fromkeys(("exact_w1", "swing", "last_w1", "estimate"), math.nan)
        nothing = {"modes": 0, "high_quality_share": 0.0}
        return failed | nothing | {"slope_real": math.nan, "slope_fake": math.nan}
    if keep is not None:
        store(keep, name, generator, critic)
    mean = sum(found) / len(found)
    swing = max(found) - min(found)
    return {"exact_w1": mean, "swing": swing, **measure(generator, critic, seed)}


def store(folder: Path, name: str, generator: nn.Module, critic: nn.Module) -> None:
    """Keep a pair; the critic in full precision, for it is to stay 1-Lipschitz."""
    trained.save_halved(folder / f"generator-{file_name(name)}.safetensors", generator)
    weights = {k: v.contiguous() for k, v in trained.plain_(critic).state_dict().items()}
    path = folder / f"critic-{file_name(name)}.safetensors"
    atomic_write(path, safetensors.torch.save(weights))


def stored_pair(name: str) -> tuple[nn.Module, nn.Module]:
    """Load what a method had learnt from the first fresh seed; in evaluation mode."""
    networks = pair(name, 0)
    for side, network in zip(("generator", "critic"), networks, strict=True):
        path = records.run_folder("ch17-ring") / f"{side}-{file_name(name)}.safetensors"
        weights = {k: v.float() for k, v in safetensors.torch.load_file(path).items()}
        trained.plain_(network).load_state_dict(weights)
        network.eval()
    return networks


def early(name: str) -> dict:
    """Return the mean estimate over the first steps with a method's middle setting."""
    setting = relatives.settings(name, CONTEST.steps)[4]
    estimates = trained_pair(name, setting, 0, n_steps=EARLY)[-1]
    return {"method": name, "estimate": sum(estimates) / len(estimates)}


def floor(seed: int) -> dict:
    """Return the exact distance between two real samples of the size that is looked at."""
    points = toys.ring_points(seed)
    return {"seed": seed, "exact_w1": transport.exact_w1(points[:POINTS], points[-POINTS:])}


def fill(folder: Path, log: Log) -> None:
    """Tune all methods, judge what was chosen, and keep a pair of each."""
    write_table(folder / "early.csv", [early(name) for name in METHODS])
    write_table(folder / "floor.csv", [floor(seed) for seed in CONTEST.fresh])
    CONTEST.fill(folder, log, play)


EXPERIMENT = Experiment(
    name="ch17-ring",
    about="chapter 17: eight methods on the ring, tuned with one budget, judged afresh",
    fill=fill,
    files=(
        "results.csv",
        "early.csv",
        "floor.csv",
        *(
            f"{side}-{file_name(name)}.safetensors"
            for name in METHODS
            for side in ("generator", "critic")
        ),
    ),
    seed=[*CONTEST.tuning, *CONTEST.fresh],
    data="gaussian_ring, 8 modes, 8,192 points a seed",
)

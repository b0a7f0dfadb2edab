"""Make the book's frozen runs and experiments anew, two at a time, one thread each.

Runs are listed in `runs.toml`, experiments are the scripts beside this file.

Usage: python book/runs/make.py [NAME ...]
A run that was stopped goes on from its checkpoint; a finished one is left alone unless its folder
is removed.
"""

from __future__ import annotations

import argparse
import copy
import multiprocessing
import subprocess
import sys
import tomllib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from provenance import Log
from scores import Scores, draw
from torch import nn
from torch.nn.utils import parametrize

from wganlib import data, losses, mnist, models, records, training
from wganlib.lipschitz import clip_weights_, gradient_penalty, spectral_norm_

HERE = Path(__file__).resolve().parent
HELPERS = {HERE / f"{name}.py" for name in ("make", "provenance", "scores")}
FIRST = "digit-classifier"  # every run is scored with it
LAST = "ch10-scores"  # judges what the runs have made
_GROWTH = 400 ** (1 / 27)  # from 25 to 10,000 in 28 steps, and on at this pace
FILM_STEPS = tuple(np.unique((25 * _GROWTH ** np.arange(34)).round(-1).astype(int)).tolist())
PENALTIES = {
    "none": None,
    "two-sided": gradient_penalty,
    "one-sided": partial(gradient_penalty, one_sided=True),
}
OPTIMIZERS = {"adam": training.adam, "rmsprop": training.rmsprop}


def table() -> dict[str, dict]:
    """Read `runs.toml`: what a run's own table does not say is taken from ``[defaults]``."""
    content = tomllib.loads((HERE / "runs.toml").read_text(encoding="utf8"))
    entries = {name: merge(content["defaults"], run) for name, run in content["runs"].items()}
    for method, entry in compared().items():
        for seed in content["comparison"]["seeds"]:
            entries[f"compare-{method}-{seed}"] = merge(entry, {"config": {"seed": seed}})
    return entries


def compared() -> dict[str, dict]:
    """Read the methods of `runs.toml` that are compared, each as a whole entry without a seed."""
    content = tomllib.loads((HERE / "runs.toml").read_text(encoding="utf8"))
    common = merge(content["defaults"], content["comparison"]["common"])
    return {name: merge(common, own) for name, own in content["comparison"]["methods"].items()}


def merge(below: dict, above: dict) -> dict:
    """Return a table with the second's entries over the first's, ``config`` likewise."""
    config = {**below.get("config", {}), **above.get("config", {})}
    return {**below, **above, "config": config}


def experiments() -> dict[str, Path]:
    """Find the frozen experiments: ``ch06_ablation.py`` fills the folder ``ch06-ablation``."""
    scripts = sorted(set(HERE.glob("*.py")) - HELPERS)
    return {path.stem.replace("_", "-"): path for path in scripts}


def networks(entry: dict, seed: int) -> tuple[nn.Module, nn.Module]:
    """Build a run's generator and critic, with initial weights fixed by the seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        built = []
        for side in ("generator", "critic"):
            arguments = dict(entry[side])
            built.append(getattr(models, arguments.pop("class"))(**arguments))
    if entry["spectral_norm"]:
        spectral_norm_(built[1])
    return built[0], built[1]


def how(entry: dict) -> dict:
    """Turn the words of a table's entry into the arguments of `wganlib.training.train`."""
    return {
        "objective": losses.OBJECTIVES[entry["objective"]],
        "penalty": PENALTIES[entry["penalty"]],
        "project": clip_weights_ if entry["clipping"] else None,
        "optimizer": OPTIMIZERS[entry["optimizer"]],
    }


def digits_of(entry: dict) -> data.Digits:
    """Return the training digits of a run: all of MNIST's, or the first ``n_images``."""
    digits = mnist.mnist("train")
    n = entry["n_images"] or len(digits)
    return replace(digits, pixels=digits.pixels[:n], labels=digits.labels[:n])


def image_grid(generator: nn.Module, side: int = 8) -> np.ndarray:
    """Draw the same side² latents at every call; returns uint8, shape ``(28 side, 28 side)``."""
    images = draw(generator, side * side, seed=0)  # (side², 1, 28, 28)
    pixels = ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).cpu().numpy()
    rows = pixels.reshape(side, side, 28, 28).transpose(0, 2, 1, 3)
    return rows.reshape(28 * side, 28 * side)


def plain_(critic: nn.Module) -> nn.Module:
    """Bake a spectral norm into the weights it gives, in place, so that they can be stored."""
    for layer in critic.modules():
        if parametrize.is_parametrized(layer, "weight"):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
    return critic


def make(name: str) -> str:
    """Make one run, or finish it; returns a line that says what was done."""
    folder = HERE / name
    if (folder / "provenance.json").exists():
        return f"{name}: is there already (remove book/runs/{name} to make it anew)"
    if name in experiments():
        subprocess.run([sys.executable, experiments()[name]], check=True)
        return f"{name}: made"
    entry = table()[name]
    torch.set_num_threads(1)
    config = training.TrainConfig(**entry["config"])
    folder.mkdir(parents=True, exist_ok=True)
    log = Log(folder / "checkpoint-sessions.json")
    about = train_entry(entry, config, folder, log) | log.provenance(
        command=f"python book/runs/make.py {name}",
        seed=config.seed,
        data=f"MNIST train, {entry['n_images'] or 60_000:,} images",
    )
    run = records.Run(config=config, **about.pop("run"), provenance=about)
    records.save_run(folder, run)
    return f"{name}: made in {about['wall_seconds']} s"


def train_entry(entry: dict, config: training.TrainConfig, folder: Path, log: Log) -> dict:
    """Train one entry of the table into a folder; the generator that is kept is the average."""
    generator, critic = networks(entry, config.seed)
    average, digits = copy.deepcopy(generator), digits_of(entry)
    scores = Scores(folder / "scores.csv", digits, estimates=entry["estimates"])

    def look(step: int, generator: nn.Module, critic: nn.Module) -> None:
        last = step == config.n_steps
        with log.pause():
            if last or (entry["film"] and step in FILM_STEPS):
                Image.fromarray(image_grid(average)).save(folder / f"samples-{step:06d}.png")
            if last or step % entry["score_every"] == 0:
                scores.add(step, average, critic)
        log.save()

    checkpoint = folder / "checkpoint.safetensors"
    options = {"average": average, "callback": look, "checkpoint": checkpoint}
    history = training.train(generator, critic, digits, config, **how(entry), **options)
    run = {"generator": average, "critic": plain_(critic), "history": history}
    return {"run": run, "scored_on": scores.about}


def main() -> None:
    """Make the runs named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="runs to make; all where none is named")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    arguments = parser.parse_args()
    known = [*experiments(), *table()]
    for name in arguments.names:
        if name not in known:
            sys.exit(f"no run {name!r}; there are {', '.join(known)}")
    names = arguments.names or known
    if FIRST in names:
        print(make(FIRST), flush=True)
    with ProcessPoolExecutor(arguments.jobs, multiprocessing.get_context("spawn")) as pool:
        for line in pool.map(make, [name for name in names if name not in (FIRST, LAST)]):
            print(line, flush=True)
    if LAST in names:
        print(make(LAST), flush=True)


if __name__ == "__main__":
    main()

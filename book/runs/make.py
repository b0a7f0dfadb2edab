"""Make the book's frozen runs and experiments anew, two at a time, one thread each.

Runs are tables of `runs.toml`, experiments are the scripts beside this file.

Usage: python book/runs/make.py [NAME ...]
A run that was stopped goes on from its checkpoint; a finished one is left alone unless its folder
is removed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import subprocess
import sys
import tomllib
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from provenance import Log

from wganlib import data, models, training
from wganlib.lipschitz import gradient_penalty

HERE = Path(__file__).resolve().parent
GRID_STEPS = (100, 200, 500, 1_000, 2_000, 5_000, 10_000)
PENALTIES = {
    "none": None,
    "two-sided": gradient_penalty,
    "one-sided": partial(gradient_penalty, one_sided=True),
}


def table() -> dict[str, dict]:
    """Read the table of runs."""
    return tomllib.loads((HERE / "runs.toml").read_text(encoding="utf8"))


def experiments() -> dict[str, Path]:
    """Find the frozen experiments: ``ch06_ablation.py`` fills the folder ``ch06-ablation``."""
    scripts = sorted(set(HERE.glob("*.py")) - {HERE / "make.py", HERE / "provenance.py"})
    return {path.stem.replace("_", "-"): path for path in scripts}


def networks(entry: dict, seed: int) -> tuple[torch.nn.Module, torch.nn.Module]:
    """Build a run's generator and critic, with initial weights fixed by the seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        built = []
        for side in ("generator", "critic"):
            arguments = dict(entry[side])
            built.append(getattr(models, arguments.pop("class"))(**arguments))
    return built[0], built[1]


def image_grid(generator: torch.nn.Module, side: int = 8) -> np.ndarray:
    """Draw the same side² latents at every call; returns uint8, shape ``(28 side, 28 side)``."""
    rng = torch.Generator().manual_seed(0)
    latent = generator.sample_latent(side * side, rng)
    was_training = generator.training
    with torch.no_grad():
        images = generator.eval()(latent)  # (side², 1, 28, 28)
    generator.train(was_training)
    pixels = ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).cpu().numpy()
    rows = pixels.reshape(side, side, 28, 28).transpose(0, 2, 1, 3)
    return rows.reshape(28 * side, 28 * side)


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
    generator, critic = networks(entry, config.seed)
    log = Log(folder / "checkpoint-sessions.json")

    def look(step: int, generator: torch.nn.Module, critic: torch.nn.Module) -> None:
        if step in GRID_STEPS or step == config.n_steps:
            Image.fromarray(image_grid(generator)).save(folder / f"samples-{step:06d}.png")
        log.save()

    folder.mkdir(parents=True, exist_ok=True)
    history = training.train(
        generator,
        critic,
        data.mnist("train"),
        config,
        penalty=PENALTIES[entry.get("penalty", "none")],
        callback=look,
        checkpoint=folder / "checkpoint.safetensors",
    )
    provenance = log.provenance(
        command=f"python book/runs/make.py {name}",
        seed=config.seed,
        data="MNIST train, 60,000 images",
    )
    training.save_run(
        folder,
        training.Run(
            generator=generator, critic=critic, config=config, history=history,
            provenance=provenance,
        ),
    )  # fmt: skip
    return f"{name}: made in {provenance['wall_seconds']} s"


def main() -> None:
    """Make the runs named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="runs to make; all where none is named")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    arguments = parser.parse_args()
    known = [*table(), *experiments()]
    for name in arguments.names:
        if name not in known:
            sys.exit(f"no run {name!r}; there are {', '.join(known)}")
    with ProcessPoolExecutor(arguments.jobs, multiprocessing.get_context("spawn")) as pool:
        for line in pool.map(make, arguments.names or known):
            print(line, flush=True)


if __name__ == "__main__":
    main()

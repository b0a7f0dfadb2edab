"""Make the book's frozen runs anew, two at a time, one thread each, from `runs.toml`.

Usage: python book/runs/make.py [NAME ...]
A run that was stopped goes on from its checkpoint; a finished one is left alone unless its folder
is removed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import multiprocessing
import platform
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

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
    folder, entry = HERE / name, table()[name]
    if (folder / "provenance.json").exists():
        return f"{name}: is there already (remove book/runs/{name} to make it anew)"
    torch.set_num_threads(1)
    config = training.TrainConfig(**entry["config"])
    generator, critic = networks(entry, config.seed)
    log = _Log(folder / "checkpoint-sessions.json")

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
    provenance = _provenance(name, config.seed, log.sessions())
    training.save_run(
        folder,
        training.Run(
            generator=generator, critic=critic, config=config, history=history,
            provenance=provenance,
        ),
    )  # fmt: skip
    return f"{name}: made in {provenance['wall_seconds']} s"


class _Log:
    """What each start of a run was made with and how long it took, kept beside the checkpoint."""

    def __init__(self, path: Path) -> None:
        self.path, self.start = path, time.monotonic()
        self.earlier = json.loads(path.read_text()) if path.exists() else []
        self.commit, self.changed = _code_version()

    def sessions(self) -> list[dict]:
        """Return commit, whether the code differed from it, and seconds, for every start."""
        seconds = round(time.monotonic() - self.start, 1)
        now = {"commit": self.commit, "code_changed": self.changed, "seconds": seconds}
        return [*self.earlier, now]

    def save(self) -> None:
        """Write the sessions so far."""
        self.path.write_text(json.dumps(self.sessions()))


def _code_version() -> tuple[str, bool]:
    """Return the commit checked out, and whether the code that runs differs from it."""
    git = partial(subprocess.run, capture_output=True, text=True, cwd=HERE)
    code = ["../../wganlib", "runs.toml", "make.py"]
    changed = git(["git", "status", "--porcelain", "--untracked-files=no", "--", *code])
    return git(["git", "rev-parse", "HEAD"]).stdout.strip(), bool(changed.stdout.strip())


def _provenance(name: str, seed: int, sessions: list[dict]) -> dict:
    """Say what made a run: command, seed, code, versions, machine, time."""
    return {
        "command": f"python book/runs/make.py {name}",
        "seed": seed,
        "sessions": sessions,
        "wall_seconds": round(sum(session["seconds"] for session in sessions)),
        "device": "cpu, one thread",
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": {p: importlib.metadata.version(p) for p in ("numpy", "torch", "torchvision")},
        "data": "MNIST train, 60,000 images",
    }


def main() -> None:
    """Make the runs named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="runs to make; all where none is named")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    arguments = parser.parse_args()
    known = table()
    for name in arguments.names:
        if name not in known:
            sys.exit(f"no run {name!r} in runs.toml; there are {', '.join(known)}")
    with ProcessPoolExecutor(arguments.jobs, multiprocessing.get_context("spawn")) as pool:
        for line in pool.map(make, arguments.names or known):
            print(line, flush=True)


if __name__ == "__main__":
    main()

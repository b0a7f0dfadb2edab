"""The runs of `runs.toml`: pairs of networks that are trained on MNIST, scored and stored."""

from __future__ import annotations

import copy
import io
import tomllib
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from PIL import Image
from torch import nn
from torch.nn.utils import parametrize

from wganlib import data, losses, mnist, models, records, training
from wganlib._files import atomic_write
from wganlib.lipschitz import clip_weights_, gradient_penalty, spectral_norm_

from .experiment import Experiment
from .provenance import Log
from .scores import Scores, draw
from .tables import write_table

TABLE = Path(__file__).with_name("runs.toml")
FILES = (
    "early.csv", "config.json", "history.csv", "generator.safetensors", "critic.safetensors",
    "scores.csv",
)  # fmt: skip
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
    content = tomllib.loads(TABLE.read_text(encoding="utf8"))
    entries = {name: merge(content["defaults"], run) for name, run in content["runs"].items()}
    for method, entry in compared().items():
        for seed in content["comparison"]["seeds"]:
            own = {"about": f"chapter 10: {method}, seed {seed}", "config": {"seed": seed}}
            entries[f"compare-{method}-{seed}"] = merge(entry, own)
    return entries


def compared() -> dict[str, dict]:
    """Read the methods of `runs.toml` that are compared, each as a whole entry without a seed."""
    content = tomllib.loads(TABLE.read_text(encoding="utf8"))
    common = merge(content["defaults"], content["comparison"]["common"])
    return {name: merge(common, own) for name, own in content["comparison"]["methods"].items()}


def merge(below: dict, above: dict) -> dict:
    """Return a table with the second's entries over the first's, ``config`` likewise."""
    config = {**below.get("config", {}), **above.get("config", {})}
    return {**below, **above, "config": config}


def experiments() -> list[Experiment]:
    """Return the runs of the table as experiments."""
    return [
        Experiment(
            name=name,
            about=entry["about"],
            fill=partial(fill, entry),
            files=(*FILES, f"samples-{entry['config']['n_steps']:06d}.png"),
            seed=entry["config"].get("seed", 0),
            data=f"MNIST train, {entry['n_images'] or 60_000:,} images",
            after=tuple(entry["after"]),
        )
        for name, entry in table().items()
    ]


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


def digits_of(entry: dict, digits: data.Images) -> data.Images:
    """Return the training digits of a run: all of them, or the first ``n_images``."""
    n = entry["n_images"] or len(digits)
    return replace(digits, pixels=digits.pixels[:n], labels=digits.labels[:n])


def image_grid(generator: nn.Module, side: int = 8) -> np.ndarray:
    """Draw the same side² latents at every call; returns uint8, shape ``(28 side, 28 side)``."""
    images = draw(generator, side * side, seed=0)  # (side², 1, 28, 28)
    pixels = ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).cpu().numpy()
    rows = pixels.reshape(side, side, 28, 28).transpose(0, 2, 1, 3)
    return rows.reshape(28 * side, 28 * side)


def early(entry: dict, digits: data.Images) -> dict:
    """Return the losses of a run's first step on its digits, to compare with on any machine.

    Later ones cannot be compared as closely: rounding, which differs between processors, grows
    a hundredfold in the next steps.
    """
    config = replace(training.TrainConfig(**entry["config"]), log_every=1)
    pair = networks(entry, config.seed)
    history = training.train(*pair, digits, config, **how(entry), until=1, progress=False)
    return {column: getattr(history, column)[0] for column in ("step", *records.COLUMNS)}


def plain_(critic: nn.Module) -> nn.Module:
    """Bake a spectral norm into the weights it gives, in place, so that they can be stored."""
    for layer in critic.modules():
        if parametrize.is_parametrized(layer, "weight"):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
    return critic


def fill(entry: dict, folder: Path, log: Log) -> dict:
    """Train one entry of the table; the generator that is kept is the average."""
    config, digits = training.TrainConfig(**entry["config"]), mnist.mnist("train")
    digits = digits_of(entry, digits)
    write_table(folder / "early.csv", [early(entry, digits)])
    generator, critic = networks(entry, config.seed)
    average = copy.deepcopy(generator)
    scores = Scores(folder / "scores.csv", digits, estimates=entry["estimates"])

    def look(step: int, generator: nn.Module, critic: nn.Module) -> None:
        last = step == config.n_steps
        with log.pause():
            if last or step in (FILM_STEPS if entry["film"] is True else entry["film"]):
                save_image(folder / f"samples-{step:06d}.png", image_grid(average))
            if last or step % entry["score_every"] == 0:
                scores.add(step, average, critic)
        log.save()

    checkpoint = log.next_to("checkpoint.safetensors")
    options = {"average": average, "callback": look, "checkpoint": checkpoint}
    history = training.train(generator, critic, digits, config, **how(entry), **options)
    kept = {"generator": average, "critic": plain_(critic), "history": history}
    records.write_run(folder, records.Run(config=config, **kept, provenance={}))
    return {"scored_on": scores.about}


def averaged(
    entry: dict, config: training.TrainConfig, digits: data.Images, *, until: int | None = None
) -> nn.Module:
    """Train an entry's pair, to its end or until a step, and return the averaged generator."""
    generator, critic = networks(entry, config.seed)
    average = copy.deepcopy(generator)
    options = {"average": average, "until": until}
    training.train(generator, critic, digits, config, **how(entry), **options)
    return average


def save_image(path: Path, pixels: np.ndarray) -> None:
    """Write grey values as a PNG file that is at every moment whole."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="PNG")
    atomic_write(path, content.getvalue())


def save_halved(path: Path, network: nn.Module) -> None:
    """Write weights in half precision: half the file, and samples that look the same."""
    halved = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in network.state_dict().items()
    }
    atomic_write(path, safetensors.torch.save(halved))

"""What the command line does: train into a folder, draw samples, score them."""

from __future__ import annotations

import argparse
import contextlib
import copy
import importlib.metadata
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from wganlib import _datasets, _folder, _memory, models, records, training
from wganlib._datasets import Split
from wganlib.callbacks import ProgressLine, SampleGrid, drawn, in_words, together
from wganlib.data import Images
from wganlib.images import save_images
from wganlib.lipschitz import gradient_penalty
from wganlib.records import Run, TrainConfig

_ASKED = ("minutes", "steps", "size", "channels", "seed", "device")  # what a run depends on
N_SHOWN, REFRESH = 64, 20.0  # samples to look at while it trains, and the seconds between
MOST_IN_A_GRID = 10_000
RESERVE, PROBE = 0.9, 2.0  # share of the time that is planned with; seconds to measure speed
_PACKAGES = ("numpy", "torch", "torchvision")


# --- train ----------------------------------------------------------------------------------------


def train(asked: argparse.Namespace) -> None:
    """Train into a folder, or go on with what it holds."""
    if int(os.environ.get("WORLD_SIZE", 1)) > 1:
        raise ValueError(
            "this command trains on one process: start it without torchrun, or let torchrun start "
            "a script of yours that calls wganlib.training.train"
        )
    run = Path(asked.out).expanduser()
    if _folder.is_finished(run):
        earlier = _folder.load(run).provenance.get("asked", {})
        _refuse_other_wishes(asked, earlier, run)
        _folder.tidy(run)
        return _tell(asked, f"{run} is finished already. {_what_next(run)}")
    _folder.refuse_foreign(run)
    plan = _folder.read_plan(run)
    if plan is not None:
        _refuse_other_wishes(asked, plan["asked"], run)
    device = _device(asked.device if plan is None else plan["device"])
    _use_threads(asked)
    split = _datasets.load(
        asked.data, size=asked.size, channels=asked.channels, seed=asked.seed,
        progress=not asked.quiet,
    )  # fmt: skip
    _refuse_image_options(asked, split)
    with _folder.alone(run):
        plan = _folder.read_plan(run) or _new_plan(run, asked, split, device)
        _refuse_changed_data(plan, split, run)
        asked.stopped = f"what was reached is kept; go on with\n  {asked.line}"
        seconds = _train(run, plan, split, asked)
    steps = plan["config"]["n_steps"]
    return _tell(asked, f"done: {steps:,} steps in {in_words(seconds)}. {_what_next(run)}")


def _train(run: Path, plan: dict, split: Split, asked: argparse.Namespace) -> float:
    """Train by a plan and store the result; returns the seconds that all its sessions took."""
    begun, device, config = time.monotonic(), torch.device(plan["device"]), _config(plan)
    generator, critic = (net.to(device) for net in _networks(plan["networks"], config.seed))
    average = copy.deepcopy(generator)
    looks = _callbacks(run, config, average, split, asked)
    _tell(asked, _opening(run, config, split, device))
    try:
        history = training.train(
            generator, critic, split.real.to(device), config, penalty=gradient_penalty,
            average=average, callback=looks, checkpoint=run / _folder.CHECKPOINT, progress=False,
        )  # fmt: skip
    except BaseException:
        with contextlib.suppress(OSError):
            _folder.write_plan(run, plan | {"seconds": _spent(plan, begun)})
        raise
    seconds = _spent(plan, begun)
    result = Run(
        generator=average.cpu(), critic=critic.cpu(), config=config, history=history,
        provenance=_provenance(plan, split, seconds),
    )  # fmt: skip
    _folder.store(run, result, lambda aside: _write_samples(None, aside, result, N_SHOWN, 0))
    return seconds


def _config(plan: dict) -> TrainConfig:
    """Return a plan's numbers."""
    return TrainConfig(**plan["config"])


def _spent(plan: dict, begun: float) -> float:
    """Return the seconds of this session and of all before."""
    return plan["seconds"] + time.monotonic() - begun


def _opening(run: Path, config: TrainConfig, split: Split, device: torch.device) -> str:
    """Say what begins."""
    about = split.about
    going_on = (run / _folder.CHECKPOINT).exists()
    shape = "x".join(map(str, split.held_out.shape[1:]))
    threads = f", {torch.get_num_threads()} thread(s)" if device.type == "cpu" else ""
    return (
        f"{'going on' if going_on else 'training'}: WGAN-GP on {about['given']}, {about['n']:,} "
        f"samples of {shape}, {config.n_steps:,} steps on {device}{threads}\n"
        "Ctrl-C stops, the same command goes on"
    )


def _callbacks(
    run: Path, config: TrainConfig, average: nn.Module, split: Split, asked: argparse.Namespace
) -> Callable:
    """Say how far it is, and show what it draws."""
    chosen: list[Callable] = []
    if split.about["kind"] == "images":
        chosen.append(_preview(run / _folder.PICTURE, average))
    if asked.every is not None:
        chosen.append(SampleGrid(run / _folder.FILM, every=asked.every, average=average))
    if not asked.quiet:
        chosen.append(ProgressLine(config.n_steps))
    return together(*chosen)


def _preview(path: Path, average: nn.Module) -> Callable:
    """Make a callback that keeps a picture of the samples fresh."""
    last = time.monotonic()

    def look(step: int, generator: nn.Module, critic: nn.Module) -> None:
        nonlocal last
        if time.monotonic() - last > REFRESH:
            save_images(path, drawn(average, N_SHOWN))
            last = time.monotonic()

    return look


def _networks(about: dict, seed: int) -> tuple[nn.Module, nn.Module]:
    """Build a generator and a critic, with initial weights fixed by the seed."""
    pair = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for side in records.SIDES:
            arguments = dict(about[side])
            pair.append(getattr(models, arguments.pop("class"))(**arguments))
    return pair[0], pair[1]


def _what_next(run: Path) -> str:
    """Say where the samples are and what can be done with the run."""
    names = (_folder.PICTURE, _folder.TABLE)
    samples = next((name for name in names if (run / name).exists()), "")
    return (
        f"Samples: {run / samples}\n"
        f"more of them: python -m wganlib sample {run} -n 1000 --out FILE\n"
        f"how good they are: python -m wganlib score {run}"
    )


def _provenance(plan: dict, split: Split, seconds: float) -> dict:
    """Return what is worth knowing of a run later."""
    return {
        "asked": plan["asked"],
        "data": split.about,
        "method": "WGAN-GP; the generator is the moving average",
        "seconds": round(seconds, 1),
        "device": plan["device"],
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in _PACKAGES},
    }


# --- how to train ---------------------------------------------------------------------------------


def _new_plan(run: Path, asked: argparse.Namespace, split: Split, device: torch.device) -> dict:
    """Decide how to train, and keep that for the next time."""
    schedule = asked.schedule[split.about["kind"]]
    networks = _descriptions(split, schedule["networks"])
    size = min(schedule["config"]["batch_size"], len(split.real))
    config = TrainConfig(**schedule["config"] | {"batch_size": size, "seed": asked.seed})
    steps = asked.steps
    if steps is None:
        pace = seconds_per_step(networks, split.real.to(device), config, device)
        minutes = asked.minutes or schedule["minutes"]
        left = 60 * minutes * RESERVE - (time.monotonic() - asked.begun)
        steps = max(1, int(left / pace))
    plan = {
        "asked": _wishes(asked), "checksum": split.about["checksum"], "device": str(device),
        "config": asdict(replace(config, n_steps=steps)), "networks": networks, "seconds": 0.0,
    }  # fmt: skip
    _folder.write_plan(run, plan)
    return plan


def _descriptions(split: Split, sizes: dict) -> dict[str, dict]:
    """Describe networks that fit the data, as a plan stores them."""
    shape = list(split.held_out.shape[1:])
    if split.about["kind"] == "table":
        own = {"data_dim": shape[0]}
        critic = {name: size for name, size in sizes.items() if name != "latent_dim"}
        return {
            "generator": {"class": "MLPGenerator", **sizes, **own},
            "critic": {"class": "MLPCritic", **critic, **own},
        }
    own = {"channels": shape[0], "size": shape[1:]}
    return {
        "generator": {"class": "ConvGenerator", **sizes, **own},
        "critic": {"class": "ConvCritic", "width": sizes["width"], **own},
    }


def seconds_per_step(
    networks: dict, real: Tensor | Images, config: TrainConfig, device: torch.device
) -> float:
    """Measure how long a step takes, by runs that nothing is kept of."""
    steps, spent = 1, 0.0
    while spent < PROBE:
        steps *= 2
        pair = [net.to(device) for net in _networks(networks, config.seed)]
        short = replace(config, n_steps=steps, log_every=steps)
        begun = time.monotonic()
        training.train(
            *pair, real, short, penalty=gradient_penalty, average=copy.deepcopy(pair[0]),
            progress=False,
        )  # fmt: skip
        spent = time.monotonic() - begun
    return spent / steps


def _wishes(asked: argparse.Namespace) -> dict:
    """Return what a run depends on, as the command line says it."""
    size = None if asked.size is None else list(asked.size)
    wishes = {name: getattr(asked, name) for name in _ASKED} | {"size": size}
    return {"data": _datasets.full_name(asked.data)} | wishes


def _refuse_other_wishes(asked: argparse.Namespace, earlier: dict, run: Path) -> None:
    """Refuse to go on with another command than the one that the run was begun with."""
    differing = [
        f"{'DATA' if name == 'data' else '--' + name} was {_shown(earlier.get(name))}, "
        f"is {_shown(value)}"
        for name, value in _wishes(asked).items()
        if value != earlier.get(name)
    ]
    if differing:
        raise ValueError(
            f"{run} was begun by another command ({'; '.join(differing)}): give the same again, "
            "or another --out"
        )


def _shown(value: object) -> str:
    """Write a wish as a person would."""
    if isinstance(value, list):
        return "x".join(map(str, value))
    return "left out" if value is None else str(value)


def _refuse_changed_data(plan: dict, split: Split, run: Path) -> None:
    """Refuse to go on with other data than the run was begun with."""
    if plan["checksum"] != split.about["checksum"]:
        raise ValueError(
            f"{split.about['given']} has changed since {run} was begun: give the data as they "
            "were, or another --out"
        )


def _refuse_image_options(asked: argparse.Namespace, split: Split) -> None:
    """Refuse what makes sense for images alone where there is a table."""
    if split.about["kind"] == "images":
        return
    for name in ("size", "channels", "every"):
        if getattr(asked, name) is not None:
            raise ValueError(f"--{name} is for images, and {asked.data} is a table: leave it out")


def _device(name: str | None) -> torch.device:
    """Return the device that is asked for, or the best one here."""
    here = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name or here)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"--device {name} cannot be used here ({reason}): leave it out, for {here}"
        ) from error
    return device


def _use_threads(asked: argparse.Namespace) -> None:
    """Use as many CPU threads as asked for."""
    if asked.threads is not None:
        torch.set_num_threads(asked.threads)


def _tell(asked: argparse.Namespace, words: str) -> None:
    """Say something, if that is wanted."""
    if not asked.quiet:
        asked.say(words)


# --- sample ---------------------------------------------------------------------------------------


def sample(asked: argparse.Namespace) -> None:
    """Draw samples of a finished run into a file or a folder."""
    run = Path(asked.run).expanduser()
    _use_threads(asked)
    found = _folder.load(run)
    out = None if asked.out is None else Path(asked.out).expanduser()
    asked.say(f"{asked.n:,} samples: {_write_samples(out, run, found, asked.n, asked.seed)}")


def _write_samples(out: Path | None, run: Path, result: Run, n: int, seed: int) -> Path:
    """Draw samples and write them, by default into the run's folder; returns where they are."""
    about = _datasets.about_run(result)
    table = about["kind"] == "table"
    chosen = out or run / (_folder.TABLE if table else _folder.PICTURE)
    _refuse_output(out, chosen, table, n)
    one = drawn(result.generator, 1)
    _memory.refuse_large(16 * n * one.numel(), f"{n:,} samples", "give a smaller -n")
    samples = drawn(result.generator, n, seed=seed)
    if not table:
        _write_images(chosen, samples.clamp(-1, 1))
    elif chosen.suffix.lower() == ".npz":
        values = _datasets.table_of(samples, about)
        _folder.write_arrays(chosen, samples=values, columns=about["columns"])
    else:
        _folder.write_table(chosen, about["columns"], _datasets.table_of(samples, about))
    return chosen


def _write_images(path: Path, samples: Tensor) -> None:
    """Write images as arrays, as one picture, or as one each."""
    if path.suffix.lower() == ".npz":
        pixels = ((samples + 1) * 127.5).round().to(torch.uint8)
        _folder.write_arrays(path, images=pixels.movedim(1, -1).numpy())
    else:
        save_images(path, samples)


def _refuse_output(out: Path | None, chosen: Path, table: bool, n: int) -> None:
    """Refuse an output of the wrong kind, or one that exists, before anything is drawn."""
    ending = chosen.suffix.lower()
    if table and ending not in (".csv", ".npz"):
        raise ValueError(f"--out {chosen}: samples of a table go into a .csv or an .npz")
    if not table and ending not in (".png", ".npz", "") and not chosen.is_dir():
        raise ValueError(f"--out {chosen}: images go into a .png, an .npz or a folder")
    if ending == ".png" and n > MOST_IN_A_GRID:
        raise ValueError(f"-n {n} is too many for one picture: give a folder or an .npz as --out")
    if out is not None and out.exists() and not out.is_dir():
        raise ValueError(f"--out {out} exists already and is not overwritten: give another name")


# --- score ----------------------------------------------------------------------------------------


def score(asked: argparse.Namespace) -> None:
    """Print how good the samples of a finished run are."""
    run = Path(asked.run).expanduser()
    _use_threads(asked)
    found = _folder.load(run)
    from wganlib import _verdict  # an import of seconds, which training does without

    for line in _verdict.lines(found, asked.data):
        asked.say(line)

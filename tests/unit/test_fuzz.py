"""Wrong calls at random: each is refused by name, or answered; none ends in a raw error.

Every public function, and every public class that looks at what it is given, is found by import.
For each stands a right call; 300 times one or two of its arguments are replaced by something else.
What comes back is one of

* a `ValueError` or `TypeError`, or an error that the function's docstring lists under Raises, that
  was raised in this package and names the argument or what was given;
* an answer without a warning that is not listed under Warns, and without NaN unless NaN came in.
"""

import contextlib
import copy
import dataclasses
import decimal
import fractions
import importlib
import inspect
import io
import pkgutil
import random
import re
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

import wganlib
from tests.unit.small import cloud
from wganlib import (
    callbacks,
    checks,
    classifier,
    cli,
    data,
    diagnosis,
    divergences,
    dual,
    images,
    lipschitz,
    losses,
    metrics,
    mnist,
    models,
    palette,
    parallel,
    plotting,
    records,
    slope,
    training,
    transport,
)

CALLS = 300
SLOW = 2.0  # seconds of this process, whatever others do; a call that takes longer hangs
HERE = str(Path(wganlib.__file__).parent)


# --- what there is to call ---


def _looks(kind):
    """Say whether a class looks at what it is given; a record of results does not."""
    if dataclasses.is_dataclass(kind):
        return hasattr(kind, "__post_init__")
    return "__init__" in vars(kind)


def public():
    """Names of all public functions, of classes that look, and of the methods of classes."""
    for found in pkgutil.iter_modules(wganlib.__path__):
        if found.name[0] == "_" or found.ispkg:
            continue
        module = importlib.import_module(f"wganlib.{found.name}")
        for name, thing in vars(module).items():
            if name[0] == "_" or getattr(thing, "__module__", None) != module.__name__:
                continue
            if inspect.isfunction(thing):
                yield f"{found.name}.{name}"
            elif inspect.isclass(thing):
                if _looks(thing):
                    yield f"{found.name}.{name}"
                methods = {n: m for n, m in vars(thing).items() if inspect.isfunction(m)}
                yield from (f"{found.name}.{name}.{n}" for n in methods if n[0] != "_")


# --- right calls ---

CRITIC = models.MLPCritic(2, width=4, depth=1)
GENERATOR = models.MLPGenerator(2, 2, width=4, depth=1)
CONV = models.ConvCritic(1)
CONV_GENERATOR = models.ConvGenerator(2, 1)
CLASSIFIER = classifier.DigitClassifier(1, 2)
TINY = records.TrainConfig(n_steps=1, batch_size=4, n_critic=1, log_every=1)
PLANE, LINE, LAW = [[0.0, 1.0], [2.0, 3.0], [5.0, 0.0]], [0.0, 1.0, 4.0], [0.25, 0.25, 0.5]
IMAGES = data.Images(
    pixels=torch.arange(3 * 28 * 28).remainder(256).to(torch.uint8).view(3, 1, 28, 28),
    labels=torch.arange(3), source="made up",
)  # fmt: skip

IMAGES_FOUND = [np.arange(64, dtype=np.uint8).reshape(8, 8), np.ones((9, 9), dtype=np.uint8)]


def points():
    return torch.tensor(PLANE)


def pictures():
    return torch.linspace(-1, 1, 2 * 28 * 28).view(2, 1, 28, 28)


def draw():
    return torch.Generator().manual_seed(0)


AX = Figure().add_subplot()


def ax():
    return AX


def sgd(network):
    return torch.optim.SGD(network.parameters(), lr=1e-3)


def scores():
    return {"scores_real": torch.ones(3), "scores_fake": torch.zeros(3)}


def weighted():
    return {"x": PLANE, "y": PLANE, "a": LAW, "b": LAW}


def run():
    return records.Run(
        generator=GENERATOR, critic=CRITIC, config=TINY, history=records.History(), provenance={}
    )


def a_run(folder="run"):
    if not Path(folder).exists():
        records.save_run(folder, run())
    return folder


def networks():
    return {"generator": copy.deepcopy(GENERATOR), "critic": copy.deepcopy(CRITIC)}


def fakes(n, *, rng):
    return torch.randn(n, 2, generator=rng)


def folder():
    Path("parts").mkdir(exist_ok=True)
    return Path("parts")


MLP = {"width": 2, "depth": 1}
RIGHT = {
    "callbacks.SampleGrid": (callbacks.SampleGrid, lambda: {
        "where": "grids", "every": 1, "n": 2, "seed": 0}),
    "callbacks.ProgressLine": (callbacks.ProgressLine, lambda: {"total": 3, "every_seconds": 1.0}),
    "callbacks.TensorBoard": (callbacks.TensorBoard, lambda: {"folder": "board"}),
    "callbacks.together": (
        lambda callback: callbacks.together(callback), lambda: {"callback": print}),
    "callbacks.grid_of": (callbacks.grid_of, lambda: {"images": pictures()}),
    "callbacks.in_words": (callbacks.in_words, lambda: {"seconds": 3.0}),
    "callbacks.drawn": (callbacks.drawn, lambda: {"generator": GENERATOR, "n": 2, "seed": 0}),
    "checks.listening": (checks.listening, lambda: {"listener": print}),
    "checks.check": (checks.check, lambda: {
        "claim": "One is one.", "value": LINE, "equals": LINE, "within": 0.1}),
    "classifier.DigitClassifier": (
        classifier.DigitClassifier, lambda: {"width": 1, "n_features": 2}),
    "classifier.DigitClassifier.forward": (CLASSIFIER.forward, lambda: {"images": pictures()}),
    "classifier.DigitClassifier.features": (CLASSIFIER.features, lambda: {"images": pictures()}),
    "classifier.DigitClassifier.probabilities": (
        CLASSIFIER.probabilities, lambda: {"images": pictures()}),
    "classifier.digit_classifier": (classifier.digit_classifier, dict),
    "cli.main": (cli.main, lambda: {"arguments": ["score", "nowhere"]}),
    "data.parallel_lines": (data.parallel_lines, lambda: {"n": 3, "shift": 1.0, "rng": draw()}),
    "data.ring_centres": (data.ring_centres, lambda: {"modes": 3, "radius": 1.0}),
    "data.gaussian_ring": (data.gaussian_ring, lambda: {
        "n": 3, "modes": 4, "radius": 1.0, "std": 0.1, "rng": draw()}),
    "data.grid_centres": (data.grid_centres, lambda: {"side": 2, "spacing": 1.0}),
    "data.gaussian_grid": (data.gaussian_grid, lambda: {
        "n": 3, "side": 2, "spacing": 1.0, "std": 0.1, "rng": draw()}),
    "data.swiss_roll": (data.swiss_roll, lambda: {"n": 3, "std": 0.1, "rng": draw()}),
    "data.Images": (data.Images, lambda: {
        "pixels": IMAGES.pixels, "labels": IMAGES.labels, "source": "made up"}),
    "data.Images.to": (IMAGES.to, lambda: {"device": "cpu"}),
    "data.Images.batch": (IMAGES.batch, lambda: {"n": 2, "rng": draw()}),
    "data.scale_pixels": (data.scale_pixels, lambda: {"pixels": IMAGES.pixels}),
    "data.Source.batch": (
        data.source(cloud(9), batch_size=3).batch, lambda: {"n": 2, "rng": draw()}),
    "data.Source.some": (data.source(cloud(9), batch_size=3).some, lambda: {"n": 2}),
    "data.Source.checksum": (data.source(cloud(9), batch_size=3).checksum, dict),
    "data.source": (data.source, lambda: {
        "real": cloud(9), "batch_size": 3, "device": "cpu", "dtype": torch.float32,
        "progress": False}),
    **{f"divergences.{f.__name__}": (f, lambda: {"p": LAW, "q": LAW}) for f in (
        divergences.kl_divergence, divergences.js_divergence,
        divergences.total_variation, divergences.optimal_discriminator)},
    "divergences.shared_masses": (divergences.shared_masses, lambda: {"x": PLANE, "y": PLANE}),
    "dual.c_transform": (dual.c_transform, lambda: {
        "potential": LINE, "points": PLANE, "at": PLANE}),
    "dual.kantorovich_potentials": (dual.kantorovich_potentials, weighted),
    "dual.exact_critic": (dual.exact_critic, weighted),
    "images.load_images": (images.load_images, lambda: {
        "place": IMAGES_FOUND, "size": 8, "channels": 1, "n": 1, "progress": False}),
    "images.save_images": (images.save_images, lambda: {
        "path": "grid.png", "images": pictures(), "columns": 1}),
    "lipschitz.gradient_norms": (
        lipschitz.gradient_norms, lambda: {"critic": CRITIC, "x": points()}),
    "lipschitz.gradient_penalty": (lipschitz.gradient_penalty, lambda: {
        "critic": CRITIC, "real": points(), "fake": points() + 1, "one_sided": False,
        "rng": draw()}),
    "lipschitz.clip_weights_": (lipschitz.clip_weights_, lambda: {
        "critic": copy.deepcopy(CRITIC), "clip_value": 0.1}),
    "lipschitz.debiased_w1": (
        lipschitz.debiased_w1, lambda: {"w1_estimate": LINE, "gp_weight": 10.0}),
    "lipschitz.spectral_norm_": (
        lipschitz.spectral_norm_, lambda: {"critic": copy.deepcopy(CRITIC)}),
    "lipschitz.lipschitz_meter": (lipschitz.lipschitz_meter, lambda: {
        "critic": CRITIC, "real": points(), "fake": points() + 1, "rng": draw()}),
    "diagnosis.diagnose": (diagnosis.diagnose, lambda: {
        "generator": GENERATOR, "critic": CRITIC, "real": torch.randn(40, 2, generator=draw()),
        "penalty": None, "n": 32, "rng": draw()}),
    "losses.critic_loss": (losses.critic_loss, scores),
    "losses.generator_loss": (losses.generator_loss, lambda: {"scores_fake": torch.ones(3)}),
    "losses.w1_estimate": (losses.w1_estimate, scores),
    "losses.Objective": (losses.Objective, lambda: {
        "critic_loss": losses.critic_loss, "generator_loss": losses.critic_loss,
        "needs_real": True}),
    "metrics.mode_coverage": (metrics.mode_coverage, lambda: {
        "samples": points(), "centres": points(), "std": 1.0}),
    "metrics.frechet_distance": (
        metrics.frechet_distance, lambda: {"features_a": PLANE, "features_b": PLANE}),
    **{f"metrics.{f.__name__}": (
        f, lambda: {"real_features": PLANE, "fake_features": PLANE, "k": 1})
       for f in (metrics.precision_recall, metrics.density_coverage)},
    "metrics.class_coverage": (
        metrics.class_coverage, lambda: {"probabilities": [[0.5, 0.5], [0.25, 0.75]]}),
    "metrics.nearest_neighbours": (metrics.nearest_neighbours, lambda: {
        "samples": points(), "images": points(), "n": 1}),
    "metrics.minibatch_w1": (metrics.minibatch_w1, lambda: {
        "real": points(), "fake": points(), "batch_size": 1, "n_batches": 2, "rng": draw()}),
    **{f"mnist.{f.__name__}": (
        f, lambda: {"split": "train", "root": "cache", "mirror": "nowhere"})
       for f in (mnist.mnist, mnist.fashion_mnist, mnist.handwritten_digits)},
    "models.Generator": (models.Generator, dict),
    "models.Generator.sample_latent": (GENERATOR.sample_latent, lambda: {"n": 2, "rng": draw()}),
    "models.Generator.sample": (GENERATOR.sample, lambda: {
        "n": 2, "condition": None, "rng": draw(), "batch_size": 2}),
    "models.MLPGenerator": (models.MLPGenerator, lambda: {
        "latent_dim": 2, "data_dim": 2, **MLP, "n_classes": 3, "condition_dim": None}),
    "models.MLPGenerator.forward": (
        GENERATOR.forward, lambda: {"latent": torch.zeros(3, 2), "condition": None}),
    "models.MLPCritic": (models.MLPCritic, lambda: {
        "data_dim": 2, **MLP, "n_classes": None, "condition_dim": 2}),
    **{f"models.MLPCritic.{name}": (
        getattr(CRITIC, name), lambda: {"x": points(), "condition": None})
       for name in ("forward", "value_and_gradient")},
    "models.ConvGenerator": (models.ConvGenerator, lambda: {
        "latent_dim": 2, "width": 1, "size": (8, 12), "channels": 1, "n_classes": None,
        "condition_dim": None}),
    "models.ConvGenerator.forward": (
        CONV_GENERATOR.forward, lambda: {"latent": torch.zeros(3, 2), "condition": None}),
    "models.ConvCritic": (models.ConvCritic, lambda: {
        "width": 1, "batch_norm": False, "size": 8, "channels": 1, "n_classes": None,
        "condition_dim": None}),
    **{f"models.ConvCritic.{name}": (
        getattr(CONV, name), lambda: {"images": pictures(), "condition": None})
       for name in ("forward", "value_and_gradient")},
    "models.sample": (models.sample, lambda: {
        "generator": GENERATOR, "n": 2, "condition": None, "rng": draw(), "batch_size": 2}),
    "palette.css": (palette.css, dict),
    "plotting.use_house_style": (plotting.use_house_style, dict),
    "plotting.palette_png": (plotting.palette_png, lambda: {"figure": Figure((1, 1))}),
    "plotting.label_at": (plotting.label_at, lambda: {
        "ax": ax(), "x": 1.0, "y": 2.0, "text": "name", "color": "red", "dx": 1.0, "dy": 1.0}),
    "plotting.light_grid": (plotting.light_grid, lambda: {"ax": ax(), "axis": "y"}),
    "plotting.image_grid": (plotting.image_grid, lambda: {
        "ax": ax(), "images": pictures(), "n_columns": 2, "gap": 1}),
    "plotting.grey_levels": (plotting.grey_levels, lambda: {"images": pictures()}),
    "plotting.training_curve": (plotting.training_curve, lambda: {
        "ax": ax(), "step": LINE, "value": LINE, "color": "red", "window": 2}),
    "plotting.parallel_lines": (plotting.parallel_lines, lambda: {"ax": ax(), "theta": 1.0}),
    "plotting.level_lines": (plotting.level_lines, lambda: {
        "ax": ax(), "critic": lambda z: z[:, 0], "limit": 1.0, "step": 0.5}),
    "plotting.two_samples": (plotting.two_samples, lambda: {
        "ax": ax(), "real": np.array(PLANE), "fake": np.array(PLANE), "plan": np.eye(3) / 3,
        "size": 5.0}),
    "plotting.median_and_range": (plotting.median_and_range, lambda: {
        "ax": ax(), "x": 1.0, "y": LINE, "color": "red", "marker": "o", "filled": True}),
    "records.TrainConfig": (records.TrainConfig, lambda: dataclasses.asdict(TINY)),
    "records.History": (records.History, lambda: {"step": [1], "penalty": [0.0]}),
    "records.Run": (records.Run, lambda: {
        "generator": GENERATOR, "critic": CRITIC, "config": TINY, "history": records.History(),
        "provenance": {}, "folder": None}),
    "records.TrainConfig.critic_steps": (TINY.critic_steps, lambda: {"step": 1}),
    "records.TrainConfig.learning_rate_at": (TINY.learning_rate_at, lambda: {"step": 1}),
    "records.History.append": (
        lambda **given: records.History().append(**given), lambda: {"step": 1, "values": LINE}),
    "records.run_folder": (records.run_folder, lambda: {"name": a_run()}),
    "records.save_run": (records.save_run, lambda: {"folder": "saved", "run": run()}),
    "records.write_run": (records.write_run, lambda: {"folder": folder(), "run": run()}),
    "records.load_run": (records.load_run, lambda: {"folder": a_run()}),
    "parallel.join": (parallel.join, lambda: {"device": torch.device("cpu")}),
    "parallel.processes": (parallel.processes, dict),
    "parallel.rank": (parallel.rank, dict),
    "parallel.rows": (parallel.rows, lambda: {"n": 4}),
    "parallel.average_gradients_": (
        parallel.average_gradients_, lambda: {"parameters": list(CRITIC.parameters())}),
    "slope.sequential_vjp": (slope.sequential_vjp, lambda: {
        "layers": nn.Sequential(nn.Linear(2, 1)), "x": points(), "direction": torch.ones(3, 1)}),
    "slope.scores_by_sample": (slope.scores_by_sample, lambda: {"critic": CRITIC}),
    "slope.written_out": (slope.written_out, lambda: {"critic": CRITIC, "x": points()}),
    **{f"training.{f.__name__}": (
        f, lambda: {"parameters": list(copy.deepcopy(CRITIC).parameters()), "config": TINY})
       for f in (training.adam, training.rmsprop)},
    "training.critic_step": (training.critic_step, lambda: {
        "critic": (own := copy.deepcopy(CRITIC)), "real": points(), "fake": points() + 1,
        "optimizer": sgd(own), "objective": losses.OBJECTIVES["wasserstein"],
        "penalty": lipschitz.gradient_penalty, "gp_weight": 10.0, "rng": draw()}),
    "training.generator_step": (training.generator_step, lambda: {
        "generator": (own := copy.deepcopy(GENERATOR)), "critic": CRITIC,
        "latent": torch.zeros(3, 2), "optimizer": sgd(own),
        "objective": losses.OBJECTIVES["wasserstein"], "real": points()}),
    "training.train": (training.train, lambda: {
        **networks(), "real": cloud(9), "config": TINY, "penalty": lipschitz.gradient_penalty,
        "project": lipschitz.clip_weights_, "objective": losses.OBJECTIVES["wasserstein"],
        "optimizer": training.adam, "average": None, "progress": False, "callback": None,
        "checkpoint": None, "until": 1, "rng": draw()}),
    "training.train_critic": (training.train_critic, lambda: {
        "critic": copy.deepcopy(CRITIC), "real": cloud(9), "fake": fakes, "config": TINY,
        "penalty": None, "project": None, "objective": losses.OBJECTIVES["wasserstein"],
        "optimizer": training.adam, "progress": False, "callback": None, "rng": draw()}),
    "transport.weighted_sample": (transport.weighted_sample, lambda: {
        "points": PLANE, "weights": LAW, "name": "points"}),
    "transport.weighted_pair": (transport.weighted_pair, weighted),
    "transport.wasserstein_1d": (transport.wasserstein_1d, lambda: {
        "x": LINE, "y": LINE, "a": LAW, "b": LAW, "p": 2}),
    "transport.exact_w1": (transport.exact_w1, weighted),
    "transport.optimal_plan": (transport.optimal_plan, weighted),
    "transport.network_simplex": (transport.network_simplex, lambda: {
        "cost": np.eye(3), "a": LAW, "b": LAW}),
    "transport.sliced_w1": (transport.sliced_w1, lambda: {
        "x": PLANE, "y": PLANE, "n_projections": 2, "rng": np.random.default_rng(0)}),
}  # fmt: skip


# --- wrong arguments ---


def _endless():
    found = [1.0]
    found.append(found)
    return found


WRONG = [
    lambda: None, lambda: True, lambda: False, lambda: 0, lambda: 1, lambda: -1, lambda: 2,
    lambda: 10**12, lambda: -(10**12), lambda: 2**70, lambda: 10**5000, lambda: 2.5, lambda: 0.0,
    lambda: -0.5, lambda: 1e300, lambda: 1e-300, lambda: float("nan"), lambda: float("inf"),
    lambda: -float("inf"), lambda: 1j, lambda: "", lambda: "text", lambda: "1", lambda: b"1",
    lambda: "a" * 5_000, lambda: "nul\0", lambda: [], lambda: (), lambda: {}, lambda: {"a": 1},
    lambda: {1.0, 2.0}, lambda: [1], lambda: [0.5, 0.5], lambda: [1.0, None], lambda: ["1.0"] * 3,
    lambda: [[1.0], [1.0, 2.0]], lambda: [float("nan")] * 3, lambda: [1e308] * 3, _endless,
    lambda: range(3), lambda: (v for v in LINE), object, lambda: object, lambda: print,
    lambda: lambda x: x, lambda: lambda *a, **k: None, lambda: decimal.Decimal("0.5"),
    lambda: fractions.Fraction(1, 2), lambda: np.float32(0.5), lambda: np.int64(2),
    lambda: np.bool_(True), lambda: np.array(0.5), lambda: np.zeros(0), lambda: np.zeros((0, 2)),
    lambda: np.zeros((3, 0)), lambda: np.ones((3, 1)), lambda: np.ones((2, 3, 4)),
    lambda: np.full((3, 2), np.nan), lambda: np.full((3, 2), np.inf),
    lambda: np.full((3, 2), 1e308), lambda: np.full((3, 2), 5e-324),
    lambda: np.array([1, 2**62, -(2**62)]), lambda: np.array([1 + 1j] * 3),
    lambda: np.array(["2020-01-01"] * 3, dtype="datetime64[D]"), lambda: np.datetime64("NaT"),
    lambda: np.array([1] * 3, dtype="timedelta64[s]"), lambda: np.array(["a", "b", "c"]),
    lambda: np.array([None] * 3), lambda: np.ma.array(LAW, mask=[0, 0, 1]),
    lambda: np.array([(1, 2.0)] * 3, dtype=[("a", int), ("b", float)]),
    lambda: np.random.default_rng(0), lambda: np.random.RandomState(0), lambda: np.ones((3, 2)),
    lambda: torch.tensor(0.5), lambda: torch.zeros(0), lambda: torch.zeros(0, 2),
    lambda: torch.ones(3), lambda: torch.ones(3, 1), lambda: torch.ones(3, 2, dtype=torch.int64),
    lambda: torch.ones(3, 2, dtype=torch.complex64), lambda: torch.ones(3, 2, dtype=torch.bfloat16),
    lambda: torch.ones(3, 2, dtype=torch.float64), lambda: torch.ones(3, 2, dtype=torch.bool),
    lambda: torch.full((3, 2), float("nan")), lambda: torch.full((3, 2), float("inf")),
    lambda: torch.full((3, 2), 3e38), lambda: torch.ones(3, 2).to_sparse(),
    lambda: torch.ones(3, 2, device="meta"), lambda: torch.ones(3, 2, requires_grad=True),
    lambda: torch.ones(2, 3, 28, 28), lambda: torch.ones(2, 1, 28, 28, dtype=torch.uint8),
    lambda: torch.zeros(2, 1, 8, 8), lambda: torch.ones(4, 5), draw, lambda: torch.float16,
    lambda: torch.device("meta"), lambda: nn.Linear(2, 1), lambda: nn.ReLU(),
    lambda: nn.Sequential(), lambda: nn.Linear, lambda: CRITIC.forward, lambda: Path("some"),
    lambda: Path("a" * 300), lambda: TINY, lambda: losses.OBJECTIVES["relativistic"],
    lambda: IMAGES, lambda: run(), lambda: slice(2), lambda: type("Odd", (), {"__len__": None})(),
]  # fmt: skip


def holds_floats(value):
    with contextlib.suppress(ValueError, RuntimeError):
        return len(value) > 0 and np.array(value).dtype.kind == "f"


def changed(value, rng):
    """Spoil a right argument a little, where it is an array."""
    if isinstance(value, torch.Tensor) and value.numel():
        spoilt = value.detach().clone()
        if spoilt.is_floating_point() and rng.random() < 0.5:
            spoilt.view(-1)[rng.randrange(spoilt.numel())] = rng.choice(
                [float("nan"), float("inf"), 1e30, -1.0]
            )
            return spoilt
        return rng.choice([
            spoilt.double, spoilt.half, spoilt.long, lambda: spoilt[..., None], lambda: spoilt[:1],
            lambda: spoilt[:0], lambda: spoilt.mT if spoilt.ndim > 1 else -spoilt,
            lambda: spoilt[..., :1], spoilt.numpy, spoilt.tolist, lambda: spoilt.flatten(),
        ])()  # fmt: skip
    if isinstance(value, list | np.ndarray) and holds_floats(value):
        spoilt = np.array(value)
        if rng.random() < 0.5:
            spoilt.flat[rng.randrange(spoilt.size)] = rng.choice([np.nan, np.inf, 1e300, -1.0])
            return spoilt
        return rng.choice([
            lambda: spoilt.astype(np.float16), lambda: spoilt.astype(str), lambda: spoilt[None],
            lambda: spoilt[:1], lambda: spoilt[:0], lambda: spoilt.T[:2], lambda: spoilt * 1e250,
            lambda: spoilt + 0j, lambda: spoilt.astype(object), lambda: torch.tensor(spoilt),
        ])()  # fmt: skip
    return rng.choice(WRONG)()


# --- the judge ---


def holds_nan(value, depth=0):
    """Say whether there is NaN or infinity somewhere in this."""
    if depth > 4:
        return False
    if isinstance(value, torch.Tensor):
        if value.is_meta or value.layout != torch.strided:
            return True
        small = value.detach().abs() < 1e30  # what is larger may overflow on the way
        return bool(value.numel()) and not bool(small.all())
    if isinstance(value, np.ndarray | np.generic | float | complex):
        found = np.asarray(value)
        return found.dtype.kind in "fc" and not bool(np.isfinite(found).all())
    if isinstance(value, list | tuple):
        return any(holds_nan(v, depth + 1) for v in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return any(holds_nan(v, depth + 1) for v in vars(value).values())
    return False


def sections(function):
    """Names of the errors and warnings that a docstring lists."""
    text = inspect.getdoc(function) or ""
    listed = re.findall(r"\n(?:Raises|Warns)\n-+\n(.*?)(?=\n\w+\n-+\n|\Z)", text, re.DOTALL)
    return set(re.findall(r"\b\w+(?:Error|Warning)\b", "\n".join(listed)))


def named(message, given, bad):
    """Say whether a message names an argument, or what was given for it."""
    if any(re.search(rf"\b{re.escape(name)}\b", message) for name in (*given, *records.COLUMNS)):
        return True
    for value in bad.values():
        with contextlib.suppress(Exception):
            words = [type(value).__name__, str(value)[:12], repr(value)[:12]]
            words += [str(tuple(value.shape))] if hasattr(value, "shape") else []
            words += [str(value.dtype)] if hasattr(value, "dtype") else []
            words += [str(np.ravel(value)[0])] if isinstance(value, np.ndarray | list) else []
            if any(word and word in message for word in words):
                return True
    return False


def last_frame(error):
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame.f_code.co_filename


def verdict(function, given, bad, allowed):
    """Make a wrong call; return what is wrong with its end, or nothing."""
    start = time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with (
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                answer = function(**given)
    except Warning as warning:
        return "" if type(warning).__name__ in allowed else f"warns {warning}"
    except (Exception, SystemExit) as error:
        if type(error).__name__ not in allowed:
            return f"{type(error).__name__}: {error}"
        if not last_frame(error).startswith(HERE):
            return f"raised elsewhere, {type(error).__name__}: {error}"
        if isinstance(error, ValueError | TypeError) and not named(str(error), given, bad):
            return f"nothing named: {error}"
        return ""
    if time.process_time() - start > SLOW:
        return f"took {time.process_time() - start:.1f} s"
    return "is NaN" if is_nan(answer) and not any(map(holds_nan, bad.values())) else ""


def is_nan(answer):
    if isinstance(answer, torch.Tensor):
        return not answer.is_meta and bool(answer.isnan().any())
    known = isinstance(answer, float | np.ndarray | np.generic)
    return known and np.asarray(answer).dtype.kind in "fc" and bool(np.isnan(answer).any())


def failures(name):
    """Make the wrong calls of one function; return what went wrong."""
    function, right = RIGHT[name]
    allowed = {"ValueError", "TypeError"} | sections(function)
    rng, found = random.Random(name), []
    for _ in range(CALLS if right() else 1):
        given = right()
        names = rng.sample(sorted(given), min(len(given), rng.choice([1, 1, 1, 2])))
        bad = {}
        for one in names:
            bad[one] = changed(given[one], rng) if rng.random() < 0.3 else rng.choice(WRONG)()
        if wrong := verdict(function, {**given, **bad}, bad, allowed):
            shown = {}
            for k, v in bad.items():
                with contextlib.suppress(Exception):
                    shown[k] = repr(v)[:80]
            found.append(f"{shown} {wrong}"[:300])
    return found


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """An empty folder to work in, without a network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WGANLIB_OFFLINE", "1")
    monkeypatch.setenv("WGANLIB_DATA", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["wganlib", "score", "nowhere"])


def test_every_public_function_has_a_right_call():
    assert set(public()) == set(RIGHT)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", RIGHT)
def test_wrong_calls_are_refused_by_name_or_answered(name, nowhere):
    found = failures(name)
    assert not found, f"{len(found)} of {CALLS}:\n" + "\n".join(found[:12])

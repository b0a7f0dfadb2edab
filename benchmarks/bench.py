"""Measure what wganlib costs compared with the usual ways: in one run, in turn, on one thread.

Usage: python benchmarks/bench.py [--quick | --render]
Stores every time in results.json and writes the tables of README.md from it. ``--quick`` measures
little, prints the tables and stores nothing; ``--render`` measures nothing.
"""

from __future__ import annotations

import argparse
import csv
import importlib.metadata
import json
import os
import platform
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import ot
import platformdirs
import scipy.stats
import torch
import usual
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from torchvision.datasets import MNIST

from wganlib import data, metrics, mnist, models, records, training, transport
from wganlib.classifier import digit_classifier
from wganlib.lipschitz import gradient_penalty

HERE = Path(__file__).resolve().parent
RUN, SHARE = "mnist-wgan-gp", 0.04  # quality is this run's, at this share of noise's distance
FASTER, ABOVE_BARE = 2.3, 1.35  # goals: than the usual way; times the convolutions alone
CONVOLUTIONS = "wganlib, its convolutions alone"
ARITHMETIC = "wganlib, its arithmetic alone"
CONVOLUTIONAL = (torch.nn.Conv2d, torch.nn.ConvTranspose2d)
ON_THE_LINE, IN_THE_PLANE = (100, 3_000, 100_000), (64, 256, 1024)
PACKAGES = ("numpy", "pot", "scipy", "torch", "torchvision")
Way = Callable[[], object]


def alternate(ways: dict[str, Way], *, rounds: int, per: int = 1) -> dict[str, dict]:
    """Run every way once a round, in turn; return wall and CPU milliseconds, one entry a round.

    Neighbours in time share what else the machine does, so ratios are taken within a round.
    ``per`` is what one call counts for.
    """
    times = {name: {"wall": [], "cpu": []} for name in ways}
    for turn in range(rounds + 1):  # the first warms up
        for name, way in ways.items():
            wall, cpu = time.perf_counter(), time.process_time()
            way()
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            if turn:
                times[name]["wall"].append(round(1e3 * wall / per, 4))
                times[name]["cpu"].append(round(1e3 * cpu / per, 4))
    return times


# --- the training step ----------------------------------------------------------------------------


def root() -> str:
    """Return the folder where `wganlib.mnist` keeps the files, for torchvision's own class."""
    return os.environ.get("WGANLIB_DATA") or platformdirs.user_cache_dir("wganlib")


def networks(memory_format: torch.memory_format) -> tuple[torch.nn.Module, torch.nn.Module]:
    """Build the book's pair, width 16, always with the same weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        pair = models.ConvGenerator(), models.ConvCritic()
    return tuple(network.to(memory_format=memory_format) for network in pair)


def lazy_penalty(every: int) -> Callable[..., torch.Tensor]:
    """Take the penalty at every so many critic steps only, and as many times as heavy."""
    calls = count()

    def penalty(critic, real, fake, *, rng):
        if next(calls) % every:
            return real.new_zeros(())
        return every * gradient_penalty(critic, real, fake, rng=rng)

    return penalty


def step_ways(digits: data.Images, images: MNIST, n_steps: int) -> dict[str, Way]:
    """Return the ways to train: the usual, its habits dropped one by one, ours, and departures."""
    config = training.TrainConfig(n_steps=n_steps, learning_rate=1e-3)

    def usually(memory_format=torch.contiguous_format, on_device=True, **habits) -> Way:
        rng = torch.Generator().manual_seed(0)
        batches = usual.from_loader(images, config.batch_size)
        if on_device:
            batches = (digits.batch(config.batch_size, rng) for _ in count())
        pair = networks(memory_format)
        return lambda: usual.train(*pair, batches, config, rng=rng, **habits)

    def ours(penalty=gradient_penalty, autocast: bool = False) -> Way:
        pair = networks(torch.channels_last)

        def way() -> None:
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                training.train(*pair, digits, config, penalty=penalty, progress=False)

        return way

    lean = {"keep_graph": False, "all_gradients": False}
    return {
        "usual, graph kept in the penalty too": usually(on_device=False, through_penalty=True),
        "usual": usually(on_device=False),
        "… images in one tensor": usually(),
        "… and no generator graph in critic steps": usually(keep_graph=False),
        "… and no critic gradients in generator steps": usually(**lean),
        "… and fused Adam": usually(**lean, optimizer=training.adam),
        "… and channels last": usually(torch.channels_last, **lean, optimizer=training.adam),
        "wganlib": ours(),
        "wganlib, bfloat16 autocast": ours(autocast=True),
        "wganlib, penalty every 5th time": ours(lazy_penalty(5)),
        "wganlib, both": ours(lazy_penalty(5), autocast=True),
        ARITHMETIC: repeated(arithmetic_way(config), n_steps),
        CONVOLUTIONS: repeated(convolutions_way(config), n_steps),
    }


def convolutions_way(config: training.TrainConfig) -> Way:
    """Return the convolutions of one generator step, and nothing else of it.

    Passes that no way of making these updates can leave out: through the critic forward for real,
    fake and mixed images, back to the weights for real and fake, back to the mixed images, and the
    derivative of the last, which is one more pass forward and one to the weights. The generator
    goes forward before each critic step, forward and back in its own.
    """
    return _played([call for layer, calls in _layers(config) for call in calls
                    if isinstance(layer, CONVOLUTIONAL)])  # fmt: skip


def arithmetic_way(config: training.TrainConfig) -> Way:
    """Return what `convolutions_way` does, with activations, batch norms and Adam.

    An activation is met by real and fake images forward and back, by mixed ones forward, by the
    slope and by the derivative of the slope. The only products left out are those with the last
    layer's single row and with the latents.
    """
    calls = [call for _, calls in _layers(config) for call in calls]
    for network, times in zip(networks(torch.channels_last), (1, config.n_critic), strict=True):
        for parameter in network.parameters():
            parameter.grad = torch.randn_like(parameter)
        calls.append((training.adam(list(network.parameters()), config).step, times))
    return _played(calls)


def _played(calls: list[tuple[Way, int]]) -> Way:
    """Return a way that makes each call so many times in a row."""

    def way() -> None:
        with torch.no_grad():
            for call, times in calls:
                for _ in range(times):
                    call()

    return way


def _layers(config: training.TrainConfig) -> Iterator[tuple[torch.nn.Module, list]]:
    """Yield the layers of both networks but the linear ones, with their passes in one step."""
    generator, critic = networks(torch.channels_last)
    often, x = config.n_critic, torch.randn(config.batch_size, 1, 28, 28)
    for layer in critic.layers[:6]:
        first = layer is critic.layers[0]
        counts = {"forward": 4 * often + 1, "inputs": (1 if first else 3) * often + 1}
        if not isinstance(layer, CONVOLUTIONAL):
            counts = {"forward": 3 * often + 1, "inputs": 4 * often + 1}
        calls, x = _passes(layer, x, **counts, weights=3 * often)
        yield layer, calls
    x = torch.randn(config.batch_size, 4 * generator.width, 4, 4)
    for layer in generator.layers:
        calls, x = _passes(layer, x, forward=often + 1, inputs=1, weights=1)
        yield layer, calls


def _passes(layer, x: torch.Tensor, *, forward: int, inputs: int, weights: int):
    """Return the passes through a layer, each with its times, and what comes out of it."""
    x = x.contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        out = layer(x)
    if not isinstance(layer, CONVOLUTIONAL):
        return [(partial(layer, x), forward), (_pullback(layer, x, out), inputs)], out
    turned = isinstance(layer, torch.nn.ConvTranspose2d)
    about = (layer.stride, layer.padding, layer.dilation, turned, layer.output_padding, 1)
    back = partial(torch.ops.aten.convolution_backward, out, x, layer.weight, None, *about)
    found = [
        (partial(layer, x), forward),
        (partial(back, [True, False, False]), inputs),
        (partial(back, [False, True, False]), weights),
    ]
    return found, out


def _pullback(layer, x: torch.Tensor, out: torch.Tensor) -> Way:
    """Return PyTorch's own pass back through a layer without a matrix."""
    aten = torch.ops.aten
    match layer:
        case torch.nn.LeakyReLU():
            return partial(aten.leaky_relu_backward, out, x, layer.negative_slope, False)
        case torch.nn.ReLU():
            return partial(aten.threshold_backward, out, x, 0)
        case torch.nn.Tanh():
            return partial(aten.tanh_backward, out, out)
    mean, scale = x.mean((0, 2, 3)), x.var((0, 2, 3)).rsqrt()
    known = (layer.weight, layer.running_mean, layer.running_var, mean, scale)
    return partial(aten.native_batch_norm_backward, out, x, *known, True, layer.eps, [True] * 3)


def quality() -> dict | None:
    """Find the step at which the stored run is good enough; None where it has no scores."""
    path = records.run_folder(RUN) / "scores.csv"
    if not path.exists():
        return None
    with path.open(newline="") as file:
        rows = [(int(row["step"]), float(row["frechet"])) for row in csv.DictReader(file)]
    classifier, test = digit_classifier(), mnist.mnist("test")
    noise = 2 * torch.rand(2_500, 1, 28, 28, generator=torch.Generator().manual_seed(0)) - 1
    real = classifier.features(data.scale_pixels(test.pixels))
    worst = metrics.frechet_distance(real, classifier.features(noise))
    good = [(step, distance) for step, distance in rows if distance <= SHARE * worst]
    step, distance = good[0] if good else (None, min(distance for _, distance in rows))
    return {"run": RUN, "share": SHARE, "noise": round(worst, 3), "step": step,
            "frechet": distance}  # fmt: skip


# --- distances ------------------------------------------------------------------------------------


def line_ways(n: int) -> dict[str, Way]:
    """Return four routes to W₁ between two samples of n numbers."""
    x, y = np.random.default_rng(0).normal(size=(2, n))
    return {
        "wasserstein_1d": partial(transport.wasserstein_1d, x, y),
        "ot.wasserstein_1d": partial(ot.wasserstein_1d, x, y),
        "scipy.stats.wasserstein_distance": partial(scipy.stats.wasserstein_distance, x, y),
        "np.sort": lambda: np.abs(np.sort(x) - np.sort(y)).mean(),
    }


def plane_ways(n: int) -> dict[str, Way]:
    """Return three routes to W₁ between two samples of n points in the plane."""
    x, y = np.random.default_rng(0).normal(size=(2, n, 2))
    weights = np.full(n, 1 / n)

    def assignment() -> float:
        cost = cdist(x, y)
        return cost[linear_sum_assignment(cost)].mean()

    return {
        "exact_w1": partial(transport.exact_w1, x, y),
        "ot.emd2": lambda: ot.emd2(weights, weights, cdist(x, y)),
        "scipy.optimize.linear_sum_assignment": assignment,
    }


def repeated(way: Way, times: int) -> Way:
    """Call a way so often that the clock can see it."""

    def many() -> None:
        for _ in range(times):
            way()

    return many


def distances(make: Callable[[int], dict[str, Way]], sizes: tuple, rounds: int) -> dict:
    """Time the routes of one kind at several sizes."""
    found = {}
    for n in sizes:
        often = max(1, 30_000 // n) if make is line_ways else max(1, 1024 // n)
        ways = {name: repeated(way, often) for name, way in make(n).items()}
        found[str(n)] = alternate(ways, rounds=rounds, per=often)
    return found


# --- what is stored and shown ---------------------------------------------------------------------


# What PyTorch calls the arithmetic that no program with these updates can do without.
KERNELS = {
    "convolutions": ("convolution", "convolution_backward", "_convolution", "mkldnn_convolution"),
    "activations": ("leaky_relu", "leaky_relu_backward", "clamp_min", "threshold_backward",
                    "tanh", "tanh_backward"),
    "other layers and Adam": ("native_batch_norm", "native_batch_norm_backward", "mm", "addmm",
                              "_fused_adam_"),
}  # fmt: skip


def shares(digits: data.Images, n_steps: int) -> dict[str, float]:
    """Return which shares of the time of `wganlib`'s step these kernels take while it runs."""
    pair = networks(torch.channels_last)
    how = {"penalty": gradient_penalty, "progress": False}
    training.train(*pair, digits, training.TrainConfig(n_steps=2), **how)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        training.train(*pair, digits, training.TrainConfig(n_steps=n_steps), **how)
    spent = {event.key: event.self_cpu_time_total for event in profile.key_averages()}
    total = sum(spent.values())
    return {kind: round(sum(spent.get(f"aten::{name}", 0) for name in names) / total, 4)
            for kind, names in KERNELS.items()}  # fmt: skip


def measure(*, rounds: int, n_steps: int) -> dict:
    """Measure everything; returns what results.json holds."""
    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    digits = mnist.mnist("train")
    ways = step_ways(digits, MNIST(root(), download=True, transform=usual.PER_IMAGE), n_steps)
    return {
        "machine": machine(),
        "load_before": round(load, 2),
        "rounds": rounds,
        "steps_a_round": n_steps,
        "step": alternate(ways, rounds=rounds, per=n_steps),
        "shares": shares(digits, 3 * rounds),
        "line": distances(line_ways, ON_THE_LINE, rounds),
        "plane": distances(plane_ways, IN_THE_PLANE, rounds),
        "quality": quality(),
    }


def machine() -> dict:
    """Say what was measured on."""
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"model name\s*: (.+)", text)
    return {
        "processor": model[1] if model else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": 1,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{package: importlib.metadata.version(package) for package in PACKAGES},
    }


def quartiles(values: list[float]) -> tuple[float, float, float]:
    """Return the first quartile, the median and the third."""
    return tuple(np.quantile(values, [0.25, 0.5, 0.75]))


def ratio(way: dict, base: dict) -> str:
    """Show the median of the rounds' ratios of CPU time, and its quartiles."""
    low, middle, high = quartiles(np.divide(way["cpu"], base["cpu"]))
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def table(header: list[str], rows: list[list[str]]) -> str:
    """Write a Markdown table whose first column is text and the others numbers."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, rule, *rows])


def step_table(results: dict) -> str:
    """Show milliseconds per generator step, what a habit costs, and how many times ours."""
    step, rows, above = results["step"], [], None
    for name, times in step.items():
        clocks = [f"{quartiles(times[clock])[1]:.0f}" for clock in ("wall", "cpu")]
        saved = ""
        if above and not name.startswith("wganlib, "):
            saved = f"{quartiles(np.subtract(above['cpu'], times['cpu']))[1]:.0f}"
        rows.append([name, *clocks, saved, ratio(times, step["wganlib"])])
        above = times
    header = ["way", "wall, ms", "CPU, ms", "less than above, CPU ms"]
    return table([*header, "CPU, times wganlib's (quartiles)"], rows)


def verdict(results: dict) -> str:
    """Say in words whether the goal is reached."""
    step = results["step"]
    usual, kept, both, bare, least = (
        quartiles(np.divide(step[one]["cpu"], step[other]["cpu"]))[1]
        for one, other in (
            ("usual", "wganlib"),
            ("usual, graph kept in the penalty too", "wganlib"),
            ("usual", "wganlib, both"),
            ("usual", CONVOLUTIONS),
            ("usual", ARITHMETIC),
        )
    )
    over, within = (
        quartiles(np.divide(step[one]["cpu"], step[CONVOLUTIONS]["cpu"]))[1]
        for one in ("wganlib", ARITHMETIC)
    )
    first = "reaches" if usual >= FASTER else "misses"
    second = "reaches" if over <= ABOVE_BARE else "misses"
    return (
        f"With the same updates the usual way takes {usual:.2f} times as long as `wganlib`'s step, "
        f"{kept:.2f} times where the graph is kept in the penalty too: that {first} the goal of "
        f"{FASTER}. `wganlib` takes {over:.2f} times as long as its convolutions alone: that "
        f"{second} the goal of {ABOVE_BARE}. They alone would be {bare:.1f} times as fast as the "
        f"usual way; with activations, batch norms and Adam {least:.2f} times, at {within:.2f} "
        "times the convolutions. With both departures `wganlib`'s step is "
        f"{both:.1f} times as fast.\n\n{limits(results, usual, over)}"
    )


def limits(results: dict, usual: float, over: float) -> str:
    """Say what would be left of the step if it were nothing but its arithmetic."""
    found = results["shares"]
    all_of_it = sum(found.values())
    parts = ", ".join(f"{kind} {share:.0%}" for kind, share in found.items())
    return (
        f"In a profile of `wganlib`'s step the kernels that do its arithmetic take {all_of_it:.0%} "
        f"of the time ({parts}). If all else, autograd, Python and the copying of memory, cost "
        f"nothing, the usual way would take {usual / all_of_it:.2f} times as long, and the step "
        f"{over * all_of_it:.2f} times as long as its convolutions alone: no program with these "
        "updates and kernels can do better."
    )


def quality_table(results: dict) -> str:
    """Show seconds to equal quality for the ways that have the same mathematics."""
    found = results["quality"]
    if found is None:
        return f"The run `{RUN}` has no scores yet."
    goal = f"{found['share']:g} of noise's {found['noise']:g}"
    if found["step"] is None:
        return f"`{found['run']}` does not reach {goal}; its best is {found['frechet']:g}."
    rows = [
        [name, f"{found['step']:,}", f"{found['step'] * quartiles(times['cpu'])[1] / 1e3:.0f}"]
        for name, times in results["step"].items()
        if name.startswith("usual") or name == "wganlib"
    ]
    note = f"Fréchet distance {found['frechet']:g}, below {goal}."
    return table(["way", "generator steps", "CPU, s"], rows) + f"\n\n{note}"


def distance_table(times: dict) -> str:
    """Show a wganlib function's time, and how many times those of the bare routes it is."""
    ours, *others = next(iter(times.values()))
    rows = [
        [f"{int(n):,}", f"{quartiles(ways[ours]['cpu'])[1]:.3g}",
         *(ratio(ways[ours], ways[other]) for other in others)]
        for n, ways in times.items()
    ]  # fmt: skip
    return table(["n", f"`{ours}`, CPU ms", *(f"times `{other}`" for other in others)], rows)


def machine_line(results: dict) -> str:
    """Name machine, versions and how much was measured."""
    about = "; ".join(f"{key} {value}" for key, value in results["machine"].items())
    return (
        f"{about}. {results['rounds']} rounds of {results['steps_a_round']} generator steps; "
        f"load {results['load_before']} before the start."
    )


def tables(results: dict) -> dict[str, str]:
    """Render everything that README.md shows."""
    return {
        "machine": machine_line(results),
        "step": f"{step_table(results)}\n\n{verdict(results)}",
        "quality": quality_table(results),
        "line": distance_table(results["line"]),
        "plane": distance_table(results["plane"]),
    }


def fill(text: str, shown: dict[str, str]) -> str:
    """Replace what stands between ``<!-- name -->`` and ``<!-- end -->``."""
    for name, content in shown.items():
        slot = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        text, found = slot.subn(lambda m, c=content: m[1] + c + "\n" + m[2], text)
        if found != 1:
            raise ValueError(f"README.md has {found} places for the table {name!r}, expected 1")
    return text


def main() -> None:
    """Measure, store and render, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--quick", action="store_true", help="measure little, print, store nothing")
    how.add_argument("--render", action="store_true", help="only write README.md's tables again")
    arguments = parser.parse_args()
    if arguments.quick:
        shown = tables(measure(rounds=2, n_steps=1))
        print("\n\n".join(shown.values()))
        return
    store, page = HERE / "results.json", HERE / "README.md"
    if arguments.render:
        results = json.loads(store.read_text()) | {"quality": quality()}
    else:
        results = measure(rounds=10, n_steps=3)
    store.write_text(json.dumps(results, indent=1) + "\n")
    page.write_text(fill(page.read_text(), tables(results)))


if __name__ == "__main__":
    main()

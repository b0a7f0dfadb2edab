"""Let 64 pictures minimise exact W₁ to digits, on whole pictures and on patches.

A discrete generator has no network: its pictures are its parameters. Fills `results.csv`, a set of
pictures a row, `pictures.safetensors`, what they look like, and `early.csv`, starts that a test
repeats. One thread, some minutes; goes on where it was cut off.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor
from torch.nn.functional import unfold

from wganlib import data, mnist, transport
from wganlib._files import atomic_write
from wganlib.records import load_run

from .experiment import Experiment
from .provenance import Log
from .tables import read_rows, write_table

SEEDS, N_PICTURES, N_REAL = range(3), 64, 1024
EXACTLY = "donot_use_mm_for_euclid_dist"
N_STEPS, EARLY, PLACES, BATCH = 300, 3, 6, 512
LEARNING_RATE, N_KEPT = 0.05, 32
TRAINED = "compare-wgan-gp"  # stored runs of 1,600 generator steps


@dataclass(frozen=True)
class Cut:
    """How pictures are cut into patches, whose laws are compared.

    Attributes
    ----------
    side, stride : int
        Of the square patches, in pixels.
    anywhere : bool
        Compare one law of the patches from all places, instead of one law for each place.
    """

    side: int
    stride: int
    anywhere: bool = False

    def laws(self, pictures: Tensor) -> Tensor:
        """Cut pictures, shape ``(n, 1, 28, 28)``, to ``(places, n, side²)``."""
        patches = unfold(pictures, self.side, stride=self.stride).permute(2, 0, 1)
        return patches.flatten(0, 1)[None] if self.anywhere else patches


CUTS = {
    "whole pictures": Cut(28, 28),
    "14 by place": Cut(14, 7),
    "7 by place": Cut(7, 3),
    "7 anywhere": Cut(7, 3, anywhere=True),
}


def digits(split: str, n: int, seed: int) -> Tensor:
    """Draw digits of MNIST, shape ``(n, 1, 28, 28)``, in [−1, 1]."""
    images = mnist.mnist(split)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))[:n]
    return data.scale_pixels(images.pixels[order])


def w1(fake: Tensor, real: Tensor) -> tuple[float, Tensor]:
    """Return exact W₁ of two clouds, data units, and its gradient at the fakes."""
    plan = transport.optimal_plan(fake.double(), real.double())
    pull = torch.as_tensor(plan.matrix, dtype=fake.dtype)
    pull = pull / torch.cdist(fake, real, compute_mode=EXACTLY).clamp(min=1e-6)
    return plan.cost, pull.sum(dim=1, keepdim=True) * fake - pull @ real


def some(clouds: Tensor, n: int, rng: torch.Generator) -> Tensor:
    """Draw n of many patches, and all of few."""
    if len(clouds) <= n:
        return torch.arange(len(clouds))
    return torch.randperm(len(clouds), generator=rng)[:n]


def objective(cut: Cut, fake: Tensor, real: Tensor, rng: torch.Generator, places: int) -> Tensor:
    """Return mean W₁ of the patches' laws over some places, with the exact gradient."""
    ours, theirs = cut.laws(fake), cut.laws(real)
    total = 0.0
    for place in some(ours, places, rng):
        mine, other = ours[place], theirs[place]
        mine, other = mine[some(mine, BATCH, rng)], other[some(other, BATCH, rng)]
        value, slope = w1(mine.detach(), other)
        total = total + value + (slope * (mine - mine.detach())).sum()  # its value, its gradient
    return total / min(places, len(ours))


def fit(name: str, seed: int, *, n_steps: int = N_STEPS) -> Tensor:
    """Minimise; returns the pictures, shape ``(64, 1, 28, 28)``."""
    cut, real = CUTS[name], digits("train", N_REAL, seed)
    rng = torch.Generator().manual_seed(seed)
    noise = torch.randn(N_PICTURES, *real.shape[1:], generator=rng)
    pictures = (real.mean(dim=0) + 0.3 * noise).clamp(-1, 1).requires_grad_()
    optimizer = torch.optim.Adam([pictures], lr=LEARNING_RATE)
    for step in range(n_steps):
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * (1 - step / N_STEPS)
        optimizer.zero_grad()
        (N_PICTURES * objective(cut, pictures, real, rng, PLACES)).backward()
        optimizer.step()
        with torch.no_grad():
            pictures.clamp_(-1, 1)
    return pictures.detach()


def sharpness(pictures: Tensor) -> float:
    """Return the mean absolute difference of neighbouring pixels, in data units."""
    across, down = pictures.diff(dim=3).abs().mean(), pictures.diff(dim=2).abs().mean()
    return ((across + down) / 2).item()


def measure(pictures: Tensor, seed: int) -> dict:
    """Measure exact W₁ to held-out digits in each cut, at all places, and sharpness."""
    real, rng = digits("test", N_REAL, seed), torch.Generator().manual_seed(seed)
    row = {"sharpness": sharpness(pictures)}
    for name, cut in CUTS.items():
        draws = 16 if cut.anywhere else 1
        values = [float(objective(cut, pictures, real, rng, places=10**3)) for _ in range(draws)]
        row[name.replace(" ", "_")] = sum(values) / draws
    return row


def rivals(seed: int) -> dict[str, Tensor]:
    """Return pictures that minimise nothing here: digits, their mean, and a generator's."""
    rng = torch.Generator().manual_seed(seed)
    generator = load_run(f"{TRAINED}-{seed}").generator.eval()
    with torch.no_grad():
        drawn = generator(generator.sample_latent(N_PICTURES, rng))
    mean = digits("train", N_REAL, seed).mean(dim=0, keepdim=True)
    return {
        "other digits": digits("train", N_REAL + N_PICTURES, seed)[N_REAL:],
        "their mean": mean.expand(N_PICTURES, -1, -1, -1),
        "WGAN-GP": drawn,
    }


def fill(folder: Path, log: Log) -> None:
    """Fit and measure what is not stored yet; the pictures of seed 0 are kept."""
    early = [{"minimised": name} | measure(fit(name, 0, n_steps=EARLY), 0) for name in CUTS]
    write_table(folder / "early.csv", early)
    rows, path = read_rows(folder / "results.csv"), folder / "pictures.safetensors"
    kept = safetensors.torch.load_file(path) if path.exists() else {}
    done = {(row["pictures"], row["seed"]) for row in rows}
    for seed in SEEDS:
        others = rivals(seed)
        for name in (*CUTS, *others):
            if (name, seed) in done:
                continue
            pictures = fit(name, seed) if name in CUTS else others[name]
            rows.append({"pictures": name, "seed": seed} | measure(pictures, seed))
            logging.getLogger(__name__).info("%s", rows[-1])
            if seed == 0:
                levels = ((pictures[:N_KEPT] + 1) * 127.5).round().to(torch.uint8)
                kept[name.replace(" ", "_")] = levels.contiguous()
                atomic_write(path, safetensors.torch.save(kept))
            write_table(folder / "results.csv", rows)


EXPERIMENT = Experiment(
    name="ch13-patches",
    about="chapter 13: pictures that minimise exact W₁ on whole pictures and on patches",
    fill=fill,
    files=("results.csv", "pictures.safetensors", "early.csv"),
    seed=list(SEEDS),
    data="MNIST, 1,024 training digits a seed, measured against 512 of the test set at a place",
    after=tuple(f"{TRAINED}-{seed}" for seed in SEEDS),
)

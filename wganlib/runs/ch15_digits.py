"""Train digits on demand with three critics: one that projects, one that concatenates, one blind.

All have the settings of the run ``mnist-first``, fewer steps and a smaller latent, and differ in
how the critic takes the label. Fills `looks.csv` (how often the digit shown is the digit demanded,
and the Fréchet distance, as training goes on), and of the trained generators `confusion.csv` (what
is read for each demand), `classes.csv` (variety and exact W₁ for each class), `scores.csv`
(precision, recall, density, coverage), and `joint.csv` (exact W₁ of the laws of image and label,
for several prices of a wrong label); `early.csv`, the losses of the first steps;
`generator.safetensors`, one generator in half precision; `ignored.png`, digits of one whose critic
is blind. All distances are in the classifier's features. It can be stopped and goes on; seven
minutes on one thread.
"""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from wganlib import data, metrics, mnist, models, training, transport
from wganlib.classifier import digit_classifier

from . import trained
from .experiment import Experiment
from .provenance import Log
from .scores import N_SAMPLES, real_features
from .tables import read_rows, write_table

SEEDS, N_STEPS, LATENT, N_CLASSES = (0, 1), 1_500, 20, 10
LOOKS, EARLY = (50, 100, 200, 400, 800, N_STEPS), 30
EACH = 200  # images of a class that are compared, of MNIST's test images and of the fakes
PRICES, EACH_JOINT = (0.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0), 60
KEPT = ("projection", 0)
TABLES = ("looks", "confusion", "classes", "scores", "joint", "early")


class BlindCritic(nn.Module):
    """A critic that is given the label and does not look at it."""

    def __init__(self, n_classes: int = N_CLASSES):
        super().__init__()
        self.arguments = {"n_classes": n_classes}
        self.n_classes, self.critic = n_classes, models.ConvCritic()

    def forward(self, images: Tensor, condition: Tensor) -> Tensor:
        """Score images, whatever the label."""
        return self.critic(images)

    def value_and_gradient(self, images: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Write scores and slope down: see `wganlib.slope.written_out`."""
        return self.critic.value_and_gradient(images)


class ConcatenatingCritic(nn.Module):
    """A critic that sees the label as ten more channels, one of which is 1 at all pixels."""

    def __init__(self, n_classes: int = N_CLASSES):
        super().__init__()
        self.arguments = {"n_classes": n_classes}
        self.n_classes, self.critic = n_classes, models.ConvCritic(channels=1 + n_classes)

    def forward(self, images: Tensor, condition: Tensor) -> Tensor:
        """Score images together with the planes of their labels."""
        return self.critic(self._with_planes(images, condition))

    def value_and_gradient(self, images: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Write scores and the slope in the image down: see `wganlib.slope.written_out`."""
        scores, gradient = self.critic.value_and_gradient(self._with_planes(images, condition))
        return scores, gradient[:, :1]

    def _with_planes(self, images: Tensor, condition: Tensor) -> Tensor:
        planes = nn.functional.one_hot(condition, self.n_classes)[..., None, None].to(images)
        planes = planes.expand(-1, -1, *images.shape[2:])  # (batch, classes, height, width)
        return torch.cat([images, planes], dim=1)


ARMS: dict[str, Callable[[], nn.Module]] = {
    "projection": lambda: models.ConvCritic(n_classes=N_CLASSES),
    "concatenation": ConcatenatingCritic,
    "ignored": BlindCritic,
}


def untrained_pair(arm: str, seed: int) -> tuple[nn.Module, nn.Module]:
    """Build a generator and the critic of an arm; the generator is the same for all arms."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return models.ConvGenerator(LATENT, n_classes=N_CLASSES), ARMS[arm]()


def config_of(seed: int) -> training.TrainConfig:
    """Return the numbers of chapter 9's run of five minutes, for fewer steps."""
    numbers = trained.table()["mnist-first"]["config"]
    return training.TrainConfig(**{**numbers, "n_steps": N_STEPS, "seed": seed})


def demands() -> Tensor:
    """Return the labels of 2,500 of the test images, always the same: what is demanded."""
    return mnist.mnist("test").labels[_order()[:N_SAMPLES]]


def fakes(generator: nn.Module) -> Tensor:
    """Draw the digits that `demands` asks for from latents fixed by a seed."""
    rng = torch.Generator().manual_seed(1)
    return models.sample(generator, N_SAMPLES, condition=demands(), rng=rng)


def look(generator: nn.Module) -> dict[str, float]:
    """Score 2,500 digits on demand: obedience, and the Fréchet distance to the test images."""
    fake, classifier = fakes(generator), digit_classifier()
    read = classifier.probabilities(fake).argmax(dim=1)
    distance = metrics.frechet_distance(real_features(), classifier.features(fake))
    return {"obeys": (read == demands()).float().mean().item(), "frechet": distance}


def spread(features: Tensor) -> tuple[float, float]:
    """Return the mean distance of two of the samples, and its standard error over the samples."""
    if (n := len(features)) < 3:
        return math.nan, math.nan
    apart = torch.cdist(features.double(), features.double())
    each = apart.sum(dim=1) / (n - 1)  # mean distance to the others, (n,)
    return each.mean().item(), 2 * each.std().item() / n**0.5


class Yardstick:
    """Test images of each class in two halves: what fakes are compared with, and what it gives."""

    def __init__(self) -> None:
        test, order = mnist.mnist("test"), _order()
        halves = order[:N_SAMPLES], order[N_SAMPLES:]  # of the first, the labels are demanded
        images = [data.scale_pixels(test.pixels[half]) for half in halves]
        self.classifier, self.labels = digit_classifier(), [test.labels[half] for half in halves]
        self.features = [self.classifier.features(half) for half in images]

    def of_class(self, half: int, label: int, n: int = EACH) -> Tensor:
        """Return the features of the first n test images of a class in a half."""
        return self.features[half][self.labels[half] == label][:n]

    def classes(self, features: Tensor, read: Tensor) -> list[dict]:
        """Return for each class obedience, spread and exact W₁, of fakes and of real digits."""
        rows, asked = [], self.labels[0]
        for label in range(N_CLASSES):
            given, real = features[asked == label], self.of_class(1, label)
            (wide, error), (real_wide, real_error) = spread(features[read == label]), spread(real)
            row = {"label": label, "obeys": (read[asked == label] == label).double().mean().item()}
            row |= {"n_read": int((read == label).sum()), "spread": wide, "error": error}
            row |= {"spread_real": real_wide, "error_real": real_error}
            row["w1"] = transport.exact_w1(given[:EACH], real)
            rows.append(row | {"floor": transport.exact_w1(self.of_class(0, label), real)})
        return rows

    def scores(self, features: Tensor) -> dict[str, float]:
        """Return four popular scores against as many test images, with k = 5."""
        real = self.features[0]
        found = metrics.precision_recall(real, features)._asdict()
        return found | metrics.density_coverage(real, features)._asdict()

    def joint(self, features: Tensor) -> list[dict]:
        """Return exact W₁ of the joint laws of features and label, for several prices."""
        asked, n = self.labels[0], EACH_JOINT
        fake = torch.cat([features[asked == label][:n] for label in range(N_CLASSES)])
        real = torch.cat([self.of_class(1, label, n) for label in range(N_CLASSES)])
        floor = torch.cat([self.of_class(0, label, n) for label in range(N_CLASSES)])
        return [
            {"price": a, "w1": _joint_w1(fake, real, a), "floor": _joint_w1(floor, real, a)}
            for a in PRICES
        ]


def _joint_w1(fake: Tensor, real: Tensor, price: float) -> float:
    """Return exact W₁ where both sides have equally many samples of each class, in its order."""
    labels = np.arange(len(fake)) * N_CLASSES // len(fake)
    cost = torch.cdist(fake.double(), real.double()).numpy()
    cost = cost + price * (labels[:, None] != labels[None, :])
    even = np.full(len(cost), 1 / len(cost))
    matrix, _, _ = transport.network_simplex(cost, even, even)
    return float(np.vdot(matrix, cost))


def _order() -> Tensor:
    """Return the test images' places in an order that is always the same."""
    return torch.randperm(10_000, generator=torch.Generator().manual_seed(0))


def train(arm: str, seed: int, until: int = N_STEPS, **options: object) -> tuple:
    """Train one pair; return the averaged generator and the history."""
    generator, critic = untrained_pair(arm, seed)
    average = copy.deepcopy(generator)
    how = trained.how(trained.table()["mnist-first"]) | {"average": average, "until": until}
    if watch := options.pop("watch", None):
        how["callback"] = lambda step, generator, critic: watch(step, average)
    digits = mnist.mnist("train")
    history = training.train(generator, critic, digits, config_of(seed), **how, **options)
    return average, history


def early_rows(arm: str, history: training.History) -> list[dict]:
    """Return the losses of the first steps of a run."""
    names = ("w1_estimate", "penalty", "generator_loss")
    columns = [getattr(history, name) for name in names]
    rows = [
        {"arm": arm, "step": step, **dict(zip(names, values, strict=True))}
        for step, *values in zip(history.step, *columns, strict=True)
    ]
    return [row for row in rows if row["step"] <= EARLY]


class Tables:
    """The tables in a folder; a row with the same keys is replaced, so that runs can go on."""

    KEYS = ("arm", "seed", "step", "label", "demanded", "price")

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = {name: read_rows(folder / f"{name}.csv") for name in TABLES}

    def add(self, name: str, rows: list[dict]) -> None:
        """Add rows, or replace those of an earlier start, and write the file."""
        kept = {self._key(row): row for row in [*self.rows[name], *rows]}
        self.rows[name] = list(kept.values())
        write_table(self.folder / f"{name}.csv", self.rows[name])

    def has(self, name: str, **about: object) -> bool:
        """Say whether there is a row with these values."""
        return any(about.items() <= row.items() for row in self.rows[name])

    def _key(self, row: dict) -> tuple:
        return tuple(row.get(key) for key in self.KEYS)


def measure(tables: Tables, about: dict, generator: nn.Module, yardstick: Yardstick) -> None:
    """Add what the trained generator of one run does to the tables; the last comes last."""
    fake = fakes(generator)
    features = yardstick.classifier.features(fake)
    read, asked = yardstick.classifier.probabilities(fake).argmax(dim=1), demands()
    counts = torch.zeros(N_CLASSES, N_CLASSES, dtype=torch.int64)
    counts.index_put_((asked, read), torch.ones_like(asked), accumulate=True)
    rows = [{f"read_{k}": n for k, n in enumerate(row)} for row in counts.tolist()]
    tables.add("confusion", [about | {"demanded": k} | row for k, row in enumerate(rows)])
    tables.add("classes", [about | row for row in yardstick.classes(features, read)])
    tables.add("scores", [about | yardstick.scores(features)])
    tables.add("joint", [about | row for row in yardstick.joint(features)])


def fill(folder: Path, log: Log) -> None:
    """Train what is not in the tables yet; each run keeps a checkpoint while it is trained."""
    tables, yardstick = Tables(folder), Yardstick()
    real = {"arm": "real digits", "seed": -1} | yardstick.scores(yardstick.features[1][:N_SAMPLES])
    tables.add("scores", [real])
    for seed, arm in product(SEEDS, ARMS):
        about = {"arm": arm, "seed": seed}
        if tables.has("joint", **about):
            continue

        def watch(step: int, average: nn.Module, about: dict = about) -> None:
            if step in LOOKS:
                tables.add("looks", [about | {"step": step} | look(average)])
            log.save()

        checkpoint = log.next_to(f"{arm}-{seed}.safetensors")
        generator, history = train(arm, seed, watch=watch, checkpoint=checkpoint)
        if seed == SEEDS[0]:
            tables.add("early", early_rows(arm, history))
            keep(folder, arm, generator)
        measure(tables, about, generator, yardstick)
        checkpoint.unlink(missing_ok=True)
        logging.getLogger(__name__).info("%s", tables.rows["looks"][-1])


def keep(folder: Path, arm: str, generator: nn.Module) -> None:
    """Store the one generator that is kept, or the picture of the one that was not led."""
    if arm == KEPT[0]:
        trained.save_halved(folder / "generator.safetensors", generator)
    if arm == "ignored":
        rng, asked = torch.Generator().manual_seed(2), torch.arange(N_CLASSES).repeat_interleave(10)
        images = models.sample(generator, len(asked), condition=asked, rng=rng)
        pixels = ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).numpy()
        grid = pixels.reshape(10, 10, 28, 28).transpose(0, 2, 1, 3).reshape(280, 280)
        trained.save_image(folder / "ignored.png", grid)


EXPERIMENT = Experiment(
    name="ch15-digits",
    about="chapter 15: digits on demand, with three ways for the critic to take the label",
    fill=fill,
    files=(*(f"{name}.csv" for name in TABLES), "generator.safetensors", "ignored.png"),
    seed=list(SEEDS),
    data="MNIST train, 60,000 images; scored on MNIST test",
    after=("digit-classifier",),
)

"""Data of one's own, with known laws: coloured pictures, a table, a periodic field.

What chapter 14 and its experiments have in common: the laws, the networks, and a training that is
looked at with held-out data.
"""

from __future__ import annotations

import copy
import logging
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from PIL import Image, ImageDraw
from torch import Tensor, nn

from wganlib import data, images, losses, metrics, models, training
from wganlib.lipschitz import gradient_penalty
from wganlib.records import run_folder

from .provenance import Log
from .tables import read_rows, write_table
from .trained import save_halved

WEIGHTS = "generator.safetensors"  # of the first training of an experiment
EARLY = 5  # steps of a training that a test repeats; rounding grows in later ones
EVERY = 100  # steps between two looks

# --- a folder of pictures: one of three shapes in one of six colours, on paper of any grey --------

KINDS = ("disc", "ring", "stripes")
COLOURS = ("#d62728", "#1f77b4", "#2ca02c", "#ff7f0e", "#9467bd", "#17becf")


def draw_picture(rng: np.random.Generator) -> tuple[str, Image.Image]:
    """Draw a shape at random, between 40 and 119 pixels wide and high."""
    kind, colour = rng.choice(KINDS), rng.choice(COLOURS)
    width, height = rng.integers(40, 120, 2).tolist()
    paper, side = int(rng.integers(200, 256)), min(width, height)
    picture = Image.new("RGB", (width, height), (paper, paper, paper))
    pen, radius = ImageDraw.Draw(picture), rng.uniform(0.26, 0.4) * side
    x, y = (s / 2 + rng.uniform(-0.08, 0.08) * side for s in (width, height))
    box = (x - radius, y - radius, x + radius, y + radius)
    if kind == "disc":
        pen.ellipse(box, fill=colour)
    elif kind == "ring":
        pen.ellipse(box, outline=colour, width=max(2, round(0.4 * radius)))
    else:
        half = side / 14
        for middle in (y - side / 3.5, y, y + side / 3.5):
            pen.rectangle((0, middle - half, width, middle + half), fill=colour)
    return str(kind), picture


def load_pictures(seed: int, n: int) -> Tensor:
    """Draw pictures into a folder, load them as a user does; shape ``(n, 3, 32, 32)``."""
    with tempfile.TemporaryDirectory() as folder:
        write_pictures(Path(folder), n, seed)
        found = images.load_images(folder, size=32, progress=False)
    return data.scale_pixels(found.pixels)


N_PICTURES, N_PICTURES_HELD = 2_048, 1_024


def picture_samples() -> tuple[Tensor, Tensor, Tensor]:
    """Return training pictures, held-out ones and fresh ones, shape ``(n, 3, 32, 32)``."""
    known = load_pictures(1, N_PICTURES + N_PICTURES_HELD)
    return known[:N_PICTURES], known[N_PICTURES:], load_pictures(2, N_PICTURES_HELD)


def picture_generator(seed: int = 0) -> models.ConvGenerator:
    """Return the untrained generator: the stock one, smaller, for 32 pixels and colour."""
    return untrained(models.ConvGenerator, seed, 32, 8, size=32, channels=3)


def write_pictures(folder: Path, n: int, seed: int) -> list[str]:
    """Fill a folder with pictures of mixed sizes; return the kind of each, by file name."""
    rng, kinds = np.random.default_rng(seed), []
    for number in range(n):
        kind, picture = draw_picture(rng)
        picture.save(folder / f"{number:05}.png")
        kinds.append(kind)
    return kinds


def kind_of(pictures: Tensor) -> np.ndarray:
    """Tell disc (0), ring (1) and stripes (2): by colour at both edges, then in the middle."""
    colourful = pictures.amax(dim=1) - pictures.amin(dim=1)  # (n, height, width), of [-1, 1]
    side = colourful.shape[-1]
    edges = colourful[:, :, [0, 1, -2, -1]].mean(dim=2).amax(dim=1)
    core = slice(side // 2 - side // 16, side // 2 + side // 16)
    middle = colourful[:, core, core].mean(dim=(1, 2))
    return torch.where(edges > 0.4, 2, torch.where(middle > 0.4, 0, 1)).numpy()


# --- a table: rentals of bicycles -----------------------------------------------------------------

BIKES, MEMBER = ("city", "tour", "race"), ("no", "yes")
BIKE_SHARE, MEMBER_SHARE = (0.5, 0.3, 0.2), (0.2, 0.5, 0.8)  # the second given the bicycle
KM, KM_SPREAD, PRICE_SPREAD = (3.0, 10.0, 30.0), 0.5, 0.1  # medians, and deviations of logarithms
TEMPERATURE = 0.2  # of the Gumbel softmax, as CTGAN has it
SIZES = (len(BIKES), len(MEMBER))  # of the one-hot groups


def joint_shares() -> Tensor:
    """Return the probability of each bicycle and membership, shape ``(3, 2)``."""
    bike, yes = torch.tensor(BIKE_SHARE), torch.tensor(MEMBER_SHARE)
    return torch.stack([bike * (1 - yes), bike * yes], dim=1)


def tariff(km: Tensor, member: Tensor) -> Tensor:
    """Return the price without its spread, in euros."""
    return (2 + 0.3 * km) * (1 - 0.2 * member)


def draw_table(n: int, rng: torch.Generator) -> Tensor:
    """Draw rentals: number of the bicycle, member (0 or 1), kilometres, euros; shape ``(n, 4)``."""
    bike = torch.multinomial(torch.tensor(BIKE_SHARE), n, replacement=True, generator=rng)
    member = (torch.rand(n, generator=rng) < torch.tensor(MEMBER_SHARE)[bike]).float()
    z = torch.randn(2, n, generator=rng)
    km = torch.tensor(KM)[bike] * torch.exp(KM_SPREAD * z[0])
    price = tariff(km, member) * torch.exp(PRICE_SPREAD * z[1])
    return torch.stack([bike.float(), member, km, price], dim=1)


def encode(table: Tensor, like: Tensor) -> Tensor:
    """Turn rows into one-hot groups and logarithms of mean 0 and deviation 1 in another table."""
    hot = [nn.functional.one_hot(table[:, i].long(), k) for i, k in enumerate(SIZES)]
    logs, known = table[:, 2:].log(), like[:, 2:].log()
    return torch.cat([*hot, (logs - known.mean(dim=0)) / known.std(dim=0)], dim=1)


def decode(rows: Tensor, like: Tensor) -> Tensor:
    """Turn encoded rows, also soft ones, back into a table: the largest entry of a group wins."""
    bike, member, numbers = rows.split([*SIZES, 2], dim=1)
    known = like[:, 2:].log()
    logs = numbers * known.std(dim=0) + known.mean(dim=0)
    whole = [group.argmax(dim=1, keepdim=True).float() for group in (bike, member)]
    return torch.cat([*whole, logs.exp()], dim=1)


def rentals() -> tuple[Tensor, Tensor, Tensor]:
    """Return 2,048 rows to train on, 1,024 held-out ones and 2,048 fresh ones, in their units."""
    rng = torch.Generator().manual_seed(14)
    known = draw_table(3_072, rng)
    return known[:2_048], known[2_048:], draw_table(2_048, rng)


def table_samples() -> tuple[Tensor, ...]:
    """Return them encoded, shape ``(n, 7)``; means and deviations are those of the training."""
    rows = rentals()
    return tuple(encode(part, like=rows[0]) for part in rows)


class TableGenerator(models.MLPGenerator):
    """Fully connected, with a head for each one-hot group: softmax, gumbel or none.

    The noise of a Gumbel head is a function of further latents, so that a sample depends on its
    latent alone.
    """

    def __init__(self, head: str, latent_dim: int = 16, *, width: int = 64):
        super().__init__(latent_dim, sum(SIZES) + 2, width=width, depth=2)
        self.head, self.inputs = head, latent_dim
        self.latent_dim = latent_dim + (sum(SIZES) if head == "gumbel" else 0)

    def forward(self, latent: Tensor) -> Tensor:
        """Map latents to encoded rows, shape ``(batch, 7)``."""
        z, noise = latent[:, : self.inputs], latent[:, self.inputs :]
        *groups, numbers = self.layers(z).split([*SIZES, 2], dim=1)
        if self.head == "gumbel":
            gumbel = -torch.log(-torch.special.log_ndtr(noise))  # of -log(-log(uniform))
            parts = zip(groups, gumbel.split(SIZES, dim=1), strict=True)
            groups = [(group + part) / TEMPERATURE for group, part in parts]
        if self.head != "none":
            groups = [group.softmax(dim=1) for group in groups]
        return torch.cat([*groups, numbers], dim=1)


# --- a field: Gaussian, periodic, with a known spectrum -------------------------------------------

SIDE = 16


def frequencies() -> Tensor:
    """Return the length of each wave vector in waves a side, shape ``(16, 16)``."""
    k = torch.fft.fftfreq(SIDE) * SIDE
    return torch.hypot(k[:, None], k[None, :])


def spectrum() -> Tensor:
    """Return the power of each wave; its mean is 1, the variance of a value. Shape (16, 16)."""
    power = (1 + (frequencies() / 2) ** 2) ** -2
    return power / power.mean()


def draw_fields(n: int, rng: torch.Generator) -> Tensor:
    """Draw fields: white noise whose waves are weighted; shape ``(n, 1, 16, 16)``, variance 1."""
    white = torch.fft.fft2(torch.randn(n, 1, SIDE, SIDE, generator=rng))
    return torch.fft.ifft2(white * spectrum().sqrt()).real


def field_samples() -> tuple[Tensor, Tensor, Tensor]:
    """Return 8,192 training fields, 1,024 held-out ones and 2,048 fresh ones."""
    rng = torch.Generator().manual_seed(14)
    held, fresh, known = (draw_fields(size, rng) for size in (1_024, 2_048, 8_192))
    return known, held, fresh


class FieldGenerator(models.ConvGenerator):
    """The stock generator without its tanh: a Gaussian field has no bounds."""

    def __init__(self, latent_dim: int = 64):
        super().__init__(latent_dim, 16, size=SIDE)
        self.layers[-1] = nn.Identity()


# --- a training that is looked at -----------------------------------------------------------------


def untrained(make: type, seed: int, *arguments: object, **named: object) -> nn.Module:
    """Return a network with initial weights fixed by the seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make(*arguments, **named)


def energy(x: Tensor, y: Tensor) -> float:
    """Return the energy distance of two samples, unbiased, so that it may be below 0."""
    x, y = x.flatten(1).double(), y.flatten(1).double()
    within = [torch.cdist(side, side).sum() / (len(side) * (len(side) - 1)) for side in (x, y)]
    return (2 * torch.cdist(x, y).mean() - sum(within)).item()


@torch.no_grad()
def look(generator: nn.Module, held: Tensor, fresh: Tensor) -> dict[str, float]:
    """Compare samples with held-out data, and with fresh draws, which a user does not have."""
    fake = models.sample(generator, len(held), rng=torch.Generator().manual_seed(0))
    batches = {"batch_size": 128, "n_batches": 8, "rng": torch.Generator().manual_seed(0)}
    exact = metrics.minibatch_w1(held, fake, **batches)
    return {
        "w1": exact.value,
        "w1_error": exact.standard_error,
        "floor": exact.sampling_floor,
        "energy": energy(held, fake),
        "fresh": energy(fresh, fake),
    }


def config(seed: int, n_steps: int, **numbers: float) -> training.TrainConfig:
    """Return a training's numbers: an average is kept, and a look is taken every hundred steps."""
    every = min(EVERY, n_steps)
    return training.TrainConfig(
        n_steps=n_steps, seed=seed, averaging=0.99, log_every=every, checkpoint_every=every,
        **numbers,
    )  # fmt: skip


def watch(
    pair: tuple[nn.Module, nn.Module],
    samples: tuple[Tensor, Tensor, Tensor],
    config: training.TrainConfig,
    *,
    one_sided: bool = False,
) -> tuple[nn.Module, list[dict]]:
    """Train on the first of three samples; return the average, and a look at it now and then."""
    (generator, critic), (real, held, fresh), rows = pair, samples, []
    average = copy.deepcopy(generator)

    def callback(step: int, generator: nn.Module, critic: nn.Module) -> None:
        with torch.no_grad():
            fake = models.sample(generator, 1_000, rng=torch.Generator().manual_seed(1))
            estimate = losses.w1_estimate(critic(held[:1_000]), critic(fake)).item()
        rows.append({"step": step, "estimate": estimate} | look(average, held, fresh))

    penalty = partial(gradient_penalty, one_sided=one_sided)
    how = {"penalty": penalty, "average": average, "callback": callback}
    training.train(generator, critic, real, config, progress=False, **how)
    return average.eval(), rows


def make(
    folder: Path,
    trainings: list[dict],
    train: Callable[..., tuple[nn.Module, list[dict]]],
    log: Log,
) -> None:
    """Train all of a list that are not stored yet, and store looks and the first generator."""
    path = folder / "results.csv"
    rows = read_rows(path)
    for training_of in trainings:
        if any(training_of.items() <= row.items() for row in rows):
            continue
        average, looks = train(**training_of)
        if training_of == trainings[0]:
            save_halved(folder / WEIGHTS, average)
        rows += [training_of | row for row in looks]
        write_table(path, rows)
        log.save()
        logging.getLogger(__name__).info("%s", rows[-1])
    early = train(**trainings[0], n_steps=EARLY)[1]
    write_table(folder / "early.csv", [trainings[0] | row for row in early])


def load(generator: nn.Module, experiment: str) -> nn.Module:
    """Give a generator the weights that an experiment stored, in place."""
    path = run_folder(experiment) / WEIGHTS
    generator.load_state_dict(safetensors.torch.load_file(path))
    return generator.eval()


# --- judges: three permutation tests --------------------------------------------------------------

Statistic = Callable[[Tensor, Tensor], Tensor]  # of the places of two halves in a pool


def marginals(pool: Tensor) -> Statistic:
    """Mean exact W1 of the columns of two halves, in standard deviations of each column."""
    pool = pool.flatten(1)
    spread = pool.std(dim=0)

    def statistic(a: Tensor, b: Tensor) -> Tensor:
        gaps = pool[a].sort(dim=0).values - pool[b].sort(dim=0).values
        return (gaps.abs().mean(dim=0) / spread).mean()

    return statistic


def joint(pool: Tensor) -> Statistic:
    """Energy distance of two halves, biased: never below 0."""
    far = torch.cdist(pool.flatten(1), pool.flatten(1))

    def statistic(a: Tensor, b: Tensor) -> Tensor:
        sign = torch.ones(len(far))
        sign[b] = -1
        return -(sign @ far @ sign) / len(a) ** 2

    return statistic


def copies(pool: Tensor, fake: Tensor) -> Statistic:
    """Share of fakes whose nearest row of the pool is in its first half."""
    nearest = torch.cdist(fake.flatten(1), pool.flatten(1)).argmin(dim=1)

    def statistic(a: Tensor, b: Tensor) -> Tensor:
        inside = torch.zeros(len(a) + len(b))
        inside[a] = 1
        return inside[nearest].mean()

    return statistic


def judge(statistic: Statistic, n: int, rng: torch.Generator) -> tuple[float, float]:
    """Return a statistic of two halves over its median under 99 relabellings, and the p-value."""
    orders = [torch.arange(n), *(torch.randperm(n, generator=rng) for _ in range(99))]
    found = torch.stack([statistic(*order.split(n // 2)) for order in orders])
    return (found[0] / found[1:].median()).item(), (found >= found[0]).double().mean().item()

"""Let three judges look at good and at bad generators of known laws, again and again.

Fills `results.csv`, a verdict a row. One thread, two minutes; it can be stopped and goes on with
the next law.
"""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from wganlib import models

from . import own_data
from .experiment import Experiment
from .provenance import Log
from .tables import read_rows, write_table

LAWS, JUDGES = ("table", "field", "pictures"), ("marginals", "joint", "copies")
CANDIDATES = ("fresh", "trained", "memoriser", "dropped", "shuffled")
REPETITIONS, N, N_POOL = 20, 300, 2_048


def trained(law: str) -> models.Generator:
    """Return the generator that the law's own experiment stored."""
    generator = {
        "table": lambda: own_data.TableGenerator("gumbel"),
        "field": own_data.FieldGenerator,
        "pictures": own_data.picture_generator,
    }[law]()
    return own_data.load(generator, f"ch14-{law}")


def drawn(law: str, n: int, rng: torch.Generator) -> Tensor:
    """Draw fresh samples of a law, as the judges see them."""
    if law == "table":
        rows = own_data.draw_table(n, rng)
        return own_data.encode(rows, like=own_data.rentals()[0])
    if law == "field":
        return own_data.draw_fields(n, rng)
    seed = int(torch.randint(10**6, (), generator=rng))
    return own_data.load_pictures(seed, n)


def dropped(law: str, samples: Tensor) -> Tensor:
    """Leave out racing bicycles, fields whose mean is below 0, or rings."""
    keep = {
        "table": lambda x: x[:, 2] < 0.5,
        "field": lambda x: x.mean(dim=(1, 2, 3)) > 0,
        "pictures": lambda x: torch.from_numpy(own_data.kind_of(x) != 1),
    }[law]
    return samples[keep(samples)]


def shuffled(law: str, samples: Tensor, rng: torch.Generator) -> Tensor:
    """Take columns, pixels or colour channels from different samples: all marginals stay."""
    sizes = {"table": (*own_data.SIZES, 1, 1), "field": (1,) * own_data.SIDE**2}
    groups = samples.flatten(1).split(sizes.get(law, 32**2), dim=1)
    parts = [group[torch.randperm(len(group), generator=rng)] for group in groups]
    return torch.cat(parts, dim=1).view_as(samples)


def seen(samples: Tensor) -> Tensor:
    """Return what the judges look at: of pictures, means of 4x4 pixels."""
    return avg_pool2d(samples, 4) if samples.ndim == 4 and samples.shape[1] == 3 else samples


def verdicts(law: str, repetition: int, known: Tensor, fresh: Tensor) -> list[dict]:
    """Let all judges look at all candidates; return a row for each verdict."""
    rng = torch.Generator().manual_seed(repetition)
    fresh = fresh[torch.randperm(len(fresh), generator=rng)]
    held, other, rest = fresh[:N], fresh[N : N + N_POOL], fresh[N + N_POOL :]
    candidates = {
        "fresh": rest,
        "trained": models.sample(trained(law), N, rng=rng),
        "memoriser": known[torch.randperm(len(known), generator=rng)],
        "dropped": dropped(law, rest),
        "shuffled": shuffled(law, rest, rng),
    }
    rows = []
    for name, samples in candidates.items():
        fake, both = seen(samples[:N]), torch.cat([seen(held), seen(samples[:N])])
        pool = torch.cat([seen(known), seen(other)])
        judges = (own_data.marginals(both), own_data.joint(both), own_data.copies(pool, fake))
        for judge, statistic in zip(JUDGES, judges, strict=True):
            size = len(pool) if judge == "copies" else len(both)
            ratio, p_value = own_data.judge(statistic, size, rng)
            about = {"law": law, "candidate": name, "judge": judge, "repetition": repetition}
            rows.append(about | {"ratio": ratio, "p_value": p_value})
    return rows


def pools(law: str) -> tuple[Tensor, Tensor]:
    """Return what the memoriser knows, and fresh samples to draw from."""
    known = getattr(own_data, f"{law.removesuffix('s')}_samples")()[0][:N_POOL]
    return known, drawn(law, 3 * N + N_POOL + 1_200, torch.Generator().manual_seed(20))


def fill(folder: Path, log: Log) -> None:
    """Judge all laws, and store after each."""
    path = folder / "results.csv"
    rows = read_rows(path)
    for law in LAWS:
        if any(row["law"] == law for row in rows):
            continue
        known, fresh = pools(law)
        for repetition in range(REPETITIONS):
            rows += verdicts(law, repetition, known, fresh)
        write_table(path, rows)
        log.save()
        logging.getLogger(__name__).info("%s", rows[-1])


EXPERIMENT = Experiment(
    name="ch14-judges",
    about="chapter 14: three judges of good and bad generators, again and again",
    fill=fill,
    files=("results.csv",),
    seed=list(range(REPETITIONS)),
    data="the laws of wganlib.runs.own_data",
    after=("ch14-table", "ch14-field", "ch14-pictures"),
)

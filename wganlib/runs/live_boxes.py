"""Ten boxes of digits and what ten metrics say of each, as chapter 10 computes both.

Fills `pictures.png` (a box a row: the first 18 of its pictures) and `results.csv` (a box a row:
each metric, and how many standard deviations of honest pairs it lies on the bad side of them).

The cells of the chapter are run as they stand, so that the figure to play with shows the chapter's
own pictures and numbers. So it needs a clone of the book. One thread, about a minute.
"""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib
import numpy as np

from wganlib.plotting import grey_levels

from . import tables, trained
from .experiment import Experiment
from .provenance import CLONE, Log

CHAPTER = CLONE / "book" / "ch10_which_samples_are_good.ipynb"
BOXES, TABLE = "fig-ch10-boxes", "fig-ch10-jury"  # the figures whose cells make them
SHOWN = 18
METRICS = (
    *("frechet", "precision", "recall", "density", "coverage"),
    *("entropy", "nearest", "copies", "w1", "critic"),
)


def names_after(figure: str) -> dict:
    """Run the chapter's cells up to the one of a figure; return all names that they define."""
    if not CHAPTER.is_file():
        raise FileNotFoundError(f"{CHAPTER} is missing, whose cells are run: do it in a clone")
    names: dict = {}
    before = matplotlib.get_backend()
    matplotlib.use("template")  # draws nothing
    try:
        with matplotlib.rc_context():
            _run(json.loads(CHAPTER.read_text(encoding="utf8"))["cells"], figure, names)
    finally:
        matplotlib.use(before)
    return names


def _run(cells: list[dict], figure: str, names: dict) -> None:
    """Run cells up to the one of a figure."""
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
            if cell["metadata"].get("mystnb", {}).get("figure", {}).get("name") == figure:
                return


def picture(boxes: dict) -> np.ndarray:
    """Return the first pictures of each box as one image of grey values, a box a row."""
    rows = [np.hstack(list(grey_levels(box[:SHOWN]))) for box in boxes.values()]
    return np.rint(255 * np.vstack(rows)).astype(np.uint8)


def fill(folder: Path, log: Log) -> None:
    """Run the chapter as far as its table, and store boxes and table."""
    names = names_after(TABLE)
    trained.save_image(folder / "pictures.png", picture(names["boxes"]))
    table = zip(names["boxes"], names["scores"], names["deviation"], strict=True)
    tables.write_table(
        folder / "results.csv",
        [
            {"box": box.replace(",", "")}  # which parts the columns of a table
            | dict(zip(METRICS, scores.tolist(), strict=True))
            | {f"{key}_off": off for key, off in zip(METRICS, offs.tolist(), strict=True)}
            for box, scores, offs in table
        ],
    )


EXPERIMENT = Experiment(
    name="live-boxes",
    about="chapter 10, to guess: ten boxes of digits and what ten metrics say of them",
    fill=fill,
    files=("results.csv", "pictures.png"),
    seed=0,
    data="MNIST, 20,000 training images and 7,500 test images",
    after=("digit-classifier", "mnist-wgan-gp"),
)

"""Draw the training that runs in the book's pages at a few of its steps: a series of pictures.

`python tools/film.py` runs the engine of the live figures in a browser, from a seed and without a
clock, and lets the figures' own code paint it.  It writes book/_static/training.png, which README
shows, and the still picture of the front page's figure with its dark twin, opening.png and
opening.dark.png.  It takes some four minutes; the book need not be built.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from chromium import chromium
from PIL import Image
from playwright.sync_api import Page

from wganlib import palette

ROOT = Path(__file__).resolve().parents[1]
STATIC = ROOT / "book/_static"
WAYS = {"gan": "GAN", "clip": "WGAN, clipped"}
WAYS |= {"two-sided": "WGAN-GP, two-sided", "one-sided": "WGAN-GP, one-sided"}
STEPS = [0, 30, 100, 300, 1000]
OPENING = 1000  # the step of the front page's picture
SHARP = 2  # pixels of a picture to one of the screen
DPI = 200  # on paper
COLOURS = 64  # of a picture: shades of grey, and two colours with their edges
PAGE = """<html data-theme="{theme}"><style>{colours}</style><body>
<script src="live/core.js"></script><script src="live/product.js"></script>
<script src="live/engine.js"></script><script src="live/stage.js"></script></body></html>"""
TRAIN = """async ({ way, steps, size }) => {
    const parts = ["product", "engine", "stage"].map(name => live.data(name));
    const [product, engine, stage] = await Promise.all(parts);
    const one = engine(product()).training({ ...stage.START, way }), seen = [];
    for (let at = 0; at <= Math.max(...steps); at++, one.advance()) {
        if (!steps.includes(at)) continue;
        const look = one.look(), canvas = document.createElement("canvas");
        stage.paint(canvas, size, { ...look, map: one.map(...stage.MAP) });
        const { step, w1, estimate } = look;
        seen.push({ step, w1, estimate, picture: canvas.toDataURL().split(",")[1] });
    }
    return seen;
}"""

Look = dict[str, Any]


def train(page: Page, way: str, steps: Sequence[int], size: int, theme: str) -> list[Look]:
    """Train in an empty page and return what is seen at some steps, with pictures."""
    draft = STATIC / "draft.html"
    draft.write_text(PAGE.format(theme=theme, colours=palette.css()), encoding="utf8")
    page.goto(draft.as_uri(), wait_until="load")
    draft.unlink()
    given = {"way": way, "steps": list(steps), "size": size}
    looks = page.evaluate(TRAIN, given)
    return [look | {"picture": _image(look["picture"])} for look in looks]


def _image(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB")


def series(rows: dict[str, list[Look]]) -> Image.Image:
    """Put trainings below each other, their steps side by side, with distances and estimates."""
    grid = {"left": 0.04, "right": 0.995, "top": 0.96, "bottom": 0.035, "wspace": 0.04}
    shape = (len(rows), len(STEPS))
    figure, axes = plt.subplots(*shape, figsize=(10, 9.3), gridspec_kw=grid | {"hspace": 0.15})
    for (name, looks), line in zip(rows.items(), axes, strict=True):
        line[0].set_ylabel(name, fontsize=11, color=palette.INK)
        for look, axis in zip(looks, line, strict=True):
            axis.imshow(np.asarray(look["picture"]))
            axis.set(xticks=[], yticks=[])
            axis.set_xlabel(f"exact W₁ {look['w1']:.2f}", fontsize=10, color=palette.QUIET)
            axis.spines[:].set_color(palette.GRID)
    for look, axis in zip(looks, axes[0], strict=True):
        axis.set_title(f"step {look['step']}", fontsize=11, color=palette.QUIET)
    target = io.BytesIO()
    figure.savefig(target, dpi=130, facecolor=palette.PAPER)
    plt.close(figure)
    return Image.open(target).convert("RGB")


def store(image: Image.Image, name: str) -> None:
    """Write a picture with few colours into the folder of the site's own files."""
    target = STATIC / name
    small = image.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, kmeans=2, dither=0)
    small.save(target, optimize=True, dpi=(DPI, DPI))
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size / 1000:.0f} kB", flush=True)


def main() -> None:
    """Train every way, and draw."""
    with chromium() as browser:
        page = browser.new_page(device_scale_factor=SHARP)
        for theme, ending in {"light": "png", "dark": "dark.png"}.items():
            [look] = train(page, "one-sided", [OPENING], 320, theme)
            store(look["picture"], f"opening.{ending}")
        rows = {name: train(page, way, STEPS, 240, "light") for way, name in WAYS.items()}
    store(series(rows), "training.png")


if __name__ == "__main__":
    main()

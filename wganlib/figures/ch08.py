"""Figures of chapter 8: a WGAN on digits while it trains."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from PIL import Image, ImageDraw, ImageFont

from wganlib.palette import AXIS, CRITIC, FAKE, OTHERS, TRUTH
from wganlib.plotting import label_at


def loss_and_samples(
    axes: Sequence[Axes], history: object, grids: Mapping[int, np.ndarray]
) -> None:
    r"""Draw the critic's loss above columns of samples, each below the moment it was drawn at.

    Parameters
    ----------
    axes : sequence of Axes
        Two axes, the upper for the loss; both get the logarithm of the step as abscissa,
        the upper one a scale that is logarithmic beyond one unit on both sides of zero.
    history : History
        With lists `step` and `critic_loss`, in score units.
    grids : mapping
        For each generator step a grid of images of 28 x 28 pixels, uint8, of at least five rows;
        the first image of five rows is shown. Steps grow by about the same factor.
    """
    top, bottom = axes
    step, loss = np.log10(history.step), np.asarray(history.critic_loss)
    moments = np.log10([*grids])
    top.axhline(0, color=AXIS, linewidth=0.8)
    top.plot(step, loss, color=CRITIC, gid="loss")
    top.plot(moments, np.interp(moments, step, loss), "o", color=FAKE, gid="moment")
    half = 0.3 * np.diff(moments).min()
    for place, grid in zip(moments, grids.values(), strict=True):
        column = 255 - grid[: 5 * 28, :28]
        box = (place - half, place + half, 0, 5)
        bottom.imshow(column, cmap="gray", vmin=0, vmax=255, extent=box)
    bottom.set(ylim=(0, 5), aspect=2 * half, yticks=[], xlabel="generator step")
    bottom.set_xticks(moments, [f"{s:,}" for s in grids])
    bottom.spines[:].set_visible(False)
    bottom.tick_params(length=0)
    top.set_yscale("symlog", linthresh=1)
    top.set(xticks=moments, xticklabels=[], ylabel="critic loss\n(score units)")
    for ax in axes:
        ax.set_xlim(moments[0] - 1.3 * half, moments[-1] + 1.3 * half)


def slope_and_variety(
    axes: Sequence[Axes], watched: Mapping[str, np.ndarray], variety: np.ndarray
) -> None:
    r"""Draw what a critic says, how steep it is, and how alike its pushes and the fakes are.

    Parameters
    ----------
    axes : sequence of Axes
        Two axes, the left one logarithmic: values that are not positive leave a gap.
    watched : mapping
        Under `step` the generator steps, under `estimate` what the critic says (score units), under
        `slope` its mean slope (score units a data unit), under `agreement` how well the pushes on
        different fakes agree (0 to 1), and under `mean_gap` the distance between the means of real
        and fake images (data units), drawn dashed; each of shape `(looks,)`.
    variety : ndarray
        Distance of two fakes over that of two real samples, shape `(looks,)`.
    """
    left, right = axes
    step, estimate, slope = (watched[name] for name in ("step", "estimate", "slope"))
    for values, name, color, style in [
        (watched["mean_gap"], "mean images apart", TRUTH, "--"),
        (estimate / slope, "estimate / slope", OTHERS[0], "-"),
        (estimate, "estimate", CRITIC, "-"),
        (slope, "slope", OTHERS[1], "-"),
    ]:
        shown = np.where(values > 0, values, np.nan)
        left.plot(step, shown, style, color=color, label=name, gid=name)
    left.set(yscale="log", xlabel="generator step", ylabel="score or data units")
    left.legend(fontsize=9.5, ncols=2, loc="upper center", bbox_to_anchor=(0.5, 1.25))
    right.plot(step, watched["agreement"], color=CRITIC, gid="agreement")
    right.plot(step, variety, color=FAKE, gid="variety")
    label_at(right, step[len(step) // 4], 0.99, "pushes agree", color=CRITIC, dx=0, dy=4)
    label_at(right, step[-1], 0.55 * variety[-1], "fakes differ", color=FAKE, dx=-4, dy=-4)
    right.set(xlabel="generator step", ylabel="share", ylim=(0, 1.12))


def moving_png(
    frames: Sequence[np.ndarray], captions: Sequence[str], *, seconds: float = 0.25, scale: int = 2
) -> bytes:
    r"""Turn grey pictures into one moving PNG, on white paper, with a caption above each.

    It needs nothing but Pillow, and whatever shows a PNG shows it: where pictures do not move, as
    on paper, it is its last frame.  Sixteen shades of grey keep it small.

    Parameters
    ----------
    frames : sequence of ndarray
        Pictures of one shape `(height, width)`, uint8; 0 is drawn white, 255 as ink.
    captions : sequence of str
        One for each frame, as short as the frame is wide.
    seconds : float
        How long a frame is shown; the last stays eight times as long.
    scale : int
        Pixels of the film for one pixel of a frame, in each direction.

    Returns
    -------
    bytes
        The film, for `IPython.display.Image(data=...)` or a file that ends in `.png`.

    Raises
    ------
    ValueError
        If there is not one caption for each frame.

    Examples
    --------
    >>> film = moving_png([np.zeros((28, 28), "uint8")] * 3, ["1", "2", "3"])
    >>> Image.open(io.BytesIO(film)).n_frames
    4
    """
    if not 0 < len(frames) == len(captions):
        raise ValueError(f"{len(frames)} frames and {len(captions)} captions: one for each, please")
    pictures = [_captioned(*pair, scale) for pair in zip(frames, captions, strict=True)]
    file, last = io.BytesIO(), len(pictures) - 1
    pictures[last].save(
        file, "png", save_all=True, default_image=True, append_images=pictures, loop=0,
        duration=[round(1000 * seconds * (8 if i == last else 1)) for i in range(last + 1)],
    )  # fmt: skip
    return file.getvalue()


def _captioned(frame: np.ndarray, caption: str, scale: int) -> Image.Image:
    """Put a frame below its caption, in sixteen shades of grey."""
    height, width = frame.shape
    size, head = (scale * width, scale * height), 12 * scale
    page = Image.new("L", (size[0], size[1] + head), 255)
    page.paste(Image.fromarray(255 - frame).resize(size, Image.Resampling.NEAREST), (0, head))
    font = ImageFont.load_default(9 * scale)
    ImageDraw.Draw(page).text((scale, 0), caption, fill=0, font=font)
    shades = Image.fromarray(np.rint(np.asarray(page) / 17).astype(np.uint8))
    shades.putpalette([17 * shade for shade in range(16) for _ in range(3)])
    return shades


def inside_critics(
    axes: Sequence[Axes],
    weight: object,
    by_layer: Mapping[str, Sequence[float]],
    meters: Mapping[str, object],
) -> None:
    r"""Compare a clipped critic with a penalised one: weights, gradients by layer, slopes.

    Parameters
    ----------
    axes : sequence of Axes
        Three axes.
    weight : Tensor
        Weights of one layer of the clipped critic over the bound c, a tensor.
    by_layer : mapping
        For each critic the length of the score's gradient, from the image to the last hidden layer.
    meters : mapping
        For each critic the reading of `wganlib.lipschitz.lipschitz_meter`; drawn as mean and 5th to
        95th percentile.
    """
    weights, gradients, slopes = axes
    weights.hist(weight.detach().flatten().numpy(), bins=41, color=CRITIC)
    weights.set(xlabel="weight / c", ylabel="number of weights", xticks=[-1, 0, 1])
    spots = ["real", "fake", "mixed", "far"]
    for i, (name, color) in enumerate(zip(by_layer, (CRITIC, OTHERS[0]), strict=True)):
        gradients.plot(by_layer[name], "o-", color=color, gid=name)
        label_at(gradients, 1, by_layer[name][1], name, color=color, dx=7, dy=4)
        for place, spot in enumerate(spots):
            values = getattr(meters[name], spot).numpy()
            ends, x = np.percentile(values, [5, 95]), place + 0.2 * i
            slopes.plot([x, x], ends, color=color, linewidth=1.5, gid=f"{name}, {spot}: range")
            slopes.plot(x, values.mean(), "o", color=color, gid=f"{name}, {spot}: mean")
    places = ["image", *(f"layer {k}" for k in range(1, len(by_layer[name])))]
    gradients.set(yscale="log", ylabel="gradient norm")
    gradients.set_xticks(range(len(places)), places, fontsize=9)
    slopes.set(yscale="log", ylabel="slope (score / data units)")
    slopes.set_xticks(np.arange(4) + 0.1, spots)


def two_ways_to_start(
    axes: Sequence[Axes], runs: Mapping[str, Sequence[Mapping[str, np.ndarray]]]
) -> None:
    r"""Draw early estimates, and quality against cost, for two ways to start.

    Parameters
    ----------
    axes : sequence of Axes
        Two axes.
    runs : mapping
        For each way a run a seed: `step` and `estimate` of its history, and `cost` (critic steps)
        and `frechet` of its scores.
    """
    left, right = axes
    for (name, several), color in zip(runs.items(), (CRITIC, OTHERS[3]), strict=True):
        for i, one in enumerate(several):
            look = {"color": color, "linewidth": 1.4, "label": None if i else name, "gid": name}
            left.plot(one["step"], one["estimate"], **look)
            right.plot(one["cost"], one["frechet"], "o-", markersize=3, **look)
    left.set(xscale="log", xlabel="generator step", ylabel="estimate (score units)")
    right.set(yscale="log", xlabel="critic steps spent", ylabel="Fréchet distance")
    right.set_yticks([350, 500, 700, 1_000], labels=["350", "500", "700", "1,000"])
    right.yaxis.minorticks_off()
    left.legend(fontsize=9.5)

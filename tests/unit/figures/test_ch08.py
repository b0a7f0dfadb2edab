"""Figures of chapter 8: what is drawn is what was measured."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from tests.unit.drawn import curves, points, ticks
from wganlib.figures import ch08
from wganlib.lipschitz import lipschitz_meter


@pytest.fixture
def moments(panels):
    """Draw a loss and samples at two steps, the first without ink, the second all ink."""
    axes = panels()
    history = SimpleNamespace(step=[10, 100, 1000], critic_loss=[-3.0, -2.0, -1.0])
    grids = {step: np.full((224, 224), shade, np.uint8) for step, shade in [(10, 0), (1000, 255)]}
    ch08.loss_and_samples(axes, history, grids)
    return axes


def test_a_loss_is_marked_at_the_moments_of_the_samples(moments):
    top, _ = moments
    np.testing.assert_allclose(points(top, "loss"), [[1, -3], [2, -2], [3, -1]])
    np.testing.assert_allclose(points(top, "moment"), [[1, -3], [3, -1]])


def test_samples_stand_below_their_moment(moments):
    top, bottom = moments
    shades = {}
    for picture in bottom.images:
        left, right = picture.get_extent()[:2]
        shades[round((left + right) / 2, 9)] = {*picture.get_array().flat}
    assert shades == {1.0: {255}, 3.0: {0}}  # no ink is paper
    assert top.get_xlim() == bottom.get_xlim()
    assert ticks(bottom.xaxis) == pytest.approx({"10": 1, "1,000": 3})


def test_the_quotient_drawn_is_the_estimate_over_the_slope(panels):
    left, right = panels()
    watched = {
        "step": np.array([20, 40]),
        "estimate": np.array([6.0, -1.0]),
        "slope": np.array([3.0, 2.0]),
        "agreement": np.array([0.9, 0.8]),
        "mean_gap": np.array([5.0, 4.0]),
    }
    ch08.slope_and_variety((left, right), watched, np.array([0.2, 0.4]))
    shown = {
        (left, "estimate / slope"): [2.0, np.nan],  # what is negative has no logarithm
        (left, "estimate"): [6.0, np.nan],
        (left, "slope"): [3.0, 2.0],
        (left, "mean images apart"): [5.0, 4.0],
        (right, "agreement"): [0.9, 0.8],
        (right, "variety"): [0.2, 0.4],
    }
    for (ax, name), values in shown.items():
        (curve,) = curves(ax, name)
        np.testing.assert_allclose(curve, np.c_[watched["step"], values])


@pytest.fixture
def inside(panels):
    """Draw the inside of two critics whose slopes differ by a factor."""
    axes = panels(3)
    real, fake = torch.randn(2, 40, 3, generator=torch.Generator().manual_seed(0))
    meters = {
        name: lipschitz_meter(
            lambda x, k=k: k * x.square().sum(1), real, fake, rng=torch.Generator().manual_seed(1)
        )
        for name, k in [("clipped", 0.5), ("penalised", 2.0)]
    }
    layers = {"clipped": [1.0, 2.0], "penalised": [3.0, 4.0]}
    ch08.inside_critics(axes, torch.tensor([[-1.0, 1.0], [0.0, 1.0]]), layers, meters)
    return axes, layers, meters


def test_every_weight_is_counted_at_its_size(inside):
    (ax, *_), _, _ = inside
    counts = [(bar.get_x(), bar.get_x() + bar.get_width(), bar.get_height()) for bar in ax.patches]
    assert sum(n for *_, n in counts) == 4
    for weight, n in [(-1.0, 1), (0.0, 1), (1.0, 2)]:
        assert next(m for low, high, m in counts if low - 1e-9 <= weight <= high + 1e-9) == n


def test_gradients_are_drawn_by_layer(inside):
    (_, ax, _), layers, _ = inside
    for name, norms in layers.items():
        np.testing.assert_array_equal(points(ax, name), np.c_[range(2), norms])
    assert ticks(ax.xaxis) == {"image": 0, "layer 1": 1}


def test_slopes_are_drawn_at_their_mean_and_spread(inside):
    (*_, ax), _, meters = inside
    for spot, place in zip(("real", "fake", "mixed", "far"), ticks(ax.xaxis).values(), strict=True):
        for name, meter in meters.items():
            values = getattr(meter, spot)
            ((x, mean),) = points(ax, f"{name}, {spot}: mean")
            assert mean == pytest.approx(values.mean().item())
            assert x == pytest.approx(place, abs=0.11)
            ends = points(ax, f"{name}, {spot}: range")
            np.testing.assert_allclose(ends[:, 1], np.percentile(values, [5, 95]))
    assert [*ticks(ax.xaxis)] == ["real", "fake", "mixed", "far"]


def test_each_way_to_start_has_a_curve_a_seed_and_one_entry_in_the_legend(panels):
    left, right = panels()
    one = {"step": np.array([1, 2]), "estimate": np.array([3.0, 4.0])}
    one |= {"cost": np.array([10, 20]), "frechet": np.array([50.0, 5.0])}
    other = {name: 2 * values for name, values in one.items()}
    ch08.two_ways_to_start((left, right), {"plain": [one, other], "ahead": [other, other]})
    plain = sorted(curves(left, "plain"), key=lambda curve: curve[0, 0])
    np.testing.assert_array_equal(plain, [[[1, 3], [2, 4]], [[2, 6], [4, 8]]])
    np.testing.assert_array_equal(curves(right, "ahead"), [[[20, 100], [40, 10]]] * 2)
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["plain", "ahead"]


@pytest.fixture
def frames():
    """Three pictures, each with one square of ink in another corner."""
    pictures = np.zeros((3, 84, 84), np.uint8)
    pictures[0, :28, :28] = pictures[1, :28, 56:] = pictures[2, 56:, 56:] = 255
    return pictures


def shown(film):
    """Return every picture of a film without its caption, back in the frames' pixels."""
    image, pictures = Image.open(io.BytesIO(film)), []
    for i in range(image.n_frames):
        image.seek(i)
        page = np.asarray(image.convert("L"))
        pictures.append(255 - page[page.shape[0] - 168 :: 2, ::2])
    return image, pictures


def test_a_film_shows_its_frames_in_order_and_its_last_one_where_nothing_moves(frames):
    image, (still, *moving) = shown(ch08.moving_png(frames, ["a", "b", "c"], scale=2))
    np.testing.assert_array_equal(moving, frames)
    np.testing.assert_array_equal(still, frames[-1])
    assert image.info["default_image"]
    assert image.mode == "P"


def test_a_film_stays_longest_on_its_end(frames):
    image = Image.open(io.BytesIO(ch08.moving_png(frames, ["a", "b", "c"], seconds=0.1)))
    durations = []
    for i in range(1, image.n_frames):
        image.seek(i)
        durations.append(image.info["duration"])
    assert durations == [100, 100, 800]


def test_every_frame_of_a_film_has_its_caption_on_paper(frames):
    image = Image.open(io.BytesIO(ch08.moving_png(frames, ["step 1", "", "step 3"], scale=2)))
    inked = []
    for i in range(1, image.n_frames):
        image.seek(i)
        inked.append(np.asarray(image.convert("L"))[:22].min())
    assert inked[0] < 64
    assert inked[1] == 255
    assert inked[2] < 64


def test_greys_of_a_film_are_right_to_a_sixteenth():
    ramp = np.tile(np.linspace(0, 255, 84).astype(np.uint8), (84, 1))
    _, (still, *_) = shown(ch08.moving_png([ramp], ["ramp"]))
    assert np.abs(still.astype(int) - ramp).max() <= 9  # half of 17, rounded up


def test_a_film_without_a_caption_for_each_frame_is_refused(frames):
    with pytest.raises(ValueError, match="3 frames and 2 captions"):
        ch08.moving_png(frames, ["a", "b"])

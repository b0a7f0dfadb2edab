"""The house's look: colours that stay legible, helpers that draw what they say."""

import io

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from tests.unit.drawn import artists, labels, points
from wganlib import plotting


def contrast_with_white(colour):
    channels = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05)


def test_every_colour_of_the_house_is_legible_on_white():
    house = [plotting.REAL, plotting.FAKE, plotting.CRITIC, plotting.INK, *plotting.OTHERS]
    assert min(map(contrast_with_white, house)) >= 3.0  # WCAG 2.2, success criterion 1.4.11
    assert len(set(house)) == len(house)


def test_the_mass_map_runs_from_white_to_dark_without_turning_back():
    luminance = [1.05 / contrast_with_white(c) for c in plotting.MASS(np.linspace(0, 1, 64))[:, :3]]
    assert luminance[0] == pytest.approx(1.05)
    assert np.all(np.diff(luminance) < 0)


def test_the_house_style_frees_figures_of_the_box():
    with mpl.rc_context():
        plotting.use_house_style()
        spines = Figure().add_subplot().spines
        assert not spines["top"].get_visible()
        assert not spines["right"].get_visible()
        assert mpl.rcParams["image.cmap"] == "wganlib.mass"


def test_a_stored_figure_has_a_palette_a_white_ground_and_twice_the_shown_pixels():
    figure = Figure(figsize=(4, 3))
    figure.add_subplot().plot([0, 1], color=plotting.REAL)
    data, shown = plotting.palette_png(figure)
    image = Image.open(io.BytesIO(data))
    assert image.mode == "P"
    assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert (image.width // 2, image.height // 2) == (shown["width"], shown["height"])
    assert tuple(int(plotting.REAL[i : i + 2], 16) for i in (1, 3, 5)) in {
        c for _, c in image.convert("RGB").getcolors(256)
    }


@pytest.mark.parametrize(("dx", "dy"), [(-4, 2), (6, 0), (0, -3)])
def test_a_label_belongs_to_its_point_and_stands_on_the_side_asked_for(ax, dx, dy):
    ax.set(xlim=(0, 4), ylim=(0, 4))
    label = plotting.label_at(ax, 3.0, 2.0, "true value", dx=dx, dy=dy)
    assert labels(ax) == [("true value", (3.0, 2.0))]
    ax.figure.canvas.draw()
    x, y = ax.transData.transform((3.0, 2.0))
    box = label.get_window_extent()
    left, right, below, above = box.x1 < x, box.x0 > x, box.y1 < y, box.y0 > y
    assert (left, right) == (dx < 0, dx > 0)
    assert (below, above) == (dy < 0, dy > 0)


@pytest.mark.parametrize("shape", [(6, 1, 28, 28), (6, 28, 28)])
def test_a_grid_of_six_images_has_three_columns_and_two_rows(ax, shape):
    plotting.image_grid(ax, torch.zeros(shape), gap=2)
    assert ax.images[0].get_array().shape == (2 * 28 + 2, 3 * 28 + 2 * 2)


def test_the_fourth_of_six_images_begins_the_second_row(ax):
    plotting.image_grid(ax, np.arange(6.0).reshape(6, 1, 1, 1) / 5 * np.ones((1, 1, 4, 3)), gap=1)
    drawn = ax.images[0].get_array()
    for number in range(6):
        top, left = 5 * (number // 3), 4 * (number % 3)
        np.testing.assert_allclose(drawn[top : top + 4, left : left + 3], (number / 5 + 1) / 2)
    assert np.all(drawn[4] == 0)  # the gap is paper


def test_images_are_ink_on_paper_in_both_storage_forms(ax):
    pixels = np.zeros((1, 28, 28), np.uint8)
    pixels[0, 3, 5] = 255
    plotting.image_grid(ax, pixels)
    plotting.image_grid(ax, torch.from_numpy(pixels) / 127.5 - 1)
    stored, scaled = (image.get_array() for image in ax.images)
    np.testing.assert_array_equal(stored, scaled)
    assert (stored[3, 5], stored.sum()) == (1.0, 1.0)
    assert ax.images[0].get_cmap()(0.0)[:3] == (1.0, 1.0, 1.0)


def test_images_of_another_shape_are_refused_by_name(ax):
    with pytest.raises(ValueError, match=r"shape \(28, 28\)"):
        plotting.image_grid(ax, np.zeros((28, 28)))


def test_a_running_mean_starts_where_its_window_is_full_and_hides_no_value(ax):
    value = np.arange(10.0) ** 2
    plotting.training_curve(ax, range(10), value, color=plotting.REAL, window=3)
    np.testing.assert_array_equal(points(ax, "values"), np.c_[range(10), value])
    mean = [(value[i - 2] + value[i - 1] + value[i]) / 3 for i in range(2, 10)]
    np.testing.assert_allclose(points(ax, "mean"), np.c_[range(2, 10), mean], rtol=1e-14)


def test_without_a_window_the_values_stand_alone(ax):
    plotting.training_curve(ax, [1, 5], [2.0, 3.0], color=plotting.REAL)
    assert points(ax, "values").tolist() == [[1, 2], [5, 3]]
    assert len(ax.lines) == 1


def test_the_real_line_stands_at_zero_and_the_fake_one_at_theta(ax):
    plotting.parallel_lines(ax, theta=2.0)
    assert points(ax, "real").tolist() == [[0, 0], [0, 1]]
    assert points(ax, "fake").tolist() == [[2, 0], [2, 1]]
    names = dict(labels(ax))
    assert (names["real"], names["fake"], names["θ"]) == ((0, 1), (2, 1), (1, 0.5))
    low, high = ax.get_xlim()
    assert low < 0 < 2 < high


def test_level_lines_of_a_ramp_are_straight_and_equally_spaced(ax):
    plotting.level_lines(ax, lambda points: 0.5 * points[:, 0], limit=2, step=0.25)
    (levels,) = artists(ax, "levels")
    lines = [path.vertices for path in levels.get_paths() if len(path.vertices)]
    places = [np.unique(vertices[:, 0].round(12)) for vertices in lines]
    assert all(len(place) == 1 for place in places)
    np.testing.assert_allclose(np.diff(np.concatenate(places)), 0.5, atol=1e-12)


def test_a_line_joins_each_pair_that_exchanges_mass(ax):
    real, fake = np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([[5.0, 6.0]])
    plotting.two_samples(ax, real, fake, np.array([[0.0], [1.0]]))
    assert points(ax, "pair").tolist() == [[2, 3], [5, 6]]
    assert points(ax, "real").tolist() == real.tolist()
    assert points(ax, "fake").tolist() == fake.tolist()


def test_without_a_plan_two_samples_have_no_lines(ax):
    plotting.two_samples(ax, np.zeros((2, 2)), np.ones((3, 2)))
    assert not ax.findobj(lambda artist: artist.get_gid() == "pair")


def test_runs_are_shown_by_their_median_and_their_range(ax):
    plotting.median_and_range(ax, [5.0, 1.0, 2.0], 7, color="C0")
    assert points(ax, "range").tolist() == [[1.0, 7.0], [5.0, 7.0]]
    assert points(ax, "median").tolist() == [[2.0, 7.0]]


def test_runs_may_stand_upright_too(ax):
    plotting.median_and_range(ax, 7, [5.0, 1.0, 2.0], color="C0")
    assert points(ax, "range").tolist() == [[7.0, 1.0], [7.0, 5.0]]
    assert points(ax, "median").tolist() == [[7.0, 2.0]]


def test_a_hollow_median_differs_from_a_filled_one(ax):
    plotting.median_and_range(ax, [1.0], 1, color="C0", filled=True)
    plotting.median_and_range(ax, [2.0], 1, color="C0", filled=False)
    filled, hollow = (dot.get_markerfacecolor() for dot in artists(ax, "median"))
    assert filled != hollow

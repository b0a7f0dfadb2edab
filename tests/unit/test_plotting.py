"""The house's look: colours that stay legible, helpers that draw what they say."""

import io

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from wganlib import plotting

mpl.use("agg")


@pytest.fixture
def ax():
    return Figure(layout="constrained").add_subplot()


def _contrast_with_white(colour):
    channels = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05)


def test_every_colour_of_the_house_is_legible_on_white():
    house = [plotting.REAL, plotting.FAKE, plotting.CRITIC, plotting.INK, *plotting.OTHERS]
    assert min(map(_contrast_with_white, house)) >= 3.0  # WCAG 2.2, success criterion 1.4.11
    assert len(set(house)) == len(house)


def test_the_mass_map_runs_from_white_to_dark_without_turning_back():
    luminance = [
        1.05 / _contrast_with_white(c) for c in plotting.MASS(np.linspace(0, 1, 64))[:, :3]
    ]
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
    data, shown = plotting._small_png(figure)
    image = Image.open(io.BytesIO(data))
    assert image.mode == "P"
    assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert (image.width // 2, image.height // 2) == (shown["width"], shown["height"])
    assert tuple(int(plotting.REAL[i : i + 2], 16) for i in (1, 3, 5)) in {
        c for _, c in image.convert("RGB").getcolors(256)
    }


def test_a_label_stands_where_its_curve_ends(ax):
    label = plotting.label_at(ax, 3.0, 2.0, "true value", color=plotting.FAKE, dx=-4, dy=2)
    assert label.xy == (3.0, 2.0)
    assert (label.get_ha(), label.get_va()) == ("right", "bottom")
    assert label.get_color() == plotting.FAKE


@pytest.mark.parametrize("shape", [(6, 1, 28, 28), (6, 28, 28)])
def test_a_grid_of_six_images_has_three_columns_and_two_rows(ax, shape):
    plotting.image_grid(ax, torch.zeros(shape), gap=2)
    assert ax.images[0].get_array().shape == (2 * 28 + 2, 3 * 28 + 2 * 2)


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


def test_a_running_mean_starts_where_its_window_is_full(ax):
    plotting.training_curve(ax, range(10), np.arange(10.0), color=plotting.REAL, window=3)
    raw, mean = ax.lines
    assert len(raw.get_xdata()) == 10
    np.testing.assert_allclose(mean.get_xdata(), range(2, 10))
    np.testing.assert_allclose(mean.get_ydata(), np.arange(1.0, 9.0), rtol=1e-15)


def test_level_lines_of_a_ramp_are_straight_and_equally_spaced(ax):
    plotting.level_lines(ax, lambda points: 0.5 * points[:, 0], limit=2, step=0.25)
    lines = [path.vertices for path in ax.collections[-1].get_paths() if len(path.vertices)]
    places = [np.unique(vertices[:, 0].round(12)) for vertices in lines]
    assert all(len(place) == 1 for place in places)
    np.testing.assert_allclose(np.diff(np.concatenate(places)), 0.5, atol=1e-12)


def test_a_ray_joins_each_pair_that_exchanges_mass(ax):
    real, fake = np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([[5.0, 6.0]])
    plotting.rays(ax, real, fake, np.array([[0.0], [1.0]]))
    line, fakes, reals = ax.lines
    np.testing.assert_array_equal(line.get_xydata(), [[5, 6], [2, 3]])
    assert (fakes.get_color(), reals.get_color()) == (plotting.FAKE, plotting.REAL)
    plotting.rays(ax, real, fake)
    assert len(ax.lines) == 5


def test_a_slack_table_has_a_disc_where_mass_is_and_a_number_everywhere(ax):
    slack = np.array([[0.0, 1.5, 0.25], [2.0, 0.0, 0.0]])
    plotting.slack_table(ax, slack, np.array([[0.75, 0.0, 0.0], [0.0, 0.0, 0.25]]))
    large, small = ax.collections[0].get_sizes()
    assert large == 3 * small  # a disc's area is its mass
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), [[0, 0], [2, 1]])
    assert [text.get_text() for text in ax.texts] == [
        "0.00",
        "1.50",
        "0.25",
        "2.00",
        "0.00",
        "0.00",
    ]

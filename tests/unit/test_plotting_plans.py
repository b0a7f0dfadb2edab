"""Pictures of plans: nothing is lost between the plan and the page."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from wganlib import plotting

mpl.use("agg")


@pytest.fixture
def ax():
    return Figure().add_subplot()


def test_a_picture_of_masses_keeps_their_total_and_their_centre():
    rng = np.random.default_rng(0)
    points, mass = rng.uniform(0, 6, size=(40, 2)), rng.dirichlet(np.ones(40))
    picture = plotting.mass_image(points, mass, shape=(7, 7))
    row, column = np.indices((7, 7))
    assert picture.sum() == pytest.approx(1)
    assert (picture * column).sum() == pytest.approx(mass @ points[:, 0])
    assert (picture * row).sum() == pytest.approx(mass @ points[:, 1])


def test_mass_in_the_middle_of_a_pixel_stays_there():
    picture = plotting.mass_image(np.array([[2.0, 1.0]]), np.array([1.0]), shape=(3, 4))
    assert picture[1, 2] == 1
    assert picture.sum() == 1


def test_there_is_an_arrow_for_every_share_and_none_for_nothing(ax):
    plan = np.array([[0.5, 0.0], [0.1, 0.4]])
    plotting.plan_arrows(ax, np.eye(2), np.ones((2, 2)), plan)
    drawn = sorted(a.arrow_patch.get_linewidth() for a in ax.texts)
    assert np.array(drawn) / max(drawn) == pytest.approx(np.array([0.2, 0.8, 1.0]))
    fake, real = ax.collections
    assert fake.get_sizes()[0] == pytest.approx(fake.get_sizes()[1])  # rows sum to 0.5 and 0.5
    assert real.get_sizes()[0] / real.get_sizes()[1] == pytest.approx(0.6 / 0.4)


def test_a_film_names_its_rows_and_its_moments(ax):
    plotting.film(ax, np.ones((2, 3, 4, 4)), names=["moved", "faded"], times=["0", "½", "1"])
    assert ax.images[0].get_array().shape == (8, 12)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["moved", "faded"]
    assert list(ax.get_xticks()) == [1.5, 5.5, 9.5]


def test_names_of_curves_that_end_together_stand_apart(ax):
    plotting.labelled_times(ax, [32, 64], {"slow": [1.0], "a": [0.1, 0.2], "b": [0.1, 0.2]})
    heights = [label.xy[1] for label in ax.texts]
    assert [label.get_text() for label in ax.texts] == ["slow", "a", "b"]
    assert np.all(np.array(heights[:-1]) / heights[1:] >= 2.2 - 1e-12)

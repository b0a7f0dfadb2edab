"""Pictures of earth on a line: the plan can be read off them."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from wganlib import plotting

mpl.use("agg")

X, Y = np.array([0.0, 3.0]), np.array([1.0, 5.0])
PLAN = np.array([[0.5, 0.1], [0.0, 0.4]])


@pytest.fixture
def ax():
    return Figure().add_subplot()


def test_moving_earth_shows_every_pile_every_pit_and_every_load(ax):
    plotting.earth_moving(ax, X, Y, PLAN)
    piles, pits = ax.containers
    assert [bar.get_height() for bar in piles] == pytest.approx([0.6, 0.4])
    assert [bar.get_height() for bar in pits] == pytest.approx([-0.5, -0.5])
    assert [text.get_text() for text in ax.texts] == ["0.5", "0.1", "0.4"]
    arches = [patch for patch in ax.patches if isinstance(patch, mpl.patches.PathPatch)]
    widths = np.array([arch.get_linewidth() for arch in arches])
    assert widths / widths.sum() == pytest.approx([0.5, 0.1, 0.4])
    assert [arch.get_path().vertices[[0, -1], 0].tolist() for arch in arches] == [
        [0, 1],
        [0, 5],
        [3, 5],
    ]


def test_a_plan_s_matrix_names_its_places_and_writes_its_entries(ax):
    plotting.plan_matrix(ax, X, Y, PLAN)
    assert [text.get_text() for text in ax.texts] == ["0.5", "0.1", "0.4"]
    assert [text.get_position() for text in ax.texts] == [(0, 0), (1, 0), (1, 1)]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0", "3"]


def test_two_plans_of_one_pair_share_their_shades(ax):
    a, b = PLAN.sum(axis=1), PLAN.sum(axis=0)
    for plan in (PLAN, np.outer(a, b)):
        plotting.plan_matrix(ax, X, Y, plan)
    first, second = ax.images
    assert first.get_clim() == pytest.approx(second.get_clim())

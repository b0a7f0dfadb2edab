"""Figures of chapter 5."""

import numpy as np
import pytest
import torch

from tests.unit.drawn import artists, curves, labels, points, ticks
from wganlib.figures import ch05


def test_an_arrow_shows_the_direction_of_the_velocity_at_its_place(ax):
    path = np.array([[1.0, 1.0], [0.5, -0.5], [0.1, 0.2]])
    ch05.phase_portrait(ax, lambda theta, s: (5 * s, -3 * theta), path, name="a game")
    (arrows,) = artists(ax, "direction")
    theta, slope = arrows.XY.T
    speed = np.hypot(5 * slope, 3 * theta)
    moving = speed > 1e-6
    np.testing.assert_allclose(arrows.U[moving], (5 * slope / speed)[moving], rtol=1e-12)
    np.testing.assert_allclose(arrows.V[moving], (-3 * theta / speed)[moving], rtol=1e-12)
    assert moving.sum() == moving.size - 1  # the game rests at (0, 0)


def test_a_run_leads_from_its_start_to_its_end(ax):
    path = np.array([[1.0, 1.0], [0.5, -0.5], [0.1, 0.2]])
    ch05.phase_portrait(ax, lambda theta, s: (s, -theta), path, name="a game")
    (run,) = curves(ax, "run")
    np.testing.assert_array_equal(run, path)
    assert points(ax, "start").tolist() == [[1.0, 1.0]]
    assert points(ax, "end").tolist() == [[0.1, 0.2]]
    assert ax.get_title(loc="left") == "a game"


def test_the_path_of_the_mean_and_the_last_samples_are_shown(ax):
    fakes = torch.stack([k + torch.tensor([[-1.0, 0.0], [1.0, 0.5]]) for k in range(3)])
    ch05.mean_path_and_samples(ax, torch.eye(2), fakes, name="a run")
    (mean,) = curves(ax, "mean")
    np.testing.assert_allclose(mean, [[0, 0.25], [1, 1.25], [2, 2.25]])
    assert points(ax, "fake").tolist() == [[1.0, 2.0], [3.0, 2.5]]
    assert points(ax, "centre").tolist() == [[0.0, 1.0], [1.0, 0.0]]


@pytest.fixture
def strips(panels):
    """Draw modes covered and final distances of two groups of three runs."""
    left, right = panels()
    counts = np.arange(2 * 3 * 4).reshape(2, 3, 4) % 9
    distances = np.arange(6.0).reshape(2, 3)
    ch05.modes_covered(left, counts, names=["a", "b"], step=10)
    ch05.final_distances(right, distances, sampling_floor=0.5)
    return left, right, counts, distances


def test_a_strip_shows_the_modes_of_its_run_over_its_steps(strips):
    left, _, counts, _ = strips
    rows = {}
    for image in left.images:
        start, end, bottom, top = image.get_extent()
        assert (start, end) == (0, 40)  # 4 records, 10 steps each
        rows |= dict(zip(np.arange(top + 0.5, bottom), image.get_array().tolist(), strict=True))
        assert image.get_clim() == (0, 8)  # one scale for all groups
    assert rows == dict(zip([0, 1, 2, 4, 5, 6], counts.reshape(6, 4).tolist(), strict=True))
    assert ticks(left.yaxis) == {"a": 1, "b": 5}  # in the middle of each group
    assert left.get_xlim() == (0, 40)


def test_a_final_distance_stands_on_the_row_of_its_strip(strips):
    left, right, _, distances = strips
    drawn = points(right, "run").tolist()
    assert drawn == [[w1, row] for w1, row in zip(distances.flat, [0, 1, 2, 4, 5, 6], strict=True)]
    assert left.get_ylim() == right.get_ylim()
    low, high = right.get_xlim()
    assert low == 0
    assert high > distances.max()


def test_the_sampling_floor_is_marked_where_it_is(strips):
    (line,) = curves(strips[1], "sampling floor")
    assert {*line[:, 0]} == {0.5}
    ((text, (x, _)),) = labels(strips[1])
    assert (text, x) == ("real against real", 0.5)

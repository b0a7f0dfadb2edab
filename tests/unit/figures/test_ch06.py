"""Figures of chapter 6: what is drawn is what was measured."""

from itertools import product

import numpy as np
import pytest

from tests.unit.drawn import curves, labels, points
from wganlib.figures import ch06

MIXTURES = [*product([False, True], repeat=4)]  # clipped, sigmoid, log, Adam


@pytest.fixture
def w1():
    """Three runs of each mixture, the median at 0.3 for the first and 0.1 more for each next."""
    return {mix: 0.3 + 0.1 * i + np.array([0.0, -0.02, 0.03]) for i, mix in enumerate(MIXTURES)}


def place(ax, mixture):
    """Height of a mixture by what the axis says there, Adam above RMSProp."""
    clipped, sigmoid, log, adam = mixture
    kind = {(1, 1): "sigmoid, log", (1, 0): "sigmoid", (0, 1): "log", (0, 0): "neither"}
    named = zip(ax.get_yticklabels(), ax.get_yticks(), strict=True)
    free, clip = (y for text, y in named if text.get_text() == kind[sigmoid, log])
    return (clip if clipped else free) + (-0.17 if adam else 0.17)


def test_every_mixture_has_its_median_on_its_own_row(ax, w1):
    ch06.mixture_distances(ax, w1, sampling_floor=0.15)
    wanted = [(np.median(runs), place(ax, mix)) for mix, runs in w1.items()]
    np.testing.assert_allclose(points(ax, "median"), sorted(wanted))
    spans = [(runs.min(), runs.max()) for runs in w1.values()]
    drawn = [(curve[0, 0], curve[1, 0]) for curve in curves(ax, "range")]
    np.testing.assert_allclose(sorted(drawn), sorted(spans))


def test_headings_tell_clipped_from_free(ax, w1):
    ch06.mixture_distances(ax, w1, sampling_floor=0.15)
    heights = {text: y for text, (_, y) in labels(ax) if text.startswith("weights")}
    free, clipped = ax.get_yticks()[:4], ax.get_yticks()[4:]
    assert heights["weights free"] < min(free)
    assert max(free) < heights["weights clipped"] < min(clipped)


def test_the_famous_mixtures_are_named_at_their_runs(ax, w1):
    ch06.mixture_distances(ax, w1, sampling_floor=0.15)
    named = {
        "GAN": (False, True, True, True),
        "WGAN": (True, False, False, False),
        "Adam": (True, True, True, True),
        "RMSProp": (True, True, True, False),
    }
    found = dict(labels(ax))
    for name, mixture in named.items():
        assert found[name] == pytest.approx((w1[mixture].max(), place(ax, mixture)))


def test_what_lies_beyond_the_axis_is_written_as_a_number(ax, w1):
    far = (False, True, False, True)
    w1[far] = np.array([5.0, 47.0, 60.0])
    ch06.mixture_distances(ax, w1, sampling_floor=0.15, limit=6.0)
    assert dict(labels(ax))["47"] == pytest.approx((6.0, place(ax, far)))
    assert len(points(ax, "median")) == 15
    assert ax.get_xlim()[1] == 6.0


def test_the_sampling_floor_is_marked_where_it_is(ax, w1):
    ch06.mixture_distances(ax, w1, sampling_floor=0.15)
    (line,) = curves(ax, "sampling floor")
    assert {*line[:, 0]} == {0.15}


def test_estimates_are_drawn_in_thousandths_and_shares_in_per_cent(panels):
    axes = panels()
    step = np.array([10, 20, 30])
    exact = np.array([[3.0, 2.0, 1.0], [4.0, 3.0, 2.0]])
    said = {"exact": exact, "estimate": exact / 7e3, "share": exact / 50, "sharpened": exact / 40}
    ch06.estimate_and_distance(axes, step, **said)
    for ax, name, factor in [
        (axes[0], "exact", 1),
        (axes[0], "estimate", 1000),
        (axes[1], "share", 100),
        (axes[1], "sharpened", 100),
    ]:
        drawn = sorted(curves(ax, name), key=lambda curve: curve[0, 1])
        np.testing.assert_allclose([curve[:, 0] for curve in drawn], [step] * 2)
        np.testing.assert_allclose([curve[:, 1] for curve in drawn], factor * said[name])


def test_memory_is_one_over_one_minus_beta_in_generator_steps(ax):
    w1 = {
        (1, 0.9, False): np.array([2.0, 1.0, 2.5]),
        (5, 0.9, False): np.array([0.5]),
        (5, 0.0, True): np.array([0.6]),
    }
    ch06.distance_by_memory(ax, w1)
    memory = {0.2: 0.6, 2: 0.5, 10: 2.0}  # generator steps: median
    for (x, y), (steps, median) in zip(points(ax, "median"), memory.items(), strict=True):
        assert x == pytest.approx(steps, rel=0.07)  # a little aside, so that marks do not overlap
        assert y == median
    assert ax.get_xscale() == "log"


def test_a_forgotten_momentum_stands_beside_a_kept_one(ax):
    ch06.distance_by_memory(ax, {(1, 0.5, False): np.ones(2), (1, 0.5, True): np.ones(2)})
    kept, forgotten = points(ax, "median")[:, 0]
    assert kept < 2 < forgotten

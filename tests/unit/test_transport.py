"""Transport: known answers, invariants, independent witnesses, refusals, speed and memory."""

import itertools
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment, linprog
from scipy.spatial.distance import cdist
from scipy.stats import norm, wasserstein_distance

from wganlib import transport
from wganlib.transport import (
    exact_w1,
    network_simplex,
    optimal_plan,
    sliced_w1,
    wasserstein_1d,
    weighted_pair,
    weighted_sample,
)

EPS = np.finfo(np.float64).eps


@pytest.fixture
def rng():
    return np.random.default_rng(2)


def weights(rng, n):
    return rng.dirichlet(np.ones(n))


def lp_value(x, y, a, b):
    """W1 from SciPy's general linear programme: rows sum to a, columns to b."""
    n, m = len(x), len(y)
    sums = np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    return linprog(cdist(x, y).ravel(), A_eq=sums, b_eq=np.concatenate([a, b])).fun


# Known answers


@pytest.mark.parametrize("p", [1, 1.5, 2, 7, 100])
def test_a_shift_costs_its_length(rng, p):
    x = rng.normal(size=50)
    assert wasserstein_1d(x, x + 3.0, p=p) == pytest.approx(3.0, abs=50 * EPS * 10)


def test_a_shift_in_space_costs_its_length(rng):
    x = rng.normal(size=(40, 3))
    assert exact_w1(x, x + np.array([2.0, -1.0, 2.0])) == pytest.approx(3.0, abs=1e-13)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_two_diracs_are_as_far_apart_as_their_points(p):
    assert wasserstein_1d([1.0], [-4.0], p=p) == pytest.approx(5.0, abs=10 * EPS)
    assert exact_w1([[0.0, 0.0]], [[3.0, 4.0]]) == 5.0


def test_a_law_is_as_far_from_a_point_as_its_mean_distance(rng):
    x, a = rng.normal(size=(30, 2)), weights(rng, 30)
    assert exact_w1(x, [[1.0, 1.0]], a) == pytest.approx(
        a @ np.linalg.norm(x - 1.0, axis=1), abs=1e-14
    )


@pytest.mark.parametrize("p", [1, 2])
def test_coins_differ_by_the_root_of_their_bias(p):
    value = wasserstein_1d([0.0, 1.0], [0.0, 1.0], [0.4, 0.6], [0.7, 0.3], p=p)
    assert value == pytest.approx(0.3 ** (1 / p), abs=1e-15 ** (1 / p))


def test_two_normals_meet_their_closed_form_at_midpoint_quantiles():
    z = norm.ppf((np.arange(10_000) + 0.5) / 10_000)  # cut tails: error about 1e-4
    assert wasserstein_1d(z, 3 * z) == pytest.approx(2 * np.sqrt(2 / np.pi), abs=1e-3)
    assert wasserstein_1d(z, 3 * z, p=2) == pytest.approx(2.0, abs=1e-3)


def test_the_worked_example_of_chapter_2_costs_fourteen_tenths():
    x, y = [0.0, 3.0, 6.0], [1.0, 2.0, 8.0]
    plan = optimal_plan(x, y, [0.4, 0.3, 0.3], [0.3, 0.4, 0.3])
    np.testing.assert_allclose(plan.matrix, np.array([[3, 1, 0], [0, 3, 0], [0, 0, 3]]) / 10)
    assert plan.cost == pytest.approx(1.4, abs=1e-15)


def test_one_bad_point_in_a_hundred_counts_by_its_power():
    x = np.zeros(100)
    y = np.r_[np.zeros(99), 10.0]
    assert wasserstein_1d(x, y) == pytest.approx(0.1, abs=1e-14)
    assert wasserstein_1d(x, y, p=2) == pytest.approx(1.0, abs=1e-7)


# Invariants


def test_the_distance_is_a_metric(rng):
    x, y, z = (rng.normal(size=(n, 2)) for n in (7, 9, 8))
    assert exact_w1(x, x) == 0.0
    assert exact_w1(x, y) == pytest.approx(exact_w1(y, x), abs=1e-14)
    assert exact_w1(x, z) <= exact_w1(x, y) + exact_w1(y, z) + 1e-14


@pytest.mark.parametrize("unit", [1e-150, 1e-12, 1.0, 1e12, 1e150])
def test_the_unit_of_length_does_not_matter(rng, unit):
    x, y = rng.normal(size=(2, 100, 2))
    assert exact_w1(unit * x, unit * y) / unit == pytest.approx(exact_w1(x, y), rel=1e-13)


@pytest.mark.parametrize("p", [1, 5, 100])
def test_large_and_small_units_survive_the_power_p(rng, p):
    x, y = rng.normal(size=(2, 20))
    for unit in (1e-100, 1e100):
        scaled = wasserstein_1d(unit * x, unit * y, p=p)
        assert scaled / unit == pytest.approx(wasserstein_1d(x, y, p=p), rel=1e-12)


def test_the_order_of_the_points_does_not_matter(rng):
    x, y, a, b = rng.normal(size=9), rng.normal(size=5), weights(rng, 9), weights(rng, 5)
    i, j = rng.permutation(9), rng.permutation(5)
    assert wasserstein_1d(x[i], y[j], a[i], b[j]) == pytest.approx(
        wasserstein_1d(x, y, a, b), abs=1e-14
    )


def test_points_without_weight_play_no_part():
    far = 1e6
    assert wasserstein_1d([0, far], [1.0], [1.0, 0.0], p=2) == 1.0
    assert exact_w1([[0, 0], [far, far]], [[3.0, 4.0]], [1.0, 0.0]) == 5.0


def test_a_split_point_is_the_same_point(rng):
    x, y = rng.normal(size=(6, 2)), rng.normal(size=(4, 2))
    assert exact_w1(np.repeat(x, 3, axis=0), y) == pytest.approx(exact_w1(x, y), abs=1e-14)


def test_a_higher_order_is_never_smaller(rng):
    x, y = rng.normal(size=20), rng.normal(size=30)
    values = [wasserstein_1d(x, y, p=p) for p in (1, 1.5, 2, 4, 16)]
    assert np.all(np.diff(values) > 0)


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_a_plan_has_its_marginals_its_cost_and_few_entries(rng, dimension):
    x, y = rng.normal(size=(12, dimension)), rng.normal(size=(7, dimension))
    a, b = weights(rng, 12), weights(rng, 7)
    plan = optimal_plan(x, y, a, b)
    assert plan.matrix.shape == (12, 7)
    assert plan.matrix.min() >= 0
    np.testing.assert_allclose(plan.matrix.sum(axis=1), a, atol=1e-15)
    np.testing.assert_allclose(plan.matrix.sum(axis=0), b, atol=1e-15)
    assert np.count_nonzero(plan.matrix) <= 12 + 7 - 1
    assert plan.cost == pytest.approx(exact_w1(x, y, a, b), abs=1e-14)


def test_the_plan_on_the_line_never_crosses(rng):
    x, y = np.sort(rng.normal(size=8)), np.sort(rng.normal(size=6))
    columns = np.nonzero(optimal_plan(x, y, weights(rng, 8), weights(rng, 6)).matrix)[1]
    assert np.all(np.diff(columns) >= 0)  # rows come sorted


def test_primal_and_dual_agree_for_any_cost(rng):
    cost, a, b = rng.uniform(size=(15, 11)), weights(rng, 15), weights(rng, 11)
    matrix, phi, psi = network_simplex(cost, a, b)
    assert np.vdot(matrix, cost) == pytest.approx(a @ phi + b @ psi, abs=1e-13)
    assert np.max(phi[:, None] + psi - cost) < 1e-12


# Independent witnesses


def test_four_routes_agree_on_the_line(rng):
    x, y, a, b = rng.normal(size=13), rng.normal(size=8) + 1, weights(rng, 13), weights(rng, 8)
    column = x[:, None], y[:, None]
    cost = cdist(*column)
    witnesses = [
        wasserstein_distance(x, y, a, b),
        lp_value(*column, a, b),
        np.vdot(network_simplex(cost, a, b)[0], cost),
        exact_w1(*column, a, b),
    ]
    np.testing.assert_allclose(witnesses, wasserstein_1d(x, y, a, b), atol=1e-13)


def test_sorting_beats_every_other_matching(rng):
    x, y = rng.normal(size=(2, 6))
    for p in (1, 2, 3):
        costs = [
            np.mean(np.abs(x - y[list(order)]) ** p) for order in itertools.permutations(range(6))
        ]
        assert wasserstein_1d(x, y, p=p) ** p == pytest.approx(min(costs), abs=1e-13)


def test_the_plane_agrees_with_assignment_and_linear_programme(rng):
    x, y = rng.normal(size=(2, 25, 2))
    i, j = linear_sum_assignment(cdist(x, y))
    assert exact_w1(x, y) == pytest.approx(np.linalg.norm(x[i] - y[j], axis=1).mean(), abs=1e-14)
    y, a, b = y[:10], weights(rng, 25), weights(rng, 10)
    assert exact_w1(x, y, a, b) == pytest.approx(lp_value(x, y, a, b), abs=1e-12)


# The sliced distance


def test_on_the_line_every_slice_is_the_distance(rng):
    x, y = rng.normal(size=20), rng.normal(size=30)
    sliced = sliced_w1(x, y, n_projections=5, rng=rng)
    assert sliced == pytest.approx(wasserstein_1d(x, y), abs=1e-14)


def test_slices_of_two_points_shrink_by_the_mean_cosine(rng):
    # E|cos| over the circle is 2/pi, E cos^2 is 1/2
    standard_error = np.sqrt((1 / 2 - (2 / np.pi) ** 2) / 20_000)
    sliced = sliced_w1([[0.0, 0.0]], [[3.0, 4.0]], n_projections=20_000, rng=rng)
    assert sliced == pytest.approx(5 * 2 / np.pi, abs=5 * 4 * standard_error)


def test_slices_never_exceed_the_distance_and_repeat_with_their_rng(rng):
    x, y = rng.normal(size=(20, 4)), rng.normal(size=(30, 4)) + 1
    first, second = (
        sliced_w1(x, y, n_projections=50, rng=np.random.default_rng(5)) for _ in range(2)
    )
    assert first == second < exact_w1(x, y)


# What comes in


def test_tensors_and_lists_are_taken_like_arrays():
    x = torch.tensor([[0.0, 0.0], [1.0, 0.0]], requires_grad=True)
    y = torch.tensor([[3.0, 4.0]], dtype=torch.float32)
    arrays = weighted_pair(x, y, torch.tensor([0.5, 0.5]))
    assert all(array.dtype == np.float64 for array in arrays)
    assert exact_w1(x, y) == exact_w1(x.detach().numpy(), [[3.0, 4.0]])


def test_single_precision_weights_are_made_to_sum_to_one(rng):
    single = rng.dirichlet(np.ones(784)).astype(np.float32)
    assert weighted_sample(np.arange(784), single)[1].sum() == pytest.approx(1, abs=784 * EPS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": [], "y": [1.0]}, r"x has shape \(0,\)"),
        ({"x": [1.0], "y": np.zeros((0, 2))}, r"y has shape \(0, 2\)"),
        ({"x": 3.0, "y": [1.0]}, r"x has shape \(\)"),
        ({"x": np.zeros((2, 1, 3)), "y": [1.0]}, r"x has shape \(2, 1, 3\)"),
        ({"x": [1.0, np.nan], "y": [1.0]}, "x holds nan"),
        ({"x": [1.0], "y": [np.inf]}, "y holds inf"),
        ({"x": [1j], "y": [1.0]}, "x is complex"),
        ({"x": [[1.0, 2.0]], "y": [1.0]}, "dimension 2 and y has dimension 1"),
        ({"x": [1.0, 2.0], "y": [1.0], "a": [1.0]}, r"a \(the weights of x\) has shape \(1,\)"),
        (
            {"x": [1.0, 2.0], "y": [1.0], "a": [1.5, -0.5]},
            r"a \(the weights of x\) holds a negative mass, -0.5",
        ),
        ({"x": [1.0, 2.0], "y": [1.0], "a": [0.5, 0.4]}, r"a \(the weights of x\) sums to 0.9"),
        ({"x": [1.0], "y": [1.0, 2.0], "b": [0.5, np.nan]}, r"b \(the weights of y\) holds nan"),
    ],
)
@pytest.mark.parametrize("function", [wasserstein_1d, exact_w1, optimal_plan])
def test_bad_input_is_refused_by_name(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(**arguments)


@pytest.mark.parametrize("p", [0.5, 0, -1, np.inf, np.nan])
def test_an_order_outside_its_range_is_refused(p):
    with pytest.raises(ValueError, match="p="):
        wasserstein_1d([0.0], [1.0], p=p)


def test_what_only_the_line_or_only_slices_need_is_refused(rng):
    with pytest.raises(ValueError, match="dimension 2, not 1"):
        wasserstein_1d([[0.0, 1.0]], [[0.0, 1.0]])
    with pytest.raises(ValueError, match="n_projections=0"):
        sliced_w1([0.0], [1.0], n_projections=0, rng=rng)
    with pytest.raises(ValueError, match="cost holds inf"):
        network_simplex(np.array([[np.inf]]), np.ones(1), np.ones(1))


def test_a_solver_that_stops_early_is_an_error_not_a_warning(rng, monkeypatch):
    monkeypatch.setattr(transport, "MAX_PIVOTS", 10)
    with pytest.raises(RuntimeError, match=r"no optimal plan for shape \(200, 200\)"):
        exact_w1(*rng.normal(size=(2, 200, 2)))


def test_tiny_costs_are_not_taken_for_zero(rng):
    cost = 1e-12 * cdist(*rng.normal(size=(2, 300, 2)))  # unscaled, POT is off by 3 to 6 % here
    a = np.full(300, 1 / 300)
    rows, columns = linear_sum_assignment(cost)
    value = np.vdot(network_simplex(cost, a, a)[0], cost)
    assert value == pytest.approx(cost[rows, columns].mean(), rel=1e-13)


# Speed and memory


def test_ten_thousand_points_on_the_line_take_milliseconds(rng):
    x, y = rng.normal(size=(2, 10_000))
    times = []
    for _ in range(9):
        start = time.process_time()
        wasserstein_1d(x, y)
        times.append(time.process_time() - start)
    assert np.median(times) < 0.05  # seen: 0.0014


def test_a_thousand_points_in_the_plane_take_seconds_and_little_memory():
    code = """if True:
        import resource, time
        import numpy as np
        from wganlib.transport import exact_w1
        x, y = np.random.default_rng(0).normal(size=(2, 1000, 2))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.process_time()
        exact_w1(x, y + 1)
        seconds = time.process_time() - start
        print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    alone = {**os.environ, "POT_BACKEND_DISABLE_PYTORCH": "1"}  # the import would take seconds
    answer = subprocess.run(
        [sys.executable, "-c", code], env=alone, capture_output=True, check=True
    )
    seconds, grown = map(float, answer.stdout.split())
    assert seconds < 10  # seen: 0.2
    assert grown * (1 if sys.platform == "darwin" else 1024) < 0.25e9  # seen: 0.05 GB

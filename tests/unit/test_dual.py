"""Potentials, c-transform and exact critic against closed forms, invariants and a second solver."""

import time
import tracemalloc

import numpy as np
import pytest
import torch
from scipy.optimize import linprog
from scipy.spatial.distance import cdist

from wganlib import _distances, dual
from wganlib.dual import c_transform, exact_critic, kantorovich_potentials
from wganlib.transport import exact_w1, network_simplex, optimal_plan


def weighted_clouds(seed, n=13, m=17, d=2, empty=0):
    """Two clouds with random weights, the first `empty` of each sample without mass."""
    rng = np.random.default_rng(seed)
    a, b = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))
    a[:empty], b[:empty] = 0, 0
    return rng.normal(size=(n, d)), rng.normal(size=(m, d)) + 1, a / a.sum(), b / b.sum()


def mean_difference(critic, x, y, a, b):
    return a @ critic(x) - b @ critic(y)


# Known answers


def test_a_shift_has_the_coordinate_as_its_critic():
    x = np.random.default_rng(0).normal(size=(40, 3))
    shift = np.array([0.0, 0.0, 2.5])
    critic = exact_critic(x + shift, x)
    assert kantorovich_potentials(x + shift, x).value == pytest.approx(2.5, abs=1e-12)
    # Slope 1 along the shift, from every fake point to its own real point.
    np.testing.assert_allclose(critic(x + shift) - critic(x), 2.5, atol=1e-12)


def test_two_diracs_make_a_cone():
    critic = exact_critic([[3.0, 4.0]], [[0.0, 0.0]])
    z = np.random.default_rng(0).normal(size=(50, 2))
    np.testing.assert_allclose(critic(z), 5 - np.hypot(*(z - [3, 4]).T), atol=1e-12)


def test_the_critic_scores_real_data_high_and_fake_data_zero_in_the_mean():
    x, y, a, b = weighted_clouds(1)
    critic = exact_critic(x, y, a, b)
    assert b @ critic(y) == pytest.approx(0, abs=1e-12)
    assert a @ critic(x) == pytest.approx(exact_w1(x, y, a, b), abs=1e-12)


def test_equal_samples_leave_nothing_to_find():
    x = np.random.default_rng(2).normal(size=(20, 2))
    potentials = kantorovich_potentials(x, x)
    assert potentials.value == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(potentials.phi, -potentials.psi, atol=1e-12)


def test_exchanging_real_and_fake_turns_an_optimal_critic_over():
    x, y, a, b = weighted_clouds(3)
    critic = exact_critic(y, x, b, a)
    assert mean_difference(critic, x, y, a, b) == pytest.approx(-exact_w1(x, y, a, b), abs=1e-12)


# Invariants

CASES = [(seed, n, m, d, empty) for seed in range(6) for n, m, d, empty in
         [(1, 1, 1, 0), (1, 9, 2, 0), (30, 30, 2, 0), (13, 17, 3, 6), (12, 5, 1, 3)]]  # fmt: skip


@pytest.mark.parametrize(("seed", "n", "m", "d", "empty"), CASES)
def test_potentials_are_feasible_everywhere_and_leave_no_gap(seed, n, m, d, empty):
    x, y, a, b = weighted_clouds(seed, n, m, d, empty)
    potentials = kantorovich_potentials(x, y, a, b)
    slack = cdist(x, y) - potentials.phi[:, None] - potentials.psi
    assert slack.min() > -1e-12
    assert potentials.value == pytest.approx(a @ potentials.phi + b @ potentials.psi, abs=1e-12)
    assert potentials.value == pytest.approx(exact_w1(x, y, a, b), abs=1e-9)


@pytest.mark.parametrize(("seed", "n", "m", "d", "empty"), CASES)
def test_the_critic_is_1_lipschitz_and_its_mean_difference_is_w1(seed, n, m, d, empty):
    x, y, a, b = weighted_clouds(seed, n, m, d, empty)
    critic = exact_critic(x, y, a, b)
    z = np.concatenate([x, y, np.random.default_rng(seed).normal(scale=5, size=(200, d))])
    rise, distance = np.abs(np.subtract.outer(critic(z), critic(z))), cdist(z, z)
    assert (rise <= distance * (1 + 1e-9) + 1e-12).all()
    assert mean_difference(critic, x, y, a, b) == pytest.approx(exact_w1(x, y, a, b), abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_the_critic_takes_the_values_of_the_potentials(seed):
    x, y, a, b = weighted_clouds(seed, empty=4)
    potentials, critic = kantorovich_potentials(x, y, a, b), exact_critic(x, y, a, b)
    np.testing.assert_allclose(critic(x), potentials.phi, atol=1e-12)
    np.testing.assert_allclose(critic(y), -potentials.psi, atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_mass_moves_only_where_there_is_no_slack(seed):
    x, y, a, b = weighted_clouds(seed)
    potentials = kantorovich_potentials(x, y, a, b)
    slack = cdist(x, y) - potentials.phi[:, None] - potentials.psi
    assert slack[optimal_plan(x, y, a, b).matrix > 1e-12].max() < 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_the_slope_is_one_along_every_ray_that_carries_mass(seed):
    x, y, a, b = weighted_clouds(seed)
    critic = exact_critic(x, y, a, b)
    for i, j in np.argwhere(optimal_plan(x, y, a, b).matrix > 1e-12):
        t = np.linspace(0, 1, 7)
        climb = critic(y[j] + t[:, None] * (x[i] - y[j])) - critic(y[j : j + 1])
        np.testing.assert_allclose(climb, t * np.linalg.norm(x[i] - y[j]), atol=1e-9)


def test_the_value_scales_with_the_unit_and_ignores_the_order():
    x, y, a, b = weighted_clouds(5)
    order = np.random.default_rng(0).permutation(len(x))
    value = kantorovich_potentials(x, y, a, b).value
    assert kantorovich_potentials(1000 * x, 1000 * y, a, b).value == pytest.approx(1000 * value)
    assert kantorovich_potentials(x[order], y, a[order], b).value == pytest.approx(value)


def test_points_far_from_the_origin_or_repeated_do_no_harm():
    x, y, a, b = weighted_clouds(6)
    x, y = np.round(x), np.round(y)  # repeats, and points that the samples share
    for far in (0, 1e6):
        critic = exact_critic(x + far, y + far, a, b)
        difference = mean_difference(critic, x + far, y + far, a, b)
        assert difference == pytest.approx(exact_w1(x, y, a, b), abs=1e-9)


# The c-transform


@pytest.mark.parametrize("seed", range(4))
def test_a_c_transform_is_feasible_tight_and_1_lipschitz_for_any_potential(seed):
    rng = np.random.default_rng(seed)
    x, z, potential = rng.normal(size=(9, 2)), rng.normal(size=(60, 2)), rng.normal(size=9)
    transform = c_transform(potential, x, z)
    slack = cdist(x, z) - potential[:, None] - transform
    np.testing.assert_allclose(slack.min(axis=0), 0, atol=1e-12)
    assert (np.abs(np.subtract.outer(transform, transform)) <= cdist(z, z) + 1e-12).all()


def test_two_c_transforms_never_lower_a_potential_and_a_third_changes_nothing():
    rng = np.random.default_rng(0)
    x, y, phi = rng.normal(size=(9, 2)), rng.normal(size=(11, 2)), rng.normal(size=9)
    psi = c_transform(phi, x, y)
    better = c_transform(psi, y, x)
    assert (better >= phi - 1e-12).all()
    assert (better > phi + 0.1).any()
    np.testing.assert_allclose(c_transform(better, x, y), psi, atol=1e-12)


def test_the_transform_of_a_1_lipschitz_function_is_its_negative():
    x = np.linspace(-2, 2, 41)
    np.testing.assert_allclose(c_transform(np.sin(x), x, x), -np.sin(x), atol=1e-12)


def test_blocks_do_not_show(monkeypatch):
    rng = np.random.default_rng(0)
    x, z, potential = rng.normal(size=(7, 2)), rng.normal(size=(50, 2)), rng.normal(size=7)
    whole = c_transform(potential, x, z)
    monkeypatch.setattr(_distances, "BLOCK_ENTRIES", 30)
    np.testing.assert_array_equal(c_transform(potential, x, z), whole)


# An independent witness


@pytest.mark.parametrize("seed", range(4))
def test_a_linear_programme_finds_the_same_value(seed):
    x, y, a, b = weighted_clouds(seed, 6, 8, empty=seed)
    pairs = np.hstack([np.kron(np.eye(6), np.ones((8, 1))), np.kron(np.ones((6, 1)), np.eye(8))])
    solution = linprog(
        -np.concatenate([a, b]), A_ub=pairs, b_ub=cdist(x, y).ravel(), bounds=(None, None)
    )
    assert kantorovich_potentials(x, y, a, b).value == pytest.approx(-solution.fun, abs=1e-9)


def test_on_the_line_the_slope_of_the_critic_is_the_sign_between_the_cdfs():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=30), rng.normal(size=30) + 1
    critic, grid = exact_critic(x, y), np.sort(np.concatenate([x, y]))
    ahead = np.searchsorted(np.sort(y), grid[:-1], "right") - np.searchsorted(
        np.sort(x), grid[:-1], "right"
    )
    slope = np.diff(critic(grid)) / np.diff(grid)
    np.testing.assert_allclose(slope[ahead != 0], np.sign(ahead[ahead != 0]), atol=1e-9)


# Doors


def test_tensors_and_lists_give_the_same_float64_answers():
    x, y, a, b = weighted_clouds(7)
    tensors = [torch.tensor(v, requires_grad=True) for v in (x, y, a, b)]
    critic = exact_critic(*tensors)
    scores = critic(torch.tensor(y, requires_grad=True))
    assert scores.dtype == np.float64
    np.testing.assert_array_equal(scores, exact_critic(x.tolist(), y.tolist(), a, b)(y))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], [1.0]), "empty"),
        (([0.0, np.nan], [1.0]), "nan"),
        (([0.0, 1.0], [1.0], [0.7, 0.7]), "sums to 1.4"),
        (([0.0, 1.0], [1.0], [1.5, -0.5]), "negative"),
        (([[0.0, 1.0]], [[1.0, 2.0, 3.0]]), "dimension 2 and y has dimension 3"),
    ],
)
@pytest.mark.parametrize("function", [kantorovich_potentials, exact_critic])
def test_bad_samples_are_named(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)


def test_a_critic_refuses_points_of_another_dimension():
    with pytest.raises(ValueError, match="dimension"):
        exact_critic([[0.0, 1.0]], [[1.0, 2.0]])([[1.0, 2.0, 3.0]])


@pytest.mark.parametrize("potential", [[1.0], [[1.0, 2.0]], [1.0, np.nan], []])
def test_a_transform_wants_one_finite_potential_for_each_point(potential):
    with pytest.raises(ValueError, match="potential"):
        c_transform(potential, [0.0, 1.0], [0.5])


def test_a_gap_is_never_passed_over(monkeypatch):
    def forgetful(cost, a, b):
        return np.outer(a, b), np.zeros(len(a)), np.zeros(len(b))

    monkeypatch.setattr(dual, "network_simplex", forgetful)
    with pytest.raises(RuntimeError, match="misses the primal value"):
        kantorovich_potentials([0.0, 5.0], [1.0, 2.0])


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_a_gap_is_judged_by_the_size_of_the_distances(monkeypatch, unit):
    def careless(cost, a, b):
        matrix, phi, psi = network_simplex(cost, a, b)
        return matrix, phi + 1e-6 * cost.max() * (np.arange(len(phi)) == 0), psi

    x, y = np.random.default_rng(0).normal(size=(2, 20, 2))
    monkeypatch.setattr(dual, "network_simplex", careless)
    with pytest.raises(RuntimeError, match="misses the primal value"):
        kantorovich_potentials(unit * x, unit * y)


def test_a_solver_may_say_anything_about_points_without_mass(monkeypatch):
    x, y, a, b = weighted_clouds(8, empty=5)

    def careless(cost, a, b):
        matrix, phi, psi = network_simplex(cost, a, b)
        return matrix, np.where(a > 0, phi, 1e3), np.where(b > 0, psi, -1e3)

    expected = exact_critic(x, y, a, b)(x)
    monkeypatch.setattr(dual, "network_simplex", careless)
    np.testing.assert_array_equal(exact_critic(x, y, a, b)(x), expected)


def test_a_critic_asked_often_needs_little_memory():
    x, z = np.random.default_rng(0).normal(size=(2000, 2)), np.zeros((20_000, 2))
    tracemalloc.start()
    c_transform(np.zeros(2000), x, z)  # all distances at once would be 320 MB
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


def test_a_thousand_points_in_the_plane_take_seconds():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(1000, 2)), rng.normal(size=(1000, 2)) + 1
    start = time.process_time()
    critic = exact_critic(x, y)
    assert critic(x).mean() - critic(y).mean() == pytest.approx(exact_w1(x, y), abs=1e-9)
    assert time.process_time() - start < 15

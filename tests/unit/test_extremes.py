"""Far, tiny, tied and huge inputs: the right value, or a refusal that names the way out."""

import math
import time

import numpy as np
import ot
import pytest
import torch
from scipy.optimize import linprog
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from wganlib import _distances, _memory, metrics, transport
from wganlib._distances import distances
from wganlib.divergences import total_variation
from wganlib.dual import c_transform, exact_critic, kantorovich_potentials
from wganlib.metrics import (
    class_coverage,
    density_coverage,
    frechet_distance,
    mode_coverage,
    nearest_neighbours,
    precision_recall,
)
from wganlib.transport import exact_w1, network_simplex, optimal_plan, sliced_w1, wasserstein_1d

EPS = np.finfo(np.float64).eps
HUGE, TINY = 1.7e308, 5e-324


@pytest.fixture
def rng():
    return np.random.default_rng(3)


# --- Wasserstein distances of any order on the line ---


@pytest.mark.parametrize(
    ("x", "y", "p", "right"),
    [
        ([1, 2, 3, 54], [1, 2, 3, 4], 5000, 50 * 0.25 ** (1 / 5000)),  # 49.98614
        ([0, 1], [0, 2], 600, 0.5 ** (1 / 600)),  # 0.99885
        ([0, 1], [2, 5], 1e308, 4.0),
        ([0.0], [3.0], 1e9, 3.0),
        ([0.0, 0.0], [TINY, 1.0], 3, 0.5 ** (1 / 3)),
        ([0.0], [TINY], 2, TINY),
        ([0.0] * 100, [HUGE] * 100, 1, HUGE),
        ([-HUGE / 2], [HUGE / 2], 7, HUGE),
    ],
)
def test_an_order_of_any_size_gives_the_distance(x, y, p, right):
    assert wasserstein_1d(x, y, p=p) == pytest.approx(right, rel=1e-13)
    equal = np.full(len(x), 1 / len(x))
    assert wasserstein_1d(x, y, equal, equal, p=p) == pytest.approx(right, rel=1e-13)


def weighted(rng, *, grid):
    """Return two weighted samples of any sizes; on a grid many points and levels coincide."""
    n, m = rng.integers(1, 12, size=2)
    x, y = (rng.integers(-3, 4, size) * 1.0 if grid else rng.normal(size=size) for size in (n, m))
    a, b = (
        rng.integers(1, 5, size) * 1.0 if grid else rng.dirichlet(np.ones(size)) for size in (n, m)
    )
    return x, y, a / a.sum(), b / b.sum()


@pytest.mark.parametrize("grid", [False, True])
@pytest.mark.parametrize("left_out", ["", "a", "b", "ab"])
def test_scipy_and_pot_agree_on_random_weighted_samples(rng, grid, left_out):
    for _ in range(50):
        x, y, a, b = weighted(rng, grid=grid)
        a = np.full(len(x), 1 / len(x)) if "a" in left_out else a
        b = np.full(len(y), 1 / len(y)) if "b" in left_out else b
        given = [None if name in left_out else w for name, w in (("a", a), ("b", b))]
        assert wasserstein_1d(x, y, *given) == pytest.approx(
            wasserstein_distance(x, y, a, b), abs=1e-13
        )
        for p in (1.5, 2, 5):
            # Both sum the powers, of gaps below 10, in masses rounded at some 20 EPS.
            theirs = ot.wasserstein_1d(x, y, a, b, p=p)
            ours = wasserstein_1d(x, y, *given, p=p) ** p
            assert ours == pytest.approx(theirs, rel=1e-12, abs=20 * EPS * 10**p)


def test_rounding_of_masses_makes_no_gap_at_a_large_order(rng):
    for _ in range(30):
        n = rng.integers(2, 200)
        x, a, order = rng.integers(0, 5, n) * 1.0, rng.dirichlet(np.ones(n)), rng.permutation(n)
        assert wasserstein_1d(x, x[order], a, a[order], p=500) == 0
        assert wasserstein_1d(x, np.repeat(x, 3), p=500) == 0
        assert wasserstein_1d(x, np.repeat(x, 3), a, np.repeat(a / 3, 3), p=500) == 0
    assert wasserstein_1d([0, 1], [0, 1], [0.1 + 0.2, 0.7], [0.3, 0.7], p=5000) == 0


def test_a_mass_of_its_own_counts_however_small():
    small = 1e-17
    right = pytest.approx(small ** (1 / 50))
    assert wasserstein_1d([0, 1], [1.0], [small, 1.0], p=50) == right
    assert wasserstein_1d([0, 1], [0, 1], [2 * small, 1.0], [small, 1.0], p=50) == right


def test_it_is_no_slower_than_pot_s_own_call():
    x, y = np.random.default_rng(0).normal(size=(2, 100))

    def spent(call):
        start = time.process_time()
        for _ in range(200):
            call()
        return time.process_time() - start

    ours, theirs = [], []
    for _ in range(7):  # in turns, so that a busy machine slows both
        ours.append(spent(lambda: wasserstein_1d(x, y)))
        theirs.append(spent(lambda: ot.wasserstein_1d(x, y)))
    assert np.median(np.divide(ours, theirs)) < 1.1  # seen: 0.27


# --- one point far from all others ---

NEAR_X = [(3, 3), (4, 2), (4, 0), (3, 2)]
NEAR_Y = [(0, 3), (2, 0), (1, 5), (0, 5)]
FAR = (1e13, 1e13)


def test_a_far_pair_hides_nothing_that_is_near():
    x, y = np.array([*NEAR_X, FAR]), np.array([*NEAR_Y, FAR])
    right = 0.8 * exact_w1(NEAR_X, NEAR_Y)
    assert right == pytest.approx(2.598141, abs=5e-7)
    assert exact_w1(x, y) == pytest.approx(right, rel=1e-12)
    assert optimal_plan(x, y).cost == pytest.approx(right, rel=1e-12)
    assert kantorovich_potentials(x, y).value == pytest.approx(right, rel=1e-9)
    critic = exact_critic(x, y)
    assert critic(x).mean() - critic(y).mean() == pytest.approx(right, rel=1e-9)


@pytest.mark.parametrize("far", [(1e13,), (1e13, 1e26), (1e7, 1e13, 1e19)])
@pytest.mark.parametrize("n", [3, 30])
def test_far_pairs_at_several_scales_hide_nothing_either(rng, n, far):
    x, y = rng.normal(size=(2, n, 2))
    a, b = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(n))
    right = 0.5 * exact_w1(x, y, a, b)
    away = np.array([(s, s) for s in far])
    x, y = np.concatenate([x, away]), np.concatenate([y, away])
    mass = np.full(len(far), 0.5 / len(far))
    a, b = np.concatenate([a / 2, mass]), np.concatenate([b / 2, mass])
    assert exact_w1(x, y, a, b) == pytest.approx(right, rel=1e-9)
    assert kantorovich_potentials(x, y, a, b).value == pytest.approx(right, rel=1e-9)


def test_a_far_point_with_little_mass_costs_what_it_weighs():
    x, y = [[0.0, 0.0], [1e15, 0.0]], [[0.0, 0.0], [0.0, 1.0]]
    a = np.array([1 - 2.0**-40, 2.0**-40])
    right = 0.5 + 1e15 * a[1] - a[1] / 2  # from (1e15, 0) to either is as far
    assert exact_w1(x, y, a) == pytest.approx(right, rel=1e-9)


@pytest.mark.parametrize("height", [0.0, 1.0])
def test_what_the_solver_loses_is_refused_and_not_returned(height):
    with pytest.raises(RuntimeError, match="leave out points that are far from all others"):
        exact_w1([[0.0, 0.0], [1e15, 0.0]], [[0.0, 0.0], [0.0, height]], [1.0, 3e-17])


def test_equal_clouds_are_at_zero_with_a_far_point_in_both(rng):
    x = np.concatenate([rng.normal(size=(20, 2)), [FAR]])
    a, order = rng.dirichlet(np.ones(21)), rng.permutation(21)
    assert exact_w1(x, x[order], a, a[order]) == 0
    assert kantorovich_potentials(x, x[order], a, a[order]).value == 0


# --- costs of any sign ---


@pytest.mark.parametrize("shift", [-1e6, -3.0, -1.0, 0.0, 5.0])
def test_a_constant_in_the_cost_moves_the_value_and_not_the_plan(rng, shift):
    cost, a, b = rng.uniform(size=(9, 7)), rng.dirichlet(np.ones(9)), rng.dirichlet(np.ones(7))
    matrix, phi, psi = network_simplex(cost + shift, a, b)
    sums = np.vstack([np.kron(np.eye(9), np.ones(7)), np.kron(np.ones(9), np.eye(7))])
    right = linprog(cost.ravel(), A_eq=sums, b_eq=np.concatenate([a, b])).fun
    assert np.vdot(matrix, cost) == pytest.approx(right, abs=1e-9)
    assert a @ phi + b @ psi - shift == pytest.approx(right, abs=1e-9 + 64 * EPS * abs(shift))
    assert (phi[:, None] + psi - cost - shift).max() < 1e-9 + 64 * EPS * abs(shift)


@pytest.mark.parametrize("cost", [[[-2.0, -1.0], [-1.0, -2.0]], [[-1.0, 1.0], [1.0, -1.0]]])
def test_costs_below_zero_are_costs(cost):
    np.testing.assert_array_equal(network_simplex(cost, [0.5, 0.5], [0.5, 0.5])[0], np.eye(2) / 2)


def test_costs_near_the_end_of_the_format_are_refused():
    with pytest.raises(ValueError, match=r"cost reaches 1e\+305.*divide it by a unit"):
        network_simplex([[1e305, 0.0], [0.0, 1e305]], [0.5, 0.5], [0.5, 0.5])


# --- any unit of length ---


def test_distances_are_right_at_every_scale():
    x = np.array([[0, 0], [1e-200, 0], [1e200, 1e200], [-HUGE, 0]])
    y = np.array([[0, 0], [1, 3e-320], [TINY, 0]])
    root = math.sqrt(2) * 1e200
    right = [[0, 1, TINY], [1e-200, 1, 1e-200], [root, root, root], [HUGE] * 3]
    np.testing.assert_allclose(distances(x, y), right, rtol=1e-15)


def test_distances_do_not_show_their_blocks(rng, monkeypatch):
    x = np.concatenate([rng.normal(size=(30, 3)), np.zeros((20, 3)), 1e-170 * np.ones((3, 3))])
    whole = distances(x, x)
    monkeypatch.setattr(_distances, "BLOCK_ENTRIES", 100)
    np.testing.assert_array_equal(distances(x, x), whole)
    np.testing.assert_array_equal(whole, whole.T)


@pytest.mark.parametrize("unit", [2.0**-700, 2.0**-500, 2.0**500, 2.0**1000])
def test_no_unit_of_length_is_too_small_or_too_large(rng, unit):
    x, y = rng.normal(size=(2, 20, 3))
    kantorovich = kantorovich_potentials(unit * x, unit * y) if unit < 2.0**900 else None
    assert exact_w1(unit * x, unit * y) == pytest.approx(unit * exact_w1(x, y), rel=1e-12)
    assert kantorovich is None or kantorovich.value == pytest.approx(unit * exact_w1(x, y))
    slices = [
        sliced_w1(s * x, s * y, n_projections=5, rng=np.random.default_rng(0)) for s in (1, unit)
    ]
    assert slices[1] == unit * slices[0]
    assert precision_recall(unit * x, unit * y) == precision_recall(x, y)
    if 2.0**-400 < unit < 2.0**400:
        assert frechet_distance(unit * x, unit * y) == unit * (unit * frechet_distance(x, y))


def test_points_that_are_close_beside_one_that_is_not():
    assert exact_w1([[0, 0], [1, 0]], [[1e-200, 0], [1, 0]]) == 5e-201
    assert exact_w1([[0.0, 0.0]], [[TINY, 0.0]]) == TINY


@pytest.mark.parametrize("function", [exact_w1, optimal_plan, kantorovich_potentials, exact_critic])
def test_clouds_whose_distance_overflows_are_refused(function):
    with pytest.raises(ValueError, match="x and y lie farther apart"):
        function([[HUGE, 0.0]], [[0.0, HUGE]])  # each coordinate alone would do


def test_a_transform_that_overflows_is_refused():
    with pytest.raises(ValueError, match="overflow"):
        c_transform([-HUGE], [[HUGE]], [[0.0]])


@pytest.mark.parametrize("offset", [1e8, 2.0**52])
def test_features_far_from_the_origin_are_no_worse(rng, offset):
    a, b = (np.round(8 * rng.normal(size=(40, 3))) for _ in range(2))  # exact after the shift
    assert frechet_distance(a + offset, b + offset) == pytest.approx(frechet_distance(a, b))
    assert precision_recall(a + offset, b + offset) == precision_recall(a, b)
    centres = torch.tensor(b[:5])
    near = mode_coverage(torch.tensor(a), centres, std=2.0)
    assert mode_coverage(torch.tensor(a) + offset, centres + offset, std=2.0) == near
    assert sliced_w1(a + offset, b + offset, n_projections=9, rng=np.random.default_rng(0)) == (
        pytest.approx(sliced_w1(a, b, n_projections=9, rng=np.random.default_rng(0)), rel=1e-12)
    )


def test_a_square_that_overflows_is_refused():
    with pytest.raises(ValueError, match="features_a and features_b lie so far apart"):
        frechet_distance([[0.0], [1.0]], [[1e200], [1e200]])


# --- ties: copies of one point, and points on the very edge of a ball ---


def test_constant_features_are_copies_of_themselves():
    same = np.full((10, 3), 0.3)
    assert precision_recall(same, same, k=3) == (1, 1)
    assert density_coverage(same, same, k=3) == (10 / 3, 1)  # each fake lies in all ten balls


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e9])
@pytest.mark.parametrize("dimension", [1, 7, 64])
def test_twenty_rows_ten_times_each_are_copies_of_themselves(rng, dimension, offset):
    rows = np.repeat(rng.normal(size=(20, dimension)), 10, axis=0) + offset
    for k in (3, 9, 12):
        assert precision_recall(rows, rows[::-1], k=k) == (1, 1)
        assert density_coverage(rows, rows[::-1], k=k).coverage == 1
    assert density_coverage(rows, rows, k=9).density == pytest.approx(10 / 9)


def test_points_of_a_grid_on_the_edge_of_a_ball_are_in_it():
    grid = np.stack(np.meshgrid(range(6), range(6)), axis=-1).reshape(-1, 2) * 0.1 + 1e3
    # One neighbour at .1: each of the four or fewer at that distance, and the point, are held.
    found = density_coverage(grid, grid, k=1)
    pairs = (cdist(grid, grid) <= cdist(grid, grid).min(axis=1, where=~np.eye(36, dtype=bool),
                                                        initial=np.inf)[:, None]).sum()  # fmt: skip
    assert found == (pairs / 36, 1)


CLOUDS = {
    "normal": lambda rng, n, d: rng.normal(size=(n, d)),
    "on a grid": lambda rng, n, d: rng.integers(0, 3, size=(n, d)).astype(float),
    "far from the origin": lambda rng, n, d: 1e6 + 1e-9 * rng.normal(size=(n, d)),
    "of all sizes": lambda rng, n, d: np.ones(d) * 10.0 ** rng.uniform(-320, 300, size=(n, 1)),
    "huge": lambda rng, n, d: HUGE * rng.uniform(-1, 1, size=(n, d)),
    "one point": lambda rng, n, d: np.full((n, d), 0.3),
}


@pytest.mark.parametrize("kind", CLOUDS)
def test_estimated_distances_decide_nothing_that_exact_ones_would_not(rng, kind):
    for _ in range(20):
        d, n, m = rng.integers(1, 8), *rng.integers(8, 90, size=2)
        real, fake = (CLOUDS[kind](rng, size, d) for size in (n, m))
        k = rng.integers(1, 7)
        radii = np.partition(distances(real, real), k, axis=1)[:, k]
        held = distances(fake, real) <= radii
        assert precision_recall(real, fake, k=k).precision == held.any(axis=1).mean()
        assert precision_recall(fake, real, k=k).recall == held.any(axis=1).mean()
        wanted = held.sum() / (k * m), held.any(axis=0).mean()
        assert density_coverage(real, fake, k=k) == pytest.approx(wanted, rel=1e-14)


def test_few_distances_are_worked_out_exactly(rng, monkeypatch):
    asked = []

    def counted(x, y):
        asked.append(len(x) * len(y))
        return distances(x, y)

    monkeypatch.setattr(metrics, "distances", counted)
    precision_recall(*rng.normal(size=(2, 3_000, 64)))
    # By each group of points about the six nearest of each, itself among them, on either side.
    assert sum(asked) <= 2 * 3_000 * (6 * metrics.FEW)


def test_the_metrics_do_not_show_their_blocks(rng, monkeypatch):
    real, fake = rng.normal(size=(60, 4)), rng.normal(size=(50, 4))
    samples, centres = torch.tensor(real), torch.tensor(fake[:7])
    whole = precision_recall(real, fake), mode_coverage(samples, centres, std=0.5)
    neighbours = nearest_neighbours(samples, torch.tensor(fake), n=3)
    monkeypatch.setattr(_distances, "BLOCK_ENTRIES", 130)
    monkeypatch.setattr(metrics, "FEW", 7)
    assert (precision_recall(real, fake), mode_coverage(samples, centres, std=0.5)) == whole
    for mine, theirs in zip(nearest_neighbours(samples, torch.tensor(fake), n=3), neighbours,
                            strict=True):  # fmt: skip
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("offset", [0.0, 300.0, 1e7])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_neighbours_far_from_the_origin_are_the_nearest(offset, dtype):
    draw = torch.Generator().manual_seed(0)
    images = (torch.randn(300, 20, generator=draw, dtype=dtype) * 8).round() + offset
    samples = (torch.randn(40, 20, generator=draw, dtype=dtype) * 8).round() + offset
    right = cdist(samples.double(), images.double())
    found = nearest_neighbours(samples, images, n=4)
    np.testing.assert_allclose(found.distance, np.sort(right, axis=1)[:, :4], rtol=1e-12)
    np.testing.assert_allclose(
        np.take_along_axis(right, found.index.numpy(), axis=1), found.distance, rtol=1e-12
    )


def test_many_images_too_close_for_single_precision_are_told_apart():
    close = 1 + 1e-9 * torch.arange(50, dtype=torch.float64).flip(0)[:, None] * torch.ones(50, 30)
    images = torch.cat([close, torch.full((1, 30), -1e3, dtype=torch.float64)])
    found = nearest_neighbours(torch.ones(1, 30, dtype=torch.float64), images, n=3)
    assert found.index.tolist() == [[49, 48, 47]]
    np.testing.assert_allclose(
        found.distance[0], np.sqrt(30) * np.array([0, 1e-9, 2e-9]), rtol=1e-6
    )


# --- narrow formats ---


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_probabilities_rounded_to_a_narrow_format_are_taken(dtype):
    logits = torch.randn(500, 10, generator=torch.Generator().manual_seed(0))
    narrow = logits.softmax(dim=1).to(dtype)
    found = class_coverage(narrow)
    np.testing.assert_array_equal(
        found.histogram, np.bincount(narrow.float().argmax(1), minlength=10) / 500
    )
    with pytest.raises(ValueError, match="miss the sum 1"):
        class_coverage(narrow.double() * 1.02)


def test_a_list_of_whole_numbers_is_quick():
    start = time.process_time()
    assert transport.weighted_sample(list(range(200_000)))[0][-1] == 199_999
    assert time.process_time() - start < 1  # seen: 0.03; one by one through NumPy it is seconds


def test_a_list_inside_itself_is_refused():
    endless = [1.0]
    endless.append(endless)
    with pytest.raises(ValueError, match="x is a list within lists"):
        exact_w1(endless, [1.0])


def test_numbers_of_too_many_digits_are_refused_by_name():
    for call in (
        lambda n: wasserstein_1d([0.0], [1.0], p=n),
        lambda n: wasserstein_1d([n], [1.0]),
        lambda n: sliced_w1([0.0], [1.0], n_projections=-n, rng=np.random.default_rng(0)),
    ):
        with pytest.raises(ValueError, match=r"\b(p|x|n_projections)\b"):
            call(10**5000)


# --- memory ---


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: exact_w1(x, x), "60,000 points x and 60,000 points y.*sliced_w1"),
        (lambda x: optimal_plan(x, x), "60,000 points x.*subsamples"),
        (lambda x: optimal_plan(x[:, 0], x[:, 0]), "60,000 points x.*subsamples"),
        (lambda x: kantorovich_potentials(x, x), "60,000 points x.*subsamples"),
        (lambda x: exact_critic(x, x), "60,000 points x.*subsamples"),
        (lambda x: sliced_w1(x, x, n_projections=10**10, rng=np.random.default_rng(0)),
         "n_projections=10000000000 directions.*fewer"),
        (lambda x: total_variation(x[:, None, :1] + 1, x[None, :, :1] + 1), "p and q.*fewer"),
    ],
)  # fmt: skip
def test_memory_is_asked_for_before_it_is_taken(monkeypatch, call, words):
    monkeypatch.setattr(_memory, "free_bytes", lambda: 6e9)
    with pytest.raises(ValueError, match=words) as refused:
        call(np.zeros((60_000, 2)))
    assert "GB of memory, and 6.0 GB are free" in str(refused.value)


def test_a_large_cost_asks_for_memory_too(monkeypatch):
    monkeypatch.setattr(_memory, "free_bytes", lambda: 2e8)
    with pytest.raises(ValueError, match=r"2,000 points x.*give a part of it"):
        network_simplex(np.zeros((2_000, 2_000)), np.full(2_000, 5e-4), np.full(2_000, 5e-4))


def test_as_much_memory_as_is_free_is_found(tmp_path, monkeypatch):
    free = _memory.free_bytes()
    assert 1e8 < free < 1e14
    limit = tmp_path / "memory.max"
    limit.write_text("1000\n")
    monkeypatch.setattr(_memory, "LIMITS", (str(limit),))
    assert _memory.free_bytes() == 0  # a container's limit counts, and this process is beyond it

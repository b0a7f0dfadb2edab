"""Metrics of images: known answers, planted failures, and what may not change them."""

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from scipy.spatial.distance import cdist

from wganlib import data
from wganlib.metrics import (
    class_coverage,
    density_coverage,
    frechet_distance,
    minibatch_w1,
    nearest_neighbours,
    precision_recall,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def exact_sample(mean, root, n=400, seed=0):
    """Points whose empirical mean and covariance are exactly ``mean`` and ``root root'``."""
    x = rng(seed).standard_normal((n, len(root)))
    x -= x.mean(axis=0)
    x = np.linalg.qr(x)[0] * math.sqrt(n - 1)  # columns orthogonal, of variance 1
    return x @ np.asarray(root, dtype=float).T + np.asarray(mean, dtype=float)


def by_sqrtm(a, b):
    """Fréchet distance by the textbook's matrix square root."""
    cov_a, cov_b = np.cov(a.T), np.cov(b.T)
    root = scipy.linalg.sqrtm(cov_a @ cov_b)
    return np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(cov_a + cov_b - 2 * np.real(root))


# --- Fréchet distance ---


def test_a_shift_costs_its_squared_length_and_a_scale_the_squared_difference():
    a = exact_sample([0, 0, 0], np.eye(3))
    assert frechet_distance(a, a + np.array([1, 2, 2])) == pytest.approx(9, abs=1e-9)
    assert frechet_distance(a, 3 * a) == pytest.approx(3 * (3 - 1) ** 2, abs=1e-9)


def test_known_gaussians_of_unequal_sample_sizes():
    a = exact_sample([0, 0], np.diag([1.0, 2.0]), n=300)
    b = exact_sample([1, 0], np.diag([3.0, 5.0]), n=1000, seed=1)
    assert frechet_distance(a, b) == pytest.approx(1 + (3 - 1) ** 2 + (5 - 2) ** 2, abs=1e-9)


def test_singular_covariances_have_a_distance_too():
    on_x = exact_sample([0, 0, 0], np.diag([2.0, 0.0, 0.0]))
    on_y = exact_sample([0, 0, 1], np.diag([0.0, 3.0, 0.0]), seed=2)
    # A^½ B A^½ = 0, so only the traces and the shift are left.
    assert frechet_distance(on_x, on_y) == pytest.approx(4 + 9 + 1, abs=1e-9)
    point = np.ones((5, 3))
    assert frechet_distance(point, point) == 0
    assert frechet_distance(on_x, np.zeros((5, 3))) == pytest.approx(4, abs=1e-9)


def test_fewer_points_than_dimensions_are_no_obstacle():
    few = rng().standard_normal((4, 20))
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-12)
    assert frechet_distance(few, few + 1) == pytest.approx(20, abs=1e-9)


def test_it_agrees_with_the_matrix_square_root_of_scipy():
    mix = rng(3).standard_normal((6, 6))
    a = rng(4).standard_normal((200, 6)) @ mix
    b = rng(5).standard_normal((350, 6)) + 0.5
    assert frechet_distance(a, b) == pytest.approx(by_sqrtm(a, b), rel=1e-9)


def test_it_is_symmetric_and_no_point_order_matters():
    a, b = rng(1).standard_normal((50, 4)), 2 * rng(2).standard_normal((60, 4))
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-12)
    assert frechet_distance(a[::-1], b) == pytest.approx(frechet_distance(a, b), rel=1e-12)


def test_equal_sides_are_at_zero_and_rounding_never_makes_it_negative():
    for seed in range(20):
        a = 1e3 * rng(seed).standard_normal((30, 8))
        assert 0 <= frechet_distance(a, a[::-1]) < 1e-6 * np.trace(np.cov(a.T))


def test_tensors_in_single_precision_and_with_a_graph_are_taken():
    a = torch.randn(40, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    wanted = frechet_distance(a.detach().double().numpy(), np.zeros((2, 3)))
    assert frechet_distance(a, torch.zeros(2, 3)) == pytest.approx(wanted, rel=1e-12)


def test_two_samples_of_one_law_lie_as_far_apart_as_theory_says():
    n, d = 2_000, 16
    found = [
        frechet_distance(rng(s).standard_normal((n, d)), rng(99 + s).standard_normal((n, d)))
        for s in range(8)
    ]
    # The expansion's next term is smaller by the factor d / n = 0.008.
    error = 4 * np.std(found, ddof=1) / math.sqrt(8)
    assert np.mean(found) == pytest.approx((d**2 + 5 * d) / (2 * n), abs=error)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (np.zeros((5, 3)), np.zeros((5, 2)), "features_a has 3 and features_b has 2 columns"),
        (np.zeros((1, 3)), np.zeros((5, 3)), r"features_a has shape \(1, 3\)"),
        (np.zeros((5, 3)), np.zeros(5), r"features_b has shape \(5,\)"),
        (np.full((5, 3), np.nan), np.zeros((5, 3)), "features_a holds nan"),
    ],
)
def test_features_without_a_covariance_are_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(a, b)


# --- precision, recall, density, coverage ---


def law(n, seed=0, modes=(0.0, 30.0)):
    """Gaussians in the plane, far apart."""
    x = rng(seed).standard_normal((n, 2))
    x[:, 0] += np.resize(modes, n)
    return x


def test_on_a_line_the_balls_can_be_counted_by_hand():
    real = [[0.0], [1.0], [3.0]]  # k = 1: balls [-1, 1], [0, 2], [1, 5]
    fake = [[-2.0], [1.5], [4.0], [6.0]]  # k = 1: radii 3.5, 2.5, 2, 2
    found = precision_recall(real, fake, k=1)
    assert found == (2 / 4, 3 / 3)
    # 1.5 lies in two balls, 4 in one; the ball around 0 holds no fake.
    assert density_coverage(real, fake, k=1) == (3 / 4, 2 / 3)


def test_a_dropped_mode_lowers_recall_and_not_precision():
    real, whole, dropped = law(2_000), law(2_000, 1), law(2_000, 1, modes=(0.0,))
    reference, found = precision_recall(real, whole), precision_recall(real, dropped)
    assert found.precision >= reference.precision - 0.02
    assert found.recall == pytest.approx(reference.recall / 2, abs=0.02)
    assert density_coverage(real, dropped).coverage == pytest.approx(0.5, abs=0.02)


def test_noise_lowers_precision_and_not_recall():
    real, fake = law(2_000), law(2_000, 1)
    noisy = fake.copy()
    noisy[::4] += 1000 * rng(2).standard_normal((500, 2))
    reference, found = precision_recall(real, fake), precision_recall(real, noisy)
    assert found.precision == pytest.approx(0.75 * reference.precision, abs=0.03)
    assert found.recall >= reference.recall - 0.02
    assert density_coverage(real, noisy).density == pytest.approx(0.75, abs=0.1)


@pytest.mark.parametrize("dimension", [1, 8])
def test_one_law_on_both_sides_scores_what_theory_says(dimension):
    n, m, k = 400, 600, 5
    found = np.array([
        density_coverage(rng(s).random((n, dimension)), rng(100 + s).random((m, dimension)), k=k)
        for s in range(12)
    ])  # fmt: skip
    wanted = 1, 1 - math.prod((n - i) / (n + m - i) for i in range(1, k + 1))
    errors = 4 * found.std(axis=0, ddof=1) / math.sqrt(12)
    assert np.all(np.abs(found.mean(axis=0) - wanted) < errors)
    large = 1 - math.prod((10_000 - i) / (20_000 - i) for i in range(1, 6))
    assert large == pytest.approx(0.969, abs=5e-4)


def test_one_outlier_fools_precision_and_not_density():
    real, fake = law(1_000, modes=(0.0,)), law(1_000, 1, modes=(100.0,))
    assert precision_recall(real, fake).precision == 0
    real[0] = 60.0, 0.0  # its ball reaches the fakes
    assert precision_recall(real, fake).precision > 0.9
    assert density_coverage(real, fake).density < 1 / 5 + 1e-12


def test_a_copy_of_the_data_is_perfect_in_every_one_of_them():
    real = law(500)
    assert precision_recall(real, real) == (1, 1)
    assert density_coverage(real, real).coverage == 1


def test_they_agree_with_a_plain_computation_and_ignore_order_and_unit():
    real, fake, k = rng().random((70, 3)), rng(1).random((90, 3)) + 0.2, 3
    radius = np.sort(cdist(real, real), axis=1)[:, k]  # column 0 is the point itself
    held = cdist(fake, real) <= radius
    found = density_coverage(real, fake, k=k)
    assert found == pytest.approx((held.sum() / (k * 90), held.any(0).mean()))
    assert precision_recall(real, fake, k=k).precision == held.any(1).mean()
    torch_sides = [torch.tensor(8 * side[::-1].copy()) for side in (real, fake)]
    assert density_coverage(*torch_sides, k=k) == found


def test_precision_and_recall_change_places_with_the_sides():
    a, b = rng().random((60, 2)), rng(1).random((80, 2)) + 0.3
    assert precision_recall(a, b) == precision_recall(b, a)[::-1]


@pytest.mark.parametrize("measure", [precision_recall, density_coverage])
@pytest.mark.parametrize(
    ("real", "fake", "k", "message"),
    [
        (np.zeros((9, 3)), np.zeros((9, 2)), 5, r"real_features \(9, 3\), fake_features \(9, 2\)"),
        (np.zeros((9, 2)), np.zeros((5, 2)), 5, "k=5"),
        (np.zeros((9, 2)), np.zeros((9, 2)), 0, "k=0"),
        (np.zeros((9, 2)), np.full((9, 2), np.inf), 5, "fake_features holds inf"),
    ],
)
def test_clouds_without_neighbours_are_refused(measure, real, fake, k, message):
    with pytest.raises(ValueError, match=message):
        measure(real, fake, k=k)


# --- classes ---


def test_equal_classes_have_the_entropy_of_a_fair_die_and_one_class_has_none():
    fair = class_coverage(np.eye(10))
    assert fair.entropy == pytest.approx(math.log(10))
    assert fair.kl_to_uniform == pytest.approx(0, abs=1e-15)
    alone = class_coverage(np.eye(10)[[3] * 7])
    assert (alone.entropy, alone.histogram[3]) == (0, 1)
    assert alone.kl_to_uniform == pytest.approx(math.log(10))


def test_three_to_one_has_the_entropy_of_a_biased_coin():
    found = class_coverage(torch.tensor([[0.6, 0.4]] * 3 + [[0.2, 0.8]]))
    np.testing.assert_array_equal(found.histogram, [0.75, 0.25])
    assert found.entropy == pytest.approx(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))
    assert found.entropy + found.kl_to_uniform == pytest.approx(math.log(2))


@pytest.mark.parametrize(
    ("probabilities", "message"),
    [
        (np.full((3, 2), 0.6), "miss the sum 1 by up to 0.2"),
        (np.array([[1.5, -0.5]]), "reach down to -0.5"),
        (np.ones((4, 1)), "two or more classes"),
        (np.zeros((0, 10)), r"probabilities has shape \(0, 10\)"),
        (np.full((2, 2), np.nan), "probabilities holds nan"),
    ],
)
def test_what_is_no_distribution_is_refused(probabilities, message):
    with pytest.raises(ValueError, match=message):
        class_coverage(probabilities)


# --- nearest neighbours ---


def pictures(n, seed=0):
    return 2 * torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(seed)) - 1


def test_a_copied_training_set_is_caught_as_memorised():
    images = torch.randint(0, 256, (700, 1, 28, 28), dtype=torch.uint8)
    order = torch.randperm(700)[:300]
    found = nearest_neighbours(images[order], images)
    assert found.index.shape == found.distance.shape == (300, 1)
    torch.testing.assert_close(found.index[:, 0], order)
    assert found.distance.max() == 0
    fresh = nearest_neighbours(torch.randint(0, 256, (50, 1, 28, 28), dtype=torch.uint8), images)
    assert fresh.distance.min() > 1


def test_small_changes_of_a_copy_are_measured_exactly():
    images = data.scale_pixels(torch.randint(0, 255, (600, 1, 28, 28), dtype=torch.uint8))
    touched = images[:40].clone()
    touched[:, 0, 5, 5] += 2 / 255  # far below what a product in single precision resolves
    found = nearest_neighbours(touched, images)
    np.testing.assert_allclose(found.distance[:, 0], 2 / 255, rtol=1e-4)
    torch.testing.assert_close(found.index[:, 0], torch.arange(40))


def test_neighbours_too_close_for_single_precision_are_put_in_order():
    sample = torch.full((1, 784), 0.9)
    images = sample + torch.diag(torch.tensor([4e-4, 3e-4, 2e-4, 1e-4])) @ torch.eye(4, 784)
    found = nearest_neighbours(sample, images, n=4)
    assert found.index.tolist() == [[3, 2, 1, 0]]
    np.testing.assert_allclose(found.distance, [[1e-4, 2e-4, 3e-4, 4e-4]], rtol=1e-3)


def test_several_neighbours_agree_with_scipy():
    samples, images = pictures(260, 1)[:, :, :6], pictures(400, 2)[:, :, :6]
    found = nearest_neighbours(samples, images, n=4)
    distance = cdist(samples.flatten(1).double(), images.flatten(1).double())
    np.testing.assert_array_equal(found.index, np.argsort(distance, axis=1)[:, :4])
    np.testing.assert_allclose(found.distance, np.sort(distance, axis=1)[:, :4], rtol=1e-12)


@pytest.mark.parametrize(
    ("samples", "images", "n", "message"),
    [
        (
            torch.zeros(2, 3),
            torch.zeros(2, 4),
            1,
            r"samples has shape \(2, 3\) and images \(2, 4\)",
        ),
        (torch.zeros(0, 3), torch.zeros(2, 3), 1, "no samples"),
        (torch.zeros(2, 3), torch.zeros(2, 3), 3, "n=3 with 2 images"),
        (torch.full((2, 3), math.inf), torch.zeros(2, 3), 1, "NaN or infinite"),
    ],
)
def test_what_has_no_nearest_image_is_refused(samples, images, n, message):
    with pytest.raises(ValueError, match=message):
        nearest_neighbours(samples, images, n=n)


# --- exact W₁ of batches ---


def batches(real, fake, **changed):
    numbers = {"batch_size": 16, "n_batches": 20, "rng": torch.Generator().manual_seed(0)}
    return minibatch_w1(real, fake, **{**numbers, **changed})


def normal(n, d, seed):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_a_law_against_itself_is_at_its_floor():
    found = batches(normal(500, 5, 0), normal(500, 5, 1), n_batches=60)
    error = math.hypot(found.standard_error, found.sampling_floor_error)
    assert abs(found.value - found.sampling_floor) < 4 * error
    assert found.sampling_floor > 1  # though W₁ between the laws is 0


def test_the_floor_on_the_line_is_the_one_of_uniform_samples():
    real = torch.rand(20_000, 1, generator=torch.Generator().manual_seed(3))
    found = batches(real, real + 10, batch_size=100, n_batches=200)
    # 0.4431 = E ∫|B(t)| √2 dt = √(π) / 4 for U[0, 1]: here for n = 100
    wanted = math.sqrt(math.pi) / 4 / math.sqrt(100)
    assert found.sampling_floor == pytest.approx(
        wanted, abs=4 * found.sampling_floor_error + 0.0005
    )
    assert found.value == pytest.approx(10, abs=4 * found.standard_error)


def test_the_mean_image_beats_real_data():
    real = normal(1_000, 100, 0)
    found = batches(real, torch.zeros(64, 100), batch_size=64, n_batches=5)
    assert found.value == pytest.approx(9.975, abs=0.1)  # E |X| for N(0, I) in 100 dimensions
    assert found.sampling_floor > found.value + 2


def test_the_seed_fixes_the_batches_and_pixels_are_scaled():
    pixels = torch.randint(0, 256, (100, 1, 4, 4), dtype=torch.uint8)
    images = data.scale_pixels(pixels)
    assert batches(pixels, pixels[:50]) == batches(images, images[:50])


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"n_batches": 1}, "n_batches=1"), ({"batch_size": 60}, "batch_size=60 with 100 real")],
)
def test_too_few_samples_or_batches_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        batches(torch.zeros(100, 2), torch.zeros(100, 2), **changed)

"""Divergences against closed forms, their invariants, and SciPy as an independent witness."""

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, norm

from wganlib.divergences import (
    js_divergence,
    kl_divergence,
    optimal_discriminator,
    shared_masses,
    total_variation,
)

DIVERGENCES = [kl_divergence, js_divergence, total_variation]
EPS = np.finfo(float).eps


@pytest.fixture
def pairs():
    """Fifty pairs of laws on eleven places, a quarter of the masses zero."""
    rng = np.random.default_rng(0)
    weights = rng.exponential(size=(2, 50, 11)) * (rng.random((2, 50, 11)) > 0.25)
    return weights / weights.sum(axis=-1, keepdims=True)


def gaussians(shift, spacing=1 / 64):
    """Masses of N(0, 1) and N(shift, 1) on one even grid; the trapezium rule is exact here."""
    x = np.arange(-12, shift + 12, spacing)
    return norm.pdf(x) * spacing, norm.pdf(x - shift) * spacing


# --- known answers ------------------------------------------------------------------------


def test_disjoint_laws_are_infinitely_far_in_kl_log_two_in_js_and_one_in_total_variation():
    p, q = np.array([0.25, 0.75, 0, 0]), np.array([0, 0, 0.5, 0.5])
    assert kl_divergence(p, q) == np.inf
    assert js_divergence(p, q) == pytest.approx(np.log(2), abs=4 * EPS)
    assert total_variation(p, q) == 1


@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_a_law_is_at_zero_from_itself(divergence, pairs):
    np.testing.assert_array_equal(divergence(pairs[0], pairs[0]), np.zeros(50))


def test_kl_is_infinite_only_where_mass_meets_none():
    p, q = [0.5, 0.5, 0.0], [0.2, 0.3, 0.5]
    assert kl_divergence(p, q) == pytest.approx(0.5 * np.log(2.5) + 0.5 * np.log(5 / 3))
    assert kl_divergence(q, p) == np.inf


def test_two_coins_have_the_textbook_values():
    p, q = [0.5, 0.5], [0.25, 0.75]
    assert kl_divergence(p, q) == pytest.approx(np.log(2 / np.sqrt(3)), abs=4 * EPS)
    assert total_variation(p, q) == 0.25
    assert js_divergence([0.5, 0.5], [1, 0]) == pytest.approx(0.75 * np.log(4 / 3), abs=4 * EPS)


@pytest.mark.parametrize(
    ("shift", "js"), [(1, 0.111421), (2, 0.336831), (4, 0.632720), (10, 0.693146)]
)
def test_shifted_gaussians_have_their_closed_forms(shift, js):
    p, q = gaussians(shift)
    assert kl_divergence(p, q) == pytest.approx(shift**2 / 2, rel=1e-12)
    # the kink of |p - q| costs the even grid an error of its spacing squared
    assert total_variation(p, q) == pytest.approx(2 * norm.cdf(shift / 2) - 1, abs=1 / 64**2)
    assert js_divergence(p, q) == pytest.approx(js, abs=5e-7)


def test_partly_overlapping_uniforms_pay_log_two_for_the_part_that_sticks_out():
    n, shifted_by = 1000, np.array([0, 1, 250, 999, 1000])
    places = np.arange(2 * n)
    p = (places < n) / n
    q = ((places >= shifted_by[:, None]) & (places < n + shifted_by[:, None])) / n
    np.testing.assert_allclose(js_divergence(p, q), shifted_by / n * np.log(2), atol=n * EPS)
    np.testing.assert_allclose(total_variation(p, q), shifted_by / n, atol=n * EPS)


def test_the_optimal_discriminator_is_the_share_of_real_mass():
    p, q = np.array([0.5, 0.5, 0, 0.0]), np.array([0, 0.5, 0.5, 0])
    np.testing.assert_array_equal(optimal_discriminator(p, q), [1, 0.5, 0, 0.5])


def test_samples_share_their_common_places_once():
    x = np.array([[0.0, 1], [0, 1], [2, 3], [-0.0, 4]])
    y = torch.tensor([[0.0, 4], [2, 3], [5, 5]])
    p, q = shared_masses(x, y)
    np.testing.assert_array_equal(p, [0.5, 0.25, 0.25, 0])
    np.testing.assert_array_equal(q, [0, 1 / 3, 1 / 3, 1 / 3])
    assert js_divergence(*shared_masses(x[:2], y)) == pytest.approx(np.log(2), abs=4 * EPS)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([], [1.0], "x has shape"),
        ([1.0], 1.0, "y has shape"),
        ([np.nan], [1.0], "x holds nan"),
        ([[1.0, 2.0]], [1.0], "x has dimension 2 and y has dimension 1"),
    ],
)
def test_bad_samples_are_named(x, y, message):
    with pytest.raises(ValueError, match=message):
        shared_masses(x, y)


# --- invariants ---------------------------------------------------------------------------


@pytest.mark.parametrize("divergence", [js_divergence, total_variation])
def test_js_and_total_variation_are_symmetric(divergence, pairs):
    np.testing.assert_array_equal(divergence(*pairs), divergence(*pairs[::-1]))


def test_the_root_of_js_and_total_variation_obey_the_triangle_inequality(pairs):
    p, q = pairs
    r = np.roll(q, 1, axis=0)
    for distance in (lambda a, b: np.sqrt(js_divergence(a, b)), total_variation):
        assert (distance(p, r) <= distance(p, q) + distance(q, r) + 1e-12).all()


def test_js_lies_between_the_bounds_total_variation_sets(pairs):
    js, tv = js_divergence(*pairs), total_variation(*pairs)
    assert (js <= tv * np.log(2) + 1e-12).all()
    assert (js >= tv**2 / 2 - 1e-12).all()


def test_no_discriminator_beats_the_optimal_one_and_its_value_is_twice_js_minus_log_four(pairs):
    p, q = pairs
    p, q = 0.9 * p + 0.1 / 11, 0.9 * q + 0.1 / 11  # full support: every log is finite
    best = optimal_discriminator(p, q)

    def value(d):
        return (p * np.log(d) + q * np.log(1 - d)).sum(axis=-1)

    np.testing.assert_allclose(value(best), 2 * js_divergence(p, q) - np.log(4), atol=1e-13)
    rng = np.random.default_rng(1)
    for _ in range(100):
        assert (
            value(np.clip(best + rng.normal(0, 0.1, best.shape), 0.01, 0.99)) < value(best)
        ).all()


@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_the_order_of_places_does_not_matter(divergence, pairs):
    order = np.random.default_rng(2).permutation(11)
    np.testing.assert_allclose(
        divergence(*pairs[..., order]), divergence(*pairs), rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_leading_axes_broadcast(divergence, pairs):
    p, q = pairs[0, :3], pairs[1, :4]
    table = divergence(p[:, None], q[None])
    assert table.shape == (3, 4)
    assert table[2, 1] == divergence(p[2], q[1])
    assert divergence(p[0], q).shape == (4,)


@pytest.mark.parametrize("divergence", [*DIVERGENCES, optimal_discriminator])
def test_tensors_lists_and_single_precision_give_float64(divergence):
    p, q = [0.1, 0.2, 0.7], [0.3, 0.3, 0.4]
    exact = divergence(p, q)
    single = divergence(torch.tensor(p, requires_grad=True), torch.tensor(q))
    assert exact.dtype == single.dtype == np.float64
    np.testing.assert_allclose(single, exact, rtol=1e-6)
    np.testing.assert_array_equal(divergence(torch.tensor(p, dtype=torch.float64), q), exact)


def test_the_smallest_masses_neither_vanish_nor_overflow():
    tiny = np.nextafter(0, 1)
    assert js_divergence([tiny, 1], [0, 1]) < 1e-300
    assert kl_divergence([1.0, 0], [tiny, 1]) == pytest.approx(-np.log(tiny))
    np.testing.assert_array_equal(optimal_discriminator([tiny, 1e308], [tiny, 1e308]), 0.5)


# --- independent witnesses ----------------------------------------------------------------


def test_scipy_agrees(pairs):
    p, q = pairs
    np.testing.assert_allclose(js_divergence(p, q), jensenshannon(p, q, axis=-1) ** 2, rtol=1e-10)
    np.testing.assert_allclose(kl_divergence(p, q), entropy(p, q, axis=-1), rtol=1e-12)


def test_adaptive_quadrature_agrees_with_the_even_grid():
    p, q = norm.pdf, lambda x: norm.pdf(x - 3)

    def integrand(x):
        m = (p(x) + q(x)) / 2
        return (p(x) * np.log(p(x) / m) + q(x) * np.log(q(x) / m)) / 2

    by_quadrature = quad(integrand, -12, 15, epsabs=1e-13, limit=200)[0]
    assert js_divergence(*gaussians(3)) == pytest.approx(by_quadrature, abs=1e-12)


# --- refusals -----------------------------------------------------------------------------


@pytest.mark.parametrize("divergence", DIVERGENCES)
@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        ([0.5, 0.6], [0.5, 0.5], "p sums to 1.1"),
        ([[0.5, 0.5], [0.5, 0.4]], [0.5, 0.5], "p sums to 0.9"),
        ([0.5, 0.5], [1.5, -0.5], "q holds a negative mass, -0.5"),
        ([0.5, np.nan], [0.5, 0.5], "p holds nan"),
        ([0.5, 0.5], [np.inf, 0.5], "q holds inf"),
        ([0.5, 0.5], [0.2, 0.3, 0.5], "p has 2 masses and q has 3"),
        ([1.0], [0.5, 0.5], "p has 1 masses and q has 2"),
        ([], [], "at least one mass"),
        (1.0, 1.0, "at least one mass"),
        (np.full((2, 2), 0.5), np.full((3, 2), 0.5), "do not broadcast"),
    ],
)
def test_bad_input_is_named(divergence, p, q, message):
    with pytest.raises(ValueError, match=message):
        divergence(p, q)


def test_the_optimal_discriminator_takes_densities_and_names_bad_ones():
    x = np.linspace(-3, 5, 9)
    ratio = optimal_discriminator(norm.pdf(x), norm.pdf(x - 2))
    np.testing.assert_allclose(ratio, 1 / (1 + np.exp(2 * (x - 1))), rtol=1e-12)
    with pytest.raises(ValueError, match="p holds a negative mass, -1"):
        optimal_discriminator([-1.0], [1.0])
    with pytest.raises(ValueError, match="do not broadcast"):
        optimal_discriminator([1.0, 1.0], [1.0, 1.0, 1.0])

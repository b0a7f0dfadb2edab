r"""Divergences that compare probabilities point by point, and the discriminator behind them.

A distribution is an array of masses along the last axis, its entries belonging to the same places
in both arguments. A density on an even grid becomes such an array when it is multiplied by the
grid's spacing. None of these functions knows how far apart two places lie.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import rel_entr

from wganlib._arrays import masses, non_negative, points, same_dimension
from wganlib._memory import refuse_large

__all__ = [
    "js_divergence",
    "kl_divergence",
    "optimal_discriminator",
    "shared_masses",
    "total_variation",
]

DENSITY = " (a density: multiply by the grid spacing first)"


def kl_divergence(p: ArrayLike, q: ArrayLike) -> np.float64 | NDArray[np.float64]:
    r"""Kullback-Leibler divergence of `p` from `q`: the mean of log(p/q) under `p`.

    .. math:: \mathrm{KL}(p \| q) = \sum_i p_i \log\frac{p_i}{q_i}

    with 0 log 0 = 0. It is infinite as soon as `p` has mass where `q` has none.

    Parameters
    ----------
    p, q : array_like, shape (..., n)
        Masses along the last axis, summing to one; leading axes broadcast. Unit: none.

    Returns
    -------
    float64 or ndarray, shape (...)
        The divergence in nats, from 0 to infinity.

    Raises
    ------
    ValueError
        If the masses are negative, not finite real numbers, or do not sum to one, or if the shapes
        do not match.

    References
    ----------
    Arjovsky, Chintala and Bottou (2017), section 2.

    Examples
    --------
    >>> round(float(kl_divergence([0.5, 0.5], [0.25, 0.75])), 6)
    0.143841
    >>> float(kl_divergence([0.5, 0.5], [1.0, 0.0]))
    inf
    """
    p, q = _two_distributions(p, q)
    # rounding may leave a sum just below zero where the divergence itself is zero
    return np.maximum(rel_entr(p, q).sum(axis=-1), 0.0)


def js_divergence(p: ArrayLike, q: ArrayLike) -> np.float64 | NDArray[np.float64]:
    r"""Jensen-Shannon divergence: how far `p` and `q` lie from their own mixture, on average.

    .. math:: \mathrm{JS}(p, q) = \tfrac12 \mathrm{KL}(p \| m) + \tfrac12 \mathrm{KL}(q \| m),
              \qquad m = \tfrac12 (p + q)

    Symmetric, and never more than log 2, which it takes exactly when `p` and `q` share no place.

    Parameters
    ----------
    p, q : array_like, shape (..., n)
        Masses along the last axis, summing to one; leading axes broadcast. Unit: none.

    Returns
    -------
    float64 or ndarray, shape (...)
        The divergence in nats, from 0 to log 2.

    Raises
    ------
    ValueError
        If the masses are negative, not finite real numbers, or do not sum to one, or if the shapes
        do not match.

    Notes
    -----
    *Differs from the paper:* Arjovsky et al. (2017) print the definition without its two halves,
    which would double every value, and then state log 2 for disjoint laws, which needs them.

    References
    ----------
    Lin (1991), with equal weights.

    Examples
    --------
    >>> bool(js_divergence([1.0, 0.0], [0.0, 1.0]) == np.log(2))
    True
    >>> round(float(js_divergence([0.5, 0.5], [1.0, 0.0])), 6)
    0.215762
    """
    p, q = _two_distributions(p, q)
    # against p + q = 2m, so that halving the smallest floats never makes a mass vanish
    terms = rel_entr(2 * p, p + q) + rel_entr(2 * q, p + q)
    return np.maximum(terms.sum(axis=-1) / 4, 0.0)


def total_variation(p: ArrayLike, q: ArrayLike) -> np.float64 | NDArray[np.float64]:
    r"""Total variation: the largest difference in probability any event can show.

    .. math:: \mathrm{TV}(p, q) = \sup_A |p(A) - q(A)| = \tfrac12 \sum_i |p_i - q_i|

    Parameters
    ----------
    p, q : array_like, shape (..., n)
        Masses along the last axis, summing to one; leading axes broadcast. Unit: none.

    Returns
    -------
    float64 or ndarray, shape (...)
        A probability, from 0 to 1. Unit: none.

    Raises
    ------
    ValueError
        If the masses are negative, not finite real numbers, or do not sum to one, or if the shapes
        do not match.

    References
    ----------
    Arjovsky, Chintala and Bottou (2017), section 2.

    Examples
    --------
    >>> float(total_variation([0.5, 0.5], [1.0, 0.0]))
    0.5
    """
    p, q = _two_distributions(p, q)
    return np.abs(p - q).sum(axis=-1) / 2


def optimal_discriminator(p: ArrayLike, q: ArrayLike) -> np.float64 | NDArray[np.float64]:
    r"""Probability that a point is real, when `p` is the real law and `q` the fake one.

    .. math:: D^*(x) = \frac{p(x)}{p(x) + q(x)}

    It maximises the mean of log D under `p` plus the mean of log(1 - D) under `q`.

    Parameters
    ----------
    p, q : array_like, shapes that broadcast
        Masses, or densities in one and the same unit: only their ratio counts, so they need not
        sum to one.

    Returns
    -------
    float64 or ndarray, the shape of `p` and `q` broadcast
        A probability, from 0 to 1; one half where both laws vanish, where every value is optimal.

    Raises
    ------
    ValueError
        If an entry is negative or no finite real number, or if the shapes do not match.

    References
    ----------
    Goodfellow et al. (2014), Proposition 1.

    Examples
    --------
    >>> optimal_discriminator([0.5, 0.5, 0.0], [0.0, 0.5, 0.5]).tolist()
    [1.0, 0.5, 0.0]
    """
    p, q = _broadcast(non_negative(p, "p"), non_negative(q, "q"))
    # scaled by the larger of the two: the smallest densities stay, the largest do not overflow
    scale = np.maximum(np.maximum(p, q), np.nextafter(0, 1))
    share, total = p / scale, p / scale + q / scale
    return np.divide(share, total, out=np.full(total.shape, 0.5), where=total > 0)[()]


def shared_masses(x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    r"""Count two samples on the union of their places: masses for the divergences above.

    .. math:: p_i = \frac{\#\{k : x_k = u_i\}}{n}, \qquad q_i = \frac{\#\{k : y_k = u_i\}}{m}

    where :math:`u_1, u_2, \dots` are the distinct places that occur in `x` or in `y`.

    Parameters
    ----------
    x, y : array_like, shapes (n,) and (m,), or (n, d) and (m, d)
        Points, each of the same weight, in data units.

    Returns
    -------
    p : ndarray, shape (k,)
        Masses of the first sample on the k distinct places; they sum to one. Unit: none.
    q : ndarray, shape (k,)
        Masses of the second sample on the same places.

    Raises
    ------
    ValueError
        If a sample is empty, holds what is no finite real number, or the dimensions do not match.

    Examples
    --------
    >>> p, q = shared_masses([0.0, 1.0], [1.0, 2.0])
    >>> p.tolist(), q.tolist()
    ([0.5, 0.5, 0.0], [0.0, 0.5, 0.5])
    """
    x, y = points(x, "x"), points(y, "y")
    same_dimension(x, y, "x y")
    places, index = np.unique(np.concatenate([x, y]), axis=0, return_inverse=True)
    index = index.ravel()  # NumPy 2.0 gave it a second axis
    p = np.bincount(index[: len(x)], minlength=len(places)) / len(x)
    q = np.bincount(index[len(x) :], minlength=len(places)) / len(y)
    return p, q


def _two_distributions(p: ArrayLike, q: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return both as float64 of one shape, each summing to one along the last axis."""
    p, q = masses(p, "p", remedy=DENSITY), masses(q, "q", remedy=DENSITY)
    if p.shape[-1] != q.shape[-1]:
        raise ValueError(
            f"p has {p.shape[-1]} masses and q has {q.shape[-1]}; list both over the same places, "
            "with zeros where one has no mass"
        )
    return _broadcast(p, q)


def _broadcast(p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both with one shape, whose terms must fit into memory."""
    try:
        p, q = np.broadcast_arrays(p, q)
    except ValueError:
        raise ValueError(
            f"p has shape {p.shape} and q has shape {q.shape}, which do not broadcast; give both "
            "over the same places"
        ) from None
    refuse_large(48.0 * p.size, f"comparing p and q over shape {p.shape}", "compare fewer at once")
    return p, q

r"""Kantorovich potentials, the c-transform and the exact 1-Lipschitz critic they define.

Conventions, once and for all: ``x`` with weights ``a`` is real, ``y`` with weights ``b`` is fake;
``phi`` lives on the real points, ``psi`` on the fake ones, and no pair may exceed its distance,
:math:`\varphi_i + \psi_j \le \|x_i - y_j\|`. The critic takes the values ``phi`` on real points and
``-psi`` on fake ones, so it scores real data high. Everything is NumPy and float64.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wganlib import _arrays
from wganlib._distances import blocks, distances, refuse_many
from wganlib.transport import EPS, GAP_TOLERANCE, network_simplex, weighted_pair


@dataclass(frozen=True, kw_only=True, eq=False)
class Potentials:
    r"""An optimal pair of Kantorovich potentials and the value they attain.

    Parameters
    ----------
    phi : ndarray, shape (n,)
        :math:`\varphi_i`, the critic's score of real point i, in data units.
    psi : ndarray, shape (m,)
        :math:`\psi_j`, minus the critic's score of fake point j, in data units.
    value : float
        :math:`\sum_i a_i\varphi_i + \sum_j b_j\psi_j`, which is :math:`W_1`, in data units.
    """

    phi: NDArray[np.float64]
    psi: NDArray[np.float64]
    value: float


def c_transform(potential: ArrayLike, points: ArrayLike, at: ArrayLike) -> NDArray[np.float64]:
    r"""Evaluate the c-transform of a potential for the Euclidean cost anywhere.

    .. math:: \varphi^c(z) = \min_i \bigl( \|x_i - z\| - \varphi_i \bigr)

    It is the largest function with :math:`\varphi_i + \varphi^c(z) \le \|x_i - z\|` for every i,
    and it is 1-Lipschitz whatever the potential is.

    Parameters
    ----------
    potential : array_like, shape (n,)
        One number for each of ``points``, in data units.
    points : array_like, shape (n,) or (n, d)
        Where the potential lives, in data units.
    at : array_like, shape (k,) or (k, d)
        Where the transform is wanted, in data units.

    Returns
    -------
    ndarray, shape (k,)
        Values of the transform, in data units.

    Raises
    ------
    ValueError
        If an argument is empty or holds what is no finite real number, if the dimensions differ, or
        if there is not one potential for each point.

    References
    ----------
    Peyré and Cuturi, Computational Optimal Transport (2019), equations (5.1) and (5.2), which a
    symmetric cost makes one.

    Examples
    --------
    >>> c_transform([0.0, 1.0], points=[0.0, 4.0], at=[0.0, 1.0, 4.0])
    array([ 0.,  1., -1.])
    """
    points, at = _arrays.points(points, "points"), _arrays.points(at, "at")
    _arrays.same_dimension(points, at, "points at")
    potential = _arrays.real_array(potential, "potential", ndim=1, shape="(n,)")[:, None]  # (n, 1)
    if len(potential) != len(points):
        raise ValueError(f"potential has {len(potential)} entries for {len(points)} points")
    return _transform(potential, points, at)


def kantorovich_potentials(
    x: ArrayLike, y: ArrayLike, a: ArrayLike | None = None, b: ArrayLike | None = None
) -> Potentials:
    r"""Optimal potentials of the dual transport problem, with no gap to the primal.

    .. math::

        \max_{\varphi_i + \psi_j \le \|x_i - y_j\|} \sum_i a_i \varphi_i + \sum_j b_j \psi_j = W_1

    Optimal potentials are not unique. Those returned are the values of one 1-Lipschitz function,
    :math:`\varphi_i = f(x_i)` and :math:`\psi_j = -f(y_j)`, so they are feasible at points without
    mass too; the free constant is fixed by :math:`\sum_j b_j \psi_j = 0`.

    Parameters
    ----------
    x, y : array_like, shape (n,) or (n, d) and (m,) or (m, d)
        Real and fake points, in data units.
    a, b : array_like, shape (n,) and (m,), optional
        Weights, no unit; equal when left out.

    Returns
    -------
    Potentials
        ``phi`` of shape (n,), ``psi`` of shape (m,) and ``value``, all in data units.

    Raises
    ------
    ValueError
        Whatever `wganlib.transport.weighted_pair` refuses.
    RuntimeError
        If the solver fails, or if its potentials leave a gap to its plan.

    References
    ----------
    Peyré and Cuturi, Computational Optimal Transport (2019), section 5.1. Solver:
    `wganlib.transport.network_simplex`.

    Examples
    --------
    >>> potentials = kantorovich_potentials([0.0, 4.0], [1.0, 1.0])
    >>> potentials.phi, potentials.psi, potentials.value
    (array([1., 3.]), array([0., 0.]), 2.0)
    """
    x, y, a, b = weighted_pair(x, y, a, b)
    refuse_many(len(x), len(y), "give subsamples")
    real, fake = a > 0, b > 0  # a solver's potential means nothing where there is no mass
    cost = distances(x[real], y[fake])
    matrix, phi, _ = network_simplex(cost, a[real], b[fake])
    # One transform makes any potential feasible and never worse: f = -(phi^c), here at x and y.
    phi, psi = -c_transform(phi, x[real], x), c_transform(phi, x[real], y)
    value, primal = float(a @ phi + b @ psi), float(np.vdot(matrix, cost))
    rounding = 64 * EPS * (a @ np.abs(phi) + b @ np.abs(psi))
    if abs(value - primal) > GAP_TOLERANCE * primal + rounding:
        raise RuntimeError(f"dual value {value!r} misses the primal value {primal!r}; update POT")
    return Potentials(phi=phi + b @ psi, psi=psi - b @ psi, value=value)


def exact_critic(
    x: ArrayLike, y: ArrayLike, a: ArrayLike | None = None, b: ArrayLike | None = None
) -> Callable[[ArrayLike], NDArray[np.float64]]:
    r"""Exact Wasserstein critic of two weighted samples, as a function of any point.

    .. math:: f(z) = -\varphi^c(z) = \max_i \bigl( \varphi_i - \|x_i - z\| \bigr), \qquad
              \sum_i a_i f(x_i) - \sum_j b_j f(y_j) = W_1

    It is 1-Lipschitz everywhere and scores the fake sample zero in the mean. Other optimal critics
    exist; among those with the same scores of the real points this is the lowest. It has a peak
    at each real point that is not on a slope of another, and kinks where two real points tie.

    Parameters
    ----------
    x, y : array_like, shape (n,) or (n, d) and (m,) or (m, d)
        Real and fake points, in data units.
    a, b : array_like, shape (n,) and (m,), optional
        Weights, no unit; equal when left out.

    Returns
    -------
    callable
        Maps points of shape (k,) or (k, d) to scores of shape (k,), both in data units.

    Raises
    ------
    ValueError
        Whatever `wganlib.transport.weighted_pair` refuses, here and for the points the critic is
        asked for.
    RuntimeError
        As in `kantorovich_potentials`.

    References
    ----------
    Peyré and Cuturi, Computational Optimal Transport (2019), equation (5.1); that a metric cost
    makes it 1-Lipschitz is lemma 4.2 of the book.

    Examples
    --------
    >>> critic = exact_critic([0.0, 4.0], [1.0, 1.0])
    >>> critic([-1.0, 0.0, 1.0, 4.0])
    array([0., 1., 0., 3.])
    """
    phi = kantorovich_potentials(x, y, a, b).phi[:, None]
    real = _arrays.points(x, "x").copy()  # the caller may change x later

    def critic(z: ArrayLike) -> NDArray[np.float64]:
        z = _arrays.points(z, "z")
        _arrays.same_dimension(z, real, "z x")
        return 0.0 - _transform(phi, real, z)  # a plain minus would print -0.0

    return critic


def _transform(potential: np.ndarray, points: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Take the transform of a column of potentials, a block of distances at a time."""
    with np.errstate(over="ignore"):
        # (n, rows) - (n, 1), then the smallest in each column -> (rows,)
        found = np.concatenate([
            (distances(points, at[rows]) - potential).min(axis=0)
            for rows in blocks(len(at), len(points))
        ])  # fmt: skip
    if not np.isfinite(found).all():
        raise ValueError("distances, or their differences to the potential, overflow; rescale them")
    return found

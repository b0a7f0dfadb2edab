r"""Exact optimal transport between two weighted samples, by POT and SciPy.

A distribution is given as its points ``x`` and their weights ``a`` (equal weights when left out).
Everything here is float64 and exact up to rounding; lists and tensors are taken like arrays.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import ot
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from wganlib import _arrays

# POT stops after 100,000 pivots, warns, and hands back a plan that is not optimal.
# Here the limit is out of reach, and running into it is an error.
MAX_PIVOTS = 10**9


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    r"""An optimal transport plan between n and m weighted points, and what it costs.

    Parameters
    ----------
    cost : float
        Total cost :math:`\sum_{ij} \pi_{ij} \|x_i - y_j\|`, in data units.
    matrix : ndarray, shape (n, m)
        Mass :math:`\pi_{ij}` sent from point i to point j (no unit); rows sum to ``a``, columns
        to ``b``.
    """

    cost: float
    matrix: NDArray[np.float64]


def weighted_sample(
    points: ArrayLike, weights: ArrayLike | None = None, *, name: str = "x"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Check one weighted sample and return it as float64 arrays.

    .. math:: a_i \ge 0, \qquad \sum_i a_i = 1

    Parameters
    ----------
    points : array_like, shape (n,) or (n, d)
        Points, in data units; a flat array is n points on the line.
    weights : array_like, shape (n,), optional
        Mass of each point, no unit; 1/n each when left out.
    name : str
        What an error message calls the sample.

    Returns
    -------
    points : ndarray, shape (n, d)
        The points, in data units; a view of them where nothing had to be converted.
    weights : ndarray, shape (n,)
        The weights, rescaled so that rounding in their sum is gone.

    Raises
    ------
    ValueError
        If the sample is empty, is not of shape (n,) or (n, d), or holds what is no finite real
        number; if the weights have another length, are negative, or do not sum to 1.

    Examples
    --------
    >>> weighted_sample([0.0, 4.0])
    (array([[0.],
           [4.]]), array([0.5, 0.5]))
    """
    return _weighted(points, weights, name, f"weights of {name}")


def weighted_pair(
    x: ArrayLike, y: ArrayLike, a: ArrayLike | None = None, b: ArrayLike | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    r"""Check two weighted samples that live in one space: the public door of every function here.

    .. math:: \mu = \sum_i a_i \delta_{x_i}, \qquad \nu = \sum_j b_j \delta_{y_j}

    Parameters
    ----------
    x, y : array_like, shape (n,) or (n, d) and (m,) or (m, d)
        Points, in data units.
    a, b : array_like, shape (n,) and (m,), optional
        Weights, no unit; equal when left out.

    Returns
    -------
    x : ndarray, shape (n, d)
        The first points, in data units.
    y : ndarray, shape (m, d)
        The second points, in data units.
    a : ndarray, shape (n,)
        The first weights.
    b : ndarray, shape (m,)
        The second weights.

    Raises
    ------
    ValueError
        Whatever `weighted_sample` refuses, points of different dimension, and points so far apart
        that their distance overflows.

    Examples
    --------
    >>> x, y, a, b = weighted_pair([0.0, 1.0], [2.0], a=[0.25, 0.75])
    >>> x.shape, y.shape, b
    ((2, 1), (1, 1), array([1.]))
    """
    x, a = _weighted(x, a, "x", "a (the weights of x)")
    y, b = _weighted(y, b, "y", "b (the weights of y)")
    _arrays.same_dimension(x, y, "x y")
    with np.errstate(over="ignore"):
        reach = np.maximum(x.max(axis=0), y.max(axis=0)) - np.minimum(x.min(axis=0), y.min(axis=0))
    if np.isinf(reach).any():
        raise ValueError("x and y lie farther apart than float64 can say; rescale the points")
    return x, y, a, b


def wasserstein_1d(
    x: ArrayLike,
    y: ArrayLike,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    p: float = 1,
) -> float:
    r"""Wasserstein distance :math:`W_p` between two weighted samples on the line.

    .. math:: W_p(\mu, \nu) = \Big( \int_0^1 |F^{-1}(q) - G^{-1}(q)|^p \, dq \Big)^{1/p}

    with the quantile functions of the two samples; the p-th root is taken. The cost is that of
    sorting. Cumulative weights are rounded at about 1e-16, so for p > 1 and unequal weights a
    distance that ought to be zero can come out as the spread of the points times 1e-16^(1/p).

    Parameters
    ----------
    x, y : array_like, shape (n,) or (n, 1) and (m,) or (m, 1)
        Points, in data units.
    a, b : array_like, shape (n,) and (m,), optional
        Weights, no unit; equal when left out.
    p : float
        Order, at least 1 and finite.

    Returns
    -------
    float
        The distance, in data units.

    Raises
    ------
    ValueError
        Whatever `weighted_pair` refuses; points that are not on the line; p below 1 or infinite.

    References
    ----------
    Peyré and Cuturi, Computational Optimal Transport (2019), remarks 2.28 and 2.30. Solver:
    ``ot.wasserstein_1d``.

    Examples
    --------
    >>> wasserstein_1d([0.0, 1.0], [5.0, 6.0])
    5.0
    >>> wasserstein_1d([0.0], [3.0, 4.0], b=[0.5, 0.5], p=2)  # sqrt((9 + 16) / 2)
    3.5355339059327378
    """
    x, y, a, b = weighted_pair(x, y, a, b)
    if x.shape[1] != 1:
        raise ValueError(f"x and y have dimension {x.shape[1]}, not 1; use exact_w1 off the line")
    p = _arrays.finite_number(p, "p", least=1)
    x, y = x[a > 0, 0], y[b > 0, 0]  # (n, 1) -> (n,), and points without mass play no part
    # A power of two rescales without rounding and keeps the p-th powers from overflowing.
    unit = np.ldexp(1.0, np.frexp(max(x.max(), y.max()) - min(x.min(), y.min()))[1])
    total = ot.wasserstein_1d(x / unit, y / unit, a[a > 0], b[b > 0], p=p)
    return float(unit * total ** (1 / p))


def exact_w1(
    x: ArrayLike, y: ArrayLike, a: ArrayLike | None = None, b: ArrayLike | None = None
) -> float:
    r"""Exact earth-mover distance :math:`W_1` between two weighted samples in any dimension.

    .. math:: W_1(\mu, \nu) = \min_{\pi \in \Pi(a, b)} \sum_{ij} \pi_{ij} \|x_i - y_j\|

    Parameters
    ----------
    x, y : array_like, shape (n,) or (n, d) and (m,) or (m, d)
        Points, in data units.
    a, b : array_like, shape (n,) and (m,), optional
        Weights, no unit; equal when left out.

    Returns
    -------
    float
        The distance, in data units.

    Raises
    ------
    ValueError
        Whatever `weighted_pair` refuses.
    RuntimeError
        If the network simplex does not reach an optimum.

    References
    ----------
    Peyré and Cuturi, Computational Optimal Transport (2019), chapter 2. Solver: on the line
    `wasserstein_1d`, elsewhere `network_simplex`.

    Examples
    --------
    >>> exact_w1([[0.0, 0.0], [1.0, 0.0]], [[3.0, 4.0], [4.0, 4.0]])
    5.0
    """
    x, y, a, b = weighted_pair(x, y, a, b)
    if x.shape[1] == 1:
        return wasserstein_1d(x, y, a, b)
    cost = cdist(x, y)
    return float(np.vdot(network_simplex(cost, a, b)[0], cost))


def optimal_plan(
    x: ArrayLike, y: ArrayLike, a: ArrayLike | None = None, b: ArrayLike | None = None
) -> Plan:
    r"""Optimal plan for the Euclidean cost between two weighted samples.

    .. math:: \pi \in \arg\min_{\pi \in \Pi(a, b)} \sum_{ij} \pi_{ij} \|x_i - y_j\|

    Several plans may be optimal. On the line the monotone one is returned; elsewhere a vertex of
    the transport polytope, with at most n + m - 1 entries that are not zero.

    Parameters
    ----------
    x, y : array_like, shape (n,) or (n, d) and (m,) or (m, d)
        Points, in data units.
    a, b : array_like, shape (n,) and (m,), optional
        Weights, no unit; equal when left out.

    Returns
    -------
    Plan
        ``cost`` in data units, ``matrix`` of shape (n, m).

    Raises
    ------
    ValueError
        Whatever `weighted_pair` refuses.
    RuntimeError
        If the network simplex does not reach an optimum.

    References
    ----------
    Peyré and Cuturi, Computational Optimal Transport (2019), chapters 2 and 3. Solvers:
    ``ot.emd_1d`` and `network_simplex`.

    Examples
    --------
    >>> optimal_plan([0.0, 1.0], [2.0, 3.0]).matrix
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    x, y, a, b = weighted_pair(x, y, a, b)
    cost = cdist(x, y)
    if x.shape[1] == 1:
        matrix = ot.emd_1d(x, y, a, b, metric="euclidean")
    else:
        matrix = network_simplex(cost, a, b)[0]
    return Plan(cost=float(np.vdot(matrix, cost)), matrix=matrix)


def network_simplex(
    cost: ArrayLike, a: ArrayLike, b: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    r"""Solve one transport problem for any cost matrix, and its dual with it.

    .. math::

        \min_{\pi \in \Pi(a, b)} \sum_{ij} \pi_{ij} c_{ij}
        = \max_{\varphi_i + \psi_j \le c_{ij}} \sum_i a_i \varphi_i + \sum_j b_j \psi_j

    Parameters
    ----------
    cost : array_like, shape (n, m)
        Cost of moving one unit of mass from i to j, in data units for the Euclidean cost.
    a, b : array_like, shapes (n,) and (m,)
        Weights that are not negative and sum to 1, no unit.

    Returns
    -------
    matrix : ndarray, shape (n, m)
        An optimal plan, no unit.
    phi : ndarray, shape (n,)
        Optimal potentials of the rows, in the unit of the cost.
    psi : ndarray, shape (m,)
        Optimal potentials of the columns, in the unit of the cost.

    Raises
    ------
    ValueError
        If an entry of the cost is no finite real number, or if the weights do not fit its shape,
        are negative, or do not sum to 1.
    RuntimeError
        If the solver stops before it has reached an optimum.

    References
    ----------
    Peyré and Cuturi, Computational Optimal Transport (2019), chapter 3. Solver: ``ot.emd``, the
    network simplex of Bonneel et al. (2011).

    Examples
    --------
    >>> cost = np.array([[1.0, 2.0], [3.0, 1.0]])
    >>> matrix, phi, psi = network_simplex(cost, np.array([0.5, 0.5]), np.array([0.5, 0.5]))
    >>> matrix
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    cost = _arrays.real_array(cost, "cost", ndim=2, shape="(n, m)")
    if cost.size == 0:
        raise ValueError(f"cost has shape {cost.shape}: it is empty; give at least one pair")
    a, b = _kept_weights(a, "a", cost.shape[0]), _kept_weights(b, "b", cost.shape[1])
    # The solver's tolerance is absolute: costs of 1e-12 would be taken for zero and the plan be
    # wrong without a word. A power of two makes the largest cost about 1,000, without rounding.
    unit = np.ldexp(1.0, np.frexp(cost.max())[1] - 10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # said again below, as an error
        matrix, log = ot.emd(a, b, cost / unit, numItermax=MAX_PIVOTS, log=True)
    if log["warning"] is not None:
        raise RuntimeError(f"no optimal plan for shape {cost.shape}: {log['warning']}")
    return matrix, unit * log["u"], unit * log["v"]


def sliced_w1(x: ArrayLike, y: ArrayLike, *, n_projections: int, rng: np.random.Generator) -> float:
    r"""Sliced earth-mover distance: the mean of :math:`W_1` over random directions.

    .. math:: SW_1(\mu, \nu) = E_{u \sim U(S^{d-1})} \, W_1(\langle u, x \rangle,
              \langle u, y \rangle) \le W_1(\mu, \nu)

    Parameters
    ----------
    x, y : array_like, shape (n,) or (n, d) and (m,) or (m, d)
        Points of equal weight, in data units.
    n_projections : int
        Number of directions drawn.
    rng : numpy.random.Generator
        Draws the directions.

    Returns
    -------
    float
        The estimate, in data units.

    Raises
    ------
    ValueError
        Whatever `weighted_pair` refuses; fewer than one direction.

    References
    ----------
    Bonneel, Rabin, Peyré and Pfister (2015), Sliced and Radon Wasserstein barycenters of measures.
    Solver: ``ot.sliced_wasserstein_distance``.

    Examples
    --------
    >>> sliced_w1([0.0], [-3.0], n_projections=4, rng=np.random.default_rng(0))
    3.0
    """
    x, y, a, b = weighted_pair(x, y)
    n_projections = _arrays.whole_number(n_projections, "n_projections")
    _arrays.instance(rng, "rng", np.random.Generator, "np.random.default_rng(seed) makes one")
    directions = rng.standard_normal((x.shape[1], n_projections))
    directions /= np.linalg.norm(directions, axis=0)
    return float(ot.sliced_wasserstein_distance(x, y, a, b, projections=directions, p=1))


def _weighted(
    points: ArrayLike, weights: ArrayLike | None, name: str, weights_name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points of shape (n, d) and their weights, equal ones when left out."""
    points = _arrays.points(points, name)
    if weights is None:
        return points, np.full(len(points), 1.0 / len(points))
    return points, _matching_weights(weights, weights_name, len(points))


def _matching_weights(weights: ArrayLike, name: str, n: int) -> NDArray[np.float64]:
    """Return n masses, divided by their sum, or refuse."""
    shape = _arrays.real_array(weights, name).shape
    if shape != (n,):
        raise ValueError(f"{name} has shape {shape}, expected ({n},): one number for each point")
    return _arrays.masses(weights, name)


def _kept_weights(weights: ArrayLike, name: str, n: int) -> NDArray[np.float64]:
    """Return n masses as they are if only rounding keeps their sum from 1, rescaled otherwise."""
    rescaled, given = _matching_weights(weights, name, n), _arrays.real_array(weights, name)
    return given if abs(given.sum() - 1) <= n * np.finfo(np.float64).eps else rescaled

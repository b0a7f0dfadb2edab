r"""Exact optimal transport between two weighted samples, by POT and SciPy.

A distribution is given as its points ``x`` and their weights ``a`` (equal weights when left out).
Everything here is float64 and exact up to rounding; lists and tensors are taken like arrays.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import ot
from numpy.typing import ArrayLike, NDArray

from wganlib import _arrays
from wganlib._distances import blocks, distances, lengths, refuse_many, unit_of
from wganlib._memory import refuse_large

EPS, SMALLEST = np.finfo(np.float64).eps, np.nextafter(0.0, 1.0)
# POT stops after 100,000 pivots, warns, and hands back a plan that is not optimal.
# Here the limit is out of reach, and running into it is an error.
MAX_PIVOTS = 10**9
# A plan is optimal if its cost misses the dual's value by no more, as a share of the cost itself.
GAP_TOLERANCE = 1e-9
# Costs of so many times the largest that a plan pays cannot be in a better plan of its size.
HEADROOM = 8
# Potentials may be some times as large as the costs, and must not overflow.
LARGEST_COST = 1e300
# Bytes that a solution takes for each pair of points at its peak, the solver's own included.
BYTES_A_PAIR = 56


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
    _arrays.instance(name, "name", str, "give the word that an error message calls the sample")
    points, weights = _weighted(points, weights, name, f"weights of {name}")
    return points, _filled(weights, len(points))


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
    x, y, a, b = _samples(x, y, a, b)
    return x, y, _filled(a, len(x)), _filled(b, len(y))


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
    sorting. Steps of the two quantile functions that lie as close as the rounding of sums of
    weights, some n times 1e-16, count as one step where p > 1: a large p would see a gap there.

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
    Peyré and Cuturi, Computational Optimal Transport (2019), remarks 2.28 and 2.30.

    Examples
    --------
    >>> wasserstein_1d([0.0, 1.0], [5.0, 6.0])
    5.0
    >>> wasserstein_1d([0.0], [3.0, 4.0], b=[0.5, 0.5], p=2)  # sqrt((9 + 16) / 2)
    3.5355339059327378
    """
    x, y, a, b = _samples(x, y, a, b)
    if x.shape[1] != 1:
        raise ValueError(f"x and y have dimension {x.shape[1]}, not 1; use exact_w1 off the line")
    p = _arrays.finite_number(p, "p", least=1)
    if a is None and b is None:
        gap, width = _even_gaps(x, y)
        return _order_mean(gap[:, 0], width, p)
    return _order_mean(*_weighted_gaps(x[:, 0], y[:, 0], a, b, exact=p == 1), p)


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
    x, y, a, b = _samples(x, y, a, b)
    if x.shape[1] == 1:
        return wasserstein_1d(x, y, a, b)
    refuse_many(len(x), len(y), "give subsamples, or call sliced_w1")
    cost = distances(x, y)
    matrix = _plan(cost, _filled(a, len(x)), _filled(b, len(y)))
    return float(np.vdot(matrix, cost))


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
    refuse_many(len(x), len(y), "give subsamples; wasserstein_1d and sliced_w1 need no plan")
    cost = distances(x, y)
    on_the_line = x.shape[1] == 1
    matrix = ot.emd_1d(x, y, a, b, metric="cityblock") if on_the_line else _plan(cost, a, b)
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
    refuse_many(*cost.shape, "give a part of it")
    largest = max(cost.max(), -cost.min())
    if largest > LARGEST_COST:
        raise ValueError(f"cost reaches {largest:.3g}, too near float64's end; divide it by a unit")
    a, b = _kept_weights(a, "a", cost.shape[0]), _kept_weights(b, "b", cost.shape[1])
    low = min(float(cost.min()), 0.0)  # the solver wants none below zero
    matrix, phi, psi = _proven(cost - low if low < 0 else cost, a, b)
    return matrix, phi + low, psi


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

    Examples
    --------
    >>> sliced_w1([0.0], [-3.0], n_projections=4, rng=np.random.default_rng(0))
    3.0
    """
    x, y, _, _ = _samples(x, y, None, None)
    n_projections = _arrays.whole_number(n_projections, "n_projections")
    _arrays.instance(rng, "rng", np.random.Generator, "np.random.default_rng(seed) makes one")
    what = f"n_projections={n_projections} directions in dimension {x.shape[1]}"
    refuse_large(24.0 * x.shape[1] * n_projections, what, "draw fewer")
    directions = rng.standard_normal((x.shape[1], n_projections))
    directions /= np.linalg.norm(directions, axis=0)
    # Near the origin and of size one: a far or large pair of clouds loses no digits.
    x, y = x - y[0], y - y[0]
    unit = unit_of(max(np.abs(x).max(), np.abs(y).max()))
    total = 0.0
    for part in blocks(n_projections, len(x) + len(y)):
        gap, width = _even_gaps(x / unit @ directions[:, part], y / unit @ directions[:, part])
        total += float(np.sum(width * gap.T))
    return unit * (total / n_projections)


def _samples(x: ArrayLike, y: ArrayLike, a: ArrayLike | None, b: ArrayLike | None) -> tuple:
    """Check two weighted samples; weights that are left out stay None."""
    x, a = _weighted(x, a, "x", "a (the weights of x)")
    y, b = _weighted(y, b, "y", "b (the weights of y)")
    _arrays.same_dimension(x, y, "x y")
    if max(x.max(), -x.min(), y.max(), -y.min()) > 1e150:  # else no distance can overflow
        with np.errstate(over="ignore"):
            top, bottom = np.maximum(x.max(axis=0), y.max(axis=0)), np.minimum(x.min(0), y.min(0))
            reach = lengths((top - bottom)[None])
        if np.isinf(reach):
            raise ValueError("x and y lie farther apart than float64 can say; rescale the points")
    return x, y, a, b


def _weighted(
    points: ArrayLike, weights: ArrayLike | None, name: str, weights_name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return points of shape (n, d) and their weights, None when left out."""
    points = _arrays.points(points, name)
    if weights is None:
        return points, None
    return points, _matching_weights(weights, weights_name, len(points))


def _filled(weights: NDArray[np.float64] | None, n: int) -> NDArray[np.float64]:
    """Return the weights, n equal ones when left out."""
    return np.full(n, 1.0 / n) if weights is None else weights


def _matching_weights(weights: ArrayLike, name: str, n: int) -> NDArray[np.float64]:
    """Return n masses, divided by their sum, or refuse."""
    shape = _arrays.real_array(weights, name).shape
    if shape != (n,):
        raise ValueError(f"{name} has shape {shape}, expected ({n},): one number for each point")
    return _arrays.masses(weights, name)


def _kept_weights(weights: ArrayLike, name: str, n: int) -> NDArray[np.float64]:
    """Return n masses as they are if only rounding keeps their sum from 1, rescaled otherwise."""
    rescaled, given = _matching_weights(weights, name, n), _arrays.real_array(weights, name)
    return given if abs(given.sum() - 1) <= n * EPS else rescaled


# --- on the line: both samples as quantile functions, which are constant between some levels ------
#
# Not by ot.wasserstein_1d, which sums powers of gaps as they are, so that a large order under- or
# overflows, which takes the rounding of cumulative weights for masses, and which needs four times
# as long. Tests compare with it, and with SciPy.


def _even_gaps(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray | float]:
    """Sort the columns of two samples; return the gaps of their quantiles and the gaps' masses."""
    n, m = len(x), len(y)
    x, y = np.sort(x, axis=0), np.sort(y, axis=0)
    if n == m:
        return np.abs(x - y), 1.0 / n
    # Levels in units of 1/(n m) are whole numbers, so that equal ones are equal exactly.
    levels = np.sort(np.concatenate([m * np.arange(1, n + 1), n * np.arange(1, m + 1)]))
    gap = np.abs(x[(levels - 1) // m] - y[(levels - 1) // n])
    return gap, np.diff(levels, prepend=0) / (n * m)


def _weighted_gaps(x, y, a, b, *, exact: bool) -> tuple[np.ndarray, np.ndarray]:
    """Sort two weighted samples; return the gaps of their quantiles and the gaps' masses."""
    (x, at_x), (y, at_y) = _steps(x, a), _steps(y, b)
    if not exact:
        near = at_x[np.searchsorted((at_x[1:] + at_x[:-1]) / 2, at_y)]  # the nearest step of x
        rounding = (len(at_x) + len(at_y)) * EPS * at_y
        at_y = np.where(np.abs(near - at_y) <= rounding, near, at_y)
    levels = np.sort(np.concatenate([at_x, at_y]))
    gap = np.abs(x[np.searchsorted(at_x, levels)] - y[np.searchsorted(at_y, levels)])
    return gap, np.diff(levels, prepend=0.0)


def _steps(x: np.ndarray, a: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return sorted points and the levels at which their quantile function leaves them."""
    if a is None:
        return np.sort(x), np.arange(1, len(x) + 1) / len(x)
    order = np.argsort(x)
    order = order[a[order] > 0]  # points without mass play no part
    levels = np.cumsum(a[order])
    return x[order], levels / levels[-1]


def _order_mean(gap: np.ndarray, width: np.ndarray | float, p: float) -> float:
    """Return the p-th root of the mean p-th power; the largest gap is the unit of length."""
    gap = gap if np.isscalar(width) else gap[width > 0]
    width = width if np.isscalar(width) else width[width > 0]
    largest = float(gap.max())
    if largest == 0:
        return 0.0
    unit = unit_of(largest) if p == 1 else largest  # a power of two divides without rounding
    with np.errstate(under="ignore"):
        share = (gap / unit) ** p
    mean = share.mean() if np.isscalar(width) else width @ share
    return float(unit * mean ** (1 / p))


# --- everywhere else: the network simplex, and proof that it has found the optimum ----------------


def _plan(cost: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return an optimal plan for costs that are not negative."""
    return _proven(cost / 2.0**64 if cost.max() > LARGEST_COST else cost, a, b)[0]


def _proven(cost: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple:
    """Return an optimal plan and potentials whose values meet, or say that there is a gap.

    Next to one cost of 1e13, costs of 1 are below the solver's tolerance. Where the values do not
    meet, costs are cut to a few times the largest that the plan pays, and all is solved again: a
    plan that pays none of those cut is as good for the true costs, and potentials that are
    feasible for less cost are so for more.
    """
    cap = top = float(cost.max())
    while True:
        matrix, phi, psi = _simplex(cost if cap == top else np.minimum(cost, cap), a, b)
        bound = _bound(cost, phi, a, b)
        if abs(np.vdot(matrix, cost) - bound) > GAP_TOLERANCE * bound:
            matrix = _without_dust(matrix, a[:, None], b)
        value, paid = float(np.vdot(matrix, cost)), float(cost[matrix > 0].max())
        lost = (2 * matrix.sum(axis=1) < a).any() or (2 * matrix.sum(axis=0) < b).any()
        if paid == 0 and not lost:
            return matrix, np.zeros(len(a)), np.zeros(len(b))
        gap, tolerance = abs(value - bound), GAP_TOLERANCE * value
        if gap <= tolerance:
            return matrix, phi, psi
        if lost or HEADROOM * paid >= cap:
            break
        cap = HEADROOM * paid
    if lost or gap > tolerance + 64 * EPS * min(cap, HEADROOM * float(np.median(cost))):
        raise RuntimeError(
            f"no optimal plan for shape {cost.shape}: its cost {value:.6g} and the best bound "
            f"{bound:.6g} differ; leave out points that are far from all others"
        )
    return matrix, phi, psi


def _without_dust(matrix: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Drop masses that are the rounding of larger ones: far away they would cost a lot."""
    dust = (matrix <= 16 * EPS * np.maximum(a, b)) & (matrix < np.minimum(a, b) / 2)
    return np.where(dust, 0.0, matrix)


def _bound(cost: np.ndarray, phi: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """Return the dual's value at the best feasible potentials that these lead to."""
    phi = np.where(a > 0, phi, -np.inf)  # means nothing where there is no mass
    psi = np.full(cost.shape[1], np.inf)
    for rows in blocks(*cost.shape):
        psi = np.minimum(psi, (cost[rows] - phi[rows, None]).min(axis=0))
    better = np.concatenate([(cost[rows] - psi).min(axis=1) for rows in blocks(*cost.shape)])
    return float(a @ better + b @ psi)


def _simplex(cost: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple:
    """Call POT's network simplex; what it says in a warning is an error.

    The solver's tolerance is absolute: costs of 1e-12 would be taken for zero and the plan be wrong
    without a word. So the largest cost is made about 1,000, by a power of two, without rounding.
    """
    unit = max(unit_of(float(cost.max())) / 2**9, SMALLEST)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # said again below, as an error
        matrix, log = ot.emd(a, b, cost / unit, numItermax=MAX_PIVOTS, log=True)
    if log["warning"] is not None:
        raise RuntimeError(f"no optimal plan for shape {cost.shape}: {log['warning']}")
    return matrix, unit * log["u"], unit * log["v"]

"""Euclidean distances between all pairs of two clouds, right at every scale of float64."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy.spatial.distance import cdist

from wganlib._memory import refuse_large

# Squares of coordinates beyond these leave the range of float64, or lose digits below it.
SMALLEST, LARGEST = 1e-140, 1e150
# Distances held at a time where not all are needed at once (32 MB of float64).
BLOCK_ENTRIES = 2**22
# Bytes that an optimal plan takes for each pair of points at its peak, the solver's own included.
BYTES_A_PAIR = 56


def distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the distance of each point to each; equal points are at zero exactly.

    Differences are squared one by one. The faster way over dot products, |x|² + |y|² - 2xy, loses
    what is small against the points' distance from the origin, and with it ties and zeros.

    Parameters
    ----------
    x, y : ndarray, shapes (n, d) and (m, d)
        Finite points.

    Returns
    -------
    ndarray, shape (n, m)
        The distances, infinite where float64 cannot hold them.
    """
    found = cdist(x, y)
    if not (found.min() > SMALLEST and found.max() < LARGEST):
        for rows in blocks(len(x), found.shape[1] * x.shape[1]):
            part = found[rows]  # a view
            i, j = np.nonzero(~((part > SMALLEST) & (part < LARGEST)))
            with np.errstate(over="ignore"):
                part[i, j] = lengths(x[rows][i] - y[j])
    return found


def near_origin(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Move two clouds to the origin, to a size of about one.

    Parameters
    ----------
    x, y : ndarray, shapes (n, d) and (m, d)
        Finite points.

    Returns
    -------
    x, y : ndarray, shapes (n, d) and (m, d)
        The points, divided by a unit, about the middle of y.
    unit : float
        The unit.
    """
    unit = unit_of(max(np.abs(x).max(), np.abs(y).max()))
    x, y = x / unit, y / unit
    middle = y.mean(axis=0)
    return x - middle, y - middle, unit


def rough_squares(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Work out squared distances by dot products, ten times as fast as `distances`.

    Whoever compares them decides what differs by more than the error, and asks `distances` about
    the rest.

    Parameters
    ----------
    x, y : ndarray, shapes (n, d) and (m, d)
        Points from `near_origin`, or some of them.

    Returns
    -------
    squares : ndarray, shape (n, m)
        The squared distances, which may be a little below zero.
    error : float
        A bound of their rounding errors, and of those in the squares of `distances` and of radii.
    """
    x_squares, y_squares = (np.einsum("ij,ij->i", side, side) for side in (x, y))
    # Off by at most half of eps, of the largest terms, are 4d + 28 roundings; near zero each is off
    # by less than the smallest normal number. The bound is a little larger.
    limits = np.finfo(float)
    error = 4 * (x.shape[1] + 5) * (limits.eps * (x_squares.max() + y_squares.max()) + limits.tiny)
    return x_squares[:, None] + y_squares - 2 * x @ y.T, float(error)


def lengths(vectors: np.ndarray) -> np.ndarray:
    """Return the length of each vector, whatever its unit.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
        Vectors; an entry may be infinite.

    Returns
    -------
    ndarray, shape (n,)
        Their lengths, infinite where float64 cannot hold them.
    """
    largest = np.abs(vectors).max(axis=1, initial=0.0)
    unit = np.where((largest > 0) & (largest < np.inf), largest, 1.0)
    with np.errstate(over="ignore", under="ignore"):
        return largest * np.sqrt(np.square(vectors / unit[:, None]).sum(axis=1))


def unit_of(size: float) -> float:
    """Return the power of two at or below a size: to divide by it rounds nothing.

    Parameters
    ----------
    size : float
        A finite number that is not negative.

    Returns
    -------
    float
        The unit, such that the size is from 1 to 2 in it; 1 for a size of 0.
    """
    return math.ldexp(1.0, math.frexp(size)[1] - 1) if size else 1.0


def blocks(n: int, width: int) -> Iterator[slice]:
    """Cut n rows into blocks, so that few enough entries are held at a time.

    Parameters
    ----------
    n : int
        The number of rows.
    width : int
        Entries that each row needs.

    Yields
    ------
    slice
        The rows of a block.
    """
    rows = max(1, BLOCK_ENTRIES // max(width, 1))
    yield from (slice(start, start + rows) for start in range(0, n, rows))


def refuse_many(n: int, m: int, way_out: str) -> None:
    """Refuse an optimal plan between more points than memory holds.

    Parameters
    ----------
    n, m : int
        The numbers of points.
    way_out : str
        How to get by with less.

    Raises
    ------
    ValueError
        If a plan and its solver would need more than is available.
    """
    what = f"an optimal plan between {n:,} points x and {m:,} points y"
    refuse_large(float(BYTES_A_PAIR) * n * m, what, way_out)

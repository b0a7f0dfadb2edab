"""Numbers that say how good a generator's samples are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy
from torch import Tensor

from wganlib import _arrays
from wganlib._distances import BLOCK_ENTRIES, blocks, distances, near_origin, rough_squares, unit_of
from wganlib._memory import refuse_large
from wganlib.data import scale_pixels
from wganlib.transport import exact_w1

HIGH_QUALITY = 3.0  # standard deviations, the convention of Srivastava et al. (2017)
# Nearest images are looked for in single precision, then measured again in double precision.
SPARE_CANDIDATES = 3
CARELESS = 1e-4  # by which a softmax may miss one, whatever its precision
SINGLE = 2.0**-24  # the round-off of single precision
FEW = 32  # points at most whose neighbours are looked for together
LARGEST_PIXEL = 1e150  # whose square float64 can hold


@dataclass(frozen=True, kw_only=True)
class ModeCoverage:
    """What `mode_coverage` finds.

    Parameters
    ----------
    modes_covered : int
        Modes that are nearest to at least one high-quality sample.
    high_quality_share : float
        Share of samples within three standard deviations of their nearest mode, in [0, 1].
    histogram_kl : float
        Divergence of the samples' mode histogram from the uniform one, nats, in [0, log K].
    """

    modes_covered: int
    high_quality_share: float
    histogram_kl: float


def mode_coverage(samples: Tensor, centres: Tensor, std: float) -> ModeCoverage:
    r"""Count the modes of a mixture that a sample reaches, and how well it fills them.

    With :math:`k_i` the mode nearest to sample :math:`x_i` and :math:`q_k` the share of samples
    nearest to mode k,

    .. math::
        x_i \text{ is of high quality} \iff \lVert x_i - c_{k_i}\rVert \le 3\sigma, \qquad
        \mathrm{KL} = \sum_k q_k \log(K q_k).

    Parameters
    ----------
    samples : Tensor, shape (n, d)
        Points, in data units.
    centres : Tensor, shape (K, d)
        Centres of K equally likely modes, in data units.
    std : float
        Their common standard deviation :math:`\sigma`, in data units.

    Returns
    -------
    ModeCoverage
        Modes covered, share of high-quality samples, KL of the mode histogram. A perfect sample in
        the plane has a share of :math:`1 - e^{-9/2} = 0.989`, not 1, and, for n samples, a KL near
        :math:`(K - 1)/(2n)`, not 0.

    Raises
    ------
    ValueError
        If the shapes do not fit, a sample or a centre is not finite, or ``std`` is not positive and
        finite.

    Notes
    -----
    One sample is enough to cover a mode, so the count grows with n: compare at equal n only.
    The histogram counts every sample, of high quality or not. Its divergence, :math:`\log K` minus
    its entropy, is the book's own addition.

    References
    ----------
    The first two: Srivastava et al. (2017), "VEEGAN", experiments on synthetic data.

    Examples
    --------
    >>> centres = torch.tensor([[0.0, 0.0], [4.0, 0.0]])
    >>> samples = torch.tensor([[0.0, 0.2], [0.1, 0.0], [0.0, 0.0], [3.0, 0.0]])
    >>> mode_coverage(samples, centres, std=0.1)
    ModeCoverage(modes_covered=1, high_quality_share=0.75, histogram_kl=0.1308...)
    """
    samples, centres = _two_sets(samples, centres)
    std = _arrays.positive_number(std, "std")
    nearest, distance = np.empty(len(samples), dtype=int), np.empty(len(samples))
    for rows in blocks(len(samples), len(centres)):
        apart = distances(samples[rows], centres)
        nearest[rows], distance[rows] = apart.argmin(axis=1), apart.min(axis=1)
    good = distance <= HIGH_QUALITY * std
    share = np.bincount(nearest) / len(samples)
    return ModeCoverage(
        modes_covered=len(np.unique(nearest[good])),
        high_quality_share=float(good.mean()),
        histogram_kl=float(xlogy(share, share * len(centres)).sum()),
    )


def frechet_distance(features_a: ArrayLike, features_b: ArrayLike) -> float:
    r"""Squared 2-Wasserstein distance of the Gaussians with the same means and covariances.

    .. math::
        \lVert m_a - m_b\rVert^2 + \operatorname{tr}\bigl(A + B
        - 2\,(A^{1/2} B A^{1/2})^{1/2}\bigr)

    Parameters
    ----------
    features_a, features_b : array_like, shapes (n, d) and (m, d)
        Features, in feature units. Covariances may be singular.

    Returns
    -------
    float
        The distance, in feature units squared, never negative.

    Raises
    ------
    ValueError
        If the shapes do not fit, a side has fewer than two rows, or a feature is no finite real
        number.

    Notes
    -----
    The empirical value is biased upwards: two samples of n from one law are about
    :math:`(d^2 + 5d)/(2n)` apart where the covariance is the identity. Compare at equal n only.
    Eigenvalues of symmetric matrices replace the usual square root of a product, so nothing
    complex arises.

    References
    ----------
    Heusel et al. (2017), equation 6, after Dowson and Landau (1982).

    Examples
    --------
    A shift costs its squared length.

    >>> points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    >>> round(frechet_distance(points, points + [3.0, 4.0]), 9)
    25.0
    """
    a, b = _features(features_a, "features_a"), _features(features_b, "features_b")
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"features_a has {a.shape[1]} and features_b has {b.shape[1]} columns; "
            "give equally many"
        )
    # Near the origin and of size one: far or large features lose no digits.
    unit = unit_of(max(np.abs(a).max(), np.abs(b).max()))
    a, b = a / unit - a[0] / unit, b / unit - a[0] / unit
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    # With centred rows X, Y over root n, tr (A^½ B A^½)^½ is the sum of singular values of Y X'.
    a, b = (a - mean_a) / np.sqrt(len(a) - 1), (b - mean_b) / np.sqrt(len(b) - 1)
    root_a, root_b = (np.linalg.qr(side, mode="r") for side in (a, b))
    cross = np.linalg.svd(root_b @ root_a.T, compute_uv=False).sum()
    squared = np.sum((mean_a - mean_b) ** 2) + np.sum(a**2) + np.sum(b**2) - 2 * cross
    found = max(float(squared), 0.0) * unit * unit
    if np.isinf(found):
        raise ValueError("features_a and features_b lie so far apart that the square overflows")
    return found


class PrecisionRecall(NamedTuple):
    """What `precision_recall` finds.

    Parameters
    ----------
    precision : float
        Share of fakes that look real, in [0, 1].
    recall : float
        Share of real data that the fakes reach, in [0, 1].
    """

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """What `density_coverage` finds.

    Parameters
    ----------
    density : float
        Mean number of real neighbourhoods that hold a fake, over ``k``; at least 0.
    coverage : float
        Share of real neighbourhoods that hold a fake, in [0, 1].
    """

    density: float
    coverage: float


def precision_recall(
    real_features: ArrayLike, fake_features: ArrayLike, *, k: int = 5
) -> PrecisionRecall:
    r"""Share of fakes that look real, and share of real data that the fakes reach.

    Balls around all points of one side, each as large as the distance to its k-th neighbour of the
    same side, stand for that side's support:

    .. math::
        S(X) = \bigcup_i B\bigl(x_i, d_k(x_i)\bigr),

    .. math::
        \text{precision} = \frac1m \#\{j : \tilde x_j \in S(X)\}, \qquad
        \text{recall} = \frac1n \#\{i : x_i \in S(\tilde X)\}.

    Parameters
    ----------
    real_features, fake_features : array_like, shapes (n, d) and (m, d)
        Features, in feature units.
    k : int, optional
        The neighbour that sets a radius; a point is not its own neighbour.

    Returns
    -------
    PrecisionRecall
        Two shares, no unit. Two samples of one law do not reach 1: compare with real against real,
        at equal n, m and k only.

    Raises
    ------
    ValueError
        If the shapes do not fit, a side has no k-th neighbour, or a feature is no finite real
        number.

    Notes
    -----
    One outlier has a large ball, which takes in whatever lies near; `density_coverage` is the
    remedy.

    *Differs from the paper:* k is 5, the paper takes 3.

    References
    ----------
    Kynkäänniemi et al. (2019), equations 1 and 2.

    Examples
    --------
    Fakes that are all good and all from the left half of the data.

    >>> real = np.arange(100.0)[:, None]
    >>> precision_recall(real, real[:50] + 0.5, k=1)
    PrecisionRecall(precision=1.0, recall=0.51)
    """
    real, fake = _two_clouds(real_features, fake_features, k)
    in_real, _ = _balls_that_hold(fake, real, _radii(real, k))
    in_fake, _ = _balls_that_hold(real, fake, _radii(fake, k))
    return PrecisionRecall(float(np.mean(in_real > 0)), float(np.mean(in_fake > 0)))


def density_coverage(
    real_features: ArrayLike, fake_features: ArrayLike, *, k: int = 5
) -> DensityCoverage:
    r"""How many real neighbourhoods hold a fake, and which share of them holds any.

    With the balls :math:`B_i = B(x_i, d_k(x_i))` of `precision_recall`, around real points alone,

    .. math::
        \text{density} = \frac1{km}\sum_{j}\#\{i : \tilde x_j \in B_i\}, \qquad
        \text{coverage} = \frac1n\#\{i : B_i \text{ holds a fake}\}.

    Parameters
    ----------
    real_features, fake_features : array_like, shapes (n, d) and (m, d)
        Features, in feature units.
    k : int, optional
        The neighbour that sets a radius; a point is not its own neighbour.

    Returns
    -------
    DensityCoverage
        No unit. If both sides are samples of one law without ties, the expected density is 1 and
        the expected coverage :math:`1 - \prod_{l=1}^k \frac{n-l}{n+m-l}`, which is 0.969 for large
        n = m and k = 5, whichever the law.

    Raises
    ------
    ValueError
        As `precision_recall`.

    Notes
    -----
    Density may exceed 1: fakes that crowd where the data are dense score more than the data do.

    References
    ----------
    Naeem et al. (2020), section 3.

    Examples
    --------
    >>> real = np.arange(100.0)[:, None]
    >>> density_coverage(real, real[:50] + 0.5, k=1)
    DensityCoverage(density=2.0, coverage=0.51)
    """
    real, fake = _two_clouds(real_features, fake_features, k)
    balls, reached = _balls_that_hold(fake, real, _radii(real, k))
    return DensityCoverage(float(balls.mean()) / k, float(reached.mean()))


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassCoverage:
    """What `class_coverage` finds.

    Parameters
    ----------
    histogram : ndarray, shape (K,)
        Share of the samples whose most probable class is k; sums to 1.
    entropy : float
        The histogram's entropy, in nats, in [0, log K]; log 10 = 2.303 for ten equal classes.
    kl_to_uniform : float
        The difference of log K and the entropy, in nats.
    """

    histogram: NDArray[np.float64]
    entropy: float
    kl_to_uniform: float


def class_coverage(probabilities: ArrayLike) -> ClassCoverage:
    r"""Count the classes that a classifier finds among samples.

    .. math::
        q_k = \frac1n\#\{i : \arg\max_y p(y \mid x_i) = k\}, \qquad
        H = -\sum_k q_k \log q_k, \qquad \mathrm{KL} = \log K - H

    Parameters
    ----------
    probabilities : array_like, shape (n, K)
        Class probabilities, no unit; rows sum to 1.

    Returns
    -------
    ClassCoverage
        Histogram, its entropy and its divergence from the uniform one. For n samples of K equal
        classes the divergence is near :math:`(K - 1)/(2n)`, not 0.

    Raises
    ------
    ValueError
        If the shape is not ``(n, K)`` or a row is no distribution.

    Notes
    -----
    A sample that is no digit is counted all the same: a classifier must answer.

    Examples
    --------
    >>> found = class_coverage([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.3, 0.7]])
    >>> found.histogram, round(found.entropy, 4), round(found.kl_to_uniform, 4)
    (array([0.75, 0.25]), 0.5623, 0.1308)
    """
    given, probabilities = probabilities, _features(probabilities, "probabilities", least=1)
    n, n_classes = probabilities.shape
    with np.errstate(over="ignore"):
        off = np.abs(probabilities.sum(axis=1) - 1).max()
    allowed = max(CARELESS, _arrays.mass_tolerance(given, n_classes))
    if n_classes < 2 or probabilities.min() < 0 or off > allowed:
        raise ValueError(
            f"probabilities of shape {probabilities.shape} reach down to {probabilities.min():.4g} "
            f"and miss the sum 1 by up to {off:.4g}: apply a softmax over two or more classes"
        )
    share = np.bincount(probabilities.argmax(axis=1), minlength=n_classes) / n
    some = share[share > 0]
    entropy = float(np.sum(some * np.log(1 / some)))
    return ClassCoverage(
        histogram=share, entropy=entropy, kl_to_uniform=float(np.log(n_classes)) - entropy
    )


class Neighbours(NamedTuple):
    """What `nearest_neighbours` finds, the nearest first.

    Parameters
    ----------
    index : Tensor, int64, shape (samples, n)
        Places among the images.
    distance : Tensor, float64, shape (samples, n)
        Distances to them, in data units.
    """

    index: Tensor
    distance: Tensor


@torch.no_grad()
def nearest_neighbours(samples: Tensor, images: Tensor, *, n: int = 1) -> Neighbours:
    r"""For each sample the nearest of many images, pixel by pixel: a look for memorised digits.

    .. math:: \min_i \lVert x - x_i\rVert_2

    Parameters
    ----------
    samples, images : Tensor, shapes (samples, ...) and (images, ...)
        Images of one shape; floats in [−1, 1] or uint8 pixels, which are scaled to that. Results
        lie on the device of ``images``.
    n : int, optional
        How many neighbours each.

    Returns
    -------
    Neighbours
        Places among ``images``, and distances. A copy is at distance 0 exactly.

    Raises
    ------
    ValueError
        If the shapes do not fit, a pixel is not finite or neither float nor uint8, or there are
        fewer images than ``n``.

    Notes
    -----
    The yardstick is the distance of held-out real images to the same ``images``: samples that lie
    markedly closer are copies. Memory is that of ``images`` in float32 and some 60 MB.
    Distances come from a matrix product in single precision, whose cancellation hides distances
    below 0.02; so the few best candidates are measured again in double precision.

    Examples
    --------
    >>> images = torch.tensor([[0, 0], [0, 255], [255, 255]], dtype=torch.uint8)
    >>> nearest_neighbours(torch.tensor([[-1.0, 0.5]]), images)
    Neighbours(index=tensor([[1]]), distance=tensor([[0.5000]], dtype=torch.float64))
    """
    samples, images = _rows(samples, images, "samples images")
    if not 1 <= _arrays.whole_number(n, "n") <= len(images):
        raise ValueError(
            f"n={_arrays.shown(n)} with {len(images)} images: there are fewer than n to compare"
        )
    near, far, unit = _centred(samples, images)
    norms, kept = far.square().sum(dim=1), min(n + SPARE_CANDIDATES, len(images))
    indices, distances_ = [], []
    for rows in blocks(len(samples), max(len(images), kept * far.shape[1])):
        x = near[rows]
        score, index = (norms - 2 * x @ far.T).topk(kept, largest=False)  # |x - y|² - |x|²
        index, distance = _measured(samples[rows], images, index, unit)
        # What single precision cannot tell apart is measured against all images.
        length = x.double().norm(dim=1)
        error = (x.shape[1] + 8) * SINGLE * (length + norms.max().double().sqrt()) ** 2
        sure = (distance[:, n - 1] / unit) ** 2 <= score.amax(dim=1) + length**2 - error
        doubtful = ~sure & (distance[:, n - 1] > 0) & (kept < len(images))
        for i in doubtful.nonzero().flatten().tolist():
            index[i, :n], distance[i, :n] = _nearest_of_all(samples[rows][i], images, n, unit)
        indices.append(index[:, :n])
        distances_.append(distance[:, :n])
    return Neighbours(torch.cat(indices), torch.cat(distances_))


@dataclass(frozen=True, kw_only=True)
class MinibatchW1:
    """What `minibatch_w1` finds, in data units.

    Parameters
    ----------
    value, standard_error : float
        Mean exact distance between a real and a fake batch, and the mean's standard error.
    sampling_floor, sampling_floor_error : float
        The same between two real batches without a common image.
    """

    value: float
    standard_error: float
    sampling_floor: float
    sampling_floor_error: float


def minibatch_w1(
    real: Tensor, fake: Tensor, *, batch_size: int, n_batches: int, rng: torch.Generator
) -> MinibatchW1:
    r"""Exact :math:`W_1` between batches of real and fake samples, and its sampling floor.

    .. math::
        \mathbb E\, W_1(\mu_m, \tilde\mu_m) \quad\text{and}\quad \mathbb E\, W_1(\mu_m, \mu'_m),
        \qquad \mu_m = \frac1m\sum_{i=1}^m \delta_{x_i}

    Parameters
    ----------
    real, fake : Tensor, shapes (n, ...) and (k, ...)
        Samples of one shape, in data units; floats or uint8 pixels.
    batch_size : int
        The batch's m, drawn without replacement.
    n_batches : int
        Batches to average over.
    rng : torch.Generator
        Draws the batches, on the CPU. Both distances share the first real batch.

    Returns
    -------
    MinibatchW1
        Two means with their standard errors, in data units.

    Raises
    ------
    ValueError
        If the shapes do not fit, fewer than two batches are asked for, or there are fewer than
        2 ``batch_size`` real or ``batch_size`` fake samples.

    Notes
    -----
    In many dimensions both are far above :math:`W_1` of the laws, and the value may lie *below* the
    sampling floor: copies of the mean image are closer to a real batch than another real batch is.
    Read it as a check, never as a score.

    References
    ----------
    Bellemare et al. (2017) study what the bias of batches does to gradients.

    Examples
    --------
    A point far away: every batch is as far, and the sampling floor is small.

    >>> real, fake = torch.rand(100, 2), torch.tensor([[1e3, 0.0]]).expand(50, 2)
    >>> found = minibatch_w1(real, fake, batch_size=10, n_batches=5, rng=torch.Generator())
    >>> 998 < found.value < 1001, found.sampling_floor < 1
    (True, True)
    """
    real, fake = _rows(real, fake, "real fake")
    _arrays.instance(rng, "rng", torch.Generator, "torch.Generator().manual_seed(0) makes one")
    if rng.device.type != "cpu":
        raise ValueError(f"rng draws on {rng.device}; give one of the CPU: torch.Generator()")
    n_batches = _arrays.whole_number(n_batches, "n_batches", least=2)
    batch_size = _arrays.whole_number(batch_size, "batch_size")
    refuse_large(100.0 * n_batches, f"n_batches={n_batches} batches", "average over fewer")
    if batch_size > min(len(real) // 2, len(fake)):
        raise ValueError(
            f"batch_size={batch_size} with {len(real)} real and {len(fake)} fake samples: "
            "a batch is at most half the real samples, and all the fake ones"
        )
    found = []
    for _ in range(n_batches):
        order = torch.randperm(len(real), generator=rng)
        first, second = real[order[:batch_size]], real[order[batch_size : 2 * batch_size]]
        drawn = fake[torch.randperm(len(fake), generator=rng)[:batch_size]]
        found.append([exact_w1(first.cpu(), side.cpu()) for side in (drawn, second)])
    value, floor = np.mean(found, axis=0).tolist()
    error, floor_error = (np.std(found, axis=0, ddof=1) / np.sqrt(n_batches)).tolist()
    return MinibatchW1(
        value=value, standard_error=error, sampling_floor=floor, sampling_floor_error=floor_error
    )


def _two_sets(samples: Tensor, centres: Tensor) -> list[np.ndarray]:
    """Return samples and the places of the modes as float64 matrices, or refuse."""
    for name, side in (("samples", samples), ("centres", centres)):
        _tensor(side, name)
        if side.is_complex():
            raise ValueError(f"{name} has dtype {side.dtype}; give real numbers")
    shapes = f"samples {tuple(samples.shape)}, centres {tuple(centres.shape)}"
    if samples.ndim != 2 or centres.ndim != 2 or samples.shape[1] != centres.shape[1]:
        raise ValueError(f"{shapes}: expected (n, d) and (K, d)")
    if not (samples.numel() and centres.numel()):
        raise ValueError(f"{shapes}: neither may be empty")
    if not samples.isfinite().all():
        bad = int((~samples.isfinite()).any(dim=1).sum())
        raise ValueError(f"{bad} of {len(samples)} samples are NaN or infinite: the run diverged")
    return [_arrays.points(samples, "samples"), _arrays.points(centres, "centres")]


def _two_clouds(real: ArrayLike, fake: ArrayLike, k: int) -> list[np.ndarray]:
    """Return two feature matrices whose points all have a k-th neighbour, or refuse."""
    clouds = [_features(real, "real_features"), _features(fake, "fake_features")]
    shapes = f"real_features {clouds[0].shape}, fake_features {clouds[1].shape}"
    if clouds[0].shape[1] != clouds[1].shape[1]:
        raise ValueError(f"{shapes}: expected (n, d) and (m, d)")
    if not _arrays.whole_number(k, "k") < min(map(len, clouds)):
        raise ValueError(f"k={k} with {shapes}: k is at least 1 and below both numbers of rows")
    return clouds


def _radii(points: np.ndarray, k: int) -> np.ndarray:
    """Return the distance of each point to its k-th neighbour among the others."""
    near, _, _ = near_origin(points, points)
    radii = []
    for rows in _few(len(points), len(points)):
        squares, error = rough_squares(near[rows], near)
        # In each row one of the distances is the point's own, 0, so that number k is its
        # neighbour's.
        limit = np.partition(squares, k, axis=1)[:, k, None] + 2 * error
        candidates = (squares <= limit).any(axis=0)
        exact = distances(points[rows], points[candidates])
        radii.append(np.partition(exact, k, axis=1)[:, k])
    return np.concatenate(radii)


def _balls_that_hold(
    points: np.ndarray, centres: np.ndarray, radii: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return how many balls hold each point, and whether each ball holds any point."""
    near, near_centres, unit = near_origin(points, centres)
    limit = (radii / unit) ** 2
    counts, reached = [], np.zeros(len(centres), dtype=bool)
    for rows in _few(len(points), len(centres)):
        squares, error = rough_squares(near[rows], near_centres)
        held = squares < limit - error
        unsure = (~held & (squares <= limit + error)).any(axis=0)
        # The distances are those of the radii, bit for bit, so that a point on a ball is in it.
        if unsure.any():
            held[:, unsure] = distances(points[rows], centres[unsure]) <= radii[unsure]
        counts.append(held.sum(axis=1))
        reached |= held.any(axis=0)
    return np.concatenate(counts), reached


def _few(n: int, m: int) -> Iterator[slice]:
    """Cut n rows into blocks of so few that most of m points are near none of them."""
    return blocks(n, max(m, BLOCK_ENTRIES // FEW))


def _centred(samples: Tensor, images: Tensor) -> tuple[Tensor, Tensor, float]:
    """Move both sides near the origin, to a size of one, in single precision; return the unit."""
    centre = images.mean(dim=0)
    near, far = samples - centre, images - centre
    unit = unit_of(max(near.abs().max().item(), far.abs().max().item()))
    return (near / unit).float(), (far / unit).float(), unit


def _measured(samples: Tensor, images: Tensor, index: Tensor, unit: float) -> tuple[Tensor, Tensor]:
    """Sort the candidates of each sample by their distances in double precision."""
    gap = (images[index].double() - samples[:, None].double()) / unit  # (samples, kept, pixels)
    distance, order = gap.square().sum(dim=2).sqrt().sort(dim=1, stable=True)
    return index.gather(1, order), unit * distance


def _nearest_of_all(sample: Tensor, images: Tensor, n: int, unit: float) -> tuple[Tensor, Tensor]:
    """Find the n nearest images in double precision."""
    gaps = [
        ((images[rows].double() - sample.double()) / unit).square().sum(dim=1).sqrt()
        for rows in blocks(*images.shape)
    ]
    distance, index = torch.cat(gaps).sort(stable=True)
    return index[:n], unit * distance[:n]


def _rows(samples: Tensor, images: Tensor, names: str) -> tuple[Tensor, Tensor]:
    """Return both sides as float matrices of one device, pixels in data units, or refuse."""
    for name, side in zip(names.split(), (samples, images), strict=True):
        _tensor(side, name)
        if not (side.is_floating_point() or side.dtype == torch.uint8):
            raise ValueError(
                f"{name} has dtype {side.dtype}; give floats, or pixels as torch.uint8"
            )
        if side.ndim < 2 or side.numel() == 0:
            raise ValueError(f"{name} has shape {tuple(side.shape)}: no samples of shape (n, ...)")
        if not side.isfinite().all():
            raise ValueError(f"{name} of shape {tuple(side.shape)}: a pixel is NaN or infinite")
        if side.abs().max() > LARGEST_PIXEL:
            raise ValueError(f"{name} reaches {side.abs().max():.3g}; divide it by a unit first")
    if samples.shape[1:] != images.shape[1:]:
        first, second = names.split()
        raise ValueError(
            f"{first} has shape {tuple(samples.shape)} and {second} {tuple(images.shape)}; "
            "give samples of one shape"
        )
    first, second = (_floats(side.flatten(1)).to(images.device) for side in (samples, images))
    return first, second


def _floats(side: Tensor) -> Tensor:
    """Return pixels in data units, and narrow floats in single precision."""
    if side.dtype == torch.uint8:
        return scale_pixels(side)
    return side if side.dtype == torch.float64 else side.float()


def _tensor(side: Tensor, name: str) -> None:
    """Refuse what is no tensor, or one without numbers in memory."""
    _arrays.instance(side, name, Tensor, "torch.as_tensor(x) makes one")
    _arrays.dense(side, name)


def _features(features: ArrayLike, name: str, *, least: int = 2) -> np.ndarray:
    """Return features as a float64 matrix of at least so many finite rows, or refuse."""
    features = _arrays.real_array(features, name)
    if features.ndim != 2 or len(features) < least or not features.shape[1]:
        raise ValueError(
            f"{name} has shape {features.shape}, expected (n, d) with n of at least {least}"
        )
    return features

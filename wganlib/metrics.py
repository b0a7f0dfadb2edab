"""Numbers that say how good a generator's samples are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import safetensors.torch
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from wganlib.data import scale_pixels
from wganlib.records import run_folder
from wganlib.transport import exact_w1

HIGH_QUALITY = 3.0  # standard deviations, the convention of Srivastava et al. (2017)
# Nearest images are looked for in single precision, then measured again in double precision.
SPARE_CANDIDATES = 3


@dataclass(frozen=True, kw_only=True)
class ModeCoverage:
    """What `mode_coverage` finds.

    Attributes
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
    samples : Tensor
        Shape ``(n, d)``, data units.
    centres : Tensor
        Centres of K equally likely modes, shape ``(K, d)``, data units.
    std : float
        Their common standard deviation :math:`\sigma`, data units.

    Returns
    -------
    ModeCoverage
        Modes covered, share of high-quality samples, KL of the mode histogram. A perfect sample in
        the plane has a share of :math:`1 - e^{-9/2} = 0.989`, not 1, and, for n samples, a KL near
        :math:`(K - 1)/(2n)`, not 0.

    Raises
    ------
    ValueError
        If the shapes do not fit, a sample is not finite, or ``std`` is not positive.

    Notes
    -----
    One sample is enough to cover a mode, so the count grows with n: compare at equal n only.
    The histogram counts every sample, of high quality or not.
    Source: the first two, Srivastava et al. (2017), "VEEGAN", experiments on synthetic data. The
    third is ours: :math:`\log K` minus the histogram's entropy.

    Examples
    --------
    >>> centres = torch.tensor([[0.0, 0.0], [4.0, 0.0]])
    >>> samples = torch.tensor([[0.0, 0.2], [0.1, 0.0], [0.0, 0.0], [3.0, 0.0]])
    >>> mode_coverage(samples, centres, std=0.1)
    ModeCoverage(modes_covered=1, high_quality_share=0.75, histogram_kl=0.1308...)
    """
    _refuse_unfit(samples, centres, std)
    samples = samples.double()  # cdist in single precision errs by 0.001 data units
    distance, nearest = torch.cdist(samples, centres.to(samples)).min(dim=1)  # (n, K) -> (n,)
    good = distance <= HIGH_QUALITY * std
    share = torch.bincount(nearest).double() / len(samples)
    kl = torch.special.xlogy(share, share * len(centres)).sum()
    return ModeCoverage(
        modes_covered=nearest[good].unique().numel(),
        high_quality_share=good.double().mean().item(),
        histogram_kl=kl.item(),
    )


def _refuse_unfit(samples: Tensor, centres: Tensor, std: float) -> None:
    """Refuse what has no nearest mode."""
    shapes = f"samples {tuple(samples.shape)}, centres {tuple(centres.shape)}"
    if samples.ndim != 2 or centres.ndim != 2 or samples.shape[1] != centres.shape[1]:
        raise ValueError(f"{shapes}: expected (n, d) and (K, d)")
    if not (len(samples) and len(centres)):
        raise ValueError(f"{shapes}: neither may be empty")
    if not samples.isfinite().all():
        bad = int((~samples.isfinite()).any(dim=1).sum())
        raise ValueError(f"{bad} of {len(samples)} samples are NaN or infinite: the run diverged")
    if not std > 0:
        raise ValueError(f"std={std} must be positive")


class DigitClassifier(nn.Module):
    r"""Small convolutional classifier of digits, whose last hidden layer serves as features.

    .. math:: x \in [-1, 1]^{28 \times 28} \;\mapsto\; \phi(x) \in \mathbb R_{\ge 0}^{64}
        \;\mapsto\; p(y \mid x) = \mathrm{softmax}(A\phi(x) + b)

    Parameters
    ----------
    width : int
        Channels of the first layer; the later ones have 2 and 4 times as many.
    n_features : int
        Size of the last hidden layer.

    Notes
    -----
    *Differs from the literature*: the Fréchet Inception distance uses a network trained on colour
    photographs, to which all digits look much alike. Distances in these features compare with
    nothing but distances in these features.
    Source: ours; trained by ``python -m wganlib.runs digit-classifier``.
    """

    def __init__(self, width: int = 16, n_features: int = 64):
        super().__init__()
        self.arguments = {"width": width, "n_features": n_features}
        self.body = nn.Sequential(
            nn.Conv2d(1, width, 5, stride=2, padding=2),  # 28 -> 14
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),  # 14 -> 7
            nn.Conv2d(2 * width, 4 * width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),  # 7 -> 3
            nn.Flatten(),  # (batch, 4 width, 3, 3) -> (batch, 36 width)
            nn.Linear(36 * width, n_features),
            nn.ReLU(),
        )
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(n_features, 10))
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Map images ``(batch, 1, 28, 28)`` in [−1, 1] to ten logits each, ``(batch, 10)``."""
        return self.head(self.body(images))

    def features(self, images: Tensor) -> Tensor:
        """Map any number of images ``(n, 1, 28, 28)`` to features ``(n, n_features)``."""
        return self._in_parts(self.body, images)

    def probabilities(self, images: Tensor) -> Tensor:
        """Map any number of images to class probabilities ``(n, 10)``; rows sum to 1."""
        return self._in_parts(self, images).softmax(dim=1)

    @torch.no_grad()
    def _in_parts(self, network: nn.Module, images: Tensor) -> Tensor:
        """Apply in evaluation mode, 500 images at a time, so that memory stays small."""
        _refuse_images(images)
        was_training, device = self.training, self.head[1].weight.device
        self.eval()
        found = torch.cat([network(part.to(device)) for part in images.split(500)])
        self.train(was_training)
        return found


def digit_classifier() -> DigitClassifier:
    """Load the book's classifier, trained on MNIST's 60,000 training images.

    Returns
    -------
    DigitClassifier
        On the CPU, in evaluation mode.

    Raises
    ------
    FileNotFoundError
        If its weights are missing; ``make runs N=digit-classifier`` makes them.
    """
    weights = safetensors.torch.load_file(run_folder("digit-classifier") / "classifier.safetensors")
    classifier = DigitClassifier()
    classifier.load_state_dict(weights)
    return classifier.eval()


def frechet_distance(features_a: ArrayLike | Tensor, features_b: ArrayLike | Tensor) -> float:
    r"""Squared 2-Wasserstein distance of the Gaussians with the same means and covariances.

    .. math::
        \lVert m_a - m_b\rVert^2 + \operatorname{tr}\bigl(A + B
        - 2\,(A^{1/2} B A^{1/2})^{1/2}\bigr)

    Parameters
    ----------
    features_a, features_b : array or Tensor
        Shapes ``(n, d)`` and ``(m, d)``, feature units. Covariances may be singular.

    Returns
    -------
    float
        Feature units squared, never negative.

    Raises
    ------
    ValueError
        If the shapes do not fit, a side has fewer than two rows, or a feature is not finite.

    Notes
    -----
    The empirical value is biased upwards: two samples of n from one law are about
    :math:`(d^2 + 5d)/(2n)` apart where the covariance is the identity. Compare at equal n only.
    Eigenvalues of symmetric matrices replace the usual square root of a product, so nothing
    complex arises.
    Source: Heusel et al. (2017), equation 6, after Dowson & Landau (1982).

    Examples
    --------
    A shift costs its squared length.

    >>> points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    >>> round(frechet_distance(points, points + [3.0, 4.0]), 9)
    25.0
    """
    a, b = _features("features_a", features_a), _features("features_b", features_b)
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"features have {a.shape[1]} and {b.shape[1]} columns, expected as many")
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    # With centred rows X, Y over root n, tr (A^½ B A^½)^½ is the sum of singular values of Y X'.
    a, b = (a - mean_a) / np.sqrt(len(a) - 1), (b - mean_b) / np.sqrt(len(b) - 1)
    root_a, root_b = (np.linalg.qr(side, mode="r") for side in (a, b))
    cross = np.linalg.svd(root_b @ root_a.T, compute_uv=False).sum()
    squared = np.sum((mean_a - mean_b) ** 2) + np.sum(a**2) + np.sum(b**2) - 2 * cross
    return max(float(squared), 0.0)


class PrecisionRecall(NamedTuple):
    """What `precision_recall` finds: two shares in [0, 1]."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """What `density_coverage` finds: a mean count of at least 0, and a share in [0, 1]."""

    density: float
    coverage: float


def precision_recall(
    real_features: ArrayLike | Tensor, fake_features: ArrayLike | Tensor, *, k: int = 5
) -> PrecisionRecall:
    r"""Share of fakes that look real, and share of real data that the fakes reach.

    Balls around all points of one side, each as large as the distance to its k-th neighbour of the
    same side, stand for that side's support:

    .. math::
        S(X) = \bigcup_i B\bigl(x_i, d_k(x_i)\bigr),

        \text{precision} = \frac1m \#\{j : \tilde x_j \in S(X)\}, \qquad
        \text{recall} = \frac1n \#\{i : x_i \in S(\tilde X)\}.

    Parameters
    ----------
    real_features, fake_features : array or Tensor
        Shapes ``(n, d)`` and ``(m, d)``, feature units.
    k : int
        The neighbour that sets a radius; a point is not its own neighbour.

    Returns
    -------
    PrecisionRecall
        Two shares, no unit. Two samples of one law do not reach 1: compare with real against real,
        at equal n, m and k only.

    Raises
    ------
    ValueError
        If the shapes do not fit, a side has no k-th neighbour, or a feature is not finite.

    Notes
    -----
    One outlier has a large ball, which takes in whatever lies near; `density_coverage` is the
    remedy.
    *Differs from the paper*: k is 5, the paper takes 3.
    Source: Kynkäänniemi et al. (2019), equations 1 and 2.

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
    real_features: ArrayLike | Tensor, fake_features: ArrayLike | Tensor, *, k: int = 5
) -> DensityCoverage:
    r"""How many real neighbourhoods hold a fake, and which share of them holds any.

    With the balls :math:`B_i = B(x_i, d_k(x_i))` of `precision_recall`, around real points alone,

    .. math::
        \text{density} = \frac1{km}\sum_{j}\#\{i : \tilde x_j \in B_i\}, \qquad
        \text{coverage} = \frac1n\#\{i : B_i \text{ holds a fake}\}.

    Parameters
    ----------
    real_features, fake_features : array or Tensor
        Shapes ``(n, d)`` and ``(m, d)``, feature units.
    k : int
        The neighbour that sets a radius; a point is not its own neighbour.

    Returns
    -------
    DensityCoverage
        No unit. If both sides are samples of one law, the expected density is 1 and the expected
        coverage :math:`1 - \prod_{l=1}^k \frac{n-l}{n+m-l}`, which is 0.969 for large n = m and
        k = 5, whatever the law.

    Raises
    ------
    ValueError
        As `precision_recall`.

    Notes
    -----
    Density may exceed 1: fakes that crowd where the data are dense score more than the data do.
    Source: Naeem et al. (2020), section 3.

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

    Attributes
    ----------
    histogram : ndarray, shape (K,)
        Share of the samples whose most probable class is k; sums to 1.
    entropy : float
        Of the histogram, nats, in [0, log K]; log 10 = 2.303 for ten equal classes.
    kl_to_uniform : float
        log K minus the entropy, nats.
    """

    histogram: NDArray[np.float64]
    entropy: float
    kl_to_uniform: float


def class_coverage(probabilities: ArrayLike | Tensor) -> ClassCoverage:
    r"""Count the classes that a classifier finds among samples.

    .. math::
        q_k = \frac1n\#\{i : \arg\max_y p(y \mid x_i) = k\}, \qquad
        H = -\sum_k q_k \log q_k, \qquad \mathrm{KL} = \log K - H

    Parameters
    ----------
    probabilities : array or Tensor
        Class probabilities, shape ``(n, K)``, no unit; rows sum to 1.

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
    Source: ours; entropy and divergence of a histogram.

    Examples
    --------
    >>> found = class_coverage([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.3, 0.7]])
    >>> found.histogram, round(found.entropy, 4), round(found.kl_to_uniform, 4)
    (array([0.75, 0.25]), 0.5623, 0.1308)
    """
    probabilities = _features("probabilities", probabilities, least=1)
    n, n_classes = probabilities.shape
    off = np.abs(probabilities.sum(axis=1) - 1).max()
    if n_classes < 2 or probabilities.min() < 0 or off > 1e-4:
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
    """What `nearest_neighbours` finds; both of shape ``(samples, n)``, the nearest first."""

    index: Tensor
    distance: Tensor


@torch.no_grad()
def nearest_neighbours(samples: Tensor, images: Tensor, *, n: int = 1) -> Neighbours:
    r"""For each sample the nearest of many images, pixel by pixel: a look for memorised digits.

    .. math:: \min_i \lVert x - x_i\rVert_2

    Parameters
    ----------
    samples, images : Tensor
        Shapes ``(samples, ...)`` and ``(images, ...)`` with equal rests; floats in [−1, 1] or
        uint8 pixels, which are scaled to that. Results lie on the device of ``images``.
    n : int
        How many neighbours each.

    Returns
    -------
    Neighbours
        ``index`` into ``images``, int64, and ``distance``, float64, data units; both of shape
        ``(samples, n)``. A copy is at distance 0 exactly.

    Raises
    ------
    ValueError
        If the shapes do not fit, a pixel is not finite, or there are fewer images than ``n``.

    Notes
    -----
    The yardstick is the distance of held-out real images to the same ``images``: samples that lie
    markedly closer are copies. Memory is that of ``images`` in float32 and some 60 MB.
    Distances come from a matrix product in single precision, whose cancellation hides distances
    below 0.02; so the few best candidates are measured again in double precision.
    Source: ours.

    Examples
    --------
    >>> images = torch.tensor([[0, 0], [0, 255], [255, 255]], dtype=torch.uint8)
    >>> nearest_neighbours(torch.tensor([[-1.0, 0.5]]), images)
    Neighbours(index=tensor([[1]]), distance=tensor([[0.5000]], dtype=torch.float64))
    """
    samples, images = _rows(samples, images, n)
    norms = images.square().sum(dim=1)
    candidates = min(n + SPARE_CANDIDATES, len(images))
    indices, distances = [], []
    for part in samples.split(250):
        score = norms - 2 * part @ images.T  # (250, images); |x - y|² - |x|², the same order
        near = score.topk(candidates, largest=False).indices
        gap = images[near].double() - part[:, None].double()  # (250, candidates, pixels)
        distance, order = gap.square().sum(dim=2).sqrt().sort(dim=1)
        indices.append(near.gather(1, order)[:, :n])
        distances.append(distance[:, :n])
    return Neighbours(torch.cat(indices), torch.cat(distances))


@dataclass(frozen=True, kw_only=True)
class MinibatchW1:
    """What `minibatch_w1` finds, in data units.

    Attributes
    ----------
    value, standard_error : float
        Mean exact distance between a real and a fake batch, and the mean's standard error.
    floor, floor_standard_error : float
        The same between two real batches without a common image: the sampling floor.
    """

    value: float
    standard_error: float
    floor: float
    floor_standard_error: float


def minibatch_w1(
    real: Tensor, fake: Tensor, *, batch_size: int, n_batches: int, rng: torch.Generator
) -> MinibatchW1:
    r"""Exact :math:`W_1` between batches of real and fake samples, beside its sampling floor.

    .. math::
        \mathbb E\, W_1(\mu_m, \tilde\mu_m) \quad\text{and}\quad \mathbb E\, W_1(\mu_m, \mu'_m),
        \qquad \mu_m = \frac1m\sum_{i=1}^m \delta_{x_i}

    Parameters
    ----------
    real, fake : Tensor
        Shapes ``(n, ...)`` and ``(k, ...)`` with equal rests, data units; floats or uint8 pixels.
    batch_size : int
        The batch's m, drawn without replacement.
    n_batches : int
        Batches to average over.
    rng : torch.Generator
        Draws the batches, on the CPU. Both distances share the first real batch.

    Returns
    -------
    MinibatchW1
        Two means with their standard errors, data units.

    Raises
    ------
    ValueError
        If the shapes do not fit, fewer than two batches are asked for, or there are fewer than
        2 ``batch_size`` real or ``batch_size`` fake samples.

    Notes
    -----
    In many dimensions both are far above :math:`W_1` of the laws, and the value may lie *below* the
    floor: copies of the mean image are closer to a real batch than another real batch is. Read it
    as a check, never as a score.
    Source: ours; Bellemare et al. (2017) study what the bias of batches does to gradients.

    Examples
    --------
    A point far away: every batch is as far, and the floor is small.

    >>> real, fake = torch.rand(100, 2), torch.tensor([[1e3, 0.0]]).expand(50, 2)
    >>> found = minibatch_w1(real, fake, batch_size=10, n_batches=5, rng=torch.Generator())
    >>> 998 < found.value < 1001, found.floor < 1
    (True, True)
    """
    real, fake = _rows(real, fake, 1)
    if n_batches < 2 or not 1 <= batch_size <= min(len(real) // 2, len(fake)):
        raise ValueError(
            f"n_batches={n_batches} and batch_size={batch_size} with {len(real)} real and "
            f"{len(fake)} fake samples: at least two batches, of at most half the real samples"
        )
    found = []
    for _ in range(n_batches):
        order = torch.randperm(len(real), generator=rng)
        first, second = real[order[:batch_size]], real[order[batch_size : 2 * batch_size]]
        drawn = fake[torch.randperm(len(fake), generator=rng)[:batch_size]]
        found.append([exact_w1(first.cpu(), side.cpu()) for side in (drawn, second)])
    (value, floor), errors = np.mean(found, 0), np.std(found, 0, ddof=1) / np.sqrt(n_batches)
    return MinibatchW1(
        value=float(value), standard_error=float(errors[0]),
        floor=float(floor), floor_standard_error=float(errors[1]),
    )  # fmt: skip


def _two_clouds(real: ArrayLike | Tensor, fake: ArrayLike | Tensor, k: int) -> list[np.ndarray]:
    """Return two feature matrices whose points all have a k-th neighbour, or refuse."""
    clouds = [_features("real_features", real), _features("fake_features", fake)]
    shapes = f"real_features {clouds[0].shape}, fake_features {clouds[1].shape}"
    if clouds[0].shape[1] != clouds[1].shape[1]:
        raise ValueError(f"{shapes}: expected (n, d) and (m, d)")
    if not 1 <= k < min(map(len, clouds)):
        raise ValueError(f"k={k} with {shapes}: k is at least 1 and below both numbers of rows")
    return clouds


def _radii(points: np.ndarray, k: int) -> np.ndarray:
    """Return the distance of each point to its k-th neighbour among the others."""
    from sklearn.neighbors import NearestNeighbors  # a slow import that few runs need

    return NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points).kneighbors()[0][:, -1]


def _balls_that_hold(
    points: np.ndarray, centres: np.ndarray, radii: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return how many balls hold each point, and whether each ball holds any point."""
    from sklearn.metrics.pairwise import euclidean_distances

    counts, reached = [], np.zeros(len(centres), dtype=bool)
    for start in range(0, len(points), 1_000):  # (1000, centres) distances at a time
        held = euclidean_distances(points[start : start + 1_000], centres) <= radii
        counts.append(held.sum(axis=1))
        reached |= held.any(axis=0)
    return np.concatenate(counts), reached


def _rows(samples: Tensor, images: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Return both sides as float matrices of one device, pixels in data units, or refuse."""
    shapes = f"shapes {tuple(samples.shape)} and {tuple(images.shape)}"
    if samples.ndim < 2 or samples.shape[1:] != images.shape[1:]:
        raise ValueError(f"{shapes}: expected (samples, ...) and (images, ...) with equal rests")
    if not len(samples) or not 1 <= n <= len(images):
        raise ValueError(f"{shapes}: no samples, or fewer than {n} images, to compare")
    sides = [s.flatten(1).to(images.device) for s in (samples, images)]
    sides = [scale_pixels(s) if s.dtype == torch.uint8 else s.float() for s in sides]
    if not all(side.isfinite().all() for side in sides):
        raise ValueError(f"{shapes}: a pixel is NaN or infinite")
    return sides[0], sides[1]


def _features(name: str, features: ArrayLike | Tensor, *, least: int = 2) -> np.ndarray:
    """Return features as a float64 matrix of at least so many finite rows, or refuse."""
    if isinstance(features, Tensor):
        features = features.detach().cpu().numpy()
    features = np.asarray(features, dtype=np.float64)
    if features.ndim != 2 or len(features) < least or not features.shape[1]:
        raise ValueError(
            f"{name} has shape {features.shape}, expected (n, d) with n of at least {least}"
        )
    if not np.isfinite(features).all():
        bad = int((~np.isfinite(features)).any(axis=1).sum())
        raise ValueError(f"{name}: {bad} of {len(features)} rows are NaN or infinite")
    return features


def _refuse_images(images: Tensor) -> None:
    """Refuse what the classifier was not trained on."""
    if images.ndim != 4 or images.shape[1:] != (1, 28, 28) or not len(images):
        raise ValueError(f"images have shape {tuple(images.shape)}, expected (n, 1, 28, 28)")
    if not images.is_floating_point() or not images.abs().max() <= 1:
        raise ValueError(
            f"images have dtype {images.dtype} and values up to {images.abs().max().item():.4g}, "
            "expected floats in [-1, 1]: use wganlib.data.scale_pixels"
        )

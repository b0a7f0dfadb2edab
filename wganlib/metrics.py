"""Numbers that say how good a generator's samples are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import safetensors.torch
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from wganlib.data import run_folder

HIGH_QUALITY = 3.0  # standard deviations, the convention of Srivastava et al. (2017)


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
    Source: ours; trained by ``book/runs/digit_classifier.py``.
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


def _features(name: str, features: ArrayLike | Tensor) -> np.ndarray:
    """Return features as a float64 matrix, or refuse what has no covariance."""
    if isinstance(features, Tensor):
        features = features.detach().cpu().numpy()
    features = np.asarray(features, dtype=np.float64)
    if features.ndim != 2 or len(features) < 2:
        raise ValueError(f"{name} has shape {features.shape}, expected (n, d) with n of at least 2")
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

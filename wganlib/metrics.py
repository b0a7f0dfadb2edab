"""Numbers that say how good a generator's samples are."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

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

"""Ways to keep a critic Lipschitz, and ways to see whether it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

Critic = Callable[[Tensor], Tensor]
FAR = 3.0  # how many times farther from the data's mean the meter's far points lie


def gradient_norms(critic: Critic, x: Tensor, *, create_graph: bool = False) -> Tensor:
    r"""Length of the critic's gradient at each sample.

    .. math:: \lVert\nabla f(x_i)\rVert_2

    Parameters
    ----------
    critic : callable
        Maps ``(batch, ...)`` to scores ``(batch,)`` and treats every sample by itself.
    x : Tensor
        Points, shape ``(batch, ...)``, data units.
    create_graph : bool
        Keep the graph, so that a penalty on the norms can be minimised.

    Returns
    -------
    Tensor
        Norms over all axes but the first, shape ``(batch,)``, score units per data unit. At a
        gradient of exactly zero the norm's own derivative is taken as zero, never NaN.

    Raises
    ------
    ValueError
        If the critic does not return one score for each sample.

    Notes
    -----
    Source: Gulrajani et al. (2017), equation 3. The scores are summed before differentiation,
    which gives each sample its own gradient only if the critic does not mix samples (no batch
    norm).

    Examples
    --------
    >>> gradient_norms(lambda x: 3 * x[:, 0] + 4 * x[:, 1], torch.zeros(2, 2))
    tensor([5., 5.])
    """
    x = x.detach().requires_grad_(True)
    scores = critic(x)
    if scores.shape != (len(x),):
        raise ValueError(
            f"the critic returned scores of shape {tuple(scores.shape)} for {len(x)} samples, "
            f"expected ({len(x)},): end it with `.squeeze(1)` or `.flatten()`"
        )
    (gradient,) = torch.autograd.grad(scores.sum(), x, create_graph=create_graph)
    return torch.linalg.vector_norm(gradient.flatten(1), dim=1)  # (batch, ...) -> (batch,)


def gradient_penalty(
    critic: Critic,
    real: Tensor,
    fake: Tensor,
    *,
    one_sided: bool = False,
    rng: torch.Generator | None = None,
) -> Tensor:
    r"""Mean squared deviation of the critic's slope from 1, between real and fake samples.

    .. math::
        \frac1m\sum_i \bigl(\lVert\nabla f(\hat x_i)\rVert_2 - 1\bigr)^2, \qquad
        \hat x_i = t_i x_i + (1 - t_i)\tilde x_i, \quad t_i \sim U[0, 1],

    with :math:`(\cdot)^2` replaced by :math:`(\max(0, \cdot))^2` when ``one_sided``. The weight
    :math:`\lambda` is the caller's.

    Parameters
    ----------
    critic : callable
        Maps ``(batch, ...)`` to scores ``(batch,)``.
    real, fake : Tensor
        Equal shapes ``(batch, ...)``, data units.
    one_sided : bool
        Penalise only slopes above 1.
    rng : torch.Generator, optional
        Draws ``t``, one number for each pair; on the samples' device.

    Returns
    -------
    Tensor
        Scalar with a graph, no unit.

    Raises
    ------
    ValueError
        If the shapes differ or the critic does not return one score for each sample.

    Notes
    -----
    Source: Gulrajani et al. (2017), Algorithm 1, lines 4-7; the one-sided form is in its
    section 4 ("Two-sided penalty") and in Petzka, Fischer & Lukovnikov (2018).

    Examples
    --------
    A linear critic of slope s pays (s - 1)² wherever it is asked.

    >>> gradient_penalty(lambda x: 3 * x[:, 0], torch.ones(4, 2), torch.zeros(4, 2)).item()
    4.0
    """
    excess = gradient_norms(critic, _mixed(real, fake, rng), create_graph=True) - 1
    return (excess.clamp(min=0) if one_sided else excess).square().mean()


@torch.no_grad()
def clip_weights_(critic: nn.Module, clip_value: float) -> nn.Module:
    r"""Clamp every parameter of the critic to a box, in place.

    .. math:: w \leftarrow \min(c, \max(-c, w))

    Parameters
    ----------
    critic : nn.Module
        Changed in place, biases included.
    clip_value : float
        The bound :math:`c > 0`, no unit.

    Returns
    -------
    nn.Module
        The same critic.

    Raises
    ------
    ValueError
        If ``clip_value`` is not a positive, finite number.

    Notes
    -----
    Source: Arjovsky, Chintala & Bottou (2017), Algorithm 1, line 7, which comes *after* the
    optimiser's step.
    """
    if not 0 < clip_value < math.inf:
        raise ValueError(f"clip_value={clip_value} must be positive and finite (the paper: 0.01)")
    for parameter in critic.parameters():
        parameter.clamp_(-clip_value, clip_value)
    return critic


def debiased_w1(
    w1_estimate: float | np.ndarray | Tensor, gp_weight: float
) -> float | np.ndarray | Tensor:
    r"""Remove the penalty's bias from the critic's estimate.

    A critic under the penalty :math:`\lambda(K-1)^2` gains :math:`K W_1` by sloping :math:`K`, so
    its best slope is :math:`K = 1 + W_1/(2\lambda)` and it reports :math:`\hat W = K W_1`. Solved
    for the truth,

    .. math:: W_1 = \lambda\Bigl(\sqrt{1 + 2\hat W/\lambda} - 1\Bigr).

    Parameters
    ----------
    w1_estimate : float, ndarray or Tensor
        The critic's estimate :math:`\hat W` without the penalty term, data units.
    gp_weight : float
        The weight :math:`\lambda > 0`, data units.

    Returns
    -------
    float, ndarray or Tensor
        The corrected estimate, data units. Exact for two Diracs and an optimal critic; for general
        laws an approximation.

    Raises
    ------
    ValueError
        If ``gp_weight`` is not positive, or an estimate lies below :math:`-\lambda/2`, where no
        distance can have produced it.

    Notes
    -----
    Source: derived in chapter 4 of the book.

    Examples
    --------
    >>> round(debiased_w1(2 + 2**2 / (2 * 10), gp_weight=10), 12)
    2.0
    """
    if not gp_weight > 0:
        raise ValueError(f"gp_weight={gp_weight} must be positive")
    square = 1 + 2 * w1_estimate / gp_weight
    if not (square.min() if hasattr(square, "min") else square) >= 0:
        raise ValueError(f"w1_estimate={w1_estimate} is below -gp_weight/2 = {-gp_weight / 2}")
    return gp_weight * (square**0.5 - 1)


def spectral_norm_(critic: nn.Module) -> nn.Module:
    r"""Divide every weight matrix of the critic by its largest singular value, in place.

    .. math:: W \mapsto W / \sigma(W), \qquad \sigma(W) = \max_{\lVert h\rVert = 1} \lVert Wh\rVert

    With linear layers and ReLU between them the critic is then 1-Lipschitz.

    Parameters
    ----------
    critic : nn.Module
        Changed in place: each linear and convolutional layer keeps its free weight and hands out
        the normalised one. Biases stay as they are.

    Returns
    -------
    nn.Module
        The same critic.

    Raises
    ------
    ValueError
        If the critic has no such layer, or is normalised already.

    Notes
    -----
    The singular value is followed by one power iteration at each pass in training mode, from 15 at
    the start, so right after a large step a layer may exceed 1 a little. A convolution's kernel
    is normalised as a matrix ``(out, in * height * width)``, which does not bound the operator.
    *Differs from the paper*: the power iteration starts from the same vectors each time.
    Source: Miyato et al. (2018), equation 8 and Algorithm 1.

    Examples
    --------
    >>> layer = nn.Linear(2, 1)
    >>> _ = nn.init.constant_(layer.weight, 5.0)
    >>> spectral_norm_(nn.Sequential(layer))[0].weight
    tensor([[0.7071, 0.7071]], grad_fn=<DivBackward0>)
    """
    kinds = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
    layers = [module for module in critic.modules() if isinstance(module, kinds)]
    if not layers:
        raise ValueError(f"{type(critic).__name__} has no linear or convolutional layer")
    if any(parametrize.is_parametrized(layer, "weight") for layer in layers):
        raise ValueError("the critic's weights are normalised already: call spectral_norm_ once")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for layer in layers:
            parametrizations.spectral_norm(layer)
    return critic


@dataclass(frozen=True, kw_only=True, eq=False)
class LipschitzReading:
    """What `lipschitz_meter` reads off.

    Attributes
    ----------
    real, fake, mixed, far : Tensor
        Gradient norms at the real and the fake samples, at points between random pairs of them,
        and three times as far from the data's mean; shape ``(n,)``, score units per data unit.
    largest_slope : float
        Largest difference of scores per distance over sampled pairs, score units per data unit.
    """

    real: Tensor
    fake: Tensor
    mixed: Tensor
    far: Tensor
    largest_slope: float

    @property
    def constant(self) -> float:
        """Largest of all slopes seen, which the Lipschitz constant cannot be below."""
        norms = torch.cat([self.real, self.fake, self.mixed, self.far])
        return max(norms.max().item(), self.largest_slope)


def lipschitz_meter(
    critic: Critic, real: Tensor, fake: Tensor, *, rng: torch.Generator | None = None
) -> LipschitzReading:
    r"""Measure how steep a critic is where it is trained, between, and beyond.

    .. math::
        \lVert\nabla f(z)\rVert \text{ at four kinds of points}, \qquad
        \max_{\text{pairs}} \frac{|f(z) - f(z')|}{\lVert z - z'\rVert}

    Parameters
    ----------
    critic : callable
        Maps ``(batch, ...)`` to scores ``(batch,)``, each sample by itself.
    real, fake : Tensor
        Equal shapes ``(n, ...)``, data units.
    rng : torch.Generator, optional
        Draws the mixing coefficients and the pairs; on the samples' device.

    Returns
    -------
    LipschitzReading
        Gradient norms at real, fake, mixed and far points, and the largest slope over 4n random
        pairs of these points. Every number is a lower bound on the Lipschitz constant.

    Raises
    ------
    ValueError
        If the shapes differ, or the critic does not return one score for each sample.

    Notes
    -----
    Source: ours. The mixed points are those of Gulrajani et al. (2017), Algorithm 1.

    Examples
    --------
    >>> real, fake = torch.ones(3, 2), torch.zeros(3, 2)
    >>> rng = torch.Generator().manual_seed(0)
    >>> reading = lipschitz_meter(lambda x: 2 * x[:, 0], real, fake, rng=rng)
    >>> reading.mixed, reading.constant
    (tensor([2., 2., 2.]), 2.0)
    """
    mixed = _mixed(real, fake, rng)
    centre = torch.cat([real, fake]).detach().mean(dim=0)
    far = centre + FAR * (
        mixed[torch.randperm(len(real), generator=rng, device=real.device)] - centre
    )
    kinds = {"real": real.detach(), "fake": fake.detach(), "mixed": mixed, "far": far}
    points = torch.cat(list(kinds.values()))
    other = points[torch.randperm(len(points), generator=rng, device=real.device)]
    with torch.no_grad():
        rise = (critic(points) - critic(other)).abs()
    run = torch.linalg.vector_norm((points - other).flatten(1), dim=1)  # (4n, ...) -> (4n,)
    slopes = rise[run > 0] / run[run > 0]
    return LipschitzReading(
        **{name: gradient_norms(critic, x).detach() for name, x in kinds.items()},
        largest_slope=slopes.max().item() if len(slopes) else 0.0,
    )


def _mixed(real: Tensor, fake: Tensor, rng: torch.Generator | None) -> Tensor:
    """Draw one point on the segment between each pair, away from any graph."""
    if real.shape != fake.shape:
        raise ValueError(
            f"real has shape {tuple(real.shape)} and fake {tuple(fake.shape)}: "
            "they are paired, so draw batches of equal size"
        )
    t = torch.rand(len(real), generator=rng, device=real.device, dtype=real.dtype)
    t = t.view(-1, *[1] * (real.ndim - 1))  # (batch,) -> (batch, 1, ..., 1)
    return t * real.detach() + (1 - t) * fake.detach()

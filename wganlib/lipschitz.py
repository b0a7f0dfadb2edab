"""Ways to keep a critic Lipschitz, and ways to see whether it is."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

Critic = Callable[[Tensor], Tensor]


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
    if real.shape != fake.shape:
        raise ValueError(
            f"real has shape {tuple(real.shape)} and fake {tuple(fake.shape)}: "
            "the penalty pairs them, so draw batches of equal size"
        )
    t = torch.rand(len(real), generator=rng, device=real.device, dtype=real.dtype)
    t = t.view(-1, *[1] * (real.ndim - 1))  # (batch,) -> (batch, 1, ..., 1)
    mixed = t * real.detach() + (1 - t) * fake.detach()
    excess = gradient_norms(critic, mixed, create_graph=True) - 1
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


def debiased_w1(w1_estimate: float | Tensor, gp_weight: float) -> float | Tensor:
    r"""Remove the penalty's bias from the critic's estimate.

    A critic under the penalty :math:`\lambda(K-1)^2` gains :math:`K W_1` by sloping :math:`K`, so
    its best slope is :math:`K = 1 + W_1/(2\lambda)` and it reports :math:`\hat W = K W_1`. Solved
    for the truth,

    .. math:: W_1 = \lambda\Bigl(\sqrt{1 + 2\hat W/\lambda} - 1\Bigr).

    Parameters
    ----------
    w1_estimate : float or Tensor
        The critic's estimate :math:`\hat W` without the penalty term, data units.
    gp_weight : float
        The weight :math:`\lambda > 0`, data units.

    Returns
    -------
    float or Tensor
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
    >>> debiased_w1(2 + 2**2 / (2 * 10), gp_weight=10)
    2.0
    """
    if not gp_weight > 0:
        raise ValueError(f"gp_weight={gp_weight} must be positive")
    square = 1 + 2 * w1_estimate / gp_weight
    if not (square >= 0).all() if isinstance(square, Tensor) else not square >= 0:
        raise ValueError(f"w1_estimate={w1_estimate} is below -gp_weight/2 = {-gp_weight / 2}")
    return gp_weight * (square**0.5 - 1)

"""Ways to keep a critic Lipschitz, and ways to see whether it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

from wganlib import _arrays, _networks, parallel, slope

Critic = Callable[[Tensor], Tensor]
FAR = 3.0  # how many times farther from the data's mean the meter's far points lie


def gradient_norms(critic: Critic, x: Tensor, *, create_graph: bool = False) -> Tensor:
    r"""Length of the critic's gradient at each sample.

    .. math:: \lVert\nabla f(x_i)\rVert_2

    Parameters
    ----------
    critic : callable
        Maps ``(batch, ...)`` to scores ``(batch,)`` and treats every sample by itself.
    x : Tensor, shape (batch, ...)
        Points, in data units.
    create_graph : bool, optional
        Keep the graph, so that a penalty on the norms can be minimised.

    Returns
    -------
    Tensor, shape (batch,)
        Norms over all axes but the first, in score units per data unit. At a gradient of exactly
        zero the norm's own derivative is taken as zero, never NaN; where a score is not finite, the
        norm is NaN.

    Raises
    ------
    ValueError
        If the points are no floating-point tensor, or the critic does not return one score for each
        sample.

    Notes
    -----
    The scores are summed before differentiation, which gives each sample its own gradient only if
    the critic does not mix samples (no batch norm). A critic that can write its slope down, as
    those of `wganlib.models` can, is asked for it (`wganlib.slope`): the same numbers without a
    second derivative.

    References
    ----------
    Gulrajani et al. (2017), equation 3.

    Examples
    --------
    >>> gradient_norms(lambda x: 3 * x[:, 0] + 4 * x[:, 1], torch.zeros(2, 2))
    tensor([5., 5.])
    """
    x = _floats(x, "x").detach()
    with torch.set_grad_enabled(create_graph):
        written = slope.written_out(critic, x)
    scores, gradient = written or _differentiated(critic, x, create_graph)
    norms = torch.linalg.vector_norm(gradient.flatten(1), dim=1)  # (batch, ...) -> (batch,)
    # A ReLU has slope zero at NaN: without this a missing point would look like a flat one. No
    # error is raised here, because to look would make a GPU wait at every step of training.
    norms = norms.masked_fill(~scores.detach().isfinite(), torch.nan)
    return norms if create_graph else norms.detach()


def _differentiated(critic: Critic, x: Tensor, create_graph: bool) -> tuple[Tensor, Tensor]:
    """Differentiate the scores in the points: the general way, for any critic."""
    with torch.inference_mode(False), torch.enable_grad():  # wherever the caller asks from
        x = x.clone().requires_grad_(True)
        scores = _networks.scored(critic, x.clone())  # a copy: a first layer may work in place
        if not scores.requires_grad:
            raise ValueError(
                "the critic's scores do not depend on the samples in a way that can be "
                "differentiated: it may call detach() or no_grad()"
            )
        return scores, torch.autograd.grad(scores.sum(), x, create_graph=create_graph)[0]


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
    real, fake : Tensor, shape (batch, ...)
        Samples of equal shapes, in data units.
    one_sided : bool, optional
        Penalise only slopes above 1.
    rng : torch.Generator, optional
        Draws ``t``, one number for each pair; on the samples' device.

    Returns
    -------
    Tensor, shape ()
        The penalty with its graph, no unit.

    Raises
    ------
    ValueError
        If the samples are no floating-point tensors, their shapes differ, the critic does not
        return one score for each sample, or ``one_sided`` is no truth value.

    References
    ----------
    Gulrajani et al. (2017), Algorithm 1, lines 4-7; the one-sided form is in its section 4
    ("Two-sided penalty") and in Petzka, Fischer and Lukovnikov (2018).

    Examples
    --------
    A linear critic of slope s pays (s - 1)² wherever it is asked.

    >>> gradient_penalty(lambda x: 3 * x[:, 0], torch.ones(4, 2), torch.zeros(4, 2)).item()
    4.0
    """
    _arrays.instance(one_sided, "one_sided", bool, "give True or False")
    excess = gradient_norms(critic, _mixed(real, fake, rng, joint=True), create_graph=True) - 1
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

    References
    ----------
    Arjovsky, Chintala and Bottou (2017), Algorithm 1, line 7, which comes *after* the optimiser's
    step.
    """
    clip_value = _arrays.positive_number(clip_value, "clip_value")
    _arrays.instance(critic, "critic", nn.Module, "give the network itself")
    for parameter in critic.parameters():
        bound = min(clip_value, torch.finfo(parameter.dtype).max)  # weights beyond have no number
        parameter.clamp_(-bound, bound)
    return critic


def debiased_w1(
    w1_estimate: ArrayLike | Tensor, gp_weight: float
) -> float | NDArray[np.float64] | Tensor:
    r"""Remove the penalty's bias from the critic's estimate.

    A critic under the penalty :math:`\lambda(K-1)^2` gains :math:`K W_1` by sloping :math:`K`, so
    its best slope is :math:`K = 1 + W_1/(2\lambda)` and it reports :math:`\hat W = K W_1`. Solved
    for the truth,

    .. math:: W_1 = \lambda\Bigl(\sqrt{1 + 2\hat W/\lambda} - 1\Bigr)
              = \frac{2\hat W}{1 + \sqrt{1 + 2\hat W/\lambda}},

    computed in the second form, in which nothing cancels where :math:`\hat W` is small.

    Parameters
    ----------
    w1_estimate : float, array_like or Tensor, shape (...)
        The critic's estimate :math:`\hat W` without the penalty term, in data units.
    gp_weight : float
        The weight :math:`\lambda > 0`, in data units.

    Returns
    -------
    float, ndarray or Tensor, shape (...)
        The corrected estimate, in data units; a tensor for a tensor, a float for a number. Exact
        for two Diracs and an optimal critic; for general laws an approximation.

    Raises
    ------
    ValueError
        If ``gp_weight`` is not positive and finite, or an estimate is not finite, too large to be
        divided by it, or below :math:`-\lambda/2`, where no distance can have produced it.

    Notes
    -----
    Derived in chapter 4 of the book.

    Examples
    --------
    >>> round(debiased_w1(2 + 2**2 / (2 * 10), gp_weight=10), 12)
    2.0
    """
    gp_weight = _arrays.positive_number(gp_weight, "gp_weight")
    estimates = _arrays.real_array(w1_estimate, "w1_estimate")
    if estimates.size and estimates.min() < -gp_weight / 2:
        raise ValueError(
            f"w1_estimate holds {estimates.min():g}, below -gp_weight/2 = {-gp_weight / 2:g}"
        )
    given = w1_estimate if isinstance(w1_estimate, Tensor) else estimates
    with np.errstate(over="ignore"):  # what is infinite is refused
        ratio = 2 * (given / gp_weight)
    if not (ratio < np.inf).all():
        raise ValueError(
            f"w1_estimate holds {estimates.max():g}, too large for gp_weight={gp_weight:g}: their "
            "quotient is infinite; give both in a larger unit of the data"
        )
    corrected = given / (0.5 + 0.5 * (1 + ratio) ** 0.5)
    return float(corrected) if isinstance(w1_estimate, Real) else corrected


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

    *Differs from the paper:* the power iteration starts from the same vectors each time.

    References
    ----------
    Miyato et al. (2018), equation 8 and Algorithm 1.

    Examples
    --------
    >>> layer = nn.Linear(2, 1)
    >>> _ = nn.init.constant_(layer.weight, 5.0)
    >>> spectral_norm_(nn.Sequential(layer))[0].weight
    tensor([[0.7071, 0.7071]], grad_fn=<DivBackward0>)
    """
    _arrays.instance(critic, "critic", nn.Module, "give the network itself")
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

    Parameters
    ----------
    real, fake, mixed, far : Tensor, shape (n,)
        Gradient norms at the real and the fake samples, at points between random pairs of them,
        and three times as far from the data's mean, in score units per data unit.
    largest_slope : float
        Largest difference of scores per distance over sampled pairs, in score units per data unit.
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
    real, fake : Tensor, shape (n, ...)
        Samples of equal shapes, in data units.
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
        If the samples are no finite floating-point tensors, their shapes differ, or the critic does
        not return one score for each sample.

    References
    ----------
    The mixed points are those of Gulrajani et al. (2017), Algorithm 1.

    Examples
    --------
    >>> real, fake = torch.ones(3, 2), torch.zeros(3, 2)
    >>> rng = torch.Generator().manual_seed(0)
    >>> reading = lipschitz_meter(lambda x: 2 * x[:, 0], real, fake, rng=rng)
    >>> reading.mixed, reading.constant
    (tensor([2., 2., 2.]), 2.0)
    """
    _finite(real, "real"), _finite(fake, "fake")
    mixed = _mixed(real, fake, rng)
    centre = torch.cat([real, fake]).detach().mean(dim=0)
    far = centre + FAR * (
        mixed[torch.randperm(len(real), generator=rng, device=real.device)] - centre
    )
    kinds = {"real": real.detach(), "fake": fake.detach(), "mixed": mixed, "far": far}
    points = torch.cat(list(kinds.values()))
    other = points[torch.randperm(len(points), generator=rng, device=real.device)]
    with torch.no_grad():
        rise = (_networks.scored(critic, points) - _networks.scored(critic, other)).abs()
    run = torch.linalg.vector_norm((points - other).flatten(1), dim=1)  # (4n, ...) -> (4n,)
    slopes = rise[run > 0] / run[run > 0]
    return LipschitzReading(
        **{name: gradient_norms(critic, x).detach() for name, x in kinds.items()},
        largest_slope=slopes.max().item() if len(slopes) else 0.0,
    )


def _mixed(
    real: Tensor, fake: Tensor, rng: torch.Generator | None, *, joint: bool = False
) -> Tensor:
    """Draw one point on the segment between each pair, away from any graph."""
    _floats(real, "real"), _floats(fake, "fake")
    if real.shape != fake.shape:
        raise ValueError(
            f"real has shape {tuple(real.shape)} and fake {tuple(fake.shape)}: "
            "they are paired, so draw batches of equal size"
        )
    _arrays.same_device(real, fake, "real fake")
    if rng is not None:
        _arrays.refuse_other_rng(rng, real.device, "the samples lie")
    n = len(real) * (parallel.processes() if joint else 1)  # of the joint batch, if this is a part
    t = torch.rand(n, generator=rng, device=real.device, dtype=real.dtype)
    t = t[parallel.rows(n) if joint else slice(n)]
    t = t.view(-1, *[1] * (real.ndim - 1))  # (batch,) -> (batch, 1, ..., 1)
    return t * real.detach() + (1 - t) * fake.detach()


def _floats(x: Tensor, name: str) -> Tensor:
    """Refuse what has no gradient: whole numbers, and what is no batch of samples."""
    _networks.refuse_no_batch(x, name)
    if not x.is_floating_point():
        raise ValueError(f"{name} has dtype {x.dtype}; give floats: x.float()")
    return x


def _finite(x: Tensor, name: str) -> None:
    """Refuse points at which a slope means nothing."""
    if not _floats(x, name).isfinite().all():
        bad = int((~x.isfinite()).sum())
        raise ValueError(f"{name} holds NaN or infinity ({bad} of {x.numel()} entries); drop them")

"""Objectives as pure functions of scores.

Every critic here scores real data high. Scores have shape ``(batch,)`` and no unit; only under the
Wasserstein objective, for a 1-Lipschitz critic, do they carry the unit of the data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from wganlib import _arrays

Loss = Callable[[Tensor, Tensor], Tensor]


def critic_loss(scores_real: Tensor, scores_fake: Tensor) -> Tensor:
    r"""Wasserstein critic loss, to be minimised.

    .. math:: L_f = \frac1m\sum_i f(\tilde x_i) - \frac1m\sum_i f(x_i)

    Parameters
    ----------
    scores_real, scores_fake : Tensor, shape (batch,)
        Scores :math:`f(x)`, :math:`f(\tilde x)`, in score units.

    Returns
    -------
    Tensor, shape ()
        In score units; negative for a critic that has learnt something.

    Raises
    ------
    ValueError
        If the scores are no tensor of shape ``(batch,)``.

    References
    ----------
    Arjovsky, Chintala and Bottou (2017), Algorithm 1, lines 5-6, with the sign turned so that an
    optimiser may minimise.

    Examples
    --------
    >>> critic_loss(torch.tensor([3.0, 1.0]), torch.tensor([0.0, 1.0]))
    tensor(-1.5000)
    """
    return _scores(scores_fake, "scores_fake").mean() - _scores(scores_real, "scores_real").mean()


def generator_loss(scores_fake: Tensor) -> Tensor:
    r"""Wasserstein generator loss, to be minimised.

    .. math:: L_g = -\frac1m\sum_i f(g_\theta(z_i))

    Parameters
    ----------
    scores_fake : Tensor, shape (batch,)
        Scores of generated samples, in score units.

    Returns
    -------
    Tensor, shape ()
        In score units. It carries the critic's arbitrary additive constant, so its height means
        nothing.

    Raises
    ------
    ValueError
        If the scores are no tensor of shape ``(batch,)``.

    References
    ----------
    Arjovsky, Chintala and Bottou (2017), Algorithm 1, lines 10-11.
    """
    return -_scores(scores_fake, "scores_fake").mean()


def w1_estimate(scores_real: Tensor, scores_fake: Tensor) -> Tensor:
    r"""Value of the dual on a batch, the critic's estimate of :math:`W_1`.

    .. math:: \hat W = \frac1m\sum_i f(x_i) - \frac1m\sum_i f(\tilde x_i) = -L_f

    Parameters
    ----------
    scores_real, scores_fake : Tensor, shape (batch,)
        Scores of real and of fake samples, in score units.

    Returns
    -------
    Tensor, shape ()
        In score units; data units when the critic is 1-Lipschitz.

    Raises
    ------
    ValueError
        If the scores are no tensor of shape ``(batch,)``.

    References
    ----------
    Arjovsky, Chintala and Bottou (2017), equation 2.
    """
    return -critic_loss(scores_real, scores_fake)


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A pair of losses, each a pure function of ``(scores_real, scores_fake)``, to be minimised.

    Parameters
    ----------
    critic_loss : callable
        The critic's loss.
    generator_loss : callable
        The generator's loss.
    needs_real : bool, optional
        Whether the generator's loss looks at the scores of real data too.

    Raises
    ------
    ValueError
        If a loss is no function of the two.
    """

    critic_loss: Loss
    generator_loss: Loss
    needs_real: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no pair of losses."""
        _arrays.function(self.critic_loss, "critic_loss", "scores_real", "scores_fake")
        _arrays.function(self.generator_loss, "generator_loss", "scores_real", "scores_fake")
        _arrays.instance(self.needs_real, "needs_real", bool, "give True or False")


def _minimax_critic(real: Tensor, fake: Tensor) -> Tensor:
    """−mean log σ(real) − mean log(1 − σ(fake)); Goodfellow et al. (2014), equation 1."""
    real, fake = _both(real, fake)
    return softplus(-real).mean() + softplus(fake).mean()


def _minimax_generator(real: Tensor, fake: Tensor) -> Tensor:
    """Mean log(1 − σ(fake)); Goodfellow et al. (2014), equation 1."""
    return -softplus(_scores(fake, "scores_fake")).mean()


def _non_saturating_generator(real: Tensor, fake: Tensor) -> Tensor:
    """−mean log σ(fake); Goodfellow et al. (2014), section 3."""
    return softplus(-_scores(fake, "scores_fake")).mean()


def _hinge_critic(real: Tensor, fake: Tensor) -> Tensor:
    """Mean (1 − real)⁺ + mean (1 + fake)⁺; Miyato et al. (2018), equation 16."""
    real, fake = _both(real, fake)
    return torch.relu(1 - real).mean() + torch.relu(1 + fake).mean()


def _relativistic_critic(real: Tensor, fake: Tensor) -> Tensor:
    """−mean log σ(real − fake); Jolicoeur-Martineau (2018)."""
    real, fake = _pairs(real, fake)
    return softplus(fake - real).mean()


def _relativistic_generator(real: Tensor, fake: Tensor) -> Tensor:
    """−mean log σ(fake − real); Jolicoeur-Martineau (2018)."""
    real, fake = _pairs(real, fake)
    return softplus(real - fake).mean()


def _relativistic_average_critic(real: Tensor, fake: Tensor) -> Tensor:
    """Each side against the other's batch mean; Jolicoeur-Martineau (2018)."""
    real, fake = _both(real, fake)
    return softplus(fake.mean() - real).mean() + softplus(fake - real.mean()).mean()


def _relativistic_average_generator(real: Tensor, fake: Tensor) -> Tensor:
    """Exchange real and fake in the critic's loss."""
    return _relativistic_average_critic(fake, real)


def _fake_only(real: Tensor, fake: Tensor) -> Tensor:
    """Wasserstein generator loss with the signature that all objectives share."""
    return generator_loss(fake)


OBJECTIVES: dict[str, Objective] = {
    "minimax": Objective(critic_loss=_minimax_critic, generator_loss=_minimax_generator),
    "non-saturating": Objective(
        critic_loss=_minimax_critic, generator_loss=_non_saturating_generator
    ),
    "hinge": Objective(critic_loss=_hinge_critic, generator_loss=_fake_only),
    "relativistic": Objective(
        critic_loss=_relativistic_critic, generator_loss=_relativistic_generator, needs_real=True
    ),
    "relativistic-average": Objective(
        critic_loss=_relativistic_average_critic,
        generator_loss=_relativistic_average_generator,
        needs_real=True,
    ),
    "wasserstein": Objective(critic_loss=critic_loss, generator_loss=_fake_only),
}


def _scores(scores: Tensor, name: str) -> Tensor:
    """Refuse scores that would broadcast into a wrong mean; half precision becomes single.

    A mean in bfloat16 keeps three digits: scores near 1,000 that differ by 1 would differ by 0.
    """
    _arrays.instance(scores, name, Tensor, "torch.as_tensor(x) makes one")
    _arrays.dense(scores, name)
    if scores.ndim != 1 or len(scores) == 0:
        raise ValueError(
            f"{name} has shape {tuple(scores.shape)}, expected (batch,): "
            "end the critic with `.squeeze(1)` or `.flatten()`"
        )
    if not scores.is_floating_point():
        raise ValueError(f"{name} has dtype {scores.dtype}; give floats: {name}.float()")
    return scores.float() if scores.dtype in (torch.float16, torch.bfloat16) else scores


def _both(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Return the scores of both sides, which may differ in number."""
    return _scores(real, "scores_real"), _scores(fake, "scores_fake")


def _pairs(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Return the scores of both sides, one fake for each real."""
    real, fake = _both(real, fake)
    if len(real) != len(fake):
        raise ValueError(
            f"scores_real has {len(real)} scores and scores_fake has {len(fake)}: "
            "this objective pairs them, so draw batches of equal size"
        )
    return real, fake

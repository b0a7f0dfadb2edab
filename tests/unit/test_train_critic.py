"""A critic alone, against fakes that stand still, where the best critic is known."""

import pytest
import torch
from torch import nn

from wganlib.lipschitz import clip_weights_, gradient_penalty
from wganlib.losses import w1_estimate
from wganlib.models import MLPCritic
from wganlib.training import TrainConfig, rmsprop, train_critic


def point(at):
    return lambda n, rng=None: torch.full((n, 1), at)


def cloud(n, rng=None):
    return torch.randn(n, 2, generator=rng) + 3


def linear():
    layer = nn.Sequential(nn.Linear(1, 1), nn.Flatten(0))
    nn.init.constant_(layer[0].weight, 0.5)
    return layer


def config(**numbers):
    return TrainConfig(**{"n_steps": 400, "learning_rate": 1e-2, "seed": 3, **numbers})


@pytest.mark.parametrize("gp_weight", [1.0, 10.0])
def test_a_linear_critic_ends_at_the_penalised_slope(gp_weight):
    critic = linear()
    numbers = config(gp_weight=gp_weight)
    train_critic(critic, torch.ones(64, 1), point(0.0), numbers, penalty=gradient_penalty)
    slope = critic[0].weight.item()
    assert slope == pytest.approx(1 + 1 / (2 * gp_weight), abs=0.02)  # Adam's last steps: 1e-2


def test_a_clipped_critic_ends_at_the_wall():
    how = {"project": clip_weights_, "optimizer": rmsprop}
    critic = linear()
    train_critic(critic, torch.ones(64, 1), point(0.0), config(clip_value=0.1), **how)
    assert critic[0].weight.item() == pytest.approx(0.1)


def test_the_steps_counted_are_the_critic_s():
    calls = []

    def penalty(critic, real, fake, rng):
        calls.append(len(fake))
        return gradient_penalty(critic, real, fake, rng=rng)

    numbers = config(n_steps=7, n_critic=3, n_critic_start=100, batch_size=16)
    train_critic(linear(), torch.ones(64, 1), point(0.0), numbers, penalty=penalty)
    assert calls == [16] * 7


def test_the_fakes_stand_still_and_the_run_repeats_itself():
    real = torch.randn(64, 2, generator=torch.Generator().manual_seed(0))
    estimates = []
    for _ in range(2):
        torch.manual_seed(1)
        critic = MLPCritic(width=16)
        train_critic(critic, real, cloud, config(n_steps=30), penalty=gradient_penalty)
        estimates.append(w1_estimate(critic(real), critic(real + 3)).item())
    assert estimates[0] == estimates[1] > 0.1
    assert not critic.training


def test_the_history_and_the_callback_have_an_entry_every_log_every_steps():
    critic, seen = linear(), []
    history = train_critic(
        critic, torch.ones(64, 1), point(0.0), config(n_steps=10, log_every=4),
        penalty=gradient_penalty, callback=lambda step, f: seen.append((step, f is critic)),
    )  # fmt: skip
    assert history.step == [4, 8, 10]
    assert seen == [(4, True), (8, True), (10, True)]
    assert len(history.w1_estimate) == len(history.penalty) == 3
    assert history.generator_loss == []


def test_the_step_size_of_a_critic_falls_as_asked():
    seen = []

    def watched(parameters, config):
        seen.append(rmsprop(parameters, config))
        return seen[-1]

    rates = []
    train_critic(
        linear(), torch.ones(64, 1), point(0.0),
        config(n_steps=3, log_every=1, learning_rate=1.0, learning_rate_end=0.0), optimizer=watched,
        callback=lambda *_: rates.append(seen[0].param_groups[0]["lr"]),
    )  # fmt: skip
    assert rates == [1.0, 0.5, 0.0]


def test_fakes_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"\(1,\).*\(2,\)"):
        train_critic(linear(), torch.ones(64, 1), cloud, config())


def test_a_critic_that_diverges_is_named():
    def explode(critic, clip_value):
        critic[0].weight.data.fill_(float("nan"))

    with pytest.raises(FloatingPointError, match="diverged at critic step 2:"):
        train_critic(linear(), torch.ones(64, 1), point(0.0), config(n_steps=3), project=explode)

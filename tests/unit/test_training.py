"""The two steps and the loop: what they do, repeatable, loud about bad input."""

import copy
import dataclasses
import math
import warnings

import pytest
import torch

from tests.unit.small import SMALL, cloud, pair, trained, weights
from wganlib import losses, models, training
from wganlib.lipschitz import clip_weights_, gradient_penalty, spectral_norm_
from wganlib.records import TrainConfig
from wganlib.training import critic_step, generator_step, train

# Most tests here look at the loop, for which a critic without a bound is good enough.
pytestmark = pytest.mark.filterwarnings("ignore:nothing bounds the critic")

# --- what a step does -----------------------------------------------------------------------------


def test_the_loop_is_algorithm_1_written_out():
    points = cloud().double()  # in single precision Adam makes a whole step of a rounding error
    generator, critic = (network.double() for network in pair())
    train(generator, critic, points, SMALL, penalty=gradient_penalty, progress=False)
    g, f = (network.double() for network in pair())
    rng = torch.Generator().manual_seed(SMALL.seed)
    g_adam = torch.optim.Adam(g.parameters(), lr=1e-3, betas=(0.0, 0.9), fused=True)
    f_adam = torch.optim.Adam(f.parameters(), lr=1e-3, betas=(0.0, 0.9), fused=True)
    for _ in range(SMALL.n_steps):
        for _ in range(SMALL.n_critic):
            real = points[torch.randint(200, (16,), generator=rng)]
            fake = g(torch.randn(16, 2, generator=rng, dtype=torch.float64)).detach()
            t = torch.rand(16, generator=rng, dtype=torch.float64)[:, None]
            mixed = (t * real + (1 - t) * fake).requires_grad_(True)
            (slope,) = torch.autograd.grad(f(mixed).sum(), mixed, create_graph=True)
            loss = f(fake).mean() - f(real).mean() + 10 * (slope.norm(dim=1) - 1).pow(2).mean()
            f_adam.zero_grad()
            loss.backward()
            f_adam.step()
        g_adam.zero_grad()
        (-f(g(torch.randn(16, 2, generator=rng, dtype=torch.float64))).mean()).backward()
        g_adam.step()
    # Two orders of the same sums of doubles; Adam divides by gradients, of which some are small.
    torch.testing.assert_close(weights(generator, critic), weights(g, f), atol=1e-9, rtol=0)


def test_the_same_seed_gives_the_same_weights_bit_for_bit():
    (first, history), (second, again) = trained(), trained()
    assert torch.equal(first, second)
    assert history == again
    assert not torch.equal(first, trained(dataclasses.replace(SMALL, seed=1))[0])


def test_the_history_has_a_row_every_log_every_steps():
    history = trained()[1]
    assert history.step == [2, 4, 6, 8, 10, 12]
    assert history.critic_loss == pytest.approx([-w for w in history.w1_estimate], abs=1e-7)
    assert all(p > 0 for p in history.penalty)


def test_the_projection_is_kept_after_every_step():
    generator, critic = pair()
    config = dataclasses.replace(SMALL, clip_value=0.02)
    history = train(generator, critic, cloud(), config, project=clip_weights_, progress=False)
    assert max(p.abs().max() for p in critic.parameters()) <= 0.02
    assert history.penalty == [0.0] * 6


@pytest.mark.parametrize("name", losses.OBJECTIVES)
def test_every_objective_trains(name):
    objective = losses.OBJECTIVES[name]
    generator, critic = pair()
    before = weights(generator), weights(critic)
    train(generator, critic, cloud(), SMALL, objective=objective, progress=False)
    assert not torch.equal(weights(generator), before[0])
    assert not torch.equal(weights(critic), before[1])


def test_the_generator_step_moves_the_generator_and_leaves_the_critic_alone():
    generator, critic = pair()
    before = weights(generator), weights(critic)
    latent = generator.sample_latent(16, torch.Generator().manual_seed(0))
    loss = generator_step(
        generator, critic, latent, training.adam([*generator.parameters()], SMALL)
    )
    assert loss == pytest.approx(-critic(pair()[0](latent)).mean().item(), rel=1e-6)
    assert not torch.equal(weights(generator), before[0])
    assert torch.equal(weights(critic), before[1])
    assert all(p.grad is None for p in critic.parameters())


def test_the_critic_step_returns_estimate_loss_and_penalty_from_before_its_update():
    generator, critic = pair()
    real = cloud(16)
    fake = generator(generator.sample_latent(16, torch.Generator().manual_seed(0))).detach()
    untouched = copy.deepcopy(critic)
    values = critic_step(
        critic, real, fake, training.adam([*critic.parameters()], SMALL),
        penalty=gradient_penalty, gp_weight=3.0, rng=torch.Generator().manual_seed(1),
    )  # fmt: skip
    estimate = untouched(real).mean() - untouched(fake).mean()
    paid = gradient_penalty(untouched, real, fake, rng=torch.Generator().manual_seed(1))
    expected = torch.stack([estimate, -estimate, paid]).detach()
    torch.testing.assert_close(values, expected)
    assert not torch.equal(weights(critic), weights(untouched))
    assert values.grad_fn is None


def test_a_relativistic_generator_step_asks_for_real_samples():
    generator, critic = pair()
    latent = generator.sample_latent(16, torch.Generator().manual_seed(0))
    adam = training.adam([*generator.parameters()], SMALL)
    relativistic = losses.OBJECTIVES["relativistic"]
    with pytest.raises(ValueError, match="give real="):
        generator_step(generator, critic, latent, adam, objective=relativistic)
    generator_step(generator, critic, latent, adam, objective=relativistic, real=cloud(16))


def test_a_frozen_layer_stays_and_the_rest_trains():
    generator, critic = pair()
    frozen = generator.layers[0].weight.requires_grad_(False).clone()
    last = generator.layers[-1].weight.detach().clone()
    train(generator, critic, cloud(), SMALL, progress=False)
    assert torch.equal(generator.layers[0].weight, frozen)
    assert not torch.equal(generator.layers[-1].weight, last)


def test_training_moves_the_fakes_to_the_data():
    generator, critic = pair()
    config = TrainConfig(n_steps=300, batch_size=64, learning_rate=2e-3)
    train(generator, critic, cloud(), config, penalty=gradient_penalty, progress=False)
    fake = generator(generator.sample_latent(500, torch.Generator().manual_seed(0)))
    assert (fake.mean(0) - cloud().mean(0)).norm() < 1.0  # the start is 4.2 away


def test_the_step_size_falls_linearly_to_its_end():
    config = dataclasses.replace(SMALL, n_steps=5, learning_rate_end=0.2, log_every=1)
    rates, seen = [config.learning_rate_at(step) for step in range(1, 6)], []

    def watched(parameters, config):
        seen.append(training.adam(parameters, config))
        return seen[-1]

    used = []
    trained(
        config, optimizer=watched, callback=lambda *_: used.append(seen[0].param_groups[0]["lr"])
    )
    assert rates == pytest.approx([1e-3, 8e-4, 6e-4, 4e-4, 2e-4])
    assert used == rates


def test_the_callback_sees_every_entry():
    seen = []
    trained(callback=lambda step, generator, critic: seen.append(step))
    assert seen == [2, 4, 6, 8, 10, 12]


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [("n_critic", 0), ("n_steps", 0), ("batch_size", 0), ("batch_size", 1.5), ("n_critic", -1),
     ("gp_weight", -1.0), ("gp_weight", math.nan), ("clip_value", 0.0), ("learning_rate", -1e-4),
     ("learning_rate", math.inf), ("beta1", 1.0), ("beta2", -0.1), ("learning_rate_end", 1.5),
     ("n_critic", True), ("n_critic_start", -1), ("seed", "a"), ("learning_rate", "fast")],
)  # fmt: skip
def test_a_number_that_no_run_can_have_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"{name}={value!r}"):
        dataclasses.replace(SMALL, **{name: value})


def bad_cloud(kind):
    real = cloud()
    if kind == "NaN":
        real[3, 1] = math.nan
    return {"NaN": real, "integers": real.long(), "shape": real[:, :1], "few": real[:5]}[kind]


@pytest.mark.parametrize(
    ("kind", "message"),
    [("NaN", "1 values that are NaN"), ("integers", "torch.int64"), ("shape", r"\(1,\).*\(2,\)"),
     ("few", r"batch_size=16 is larger than the data \(5\)")],
)  # fmt: skip
def test_real_samples_that_do_not_fit_are_refused(kind, message):
    with pytest.raises(ValueError, match=message):
        train(*pair(), bad_cloud(kind), SMALL)


def test_unscaled_images_are_trained_on_with_a_word():
    networks = models.ConvGenerator(8, 4), models.ConvCritic(4)
    images = torch.zeros(20, 1, 28, 28)
    images[0, 0, 0, 0] = 255
    with pytest.warns(UserWarning, match=r"from 0 to 255.*\[-1, 1\]"):
        train(*networks, images, dataclasses.replace(SMALL, n_steps=1), progress=False)


def test_a_generator_without_bounds_is_not_held_to_those_of_the_stock_ones():
    fields = 3 * torch.randn(40, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    generator = models.ConvGenerator(4, 2, size=8)
    critic = models.ConvCritic(2, size=8)
    config = TrainConfig(n_steps=1, batch_size=4)
    with pytest.warns(UserWarning, match=r"while the generator makes \[-1, 1\]"):
        train(generator, critic, fields, config, penalty=gradient_penalty, progress=False)
    generator.layers[-1] = torch.nn.Identity()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(generator, critic, fields, config, penalty=gradient_penalty, progress=False)


def test_a_critic_with_a_trailing_axis_is_refused():
    generator, _ = pair()
    with pytest.raises(ValueError, match=r"\(2, 1\).*squeeze"):
        train(generator, torch.nn.Linear(2, 1), cloud(), SMALL)


def test_a_loss_that_turns_nan_stops_the_run_and_keeps_the_last_good_state(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    generator, critic = pair()

    def poison(step, generator, critic):
        if step == 6:
            critic.layers[0].weight.data.fill_(math.nan)

    with pytest.raises(FloatingPointError, match="generator step 7:"):
        train(
            generator, critic, cloud(), SMALL, penalty=gradient_penalty, callback=poison,
            checkpoint=path, progress=False,
        )  # fmt: skip
    assert torch.equal(trained(checkpoint=path)[0], trained()[0])


# --- the averaged generator -----------------------------------------------------------------------


def test_the_average_is_the_moving_average_of_the_weights():
    generator, critic = pair()
    average, seen = copy.deepcopy(generator), []
    config = dataclasses.replace(SMALL, n_steps=5, averaging=0.3, log_every=1)
    train(
        generator, critic, cloud(), config, average=average,
        callback=lambda step, g, c: seen.append([w.clone() for w in g.state_dict().values()]),
    )  # fmt: skip
    first, _ = pair()
    expected = list(first.state_dict().values())
    for step, tensors in enumerate(seen, start=1):
        beta = min(0.3, (1 + step) / (10 + step))
        expected = [beta * e + (1 - beta) * w for e, w in zip(expected, tensors, strict=True)]
    for found, value in zip(average.state_dict().values(), expected, strict=True):
        torch.testing.assert_close(found, value)


def test_an_average_changes_nothing_of_the_run_and_survives_a_stop(tmp_path):
    config = dataclasses.replace(SMALL, n_steps=8)
    plain, critic = pair()
    alone = train(plain, critic, cloud(), config)
    averages = []
    for stops in ([8], [4, 8]):
        for until in stops:
            generator, critic = pair()
            average = copy.deepcopy(generator)
            options = {"checkpoint": tmp_path / f"{len(stops)}.safetensors", "until": until}
            history = train(generator, critic, cloud(), config, average=average, **options)
        assert history == alone
        averages.append(average.state_dict())
    for name, tensor in averages[0].items():
        assert torch.equal(tensor, averages[1][name]), name


def test_a_start_takes_more_critic_steps_as_the_authors_code_does():
    config = TrainConfig(n_critic=5, n_critic_start=100)
    many = [step for step in range(1, 2_001) if config.critic_steps(step) == 100]
    assert many == [*range(1, 26), 501, 1_001, 1_501]
    assert TrainConfig(n_critic=5).critic_steps(1) == 5
    assert config.critic_steps(26) == 5


def test_the_critic_steps_of_the_start_are_taken():
    taken = []
    generator, critic = pair()
    config = dataclasses.replace(SMALL, n_steps=27, n_critic=2, n_critic_start=4)
    train(generator, critic, cloud(), config, project=lambda *_: taken.append(1))
    assert len(taken) == 25 * 4 + 2 * 2


def test_an_average_of_another_precision_is_refused():
    generator, critic = pair()
    with pytest.raises(ValueError, match=r"average=.* has other weights .* copy.deepcopy"):
        train(generator, critic, cloud(), SMALL, average=copy.deepcopy(generator).double())


def test_a_checkpoint_that_is_a_folder_is_refused_before_the_first_step(tmp_path):
    before = weights(*pair())
    generator, critic = pair()
    with pytest.raises(ValueError, match="is a folder; name a file in it"):
        train(generator, critic, cloud(), SMALL, checkpoint=tmp_path)
    assert torch.equal(weights(generator, critic), before)


def test_an_optimiser_that_asks_for_the_loss_again_is_refused():
    generator, critic = pair()
    lbfgs = torch.optim.LBFGS(critic.parameters())
    with pytest.raises(ValueError, match=r"is an LBFGS.*Adam"):
        critic_step(critic, cloud()[:16], cloud()[16:32], lbfgs)
    with pytest.raises(ValueError, match=r"is an LBFGS.*Adam"):
        generator_step(generator, critic, generator.sample_latent(16), lbfgs)
    with pytest.raises(ValueError, match=r"is an LBFGS.*Adam"):
        train(generator, critic, cloud(), SMALL, progress=False,
              optimizer=lambda parameters, config: torch.optim.LBFGS(parameters))  # fmt: skip


def test_an_average_that_shares_or_lacks_the_generator_s_weights_is_refused():
    generator, critic = pair()
    for average, words in [
        (copy.copy(generator), "shares its weights"),
        (models.MLPGenerator(width=8, depth=1), "other weights"),
    ]:
        with pytest.raises(ValueError, match=words):
            train(generator, critic, cloud(), SMALL, average=average)


# --- looking --------------------------------------------------------------------------------------


class Restless(models.MLPCritic):
    """A critic with everything that a careless look would move."""

    def __init__(self):
        super().__init__(width=16, depth=1)
        self.dropout, self.norm = torch.nn.Dropout(0.5), torch.nn.BatchNorm1d(2)

    def forward(self, x):
        return super().forward(self.dropout(self.norm(x)))


def test_the_look_before_the_first_step_moves_no_buffer_no_mode_and_no_random_numbers():
    generator, _ = pair()
    critic = Restless()
    critic.norm.eval()  # frozen by its owner
    before = copy.deepcopy(critic.state_dict())
    torch.manual_seed(3)
    state = torch.get_rng_state()
    with pytest.raises(ValueError, match="real samples have shape"):
        train(generator, critic, cloud()[:, :1], SMALL)
    train(generator, critic, cloud(), dataclasses.replace(SMALL, n_steps=1), progress=False)
    assert torch.equal(torch.get_rng_state(), state)
    assert not critic.norm.training
    assert critic.dropout.training
    assert torch.equal(critic.norm.running_mean, before["norm.running_mean"])


def test_networks_that_come_from_a_store_are_trained_in_training_mode():
    generator, critic = pair()
    modes = []
    train(
        generator.eval(), critic.eval(), cloud(), dataclasses.replace(SMALL, n_steps=2),
        callback=lambda step, g, c: modes.append((g.training, c.training)), progress=False,
    )  # fmt: skip
    assert modes == [(True, True)]


# --- a critic without a bound ---------------------------------------------------------------------


def unbounded(critic=None, **options):
    generator, plain = pair()
    config = dataclasses.replace(SMALL, n_steps=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        train(generator, critic or plain, cloud(), config, progress=False, **options)
    return [str(one.message) for one in caught if "nothing bounds" in str(one.message)]


def test_a_wasserstein_critic_without_a_bound_gets_a_word():
    (said,) = unbounded()
    assert "penalty=wganlib.lipschitz.gradient_penalty" in said


def test_no_word_where_something_bounds_the_critic_or_the_objective_needs_none():
    assert not unbounded(penalty=gradient_penalty)
    assert not unbounded(project=clip_weights_)
    assert not unbounded(critic=spectral_norm_(pair()[1]))
    assert not unbounded(objective=losses.OBJECTIVES["hinge"])

"""The loop: repeatable, resumable after any kill, loud about bad input."""

import copy
import dataclasses
import json
import math
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from tests import ROOT
from wganlib import losses, models, training
from wganlib.data import Digits
from wganlib.lipschitz import clip_weights_, gradient_penalty
from wganlib.training import History, Run, TrainConfig, train

SMALL = TrainConfig(
    n_steps=12, batch_size=16, n_critic=2, learning_rate=1e-3, log_every=2, checkpoint_every=4
)


def pair(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return models.MLPGenerator(width=16, depth=1), models.MLPCritic(width=16, depth=1)


def cloud(n=200):
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(1)) + 3


def weights(*networks):
    return torch.cat([p.detach().flatten() for net in networks for p in net.parameters()])


def trained(config=SMALL, **options):
    networks = pair()
    history = train(*networks, cloud(), config, penalty=gradient_penalty, progress=False, **options)
    return weights(*networks), history


# --- what a step does -----------------------------------------------------------------------------


def test_the_loop_is_algorithm_1_written_out():
    generator, critic = pair()
    train(generator, critic, cloud(), SMALL, penalty=gradient_penalty, progress=False)
    g, f = pair()
    rng = torch.Generator().manual_seed(SMALL.seed)
    g_adam = torch.optim.Adam(g.parameters(), lr=1e-3, betas=(0.0, 0.9), fused=True)
    f_adam = torch.optim.Adam(f.parameters(), lr=1e-3, betas=(0.0, 0.9), fused=True)
    for _ in range(SMALL.n_steps):
        for _ in range(SMALL.n_critic):
            real = cloud()[torch.randint(200, (16,), generator=rng)]
            fake = g(torch.randn(16, 2, generator=rng)).detach()
            t = torch.rand(16, generator=rng)[:, None]
            mixed = (t * real + (1 - t) * fake).requires_grad_(True)
            (slope,) = torch.autograd.grad(f(mixed).sum(), mixed, create_graph=True)
            loss = f(fake).mean() - f(real).mean() + 10 * (slope.norm(dim=1) - 1).pow(2).mean()
            f_adam.zero_grad()
            loss.backward()
            f_adam.step()
        g_adam.zero_grad()
        (-f(g(torch.randn(16, 2, generator=rng))).mean()).backward()
        g_adam.step()
    # Two orders of the same float32 sums, 12 steps of at most 1e-3 each.
    torch.testing.assert_close(weights(generator, critic), weights(g, f), atol=1e-5, rtol=0)


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


def test_the_generator_step_leaves_the_critic_alone():
    networks = pair()
    state = training._State(*networks, SMALL, training.adam, torch.Generator().manual_seed(0))
    before = weights(networks[1])
    draw = training._sampler(cloud())
    training._generator_step(state, draw, losses.OBJECTIVES["wasserstein"])
    assert torch.equal(weights(networks[1]), before)
    assert all(p.grad is None for p in networks[1].parameters())


def test_training_moves_the_fakes_to_the_data():
    generator, critic = pair()
    config = TrainConfig(n_steps=300, batch_size=64, learning_rate=2e-3)
    train(generator, critic, cloud(), config, penalty=gradient_penalty, progress=False)
    fake = generator(generator.sample_latent(500, torch.Generator().manual_seed(0)))
    assert (fake.mean(0) - cloud().mean(0)).norm() < 1.0  # the start is 4.2 away


def test_the_step_size_falls_linearly_to_its_end():
    rates = []
    config = dataclasses.replace(SMALL, n_steps=5, learning_rate_end=0.2)
    state = training._State(*pair(), config, training.adam, torch.Generator())
    for step in range(1, 6):
        state.set_learning_rate(step)
        rates.append(state.critic_optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([1e-3, 8e-4, 6e-4, 4e-4, 2e-4])


def test_the_callback_sees_every_entry():
    seen = []
    trained(callback=lambda step, generator, critic: seen.append(step))
    assert seen == [2, 4, 6, 8, 10, 12]


# --- stopping and going on ------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [1, 4, 7, 11])
@pytest.mark.parametrize("optimizer", [training.adam, training.rmsprop])
def test_a_run_taken_up_again_ends_with_the_same_weights(tmp_path, stop, optimizer):
    whole = trained(optimizer=optimizer)
    path = tmp_path / "checkpoint.safetensors"
    trained(optimizer=optimizer, checkpoint=path, until=stop)
    again = trained(optimizer=optimizer, checkpoint=path)
    assert torch.equal(again[0], whole[0])
    assert set(whole[1].step) <= set(again[1].step)
    if stop % SMALL.log_every == 0:
        assert again[1] == whole[1]


def test_rows_around_a_stop_between_two_entries_average_their_own_steps(tmp_path):
    each = trained(dataclasses.replace(SMALL, log_every=1))[1]
    path = tmp_path / "checkpoint.safetensors"
    trained(checkpoint=path, until=7)
    history = trained(checkpoint=path)[1]
    assert history.step == [2, 4, 6, 7, 8, 10, 12]
    assert history.critic_loss[3:5] == pytest.approx(each.critic_loss[6:8], rel=1e-6)


KILLED = """
import sys, time
from tests.unit.test_training import *
config = TrainConfig(n_steps=400, batch_size=16, n_critic=2, log_every=2, checkpoint_every=4)
slow = lambda *_: time.sleep(0.01)
networks = pair()
train(*networks, cloud(), config, penalty=gradient_penalty, progress=False,
      checkpoint=sys.argv[1], callback=slow if sys.argv[1] != sys.argv[2] else None)
torch.save(weights(*networks), sys.argv[2] + ".weights")
"""


def start(checkpoint, name):
    root = ROOT
    return subprocess.Popen(
        [sys.executable, "-c", KILLED, str(checkpoint), str(name)],
        cwd=root,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def test_a_run_killed_several_times_ends_as_one_that_was_never_killed(tmp_path):
    undisturbed = tmp_path / "whole"
    assert start(undisturbed, undisturbed).wait() == 0
    path, kills = tmp_path / "killed", 0
    for _ in range(3):
        process = start(path, tmp_path / "result")
        before = path.stat().st_mtime_ns if path.exists() else None
        while process.poll() is None:
            now = path.stat().st_mtime_ns if path.exists() else None
            if now != before:  # at least one new checkpoint since the start
                time.sleep(0.02)
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
                break
            time.sleep(0.002)
    assert kills == 3
    assert start(path, tmp_path / "result").wait() == 0
    ends = [
        torch.load(f"{p}.weights", weights_only=True) for p in (undisturbed, tmp_path / "result")
    ]
    assert torch.equal(*ends)


def test_a_checkpoint_from_another_configuration_is_refused(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    trained(checkpoint=path)
    with pytest.raises(ValueError, match=r"gp_weight=10.0 there, 3.0 here"):
        trained(dataclasses.replace(SMALL, gp_weight=3.0), checkpoint=path)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    trained(checkpoint=path)
    networks = models.MLPGenerator(width=8, depth=1), models.MLPCritic(width=8, depth=1)
    with pytest.raises(ValueError, match="another network"):
        train(*networks, cloud(), SMALL, penalty=gradient_penalty, checkpoint=path)


def test_a_file_that_is_no_checkpoint_is_named(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(b"not a checkpoint at all")
    with pytest.raises(ValueError, match=r"checkpoint\.safetensors"):
        trained(checkpoint=path)


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [("n_critic", 0), ("n_steps", 0), ("batch_size", 0), ("batch_size", 1.5), ("n_critic", -1),
     ("gp_weight", -1.0), ("gp_weight", math.nan), ("clip_value", 0.0), ("learning_rate", -1e-4),
     ("learning_rate", math.inf), ("beta1", 1.0), ("beta2", -0.1), ("learning_rate_end", 1.5),
     ("checkpoint_every", 3)],
)  # fmt: skip
def test_a_number_that_no_run_can_have_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"{name}={value}"):
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


def test_unscaled_images_are_refused():
    networks = models.ConvGenerator(8, 4), models.ConvCritic(4)
    images = torch.zeros(20, 1, 28, 28)
    images[0, 0, 0, 0] = 255
    with pytest.raises(ValueError, match=r"from 0 to 255, expected \[-1, 1\]"):
        train(*networks, images, SMALL)


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


# --- stored runs ----------------------------------------------------------------------------------


def digits(n=40):
    rng = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (n, 1, 28, 28), generator=rng, dtype=torch.uint8)
    return Digits(pixels=pixels, labels=torch.zeros(n, dtype=torch.int64), source="noise")


def test_a_stored_run_comes_back_whole(tmp_path):
    generator, critic = models.ConvGenerator(8, 4), models.ConvCritic(4)
    config = dataclasses.replace(SMALL, n_steps=4)
    history = train(generator, critic, digits(), config, penalty=gradient_penalty, progress=False)
    run = Run(
        generator=generator, critic=critic, config=config, history=history,
        provenance={"command": "none", "seed": 0},
    )  # fmt: skip
    training.save_run(tmp_path / "run", run)
    back = training.load_run(tmp_path / "run")
    assert (back.config, back.provenance) == (config, run.provenance)
    assert back.history.step == history.step
    assert back.history.w1_estimate == pytest.approx(history.w1_estimate, rel=1e-5)
    latent = generator.sample_latent(3, torch.Generator().manual_seed(0))
    assert torch.equal(back.generator(latent), generator.eval()(latent))
    images = digits().batch(3, torch.Generator().manual_seed(0))
    assert torch.equal(back.critic(images), critic(images))
    assert {p.suffix for p in (tmp_path / "run").iterdir()} == {".json", ".csv", ".safetensors"}


def test_a_run_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match="no run 'mnist-wgan-xl'; looked in"):
        training.load_run("mnist-wgan-xl")


def test_a_run_cannot_name_code_to_run(tmp_path):
    generator, critic = pair()
    run = Run(
        generator=generator, critic=critic, config=SMALL, history=History(), provenance={}
    )  # fmt: skip
    training.save_run(tmp_path, run)
    about = json.loads((tmp_path / "config.json").read_text())
    about["generator"]["class"] = "pairwise"
    (tmp_path / "config.json").write_text(json.dumps(about))
    with pytest.raises(ValueError, match="'pairwise' is not a network"):
        training.load_run(tmp_path)


def test_a_network_of_one_s_own_cannot_be_stored(tmp_path):
    run = Run(
        generator=torch.nn.Linear(2, 2), critic=pair()[1], config=SMALL, history=History(),
        provenance={},
    )  # fmt: skip
    with pytest.raises(ValueError, match="Linear is not a network of wganlib"):
        training.save_run(tmp_path, run)


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
    for step, weights in enumerate(seen, start=1):
        beta = min(0.3, (1 + step) / (10 + step))
        expected = [beta * e + (1 - beta) * w for e, w in zip(expected, weights, strict=True)]
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

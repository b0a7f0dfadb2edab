"""The experiments on points in the plane come out again, and their tables are whole."""

import numpy as np
import pytest
import torch

from wganlib.runs import (
    ch05_ring,
    ch06_estimate,
    ch07_critic_steps,
    ch07_sign_trap,
    ch13_ring,
    live_critics,
    live_games,
    ring_games,
    tables,
    toys,
)
from wganlib.runs.tables import chosen


def test_every_game_of_chapter_5_was_played_from_every_seed():
    rows, far = tables.stored("ch05-ring"), tables.stored("ch05-ring", "distances")
    for name, arm in ch05_ring.ARMS.items():
        for table, every in ((rows, ch05_ring.EVERY), (far, ch05_ring.FAR)):
            steps = chosen(table, arm=name)["step"].reshape(len(ch05_ring.SEEDS), -1)
            assert steps.tolist() == [[*range(every, arm.n_steps + 1, every)]] * len(steps)


@pytest.mark.parametrize("name", ch05_ring.ARMS)
def test_the_first_look_at_every_game_of_chapter_5_comes_out_again(name):
    ((again,), _) = ch05_ring.watch(0, ch05_ring.ARMS[name], n_steps=20)
    (stored,) = chosen(tables.stored("ch05-ring"), arm=name, seed=0, step=20)
    for column in ("belief", "mean_x", "mean_y"):
        assert again[column] == pytest.approx(stored[column], abs=0.005), column


def test_a_latent_is_added_and_a_last_layer_widened_before_the_first_step():
    latent = torch.ones(1, 2)
    plain, spread, wide = (
        ch05_ring.untrained_pair(0, ch05_ring.Arm(**start))[0]
        for start in ({}, {"spread": 2.0}, {"widen": 3.0})
    )
    assert torch.equal(spread(latent), plain(latent) + 2)
    assert torch.equal(wide.layers[-1].weight, 3 * plain.layers[-1].weight)


def test_r1_is_the_mean_squared_slope_at_real_points():
    real = torch.tensor([[1.0, 0.0], [0.0, 3.0]])
    penalty = ch05_ring.r1_penalty(lambda x: x.square().sum(dim=1), real, real)  # slope 2 |x|
    assert penalty.item() == pytest.approx((4 + 36) / 2)


def test_every_objective_was_trained_on_the_ring_from_every_seed():
    rows = tables.stored("ch13-ring")
    trainings = {(row["bound"], row["objective"], row["seed"]) for row in rows}
    assert len(trainings) == len(ch13_ring.BOUNDS) * len(ch13_ring.NAMES) * len(ch13_ring.SEEDS)
    assert len(rows) == len(trainings) * ch13_ring.N_STEPS // ch13_ring.EVERY


@pytest.mark.parametrize("name", ch13_ring.NAMES)
def test_the_first_look_at_the_ring_comes_out_again(name):
    (again,) = ch13_ring.watch(name, "spectral norm", 0, n_steps=ch13_ring.EVERY)
    same = {key: again[key] for key in ("objective", "bound", "seed", "step")}
    (stored,) = chosen(tables.stored("ch13-ring"), **same)
    room = 0.02 * stored["exact_w1"]  # what is read is meant to be that distance
    for column in ("exact_w1", "reading"):
        assert again[column] == pytest.approx(stored[column], abs=room), column


def test_every_penalty_was_trained_from_every_seed():
    rows = tables.stored("ch07-sign-trap")
    trainings = {(row["arm"], row["seed"]) for row in rows}
    assert len(trainings) == len(ch07_sign_trap.ARMS) * len(ch07_sign_trap.SEEDS)
    assert len(rows) == len(trainings) * ring_games.N_STEPS // ring_games.EVERY


@pytest.mark.parametrize("arm", ch07_sign_trap.ARMS)
def test_the_first_row_of_every_penalty_comes_out_again(arm):
    (again,), wrong = ring_games.watch(0, ch07_sign_trap.ARMS[arm], n_steps=50)
    assert wrong is None  # nothing is looked for before step 100
    (stored,) = chosen(tables.stored("ch07-sign-trap"), arm=arm, seed=0, step=50)
    assert again["exact_w1"] == pytest.approx(stored["exact_w1"], abs=0.005)
    assert again["w1_estimate"] == pytest.approx(stored["w1_estimate"], abs=0.005)


def test_more_critic_steps_were_played_from_every_seed_and_start_as_stored():
    rows = tables.stored("ch07-critic-steps")
    trainings = {(row["arm"], row["seed"]) for row in rows}
    assert len(trainings) == len(ch07_critic_steps.ARMS) * len(ch07_critic_steps.SEEDS)
    assert len(rows) == len(trainings) * ch07_critic_steps.N_STEPS // ring_games.EVERY
    arm = "two-sided λ=10 n_critic=25"
    (again,), _ = ring_games.watch(0, ch07_critic_steps.ARMS[arm], n_steps=50)
    (stored,) = chosen(rows, arm=arm, seed=0, step=50)
    assert again["exact_w1"] == pytest.approx(stored["exact_w1"], abs=0.02)
    five = chosen(tables.stored("ch07-sign-trap"), arm="two-sided λ=10", seed=0, step=50)
    assert again["w1_estimate"] != pytest.approx(five["w1_estimate"].item(), abs=0.02)


@pytest.mark.parametrize("start", ch06_estimate.STARTS)
def test_what_a_clipped_critic_reports_first_comes_out_again(start):
    rows = tables.stored("ch06-estimate")
    looks = ch06_estimate.N_STEPS // ch06_estimate.EVERY
    assert len(rows) == len(ch06_estimate.STARTS) * len(ch06_estimate.SEEDS) * looks
    (again,) = ch06_estimate.watch(0, start, n_steps=25)
    (stored,) = chosen(rows, start=start, seed=0, step=25)
    assert again["exact_w1"] == pytest.approx(stored["exact_w1"], abs=0.005)
    for column in ("estimate", "sharpened"):
        assert again[column] == pytest.approx(stored[column], rel=0.02), column


def test_a_critic_trained_on_alone_is_looked_at_every_25_steps():
    arm = ch07_sign_trap.ARMS["one-sided λ=10"]
    generator, critic = toys.untrained_pair(0, width=128)
    real = toys.ring_points(0)
    values = ch07_sign_trap.train_critic_on(generator, critic, real, arm, n_steps=60)
    assert len(values) == 1 + 60 // 25
    fixed = toys.sample(generator)
    assert values[0] == toys.estimate(critic, real[:512], fixed)  # a copy is trained
    assert values[-1] > values[0]


def test_the_stored_methods_to_play_back_come_out_again():
    rows = live_games.stored()[0]
    for name in live_games.METHODS:
        # Ten steps: rounding, which another order of the same sums or another machine moves, has
        # grown to a tenth of the distance after twenty.
        again = live_games.watch(name, n_steps=10)[0]
        kept = rows[(rows["game"] == name) & (rows["step"] <= 10)]
        assert [row["step"] for row in again] == kept["step"].tolist()
        fresh = [row["exact_w1"] for row in again]
        np.testing.assert_allclose(fresh, kept["exact_w1"], atol=0.005)


def test_a_stored_critic_to_play_with_comes_out_again():
    rows, maps = live_critics.stored()
    real, fake = live_critics.laws()
    row = 3  # clipping at 0.03, the fastest to train that says something
    assert (rows["way"][row], rows["strength"][row]) == ("clipping", 0.03)
    critic = live_critics.train("clipping", 0.03, real)
    numbers, pictures = live_critics.measure(critic, real[: live_critics.POINTS], fake)
    assert numbers["estimate"] == pytest.approx(rows["estimate"][row], rel=0.05)
    spread = np.ptp(maps["scores"][row].numpy())
    np.testing.assert_allclose(pictures["scores"], maps["scores"][row], atol=0.05 * spread)

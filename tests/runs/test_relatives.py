"""Chapter 17: its runs come out again, one budget is there for all, and sorting bounds slopes."""

import pytest
import torch

from wganlib.records import run_folder
from wganlib.runs import ch17_codings, ch17_mnist, ch17_ring, relatives, tables
from wganlib.runs.tables import chosen

CONTESTS = {"ch17-ring": ch17_ring.CONTEST, "ch17-mnist": ch17_mnist.CONTEST}


@pytest.mark.parametrize("name", ch17_ring.CONTEST.methods)
def test_a_short_game_on_the_ring_comes_out_again(name):
    stored = chosen(tables.stored("ch17-ring", "early"), method=name)["estimate"]
    assert ch17_ring.early(name)["estimate"] == pytest.approx(stored.item(), abs=0.01)


@pytest.mark.usefixtures("mnist_train")
@pytest.mark.parametrize("name", ch17_mnist.CONTEST.methods)
def test_a_short_game_on_mnist_comes_out_again(name):
    stored = chosen(tables.stored("ch17-mnist", "early"), method=name)["estimate"]
    assert ch17_mnist.early(name)["estimate"] == pytest.approx(stored.item(), abs=0.01)


@pytest.mark.parametrize("coding", ch17_codings.CODINGS)
def test_a_short_game_with_a_coding_comes_out_again(coding):
    stored = chosen(tables.stored("ch17-codings", "early"), coding=coding)["exact_w1"]
    again = ch17_codings.play(coding, 0, n_steps=20)
    assert again["exact_w1"] == pytest.approx(stored.item(), abs=0.01)


@pytest.mark.parametrize("experiment", CONTESTS)
def test_every_method_has_tried_as_many_settings_and_is_judged_on_other_seeds(experiment):
    contest, rows = CONTESTS[experiment], tables.read_rows(run_folder(experiment) / "results.csv")
    assert not {*contest.tuning} & {*contest.fresh}
    for name in contest.methods:
        knob = relatives.METHODS[name].knob
        own = [row for row in rows if row["method"] == name]
        tried = {(r["learning_rate"], r["value"]) for r in own if r["seed"] in contest.tuning}
        judged = {(r["learning_rate"], r["value"]) for r in own if r["seed"] in contest.fresh}
        best = contest.best(name, rows)
        n_settings = 3 * len(contest.steps)
        assert len(tried) == n_settings
        assert len(own) == n_settings * len(contest.tuning) + len(contest.fresh)
        assert judged == {(best["learning_rate"], best[knob])}


def test_a_setting_that_blows_up_is_never_chosen():
    contest = ch17_ring.CONTEST
    rows = [
        {
            "method": "R1",
            "learning_rate": setting["learning_rate"],
            "value": setting["gp_weight"],
            "seed": seed,
            "exact_w1": 1.0 + i,
        }
        for i, setting in enumerate(relatives.settings("R1", contest.steps))
        for seed in contest.tuning
    ]
    assert contest.best("R1", rows) == {"learning_rate": 3e-4, "gp_weight": 0.1}
    rows[0]["exact_w1"] = float("nan")
    assert contest.best("R1", rows) == {"learning_rate": 3e-4, "gp_weight": 1.0}


def test_r1_and_r2_of_a_linear_critic_are_its_squared_slope():
    slope = torch.tensor([3.0, 4.0])
    real, fake = torch.randn(2, 7, 2, generator=torch.Generator().manual_seed(0))
    assert relatives.r1(lambda x: x @ slope, real, fake).item() == pytest.approx(25)
    assert relatives.r1_and_r2(lambda x: x @ slope, real, fake).item() == pytest.approx(50)


def test_r1_looks_at_real_and_r2_at_generated_samples():
    real, fake = torch.full((5, 1), 2.0), torch.full((5, 1), 3.0)
    bowl = lambda x: x.square().sum(dim=1)  # noqa: E731  slope 2x
    assert relatives.r1(bowl, real, fake).item() == pytest.approx(16)
    assert relatives.r2(bowl, real, fake).item() == pytest.approx(36)


def test_the_critic_that_is_kept_of_sorting_has_orthonormal_layers():
    critic = ch17_ring.stored_pair("sorting")[1]
    for layer in critic.layers[::2]:
        weight = layer.weight.detach().double()
        weight = weight if weight.shape[0] < weight.shape[1] else weight.T
        eye = torch.eye(len(weight), dtype=torch.float64)
        torch.testing.assert_close(weight @ weight.T, eye, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ch17_ring.CONTEST.methods)
def test_the_pair_that_is_kept_is_that_of_the_first_fresh_seed(name):
    generator, critic = ch17_ring.stored_pair(name)
    seen = chosen(tables.stored("ch17-ring"), method=name, seed=ch17_ring.CONTEST.fresh[0])
    again = ch17_ring.measure(generator, critic, ch17_ring.CONTEST.fresh[0])
    # half precision moves points of size 2 by 1e-3 at most
    assert again["last_w1"] == pytest.approx(seen["last_w1"].item(), abs=0.005)


def test_least_squares_has_the_losses_of_the_paper_without_halves():
    game = relatives.least_squares(real=2.0, fake=-1.0, wanted=1.0)
    s, t = torch.tensor([2.0, 3.0]), torch.tensor([-1.0, 1.0])
    assert game.critic_loss(s, t).item() == pytest.approx(0.5 + 2.0)
    assert game.generator_loss(s, t).item() == pytest.approx(2.0)

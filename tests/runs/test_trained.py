"""Every stored run on MNIST is what its table says, and can be repeated."""

from dataclasses import asdict

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from wganlib import metrics, records, training
from wganlib.classifier import digit_classifier
from wganlib.runs import scores, tables, trained

TABLE = trained.table()


@pytest.mark.parametrize("name", TABLE)
def test_a_stored_run_is_the_one_in_the_table(name, stored_run):
    run, entry = stored_run(name), TABLE[name]
    assert run.config == training.TrainConfig(**entry["config"])
    for side in ("generator", "critic"):
        arguments = dict(entry[side])
        assert type(getattr(run, side)).__name__ == arguments.pop("class")
        assert getattr(run, side).arguments == arguments


@pytest.mark.parametrize("name", TABLE)
def test_a_stored_run_is_complete_and_says_where_it_comes_from(name, stored_run):
    run = stored_run(name)
    assert run.history.step[-1] == run.config.n_steps
    assert np.isfinite([*asdict(run.history).values()]).all()
    assert run.provenance["seed"] == run.config.seed
    assert all(len(session["commit"]) == 40 for session in run.provenance["sessions"])
    assert {"torch", "numpy"} <= set(run.provenance["versions"])


@pytest.mark.parametrize("name", TABLE)
def test_the_first_step_of_a_stored_run_comes_out_again(name, mnist_train):
    """On any machine: other kernels and two threads moved no value by more than 5e-4 of it."""
    (stored,) = tables.stored(name, "early")
    fresh = trained.early(TABLE[name], trained.digits_of(TABLE[name], mnist_train))
    assert fresh == pytest.approx(
        dict(zip(stored.dtype.names, stored.item(), strict=True)), rel=2e-3
    )


# Not with clipped weights: three kernels gave 31, 43 and 46 for one estimate after ten steps.
@pytest.mark.parametrize("name", [name for name in TABLE if not TABLE[name]["clipping"]])
def test_ten_steps_of_a_stored_run_come_out_again(name, stored_run, mnist_train):
    stored, entry = stored_run(name), TABLE[name]
    history = training.train(
        *trained.networks(entry, stored.config.seed),
        trained.digits_of(entry, mnist_train), stored.config,
        **trained.how(entry), until=10, progress=False,
    )  # fmt: skip
    assert history.step == [10]
    for column in records.COLUMNS:
        # The same machine and the same order of sums agree to the six digits stored; others to
        # float32 rounding, magnified by 60 updates: nudges of one unit in the last place of the
        # weights move the generator's loss, which carries the critic's additive constant, by up to
        # 0.46 (one other processor's by as much), all else by less than a hundredth.
        fresh, kept = getattr(history, column)[0], getattr(stored.history, column)[0]
        room = 1 if column == "generator_loss" else 0.05
        assert fresh == pytest.approx(kept, rel=0.05, abs=room), column


@pytest.mark.parametrize("name", TABLE)
def test_the_stored_grid_is_what_the_stored_generator_draws(name, stored_run):
    run = stored_run(name)
    stored = plt.imread(run.folder / f"samples-{run.config.n_steps:06d}.png") * 255
    drawn = trained.image_grid(run.generator)
    assert np.abs(stored - drawn).max() <= 1 + 1e-3  # rounding at the edge between two greys


@pytest.mark.parametrize("name", TABLE)
def test_a_stored_run_was_scored_to_its_end(name):
    rows, entry = tables.stored(name, "scores"), TABLE[name]
    every, last = entry["score_every"], entry["config"]["n_steps"]
    assert rows["step"].tolist() == [*range(every, last + 1, every)]
    assert ("w1_held_out" in rows.dtype.names) == entry["estimates"]
    assert all(np.isfinite(rows[column]).all() for column in rows.dtype.names)


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.usefixtures("mnist_test")
def test_the_last_score_of_a_stored_run_comes_out_again(name, stored_run):
    fake = scores.draw(stored_run(name).generator, scores.N_SAMPLES)
    features = digit_classifier().features(fake)
    distance = metrics.frechet_distance(scores.real_features(), features)
    assert distance == pytest.approx(tables.stored(name, "scores")["frechet"][-1], rel=1e-3)


def test_what_an_entry_says_goes_over_the_defaults_and_configs_are_merged():
    merged = trained.merge(
        {"film": False, "config": {"a": 1, "b": 2}}, {"film": True, "config": {"b": 3}}
    )
    assert merged == {"film": True, "config": {"a": 1, "b": 3}}


def test_a_baked_spectral_norm_scores_as_before():
    entry = TABLE["compare-hinge-0"]
    _, critic = trained.networks(entry, 0)
    images = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        before = critic.eval()(images)
        after = trained.plain_(critic)(images)
    torch.testing.assert_close(before, after)
    assert set(critic.state_dict()) == set(
        trained.networks(TABLE["mnist-wgan-gp"], 0)[1].state_dict()
    )

"""Every frozen run is what its table says, and can be repeated."""

import csv
import importlib
import json
from dataclasses import asdict

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from tests import ROOT
from wganlib import data, metrics, records, training
from wganlib.classifier import digit_classifier

RUNS = ROOT / "book" / "runs"
make_runs = importlib.import_module("make")
scores, settings = importlib.import_module("scores"), importlib.import_module("ch10_settings")
jury, ring = importlib.import_module("ch10_scores"), importlib.import_module("ch13_ring")
TABLE = make_runs.table()


@pytest.mark.parametrize("name", TABLE)
def test_a_stored_run_is_the_one_in_the_table(name):
    run, entry = records.load_run(name), TABLE[name]
    assert run.config == training.TrainConfig(**entry["config"])
    for side in ("generator", "critic"):
        arguments = dict(entry[side])
        assert type(getattr(run, side)).__name__ == arguments.pop("class")
        assert getattr(run, side).arguments == arguments


@pytest.mark.parametrize("name", TABLE)
def test_a_stored_run_is_complete_and_says_where_it_comes_from(name):
    run = records.load_run(name)
    assert run.history.step[-1] == run.config.n_steps
    assert np.isfinite([*asdict(run.history).values()]).all()
    assert run.provenance["seed"] == run.config.seed
    assert run.provenance["command"] == f"python book/runs/make.py {name}"
    assert all(len(session["commit"]) == 40 for session in run.provenance["sessions"])
    assert {"torch", "numpy"} <= set(run.provenance["versions"])


@pytest.mark.parametrize("name", TABLE)
def test_the_first_steps_of_a_stored_run_come_out_again(name, mnist_train):
    stored, entry = records.load_run(name), TABLE[name]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    history = training.train(
        *make_runs.networks(entry, stored.config.seed), make_runs.digits_of(entry), stored.config,
        **make_runs.how(entry), until=10, progress=False,
    )  # fmt: skip
    torch.set_num_threads(threads)
    assert history.step == [10]
    for column in records.COLUMNS:
        # The same machine agrees to the six digits stored; another one to float32 rounding,
        # magnified by 60 updates: a nudge of half a unit in the last place moves the generator's
        # loss by up to 0.3 after 120 of them. Other settings differ by more.
        fresh, kept = getattr(history, column)[0], getattr(stored.history, column)[0]
        assert fresh == pytest.approx(kept, rel=0.05, abs=0.05), column


@pytest.mark.parametrize("name", TABLE)
def test_the_stored_grid_is_what_the_stored_generator_draws(name):
    run = records.load_run(name)
    stored = plt.imread(run.folder / f"samples-{run.config.n_steps:06d}.png") * 255
    drawn = make_runs.image_grid(run.generator)
    assert np.abs(stored - drawn).max() <= 1 + 1e-3  # rounding at the edge between two greys


@pytest.mark.parametrize("name", TABLE)
def test_a_stored_run_was_scored_to_its_end(name):
    run, every = records.load_run(name), TABLE[name]["score_every"]
    rows = np.genfromtxt(run.folder / "scores.csv", delimiter=",", names=True)
    assert rows["step"].tolist() == [*range(every, run.config.n_steps + 1, every)]
    assert ("w1_held_out" in rows.dtype.names) == TABLE[name]["estimates"]
    assert all(np.isfinite(rows[column]).all() for column in rows.dtype.names)


@pytest.mark.parametrize("name", TABLE)
def test_the_last_score_of_a_stored_run_comes_out_again(name, mnist_test):
    run = records.load_run(name)
    fake = scores.draw(run.generator, 2_500)
    features = digit_classifier().features(fake)
    distance = metrics.frechet_distance(scores.real_features(), features)
    rows = np.genfromtxt(run.folder / "scores.csv", delimiter=",", names=True)
    assert distance == pytest.approx(rows["frechet"][-1], rel=1e-3)


def test_the_compared_methods_use_the_settings_that_the_trials_found():
    rows = list(csv.DictReader((RUNS / "ch10-settings" / "results.csv").read_text().splitlines()))
    assert len(rows) == len(settings.trials())
    for name, entry in TABLE.items():
        if not name.startswith("compare-"):
            continue
        plain = "wgan" if entry["clipping"] else "non-saturating"
        mine = [
            row for row in rows if row["method"] == ("wgan-gp", plain)[entry["penalty"] == "none"]
        ]
        longest = max(int(row["n_steps"]) for row in mine)
        best = min(
            (row for row in mine if int(row["n_steps"]) == longest),
            key=lambda row: float(row["frechet"]),
        )
        config = training.TrainConfig(**entry["config"])
        assert config.learning_rate == float(best["learning_rate"]), name
        assert config.clip_value == float(best["clip_value"]), name


def test_the_compared_methods_share_networks_data_and_updates():
    compared = [entry for name, entry in TABLE.items() if name.startswith("compare-")]
    for shared in ("generator", "critic", "n_images"):
        assert len({str(entry[shared]) for entry in compared}) == 1
    for shared in ("n_steps", "n_critic", "learning_rate_end"):
        assert len({entry["config"][shared] for entry in compared}) == 1


def test_the_judged_digits_carry_the_ink_of_all_as_the_first_ones_do_not(mnist_test):
    test = mnist_test
    ink = data.scale_pixels(test.pixels).mean(dim=(1, 2, 3))
    error = ink.std() / scores.N_SAMPLES**0.5
    assert abs(scores._some(test).mean() - ink.mean()) < 3 * error
    assert abs(ink[: scores.N_SAMPLES].mean() - ink.mean()) > 3 * error


def stored_rows(folder):
    return list(csv.DictReader((folder / "results.csv").read_text().splitlines()))


def test_the_jury_has_judged_every_compared_run_and_two_yardsticks():
    rows = stored_rows(jury.FOLDER)
    assert [row["name"] for row in rows] == jury.names()
    assert len(rows) == 2 + 8 * 3
    assert jury.FOLDER.name == make_runs.LAST  # after the runs that it needs


def test_a_verdict_of_the_jury_comes_out_again(mnist_train, mnist_test):
    name = "compare-wgan-gp-0"
    (stored,) = [row for row in stored_rows(jury.FOLDER) if row["name"] == name]
    for column, value in jury.measure(name).items():
        assert value == pytest.approx(float(stored[column]), rel=1e-3, abs=1e-3), column


def test_the_jury_knows_honest_digits_from_noise():
    honest, noise = (
        {key: float(value) for key, value in row.items() if key != "name"}
        for row in stored_rows(jury.FOLDER)[:2]
    )
    assert honest["frechet"] < 2 < 1000 < noise["frechet"]
    assert abs(honest["w1"] - honest["w1_floor"]) < 4 * 2**0.5 * honest["w1_error"]
    assert noise["coverage"] < 0.01 < 0.94 < honest["coverage"]
    assert honest["copies"] == 0


def test_every_relative_played_on_the_ring_from_every_seed():
    rows = stored_rows(ring.FOLDER)
    games = {(row["bound"], row["objective"], int(row["seed"])) for row in rows}
    assert len(games) == len(ring.BOUNDS) * len(ring.NAMES) * len(ring.SEEDS)
    assert len(rows) == len(games) * ring.N_STEPS // ring.EVERY


@pytest.mark.parametrize("name", ring.NAMES)
def test_the_first_look_at_a_game_on_the_ring_comes_out_again(name):
    (again,) = ring.play(name, "spectral norm", 0, n_steps=ring.EVERY)
    (stored,) = [
        row
        for row in stored_rows(ring.FOLDER)
        if all(row[key] == str(again[key]) for key in ("objective", "bound", "seed", "step"))
    ]
    for column in ("exact_w1", "reading"):
        assert again[column] == pytest.approx(float(stored[column]), rel=0.02), column


def test_what_an_entry_says_goes_over_the_defaults_and_configs_are_merged():
    merged = make_runs.merge(
        {"film": False, "config": {"a": 1, "b": 2}}, {"film": True, "config": {"b": 3}}
    )
    assert merged == {"film": True, "config": {"a": 1, "b": 3}}


def test_a_baked_spectral_norm_scores_as_before():
    entry = TABLE["compare-hinge-0"]
    _, critic = make_runs.networks(entry, 0)
    images = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        before = critic.eval()(images)
        after = make_runs.plain_(critic)(images)
    torch.testing.assert_close(before, after)
    assert set(critic.state_dict()) == set(
        make_runs.networks(TABLE["mnist-wgan-gp"], 0)[1].state_dict()
    )


def test_the_frozen_runs_stay_small():
    files = [p for p in RUNS.rglob("*") if p.is_file() and "checkpoint" not in p.name]
    assert sum(p.stat().st_size for p in files) < 20e6


def test_no_weights_need_unpickling():
    assert not [p for p in RUNS.rglob("*") if p.suffix in (".pt", ".pth", ".pkl", ".npy")]


def test_every_folder_of_results_has_its_command():
    made_by = {
        **{name: f"python book/runs/make.py {name}" for name in TABLE},
        **{k: f"python book/runs/{v.name}" for k, v in make_runs.experiments().items()},
    }
    folders = {path.name for path in RUNS.iterdir() if path.is_dir() and path.name[0] not in "._"}
    assert folders == set(made_by)
    for name, command in made_by.items():
        about = json.loads((RUNS / name / "provenance.json").read_text())
        assert about["command"] == command
        assert {"seed", "sessions", "versions", "device", "wall_seconds"} <= set(about)

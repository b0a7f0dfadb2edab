"""Every frozen run is what its table says, and can be repeated."""

import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from wganlib import data, training

RUNS = Path(__file__).resolve().parents[1] / "book" / "runs"
sys.path.insert(0, str(RUNS))
make_runs = importlib.import_module("make")
TABLE = make_runs.table()


@pytest.mark.parametrize("name", TABLE)
def test_a_stored_run_is_the_one_in_the_table(name):
    run, entry = training.load_run(name), TABLE[name]
    assert run.config == training.TrainConfig(**entry["config"])
    for side in ("generator", "critic"):
        arguments = dict(entry[side])
        assert type(getattr(run, side)).__name__ == arguments.pop("class")
        assert getattr(run, side).arguments == arguments


@pytest.mark.parametrize("name", TABLE)
def test_a_stored_run_is_complete_and_says_where_it_comes_from(name):
    run = training.load_run(name)
    assert run.history.step[-1] == run.config.n_steps
    assert np.isfinite([*asdict(run.history).values()]).all()
    assert run.provenance["seed"] == run.config.seed
    assert run.provenance["command"] == f"python book/runs/make.py {name}"
    assert all(len(session["commit"]) == 40 for session in run.provenance["sessions"])
    assert {"torch", "numpy"} <= set(run.provenance["versions"])


@pytest.mark.parametrize("name", TABLE)
def test_the_first_steps_of_a_stored_run_come_out_again(name):
    try:
        digits = data.mnist("train")
    except ConnectionError as error:
        pytest.skip(f"needs MNIST itself: {str(error)[:80]}")
    stored, entry = training.load_run(name), TABLE[name]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    history = training.train(
        *make_runs.networks(entry, stored.config.seed), digits, stored.config,
        penalty=make_runs.PENALTIES[entry.get("penalty", "none")], until=20, progress=False,
    )  # fmt: skip
    torch.set_num_threads(threads)
    assert history.step == [10, 20]
    for column in training.COLUMNS:
        # The same machine agrees to the six digits stored; another one to float32 rounding,
        # magnified by 120 updates. Another seed differs by more than a tenth.
        fresh, kept = getattr(history, column), getattr(stored.history, column)[:2]
        np.testing.assert_allclose(fresh, kept, rtol=0.01, atol=0.01, err_msg=column)


@pytest.mark.parametrize("name", TABLE)
def test_the_stored_grid_is_what_the_stored_generator_draws(name):
    run = training.load_run(name)
    stored = plt.imread(run.folder / f"samples-{run.config.n_steps:06d}.png") * 255
    drawn = make_runs.image_grid(run.generator)
    assert np.abs(stored - drawn).max() <= 1 + 1e-3  # rounding at the edge between two greys


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

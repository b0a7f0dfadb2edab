"""Runs are stored whole or not at all, and come back as they were."""

import dataclasses
import itertools
import json
import multiprocessing
import os
import random
import shutil
import signal
import time

import numpy as np
import pytest
import torch

from tests.unit.small import SMALL, digits, pair
from wganlib import _files, lipschitz, models
from wganlib.lipschitz import gradient_penalty
from wganlib.records import History, Run, TrainConfig, load_run, run_folder, save_run
from wganlib.training import train


def test_a_stored_run_comes_back_whole(tmp_path):
    generator, critic = models.ConvGenerator(8, 4), models.ConvCritic(4)
    config = dataclasses.replace(SMALL, n_steps=4)
    history = train(generator, critic, digits(), config, penalty=gradient_penalty, progress=False)
    run = Run(
        generator=generator, critic=critic, config=config, history=history,
        provenance={"command": "none", "seed": 0},
    )  # fmt: skip
    save_run(tmp_path / "run", run)
    back = load_run(tmp_path / "run")
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
        load_run("mnist-wgan-xl")


def test_a_run_cannot_name_code_to_run(tmp_path):
    generator, critic = pair()
    run = Run(
        generator=generator, critic=critic, config=SMALL, history=History(), provenance={}
    )  # fmt: skip
    save_run(tmp_path, run)
    about = json.loads((tmp_path / "config.json").read_text())
    about["generator"]["class"] = "pairwise"
    (tmp_path / "config.json").write_text(json.dumps(about))
    with pytest.raises(ValueError, match="'pairwise' is not a network"):
        load_run(tmp_path)


def test_a_folder_of_something_else_is_not_replaced(tmp_path):
    (tmp_path / "notes").write_text("mine")
    run = small_run(pair()[1])
    with pytest.raises(ValueError, match="holds something else than a run; give a new folder"):
        save_run(tmp_path, run)
    with pytest.raises(ValueError, match="notes is a file; give the name of a folder"):
        save_run(tmp_path / "notes", run)
    assert (tmp_path / "notes").read_text() == "mine"
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to("run")
    save_run(tmp_path / "link", run)  # into the folder that is meant
    assert load_run(tmp_path / "run").config == run.config
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "notes", "run"]


def test_a_critic_s_own_history_has_a_column_without_numbers(tmp_path):
    history = History(step=[1, 2], w1_estimate=[1.0, 2.0], critic_loss=[-1.0, -2.0],
                      penalty=[0.0, 0.0])  # fmt: skip
    save_run(tmp_path / "run", dataclasses.replace(small_run(pair()[1]), history=history))
    assert load_run(tmp_path / "run").history == history


# --- what is damaged ------------------------------------------------------------------------------

FILES = ["config.json", "history.csv", "generator.safetensors", "critic.safetensors",
         "provenance.json"]  # fmt: skip


def stored(folder):
    history = History()
    history.append(1, [1.0, -1.0, 0.0, -2.0])
    history.append(2, [1.5, -1.5, 0.25, -2.5])
    save_run(folder, dataclasses.replace(small_run(pair()[1]), history=history))
    return folder


@pytest.mark.parametrize("name", FILES[:-1])
def test_a_file_that_is_missing_is_named(tmp_path, name):
    (stored(tmp_path / "run") / name).unlink()
    with pytest.raises(ValueError, match=rf"run/{name} is damaged \(it is missing\); take it from"):
        load_run(tmp_path / "run")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0, 0.3, 0.6, 0.95])
def test_a_file_that_is_cut_is_named(tmp_path, name, share):
    path = stored(tmp_path / "run") / name
    content = path.read_bytes() if name != "provenance.json" else b'{"command": "none"}'
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=rf"run/{name} is damaged"):
        load_run(tmp_path / "run")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [b"\xff\xfe\x00" * 99, b"[" * 99_999, b'[1, "a"]\n', b"null\n"])
def test_a_file_of_something_else_is_named(tmp_path, name, content):
    (stored(tmp_path / "run") / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"run/{name} is damaged"):
        load_run(tmp_path / "run")


@pytest.mark.parametrize("column", ["step", "w1_estimate", "penalty"])
def test_a_history_without_a_column_is_damaged(tmp_path, column):
    path = stored(tmp_path / "run") / "history.csv"
    path.write_text(path.read_text().replace(column, "other", 1))
    with pytest.raises(ValueError, match=rf"history.csv is damaged \(it has no column {column}\)"):
        load_run(tmp_path / "run")


@pytest.mark.parametrize(
    ("old", "new"),
    [("1.5", "much"), ("1.5", ""), ("\n2,", "\n2.5,"), ("\n2,", "\n,"), ("\n2,", "\n2"),
     ("0.25\n", "0.25")],
)  # fmt: skip
def test_a_history_with_a_broken_entry_is_damaged(tmp_path, old, new):
    path = stored(tmp_path / "run") / "history.csv"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ValueError, match=r"history.csv is damaged"):
        load_run(tmp_path / "run")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("critic"), "config.json names no class for critic"),
        (lambda a: a["critic"].pop("class"), "config.json names no class for critic"),
        (lambda a: a.update(critic=["MLPCritic"]), "config.json names no class for critic"),
        (lambda a: a["critic"].update({"class": 3}), "config.json names no class for critic"),
        (
            lambda a: a["critic"].update(width=-1),
            "the critic cannot be built: MLPCritic .*width=-1",
        ),
        (lambda a: a["critic"].update(colour=1), "the critic cannot be built: .*'colour'"),
        (lambda a: a["critic"].update(width=17), "critic.safetensors holds the weights of another"),
        (lambda a: a["critic"].update(module=3, arguments=[]), "is a MLPCritic of 3"),
        (lambda a: a.pop("config"), "config.json is damaged .*None"),
        (lambda a: a.update(config=[1]), r"config.json is damaged .*\[1\]"),
        (lambda a: a["config"].update(n_stops=3), r"config.json is damaged .*\['n_stops'\]"),
        (lambda a: a["config"].update(n_steps=0), "config.json is damaged .*n_steps=0"),
    ],
)
def test_a_configuration_that_fits_nothing_is_named(tmp_path, change, message):
    path = stored(tmp_path / "run") / "config.json"
    about = json.loads(path.read_text())
    change(about)
    path.write_text(json.dumps(about))
    with pytest.raises(ValueError, match=message):
        load_run(tmp_path / "run")


@pytest.mark.parametrize("name", [None, 3, b"run", ["run"], "a\0b", "~nobody-of-this-name/run"])
@pytest.mark.parametrize(
    "call", [load_run, run_folder, lambda f: save_run(f, small_run(pair()[1]))]
)
def test_what_names_no_folder_is_refused(call, name):
    with pytest.raises(ValueError, match=r"(folder|name)="):
        call(name)


def test_a_name_that_no_file_system_takes_is_refused():
    with pytest.raises(ValueError, match=r"folder='aaa.*more than 255 bytes"):
        load_run("a" * 300)


# --- numbers --------------------------------------------------------------------------------------


def test_numbers_of_numpy_are_taken_as_python_s(tmp_path):
    config = TrainConfig(learning_rate=np.float32(1e-4), n_steps=np.int64(4), gp_weight=3)
    assert json.loads(json.dumps(dataclasses.asdict(config)))["n_steps"] == 4
    assert type(config.learning_rate) is type(config.gp_weight) is float
    assert config == TrainConfig(learning_rate=float(np.float32(1e-4)), n_steps=4, gp_weight=3.0)


def small_run(critic):
    return Run(generator=pair()[0], critic=critic, config=SMALL, history=History())


def test_a_run_that_cannot_be_loaded_back_is_not_stored(tmp_path):
    save_run(tmp_path / "run", small_run(pair()[1]))
    before = sorted((p.name, p.read_bytes()) for p in (tmp_path / "run").iterdir())
    normalised = lipschitz.spectral_norm_(models.MLPCritic(width=16, depth=1))
    tied = models.MLPCritic(width=2, depth=2)
    tied.layers[2].weight = tied.layers[0].weight
    for critic in (normalised, tied):
        with pytest.raises((ValueError, RuntimeError)):
            save_run(tmp_path / "run", small_run(critic))
    assert sorted((p.name, p.read_bytes()) for p in (tmp_path / "run").iterdir()) == before
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_a_stored_run_replaces_the_one_that_stood_there(tmp_path):
    save_run(tmp_path / "run", small_run(pair()[1]))
    (tmp_path / "run" / "left-over").write_text("of the first")
    second = small_run(pair(seed=1)[1])
    save_run(tmp_path / "run", second)
    assert not (tmp_path / "run" / "left-over").exists()
    for name, tensor in load_run(tmp_path / "run").critic.state_dict().items():
        assert torch.equal(tensor, second.critic.state_dict()[name])


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("generator", None, "generator is a NoneType"),
        ("critic", models.MLPCritic, "critic is a type, no Module; give the network itself"),
        ("config", {"n_steps": 3}, "config is a dict, no TrainConfig"),
        ("history", [1.0], "history is a list, no History"),
        ("provenance", "a word", "provenance is a str, no dict"),
    ],
)
def test_what_a_run_consists_of_is_checked_at_once(field, value, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(small_run(pair()[1]), **{field: value})


@pytest.mark.parametrize(
    ("provenance", "message"),
    [
        ({"rate": torch.ones(1)}, r"provenance.json holds what JSON cannot store \(a Tensor\)"),
        ({"folder": {1, 2}}, r"\(a set\)"),
        ({("a", 1): 2}, "keys must be"),
        ({1: 2, "a": 3}, "not supported between"),
    ],
)
def test_a_provenance_that_json_cannot_store_is_refused(tmp_path, provenance, message):
    with pytest.raises(ValueError, match=message):
        save_run(tmp_path / "run", dataclasses.replace(small_run(pair()[1]), provenance=provenance))
    assert not list(tmp_path.iterdir())


def test_numbers_of_numpy_are_stored(tmp_path):
    about = {"score": np.float32(0.5), "n": np.int64(3), "good": np.bool_(True)}
    save_run(tmp_path / "run", dataclasses.replace(small_run(pair()[1]), provenance=about))
    assert load_run(tmp_path / "run").provenance == {"score": 0.5, "n": 3, "good": True}


@pytest.mark.parametrize(
    ("step", "values", "message"),
    [
        (-1, [1.0, 2.0, 3.0], "step=-1"),
        (1.5, [1.0, 2.0, 3.0], "step=1.5"),
        ("1", [1.0, 2.0, 3.0], "step='1'"),
        (
            1,
            [1.0, 2.0],
            r"values has 2 entries, expected 3 or 4: w1_estimate, critic_loss, penalty",
        ),
        (1, [1.0] * 5, "values has 5 entries"),
        (1, 3.0, "values has shape .*; give a sequence of numbers"),
        (1, None, "values holds Python objects"),
        (1, "abc", "values holds text"),
        (1, [[1.0, 2.0, 3.0]], "values has shape"),
        (1, [1.0, None, 3.0], "values holds Python objects"),
        (1, [1.0, 2.0, float("nan")], "values holds nan"),
        (1, [1.0, 2.0, 3.0, float("inf")], "values holds inf"),
        (1, torch.zeros(3, device="meta"), "values cannot be made"),
    ],
)
def test_a_history_takes_numbers_or_nothing(step, values, message):
    history = History()
    with pytest.raises(ValueError, match=message):
        history.append(step, values)
    assert history == History()


def test_a_history_takes_numbers_of_any_library():
    history = History()
    history.append(np.int64(1), np.float32([1.5, 2.5, 3.5, 4.5]))
    history.append(2, torch.tensor([1.0, 2.0, 3.0, 4.0]))
    assert history.step == [1, 2]
    assert history.generator_loss == [4.5, 4.0]
    assert {type(v) for v in (*history.step, *history.penalty)} == {int, float}


def test_the_columns_of_a_history_stay_equally_long():
    history = History()
    history.append(1, [1.0, 2.0, 3.0, 4.0])
    with pytest.raises(ValueError, match="values has 3 entries, the one before had 4"):
        history.append(2, [1.0, 2.0, 3.0])
    history = History(step=[1], w1_estimate=[1.0, 2.0])
    run = dataclasses.replace(small_run(pair()[1]), history=history)
    with pytest.raises(ValueError, match=r"history.w1_estimate has 2 entries and history.step 1"):
        save_run("never", run)


@pytest.mark.parametrize("column", [None, 3, 1.5, (1.0,), np.ones(1), torch.ones(1), "1", {1}])
def test_the_columns_of_a_history_are_lists(column):
    with pytest.raises(ValueError, match=r"penalty is a .*, no list; give a list of numbers"):
        History(step=[1], penalty=column)


@pytest.mark.parametrize("step", [0, -1, 1.5, None, "1"])
@pytest.mark.parametrize("method", ["critic_steps", "learning_rate_at"])
def test_steps_are_counted_from_one(method, step):
    with pytest.raises(ValueError, match=f"step={step!r} must be a whole number of at least 1"):
        getattr(TrainConfig(), method)(step)


def test_there_is_no_step_size_after_the_last_step():
    with pytest.raises(ValueError, match="step=11 comes after the last one, n_steps=10"):
        TrainConfig(n_steps=10, learning_rate_end=0).learning_rate_at(11)


def test_a_seed_that_pytorch_does_not_take_is_refused():
    assert torch.Generator().manual_seed(TrainConfig(seed=2**64 - 1).seed)
    with pytest.raises(ValueError, match=r"seed=18446744073709551616 must be below 2\*\*64"):
        TrainConfig(seed=2**64)


# --- several at a time ----------------------------------------------------------------------------

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def two_runs(tmp_path):
    """Two stored runs, from which processes without PyTorch can write others."""
    for name in ("a", "b"):
        run = small_run(pair(seed=ord(name))[1])
        run.history.append(ord(name), [ord(name)] * 4)
        save_run(tmp_path / name, dataclasses.replace(run, provenance={"name": name}))
    (tmp_path / "place").mkdir()
    shutil.copytree(tmp_path / "a", tmp_path / "place" / "run")
    return tmp_path


def name_of(run, folder):
    """Which of the two runs this is, in each of its files."""
    name = run.provenance["name"]
    whole = load_run(folder / name)
    assert run.history == whole.history
    for side in ("generator", "critic"):
        here, there = getattr(run, side).state_dict(), getattr(whole, side).state_dict()
        assert all(map(torch.equal, here.values(), there.values()))
    return name


def _swap_in(source, folder):
    with _files.swapped_folder(folder) as aside:
        shutil.copytree(source, aside, dirs_exist_ok=True)


def _stand_still_and_go_on(source, folder):
    rename, count = os.replace, itertools.count()

    def halting(*paths):
        rename(*paths)
        if next(count) == 0:  # the old folder is away, the new one not there yet
            os.kill(os.getpid(), signal.SIGSTOP)

    os.replace = halting
    _swap_in(source, folder)


def test_a_reader_reads_while_a_writer_stands_between_its_renames_and_then_goes_on(two_runs):
    folder = two_runs / "place" / "run"
    writer = FORK.Process(target=_stand_still_and_go_on, args=(two_runs / "b", folder))
    writer.start()
    os.waitpid(writer.pid, os.WUNTRACED)  # until it has stopped
    try:
        before = sorted(folder.parent.iterdir())
        assert folder not in before
        found = load_run(folder)
        assert name_of(found, two_runs) == "a"
        assert found.folder == folder
        assert (run_folder(folder) / "provenance.json").is_file()
        assert sorted(folder.parent.iterdir()) == before  # nothing was renamed
    finally:
        os.kill(writer.pid, signal.SIGCONT)
        writer.join(30)
    assert writer.exitcode == 0
    assert name_of(load_run(folder), two_runs) == "b"
    assert [p.name for p in folder.parent.iterdir()] == ["run"]


def test_another_writer_does_not_wait_for_one_that_stands_still(two_runs):
    folder = two_runs / "place" / "run"
    writer = FORK.Process(target=_stand_still_and_go_on, args=(two_runs / "b", folder))
    writer.start()
    os.waitpid(writer.pid, os.WUNTRACED)
    try:
        _swap_in(two_runs / "a", folder)
        assert name_of(load_run(folder), two_runs) == "a"
    finally:
        os.kill(writer.pid, signal.SIGCONT)
        writer.join(30)
    assert writer.exitcode == 0
    assert name_of(load_run(folder), two_runs) == "b"
    assert [p.name for p in folder.parent.iterdir()] == ["run"]


def _swap_often(sources, folder):
    for source in sources * 25:
        _swap_in(source, folder)


def _swap_for_ever(sources, folder):
    for source in itertools.cycle(sources):
        _swap_in(source, folder)


def test_four_writers_and_a_reader_see_the_old_run_or_the_new_one_and_never_a_part(two_runs):
    folder, sources = two_runs / "place" / "run", [two_runs / "a", two_runs / "b"]
    writers = [FORK.Process(target=_swap_often, args=(sources, folder)) for _ in range(4)]
    for writer in writers:
        writer.start()
    seen = []
    while any(writer.is_alive() for writer in writers):
        seen.append(name_of(load_run(folder), two_runs))
    assert [writer.exitcode for writer in writers] == [0] * 4
    assert {*seen, name_of(load_run(folder), two_runs)} <= {"a", "b"}
    assert len(seen) > 3  # the reader was there
    assert [p.name for p in folder.parent.iterdir()] == ["run"]


def _die_between_the_renames(sources, folder):
    rename = os.replace

    def dying(*paths):
        rename(*paths)
        os.kill(os.getpid(), signal.SIGKILL)

    os.replace = dying
    _swap_in(sources[0], folder)


def test_a_writer_killed_at_any_moment_leaves_a_whole_run(two_runs):
    folder, sources = two_runs / "place" / "run", [two_runs / "b", two_runs / "a"]
    moments, seen = random.Random(0), []
    for number in range(20):
        worst = number % 4 == 0  # too short a moment to be met by chance
        writer = FORK.Process(
            target=_die_between_the_renames if worst else _swap_for_ever, args=(sources, folder)
        )
        writer.start()
        if not worst:
            time.sleep(moments.uniform(0.005, 0.05))
            writer.kill()
        writer.join()
        assert writer.exitcode == -signal.SIGKILL
        seen.append(name_of(load_run(folder), two_runs))
    assert set(seen) <= {"a", "b"}
    _swap_in(two_runs / "b", folder)
    assert name_of(load_run(folder), two_runs) == "b"


def test_a_full_disk_leaves_the_old_run_and_nothing_else(tmp_path, monkeypatch):
    stored(tmp_path / "run")
    before = {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()}
    sync, count = os.fsync, itertools.count()

    def full(descriptor):
        if next(count) == 3:  # after some of the files
            raise OSError(28, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_run(tmp_path / "run", small_run(pair(seed=1)[1]))
    assert {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["run"]

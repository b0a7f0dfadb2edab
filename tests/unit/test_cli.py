"""The command line trains, samples and scores, goes on where it was, and refuses in sentences."""

import csv
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import safetensors.numpy
import torch
from PIL import Image

from tests import ROOT
from wganlib import _datasets, _files, cli, data, models, records

FINISHED = {
    "config.json", "critic.safetensors", "generator.safetensors", "history.csv", "provenance.json",
}  # fmt: skip
FORK = multiprocessing.get_context("fork")


def small_schedule():
    """Return numbers with which a step takes a millisecond, and a checkpoint comes every second."""
    config = {"batch_size": 8, "n_critic": 1, "log_every": 1, "checkpoint_every": 2}
    sizes = {"latent_dim": 2, "width": 4}
    return {
        "images": {"minutes": 0.1, "config": config, "networks": sizes},
        "table": {"minutes": 0.1, "config": config, "networks": sizes | {"depth": 1}},
    }


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(cli, "SCHEDULE", small_schedule())


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder that the commands run in, with a table in it."""
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "table.csv")
    return tmp_path


@pytest.fixture
def run(capfd):
    """Run a command; returns its exit code and what it printed on both streams."""

    def call(*words):
        code = cli.main([*map(str, words)])
        out, err = capfd.readouterr()
        return code, out, err

    return call


@pytest.fixture
def refused(run):
    """Run a command that is to end with a sentence; returns the sentence."""

    def call(*words, code=2):
        found, _, err = run(*words)
        assert found == code, err
        assert "Traceback" not in err
        sentence = err.strip().splitlines()[-1]
        assert len(sentence) < 600
        return sentence

    return call


def rows(n=40):
    values = np.random.default_rng(0).normal(size=(n, 2)) @ [[30.0, 1.0], [0.0, 2.0]] + [1e6, -3.0]
    return values.round(3).tolist()


def write_table(path, rows=None, names=("height", "weight")):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *(rows or globals()["rows"]())])


def write_pictures(folder, n=24, size=(8, 8), mode="RGB"):
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for i in range(n):
        shape = (*size, 3) if mode == "RGB" else size
        pixels = rng.integers(0, 256, shape, dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")


def files(folder):
    return {path.name for path in folder.iterdir()}


# --- train, sample, score -------------------------------------------------------------------------


def test_a_table_is_learnt_stored_and_given_back_in_its_own_units(here, run):
    code, out, err = run("train", "table.csv", "--out", "run", "--steps", 30)
    assert code == 0
    assert files(here / "run") == FINISHED | {"samples.csv"}
    assert "done: 30 steps" in out
    assert "step 30 of 30, w1_estimate" in err
    with (here / "run" / "samples.csv").open() as file:
        names, *values = csv.reader(file)
    values = np.array(values, float)
    assert (names, values.shape) == (["height", "weight"], (64, 2))
    # Within ten standard deviations: an untrained network is near the mean of what it learns from.
    spread = np.std(rows(), axis=0)
    assert (np.abs(values.mean(axis=0) - np.mean(rows(), axis=0)) < 10 * spread).all()
    stored = records.load_run(here / "run")
    assert stored.config.n_steps == 30
    assert stored.provenance["data"]["columns"] == ["height", "weight"]


def test_what_is_standardised_comes_back_as_it_was(here):
    split = _datasets.load("table.csv", seed=3)
    back = _datasets.table_of(torch.cat([split.real, split.held_out]), split.about)
    found, wanted = sorted(map(tuple, back)), sorted(map(tuple, rows()))
    spread = np.std(rows(), axis=0)
    assert (np.abs(np.subtract(found, wanted)) < 1e-6 * spread * 3).all()  # float32 and rounding
    assert split.real.mean(dim=0).abs().max() < 1e-6
    assert (split.real.std(dim=0, correction=0) - 1).abs().max() < 1e-6


def test_a_tenth_is_kept_aside_by_the_seed_and_none_of_it_is_trained_on(here):
    def parts(seed):
        split = _datasets.load("table.csv", seed=seed)
        return {tuple(r) for r in split.real.tolist()}, {tuple(r) for r in split.held_out.tolist()}

    def held_out(seed):
        split = _datasets.load("table.csv", seed=seed)
        return sorted(_datasets.table_of(split.held_out, split.about).tolist())

    real, aside = parts(0)
    assert (len(real), len(aside)) == (36, 4)
    assert not real & aside
    assert held_out(0) == held_out(0)
    assert held_out(0) != held_out(1)


def test_a_constant_column_comes_back_exactly(here, run):
    write_table(here / "c.csv", [[a, 0.1] for a, _ in rows()], names=("a", "b"))
    assert run("train", "c.csv", "--out", "run", "--steps", 3)[0] == 0
    with (here / "run" / "samples.csv").open() as file:
        assert {row[1] for row in csv.reader(file)} == {"b", "0.1"}


def test_sample_draws_more_and_other_samples(here, run):
    run("train", "table.csv", "--out", "run", "--steps", 3)
    stored = (here / "run" / "samples.csv").read_text()
    assert run("sample", "run") == (0, f"64 samples: {os.path.join('run', 'samples.csv')}\n", "")
    assert (here / "run" / "samples.csv").read_text() == stored  # the same seed, the same samples
    assert run("sample", "run", "-n", 5, "--seed", 1, "--out", "five.csv")[0] == 0
    lines = (here / "five.csv").read_text().splitlines()
    assert len(lines) == 6
    assert not set(lines[1:]) & set(stored.splitlines())
    assert run("sample", "run", "-n", 7, "--out", "seven.npz")[0] == 0
    with np.load(here / "seven.npz") as arrays:
        assert arrays["samples"].shape == (7, 2)
        assert arrays["columns"].tolist() == ["height", "weight"]


def test_score_says_in_a_line_each_what_the_numbers_mean(here, run):
    run("train", "table.csv", "--out", "run", "--steps", 3)
    code, out, _ = run("score", "run")
    assert code == 0
    first, *lines = out.splitlines()
    assert first.startswith("3 steps on ")
    assert "held out: 10% of the data, 4" in first
    assert [line[:18].strip() for line in lines] == [
        "exact W1", "sampling floor", "shuffled columns", "nearest", "copies",
    ]  # fmt: skip
    assert all(len(line) <= 100 for line in lines)
    assert run("score", "run")[1] == out  # the same numbers each time


def test_samples_of_the_data_themselves_score_as_the_data_do(here, run):
    run("train", "table.csv", "--out", "run", "--steps", 3)
    write_table(here / "other.csv", rows(60))
    code, out, _ = run("score", "run", "other.csv")
    assert code == 0
    assert "compared with other.csv, 60" in out
    assert "copies" not in out  # what the run was trained on is not at hand
    assert run("score", "run", "table.csv")[1] == run("score", "run")[1]


def test_pictures_in_a_folder_are_learnt_in_their_colours(here, run):
    write_pictures(here / "pictures")
    assert run("train", "pictures", "--out", "run", "--steps", 4, "--every", 2)[0] == 0
    assert files(here / "run") == FINISHED | {"samples.png", "film.gif"}
    with Image.open(here / "run" / "samples.png") as picture:
        assert (picture.mode, picture.size) == ("RGB", (82, 82))  # 8 of 8 pixels, 9 borders of 2
    with Image.open(here / "run" / "film.gif") as film:
        assert film.n_frames == 2
    code, out, _ = run("score", "run")
    assert code == 0
    assert "pixels from -1 to 1" in out


def test_pictures_of_mixed_sizes_need_a_size_and_may_be_made_grey(here, run, refused):
    write_pictures(here / "mixed" / "a", 12)
    write_pictures(here / "mixed" / "b", 12, size=(10, 14), mode="L")
    assert "size= is --size here" in refused("train", "mixed", "--out", "run", "--steps", 2)
    assert not (here / "run").exists()
    options = "--size", "8x12", "--channels", 1, "--steps", 2
    assert run("train", "mixed", "--out", "run", *options)[0] == 0
    generator = records.load_run(here / "run").generator
    assert generator(generator.sample_latent(1)).shape == (1, 1, 8, 12)
    assert run("score", "run")[0] == 0


@pytest.mark.parametrize("shape", [(30, 8, 12), (30, 8, 12, 3), (30, 3, 8, 12)])
def test_arrays_of_pixels_are_images_wherever_their_channels_stand(here, run, shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    np.savez(here / "images.npz", images=pixels, labels=np.arange(30) % 3)
    split = _datasets.load("images.npz")
    assert split.real.pixels.shape[1:] == (3 if len(shape) == 4 else 1, 8, 12)
    assert len(split.real.labels) == 27
    assert run("train", "images.npz", "--out", "run", "--steps", 2)[0] == 0


def test_samples_of_images_go_into_a_picture_a_folder_or_arrays(here, run):
    write_pictures(here / "pictures")
    run("train", "pictures", "--out", "run", "--steps", 2)
    for out in ("grid.png", "each", "arrays.npz"):
        assert run("sample", "run", "-n", 3, "--out", out)[0] == 0
    assert len(files(here / "each")) == 3
    with np.load(here / "arrays.npz") as arrays:
        assert (arrays["images"].shape, arrays["images"].dtype) == ((3, 8, 8, 3), np.uint8)
    with Image.open(sorted((here / "each").iterdir())[2]) as picture:
        assert np.array_equal(np.asarray(picture), np.load(here / "arrays.npz")["images"][2])
    assert run("train", "arrays.npz", "--out", "again")[0] == 2  # three are too few


def test_floats_in_an_npz_are_a_table(here, run):
    np.savez(here / "x.npz", np.array(rows()))
    assert run("train", "x.npz", "--out", "run", "--steps", 2)[0] == 0
    assert (here / "run" / "samples.csv").read_text().startswith("column 1,column 2\n")


def test_a_run_from_elsewhere_can_be_sampled_and_scored(here, run, refused):
    parts = {"config": records.TrainConfig(), "history": records.History()}
    pair = {"generator": models.MLPGenerator(), "critic": models.MLPCritic()}
    records.save_run("own", records.Run(**pair, **parts))
    assert run("sample", "own", "--out", "own.csv")[0] == 0
    assert (here / "own.csv").read_text().startswith("column 1,column 2\n")
    assert "give DATA" in refused("score", "own")
    assert run("score", "own", "table.csv")[0] == 0


def test_quiet_says_nothing(here, run):
    assert run("train", "table.csv", "--out", "run", "--steps", 3, "--quiet") == (0, "", "")


def test_minutes_decide_how_many_steps_there_are(here, run, monkeypatch):
    monkeypatch.setattr("wganlib._commands.seconds_per_step", lambda *_: 0.1)
    assert run("train", "table.csv", "--out", "run", "--minutes", 0.1)[0] == 0
    steps = records.load_run(here / "run").config.n_steps
    assert 40 <= steps <= 54  # nine tenths of 6 s, less what reading took


def test_a_step_is_measured_to_take_as_long_as_it_takes(here, monkeypatch):
    from wganlib import _commands

    monkeypatch.setattr(_commands, "PROBE", 0.2)
    config = records.TrainConfig(batch_size=8)
    real, networks = torch.randn(40, 2), {
        "generator": {"class": "MLPGenerator"}, "critic": {"class": "MLPCritic"},
    }  # fmt: skip
    found = _commands.seconds_per_step(networks, real, config, torch.device("cpu"))
    assert 1e-4 < found < 1  # a millisecond or ten on any machine


def test_the_same_seed_gives_the_same_run(here, run):
    for name in "ab":
        run("train", "table.csv", "--out", name, "--steps", 5, "--seed", 4)
    a, b = ((here / name / "generator.safetensors").read_bytes() for name in "ab")
    assert a == b


# --- help -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [(), ("train",), ("sample",), ("score",)])
def test_help_is_printed_and_is_no_mistake(run, command):
    code, out, err = run(*command, "--help")
    assert (code, err) == (0, "")
    assert "RUN" in out or "COMMAND" in out
    assert max(map(len, out.splitlines())) <= 100


def test_help_of_train_names_every_kind_of_data(run):
    _, out, _ = run("train", "--help")
    assert all(word in out for word in (*_datasets.NAMED, "folder", ".npz", ".csv", "Ctrl-C"))


def test_the_schedule_holds_numbers_of_runs_and_networks():
    source = (ROOT / "wganlib" / "cli.py").read_text()
    assert source.index("SCHEDULE = {") < source.index("\ndef ")
    for kind, names in (("images", ("Conv",)), ("table", ("MLP",))):
        entry = eval(re.search(r"SCHEDULE = (\{.*?^\})", source, re.DOTALL | re.MULTILINE)[1])[kind]
        records.TrainConfig(**entry["config"])
        getattr(models, f"{names[0]}Generator")(**entry["networks"])


def test_help_is_quick_because_nothing_is_imported_for_it():
    code = "import sys, wganlib.cli; wganlib.cli.main(['--help']); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


# --- wrong use ------------------------------------------------------------------------------------

TO = "--out", "run"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train", "mnits", *TO), "'mnits' is neither .* was 'mnist' meant"),
        (("train", "nowhere/x.csv", *TO), "'nowhere/x.csv' is neither .* give mnist"),
        (("train", "empty", *TO), "no pictures in empty"),
        (("train", "texts", *TO), r"no pictures in texts \(1 × .txt\)"),
        (("train", "notes.md", *TO), "notes.md is of no kind that is known here: give mnist"),
        (("train", "one.csv", *TO), "one.csv has one column, 'a': a table needs two or more"),
        (("train", "few.csv", *TO), "few.csv holds 3 rows: give at least 20"),
        (("train", "names.csv", *TO), "names.csv holds 0 rows"),
        (("train", "blank.csv", *TO), "blank.csv holds no rows"),
        (("train", "word.csv", *TO), "line 5, column 'weight': 'heavy' is text.*leave out the col"),
        (("train", "gap.csv", *TO), "line 7, column 'height': the value is missing.*leave out"),
        (("train", "na.csv", *TO), r"line 7, column 'height': the value is missing \(N/A\)"),
        (("train", "inf.csv", *TO), "line 7, column 'height': inf is not finite"),
        (("train", "comma.csv", *TO), "line 2, column 'a': '1,5' has a comma"),
        (("train", "ragged.csv", *TO), "line 4: 3 values for 2 columns"),
        (("train", "twice.csv", *TO), "two columns 'a'"),
        (("train", "latin.csv", *TO), "latin.csv is no table as text .*UTF-8"),
        (("train", "binary.csv", *TO), "binary.csv is no table as text"),
        (("train", "large.csv", *TO), r"column 'height' reaches 1e\+200: divide"),
        (("train", "nothing.npz", *TO), "nothing.npz holds no array of numbers .*numpy.savez"),
        (("train", "words.npz", *TO), r"words.npz holds no array of numbers \(a \(<U"),
        (("train", "objects.npz", *TO), "objects.npz cannot be read .*numpy.savez"),
        (("train", "damaged.npz", *TO), "damaged.npz cannot be read .*numpy.savez"),
        (("train", "two.npz", *TO), r"two.npz holds a \(30, 2\), b \(30, 2\): name the one"),
        (("train", "thin.npz", *TO), "thin.npz has one column"),
        (("train", "nan.npz", *TO), "nan.npz, row 3, column 1: nan is not finite"),
        (("train", "floats.npz", *TO), r"floats.npz holds float64 .* \(255 \* x\)"),
        (("train", "odd.npz", *TO), "odd.npz holds images of 9x9 pixels.*--size 8"),
        (("train", "table.csv", "--out", "table.csv"), "--out table.csv is a file"),
        (("train", "table.csv", "--out", "texts"), r"--out texts holds other files \(a.txt\)"),
        (("train", "table.csv", *TO, "--size", "8"), "--size is for images, and table.csv is a"),
        (("train", "table.csv", *TO, "--every", "8"), "--every is for images"),
        (("train", "table.csv", *TO, "--device", "gpu7"), "--device gpu7 cannot be used here"),
        (("train", "table.csv"), "required: --out"),
        (("train", "table.csv", *TO, "--minutes", "0"), "--minutes: '0' must be .* above 0"),
        (("train", "table.csv", *TO, "--minutes", "nan"), "--minutes: 'nan' must be"),
        (("train", "table.csv", *TO, "--minutes", "long"), "--minutes: 'long' must be"),
        (("train", "table.csv", *TO, "--steps", "0"), "--steps: '0' must be a whole number"),
        (("train", "table.csv", *TO, "--steps", "1.5"), "--steps: '1.5' must be a whole number"),
        (("train", "table.csv", *TO, "--steps", "5", "--minutes", "5"), "not allowed with"),
        (("train", "table.csv", *TO, "--size", "30"), "--size: '30' holds 30; .* such as 32"),
        (("train", "table.csv", *TO, "--size", "axb"), "--size: 'axb' must be"),
        (("train", "table.csv", *TO, "--channels", "2"), "--channels: invalid choice: .*2"),
        (("train", "table.csv", *TO, "--seed", "-1"), "--seed"),
        (("train", "table.csv", *TO, "--step", "5"), "unrecognized arguments: --step"),
        (("draw",), "invalid choice: 'draw'"),
        ((), "required: COMMAND"),
        (("sample", "nowhere"), "no run 'nowhere': give the folder"),
        (("sample", "texts"), "texts holds no run"),
        (("score", "table.csv"), "no run 'table.csv'"),
        (("sample", "run", "-n", "0"), "-n: '0' must be a whole number"),
    ],
)  # fmt: skip
def test_a_mistake_is_answered_by_a_sentence_and_touches_nothing(here, refused, words, said):
    make_mistakes(here)
    before = snapshot(here)
    assert re.search(said, refused(*words))
    assert snapshot(here) == before


def make_mistakes(here):
    """Write data that cannot be learnt from, one mistake each."""
    (here / "empty").mkdir()
    (here / "texts").mkdir()
    (here / "texts" / "a.txt").write_text("a")
    (here / "notes.md").write_text("# notes")
    many = [[f"{a}", f"{b}"] for a, b in rows()]

    def table(name, line=None, cell=None, value=None):
        changed = [list(row) for row in many]
        if line is not None:
            changed[line - 2][cell] = value
        write_table(here / name, changed)

    table("word.csv", 5, 1, "heavy")
    table("gap.csv", 7, 0, "")
    table("na.csv", 7, 0, "N/A")
    table("inf.csv", 7, 0, "inf")
    table("large.csv", 7, 0, "1e200")
    write_table(here / "one.csv", [[a] for a, _ in many], names=("a",))
    write_table(here / "few.csv", many[:3])
    (here / "names.csv").write_text("a,b\n")
    (here / "blank.csv").write_text("\n \n")
    (here / "comma.csv").write_text("a;b\n" + "1,5;2\n" * 30)
    (here / "ragged.csv").write_text("a,b\n1,2\n1,2\n1,2,3\n" + "1,2\n" * 30)
    (here / "twice.csv").write_text("a,a\n" + "1,2\n" * 30)
    (here / "latin.csv").write_bytes("größe,b\n1,2\n".encode("latin-1"))
    (here / "binary.csv").write_bytes(b"PK\x03\x04\x00\xff\xfe" * 20)
    np.savez(here / "nothing.npz")
    np.savez(here / "words.npz", a=np.array(["x", "y"]))
    np.savez(here / "objects.npz", a=np.array([{}, []], dtype=object))
    (here / "damaged.npz").write_bytes(b"PK\x03\x04 and no more")
    np.savez(here / "two.npz", a=np.zeros((30, 2)), b=np.zeros((30, 2)))
    np.savez(here / "thin.npz", a=np.zeros((30, 1)))
    holed = np.zeros((30, 2))
    holed[3, 1] = np.nan
    np.savez(here / "nan.npz", a=holed)
    np.savez(here / "floats.npz", a=np.zeros((30, 8, 8)))
    np.savez(here / "odd.npz", a=np.zeros((30, 9, 9), np.uint8))


def snapshot(folder):
    """Return every file below a folder with its content."""
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None
        for p in folder.rglob("*")
    }


TABLES = {
    "semicolons": "a;b\n1;2\n3;5\n",
    "tabs": "a\tb\n1\t2\n3\t5\n",
    "bars": "a|b\n1|2\n3|5\n",
    "a byte-order mark": "\ufeffa,b\n1,2\n3,5\n",
    "lines that end as on Windows": "a,b\r\n1,2\r\n3,5\r\n",
    "blank lines": "\na,b\n\n1,2\n\n3,5\n\n",
    "blanks around values": "a, b\n 1, 2\n3 ,5 \n",
    "quotes": '"a","b"\n"1","2"\n"3",5\n',
    "a separator at every end": "a,b,\n1,2,\n3,5,\n",
    "exponents": "a,b\n1e0,2.0\n+3,0.5e1\n",
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_are_read_as_people_write_them(tmp_path, kind):
    path = tmp_path / "table.csv"
    path.write_bytes(TABLES[kind].encode())
    names, values = _datasets.read_csv(path)
    assert (names, values.tolist()) == (["a", "b"], [[1, 2], [3, 5]])


def test_a_table_without_names_gets_some(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("1,2\n3,5\n")
    names, values = _datasets.read_csv(path)
    assert (names, values.tolist()) == (["column 1", "column 2"], [[1, 2], [3, 5]])


def test_a_gap_in_the_first_row_does_not_make_names_of_it(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("1,,3\n4,5,6\n")
    with pytest.raises(ValueError, match="line 1, column 'column 2': the value is missing"):
        _datasets.read_csv(path)


def test_torchrun_is_for_scripts(here, refused, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    said = refused("train", "table.csv", "--out", "run")
    assert "start it without torchrun" in said
    assert not (here / "run").exists()


def test_what_cannot_be_written_is_named(here, refused, monkeypatch):
    def denied(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.mkdir", denied)
    said = refused("train", "table.csv", "--out", "locked/run", "--steps", 2, code=1)
    assert re.search("--out locked/run cannot be written .Permission denied", said)


def test_a_full_disk_ends_with_a_sentence_and_the_run_goes_on_later(
    here, run, refused, monkeypatch
):
    fsync, calls = os.fsync, iter(range(10**6))

    def full(descriptor):
        if next(calls) >= 6:
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    words = "train", "table.csv", "--out", "run", "--steps", 20
    run("train", "table.csv", "--out", "whole", "--steps", 20)
    monkeypatch.setattr(os, "fsync", full)
    said = refused(*words, code=1)
    assert "python -m wganlib train table.csv --out run --steps 20" in said
    monkeypatch.setattr(os, "fsync", fsync)
    assert files(here / "run") >= {"unfinished.json", "checkpoint.pt"}
    assert not [name for name in files(here / "run") if name.endswith(".part")]
    assert run(*words)[0] == 0
    assert_same_run(here / "run", here / "whole")


def test_debug_shows_where_an_error_comes_from(here):
    with pytest.raises(FileNotFoundError, match="mnits"):
        cli.main(["train", "mnits", "--out", "run", "--debug"])


def test_a_mistake_of_ours_is_no_traceback_either(here, refused, monkeypatch):
    monkeypatch.setattr("wganlib._datasets.load", lambda *_, **__: {}["x"])
    said = refused("train", "table.csv", "--out", "run", code=1)
    assert said == "wganlib: KeyError: 'x' (--debug shows where)"


def test_a_reader_that_has_seen_enough_is_no_error(here, run, capfd, monkeypatch):
    run("train", "table.csv", "--out", "run", "--steps", 2)
    reading, writing = os.pipe()
    os.close(reading)  # as `| head` does after a line
    with open(writing, "w") as pipe, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", pipe)
        assert cli.main(["score", "run"]) == 0
    # That the pipe could be closed, which writes what is left, is part of the test.
    assert capfd.readouterr().err == ""


# --- output that exists ---------------------------------------------------------------------------


def test_nothing_that_exists_is_overwritten_by_samples(here, run, refused):
    run("train", "table.csv", "--out", "run", "--steps", 2)
    said = refused("sample", "run", "--out", "table.csv")
    assert "table.csv exists already" in said
    assert "a .csv or an .npz" in refused("sample", "run", "--out", "x.png")


def test_samples_of_images_do_not_go_into_a_table_or_a_folder_of_others(here, run, refused):
    write_pictures(here / "pictures", 24)
    run("train", "pictures", "--out", "run", "--steps", 2)
    assert "a .png, an .npz or a folder" in refused("sample", "run", "--out", "x.csv")
    assert "nothing else is replaced" in refused("sample", "run", "--out", "pictures")
    said = refused("sample", "run", "-n", 10_001, "--out", "x.png")
    assert "-n 10001 is too many for one picture" in said


def test_more_samples_than_memory_are_refused_before_they_are_drawn(here, run, refused):
    run("train", "table.csv", "--out", "run", "--steps", 2)
    said = refused("sample", "run", "-n", 10**13, "--out", "x.npz")
    assert "give a smaller -n" in said


# --- damage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(FINISHED))
@pytest.mark.parametrize("damage", ["cut", "gone", "nonsense"])
def test_a_damaged_run_is_named(here, run, refused, name, damage):
    run("train", "table.csv", "--out", "run", "--steps", 2)
    path = here / "run" / name
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(b"{nonsense" if damage == "nonsense" else path.read_bytes()[:9])
    code = 2 if (name, damage) == ("provenance.json", "gone") else 1
    for command in ("sample", "score"):
        said = refused(command, "run", code=code)
        assert "run" in said
        assert "holds no run" in said if code == 2 else "is damaged" in said


def test_a_damaged_plan_is_named(here, refused):
    (here / "run").mkdir()
    for content in ("{", "[]", "{}", '{"config": {}, "asked": 3}'):
        (here / "run" / "unfinished.json").write_text(content)
        said = refused("train", "table.csv", "--out", "run", code=1)
        assert "unfinished.json is damaged" in said
        assert "remove run to start again" in said


# --- going on -------------------------------------------------------------------------------------


def assert_same_run(one, other):
    """Compare two finished runs: weights bit for bit, samples and history."""
    assert files(one) == files(other)
    for side in ("generator", "critic"):
        a, b = (safetensors.numpy.load_file(f / f"{side}.safetensors") for f in (one, other))
        assert all(np.array_equal(a[name], b[name]) for name in b)
    for name in ("history.csv", "config.json", "samples.csv"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def test_a_finished_run_is_left_alone(here, run):
    words = "train", "table.csv", "--out", "run", "--steps", 3
    run(*words)
    before = snapshot(here)
    code, out, _ = run(*words)
    assert code == 0
    assert "run is finished already" in out
    assert snapshot(here) == before


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--steps", 9, "--seed", 1), "--seed was 0, is 1"),
        (("--steps", 8), "--steps was 9, is 8"),
        (("--minutes", 1), "--minutes was left out, is 1.0; --steps was 9, is left out"),
    ],
)
@pytest.mark.parametrize("finished", [True, False])
def test_another_command_on_the_same_folder_is_refused_by_what_differs(
    here, run, refused, monkeypatch, more, said, finished
):
    words = "train", "table.csv", "--out", "run"
    interrupted_at(monkeypatch, 100 if finished else 4)
    assert run(*words, "--steps", 9)[0] == (0 if finished else 130)
    before = snapshot(here)
    assert said in refused(*words, *more)
    write_table(here / "other.csv")
    assert "DATA was" in refused("train", "other.csv", "--out", "run", "--steps", 9)
    (here / "other.csv").unlink()
    assert snapshot(here) == before


def ctrl_c():
    raise KeyboardInterrupt


def interrupted_at(monkeypatch, step, interrupt=ctrl_c):
    """Let Ctrl-C come at a step of whatever is trained next."""
    from wganlib import _commands

    class Line(_commands.ProgressLine):
        def __call__(self, now, *networks):
            super().__call__(now, *networks)
            if now == step:
                interrupt()

    monkeypatch.setattr("wganlib._commands.ProgressLine", Line)


def test_ctrl_c_keeps_the_state_and_names_the_command_that_goes_on(here, run, monkeypatch):
    words = "train", "table.csv", "--out", "a folder", "--steps", "20"
    run("train", "table.csv", "--out", "whole", "--steps", "20")
    with monkeypatch.context() as patched:
        interrupted_at(patched, 7)
        code, _, err = run(*words)
    assert code == 130
    assert "python -m wganlib train table.csv --out 'a folder' --steps 20" in err
    assert torch.load(here / "a folder" / "checkpoint.pt", weights_only=True)["step"] == 7
    code, out, _ = run(*words)
    assert code == 0
    assert out.startswith("going on")
    assert_same_run(here / "a folder", here / "whole")


def test_ctrl_c_before_the_first_step_leaves_nothing(here, run, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("wganlib._datasets.load", stop)
    code, _, err = run("train", "table.csv", "--out", "run", "--steps", 2)
    assert (code, err) == (130, "wganlib: stopped; the same command starts again\n")
    assert not (here / "run").exists()


def test_data_that_changed_meanwhile_are_refused(here, run, refused, monkeypatch):
    words = "train", "table.csv", "--out", "run", "--steps", 9
    with monkeypatch.context() as patched:
        interrupted_at(patched, 4)
        run(*words)
    write_table(here / "table.csv", [[a + 1, b] for a, b in rows()])
    assert "has changed since run was begun" in refused(*words)
    write_table(here / "table.csv")
    run(*words)
    write_table(here / "table.csv", rows(30))
    assert "has changed since the run was trained" in refused("score", "run")


def test_an_unfinished_run_is_no_run_yet(here, run, refused, monkeypatch):
    interrupted_at(monkeypatch, 4)
    run("train", "table.csv", "--out", "run", "--steps", 9)
    assert "run is not finished: repeat the command" in refused("sample", "run")


def test_a_second_process_is_refused(here, refused):
    with _files.lock(here / "run" / "lock"):
        said = refused("train", "table.csv", "--out", "run", "--steps", 2, code=1)
    assert "another process trains into run: wait for it, or give another --out" in said


def test_what_the_user_has_put_into_an_unfinished_run_stays(here, run, monkeypatch):
    words = "train", "table.csv", "--out", "run", "--steps", 9
    with monkeypatch.context() as patched:
        interrupted_at(patched, 4)
        run(*words)
    (here / "run" / "notes.txt").write_text("mine")
    assert run(*words)[0] == 0
    assert files(here / "run") == FINISHED | {"samples.csv", "notes.txt"}


def _train_here(folder, words):
    """Train in a process of its own, which may be killed."""
    torch.set_num_threads(1)
    os.chdir(folder)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    cli.SCHEDULE = small_schedule()
    os._exit(cli.main(words))


def test_twenty_kills_at_random_moments_end_in_the_same_run(here, run):
    words = ["train", "table.csv", "--out", "run", "--steps", "60"]
    assert run("train", "table.csv", "--out", "whole", "--steps", "60")[0] == 0
    moments, kills, rounds = random.Random(0), 0, 0
    while kills < 20:
        assert rounds < 60
        process = FORK.Process(target=_train_here, args=(here, words))
        process.start()
        process.join(moments.uniform(0, 0.25))
        kills += process.is_alive()
        process.kill()
        process.join()
        if process.exitcode == 0 and kills < 20:  # it was quicker than its killer
            assert_same_run(here / "run", here / "whole")
            shutil.rmtree(here / "run")
            rounds += 1
    assert run(*words)[0] == 0
    assert_same_run(here / "run", here / "whole")


def _die_at(folder, words, count):
    """Train, and be killed at a replacement of a file."""
    replace, calls = os.replace, iter(range(10**6))

    def dying(*paths):
        if next(calls) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(*paths)

    os.replace = dying
    _train_here(folder, words)


def test_a_kill_at_any_replacement_of_a_file_loses_nothing(here, run):
    words = ["train", "table.csv", "--out", "run", "--steps", "3"]
    assert run("train", "table.csv", "--out", "whole", "--steps", "3")[0] == 0
    count, died = 0, True
    while died:
        shutil.rmtree(here / "run", ignore_errors=True)
        process = FORK.Process(target=_die_at, args=(here, words, count))
        process.start()
        process.join()
        died, count = process.exitcode == -signal.SIGKILL, count + 1
        assert run(*words)[0] == 0
        assert_same_run(here / "run", here / "whole")
    assert count > 10  # a plan, checkpoints, six files of the run, and six that move in


STARTS = {
    signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}  # fmt: skip


@pytest.mark.parametrize("number", STARTS)
def test_who_is_asked_to_end_keeps_what_was_reached(here, run, monkeypatch, number):
    def ask():
        assert signal.getsignal(number) is signal.default_int_handler  # or the tests would end
        signal.raise_signal(number)

    words = ["train", "table.csv", "--out", "run", "--steps", "100000"]
    interrupted_at(monkeypatch, 50, ask)
    before = signal.signal(number, STARTS[number])
    code, _, err = run(*words)
    signal.signal(number, before)
    assert code == 130
    assert f"go on with\n  python -m wganlib {' '.join(words)}" in err
    assert torch.load(here / "run" / "checkpoint.pt", weights_only=True)["step"] == 50


def test_a_command_that_is_asked_to_end_from_outside_keeps_what_was_reached(here):
    words = ["train", "table.csv", "--out", "run", "--steps", "100000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "wganlib", *words],
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert "100,000 steps" in process.stdout.readline()
    assert "step 50" in process.stderr.readline()
    process.terminate()
    _, err = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert f"go on with\n  python -m wganlib {' '.join(words)}" in err
    assert torch.load(here / "run" / "checkpoint.pt", weights_only=True)["step"] >= 50


def test_a_hangup_that_is_ignored_stays_ignored(here, refused, monkeypatch):
    found = []

    def look(*_, **__):
        found.extend(map(signal.getsignal, (signal.SIGTERM, signal.SIGHUP)))
        raise ValueError("looked")

    monkeypatch.setattr("wganlib._datasets.load", look)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert refused("train", "table.csv", "--out", "run") == "wganlib: looked"
    signal.signal(signal.SIGHUP, before)
    assert found == [signal.default_int_handler, signal.SIG_IGN]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


# --- MNIST ----------------------------------------------------------------------------------------


@pytest.fixture
def few_digits(monkeypatch, mnist_test):
    """MNIST with a thousand digits in each split."""

    def digits(split):
        part = slice(0, 1000) if split == "train" else slice(1000, 2000)
        return data.Images(
            pixels=mnist_test.pixels[part], labels=mnist_test.labels[part], source="MNIST"
        )

    monkeypatch.setitem(_datasets.NAMED, "mnist", digits)
    monkeypatch.setattr("wganlib._verdict.mnist.mnist", digits)


def test_digits_are_scored_by_the_classifier(here, run, few_digits, monkeypatch):
    monkeypatch.setattr("wganlib._verdict.N_DIGITS", 300)
    code, out, _ = run("train", "MNIST", "--out", "run", "--steps", 2)
    assert code == 0
    assert "WGAN-GP on mnist, 1,000 samples of 1x28x28, 2 steps" in out
    code, out, _ = run("score", "run")
    assert code == 0
    assert "held out: the official test split, 1,000" in out
    found = {line[:18].strip(): line[18:].split()[0] for line in out.splitlines()[1:]}
    assert list(found) == [
        "Fréchet distance", "real digits", "noise", "digits found", "clear digits", "nearest",
        "copies",
    ]  # fmt: skip
    # Test digits are far nearer to other digits than two steps of training are.
    assert float(found["real digits"]) < 0.1 * float(found["Fréchet distance"])


def test_named_images_can_be_made_larger_and_coloured(few_digits):
    split = _datasets.load("mnist", size=(32, 16), channels=3)
    assert split.real.pixels.shape == (1000, 3, 32, 16)
    assert split.held_out.shape == (1000, 3, 32, 16)


def test_provenance_says_what_a_reader_needs(here, run):
    run("train", "table.csv", "--out", "run", "--steps", 2, "--seed", 5)
    about = json.loads((here / "run" / "provenance.json").read_text())
    assert about["data"]["given"] == str(here / "table.csv")
    assert (about["data"]["seed"], about["data"]["share_held_out"]) == (5, 0.1)
    assert about["asked"]["steps"] == 2
    assert set(about["versions"]) == {"numpy", "torch", "torchvision"}

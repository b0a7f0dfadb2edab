"""What is stored in book/runs is whole, small, harmless and says where it comes from."""

import json

import numpy as np
import pytest

from tests import ROOT
from wganlib.runs import catalogue, tables

RUNS = ROOT / "book" / "runs"
KNOWN = catalogue.experiments()
TABLES = sorted(
    str(path.relative_to(RUNS)) for path in RUNS.glob("[!.]*/*.csv") if path.stem != "history"
)


def test_every_folder_of_results_is_an_experiment_s():
    folders = {path.name for path in RUNS.iterdir() if path.is_dir() and path.name[0] not in "._"}
    assert folders == KNOWN.keys()
    assert not [path for path in RUNS.iterdir() if path.is_file()]


@pytest.mark.parametrize("name", KNOWN)
def test_a_stored_folder_is_whole_and_has_its_command(name):
    assert KNOWN[name].missing_files(RUNS / name) == []
    about = json.loads((RUNS / name / "provenance.json").read_text())
    assert about["command"] == f"python -m wganlib.runs {name}"
    assert (about["seed"], about["data"]) == (KNOWN[name].seed, KNOWN[name].data)
    assert {"sessions", "versions", "device", "wall_seconds"} <= set(about)


@pytest.mark.parametrize("path", TABLES)
def test_a_stored_table_is_read_and_written_as_it_is(path, tmp_path):
    rows = tables.read_rows(RUNS / path)
    if path.startswith("ch06"):  # keeps four decimals instead of six digits
        rows = [{name: str(value) for name, value in row.items()} for row in rows]
    tables.write_table(tmp_path / "again.csv", rows)
    assert (tmp_path / "again.csv").read_bytes() == (RUNS / path).read_bytes()


def test_a_table_with_one_row_is_read_as_a_column(tmp_path):
    tables.write_table(tmp_path / "one.csv", [{"name": "a # b", "value": 1 / 3}])
    table = tables.read_table(tmp_path / "one.csv")
    assert table["name"].tolist() == ["a # b"]
    np.testing.assert_allclose(table["value"], 0.333333, atol=1e-12)


def test_rows_are_chosen_by_all_values_that_are_named():
    table = np.array([(1, 2), (1, 3), (2, 3)], dtype=[("a", int), ("b", int)])
    assert tables.chosen(table, a=1, b=3).tolist() == [(1, 3)]
    assert tables.chosen(table, b=3).tolist() == [(1, 3), (2, 3)]


def test_the_stored_results_stay_small():
    files = [p for p in RUNS.glob("[!.]*/*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) < 22e6


def test_no_weights_need_unpickling():
    assert not [p for p in RUNS.rglob("*") if p.suffix in (".pt", ".pth", ".pkl", ".npy")]

"""Runs are made in order, whole or not at all, by one process at a time, and end with their parent.

The experiments here are tiny ones of their own, in a module that a worker can import.
"""

import contextlib
import gc
import graphlib
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests import ROOT
from tests.runs import tiny
from wganlib.runs import __main__ as runs_command
from wganlib.runs import catalogue, runner
from wganlib.runs.provenance import Log

FORK = multiprocessing.get_context("fork")


def make_all(tmp_path, experiments, jobs=1):
    known = {experiment.name: experiment for experiment in experiments}
    folders = {name: tmp_path / name for name in known}
    return {outcome.name: outcome for outcome in runner.make_all(known, folders, jobs=jobs)}


PATIENCE = 600  # seconds until something counts as hanging; a busy machine may need many


def wait_for(condition):
    """Wait until something is true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def is_alive(process):
    """Whether a process exists and has not merely left its exit status behind."""
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf8")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


# ---- Order ---------------------------------------------------------------------------------------


def test_an_experiment_is_made_after_those_that_it_needs(tmp_path):
    made = make_all(tmp_path, [tiny.named("c", after=("b",)), tiny.named("b", after=("a",)),
                               tiny.named("a")])  # fmt: skip
    assert list(made) == ["a", "b", "c"]
    assert all(outcome.stored for outcome in made.values())


def test_a_circle_of_needs_is_refused(tmp_path):
    circle = [tiny.named("a", after=("b",)), tiny.named("b", after=("a",))]
    with pytest.raises(graphlib.CycleError):
        make_all(tmp_path, circle)


def test_what_needs_a_failed_one_is_not_made_and_the_others_are(tmp_path):
    made = make_all(tmp_path, [tiny.named("a", fill=tiny.fail), tiny.named("b", after=("a",)),
                               tiny.named("c")])  # fmt: skip
    assert {name: outcome.stored for name, outcome in made.items()} == {
        "a": False, "b": False, "c": True,
    }  # fmt: skip
    assert "ZeroDivisionError" in made["a"].line
    assert made["b"].line == "b: not made, it needs a"


def test_a_subset_brings_what_it_needs_and_what_is_not_stored():
    known = {e.name: e for e in (tiny.named("a"), tiny.named("b", after=("a",)),
                                 tiny.named("c", after=("b",)))}  # fmt: skip
    assert catalogue.with_needs(["c"], known, stored=set()) == ["c", "b", "a"]
    assert catalogue.with_needs(["c"], known, stored={"b"}) == ["c"]


def test_the_book_s_experiments_can_be_sorted_and_need_only_known_ones():
    known = catalogue.experiments()
    sorter = graphlib.TopologicalSorter({name: e.after for name, e in known.items()})
    order = list(sorter.static_order())
    assert set(order) == known.keys()
    assert order.index("digit-classifier") < order.index("compare-wgan-0")
    assert order.index("compare-wgan-0") < order.index("ch10-scores")


# ---- Whole or not at all -------------------------------------------------------------------------


def test_a_finished_folder_holds_what_was_promised_and_nothing_else(tmp_path):
    made = runner.make(tiny.named("a"), tmp_path / "a")
    assert made.stored
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"result", "provenance.json"}
    about = json.loads((tmp_path / "a" / "provenance.json").read_text())
    assert about["command"] == "python -m wganlib.runs a"
    assert about["extra"] == "said by fill"


def test_a_finished_folder_is_left_alone(tmp_path):
    runner.make(tiny.named("a"), tmp_path / "a")
    (tmp_path / "a" / "result").write_text("mine")
    again = runner.make(tiny.named("a"), tmp_path / "a")
    assert again.stored
    assert "is stored already" in again.line
    assert (tmp_path / "a" / "result").read_text() == "mine"


@pytest.mark.parametrize("lost", ["result", "provenance.json"])
def test_a_folder_that_lacks_a_file_is_not_finished_and_is_made_again(tmp_path, lost):
    folder = tmp_path / "a"
    runner.make(tiny.named("a"), folder)
    (folder / lost).unlink()
    assert tiny.named("a").missing_files(folder) == [lost]
    assert runner.make(tiny.named("a"), folder).line.startswith("a: made in")
    assert tiny.named("a").missing_files(folder) == []


def test_an_experiment_that_forgets_a_file_is_not_finished(tmp_path):
    forgetful = replace(tiny.named("a"), files=("result", "weights"))
    with pytest.raises(FileNotFoundError, match="did not write weights"):
        runner.make(forgetful, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_a_trained_run_without_weights_is_not_finished():
    for name, experiment in catalogue.experiments().items():
        if name.startswith(("mnist", "compare")):
            assert {"generator.safetensors", "critic.safetensors"} <= set(experiment.files)


def test_a_run_that_was_cut_off_goes_on_with_what_it_has(tmp_path):
    with pytest.raises(ZeroDivisionError):
        runner.make(tiny.named("a", fill=tiny.fail_once), tmp_path / "a")
    assert not (tmp_path / "a").exists()
    assert runner.make(tiny.named("a", fill=tiny.fail_once), tmp_path / "a").stored
    assert (tmp_path / "a" / "result").read_text() == "second start"
    about = json.loads((tmp_path / "a" / "provenance.json").read_text())
    assert len(about["sessions"]) == 2


def test_a_truncated_file_of_sessions_is_named_with_its_cure(tmp_path):
    path = tmp_path / "sessions.json"
    log = Log(path)
    log.save()
    path.write_text(path.read_text()[:-5])
    with pytest.raises(ValueError, match=r"sessions\.json is damaged .*: remove the file to go on"):
        Log(path)


def _make_and_die(calls, folder):
    """Make a run, and be killed after so many replacements and removals of its folders."""
    gc.disable()  # what others left in the parent is not this process's to collect
    left = iter(range(calls))

    def counted(call):
        def then_call(*arguments, **options):
            if folder.parent in Path(arguments[0]).parents and next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        return then_call

    os.replace, shutil.rmtree = counted(os.replace), counted(shutil.rmtree)
    runner.make(tiny.named("a", fill=tiny.write_new), folder)


@pytest.mark.parametrize("old", ["nothing", "a folder that lacks its provenance"])
def test_a_kill_at_any_moment_of_the_swap_leaves_the_old_or_the_new(tmp_path, old):
    tiny_one, codes = tiny.named("a", fill=tiny.write_new), []
    folders = [tmp_path / str(calls) / "a" for calls in range(12)]
    for calls, folder in enumerate(folders):
        folder.parent.mkdir()
        if old != "nothing":
            folder.mkdir()
            (folder / "result").write_text("old")
        process = FORK.Process(target=_make_and_die, args=(calls, folder))
        process.start()
        process.join()
        codes.append(process.exitcode)
    moments = codes.count(-signal.SIGKILL)
    assert codes == [-signal.SIGKILL] * moments + [0] * (12 - moments)
    assert moments > 3
    for folder in folders:
        if not tiny_one.missing_files(folder):
            assert (folder / "result").read_text() == "new"
        elif old != "nothing":
            aside = folder if folder.exists() else next(folder.parent.glob(".a.*.old"))
            assert (aside / "result").read_text() == "old"
        assert runner.make(tiny_one, folder).stored
        assert (folder / "result").read_text() == "new"
        assert [path.name for path in folder.parent.iterdir()] == ["a"]


# ---- One process at a time, and none that nobody waits for ---------------------------------------

SLEEPER = """
import sys
from pathlib import Path
from tests.runs import tiny
from wganlib.runs import runner

if __name__ == "__main__":
    slow = tiny.named("slow", fill=tiny.sleep)
    for outcome in runner.make_all({"slow": slow}, {"slow": Path(sys.argv[1])}):
        print(outcome.line)
"""


@contextlib.contextmanager
def resting(process):
    """Let a process that would only compute meanwhile stand still."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def heed_ctrl_c():
    """Undo what a shell does to children in the background, which would not heed Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def sleeper(tmp_path):
    """A process whose worker is in the middle of a run; gives both and the run's folder."""
    script = tmp_path / "script.py"
    script.write_text(SLEEPER)
    folder = tmp_path / "slow"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen(
        [sys.executable, script, folder], env=environment, cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=heed_ctrl_c,
    )  # fmt: skip
    asleep = runner.working_folder(folder) / "results" / "asleep"
    wait_for(lambda: parent.poll() is not None or (asleep.is_file() and asleep.read_text()))
    worker = int(asleep.read_text())
    yield parent, worker, folder
    parent.kill()
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker, signal.SIGKILL)  # it would keep the parent's pipes open
    parent.communicate()


def test_a_second_process_says_who_is_at_work_and_a_killed_parent_leaves_no_worker(sleeper):
    parent, worker, folder = sleeper
    second = runner.make(tiny.named("slow"), folder)
    assert not second.stored
    assert second.line == f"slow: is being made by process {worker}, left alone"
    assert not folder.exists()
    assert is_alive(worker)
    parent.kill()
    parent.wait()
    wait_for(lambda: not is_alive(worker))


def test_of_two_commands_one_works_and_ctrl_c_ends_its_worker_and_keeps_what_there_is(tmp_path):
    command = [sys.executable, "-m", "wganlib.runs", "ch13-ring", "--into", str(tmp_path)]
    unfinished = tmp_path / ".ch13-ring.unfinished"
    first = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        text=True, preexec_fn=heed_ctrl_c,
    )  # fmt: skip
    try:
        wait_for(lambda: (unfinished / "holder").is_file() and (unfinished / "results").is_dir())
        worker = int((unfinished / "holder").read_text())
        with resting(worker):
            second = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
            )
        assert second.returncode == 1
        assert second.stdout.startswith(f"ch13-ring: is being made by process {worker}")
        assert is_alive(worker)
        (unfinished / "results" / "kept").touch()
        os.killpg(first.pid, signal.SIGINT)  # as a terminal does
        _, said = first.communicate(timeout=PATIENCE)
        assert first.returncode == 130
        assert said.splitlines()[-1] == "stopped; the same command goes on where it was"
        assert "Traceback" not in said
        assert not is_alive(worker)
        assert (unfinished / "results" / "kept").is_file()
    finally:
        first.kill()
        first.communicate()


def test_the_command_names_what_there_is(monkeypatch, capsys):
    def command(word):
        monkeypatch.setattr(sys, "argv", ["wganlib.runs", word])
        return runs_command.main(), capsys.readouterr()

    code, unknown = command("nonsense")
    assert code == 2
    assert "no run 'nonsense'; there are digit-classifier, " in unknown.err
    code, listed = command("--list")
    assert code == 0
    assert [line.split()[0] for line in listed.out.splitlines()] == [*catalogue.experiments()]
    assert "to be made" not in listed.out

"""Files and folders are the old ones or the new ones, whatever happens in between."""

import multiprocessing
import os
import shutil
import signal
import time

import pytest

from wganlib import _files as files

FORK = multiprocessing.get_context("fork")


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "state"
    files.atomic_write(path, b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.atomic_write(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["state"]


def _write_often(path, letter):
    for _ in range(200):
        files.atomic_write(path, letter * 20_000)


def test_writers_that_meet_leave_one_whole_file(tmp_path):
    path = tmp_path / "state"
    files.atomic_write(path, b"0" * 20_000)
    writers = [FORK.Process(target=_write_often, args=(path, letter)) for letter in (b"a", b"b")]
    for writer in writers:
        writer.start()
    torn = set()
    while any(writer.is_alive() for writer in writers):
        data = path.read_bytes()
        torn |= {data} if len(data) != 20_000 or len(set(data)) > 1 else set()
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert not torn
    assert [p.name for p in tmp_path.iterdir()] == ["state"]


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "run"
    with files.swapped_folder(folder) as new:
        (new / "a").write_text("first")
        assert not folder.exists()
    with pytest.raises(FileNotFoundError), files.swapped_folder(folder) as new:
        (new / "a" / "b").write_text("second")  # there is no folder of this name
    assert (folder / "a").read_text() == "first"
    with files.swapped_folder(folder) as new:
        (new / "b").write_text("third")
    assert [p.name for p in folder.iterdir()] == ["b"]
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def _swap_and_die(folder, after):
    rename, count = os.replace, iter(range(10))

    def dying(*paths):
        rename(*paths)
        if next(count) == after:
            os.kill(os.getpid(), signal.SIGKILL)

    os.replace = dying
    with files.swapped_folder(folder) as new:
        (new / "state").write_text("new")


@pytest.mark.parametrize(("after", "left"), [(0, "old"), (1, "new")])
def test_a_kill_within_the_swap_leaves_the_old_folder_or_the_new_one(tmp_path, after, left):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "state").write_text("old")
    process = FORK.Process(target=_swap_and_die, args=(folder, after))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    files.recover(folder)
    assert (folder / "state").read_text() == left
    with files.swapped_folder(folder) as new:
        (new / "state").write_text("last")
    assert (folder / "state").read_text() == "last"


def test_a_new_folder_that_cannot_move_in_leaves_the_old_one_in_its_place(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "state").write_text("old")
    with pytest.raises(FileNotFoundError):
        files.put_in_place(tmp_path / "nothing", folder)
    assert (folder / "state").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_what_a_killed_writer_left_is_removed_when_it_is_nobody_s_any_more(tmp_path):
    folder, now = tmp_path / "run", time.time_ns()
    hour = files.STALE * 10**9
    names = [".run.old", f".run.0123456789ab.{now - 2 * hour}.old"]  # an earlier version's, too
    kept = [f".run.0123456789ac.{now}.old", f".run.2.0123456789ab.{now - 2 * hour}.old"]
    for name in (*names, *kept):
        (tmp_path / name).mkdir()
    with files.swapped_folder(folder):
        pass
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*kept, "run"])


def test_of_several_old_folders_the_last_is_read(tmp_path):
    now = time.time_ns()
    for age in (3, 1, 2):
        old = tmp_path / f".run.0123456789a{4 - age}.{now - age * 10**9}.old"
        old.mkdir()
        (old / "state").write_text(str(age))
    (tmp_path / f".run.0123456789ad.{now}.old").mkdir()  # half removed already
    assert files.read_files(tmp_path / "run", ["state"]) == {"state": b"1"}
    assert files.read_files(tmp_path / "no-run", ["state"]) == {}
    files.recover(tmp_path / "run")
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def _hold(path, ready):
    with files.lock(path):
        ready.set()
        signal.pause()


def test_a_lock_is_held_by_one_process_and_ends_with_it(tmp_path):
    path, ready = tmp_path / "lock", FORK.Event()
    holder = FORK.Process(target=_hold, args=(path, ready))
    holder.start()
    assert ready.wait(30)
    with pytest.raises(BlockingIOError, match="another process"), files.lock(path):
        pass
    holder.kill()
    holder.join()
    with files.lock(path):
        pass


def test_a_copy_that_is_put_in_place_twice_is_told_apart(tmp_path):
    """A folder may get the number of one that was removed: its time is then all that differs."""
    source, folder, times = tmp_path / "source", tmp_path / "place" / "run", []
    source.mkdir()
    for _ in range(2):
        with files.swapped_folder(folder) as aside:
            shutil.copytree(source, aside, dirs_exist_ok=True)  # with the time of its source
        times.append(folder.stat().st_mtime_ns)
    assert len({source.stat().st_mtime_ns, *times}) == 3

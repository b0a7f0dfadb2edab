"""Chapter 16's steps begin as they are stored; what is called in forked processes answers."""

import os
import signal

import numpy as np
import pytest
import torch.distributed as dist

from wganlib.runs import ch16_step, ch16_terms, several, tables, wrappers

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes of this kind here")
ROUNDING = 1e-12


@pytest.mark.parametrize("name", [name for name in ch16_step.WAYS if name != "compiled"])
def test_the_first_losses_come_out_again(mnist_train, name):
    stored = tables.chosen(tables.stored("ch16-step", "early"), way=name)["loss"]
    again = [row["loss"] for row in ch16_step.early(name)]
    # A processor without bfloat16 adds up in another order; a loss is around 10 here.
    within = 0.1 if name == "bfloat16" else 1e-3
    assert again[:2] == pytest.approx(stored[:2], abs=within)


def test_every_way_was_timed_in_every_round_and_scored_from_every_seed():
    times, runs = tables.stored("ch16-step", "times"), tables.stored("ch16-step")
    assert times["way"].tolist() == [*ch16_step.WAYS] * ch16_step.ROUNDS
    pairs = [(way, seed) for way in ch16_step.WAYS for seed in ch16_step.SEEDS]
    assert [*zip(runs["way"], runs["seed"], strict=True)] == pairs


def test_every_size_was_timed_in_every_round():
    steps, sums = tables.stored("ch16-terms", "steps"), tables.stored("ch16-terms", "sums")
    assert steps["batch"].tolist() == [*ch16_terms.BATCHES] * ch16_terms.ROUNDS
    assert sums["numbers"].tolist() == [*ch16_terms.NUMBERS] * ch16_terms.ROUNDS


@forks
def test_forked_processes_are_joined_and_answer_by_rank():
    def who(offset):
        return offset + dist.get_rank(), dist.get_world_size()

    assert several.on_several(3, who, 10) == [(10, 3), (11, 3), (12, 3)]


@forks
def test_what_a_forked_process_raises_is_told():
    def broken():
        raise ValueError("no")

    assert several.on_several(2, broken) == ["ValueError: no"] * 2


@forks
def test_a_forked_process_that_dies_is_no_wait_without_end():
    def deadly():
        if dist.get_rank() == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(RuntimeError, match="a forked process died, exit code -9"):
        several.on_several(2, deadly)


@forks
@pytest.mark.parametrize("failures", [2, 3])
def test_processes_that_cannot_meet_try_again_twice(monkeypatch, failures):
    meet, tried = dist.init_process_group, []

    def unlucky(*args, **options):
        tried.append(options["rank"])
        if len(tried) <= failures:
            raise RuntimeError("Connection closed by peer")
        meet(*args, **options)

    monkeypatch.setattr(dist, "init_process_group", unlucky)
    if failures == several.MEETINGS:
        with pytest.raises(RuntimeError, match="the 2 processes could not meet: Connection closed"):
            several.on_several(2, os.getpid)
    else:
        assert len(set(several.on_several(2, os.getpid))) == 2


@forks
def test_where_one_alone_could_not_meet_nothing_is_called_before_all_try_again(
    monkeypatch, tmp_path
):
    meet, tried, called, first = dist.init_process_group, [], [], tmp_path / "first"
    first.touch()

    def unlucky(*args, **options):
        tried.append(options["rank"])
        meet(*args, **options)
        if options["rank"] == 1 and first.exists():
            first.unlink()
            raise RuntimeError("Connection closed by peer")

    monkeypatch.setattr(dist, "init_process_group", unlucky)
    assert several.on_several(2, lambda: called.append(1) or len(called)) == [1, 1]
    assert tried == [0, 0]


@forks
@pytest.mark.parametrize("name", wrappers.CRITICS)
def test_each_way_gives_both_processes_one_gradient_or_an_error(name):
    (steps, whole), (others, _) = several.on_several(2, wrappers.tried, name)
    apart = name == "DDP; in turns" or name.startswith("DDP; two backwards")
    for one, other in zip(steps, others, strict=True):
        if isinstance(one, str):
            assert one == other
        else:
            assert one.shape == whole.shape
            assert np.allclose(one, other, rtol=0, atol=ROUNDING) != apart

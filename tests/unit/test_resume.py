"""A run that was stopped, killed or interrupted goes on, and ends as one that never was."""

import copy
import dataclasses
import functools
import gc
import multiprocessing
import os
import random
import signal

import pytest
import torch
from torch import nn
from tqdm import tqdm
from tqdm.std import TqdmDefaultWriteLock

from tests.unit.small import SMALL, STOCK, cloud, pair, trained, weights
from wganlib import losses, models, training
from wganlib.lipschitz import clip_weights_, gradient_penalty
from wganlib.training import train

FORK = multiprocessing.get_context("fork")
OPTIMIZERS = {"adam": training.adam, "rmsprop": training.rmsprop}
SHORT = dataclasses.replace(
    SMALL, n_steps=30, batch_size=4, n_critic=1, log_every=1, checkpoint_every=1
)
KILLED = dataclasses.replace(SHORT, n_steps=12)


def result(name, optimizer, *, averaged, config=SHORT, **options):
    """Train a stock pair; returns every tensor that it ends with, and its history."""
    make, data = STOCK[name]
    generator, critic = make()
    average = copy.deepcopy(generator) if averaged else None
    bound = {"penalty": gradient_penalty}
    if name == "batch norm in both":
        bound = {"project": clip_weights_}
    history = train(
        generator, critic, data(), config, **bound, optimizer=OPTIMIZERS[optimizer],
        average=average, progress=False, **options,
    )  # fmt: skip
    networks = [network for network in (generator, critic, average) if network is not None]
    return [t.clone() for net in networks for t in net.state_dict().values()], history


def assert_same(one, other):
    for tensor, wanted in zip(one[0], other[0], strict=True):
        assert torch.equal(tensor, wanted)
    assert one[1] == other[1]


every_pair = pytest.mark.parametrize("name", STOCK)
every_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS)
with_and_without_average = pytest.mark.parametrize("averaged", [True, False])


@every_pair
@every_optimizer
@with_and_without_average
def test_a_stopped_run_ends_bit_for_bit_as_one_that_was_not(tmp_path, name, optimizer, averaged):
    config = dataclasses.replace(SHORT, n_steps=6)
    whole = result(name, optimizer, averaged=averaged, config=config)
    for until in (2, 5, 6):
        last = result(
            name, optimizer, averaged=averaged, config=config, until=until,
            checkpoint=tmp_path / "checkpoint",
        )  # fmt: skip
    assert_same(last, whole)


def _worker(path, *combination):
    gc.disable()  # what others left in the parent is not this process's to collect
    name, optimizer, averaged = combination
    ended = result(name, optimizer, averaged=averaged, config=KILLED, checkpoint=path)
    torch.save([ended[0], dataclasses.asdict(ended[1])], f"{path}.part")
    os.replace(f"{path}.part", f"{path}.end")  # a kill may come here too


def _went_on(process, path):
    """Wait until a process has written a checkpoint; says whether it is still at work."""
    before = path.stat().st_mtime_ns if path.exists() else None
    while process.is_alive():
        if path.exists() and path.stat().st_mtime_ns != before:
            return True
        process.join(0.002)
    return False


@pytest.mark.parametrize("name", [name for name in STOCK if name != "spectral norm"])
@every_optimizer
@with_and_without_average
def test_kills_at_random_moments_change_nothing(tmp_path, name, optimizer, averaged):
    torch.set_num_threads(1)
    wanted = 20 if (name, optimizer, averaged) == ("convolutional", "adam", True) else 2
    # This process trains first, so its forks need not load what PyTorch loads late.
    whole = result(name, optimizer, averaged=averaged, config=KILLED)
    moments, kills, rounds = random.Random(f"{name}{optimizer}{averaged}"), 0, 0
    while kills < wanted or not os.path.exists(f"{tmp_path / str(rounds)}.end"):
        path = tmp_path / str(rounds)
        process = FORK.Process(target=_worker, args=(str(path), name, optimizer, averaged))
        process.start()
        if kills < wanted and _went_on(process, path):
            process.join(moments.uniform(0, 0.03))
            kills += process.is_alive()
            process.kill()
        process.join()
        if os.path.exists(f"{path}.end") and kills < wanted:
            rounds += 1  # it was quicker than its killer: once more from the start
    for number in range(rounds + 1):
        tensors, history = torch.load(f"{tmp_path / str(number)}.end", weights_only=True)
        assert_same((tensors, training.History(**history)), whole)
    assert kills == wanted


def test_moments_in_another_memory_layout_are_laid_out_as_the_weights_are(tmp_path):
    path = tmp_path / "checkpoint"
    whole = result("convolutional", "adam", averaged=False)
    result("convolutional", "adam", averaged=False, checkpoint=path, until=10)
    state = torch.load(path, weights_only=True)
    for memory in state["optimizers"].values():
        for entries in memory.values():
            entries |= {k: v.contiguous() for k, v in entries.items()}
    torch.save(state, path)
    assert_same(result("convolutional", "adam", averaged=False, checkpoint=path), whole)


@pytest.mark.parametrize("stop", [1, 4, 7, 11])
@pytest.mark.parametrize("optimizer", [training.adam, training.rmsprop])
def test_a_run_taken_up_again_ends_with_the_same_weights(tmp_path, stop, optimizer):
    whole = trained(optimizer=optimizer)
    path = tmp_path / "checkpoint.pt"
    trained(optimizer=optimizer, checkpoint=path, until=stop)
    again = trained(optimizer=optimizer, checkpoint=path)
    assert torch.equal(again[0], whole[0])
    assert set(whole[1].step) <= set(again[1].step)
    if stop % SMALL.log_every == 0:
        assert again[1] == whole[1]


def test_rows_around_a_stop_between_two_entries_average_their_own_steps(tmp_path):
    each = trained(dataclasses.replace(SMALL, log_every=1))[1]
    path = tmp_path / "checkpoint.pt"
    trained(checkpoint=path, until=7)
    history = trained(checkpoint=path)[1]
    assert history.step == [2, 4, 6, 7, 8, 10, 12]
    assert history.critic_loss[3:5] == pytest.approx(each.critic_loss[6:8], rel=1e-6)


# --- interrupted ----------------------------------------------------------------------------------


def stopping(when, inner=None):
    calls = iter(range(10**6))

    def function(*arguments, **named):
        if next(calls) == when:
            raise KeyboardInterrupt
        return inner(*arguments, **named) if inner else None

    function.__qualname__ = getattr(inner, "__qualname__", "function")
    return function


def test_an_interrupted_run_keeps_the_state_of_its_last_entry(tmp_path):
    path, config = tmp_path / "checkpoint", dataclasses.replace(SMALL, checkpoint_every=1_000)
    whole = trained(config)
    networks = pair()
    with pytest.raises(KeyboardInterrupt):  # within the fourth step: the entry of the second is due
        train(
            *networks, cloud(), config, penalty=stopping(7, gradient_penalty), progress=False,
            checkpoint=path,
        )  # fmt: skip
    assert torch.load(path, weights_only=True)["step"] == 2
    again = trained(config, checkpoint=path)
    assert torch.equal(again[0], whole[0])
    assert again[1] == whole[1]


def test_a_callback_that_was_interrupted_looks_again(tmp_path):
    path, seen = tmp_path / "checkpoint", []
    whole = trained()

    def look(step, generator, critic):
        seen.append(step)
        if seen == [2, 4, 6]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(checkpoint=path, callback=look)
    again = trained(checkpoint=path, callback=look)
    assert seen == [2, 4, 6, 6, 8, 10, 12]
    assert torch.equal(again[0], whole[0])
    assert again[1] == whole[1]


def test_a_checkpoint_that_cannot_be_written_is_refused_before_the_first_step(tmp_path):
    (tmp_path / "file").write_text("a file where a folder should be")
    steps = []
    with pytest.raises(OSError, match="file"):
        trained(checkpoint=tmp_path / "file" / "checkpoint", callback=lambda *_: steps.append(1))
    assert steps == []


@pytest.mark.filterwarnings("ignore:nothing bounds the critic")
def test_dropout_is_repeated_and_resumed(tmp_path):
    def run(**options):
        generator, _ = pair()
        with torch.random.fork_rng():
            torch.manual_seed(1)
            critic = models.MLPCritic(width=16, depth=1)
        critic.layers.insert(2, nn.Dropout(0.5))
        train(generator, critic, cloud(), SMALL, progress=False, **options)
        return weights(generator, critic)

    whole = run()
    torch.manual_seed(99)  # what others draw is none of the run's business
    assert torch.equal(run(), whole)
    path = tmp_path / "checkpoint"
    run(checkpoint=path, until=6)
    assert torch.equal(run(checkpoint=path), whole)


# --- longer ---------------------------------------------------------------------------------------


def test_a_run_goes_on_to_more_steps_where_its_step_size_is_constant(tmp_path):
    path = tmp_path / "checkpoint"
    longer = dataclasses.replace(SMALL, n_steps=20)
    whole = trained(longer)
    trained(checkpoint=path)
    again = trained(longer, checkpoint=path)
    assert torch.equal(again[0], whole[0])
    assert again[1] == whole[1]


def test_a_falling_step_size_needs_to_know_its_end_and_until_is_named(tmp_path):
    path = tmp_path / "checkpoint"
    falling = dataclasses.replace(SMALL, learning_rate_end=0.0)
    trained(falling, checkpoint=path, until=4)
    with pytest.raises(ValueError, match=r"n_steps=12 there, 20 here.*until="):
        trained(dataclasses.replace(falling, n_steps=20), checkpoint=path)


@pytest.mark.parametrize("until", [0, -1, 2.5, True])
def test_a_stop_that_no_run_can_have_is_refused(until):
    with pytest.raises(ValueError, match=f"until={until}"):
        trained(until=until)


# --- another run ----------------------------------------------------------------------------------


def test_a_checkpoint_from_another_configuration_is_refused(tmp_path):
    path = tmp_path / "checkpoint.pt"
    trained(checkpoint=path)
    with pytest.raises(ValueError, match=r"gp_weight=10.0 there, 3.0 here"):
        trained(dataclasses.replace(SMALL, gp_weight=3.0), checkpoint=path)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    path = tmp_path / "checkpoint.pt"
    trained(checkpoint=path)
    networks = models.MLPGenerator(width=8, depth=1), models.MLPCritic(width=8, depth=1)
    with pytest.raises(ValueError, match="another network"):
        train(*networks, cloud(), SMALL, penalty=gradient_penalty, checkpoint=path)


def test_a_file_that_is_no_checkpoint_is_named(tmp_path):
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(b"not a checkpoint at all")
    with pytest.raises(ValueError, match=r"checkpoint\.pt"):
        trained(checkpoint=path)


ONE_SIDED = functools.partial(gradient_penalty, one_sided=True)
OTHERS = {
    "penalty=gradient_penalty there, none here": {"penalty": None},
    r"gradient_penalty there, gradient_penalty\(one_sided=True\) here": {"penalty": ONE_SIDED},
    "project=none there, clip_weights_ here": {"project": clip_weights_},
    "objective=wasserstein there, hinge here": {"objective": losses.OBJECTIVES["hinge"]},
    "optimizer=adam there, rmsprop here": {"optimizer": training.rmsprop},
    "average=none there, MLPGenerator here": {"average": pair()[0]},
    r"data=\(200, 2\) torch.float32 \w+ there, \(200, 2\)": {"real": cloud() + 1},
    r"data=\(200, 2\) torch.float32 \w+ there, \(100, 2\)": {"real": cloud(100)},
}


@pytest.mark.filterwarnings("ignore:nothing bounds the critic")
@pytest.mark.parametrize("words", OTHERS)
def test_a_checkpoint_of_another_run_is_refused_by_name_and_nothing_is_touched(tmp_path, words):
    path, networks = tmp_path / "checkpoint", pair(seed=5)
    trained(checkpoint=path, until=4)
    before, kept = weights(*networks), path.read_bytes()
    how = {"real": cloud(), "penalty": gradient_penalty, **OTHERS[words]}
    with pytest.raises(ValueError, match=words):
        train(*networks, how.pop("real"), SMALL, progress=False, checkpoint=path, **how)
    assert torch.equal(weights(*networks), before)
    assert path.read_bytes() == kept


def changed(path, change):
    state = torch.load(path, weights_only=True)
    change(state)
    torch.save(state, path)


CHANGES = {
    "shape": lambda s: s["optimizers"]["critic"][0].update(exp_avg=torch.zeros(3)),
    "parameter 77": lambda s: s["optimizers"]["critic"].update({77: {"step": torch.tensor(1.0)}}),
    "another network": lambda s: s["networks"]["critic"].popitem(),
    "another network.": lambda s: s["networks"]["critic"].update(
        {k: v.double() for k, v in s["networks"]["critic"].items()}
    ),
    "random state": lambda s: s.update(rng=torch.zeros(5, dtype=torch.uint8)),
    "this version": lambda s: s.update(format=1),
    "this version.": lambda s: s.pop("history"),
    "step": lambda s: s.update(step="six"),
}


@pytest.mark.parametrize("words", CHANGES)
def test_a_checkpoint_that_was_tampered_with_is_refused_whole(tmp_path, words):
    path, networks = tmp_path / "checkpoint", pair(seed=5)
    trained(checkpoint=path, until=4)
    changed(path, CHANGES[words])
    before = weights(*networks)
    with pytest.raises(ValueError, match=words.rstrip(".")):
        train(
            *networks, cloud(), SMALL, penalty=gradient_penalty, progress=False, checkpoint=path
        )  # fmt: skip
    assert torch.equal(weights(*networks), before)


def test_half_a_checkpoint_is_refused_with_a_way_out(tmp_path):
    path = tmp_path / "checkpoint"
    trained(checkpoint=path)
    whole = path.read_bytes()
    for size in (0, 1, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="remove it to start again"):
            trained(checkpoint=path)


def _train_where_one_was_killed_at_a_bar():
    for kind in (tqdm, *tqdm.__subclasses__()):  # as in a process that has drawn no bar yet
        if isinstance(vars(kind).get("_lock"), TqdmDefaultWriteLock):
            del kind._lock
    TqdmDefaultWriteLock.mp_lock = multiprocessing.RLock()  # else other tests would wait for it
    lock = tqdm.get_lock()
    if os.fork() == 0:
        with lock:
            os.kill(os.getpid(), signal.SIGKILL)
    os.wait()
    trained()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes of this kind here")
def test_a_process_killed_while_it_draws_a_bar_stops_no_other():
    """The lock of tqdm spans processes, and a killed one never gives it back."""
    process = FORK.Process(target=_train_where_one_was_killed_at_a_bar)
    process.start()
    process.join(300)
    process.kill()
    process.join()
    assert process.exitcode == 0

"""One training on several processes is the training on one, whatever its networks are."""

import copy
import dataclasses
import os

import numpy as np
import pytest
import torch
from torch import nn

from tests.unit.small import SMALL, STOCK, cloud, digits, pair, weights
from wganlib import _joint, models, parallel
from wganlib.lipschitz import clip_weights_, gradient_penalty
from wganlib.losses import OBJECTIVES
from wganlib.runs.several import on_several
from wganlib.training import train

SHORT = dataclasses.replace(SMALL, n_steps=4, batch_size=8, log_every=1)
ROUNDING = 1e-7  # double precision through a few steps of Adam, which divides by small numbers
no_fork = not hasattr(os, "fork")
pytestmark = pytest.mark.skipif(no_fork, reason="no processes of this kind here")


def ended(name, config=SHORT, **options):
    """Train a stock pair; returns all that it ends with, as arrays."""
    make, data = STOCK[name]
    generator, critic = (network.double() for network in make())
    average = copy.deepcopy(generator)
    bound = {"penalty": gradient_penalty}
    if name == "batch norm in both":
        bound = {"project": clip_weights_}
    history = train(
        generator, critic, data(), config, **bound, average=average, progress=False, **options
    )
    tensors = [t for net in (generator, critic, average) for t in net.state_dict().values()]
    return [*(t.double().numpy().copy() for t in tensors), np.array(history.w1_estimate)]


def assert_equal(found, wanted, within=0.0):
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=within, atol=within)


@pytest.mark.parametrize("name", STOCK)
def test_two_processes_end_as_one_does(name):
    first, second = on_several(2, ended, name)
    assert_equal(second, first)
    assert_equal(first, ended(name), within=ROUNDING)


def test_a_run_goes_on_with_another_number_of_processes(tmp_path):
    path = tmp_path / "checkpoint"

    def stopped(until):
        return ended("convolutional", checkpoint=path, until=until)

    stopped(1)
    on_several(2, stopped, 3)
    last = on_several(4, stopped, 4)[3]
    assert_equal(last, ended("convolutional"), within=ROUNDING)


def test_only_the_first_process_needs_to_see_the_checkpoint(tmp_path):
    def stopped(until):
        return ended("MLP", checkpoint=tmp_path / f"disk-of-{parallel.rank()}", until=until)

    on_several(2, stopped, 2)
    _, second = on_several(2, stopped, 4)
    assert_equal(second, ended("MLP"), within=ROUNDING)
    assert not (tmp_path / "disk-of-1").exists()


@pytest.mark.parametrize("objective", ["minimax", "hinge", "relativistic"])
def test_losses_that_are_means_over_samples_are_the_same(objective):
    def game():
        networks = [network.double() for network in pair()]
        train(*networks, cloud().double(), SHORT, objective=OBJECTIVES[objective], progress=False)
        return [weights(*networks).numpy()]

    first, _ = on_several(2, game)
    assert_equal(first, game(), within=ROUNDING)


def test_everybody_begins_as_the_first():
    def other_start():
        networks = [network.double() for network in pair(seed=parallel.rank())]
        rng = torch.Generator().manual_seed(parallel.rank())
        how = {"penalty": gradient_penalty, "progress": False, "rng": rng}
        train(*networks, cloud().double(), SHORT, **how)
        return [weights(*networks).numpy()]

    first, second = on_several(2, other_start)
    assert_equal(second, first)
    assert_equal(first, other_start(), within=ROUNDING)


def test_each_process_may_bring_samples_of_its_own(tmp_path):
    def own_half():
        networks = [network.double() for network in pair()]
        half = cloud().double()[parallel.rank() :: 2]
        path = tmp_path / "halves"
        train(*networks, half, SHORT, penalty=gradient_penalty, progress=False, checkpoint=path)
        longer = dataclasses.replace(SHORT, n_steps=5)
        train(*networks, half, longer, penalty=gradient_penalty, progress=False, checkpoint=path)
        return [weights(*networks).numpy()]

    first, second = on_several(2, own_half)
    assert_equal(second, first)


def test_layers_draw_other_numbers_in_each_process():
    class Dropping(models.MLPCritic):
        def forward(self, x):
            drawn.append(torch.rand(()).item())
            return super().forward(x)

    drawn = []

    def numbers():
        generator, _ = pair()
        critic = Dropping(width=16, depth=1)
        train(generator, critic, cloud(), SHORT, penalty=gradient_penalty, progress=False)
        return drawn

    first, second = on_several(2, numbers)
    assert len(first) == len(second)
    assert not set(first[3:]) & set(second[3:])  # the first are looks before the run


def test_the_first_process_alone_looks_and_saves(tmp_path):
    def looked():
        steps, path = [], tmp_path / f"kept-by-{parallel.rank()}"
        networks = STOCK["convolutional"][0]()

        def look(step, generator, _):
            generator.train()(torch.randn(3, 8))  # batch norm does not wait for the others
            steps.append(step)

        how = {"penalty": gradient_penalty, "callback": look, "checkpoint": path}
        train(*networks, digits(), SHORT, **how, progress=False)
        return steps, path.exists()

    assert on_several(2, looked) == [([1, 2, 3, 4], True), ([], False)]


def test_a_loss_that_turns_nan_in_one_process_stops_all():
    def broken():
        def penalty(critic, real, fake, *, rng):
            bad = torch.nan if parallel.rank() else 0.0
            return gradient_penalty(critic, real, fake, rng=rng) + bad

        return train(*pair(), cloud(), SHORT, penalty=penalty, progress=False)

    for told in on_several(2, broken):
        assert told.startswith("FloatingPointError: training diverged at generator step 1")


def test_a_batch_that_cannot_be_shared_equally_is_refused():
    def uneven():
        config = dataclasses.replace(SHORT, batch_size=9)
        return train(*pair(), cloud(), config, penalty=gradient_penalty, progress=False)

    for told in on_several(2, uneven):
        assert told == (
            "ValueError: batch_size=9 cannot be shared equally by 2 processes: take 8 or 10"
        )


def test_a_network_on_another_process_s_gpu_is_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(ValueError, match="process 1 of this machine computes on cuda:0"):
        parallel.join(torch.device("cuda:0"))


def test_gradients_are_averaged_in_any_layout_and_none_stays_none():
    def averaged():
        parameters = [nn.Parameter(torch.zeros(2, 3, 4, 4)), nn.Parameter(torch.zeros(2))]
        number = torch.arange(96.0).view(2, 3, 4, 4) * (1 + 2 * parallel.rank())
        parameters[0].grad = number.to(memory_format=torch.channels_last)
        parallel.average_gradients_(parameters)
        return [parameters[0].grad.numpy()], parameters[1].grad

    for found, nothing in on_several(2, averaged):
        assert_equal(found, [2 * np.arange(96.0).reshape(2, 3, 4, 4)])
        assert nothing is None


NORMS = {
    "1-D": (lambda: nn.BatchNorm1d(3), (8, 3)),
    "2-D": (lambda: nn.BatchNorm2d(3), (8, 3, 2, 2)),
    "of all batches": (lambda: nn.BatchNorm2d(3, momentum=None), (8, 3, 2, 2)),
    "without weights": (lambda: nn.BatchNorm1d(3, affine=False), (8, 3)),
    "without running moments": (lambda: nn.BatchNorm1d(3, track_running_stats=False), (8, 3)),
    "in evaluation mode": (lambda: nn.BatchNorm1d(3).eval(), (8, 3)),
}


@pytest.mark.parametrize("name", NORMS)
def test_joint_batch_norm_is_batch_norm_of_the_joint_batch(name):
    make, shape = NORMS[name]
    x = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def slopes():
        """Return what a norm, its second derivative and its running moments come to."""
        norm, found = make().double(), []
        with _joint.joint_batch_norm(norm):
            for batch in x:
                part = batch[parallel.rows(len(batch))].clone().requires_grad_(True)
                scores = norm(part).pow(3)
                (slope,) = torch.autograd.grad(scores.sum(), part, create_graph=True)
                (second,) = torch.autograd.grad(slope.square().sum(), part)
                found += [scores.detach().numpy(), slope.detach().numpy(), second.numpy()]
        return found, [t.numpy().copy() for t in norm.state_dict().values()]

    one, two = on_several(2, slopes)
    whole, running = slopes()
    for mine, found, wanted in zip(one[0], two[0], whole, strict=True):
        np.testing.assert_allclose(np.concatenate([mine, found]), wanted, atol=1e-10)
    assert_equal(one[1], running, within=1e-12)
    assert_equal(two[1], one[1])


def test_batch_norm_is_given_back_as_it_was():
    def left():
        norm = nn.BatchNorm1d(3)
        with _joint.joint_batch_norm(norm):
            inside = "forward" in vars(norm)
            with _joint.apart(norm):
                alone = "forward" in vars(norm)
            again = "forward" in vars(norm)
        return inside, alone, again, "forward" in vars(norm)

    assert on_several(2, left) == [(True, False, True, False)] * 2
    assert left() == (False, False, False, False)


def test_a_single_process_waits_for_nobody():
    x = torch.ones(2)
    assert parallel.join(x.device) == parallel.processes() == 1
    assert _joint.mean(x) is x
    assert _joint.from_first(x) is x

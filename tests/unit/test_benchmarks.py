"""The benchmarks compare like with like, and their page shows what was measured."""

import collections
import importlib
import json

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torchvision.datasets import MNIST

from tests import ROOT
from wganlib import data, models, training
from wganlib.lipschitz import gradient_penalty

FOLDER = ROOT / "benchmarks"
bench, gpu, usual = map(importlib.import_module, ("bench", "gpu", "usual"))

SHORT = training.TrainConfig(
    n_steps=4, batch_size=16, n_critic=3, learning_rate=1e-3, log_every=1, checkpoint_every=1
)


def digits(n=200):
    rng = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (n, 1, 28, 28), generator=rng, dtype=torch.uint8)
    return data.Images(pixels=pixels, labels=torch.zeros(n, dtype=torch.int64), source="noise")


def pair():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        pair = models.ConvGenerator(latent_dim=8, width=4), models.ConvCritic(width=4)
    # In single precision Adam makes a whole step of a gradient that is nothing but rounding.
    return tuple(network.double() for network in pair)


def weights(*networks):
    return torch.cat([p.detach().flatten() for net in networks for p in net.parameters()])


@pytest.mark.parametrize(
    "habits",
    [{}, {"through_penalty": True}, {"keep_graph": False}, {"all_gradients": False},
     {"keep_graph": False, "all_gradients": False, "optimizer": training.adam}],
    ids=lambda habits: ", ".join(habits) or "all but the penalty's graph",
)  # fmt: skip
def test_the_usual_way_makes_the_same_updates(habits):
    mine, theirs = pair(), pair()
    images = data.scale_pixels(digits().pixels).double()
    history = training.train(*mine, images, SHORT, penalty=gradient_penalty, progress=False)
    rng = torch.Generator().manual_seed(SHORT.seed)
    batches = iter(lambda: images[torch.randint(200, (16,), generator=rng)], None)
    losses = usual.train(*theirs, batches, SHORT, rng=rng, **habits)
    rows = np.reshape(losses, (SHORT.n_steps, SHORT.n_critic)).mean(axis=1)
    with_penalty = np.add(history.critic_loss, SHORT.gp_weight * np.array(history.penalty))
    # Two orders of the same sums of doubles; Adam divides by gradients, of which some are small.
    assert rows == pytest.approx(with_penalty, rel=1e-9)
    torch.testing.assert_close(weights(*mine), weights(*theirs), atol=1e-8, rtol=0)


def test_the_loader_hands_out_the_pixels_that_wganlib_draws(mnist_test):
    images = MNIST(bench.root(), train=False, download=True, transform=usual.PER_IMAGE)
    batch = next(usual.from_loader(images, 64))
    assert batch.shape == (64, 1, 28, 28)
    same = (batch[0] - data.scale_pixels(mnist_test.pixels)).abs().flatten(1).max(dim=1)[0].min()
    assert same <= 1e-6  # one rounding of 1/255 and one of 1/127.5


@pytest.mark.parametrize(
    ("ways", "n"), [(bench.line_ways, 50), (bench.plane_ways, 50)], ids=["line", "plane"]
)
def test_the_routes_to_a_distance_agree(ways, n):
    values = [float(way()) for way in ways(n).values()]
    assert values == pytest.approx([values[0]] * len(values), rel=1e-12)


def test_the_ways_take_turns_and_the_first_round_does_not_count():
    calls = []
    ways = {name: lambda name=name: calls.append(name) for name in "AB"}
    times = bench.alternate(ways, rounds=3)
    assert "".join(calls) == "ABABABAB"
    assert [len(times[name][clock]) for name in "AB" for clock in ("wall", "cpu")] == [3] * 4


def test_the_convolutions_alone_are_all_those_of_the_step_and_no_more():
    done = {"forward": 0, "backward": 0}

    class Counter(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            name = function.__name__.split(".")[0]
            done["forward"] += name == "convolution"
            if name == "convolution_backward":
                done["backward"] += sum(args[-1][:2])
            return function(*args, **(kwargs or {}))

    config = training.TrainConfig(n_steps=1)
    way = bench.convolutions_way(config)
    with Counter():
        way()
    # 5 critic steps of three layers: real, fake, mixed and the derivative forward; two gradients
    # of the weights and one for the derivative; back to all inputs but the images' own, which only
    # the penalty asks for.
    critic = {"forward": 5 * 12 + 3, "backward": 5 * 9 + 5 * (2 * 2 + 3) + 3}
    generator = {"forward": 5 * 3 + 3, "backward": 3 + 3}
    assert done == {side: critic[side] + generator[side] for side in done}


def test_the_arithmetic_alone_has_all_activations_of_the_step_too():
    done = collections.Counter()

    class Count(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            done[function.__name__.split(".")[0]] += 1
            return function(*args, **(kwargs or {}))

    way = bench.arithmetic_way(training.TrainConfig(n_steps=1))
    with Count():
        way()
    # Three layers of the critic: real, fake and mixed forward; real, fake, the slope and its
    # derivative back; the generator's step adds one of each.
    assert (done["leaky_relu"], done["leaky_relu_backward"]) == (3 * 16, 3 * 21)
    assert (done["native_batch_norm"], done["native_batch_norm_backward"]) == (3 * 6, 3)
    assert (done["relu"], done["threshold_backward"], done["tanh"]) == (3 * 6, 3, 6)


def test_the_profile_s_kernels_are_most_of_the_step_and_not_all():
    images = torch.randint(256, (200, 1, 28, 28), dtype=torch.uint8)
    digits = data.Images(pixels=images, labels=None, source="made here")
    found = bench.shares(digits, n_steps=2)
    assert set(found) == set(bench.KERNELS)
    assert 0.5 < sum(found.values()) < 1
    assert found["convolutions"] == max(found.values())


def test_a_sleep_takes_wall_time_and_no_cpu_time():
    times = bench.alternate({"sleep": lambda: bench.time.sleep(0.2)}, rounds=1, per=1000)
    assert 0.2 <= times["sleep"]["wall"][0] < 100  # milliseconds for each of the thousand
    assert times["sleep"]["cpu"][0] < 0.1


def test_a_ratio_is_the_median_of_the_rounds():
    assert bench.ratio({"cpu": [2, 6, 20]}, {"cpu": [1, 2, 4]}) == "3.00 (2.50–4.00)"


def test_a_lazy_penalty_weighs_on_average_what_the_full_one_does():
    critic = lambda x: 3 * x.flatten(1)[:, 0]  # noqa: E731
    lazy = bench.lazy_penalty(5)
    values = [lazy(critic, torch.ones(2, 3), torch.zeros(2, 3), rng=None).item() for _ in range(10)]
    assert values == [20, 0, 0, 0, 0] * 2


@pytest.fixture
def results():
    return json.loads((FOLDER / "results.json").read_text())


def test_the_page_shows_what_was_measured(results):
    page = (FOLDER / "README.md").read_text()
    assert bench.fill(page, bench.tables(results)) == page


def test_a_table_without_a_place_on_the_page_is_refused():
    with pytest.raises(ValueError, match="0 places for the table 'step'"):
        bench.fill("nothing here", {"step": "| a |"})


def test_everything_was_measured_and_stored(results):
    assert len(results["step"]) == 13
    assert set(results["line"]) == {str(n) for n in bench.ON_THE_LINE}
    assert set(results["plane"]) == {str(n) for n in bench.IN_THE_PLANE}
    kinds = [results["step"], *results["line"].values(), *results["plane"].values()]
    for times in [way for kind in kinds for way in kind.values()]:
        assert [len(times["wall"]), len(times["cpu"])] == [results["rounds"]] * 2
        assert min(times["wall"] + times["cpu"]) > 0
    assert {"processor", "threads", "torch", "pot", "scipy"} <= set(results["machine"])


def test_the_stored_quality_is_that_of_the_stored_run(results, mnist_test):
    now, stored = bench.quality(), results["quality"]
    assert now.pop("noise") == pytest.approx(stored.pop("noise"), rel=1e-3)
    assert now == stored  # `python benchmarks/bench.py --render` brings it up to date


# --- a step that a CUDA graph can hold ------------------------------------------------------------


def whole_step(device="cpu"):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        networks = models.ConvGenerator(latent_dim=8, width=4), models.ConvCritic(width=4)
    rng = torch.Generator(device).manual_seed(SHORT.seed)
    return gpu.Step(*(net.to(device) for net in networks), digits().to(device), SHORT, rng)


def test_the_step_of_a_cuda_graph_is_the_step_of_train():
    step, other = whole_step(), whole_step()
    history = training.train(
        other.generator, other.critic, digits(), SHORT, penalty=gradient_penalty, progress=False
    )
    for loss in history.generator_loss:
        step()
        assert step.losses[1].item() == loss
    assert torch.equal(weights(step.generator, step.critic), weights(other.generator, other.critic))


class NothingForTheHost(TorchDispatchMode):
    """Refuse what makes a processor wait for a GPU: a number or a shape that it has to know."""

    WAITING = ("_local_scalar_dense", "nonzero", "equal", "is_nonzero", "masked_select")

    def __torch_dispatch__(self, operation, types, arguments=(), named=None):
        assert operation.overloadpacket.__name__ not in self.WAITING, operation
        return operation(*arguments, **named or {})


def test_the_step_of_a_cuda_graph_asks_the_host_for_nothing():
    step = whole_step()
    with NothingForTheHost():
        step()
    with pytest.raises(AssertionError, match="_local_scalar_dense"), NothingForTheHost():
        step.losses[0].item()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_its_measurement_says_so(tmp_path):
    with pytest.raises(SystemExit, match=r"no NVIDIA GPU here .*Colab GPU"):
        gpu.main(tmp_path / "gpu.json")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_cuda_graph_goes_on_as_the_steps_do():
    steps, inside = whole_step("cuda"), whole_step("cuda")
    replay = gpu.graphed(inside)
    for _ in range(gpu.WARM_UP):
        steps()
    for _ in range(3):  # rounding grows
        steps()
        replay()
        torch.testing.assert_close(inside.losses, steps.losses, rtol=1e-3, atol=1e-4)

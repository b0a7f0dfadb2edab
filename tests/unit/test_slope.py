"""The slope that is written out is the slope that autograd finds, and so is its derivative."""

import copy
import functools
import multiprocessing
import shutil

import pytest
import torch
from torch import nn

from wganlib import lipschitz, models, slope, training
from wganlib.lipschitz import gradient_norms, gradient_penalty, spectral_norm_


class Layered(nn.Module):
    """Any layers, ending in one score."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x).squeeze(1)

    def value_and_gradient(self, x):
        found = slope.sequential_vjp(self.layers, x)
        return found and (found[0].squeeze(1), found[1])


def convolution(kind, width, *, kernel, size, **how):
    """A convolution, a bend and a linear layer, on inputs of the size."""
    first = kind(2, width, kernel, **how)
    dims = {nn.Conv1d: 1, nn.Conv2d: 2, nn.Conv3d: 3}[kind]
    features = first(torch.zeros(1, 2, *[size] * dims)).numel()
    return Layered(first, nn.LeakyReLU(0.1), nn.Flatten(), nn.Linear(features, 1)), dims


CRITICS = {
    **{f"MLPCritic, depth {d}": lambda d=d: (models.MLPCritic(3, width=9, depth=d), (3,))
       for d in range(5)},
    **{f"ConvCritic, width {w}": lambda w=w: (models.ConvCritic(w), (1, 28, 28)) for w in (1, 4)},
    "ConvCritic, batch norm at rest":
        lambda: (models.ConvCritic(2, batch_norm=True).eval(), (1, 28, 28)),
    "ConvCritic, spectral norm":
        lambda: (spectral_norm_(models.ConvCritic(2)).eval(), (1, 28, 28)),
    "ConvCritic, 20x12 in colour":
        lambda: (models.ConvCritic(2, size=(20, 12), channels=3), (3, 20, 12)),
    "linear and flat": lambda: (Layered(nn.Identity(), nn.Flatten(), nn.Linear(12, 1)), (3, 4)),
    "no bias": lambda: (Layered(nn.Linear(3, 5, bias=False), nn.ReLU(), nn.Linear(5, 1)), (3,)),
}  # fmt: skip
STRIDES = [
    {"kind": kind, "kernel": kernel, "stride": stride, "padding": padding, "size": 7}
    for kind in (nn.Conv1d, nn.Conv2d, nn.Conv3d)
    for kernel, stride, padding in
    ((1, 1, 0), (2, 2, 0), (3, 1, 1), (3, 2, 1), (3, 3, 0), (4, 2, 1))
] + [
    {"kind": nn.Conv2d, "kernel": 3, "dilation": 2, "size": 8},
    {"kind": nn.Conv2d, "kernel": 3, "groups": 2, "size": 8},
    {"kind": nn.Conv2d, "kernel": (2, 3), "stride": (1, 2), "padding": (1, 0), "size": 8},
]  # fmt: skip
# Both ways add the same products, in another order: rounding moves the gradients by some ten units
# of round-off, of the size of the largest.
ROUNDING = {torch.float64: 1e-13, torch.float32: 1e-5}


def seeded(make):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make()


def points(*shape, dtype=torch.float64, n=5):
    rng = torch.Generator().manual_seed(1)
    return torch.randn(n, *shape, generator=rng, dtype=torch.float64).to(dtype)


def assert_same_both_ways(critic, x, weights=None):
    """Norms, and their derivatives in the weights, as autograd finds them for the same critic."""
    assert slope.written_out(critic, x) is not None
    weights = weights or list(critic.parameters())
    found = []
    for way in (critic, lambda x: critic(x)):  # a function has nothing written down
        norms = gradient_norms(way, x, create_graph=True)
        loss = (norms - 1).square().mean()
        gradients = torch.autograd.grad(loss, weights, allow_unused=True)
        none = [torch.zeros_like(w) if g is None else g
                for g, w in zip(gradients, weights, strict=True)]  # fmt: skip
        found.append([norms.detach(), *none])
    for ours, theirs in zip(*found, strict=True):
        scale = max(theirs.abs().max().item(), 1)
        torch.testing.assert_close(ours, theirs, rtol=0, atol=ROUNDING[x.dtype] * scale)
    assert max(g.abs().max() for g in found[0][1:]) > 0  # something was compared


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("name", CRITICS)
def test_every_stock_critic_is_as_steep_written_out_as_differentiated(name, dtype):
    critic, shape = seeded(CRITICS[name])
    assert_same_both_ways(critic.to(dtype), points(*shape, dtype=dtype))


CONDITIONAL = {
    "classes, points": (lambda: models.MLPCritic(3, width=9, n_classes=4), (3,)),
    "classes, no hidden layer": (lambda: models.MLPCritic(3, depth=0, n_classes=4), (3,)),
    "classes, images": (lambda: models.ConvCritic(2, size=8, n_classes=4), (1, 8, 8)),
    "vectors, images": (lambda: models.ConvCritic(2, size=12, condition_dim=2), (1, 12, 12)),
}


@pytest.mark.parametrize("name", CONDITIONAL)
def test_under_a_condition_too(name):
    make, shape = CONDITIONAL[name]
    critic, x = seeded(make).double(), points(*shape)
    condition = points(2) if "vectors" in name else torch.tensor([0, 3, 1, 1, 2])
    bound = functools.partial(critic, condition=condition)
    assert_same_both_ways(bound, x, list(critic.parameters()))
    scores, _ = slope.written_out(bound, x)
    torch.testing.assert_close(scores, bound(x).detach())


@pytest.mark.parametrize("how", STRIDES, ids=str)
def test_convolutions_of_all_strides_are_turned_around(how):
    how = dict(how)
    size = how["size"]
    critic, dims = seeded(lambda: convolution(how.pop("kind"), 4, **how))
    assert_same_both_ways(critic.double(), points(2, *[size] * dims))


def test_at_a_kink_the_slope_is_pytorchs():
    for bend in (nn.ReLU(), nn.LeakyReLU(0.3)):
        critic = Layered(nn.Linear(1, 1), bend, nn.Linear(1, 1))
        for layer in (critic.layers[0], critic.layers[2]):
            nn.init.ones_(layer.weight), nn.init.zeros_(layer.bias)
        general = gradient_norms(lambda x, c=critic: c(x), torch.zeros(1, 1))
        assert torch.equal(gradient_norms(critic, torch.zeros(1, 1)), general)


def test_a_score_that_is_not_finite_has_no_slope():
    x = torch.zeros(3, 2)
    x[1, 0] = torch.nan
    assert gradient_norms(models.MLPCritic(), x).isnan().tolist() == [False, True, False]


class Squared(models.MLPCritic):
    def forward(self, x):
        return super().forward(x).square()


def hooked():
    critic = models.MLPCritic()
    critic.layers[2].register_forward_hook(lambda layer, given, out: 2 * out)
    return critic


class Rows(Layered):
    """Takes two numbers as a signal of one channel."""

    def forward(self, x):
        return super().forward(x[:, None])

    def value_and_gradient(self, x):
        found = slope.sequential_vjp(self.layers, x[:, None])
        return found and (found[0].squeeze(1), found[1][:, 0])


def padded(**padding):
    return Rows(nn.Conv1d(1, 2, 3, **padding), nn.ReLU(), nn.Flatten(), nn.Linear(4, 1))


OTHERS = {
    "another forward": Squared,
    "a hook": hooked,
    "an unknown layer": lambda: Layered(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)),
    "padding by reflection": lambda: padded(padding=1, padding_mode="reflect"),
    "padding by a word": lambda: padded(padding="same"),
    "batch norm in training": lambda: Layered(
        nn.Linear(2, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_written_down_goes_the_general_way(name):
    critic, x = seeded(OTHERS[name]), points(2, dtype=torch.float32)
    assert slope.written_out(critic, x) is None
    twin = copy.deepcopy(critic)  # batch norm counts its batches
    torch.testing.assert_close(gradient_norms(critic, x), gradient_norms(lambda x: twin(x), x))


def test_the_other_paddings_are_written_down():
    assert_same_both_ways(seeded(lambda: padded(padding=1)).double(), points(2))


def test_a_class_that_is_derived_without_a_new_forward_is_still_asked():
    class Mine(models.MLPCritic):
        pass

    assert slope.written_out(Mine(), points(2, dtype=torch.float32)) is not None


def test_spectral_norm_takes_one_power_iteration_either_way():
    critics = [spectral_norm_(seeded(models.MLPCritic)) for _ in range(2)]
    x = points(2, dtype=torch.float32)
    first = gradient_norms(critics[0], x)
    second = gradient_norms(lambda x: critics[1](x), x)
    torch.testing.assert_close(first, second)
    for ours, theirs in zip(critics[0].buffers(), critics[1].buffers(), strict=True):
        assert torch.equal(ours, theirs)


def test_without_a_graph_nothing_is_kept():
    norms = gradient_norms(models.MLPCritic(), points(2, dtype=torch.float32))
    assert not norms.requires_grad


def backward_nodes(tensor):
    """Names of all steps of the graph behind a tensor."""
    waiting, seen = [tensor.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [following for following, _ in node.next_functions]
    return {type(node).__name__ for node in seen}


def test_the_penalty_of_a_written_slope_has_no_second_derivative_in_it():
    critic, x = seeded(models.ConvCritic), points(1, 28, 28, dtype=torch.float32)
    ours = backward_nodes(gradient_penalty(critic, x, -x))
    general = backward_nodes(gradient_penalty(lambda x: critic(x), x, -x))
    assert "ConvolutionBackwardBackward0" in general  # the witness sees one where there is one
    assert "ConvolutionBackwardBackward0" not in ours


def penalised_loss(critic, real, fake):
    penalty = (gradient_norms(critic, (real + fake) / 2, create_graph=True) - 1).square().mean()
    return critic(fake).mean() - critic(real).mean() + 10 * penalty


def _compare_with_compiled(backend):
    """Take one critic step as it is and one compiled; they end alike."""
    found, (real, fake) = (
        [],
        torch.rand(2, 4, 1, 28, 28, generator=torch.Generator().manual_seed(1)),
    )
    for loss in (penalised_loss, torch.compile(penalised_loss, backend=backend)):
        critic = seeded(lambda: models.ConvCritic(2))
        optimizer = training.adam(list(critic.parameters()), training.TrainConfig())
        value = loss(critic, real, fake)
        value.backward()
        optimizer.step()
        found.append([value.detach(), *(p.detach().clone() for p in critic.parameters())])
    for eager, compiled in zip(*found, strict=True):
        torch.testing.assert_close(compiled, eager, rtol=1e-5, atol=1e-5)


def compilers():
    slow = pytest.param("inductor", marks=pytest.mark.slow)  # a minute of compiling
    return ["aot_eager", slow] if shutil.which("g++") else ["aot_eager"]


@pytest.mark.parametrize("backend", compilers())
def test_a_critic_step_can_be_compiled(backend):
    # In a process of its own: the compiler leaves dead references behind, at which the search of
    # a Sphinx extension through all objects stops.
    process = multiprocessing.get_context("fork").Process(
        target=_compare_with_compiled, args=(backend,)
    )
    process.start()
    process.join()
    assert process.exitcode == 0


def test_the_meter_reads_the_same_either_way():
    critic, x = seeded(models.MLPCritic), points(2, dtype=torch.float32, n=20)
    readings = [
        lipschitz.lipschitz_meter(way, x, -x, rng=torch.Generator().manual_seed(0))
        for way in (critic, lambda x: critic(x))
    ]
    assert readings[0].constant == pytest.approx(readings[1].constant, rel=1e-6)


ALONE = {"MLPCritic": models.MLPCritic, "ConvCritic": models.ConvCritic}
TOGETHER = {
    "batch norm in training": lambda: models.ConvCritic(2, batch_norm=True),
    "spectral norm": lambda: spectral_norm_(models.MLPCritic()),
    "another forward": Squared,
    "a hook": hooked,
    "a function": lambda: lambda x: x.sum(1),
}


def test_which_critics_may_see_real_and_fake_in_one_batch():
    assert all(slope.scores_by_sample(make()) for make in ALONE.values())
    assert not any(slope.scores_by_sample(make()) for make in TOGETHER.values())
    assert slope.scores_by_sample(models.ConvCritic(2, batch_norm=True).eval())


@pytest.mark.parametrize("name", ["ConvCritic", "batch norm in training"])
def test_a_critic_step_is_the_same_in_one_pass_or_two(name, monkeypatch):
    real, fake = (points(1, 28, 28, dtype=torch.float32) * s for s in (0.5, -0.3))
    found = []
    for in_one in (True, False):
        critic = seeded({**ALONE, **TOGETHER}[name])
        if not in_one:
            monkeypatch.setattr(slope, "scores_by_sample", lambda critic: False)
        optimizer = torch.optim.SGD(critic.parameters(), lr=0.1)
        how = {"penalty": lambda *_, **__: real.new_zeros(())}  # one pass is for penalties only
        values = training.critic_step(critic, real, fake, optimizer, **how)
        found.append([values, *(p.detach() for p in critic.parameters())])
    for first, second in zip(*found, strict=True):
        torch.testing.assert_close(first, second)  # float32's own tolerances

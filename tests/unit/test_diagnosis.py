"""Each known mistake is found by its test, and what is right is left alone."""

import copy
import math

import pytest
import torch
from torch import nn

import wganlib
from wganlib import data, models
from wganlib.diagnosis import diagnose
from wganlib.lipschitz import gradient_penalty


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


GENERATOR = models.MLPGenerator(width=16, depth=2)


class Function(nn.Module):
    """A critic given by a function."""

    def __init__(self, score, *layers):
        super().__init__()
        self.score, self.layers = score, nn.ModuleList(layers)
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return self.weight * self.score(x)


class Made(models.Generator):
    """A generator given by a function of its latents."""

    def __init__(self, make, last=None):
        super().__init__()
        self.latent_dim = 2
        self.make, self.weight = make, nn.Parameter(torch.ones(()))
        self.last = last or nn.Identity()

    def forward(self, latent):
        return self.last(self.weight * self.make(latent))


def ring(seed=0):
    return data.gaussian_ring(1000, rng=draws(seed))


RIGHT = Function(lambda x: x[:, 0])  # slope 1
SHIFTED = Made(lambda z: 0.01 * z - 3)  # all to the left of the ring


def verdict(test, *, generator=SHIFTED, critic=RIGHT, real=None, **options):
    return diagnose(generator, critic, ring() if real is None else real, **options)[test].verdict


def test_what_is_right_is_fine():
    torch.manual_seed(0)
    perfect = Made(lambda z: data.gaussian_ring(len(z), rng=draws(5)))
    found = diagnose(perfect, RIGHT, ring(), penalty=gradient_penalty)
    kinds = {f.name: f.verdict for f in found.findings}
    assert kinds.pop("sign of the critic") == "look"  # nobody could tell them apart
    assert set(kinds.values()) == {"fine"}, str(found)
    assert not found.wrong


def test_the_last_layer_is_the_one_that_samples_come_out_of():
    pair = models.ConvGenerator(width=1, n_classes=2), models.ConvCritic(width=1, n_classes=2)
    images = torch.randint(256, (64, 1, 28, 28), generator=draws(), dtype=torch.uint8)
    found = diagnose(*pair, (images, torch.arange(64) % 2), n=32)["range of the data"]
    assert "real samples go from -1 to 1, the generator ends in Tanh" in found.words
    assert found.verdict == "fine"


class Ending(models.MLPGenerator):
    """A generator whose forward ends in a function, not in a layer."""

    def __init__(self, end):
        super().__init__(data_dim=2, width=8, depth=1)
        self.end = end

    def forward(self, latent):
        return self.end(super().forward(latent))


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (torch.tanh, "ends in Tanh, from -1 to 1"),
        (lambda x: torch.tanh(x).view(-1, 1, 2).squeeze(1), "ends in Tanh, from -1 to 1"),
        (nn.Sequential(nn.Sigmoid(), nn.Flatten(), nn.Identity()), "ends in Sigmoid, from 0 to 1"),
        (lambda x: x.clamp(min=0), "ends in Clamp, from 0 to inf"),
        (nn.ReLU6(), "ends in Hardtanh, from 0 to 6"),
        (torch.relu, "ends in Relu, from 0 to inf"),
    ],
)
def test_a_function_bounds_as_a_layer_does_and_layers_that_lay_out_are_passed(end, words):
    generator = Ending(end).requires_grad_(False)
    found = diagnose(generator, RIGHT, ring())["range of the data"]
    assert words in found.words
    assert found.verdict == "wrong"  # the ring is larger than 1, and has points below 0


@pytest.mark.parametrize("end", [lambda x: 3 * torch.tanh(x), lambda x: x, torch.exp])
def test_what_is_not_known_to_be_bounded_is_not_called_so(end):
    assert "known to bound" in diagnose(Ending(end), RIGHT, ring())["range of the data"].words


@pytest.mark.parametrize("squash", [torch.sigmoid, torch.tanh, nn.functional.logsigmoid])
def test_a_score_that_a_function_squashes_is_found(squash):
    class Squashed(models.MLPCritic):
        def forward(self, x):
            return squash(super().forward(x))

    found = diagnose(SHIFTED, Squashed(width=8, depth=1), ring())["scores without bound"]
    assert found.verdict == "wrong"
    assert "ends in" in found.words


def broken():
    critic = models.MLPCritic(width=8, depth=1)
    with torch.no_grad():
        critic.layers[0].weight[0, 0] = math.nan
    return critic


def flat(x):
    return torch.relu(x[:, 0])  # every fake lies where it is flat


CASES = [
    ("finite numbers", "wrong", {"critic": broken()}),
    ("range of the data", "wrong", {"generator": Made(lambda z: z, nn.Tanh())}),
    ("range of the data", "look", {"generator": Made(lambda z: z, nn.Tanh()),
                                   "real": torch.rand(200, 2, generator=draws(1))}),
    ("range of the data", "fine", {"generator": Made(lambda z: z, nn.Tanh()),
                                   "real": 2 * torch.rand(200, 2, generator=draws(1)) - 1}),
    ("scores without bound", "wrong",
     {"critic": nn.Sequential(nn.Linear(2, 1), nn.Sigmoid(), nn.Flatten(0))}),
    ("a score of its own", "wrong",
     {"critic": nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 1), nn.Flatten(0))}),
    ("a score of its own", "fine",
     {"critic": nn.Sequential(nn.LayerNorm(2), nn.Linear(2, 1), nn.Flatten(0))}),
    ("a score of its own", "look",
     {"critic": nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 1), nn.Flatten(0))}),
    ("sign of the critic", "wrong", {"critic": Function(lambda x: -x[:, 0])}),
    ("slope of the critic", "look", {"critic": Function(lambda x: 9 * x[:, 0])}),
    ("slope of the critic", "look", {"critic": Function(lambda x: 0.01 * x[:, 0])}),
    ("gradient for the generator", "look", {"critic": Function(flat)}),
    ("exact distance", "look", {}),
    ("variety", "wrong", {"generator": Made(lambda z: 0 * z)}),
    ("variety", "look", {}),
]  # fmt: skip


@pytest.mark.parametrize(("test", "expected", "given"), CASES)
def test_a_mistake_is_found(test, expected, given):
    assert verdict(test, **given) == expected


def test_a_condition_that_is_ignored_is_found():
    torch.manual_seed(0)
    pair = models.MLPGenerator(n_classes=3), models.MLPCritic(n_classes=3)
    real = ring(), torch.randint(3, (1000,), generator=draws(2))
    assert diagnose(*pair, real)["condition"].verdict == "fine"
    with torch.no_grad():
        pair[0].embed.weight.zero_()
    assert diagnose(*pair, real)["condition"].verdict == "look"


def points(real, fake, t):
    return (t * real + (1 - t) * fake).detach().requires_grad_(True)


def slopes(critic, x, *, create_graph=True):
    return torch.autograd.grad(critic(x).sum(), x, create_graph=create_graph)[0]


def away(norms):
    return (norms - 1).square().mean()


def written(real, fake, rng, shape=None):
    t = torch.rand(shape or (len(real), 1, 1, 1), generator=rng)
    return points(real, fake, t)


def usual(critic, real, fake, rng):
    return away(slopes(critic, written(real, fake, rng)).flatten(1).norm(dim=1))


def one_sided(critic, real, fake, rng):
    norms = slopes(critic, written(real, fake, rng)).flatten(1).norm(dim=1)
    return (norms - 1).clamp(min=0).square().mean()


def unflattened(critic, real, fake, rng):
    return away(slopes(critic, written(real, fake, rng)).norm(dim=1))


def batch_wide(critic, real, fake, rng):
    return away(slopes(critic, written(real, fake, rng)).norm())


def summed(critic, real, fake, rng):
    norms = slopes(critic, written(real, fake, rng)).flatten(1).norm(dim=1)
    return (norms - 1).square().sum()


def without_graph(critic, real, fake, rng):
    x = written(real, fake, rng)
    return away(slopes(critic, x, create_graph=False).flatten(1).norm(dim=1))


def at_real(critic, real, fake, rng):
    return usual(critic, real, real, rng)


def normal(critic, real, fake, rng):
    x = points(real, fake, torch.randn(len(real), 1, 1, 1, generator=rng))
    return away(slopes(critic, x).flatten(1).norm(dim=1))


def per_pixel(critic, real, fake, rng):
    x = written(real, fake, rng, real.shape)
    return away(slopes(critic, x).flatten(1).norm(dim=1))


def per_batch(critic, real, fake, rng):
    x = written(real, fake, rng, (1, 1, 1, 1))
    return away(slopes(critic, x).flatten(1).norm(dim=1))


def square_root(critic, real, fake, rng):
    x = written(real, fake, rng)
    return away(slopes(critic, x).flatten(1).square().sum(dim=1).sqrt())


PENALTIES = [
    (gradient_penalty, set()),
    (usual, set()),
    (one_sided, set()),
    (unflattened, {"norm"}),
    (batch_wide, {"norm", "batch size"}),
    (summed, {"batch size"}),
    (without_graph, {"graph"}),
    (at_real, {"where it looks"}),
    (normal, {"where it looks"}),
    (per_pixel, {"where it looks"}),
    (per_batch, {"where it looks"}),
    (square_root, {"slope 0"}),
]


@pytest.mark.parametrize(
    ("penalty", "expected"), PENALTIES, ids=lambda p: getattr(p, "__name__", "")
)
@pytest.mark.parametrize("seed", range(3))
def test_a_penalty_is_known_by_its_mistake(penalty, expected, seed):
    found = diagnose(SHIFTED, RIGHT, ring(), penalty=penalty, rng=draws(seed))
    wrong = {name.removeprefix("penalty: ") for name in found.wrong if name.startswith("penalty")}
    assert wrong - {"where it looks"} == expected - {"where it looks"}
    if "where it looks" in expected or not expected:
        assert ("where it looks" in wrong) == ("where it looks" in expected)


def test_nothing_of_the_caller_s_is_moved():
    torch.manual_seed(0)
    critic = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(), nn.Linear(2, 1), nn.Flatten(0)).train()
    generator = copy.deepcopy(GENERATOR).train()
    before = [copy.deepcopy(network.state_dict()) for network in (generator, critic)]
    state = torch.get_rng_state()
    diagnose(generator, critic, ring())
    assert torch.equal(torch.get_rng_state(), state)
    assert all(m.training for network in (generator, critic) for m in network.modules())
    for network, kept in zip((generator, critic), before, strict=True):
        assert all(torch.equal(v, kept[k]) for k, v in network.state_dict().items())
        assert all(p.grad is None for p in network.parameters())


def test_the_same_seed_gives_the_same_report():
    first, second = (str(diagnose(SHIFTED, RIGHT, ring(), rng=draws(3))) for _ in range(2))
    assert first == second


def test_the_report_says_what_is_wrong_first_and_names_are_known():
    found = diagnose(SHIFTED, Function(lambda x: -x[:, 0]), ring())
    order = [f.verdict for f in found.findings]
    assert order == sorted(order, reverse=True)
    assert str(found).startswith("wrong  sign of the critic: generated samples score ")
    assert max(map(len, str(found).splitlines())) <= 88
    with pytest.raises(KeyError, match=r"there are .*exact distance"):
        found["distance"]


def test_it_stands_at_the_top_of_the_package():
    assert wganlib.diagnose is diagnose
    with pytest.raises(AttributeError, match="nonsense"):
        wganlib.nonsense  # noqa: B018


@pytest.mark.parametrize(
    ("change", "words"),
    [({"n": 5000}, "n=5000"), ({"n": 3}, "n=3"), ({"penalty": 3}, "penalty"),
     ({"real": torch.randn(50, 3)}, r"samples have shape \(3,\)"), ({"critic": None}, "critic"),
     ({"generator": nn.Linear(2, 2)}, "sample_latent")],
)  # fmt: skip
def test_what_cannot_be_tested_is_refused(change, words):
    given = {"generator": SHIFTED, "critic": RIGHT, "real": ring()} | change
    with pytest.raises(ValueError, match=words):
        diagnose(**given)

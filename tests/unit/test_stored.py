"""Networks of one's own are stored and come back as they are, or are refused whole."""

import copy
import json
import sys

import numpy as np
import pytest
import torch
from torch import nn

from tests.unit.small import SMALL, pair
from wganlib import lipschitz, models
from wganlib.records import History, Run, load_run, save_run


class OwnGenerator(nn.Module):
    """Latents of shape (n, z, 1, 1), batch norm, and a constructor with arguments."""

    def __init__(self, width, *, channels=1):
        super().__init__()
        self.arguments = {"width": width, "channels": channels}
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(3, width, 4), nn.BatchNorm2d(width), nn.Conv2d(width, channels, 1)
        )

    def sample_latent(self, n, rng):
        return torch.randn(n, 3, 1, 1, generator=rng)

    def forward(self, latent):
        return self.layers(latent)


class OwnCritic(nn.Module):
    """A constructor that needs nothing, and a slope that is no tensor."""

    slope = 0.2

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(16, 1)

    def forward(self, x):
        return nn.functional.leaky_relu(self.linear(x.flatten(1)), self.slope).squeeze(1)


class Noisy(OwnCritic):
    """Draws random numbers in evaluation mode too."""

    def forward(self, x):
        return super().forward(x + torch.randn_like(x))


class Forgetful(OwnCritic):
    """Does not keep what its constructor needs."""

    def __init__(self, width, depth):
        super().__init__()


class Tied(nn.Module):
    """Two layers of one weight, tied by the constructor where it is told so."""

    def __init__(self, *, tied=True):
        super().__init__()
        self.arguments = {"tied": tied}
        self.layers = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
        if tied:
            self.layers[2].weight = self.layers[0].weight

    def forward(self, x):
        return self.layers(x).sum(dim=1)


class Normalised(models.MLPCritic):
    """Under a spectral norm from the start."""

    def __init__(self):
        super().__init__(width=4, depth=1)
        self.arguments = {}
        lipschitz.spectral_norm_(self)


class Extra(OwnCritic):
    """A state that is no tensor."""

    def get_extra_state(self):
        return {"notes": "a word"}

    def set_extra_state(self, state):
        pass


class Grown(OwnCritic):
    """Layers that are made after the constructor."""

    def grow(self):
        self.more = nn.Linear(1, 1)
        return self


class Fails(OwnCritic):
    """Cannot be called outside of its house."""

    def forward(self, x):
        raise ArithmeticError("not here")


class Raises(OwnCritic):
    def __init__(self, *, again=True):
        super().__init__()
        self.arguments = {"again": again}
        if again:
            raise ArithmeticError("not twice")


class ConvCritic(OwnCritic):
    """Has the name of another network."""


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def own_run(critic=None, generator=None):
    generator = OwnGenerator(4) if generator is None else generator
    critic = OwnCritic() if critic is None else critic
    return Run(generator=generator, critic=critic, config=SMALL, history=History())


def points_run(critic):
    return Run(generator=pair()[0], critic=critic, config=SMALL, history=History())


def back(folder, run, *more):
    """Store and load; the classes are those of the networks."""
    save_run(folder, run)
    return load_run(folder, classes=[type(run.generator), type(run.critic), *more])


def same_state(one, other):
    here, there = one.state_dict(), other.state_dict()
    assert here.keys() == there.keys()
    for name, tensor in here.items():
        assert there[name].dtype == tensor.dtype
        assert torch.equal(there[name].isnan(), tensor.isnan())
        assert torch.equal(there[name].nan_to_num(), tensor.nan_to_num())


@pytest.mark.parametrize("critic", [OwnCritic, Noisy, ConvCritic, Fails])
def test_networks_of_one_s_own_come_back(tmp_path, critic):
    run = own_run(critic(), OwnGenerator(np.int64(4), channels=1))
    models.sample(run.generator.train(), 3)
    found = back(tmp_path / "run", run)
    assert type(found.generator) is OwnGenerator
    assert type(found.critic) is critic
    assert not found.generator.training
    same_state(found.generator, run.generator)
    same_state(found.critic, run.critic)


@pytest.mark.parametrize(
    ("generator", "critic"),
    [
        (models.ConvGenerator(3, 2, size=(8, 12), channels=3, n_classes=2),
         models.ConvCritic(2, size=(8, 12), channels=3, n_classes=2)),
        (models.MLPGenerator(condition_dim=3), models.MLPCritic(condition_dim=3)),
        (models.ConvGenerator(3, 2), models.ConvCritic(2, batch_norm=True)),
        (models.MLPGenerator().double(), models.MLPCritic().double()),
        (models.ConvGenerator(3, 2).to(torch.bfloat16), models.ConvCritic(2).to(torch.bfloat16)),
        (models.MLPGenerator(), models.MLPCritic(depth=0).requires_grad_(False)),
    ],
)  # fmt: skip
def test_stock_networks_come_back_without_being_named(tmp_path, generator, critic):
    save_run(tmp_path / "run", own_run(critic, generator))
    found = load_run(tmp_path / "run")
    for side, network in (("generator", generator), ("critic", critic)):
        same_state(getattr(found, side), network)
        kernels = [p for p in getattr(found, side).parameters() if p.ndim == 4]
        assert all(p.is_contiguous(memory_format=torch.channels_last) for p in kernels)
    about = json.loads((tmp_path / "run" / "config.json").read_text())
    assert about["generator"] == {"class": type(generator).__name__, **generator.arguments}


def test_to_store_a_run_moves_nothing_in_it(tmp_path):
    run = own_run(Noisy())
    run.generator.train().layers[1].eval()
    modes = [m.training for m in run.generator.modules()]
    before, random = copy.deepcopy(run.generator.state_dict()), torch.get_rng_state()
    save_run(tmp_path / "run", run)
    assert [m.training for m in run.generator.modules()] == modes
    assert all(map(torch.equal, run.generator.state_dict().values(), before.values()))
    assert torch.equal(torch.get_rng_state(), random)


def test_diverged_weights_come_back_too(tmp_path):
    run = own_run()
    with torch.no_grad():
        run.critic.linear.weight[0, 0], run.critic.linear.weight[0, 1] = torch.nan, torch.inf
    same_state(back(tmp_path / "run", run).critic, run.critic)


def test_a_class_that_ties_its_weights_is_stored_and_tied_again(tmp_path):
    critic = back(tmp_path / "run", points_run(Tied())).critic
    assert critic.layers[2].weight is critic.layers[0].weight


def test_a_class_that_normalises_itself_comes_back_normalised(tmp_path):
    run = points_run(Normalised())
    found = back(tmp_path / "run", run).critic
    x = torch.randn(5, 2)
    assert torch.equal(found(x), run.critic.eval()(x))


def changed(network, change):
    change(network)
    return network


def tie(network):
    network.layers[2].weight = network.layers[0].weight


def local_class():
    class Local(OwnCritic):
        pass

    return Local()


UNSTORABLE = [
    (lambda: Forgetful(4, 2), r"needs width, depth; .*self\.arguments = \{'width': width, 'dep"),
    (lambda: nn.Linear(16, 1), "Linear.* needs in_features, out_features"),
    (lambda: changed(OwnCritic(), lambda c: setattr(c, "slope", 0.3)), "gives other outputs"),
    (lambda: changed(Raises(again=False), lambda c: c.arguments.update(again=True)),
     "the critic cannot be built: Raises with arguments .*ArithmeticError: not twice"),
    (lambda: changed(OwnCritic(), lambda c: setattr(c, "arguments", {"width": 3})),
     "the critic cannot be built: OwnCritic with arguments .*unexpected keyword"),
    (lambda: changed(OwnCritic(), lambda c: setattr(c, "arguments", ["width"])),
     r"the critic's arguments are \['width'\], expected a dictionary"),
    (lambda: changed(OwnCritic(), lambda c: setattr(c, "arguments", {"at": torch.ones(1)})),
     r"the critic's arguments holds what JSON cannot store \(a Tensor\)"),
    (lambda: Grown().grow(), "more.bias is in the state that the critic has and a new one has not"),
    (local_class, "Local of tests.unit.test_stored, which nobody can import"),
    (Extra, "state holds _extra_state, a dict and no tensor"),
    (lambda: nn.DataParallel(OwnCritic()), r"DataParallel around a network; store critic\.module"),
    (lambda: torch.compile(OwnCritic(), backend="eager"), r"store critic\._orig_mod"),
    (lambda: nn.Sequential(nn.Flatten(), nn.Linear(16, 1)), "1.bias is in the state that the"),
    (lambda: OwnCritic().to("meta"), "the critic's weights cannot be stored"),
    (lambda: changed(OwnCritic(), lambda c: lipschitz.spectral_norm_(c)),
     "linear.weight is computed from another tensor.*remove_parametrizations"),
    (lambda: changed(OwnCritic(), lambda c: nn.utils.parametrizations.weight_norm(c.linear)),
     "linear.weight is computed from another tensor"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "message"), UNSTORABLE)
def test_what_cannot_be_built_again_is_refused_before_a_byte_is_written(tmp_path, make, message):
    save_run(tmp_path / "run", own_run())
    before = {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()}
    with pytest.raises(ValueError, match=message):
        save_run(tmp_path / "run", own_run(make()))
    with pytest.raises(ValueError, match=message):
        save_run(tmp_path / "new", own_run(make()))
    assert {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: changed(Tied(tied=False), tie),
        lambda: changed(models.MLPCritic(width=2, depth=2), tie),
        lambda: changed(Tied(), lambda c: setattr(
            c.layers[2], "weight", nn.Parameter(c.layers[0].weight.detach().clone()))),
    ],
)  # fmt: skip
def test_a_tie_that_a_new_network_would_not_have_is_refused(tmp_path, make):
    message = "layers.0.weight and layers.2.weight are one tensor"
    with pytest.raises(ValueError, match=message):
        save_run(tmp_path / "run", points_run(make()))
    assert not list(tmp_path.iterdir())


def test_a_norm_that_is_baked_in_is_stored(tmp_path):
    critic = lipschitz.spectral_norm_(models.MLPCritic(width=4, depth=1))
    with pytest.raises(ValueError, match="remove_parametrizations") as refusal:
        save_run(tmp_path / "run", points_run(critic))
    assert "layers.0.weight" in str(refusal.value)
    for layer in critic.layers[::2]:
        torch.nn.utils.parametrize.remove_parametrizations(layer, "weight")
    save_run(tmp_path / "run", points_run(critic))
    x = torch.randn(5, 2)
    torch.testing.assert_close(load_run(tmp_path / "run").critic(x), critic(x))


# --- which classes are built ----------------------------------------------------------------------


def test_a_class_from_elsewhere_is_built_only_if_the_caller_gives_it(tmp_path):
    save_run(tmp_path / "run", own_run())
    message = (
        r"the generator in .*run is a OwnGenerator of tests.unit.test_stored, .*"
        r"load_run\('.*run', classes=\[OwnGenerator\]\)"
    )
    for classes in ([], [OwnCritic], (models.ConvGenerator,)):
        with pytest.raises(ValueError, match=message):
            load_run(tmp_path / "run", classes=classes)
    with pytest.raises(ValueError, match=r"the critic in .*OwnCritic"):
        load_run(tmp_path / "run", classes=[OwnGenerator])


def test_no_code_that_a_folder_names_is_run(tmp_path, monkeypatch):
    (tmp_path / "trap_of_a_folder.py").write_text("raise SystemExit('run')\nclass OwnCritic: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    save_run(tmp_path / "run", own_run())
    path = tmp_path / "run" / "config.json"
    about = json.loads(path.read_text())
    about["critic"]["module"] = "trap_of_a_folder"
    path.write_text(json.dumps(about))
    with pytest.raises(ValueError, match="OwnCritic of trap_of_a_folder"):
        load_run(tmp_path / "run", classes=[OwnGenerator])
    assert "trap_of_a_folder" not in sys.modules
    # The caller's own class of this name is trusted, wherever it has moved since.
    assert type(load_run(tmp_path / "run", classes=[OwnGenerator, OwnCritic]).critic) is OwnCritic


@pytest.mark.parametrize("name", ["nn.Linear", "Tensor", "sample", "_networks", "math", "__doc__"])
def test_only_networks_of_the_package_are_built_by_name(tmp_path, name):
    save_run(tmp_path / "run", points_run(models.MLPCritic()))
    path = tmp_path / "run" / "config.json"
    about = json.loads(path.read_text())
    about["critic"] = {"class": name}
    path.write_text(json.dumps(about))
    with pytest.raises(ValueError, match=f"'{name}' is not a network of wganlib.models"):
        load_run(tmp_path / "run")


def test_of_two_classes_with_one_name_the_one_of_the_same_module_is_built(tmp_path):
    twins = [type("OwnCritic", (OwnCritic,), {"__module__": module}) for module in ("a", "b")]
    save_run(tmp_path / "run", own_run())
    found = load_run(tmp_path / "run", classes=[OwnGenerator, *twins, OwnCritic])
    assert type(found.critic) is OwnCritic
    with pytest.raises(ValueError, match="two of the given classes have its name"):
        load_run(tmp_path / "run", classes=[OwnGenerator, *twins])


@pytest.mark.parametrize("classes", [OwnGenerator(4), [OwnGenerator(4)], ["OwnGenerator"], 3, None,
                                     [int], "OwnGenerator"])  # fmt: skip
def test_classes_are_classes_of_networks(tmp_path, classes):
    save_run(tmp_path / "run", points_run(models.MLPCritic()))
    with pytest.raises(ValueError, match=r"classes holds .*classes=\[MyGenerator\]"):
        load_run(tmp_path / "run", classes=classes)


def test_one_class_may_come_without_a_list(tmp_path):
    save_run(tmp_path / "run", points_run(Tied()))
    assert type(load_run(tmp_path / "run", classes=Tied).critic) is Tied

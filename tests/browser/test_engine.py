"""The engine that trains in the page: its steps are wganlib's, and its W₁ is exact.

Networks, batches and latents are made here and handed over as numbers, so that only mathematics is
compared.  Both sides compute in double precision: they then differ by rounding alone, which over
twenty steps stays far below 1e-5, unless a unit passes its kink between them.  It runs in Node if
that is installed, and in Chromium, as a reader has it; the built book is not needed.
"""

import json
import re
import shutil
import subprocess
from functools import partial

import numpy as np
import pytest
import torch

from tests import ROOT
from tools import product
from wganlib import data, lipschitz, losses, models, training, transport
from wganlib.records import TrainConfig

ENGINE = ROOT / "book/_static/live/engine.js"
PRODUCT = ENGINE.with_name("product.js")
N, STEPS, N_CRITIC = 16, 20, 2
RATE = 1e-3  # large enough that every weight moves by a hundred times the tolerance

# Takes networks, batches and a way of training; gives the weights and what was said at each step.
TRAIN = """({ layers, batches, latents, way }) => {
    const made = Object.fromEntries(Object.entries(layers).map(([name, of]) =>
        [name, { leak: 0, layers: of.map(one => engine.layer(...one)) }]));
    const numbers = { learningRate: way.rate, beta1: way.beta1, beta2: way.beta2 };
    const [moveG, moveC] = [made.generator, made.critic].map(net =>
        engine[way.optimizer](engine.parameters(net), numbers));
    const array = values => Float64Array.from(values);
    const said = latents.map((latent, step) => {
        const seen = batches[step].map(({ real, latent, t }) => {
            const fake = engine.forward(made.generator, array(latent), way.n).outputs;
            const penalty = way.weight === null ? null : { ...way, t: array(t) };
            return engine.criticStep(made.critic, moveC,
                { ...way, real: array(real), fake, penalty });
        });
        const loss = engine.generatorStep(made.generator, made.critic, moveG,
            { ...way, latent: array(latent) });
        return [...seen.flatMap(s => [s.estimate, s.loss, s.penalty]), loss];
    });
    const weights = net => engine.parameters(net).map(p => [...p.value]);
    return { said, generator: weights(made.generator), critic: weights(made.critic) };
}"""


class InNode:
    """Evaluates functions of JSON in Node, next to the engine."""

    def __init__(self, program):
        self.program = program

    def evaluate(self, function, given):
        make, multiply = (f"require({json.dumps(str(file))})" for file in (ENGINE, PRODUCT))
        script = f"const matrixProduct = {multiply}; const engine = {make}(matrixProduct());" + (
            "const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
            f"process.stdout.write(JSON.stringify(({function})(given)));"
        )
        command = [self.program, "-e", script]
        ran = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)


@pytest.fixture(params=["node", "chromium"])
def engine(request):
    """Return where the engine can be asked: `evaluate(function, given)`, as a page's."""
    if request.param == "node":
        program = shutil.which("node") or pytest.skip("Node is not installed")
        return InNode(program)
    page = request.getfixturevalue("blank")()
    for script in (PRODUCT, ENGINE):
        page.add_script_tag(path=script)
    page.evaluate("() => { globalThis.engine = wganEngine(matrixProduct()); }")
    return page


def networks():
    torch.manual_seed(0)
    sizes = {"width": 24, "depth": 3}
    made = {"generator": models.MLPGenerator(**sizes), "critic": models.MLPCritic(**sizes)}
    with torch.no_grad():
        made["critic"].layers[0].weight *= 20  # slopes on both sides of 1, so that both sides pay
    return {name: net.double() for name, net in made.items()}


def numbers(tensor):
    return tensor.detach().flatten().tolist()


def as_layers(net):
    linear = [one for one in net.modules() if isinstance(one, torch.nn.Linear)]
    return [
        [one.in_features, one.out_features, numbers(one.weight), numbers(one.bias)]
        for one in linear
    ]


def draws():
    """Return each critic step's batch, with the seed of the penalty's t, and the latents."""
    rng = torch.Generator().manual_seed(1)
    normals = partial(torch.randn, N, 2, dtype=torch.float64, generator=rng)
    real = partial(data.gaussian_ring, N, rng=rng)
    batches = [
        [(real().double(), normals(), 100 * step + k) for k in range(N_CRITIC)]
        for step in range(STEPS)
    ]
    return batches, [normals() for _ in range(STEPS)]


def mixing(seed):
    return torch.Generator().manual_seed(seed)


def shares(seed):
    """Return the t that `gradient_penalty` will draw."""
    return torch.rand(N, dtype=torch.float64, generator=mixing(seed)).tolist()


def in_python(way, batches, latents):
    """Train by the package; return what the engine returns."""
    made = networks()
    config = TrainConfig(learning_rate=way["rate"], beta1=way["beta1"], beta2=way["beta2"])
    make = {"adam": training.adam, "rmsprop": training.rmsprop}[way["optimizer"]]
    move = {name: make(list(net.parameters()), config) for name, net in made.items()}
    objective = losses.OBJECTIVES[way["objective"]]
    penalty, said = None, []
    if way["weight"] is not None:
        penalty = partial(lipschitz.gradient_penalty, one_sided=way["oneSided"])
    for step, latent in enumerate(latents):
        row = []
        for real, z, seed in batches[step]:
            ways = {"objective": objective, "penalty": penalty, "gp_weight": way["weight"] or 0}
            fake = made["generator"](z).detach()
            row += training.critic_step(
                made["critic"], real, fake, move["critic"], rng=mixing(seed), **ways
            ).tolist()
            if way["clipValue"] is not None:
                lipschitz.clip_weights_(made["critic"], way["clipValue"])
        loss = training.generator_step(
            *made.values(), latent, move["generator"], objective=objective
        )
        said.append([*row, loss.item()])
    weights = {name: [numbers(p) for p in net.parameters()] for name, net in made.items()}
    return {"said": said} | weights


PLAIN = {"n": N, "rate": RATE, "weight": None, "oneSided": False, "clipValue": None}
ADAM = PLAIN | {"optimizer": "adam", "beta1": 0.0, "beta2": 0.9}
MOMENTUM = ADAM | {"beta1": 0.5, "beta2": 0.999}
WAYS = {
    "WGAN-GP, two-sided": ADAM | {"objective": "wasserstein", "weight": 10.0},
    "WGAN-GP, one-sided": ADAM | {"objective": "wasserstein", "weight": 0.3, "oneSided": True},
    "WGAN, clipped": ADAM | {"objective": "wasserstein", "optimizer": "rmsprop", "clipValue": 0.08},
    "GAN, non-saturating": MOMENTUM | {"objective": "non-saturating"},
    "GAN, minimax": MOMENTUM | {"objective": "minimax"},
}


@pytest.mark.parametrize("name", WAYS)
def test_the_first_twenty_steps_are_those_of_the_package(engine, name):
    batches, latents = draws()
    given = {
        "layers": {name: as_layers(net) for name, net in networks().items()},
        "batches": [
            [{"real": numbers(x), "latent": numbers(z), "t": shares(seed)} for x, z, seed in row]
            for row in batches
        ],
        "latents": [numbers(z) for z in latents],
        "way": WAYS[name],
    }
    found, wanted = engine.evaluate(TRAIN, given), in_python(WAYS[name], batches, latents)
    np.testing.assert_allclose(found["said"], wanted["said"], rtol=0, atol=1e-5)
    if WAYS[name]["weight"] is not None:
        assert np.array(wanted["said"])[:, [2, 5]].min(axis=1).max() > 0.01  # it is paid
    started = {name: list(net.parameters()) for name, net in networks().items()}
    for network in ("generator", "critic"):
        for a, b, start in zip(found[network], wanted[network], started[network], strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)
            if network == "generator" or start is not started[network][-1]:  # f's constant: no part
                assert np.abs(np.array(b) - numbers(start)).max() > 1e-3


# Products of A (n, k) and B (k, m), each as it is or with its strides exchanged, by both ways.
MULTIPLY = """cases => {
    const fast = matrixProduct(), { WebAssembly } = globalThis;
    globalThis.WebAssembly = undefined;
    const plain = matrixProduct();
    globalThis.WebAssembly = WebAssembly;
    if (fast.name === plain.name) throw new Error("nothing was compiled");
    return cases.map(({ A, B, n, m, k, a, b }) => [fast, plain].map(product =>
        [...product(Float64Array.from(A), a, Float64Array.from(B), b, n, m, k)]));
}"""


def test_the_compiled_product_has_the_bits_of_the_plain_one(engine):
    rng = np.random.default_rng(0)
    shapes = [(1, 1, 1), (4, 4, 3), (7, 9, 5), (5, 2, 64), (3, 6, 1), (129, 66, 65), (130, 90, 70)]
    cases, wanted = [], []
    for n, m, k in [*shapes, (2, 3, 0), shapes[2]]:
        for turned in range(4):
            A, B = rng.normal(size=(n, k)), rng.normal(size=(k, m))
            case = {"n": n, "m": m, "k": k, "a": [k, 1], "b": [m, 1]}
            case |= {"a": [1, n]} if turned & 1 else {}
            case |= {"b": [1, k]} if turned & 2 else {}
            case["A"] = (A.T if turned & 1 else A).ravel().tolist()
            case["B"] = (B.T if turned & 2 else B).ravel().tolist()
            cases.append(case)
            wanted.append((A @ B).ravel())
    for (fast, plain), exact in zip(engine.evaluate(MULTIPLY, cases), wanted, strict=True):
        assert fast == plain
        np.testing.assert_allclose(fast, exact, rtol=0, atol=1e-12)


def test_the_compiled_product_is_of_the_source_that_stands_beside_it():
    said = re.search(r"sha256 of the source: (\w+)", PRODUCT.read_text(encoding="utf8"))[1]
    assert said == product.digest(), "run python tools/product.py"


@pytest.mark.parametrize("oneSided", [False, True])
def test_the_penalty_of_a_leaky_critic_has_the_gradient_that_autograd_finds(engine, oneSided):
    torch.manual_seed(2)
    layers = [torch.nn.Linear(2, 7), torch.nn.Linear(7, 5), torch.nn.Linear(5, 1)]
    leaky = torch.nn.LeakyReLU(0.2)
    critic = torch.nn.Sequential(layers[0], leaky, layers[1], leaky, layers[2]).double()
    with torch.no_grad():
        layers[0].weight *= 24  # slopes on both sides of 1
    x = torch.randn(9, 2, dtype=torch.float64, requires_grad=True)
    slopes = torch.autograd.grad(critic(x).sum(), x, create_graph=True)[0]
    excess = slopes.norm(dim=1) - 1
    (excess.clamp(min=0) if oneSided else excess).square().mean().backward()
    assert excess.min() < 0 < excess.max()
    given = {
        "layers": [
            [a.in_features, a.out_features, numbers(a.weight), numbers(a.bias)] for a in layers
        ],
        "x": numbers(x),
        "how": {"oneSided": oneSided},
    }
    found = engine.evaluate(
        """({ layers, x, how }) => {
            const net = { leak: 0.2, layers: layers.map(one => engine.layer(...one)) };
            const slope = engine.slopes(net, Float64Array.from(x), 9);
            const { direction } = engine.penaltyOnSlopes(slope.gradient, 9, how);
            engine.backwardThroughSlopes(net, slope, direction);
            return { slopes: [...slope.gradient], weights: net.layers.map(l => [...l.dWeight]) };
        }""",
        given,
    )
    np.testing.assert_allclose(found["slopes"], numbers(slopes), atol=1e-12)
    for mine, one in zip(found["weights"], layers, strict=True):
        np.testing.assert_allclose(mine, numbers(one.weight.grad), atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 7, 64, 200])
def test_w1_is_exact_with_prices_of_any_kind(engine, n):
    rng = np.random.default_rng(n)
    clouds = [rng.normal(size=(2, n, 2)), rng.integers(0, 3, size=(2, n, 2)).astype(float)]
    for x, y in clouds:  # the second with many ties, and points that are the same
        best = transport.exact_w1(x, y)
        for price in (np.zeros(n), rng.normal(size=n), 1e17 * rng.normal(size=n)):
            given = {"x": x.ravel().tolist(), "y": y.ravel().tolist(), "price": price.tolist()}
            found = engine.evaluate(
                """({ x, y, price }) => {
                    const [a, b, p] = [x, y, price].map(v => Float64Array.from(v));
                    const first = engine.exactW1(a, b, p.length, p);
                    return [first, engine.exactW1(a, b, p.length, p)]; // with the prices it found
                }""",
                given,
            )
            np.testing.assert_allclose(found, best, rtol=0, atol=1e-9)


def test_points_that_have_run_away_have_no_w1_and_hold_nobody_up(engine):
    far = """bad => String(
        engine.exactW1(Float64Array.of(0, 0, bad ?? NaN, 1), new Float64Array(4), 2))"""
    assert engine.evaluate(far, None) == "NaN"
    assert engine.evaluate(far, 1e300) == "NaN"  # whose square is beyond all numbers
    assert float(engine.evaluate(far, 0)) == 0.5


def test_a_seed_repeats_a_training_and_another_does_not(engine):
    run = """seed => {
        const settings = { law: "ring", way: "one-sided", gpWeight: 10, nCritic: 2, seed };
        const one = engine.training({ ...settings, learningRate: 1e-3, mistake: "none" });
        const seen = [];
        for (let k = 0; k < 3; k++) {
            one.advance();
            const { w1, estimate, fake } = one.look();
            seen.push([w1, estimate, ...fake]);
        }
        return seen;
    }"""
    first, again, other = (engine.evaluate(run, seed) for seed in (3, 3, 4))
    assert first == again
    assert not set(first[-1]) & set(other[-1])


def test_laws_have_the_moments_of_the_package(engine):
    """With 20,000 points a mean is off by about 0.007 and a spread by less: 0.03 is four times."""
    draw = """name => [...engine.draws(engine.LAWS[name], 20000, engine.randomNumbers(1))]"""
    rng = torch.Generator().manual_seed(0)
    for name, law in {"ring": data.gaussian_ring, "grid": data.gaussian_grid}.items():
        x, y = np.array(engine.evaluate(draw, name)).reshape(-1, 2), law(20_000, rng=rng).numpy()
        np.testing.assert_allclose(x.mean(0), y.mean(0), atol=0.03)
        np.testing.assert_allclose(np.cov(x.T), np.cov(y.T), atol=0.03)
        np.testing.assert_allclose((x**4).mean(0), (y**4).mean(0), rtol=0.04)
        assert transport.exact_w1(x[:400], y[:400]) < 0.35  # two samples of one law: about 0.15

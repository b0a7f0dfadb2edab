"""Every public function refuses what would give a wrong value, by the argument's name."""

import functools
import math
import re

import numpy as np
import pytest
import torch

from wganlib import divergences, dual, lipschitz, losses, metrics, models, transport

ONE_D = [0.0, 1.0, 4.0]
PLANE = [[0.0, 1.0], [2.0, 3.0], [5.0, 0.0]]
LAW = [0.25, 0.25, 0.5]
NP_RNG = np.random.default_rng(0)
DRAW = torch.Generator().manual_seed(0)
POINTS = torch.tensor(PLANE)
CRITIC = models.MLPCritic(2, width=4, depth=1)


def exact_score(z):
    return dual.exact_critic(PLANE, PLANE)(z)


# Each function with arguments that it takes, and the names of those that are arrays.
ARRAYS = [
    *((f, {"p": LAW, "q": LAW}, "p q") for f in (
        divergences.kl_divergence, divergences.js_divergence,
        divergences.total_variation, divergences.optimal_discriminator)),
    (divergences.shared_masses, {"x": ONE_D, "y": ONE_D}, "x y"),
    (transport.weighted_sample, {"points": PLANE, "weights": LAW, "name": "points"},
     "points weights"),
    *((f, {"x": ONE_D, "y": ONE_D, "a": LAW, "b": LAW}, "x y a b") for f in (
        transport.weighted_pair, transport.wasserstein_1d, transport.exact_w1,
        transport.optimal_plan, dual.kantorovich_potentials, dual.exact_critic)),
    (transport.network_simplex, {"cost": np.eye(3), "a": LAW, "b": LAW}, "cost a b"),
    (transport.sliced_w1, {"x": PLANE, "y": PLANE, "n_projections": 2, "rng": NP_RNG}, "x y"),
    (dual.c_transform, {"potential": ONE_D, "points": PLANE, "at": PLANE}, "potential points at"),
    (exact_score, {"z": PLANE}, "z"),
    (metrics.frechet_distance, {"features_a": PLANE, "features_b": PLANE},
     "features_a features_b"),
    *((f, {"real_features": PLANE, "fake_features": PLANE, "k": 1}, "real_features fake_features")
      for f in (metrics.precision_recall, metrics.density_coverage)),
    (metrics.class_coverage, {"probabilities": [[0.5, 0.5], [0.25, 0.75]]}, "probabilities"),
    (lipschitz.debiased_w1, {"w1_estimate": ONE_D, "gp_weight": 10.0}, "w1_estimate"),
]  # fmt: skip
NO_NUMBERS = {
    "masked": np.ma.array(LAW, mask=[0, 0, 1]),
    "masked in a list": [0.5, np.ma.masked, 0.5],
    "text": ["0.25", "0.25", "0.5"],
    "bytes": [b"0.25", b"0.25", b"0.5"],
    "objects": [0.25, None, 0.75],
    "dates": np.array(["2020-01-01", "2020-01-02", "2020-01-03"], dtype="datetime64[D]"),
    "no time": np.array(["NaT"] * 3, dtype="timedelta64[s]"),
    "durations": [np.timedelta64(1, "D")] * 3,
    "complex": np.array(LAW) * (1 + 0j),
    "complex tensor": torch.tensor(LAW) * (1 + 0j),
    "large whole numbers": np.array([2**53 + 1, 2**53, 1]),
    "large in a mixture": [2**53 + 1, 0.5, 1.0],
    "larger than any format": [10**30, 1, 2],
    "NaN": [0.5, np.nan, 0.5],
    "infinite": torch.tensor([0.5, math.inf, 0.5]),
    "rows of two lengths": [[0.5, 0.5], [1.0]],
    "sparse": torch.eye(3).to_sparse(),
    "nothing": None,
}
CASES = [(f, good, name) for f, good, names in ARRAYS for name in names.split()]


def cases(of):
    return {"ids": [f"{f.__name__}-{name}" for f, _, name in of]}


def not_refused(function, good, name, values):
    """The kinds among these values that the function takes, or refuses without the name."""
    found = []
    for kind, bad in values.items():
        try:
            function(**{**good, name: bad})
        except ValueError as error:
            if not re.search(rf"\b{name}\b", str(error)):
                found.append(f"{kind}: {error}")
        else:
            found.append(kind)
    return found


@pytest.mark.parametrize(("function", "good", "name"), CASES, **cases(CASES))
def test_what_is_no_finite_real_number_is_refused_by_name(function, good, name):
    left_out = name in ("a", "b", "weights") and "cost" not in good
    assert not_refused(function, good, name, NO_NUMBERS) == ["nothing"] * left_out


@pytest.mark.parametrize(
    ("function", "good", "name"), [c for c in CASES if c[0] != lipschitz.debiased_w1]
)
def test_every_kind_of_number_gives_what_its_list_gives(function, good, name):
    values = np.array(good[name])  # all exact in every format
    kinds = [
        values.tolist(),
        tuple(values.tolist()),
        values.astype(np.float16),
        np.ma.array(values),
        torch.tensor(values, dtype=torch.bfloat16),
        torch.tensor(values, requires_grad=True),
        [torch.tensor(row, requires_grad=True) for row in values],
    ]
    plain = None
    for given in kinds:
        answer = function(**{**good, name: given, **fresh(good)})
        plain = shown(answer) if plain is None else plain
        assert shown(answer) == plain


def fresh(good):
    return {"rng": np.random.default_rng(0)} if "rng" in good else {}


def shown(answer):
    """Write an answer so that two can be compared; a critic by its scores."""
    if callable(answer):
        answer = answer(ONE_D)
    if isinstance(answer, torch.Tensor):
        answer = answer.detach().double().numpy()
    return re.sub(r"\s+", " ", str(vars(answer) if hasattr(answer, "__dict__") else answer))


EMPTY = {"list": [], "rows": np.zeros((0, 2)), "tensor": torch.zeros(0)}
OTHER_AXES = {"number": 3.0, "three axes": np.full((3, 1, 1), 1 / 3)}
MAY_BE_EMPTY = divergences.optimal_discriminator, lipschitz.debiased_w1
ANY_SHAPE = ("p", "q", "w1_estimate")


@pytest.mark.parametrize(
    ("function", "good", "name"), [c for c in CASES if c[0] not in MAY_BE_EMPTY]
)
def test_nothing_at_all_is_refused_by_name(function, good, name):
    assert not_refused(function, good, name, EMPTY) == []


@pytest.mark.parametrize(("function", "good", "name"), [c for c in CASES if c[2] not in ANY_SHAPE])
def test_another_number_of_axes_is_refused_by_name(function, good, name):
    assert not_refused(function, good, name, OTHER_AXES) == []


# Numbers: whole, positive, or finite.

PAIR = {"real": POINTS, "fake": POINTS}
NO_WHOLE = [0, -1, 2.5, "2", True, None, math.nan]
NO_POSITIVE = [0.0, -1.0, math.nan, math.inf, "1", True, None, 1j]
NUMBERS = [
    (transport.sliced_w1, {"x": PLANE, "y": PLANE, "rng": NP_RNG}, "n_projections", NO_WHOLE),
    (transport.wasserstein_1d, {"x": ONE_D, "y": ONE_D}, "p", [0.5, *NO_POSITIVE]),
    (metrics.precision_recall, {"real_features": PLANE, "fake_features": PLANE}, "k", NO_WHOLE),
    (metrics.density_coverage, {"real_features": PLANE, "fake_features": PLANE}, "k", NO_WHOLE),
    (metrics.nearest_neighbours, {"samples": POINTS, "images": POINTS}, "n", NO_WHOLE),
    (metrics.minibatch_w1, {**PAIR, "n_batches": 2, "rng": DRAW}, "batch_size", NO_WHOLE),
    (metrics.minibatch_w1, {**PAIR, "batch_size": 1, "rng": DRAW}, "n_batches", [1, *NO_WHOLE]),
    (metrics.mode_coverage, {"samples": POINTS, "centres": POINTS}, "std", NO_POSITIVE),
    (lipschitz.debiased_w1, {"w1_estimate": 1.0}, "gp_weight", NO_POSITIVE),
    (lipschitz.clip_weights_, {"critic": CRITIC}, "clip_value", NO_POSITIVE),
]


@pytest.mark.parametrize(("function", "good", "name", "bad"), NUMBERS)
def test_a_number_of_another_kind_is_refused_by_name(function, good, name, bad):
    assert not_refused(function, good, name, {repr(value): value for value in bad}) == []


@pytest.mark.parametrize("whole", [2, np.int64(2), np.uint8(2)])
def test_numpy_s_numbers_are_taken(whole):
    assert transport.wasserstein_1d([0.0], [3.0], p=np.float32(2)) == 3
    assert metrics.precision_recall(PLANE, PLANE, k=whole) == (1, 1)
    assert lipschitz.debiased_w1(np.float32(2.2), np.float32(10)) == pytest.approx(2, rel=1e-6)


# Tensors: what has a gradient, or pixels.

SCORES = {"scores_real": torch.ones(3), "scores_fake": torch.zeros(3)}
PENALTY = functools.partial(lipschitz.gradient_penalty, CRITIC)
METER = functools.partial(lipschitz.lipschitz_meter, CRITIC)
TENSORS = [
    (losses.critic_loss, SCORES, "scores_real scores_fake"),
    (losses.w1_estimate, SCORES, "scores_real scores_fake"),
    (losses.generator_loss, {"scores_fake": torch.ones(3)}, "scores_fake"),
    (functools.partial(lipschitz.gradient_norms, CRITIC), {"x": POINTS}, "x"),
    (PENALTY, PAIR, "real fake"),
    (METER, PAIR, "real fake"),
    (metrics.mode_coverage, {"samples": POINTS, "centres": POINTS, "std": 1.0}, "samples centres"),
    (metrics.nearest_neighbours, {"samples": POINTS, "images": POINTS}, "samples images"),
    (functools.partial(metrics.minibatch_w1, batch_size=1, n_batches=2, rng=DRAW), PAIR,
     "real fake"),
]  # fmt: skip
TENSOR_CASES = [(f, good, name) for f, good, names in TENSORS for name in names.split()]


NO_BATCH = {
    "list": [1.0], "array": np.ones((3, 2)), "number": 1.0, "nothing": None,
    "empty": torch.zeros(0), "no axis": torch.tensor(1.0),
}  # fmt: skip


@pytest.mark.parametrize(("function", "good", "name"), TENSOR_CASES)
def test_what_is_no_batch_is_refused_by_name(function, good, name):
    assert not_refused(function, good, name, NO_BATCH) == []


@pytest.mark.parametrize("dtype", [torch.int64, torch.complex64])
@pytest.mark.parametrize(("function", "good", "name"), [c for c in TENSOR_CASES if c[2] in PAIR])
def test_a_batch_of_no_floats_is_refused_by_name(function, good, name, dtype):
    with pytest.raises(ValueError, match=rf"\b{name}\b.*{dtype}"):
        function(**{**good, name: good[name].to(dtype)})


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize(("function", "name"), [(METER, "real"), (METER, "fake")])
def test_the_meter_refuses_points_that_are_nowhere(function, name, bad):
    with pytest.raises(ValueError, match=rf"\b{name}\b.*NaN or infinity"):
        function(**{**PAIR, name: torch.where(POINTS == 5, bad, POINTS)})


@pytest.mark.parametrize("critic", [CRITIC, lambda x: x.relu().sum(dim=1)])
def test_a_slope_at_a_point_that_is_nowhere_is_nan_and_so_is_the_penalty(critic):
    nowhere = torch.where(POINTS == 5, math.nan, POINTS)
    norms = lipschitz.gradient_norms(critic, nowhere)
    assert norms.isnan().tolist() == [False, False, True]
    assert lipschitz.gradient_penalty(critic, POINTS, nowhere).isnan()


@pytest.mark.parametrize(
    "call",
    [
        functools.partial(transport.sliced_w1, PLANE, PLANE, n_projections=2),
        functools.partial(lipschitz.gradient_penalty, CRITIC, POINTS, POINTS),
        functools.partial(lipschitz.lipschitz_meter, CRITIC, POINTS, POINTS),
        functools.partial(metrics.minibatch_w1, POINTS, POINTS, batch_size=1, n_batches=2),
    ],
)
@pytest.mark.parametrize("rng", [0, np.random.RandomState(0)])
def test_what_does_not_draw_is_refused_by_name(call, rng):
    with pytest.raises(ValueError, match=r"rng is a .*makes one"):
        call(rng=rng)


# Masses in narrow formats.


@pytest.mark.parametrize(
    "masses",
    [
        torch.softmax(torch.randn(10**6, generator=torch.Generator().manual_seed(0)), 0),
        np.array([1 / 3] * 3, dtype=np.float16),
        torch.tensor([1 / 3] * 3, dtype=torch.bfloat16),
    ],
    ids=["a million in single precision", "half", "bfloat16"],
)
def test_rounded_masses_are_taken_as_the_law_they_mean(masses):
    n = len(masses)
    uniform = np.full(n, 1 / n)
    assert 0 <= divergences.total_variation(masses, uniform) < 1
    assert transport.weighted_sample(np.arange(n), masses)[1].sum() == pytest.approx(1, abs=1e-9)


def test_what_precision_does_not_excuse_is_refused_with_a_remedy_that_helps():
    masses = torch.full((10**5,), 1e-5, dtype=torch.float16)  # below the normal range: 1.0014
    with pytest.raises(ValueError, match=r"p sums to .* in double precision, divide it by its sum"):
        divergences.total_variation(masses, masses)
    exact = masses.double() / masses.double().sum()
    assert divergences.total_variation(exact, exact) == 0


# Values that were silently wrong.


def test_points_whose_distance_overflows_are_refused():
    with pytest.raises(ValueError, match="x and y lie farther apart"):
        transport.wasserstein_1d([-1e308], [1e308])


def test_a_plan_for_no_weights_is_refused():
    with pytest.raises(ValueError, match=r"a has shape \(0,\)"):
        transport.network_simplex(np.eye(2), [], [0.5, 0.5])


@pytest.mark.parametrize("name", ["relativistic", "relativistic-average", "hinge", "minimax"])
def test_scores_that_would_broadcast_are_refused(name):
    with pytest.raises(ValueError, match=r"scores_real has shape \(3, 1\)"):
        losses.OBJECTIVES[name].critic_loss(torch.ones(3, 1), torch.ones(3))


@pytest.mark.parametrize("side", ["critic_loss", "generator_loss"])
def test_a_relativistic_loss_wants_pairs(side):
    with pytest.raises(ValueError, match="scores_real has 1 scores and scores_fake has 3"):
        getattr(losses.OBJECTIVES["relativistic"], side)(torch.ones(1), torch.ones(3))


def test_an_exact_critic_keeps_its_points_when_the_caller_changes_his():
    x, y = np.array([[0.0, 0.0], [4.0, 0.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])
    critic = dual.exact_critic(x, y)
    before = critic([[0.0, 0.0]])
    x += 10
    y += 10
    assert critic([[0.0, 0.0]]) == before == 1.0

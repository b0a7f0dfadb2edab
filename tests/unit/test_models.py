"""Networks: shapes, what a critic must not contain, independence of samples."""

import itertools
import json
import math

import numpy as np
import pytest
import torch
from torch import nn

from wganlib import models

CRITICS = [
    (models.MLPCritic(), (2,)),
    (models.ConvCritic(), (1, 28, 28)),
    (models.ConvCritic(4, size=(8, 20), channels=3), (3, 8, 20)),
]
GENERATORS = [
    (models.MLPGenerator(), (2,)),
    (models.ConvGenerator(), (1, 28, 28)),
    (models.ConvGenerator(width=4, size=(8, 20), channels=3), (3, 8, 20)),
]


@pytest.mark.parametrize(("critic", "shape"), CRITICS)
def test_a_critic_gives_one_score_for_each_sample(critic, shape):
    assert critic(torch.zeros(5, *shape)).shape == (5,)


@pytest.mark.parametrize(("critic", "shape"), CRITICS)
def test_a_critic_has_no_sigmoid_and_no_batch_norm(critic, shape):
    kinds = {type(m) for m in critic.modules()}
    assert not kinds & {nn.Sigmoid, nn.BatchNorm1d, nn.BatchNorm2d}


@pytest.mark.parametrize(("critic", "shape"), CRITICS)
def test_a_score_does_not_depend_on_the_rest_of_the_batch(critic, shape):
    x = torch.randn(8, *shape)
    torch.testing.assert_close(critic(x)[:3], critic(x[:3]))


def test_the_critic_for_clipping_has_batch_norm_where_the_authors_have_it():
    kinds = [type(layer).__name__ for layer in models.ConvCritic(4, batch_norm=True).layers]
    hidden = ["Conv2d", "BatchNorm2d", "LeakyReLU"]
    assert kinds == ["Conv2d", "LeakyReLU", *hidden, *hidden, "Flatten", "Linear"]


def test_it_is_a_function_of_the_image_in_evaluation_mode_alone():
    torch.manual_seed(0)
    critic, x = models.ConvCritic(4, batch_norm=True), torch.randn(8, 1, 28, 28)
    assert (critic(x)[:3] - critic(x[:3])).abs().max() > 1e-2
    critic.eval()
    torch.testing.assert_close(critic(x)[:3], critic(x[:3]))


def test_batch_norm_leaves_all_other_weights_as_they_were():
    built = []
    for batch_norm in (False, True):
        torch.manual_seed(0)
        critic = models.ConvCritic(4, batch_norm=batch_norm)
        built.append([p for p in critic.parameters() if p.ndim > 1])
    assert all(torch.equal(*pair) for pair in zip(*built, strict=True))


@pytest.mark.parametrize(("generator", "shape"), GENERATORS)
def test_a_generator_makes_samples_of_the_data_s_shape(generator, shape):
    rng = torch.Generator().manual_seed(0)
    latent = generator.sample_latent(5, rng)
    assert latent.shape == (5, generator.latent_dim)
    assert generator(latent).shape == (5, *shape)


def test_generated_pixels_stay_in_range():
    generator = models.ConvGenerator(latent_dim=7, width=4)
    assert generator(100 * generator.sample_latent(9)).abs().max() <= 1


@pytest.mark.parametrize(
    "network",
    [models.MLPGenerator(3, 5, width=7, depth=2), models.MLPCritic(5, width=7, depth=2),
     models.MLPGenerator(n_classes=4), models.MLPCritic(condition_dim=3, depth=0),
     models.ConvGenerator(7, 4), models.ConvCritic(4), models.ConvCritic(4, batch_norm=True),
     models.ConvGenerator(7, np.uint8(4), size=(8, 20), channels=3, condition_dim=2),
     models.ConvCritic(4, batch_norm=True, size=[20, 8], n_classes=np.int64(3))],
)  # fmt: skip
def test_a_network_can_be_built_again_from_its_arguments_in_json(network):
    again = type(network)(**json.loads(json.dumps(network.arguments)))
    shapes = {name: tensor.shape for name, tensor in network.state_dict().items()}
    assert {name: tensor.shape for name, tensor in again.state_dict().items()} == shapes
    assert again.arguments == network.arguments


def test_depth_counts_hidden_layers():
    linear = [m for m in models.MLPCritic(depth=4).modules() if isinstance(m, nn.Linear)]
    assert len(linear) == 5


def test_what_is_as_usual_is_left_out_of_the_arguments():
    usual = {"size": 28, "channels": 1, "n_classes": None, "condition_dim": None}
    assert models.ConvCritic(4, batch_norm=False, **usual).arguments == {"width": 4}
    assert models.ConvCritic(4, batch_norm=True).arguments == {"width": 4, "batch_norm": True}
    assert models.ConvGenerator(7, 4, **usual).arguments == {"latent_dim": 7, "width": 4}
    assert models.ConvGenerator(7, 4, size=(28, 28)).arguments == {"latent_dim": 7, "width": 4}
    other = models.ConvGenerator(7, 4, size=(32, 28), channels=3, n_classes=2).arguments
    assert other == {
        "latent_dim": 7, "width": 4, "size": [32, 28], "channels": 3, "n_classes": 2
    }  # fmt: skip


# --- images of any size ---------------------------------------------------------------------------


def as_stored():
    """The networks of 28×28 images, layer by layer, as the book's weights were trained in them."""
    project = nn.Linear(64, 4 * 16 * 4 * 4, bias=False)
    generator = nn.Sequential(
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1),
        nn.Tanh(),
    )
    critic = nn.Sequential(
        nn.Conv2d(1, 16, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(16, 32, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 64, 3, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(1024, 1),
    )
    return nn.ModuleDict({"project": project, "layers": generator}), nn.ModuleDict(
        {"layers": critic}
    )


def test_the_networks_of_the_book_s_digits_are_those_of_its_stored_weights():
    torch.manual_seed(0)
    stored = as_stored()
    torch.manual_seed(0)
    for network, witness in zip((models.ConvGenerator(), models.ConvCritic()), stored, strict=True):
        assert list(network.state_dict()) == list(witness.state_dict())
        assert repr(network.layers) == repr(witness["layers"])
        assert all(map(torch.equal, network.parameters(), witness.parameters()))
        assert [name for name, _ in network.named_modules()] == [
            name for name, _ in witness.named_modules()
        ]


@pytest.mark.parametrize("size", range(8, 132, 4))
def test_every_multiple_of_four_has_its_networks(size):
    generator, critic = models.ConvGenerator(3, 2, size=size), models.ConvCritic(2, size=size)
    images = generator.sample(2)
    assert images.shape == (2, 1, size, size)
    assert critic(images).shape == (2,)


@pytest.mark.parametrize(
    ("size", "sides", "widths"),
    [
        (8, [8, 4], [1]),
        (12, [12, 6, 3], [1, 2]),
        (28, [28, 14, 7, 4], [1, 2, 4]),
        (36, [36, 18, 9, 5, 3], [1, 2, 4, 8]),
        (64, [64, 32, 16, 8, 4], [1, 2, 4, 8]),
        (128, [128, 64, 32, 16, 8, 4], [1, 2, 4, 8, 8]),
        ((8, 28), [(8, 28), (4, 14), (4, 7), (4, 4)], [1, 2, 4]),
        ((60, 20), [(60, 20), (30, 10), (15, 5), (8, 3), (4, 3)], [1, 2, 4, 8]),
    ],
)
def test_each_stage_halves_both_sides_and_doubles_the_channels(size, sides, widths):
    """Both networks go through the sides and channels of the table in ConvGenerator's docstring."""
    sides = [side if isinstance(side, tuple) else (side, side) for side in sides]
    planes = [3, *(5 * width for width in widths)]
    seen = []

    def look(layer, inputs, output):
        seen.append((inputs[0].shape[1:], output.shape[1:]))

    generator = models.ConvGenerator(7, 5, size=size, channels=3)
    critic = models.ConvCritic(5, size=size, channels=3)
    for layer in [*critic.layers, *generator.layers]:
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(look)
    shapes = [(plane, *side) for plane, side in zip(planes, sides, strict=True)]
    down = list(itertools.pairwise(shapes))
    critic(torch.zeros(1, *shapes[0]))
    assert seen == down
    seen.clear()
    generator.sample(1)
    assert seen == [(small, large) for large, small in reversed(down)]


def test_every_pixel_of_an_image_counts_and_can_be_set():
    for size in (12, 28, (20, 68)):
        critic = models.ConvCritic(4, size=size).double()
        x = torch.randn(1, *critic.shape, dtype=torch.float64, requires_grad=True)
        (slope,) = torch.autograd.grad(critic(x).sum(), x)
        assert (slope != 0).all()
        images = models.ConvGenerator(4, 4, size=size).double().sample(50)
        assert (images.std(dim=0) > 0).all()


@pytest.mark.parametrize("kind", [models.ConvGenerator, models.ConvCritic])
def test_images_lie_in_memory_as_convolutions_like_them(kind):
    network = kind(width=4, size=32, channels=3, n_classes=2)
    kernels = [p for p in network.parameters() if p.ndim == 4]
    assert kernels
    assert all(p.is_contiguous(memory_format=torch.channels_last) for p in kernels)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (30, "size=30: there is no network for a side of 30 pixels.* to 28 or 32$"),
        (4, "a side of 4 pixels.* to 8$"),
        (-20, "a side of -20 pixels.* to 8$"),
        (129, "a side of 129 pixels.* to 128$"),
        (np.int64(33), "a side of 33 pixels.* to 32 or 36$"),
        ((28, 31), r"size=\(28, 31\): .* a side of 31 pixels.* to 28 or 32$"),
        *((bad, r"size=.* must be a multiple of 4 from 8 to 128, or a pair of them")
          for bad in (28.0, "28", None, True, math.nan, [], [28], (1, 28, 28), (28, None), {28})),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [models.ConvGenerator, models.ConvCritic])
def test_sizes_without_a_network_are_refused_with_the_nearest(kind, size, message):
    with pytest.raises(ValueError, match=message):
        kind(size=size)


# --- conditions -----------------------------------------------------------------------------------

IMAGES = {"size": 8, "width": 4}
CONDITIONAL = {  # name: a generator and a critic, each of points or images
    "points": (
        lambda **c: models.MLPGenerator(3, 5, width=8, **c),
        lambda **c: models.MLPCritic(5, width=8, **c),
    ),
    "a linear critic": (
        lambda **c: models.MLPGenerator(3, 5, depth=0, **c),
        lambda **c: models.MLPCritic(5, depth=0, **c),
    ),
    "images": (
        lambda **c: models.ConvGenerator(3, **IMAGES, **c),
        lambda **c: models.ConvCritic(**IMAGES, **c),
    ),
}
EACH = pytest.mark.parametrize(("make_generator", "make_critic"), CONDITIONAL.values(),
                               ids=CONDITIONAL.keys())  # fmt: skip
LABELS = torch.tensor([2, 0, 1, 2, 2, 0])


def batch_of(generator, n=6):
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(n)).to(
        next(generator.parameters()).dtype
    )


@EACH
def test_a_condition_changes_the_last_weight_of_a_critic_and_nothing_else(
    make_generator, make_critic
):
    torch.manual_seed(0)
    plain = make_critic().double()
    torch.manual_seed(0)
    critic = make_critic(n_classes=3).double()
    x = make_generator().double().sample(6)
    before = plain.layers[-1].weight.detach().clone()
    for label in range(3):
        condition = torch.full((6,), label)
        weight = critic.projection(condition)
        assert weight.shape == (6, before.shape[1])
        with torch.no_grad():
            plain.layers[-1].weight.copy_(before + weight[:1])
        torch.testing.assert_close(critic(x, condition), plain(x))


@EACH
def test_a_class_is_the_vector_with_a_one_in_its_place(make_generator, make_critic):
    for make in (make_generator, make_critic):
        classes, vectors = make(n_classes=3), make(condition_dim=3)
        vectors.load_state_dict(classes.state_dict())
        x = batch_of(classes) if make is make_generator else make_generator().sample(6)
        one_hot = nn.functional.one_hot(LABELS, 3).float()
        torch.testing.assert_close(classes(x, LABELS), vectors(x, one_hot))
        torch.testing.assert_close(classes(x, LABELS.to(torch.uint8)), classes(x, LABELS))


@EACH
def test_samples_and_scores_depend_on_the_condition_of_their_own_row(make_generator, make_critic):
    generator, critic = make_generator(n_classes=3).eval(), make_critic(n_classes=3)
    latent, others = batch_of(generator), (LABELS + 1) % 3
    x, y = generator(latent, LABELS), generator(latent, others)
    assert (x - y).flatten(1).abs().amax(dim=1).min() > 0
    mixed = torch.cat([LABELS[:3], others[3:]])
    torch.testing.assert_close(generator(latent, mixed), torch.cat([x[:3], y[3:]]))
    scores, other = critic(x, LABELS), critic(x, others)
    assert (scores - other).abs().min() > 0
    torch.testing.assert_close(critic(x, mixed), torch.cat([scores[:3], other[3:]]))


@pytest.mark.parametrize("condition", [{"n_classes": 50}, {"condition_dim": 50}])
def test_a_condition_weighs_at_the_start_what_the_rest_weighs(condition):
    """Standard deviations over some 3,000 numbers, so 10 per cent are seven standard errors."""
    torch.manual_seed(0)
    generator = models.ConvGenerator(64, 4, **condition)
    critic = models.ConvCritic(4, **condition)
    given = torch.arange(50) if "n_classes" in condition else torch.randn(50, 50)
    assert generator.embed(given).std().item() == pytest.approx(1, rel=0.1)
    last = critic.layers[-1].weight.std().item()
    assert critic.projection(given).std().item() == pytest.approx(last, rel=0.1)


@EACH
@pytest.mark.parametrize(("condition", "given"), [
    ({}, None), ({"n_classes": 3}, LABELS), ({"condition_dim": 2}, torch.zeros(6, 2))
])  # fmt: skip
def test_networks_run_under_autocast(make_generator, make_critic, condition, given):
    generator, critic = make_generator(**condition), make_critic(**condition)
    full = critic(generator.sample(6, condition=given, rng=draws()), given)
    with torch.autocast("cpu", torch.bfloat16):
        low = critic(generator.sample(6, condition=given, rng=draws()), given)
    assert not torch.equal(low.float(), full)  # something was computed in lower precision
    torch.testing.assert_close(low.float(), full, rtol=0.1, atol=0.1 * full.abs().max().item())


def draws():
    return torch.Generator().manual_seed(0)


@EACH
def test_the_networks_say_what_they_depend_on(make_generator, make_critic):
    for make in (make_generator, make_critic):
        known = [(n.n_classes, n.condition_dim)
                 for n in (make(), make(n_classes=3), make(condition_dim=2))]  # fmt: skip
        assert known == [(None, None), (3, None), (None, 2)]
        with pytest.raises(ValueError, match="n_classes=3 and condition_dim=2: give one of them"):
            make(n_classes=3, condition_dim=2)


VECTORS = torch.zeros(6, 2)
UNFIT = [
    ({}, LABELS, r"condition: this \w+ takes none; build it with n_classes= or condition_dim="),
    ({"n_classes": 3}, None, r"condition is missing for a \w+ with n_classes=3: .*\(batch,\)"),
    ({"condition_dim": 2}, None, r"condition is missing for a \w+ with condition_dim=2.*batch, 2"),
    ({"n_classes": 3}, LABELS[:5], "condition has 5 rows for a batch of 6"),
    ({"n_classes": 3}, LABELS + 1, "condition holds 3, which is no class number.* 0 to 2"),
    ({"n_classes": 3}, LABELS - 1, "condition holds -1"),
    ({"n_classes": 3}, LABELS.float(), r"condition has .*float32, .*labels.long\(\)"),
    ({"n_classes": 3}, LABELS > 0, "condition has .*bool"),
    ({"n_classes": 3}, torch.eye(3).long()[LABELS], r"shape \(6, 3\).*argmax"),
    ({"n_classes": 3}, LABELS.tolist(), "condition is a list"),
    ({"n_classes": 3}, LABELS.numpy(), "condition is a ndarray"),
    ({"n_classes": 3}, 2, "condition is a int"),
    ({"n_classes": 3}, LABELS.to("meta"), "condition lies on meta, the weights on cpu"),
    ({"condition_dim": 2}, VECTORS[:1], "condition has 1 rows for a batch of 6"),
    ({"condition_dim": 2}, torch.zeros(6, 3), r"condition has shape \(6, 3\), expected \(batch, 2"),
    ({"condition_dim": 2}, VECTORS.double(), "condition has dtype torch.float64"),
    ({"condition_dim": 2}, VECTORS.long(), "condition is a tensor of torch.int64"),
]  # fmt: skip


@EACH
@pytest.mark.parametrize(("arguments", "condition", "message"), UNFIT)
def test_conditions_that_do_not_fit_are_refused(
    make_generator, make_critic, arguments, condition, message
):
    generator = make_generator(**arguments)
    with pytest.raises(ValueError, match=message):
        generator(batch_of(generator), condition)
    with pytest.raises(ValueError, match=message):
        make_critic(**arguments)(make_generator().sample(6), condition)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: models.MLPCritic(depth=-1), "depth=-1 must be a whole number of at least 0"),
        (lambda: models.MLPCritic(width=0), "width=0"),
        (lambda: models.MLPCritic(data_dim=True), "data_dim=True"),
        (lambda: models.MLPGenerator(latent_dim=2.5), "latent_dim=2.5"),
        (lambda: models.ConvGenerator(width="16"), "width='16'"),
        (lambda: models.ConvCritic(batch_norm=1), "batch_norm is a int"),
        (lambda: models.ConvCritic(batch_norm=True, size=8), "batch_norm=True has no place at"),
        (lambda: models.ConvCritic(channels=0), "channels=0"),
        (lambda: models.ConvGenerator(channels=3.0), "channels=3.0"),
        (lambda: models.ConvGenerator(n_classes=0), "n_classes=0"),
        (lambda: models.MLPCritic(condition_dim="2"), "condition_dim='2'"),
        (lambda: models.MLPGenerator().sample_latent(0), "n=0"),
        *((build, r"would take .* GB of memory, and .* give a smaller") for build in (
            lambda: models.MLPGenerator(latent_dim=10**12),
            lambda: models.MLPGenerator(n_classes=10**13),
            lambda: models.MLPCritic(data_dim=10**18),
            lambda: models.MLPCritic(width=10**8),
            lambda: models.MLPCritic(depth=10**12, width=1),
            lambda: models.ConvGenerator(latent_dim=10**9),
            lambda: models.ConvGenerator(width=10**7),
            lambda: models.ConvCritic(channels=10**12),
            lambda: models.ConvCritic(condition_dim=10**10),
        )),
    ],
)  # fmt: skip
def test_sizes_that_build_no_network_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize(
    ("network", "batch", "message"),
    [
        (models.MLPCritic(), torch.zeros(5, 3), r"x has shape \(5, 3\), expected \(batch, 2\)"),
        (models.MLPCritic(), torch.zeros(2), r"x has shape \(2,\)"),
        (models.MLPCritic(), [[0.0, 0.0]], "x is a list, no Tensor"),
        (models.MLPGenerator(), torch.zeros(5, 2, 1, 1), r"latent has shape \(5, 2, 1, 1\)"),
        (models.ConvGenerator(), torch.zeros(5, 63), r"expected \(batch, 64\)"),
        (models.ConvCritic(), torch.zeros(5, 28, 28), r"expected \(batch, 1, 28, 28\)"),
        (models.ConvCritic(4, size=(8, 12), channels=3), torch.zeros(5, 3, 12, 8),
         r"shape \(5, 3, 12, 8\), expected \(batch, 3, 8, 12\)"),
        (models.ConvCritic(), torch.zeros(5, 1, 28, 28).byte(), "tensor of torch.uint8"),
        (models.MLPCritic(), torch.zeros(5, 2, dtype=torch.complex64), "tensor of torch.complex64"),
        (models.MLPCritic(), torch.zeros(5, 2).to_sparse(), "tensor of torch.sparse_coo"),
        (models.MLPCritic(), torch.zeros(5, 2).double(),
         r"x has dtype torch.float64, the weights have torch.float32; .*x.to\(torch.float32\)"),
        (models.MLPGenerator().double(), torch.zeros(5, 2), "the weights have torch.float64"),
        (models.ConvCritic(), torch.zeros(5, 1, 28, 28, device="meta"),
         "images lies on meta, the weights on cpu"),
    ],
)  # fmt: skip
def test_batches_unlike_the_network_are_refused(network, batch, message):
    with pytest.raises(ValueError, match=message):
        network(batch)

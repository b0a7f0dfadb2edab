"""Networks: shapes, what a critic must not contain, independence of samples."""

import pytest
import torch
from torch import nn

from wganlib import models

CRITICS = [(models.MLPCritic(), (2,)), (models.ConvCritic(), (1, 28, 28))]
GENERATORS = [(models.MLPGenerator(), (2,)), (models.ConvGenerator(), (1, 28, 28))]


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
     models.ConvGenerator(7, 4), models.ConvCritic(4), models.ConvCritic(4, batch_norm=True)],
)  # fmt: skip
def test_a_network_can_be_built_again_from_its_arguments(network):
    again = type(network)(**network.arguments)
    shapes = [p.shape for p in network.parameters()]
    assert [p.shape for p in again.parameters()] == shapes


def test_depth_counts_hidden_layers():
    linear = [m for m in models.MLPCritic(depth=4).modules() if isinstance(m, nn.Linear)]
    assert len(linear) == 5


def test_only_a_critic_with_batch_norm_says_so_in_its_arguments():
    assert models.ConvCritic(4).arguments == {"width": 4}
    assert models.ConvCritic(4, batch_norm=True).arguments == {"width": 4, "batch_norm": True}


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: models.MLPCritic(depth=-1), "depth=-1 must be a whole number of at least 0"),
        (lambda: models.MLPCritic(width=0), "width=0"),
        (lambda: models.MLPCritic(data_dim=True), "data_dim=True"),
        (lambda: models.MLPGenerator(latent_dim=2.5), "latent_dim=2.5"),
        (lambda: models.ConvGenerator(width="16"), "width='16'"),
        (lambda: models.ConvCritic(batch_norm=1), "batch_norm is a int"),
        (lambda: models.MLPGenerator().sample_latent(0), "n=0"),
    ],
)
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
    ],
)
def test_batches_of_another_shape_are_refused(network, batch, message):
    with pytest.raises(ValueError, match=message):
        network(batch)

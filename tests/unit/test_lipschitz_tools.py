"""Spectral norm and the Lipschitz meter against critics whose constants are known."""

import pytest
import torch
from torch import nn

from wganlib.lipschitz import gradient_norms, lipschitz_meter, spectral_norm_
from wganlib.models import ConvCritic, MLPCritic


def linear(slope):
    """Score 3/5 x + 4/5 y times the slope: a critic whose gradient has that length everywhere."""
    return lambda x: slope * (0.6 * x.flatten(1)[:, 0] + 0.8 * x.flatten(1)[:, 1])


def points(n=64, shape=(2,), seed=0):
    return torch.randn(n, *shape, generator=torch.Generator().manual_seed(seed))


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def critic(seed=0, **sizes):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return MLPCritic(**sizes)


def test_each_normalised_matrix_has_largest_singular_value_one():
    network = spectral_norm_(critic(width=32))
    network(points())  # one more power iteration
    for layer in network.layers:
        if isinstance(layer, nn.Linear):
            largest = torch.linalg.matrix_norm(layer.weight, ord=2).item()
            assert largest == pytest.approx(1, abs=0.02)  # 15 iterations leave about a percent


def test_a_converged_normalised_critic_is_1_lipschitz_everywhere():
    network = spectral_norm_(critic(width=32))
    for _ in range(300):  # power iterations; the weights do not move
        network(points())
    network.eval()
    reading = lipschitz_meter(network, points(512), 3 * points(512, seed=1), rng=rng())
    assert 0 < reading.constant < 1 + 1e-5


def test_scaling_the_free_weights_changes_nothing():
    small, large = critic(width=16), critic(width=16)
    with torch.no_grad():
        for layer in large.layers[::2]:
            layer.weight.mul_(7)
    outputs = [spectral_norm_(network).eval()(points()) for network in (small, large)]
    torch.testing.assert_close(*outputs)


def test_normalising_is_repeatable_and_leaves_the_global_random_state_alone():
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    first, second = (spectral_norm_(critic(width=16)).eval()(points()) for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(before, torch.random.get_rng_state())


def test_convolutions_are_normalised_too():
    network = spectral_norm_(ConvCritic(width=2))
    network(points(2, (1, 28, 28)))
    kernel = network.layers[2].weight.flatten(1)
    assert torch.linalg.matrix_norm(kernel, ord=2).item() == pytest.approx(1, abs=0.05)


def test_a_gradient_reaches_the_free_weights():
    network = spectral_norm_(critic(width=16))
    network(points()).sum().backward()
    free = network.layers[0].parametrizations.weight.original
    assert free.grad.abs().sum() > 0


def test_a_critic_without_layers_and_a_second_call_are_refused():
    with pytest.raises(ValueError, match="no linear or convolutional layer"):
        spectral_norm_(nn.Sequential(nn.ReLU()))
    network = spectral_norm_(critic(width=8))
    with pytest.raises(ValueError, match="normalised already"):
        spectral_norm_(network)


@pytest.mark.parametrize("slope", [0.0, 0.5, 3.0])
@pytest.mark.parametrize("shape", [(2,), (1, 4, 4)])
def test_the_meter_reads_a_linear_critics_slope_everywhere(slope, shape):
    real, fake = points(shape=shape), points(shape=shape, seed=1)
    reading = lipschitz_meter(linear(slope), real, fake, rng=rng())
    for name in ("real", "fake", "mixed", "far"):
        torch.testing.assert_close(getattr(reading, name), torch.full((64,), slope))
    assert slope / 4 <= reading.largest_slope <= slope * (1 + 1e-4)
    assert reading.constant == pytest.approx(slope, rel=1e-4)


def test_the_meter_reads_each_norm_at_its_own_points():
    real, fake = torch.full((8, 1), 3.0), torch.full((8, 1), -1.0)  # f = x^2 has slope |2x|
    reading = lipschitz_meter(lambda x: x[:, 0] ** 2, real, fake, rng=rng())
    assert reading.real.tolist() == [6.0] * 8
    assert reading.fake.tolist() == [2.0] * 8
    assert reading.mixed.max() < 6
    # The mean is 1, so x = 1 + u goes to 1 + 3u: slopes up to |2 + 6u| with |u| < 2.
    mixed = torch.rand(8, generator=rng()) * 4 - 1
    expected = (2 + 6 * (mixed - 1)).abs().sort().values
    torch.testing.assert_close(reading.far.sort().values, expected)


def test_the_steepest_slope_decides_the_constant():
    kink = lipschitz_meter(lambda x: 5 * x[:, 0].relu(), points(), points(seed=1), rng=rng())
    assert kink.constant == pytest.approx(5)
    jump = lipschitz_meter(lambda x: x[:, 0].sign(), points(), points(seed=1), rng=rng())
    assert jump.constant == jump.largest_slope > 1  # no gradient sees a jump, a pair does


def test_every_reading_is_a_lower_bound():
    network = critic(width=32)
    bound = 1.0
    for layer in network.layers[::2]:
        bound *= torch.linalg.matrix_norm(layer.weight, ord=2).item()
    assert 0 < lipschitz_meter(network, points(), points(seed=1), rng=rng()).constant < bound


def test_the_meter_repeats_itself_and_changes_no_weight():
    network = critic(width=16)
    before = [p.clone() for p in network.parameters()]
    first, second = (
        lipschitz_meter(network, points(), points(seed=1), rng=rng(5)) for _ in range(2)
    )
    assert torch.equal(first.mixed, second.mixed)
    assert first.largest_slope == second.largest_slope
    assert all(
        torch.equal(p, q) and p.grad is None
        for p, q in zip(network.parameters(), before, strict=True)
    )


def test_the_meter_agrees_with_gradient_norms():
    network = critic(width=16)
    reading = lipschitz_meter(network, points(), points(seed=1), rng=rng())
    torch.testing.assert_close(reading.real, gradient_norms(network, points()))


def test_coinciding_points_have_no_slope_and_unequal_batches_are_refused():
    same = torch.zeros(4, 2)
    assert lipschitz_meter(linear(2.0), same, same, rng=rng()).largest_slope == 0
    with pytest.raises(ValueError, match=r"real has shape \(4, 2\) and fake \(3, 2\)"):
        lipschitz_meter(linear(1.0), same, same[:3], rng=rng())

"""The experiments on known and on exact distances come out again, and their tables are whole."""

import pytest
import torch

from wganlib import transport
from wganlib.runs import ch13_funnels, ch13_patches, tables
from wganlib.runs.tables import chosen


def test_every_critic_of_funnels_was_trained_from_every_seed():
    rows = tables.stored("ch13-funnels")
    looks = {(row["method"], row["d"], row["seed"], row["step"]) for row in rows}
    kinds = len(ch13_funnels.METHODS) * len(ch13_funnels.DIMENSIONS) * len(ch13_funnels.SEEDS)
    assert len(looks) == len(rows) == kinds * len(ch13_funnels.LOOKS)


@pytest.mark.parametrize("name", ch13_funnels.METHODS)
def test_a_short_training_on_funnels_comes_out_again(name):
    again = ch13_funnels.watch(name, 2, 0, n_steps=ch13_funnels.EARLY)
    stored = chosen(tables.stored("ch13-funnels", "early"), method=name)
    assert [row["step"] for row in again] == stored["step"].tolist()
    for column in ("w1", "estimate", "cosine_at_fakes", "error_on_rays"):
        values = [row[column] for row in again]
        assert values == pytest.approx(stored[column].tolist(), abs=0.01), column


@pytest.mark.parametrize("dimension", ch13_funnels.DIMENSIONS)
def test_points_slide_down_their_rays_and_stay_in_the_box(dimension):
    law = ch13_funnels.law(dimension)
    real = ch13_funnels.uniform(200, dimension, torch.Generator().manual_seed(5))
    fake = law.moved(real)
    way = (real - fake).norm(dim=1)
    assert fake.abs().max() <= ch13_funnels.HALF
    torch.testing.assert_close(law(real) - law(fake), way)
    assert transport.exact_w1(real, fake) == pytest.approx(way.mean().item(), rel=1e-12)


def test_the_gradient_of_funnels_is_that_of_their_potential():
    law = ch13_funnels.law(16)
    x = ch13_funnels.uniform(50, 16, torch.Generator().manual_seed(1)).requires_grad_()
    (slope,) = torch.autograd.grad(law(x).sum(), x)
    torch.testing.assert_close(law.gradient(x.detach()), slope)


def test_the_end_of_a_ray_is_level_with_the_next_funnel_or_in_the_wall():
    law = ch13_funnels.law(2)
    real = ch13_funnels.uniform(500, 2, torch.Generator().manual_seed(2))
    end = law.tips(real) + law.reach(real)[:, None] * law.gradient(real)
    lowest, next_one = law.cones(end).sort(dim=1).values.T[:2]
    level = (next_one - lowest).abs() < 1e-9
    wall = (end.abs().amax(dim=1) - ch13_funnels.HALF).abs() < 1e-9
    assert (level | wall).all()
    assert level.any()
    assert wall.any()


@pytest.mark.parametrize("name", [n for n in ch13_funnels.METHODS if "norm" in n])
def test_a_bounded_critic_of_funnels_is_never_steeper_than_one(name):
    critic = ch13_funnels.critic_for(name, 16, 0).eval()
    x = ch13_funnels.uniform(500, 16, torch.Generator().manual_seed(3))
    assert ch13_funnels.slopes(critic, x).norm(dim=1).max() < 1 + 1e-4  # 15 power iterations


def test_sorting_keeps_all_numbers_and_orders_each_group():
    sort = ch13_funnels.GroupSort(2)
    x = torch.tensor([[3.0, 1.0, 2.0, 4.0]])
    assert sort(x).tolist() == [[1.0, 3.0, 2.0, 4.0]]


def test_every_set_of_pictures_was_measured_from_every_seed():
    rows = tables.stored("ch13-patches")
    sets = {(row["pictures"], row["seed"]) for row in rows}
    assert len(rows) == len(sets) == (len(ch13_patches.CUTS) + 3) * len(ch13_patches.SEEDS)


@pytest.mark.usefixtures("mnist_train")
@pytest.mark.parametrize("name", ch13_patches.CUTS)
def test_a_short_start_of_pictures_comes_out_again(name):
    pictures = ch13_patches.fit(name, 0, n_steps=ch13_patches.EARLY)
    (stored,) = chosen(tables.stored("ch13-patches", "early"), minimised=name)
    assert ch13_patches.sharpness(pictures) == pytest.approx(stored["sharpness"], abs=1e-4)


def test_the_gradient_of_exact_w1_is_that_of_small_moves():
    rng = torch.Generator().manual_seed(0)
    fake, real = (torch.randn(n, 3, generator=rng, dtype=torch.float64) for n in (4, 9))
    _, slope = ch13_patches.w1(fake, real)
    step = torch.zeros_like(fake)
    step[1, 2] = 1e-6
    ends = [transport.exact_w1(fake + sign * step, real) for sign in (1, -1)]
    assert (ends[0] - ends[1]) / 2e-6 == pytest.approx(slope[1, 2].item(), abs=1e-6)


def test_patches_are_cut_by_place_or_from_anywhere():
    picture = torch.arange(2 * 28 * 28.0).reshape(2, 1, 28, 28)
    assert ch13_patches.CUTS["whole pictures"].laws(picture).shape == (1, 2, 784)
    assert ch13_patches.CUTS["14 by place"].laws(picture).shape == (9, 2, 196)
    assert ch13_patches.CUTS["7 anywhere"].laws(picture).shape == (1, 64 * 2, 49)
    first = ch13_patches.CUTS["7 by place"].laws(picture)[0, 0].reshape(7, 7)
    assert torch.equal(first, picture[0, 0, :7, :7])


def test_sharpness_is_the_mean_step_between_neighbours():
    stripes = torch.zeros(1, 1, 4, 4)
    stripes[..., ::2] = 1.0
    assert ch13_patches.sharpness(stripes) == pytest.approx(0.5)

"""Images on a device: what the record refuses, how it is drawn, and the scale of its pixels."""

import dataclasses

import numpy as np
import pytest
import torch

from wganlib.data import Images, scale_pixels, source


def colours(n=6, shape=(3, 8, 12)):
    rng = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, *shape), generator=rng, dtype=torch.uint8)


def test_colour_pictures_that_are_not_square_are_drawn_and_scaled():
    pictures = Images(pixels=colours(), source="noise")
    batch = pictures.batch(20, rng=torch.Generator().manual_seed(1))
    index = torch.randint(6, (20,), generator=torch.Generator().manual_seed(1))
    assert torch.equal(batch, pictures.pixels[index].float() / 127.5 - 1)
    assert (len(pictures), pictures.labels, pictures.classes) == (6, None, ())


def test_images_without_labels_move_too():
    moved = Images(pixels=colours(), source="noise").to("meta")
    assert (moved.pixels.device.type, moved.labels) == ("meta", None)


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((2, 1, 8, 8), np.uint8), r"pixels is a ndarray.*from_numpy"),
        (None, "pixels is a NoneType"),
        (torch.zeros(2, 1, 8, 8), r"float32.*round\(\)\.to\(torch\.uint8\)"),
        (colours().long(), "int64"),
        (colours()[0], r"\(3, 8, 12\).*x\[:, None\]"),
        (colours().flatten(1), r"\(6, 288\)"),
        (colours()[:0], r"\(0, 3, 8, 12\).*at least one"),
        (colours(shape=(3, 0, 12)), r"\(6, 3, 0, 12\)"),
    ],
)
def test_pixels_that_are_none_are_refused_by_name(pixels, message):
    with pytest.raises(ValueError, match=message):
        Images(pixels=pixels, source="noise")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1, 2, 3, 4, 5], "labels is a list"),
        (torch.zeros(6), r"float32.*labels\.long\(\)"),
        (torch.zeros(6, dtype=torch.int32), "int32"),
        (torch.zeros(5, dtype=torch.int64), r"\(5,\), expected \(6,\)"),
        (torch.zeros(6, 1, dtype=torch.int64), r"\(6, 1\), expected \(6,\)"),
        (torch.zeros(6, dtype=torch.int64, device="meta"), "labels lie on meta, pixels on cpu"),
    ],
)
def test_labels_that_do_not_fit_are_refused_by_name(labels, message):
    with pytest.raises(ValueError, match=message):
        Images(pixels=colours(), labels=labels, source="noise")
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(Images(pixels=colours(), source="noise"), labels=labels)


@pytest.mark.parametrize("n", [10**15, 2**62])
def test_a_batch_that_no_memory_holds_is_refused_before_it_is_drawn(n):
    images = Images(pixels=colours(), source="noise")
    for draw in (images.batch, source(images, batch_size=2).batch):
        with pytest.raises(ValueError, match=rf"n={n} samples would take .* GB .*draw fewer"):
            draw(n, rng=torch.Generator())


@pytest.mark.parametrize("n", [0, -1, 2.5, None])
def test_a_batch_has_at_least_one_image(n):
    with pytest.raises(ValueError, match=f"n={n}"):
        Images(pixels=colours(), source="noise").batch(n)


@pytest.mark.parametrize(
    ("rng", "message"),
    [
        (3, r"rng is a int, .*torch\.Generator\('cpu'\)"),
        (np.random.default_rng(0), "rng is a numpy.*no torch"),
    ],
)
def test_a_batch_needs_pytorch_s_random_numbers(rng, message):
    with pytest.raises(ValueError, match=message):
        Images(pixels=colours(), source="noise").batch(3, rng=rng)


def test_random_numbers_of_another_device_are_refused():
    elsewhere = Images(pixels=colours(), source="noise").to("meta")
    with pytest.raises(ValueError, match="rng draws on cpu, the images lie on meta"):
        elsewhere.batch(3, rng=torch.Generator())


def test_a_device_that_is_none_is_refused_by_name():
    with pytest.raises(ValueError, match="device='gpu' cannot be used"):
        Images(pixels=colours(), source="noise").to("gpu")


@pytest.mark.parametrize("again", [scale_pixels(colours()), colours().long(), [0, 255]])
def test_pixels_are_scaled_once(again):
    with pytest.raises(ValueError, match="pixels"):
        scale_pixels(again)

"""Pictures of samples: a grid or a folder, whole or not at all."""

import numpy as np
import pytest
import torch
from PIL import Image

from wganlib.data import Images, scale_pixels
from wganlib.images import load_images, save_images

PIXELS = torch.randint(
    0, 256, (6, 3, 8, 12), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
)


def read(path):
    with Image.open(path) as picture:
        return picture.copy()


def cells(path, columns, n=6, height=8, width=12):
    """The pictures of a grid, each with two pixels of white around it."""
    grid = np.atleast_3d(np.asarray(read(path)))
    corners = [(i // columns * (height + 2) + 2, i % columns * (width + 2) + 2) for i in range(n)]
    return torch.stack(
        [torch.tensor(grid[y : y + height, x : x + width]).permute(2, 0, 1) for y, x in corners]
    )


@pytest.mark.parametrize(
    "images",
    [
        PIXELS,
        PIXELS.numpy(),
        PIXELS.permute(0, 2, 3, 1).numpy(),
        Images(pixels=PIXELS, source="noise"),
        scale_pixels(PIXELS),
        scale_pixels(PIXELS).double().numpy(),
        scale_pixels(PIXELS).requires_grad_(),
        scale_pixels(PIXELS) * 1.001,  # rounding beyond the range, less than half a level
    ],
)
def test_a_name_of_a_picture_becomes_a_grid(images, tmp_path):
    save_images(tmp_path / "samples.png", images)
    assert torch.equal(cells(tmp_path / "samples.png", 3), PIXELS)
    save_images(str(tmp_path / "new" / "wide.PNG"), images, columns=4)
    assert torch.equal(cells(tmp_path / "new" / "wide.PNG", 4), PIXELS)
    assert read(tmp_path / "new" / "wide.PNG").size == (4 * 14 + 2, 2 * 10 + 2)


def test_another_name_becomes_a_folder_that_load_images_reads(tmp_path):
    save_images(tmp_path / "samples", scale_pixels(PIXELS))
    names = sorted(path.name for path in (tmp_path / "samples").iterdir())
    assert names == [f"{i:05d}.png" for i in range(6)]
    assert torch.equal(load_images(tmp_path / "samples").pixels, PIXELS)


def test_grey_pictures_stay_grey(tmp_path):
    for images in (PIXELS[:, :1], PIXELS[:, 0]):
        save_images(tmp_path / "grid.png", images)
        assert read(tmp_path / "grid.png").mode == "L"
        assert torch.equal(cells(tmp_path / "grid.png", 3), PIXELS[:, :1])
        save_images(tmp_path / "each", images)
        assert torch.equal(load_images(tmp_path / "each").pixels, PIXELS[:, :1])


def test_one_sample_is_one_picture(tmp_path):
    save_images(tmp_path / "one.png", PIXELS[:1])
    assert read(tmp_path / "one.png").size == (12, 8)
    save_images(tmp_path / "grey.png", PIXELS[:1, 0])
    assert read(tmp_path / "grey.png").size == (12, 8)


def test_other_formats_are_written_too(tmp_path):
    for name in ("a.jpg", "a.webp", "a.bmp", "a.gif", "a.tiff"):
        save_images(tmp_path / name, PIXELS)
        assert read(tmp_path / name).size == (3 * 14 + 2, 2 * 10 + 2)


def test_a_folder_of_ours_is_replaced_as_a_whole(tmp_path):
    save_images(tmp_path / "samples", PIXELS)
    save_images(tmp_path / "samples", PIXELS[:2])
    assert len(load_images(tmp_path / "samples")) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["samples"]


@pytest.mark.parametrize("name", ["holiday.txt", "00007.png", "00008.png"])
def test_nothing_that_others_have_put_into_a_folder_is_replaced(tmp_path, name):
    save_images(tmp_path / "samples", PIXELS)
    if name == "00008.png":
        (tmp_path / "samples" / name).write_text("no picture")
    else:
        Image.new("L", (8, 8)).save(tmp_path / "samples" / name, format="png")
    with pytest.raises(ValueError, match=rf"holds {name}, .*a new folder"):
        save_images(tmp_path / "samples", PIXELS)
    assert len(list((tmp_path / "samples").iterdir())) == 7


def test_a_picture_of_ours_that_was_given_a_name_is_kept(tmp_path):
    save_images(tmp_path / "samples", PIXELS)
    (tmp_path / "samples" / "00003.png").rename(tmp_path / "samples" / "best.png")
    with pytest.raises(ValueError, match=r"holds best\.png, .*a new folder"):
        save_images(tmp_path / "samples", PIXELS)


def test_a_tilde_is_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    save_images("~/samples.png", PIXELS)
    assert (tmp_path / "samples.png").is_file()


@pytest.mark.parametrize("name", ["samples.png", "samples"])
def test_what_fails_half_way_leaves_the_old_pictures_alone(tmp_path, monkeypatch, name):
    save_images(tmp_path / name, PIXELS)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.png")}
    save, calls = Image.Image.save, []

    def failing(picture, place, **options):
        calls.append(place)
        save(picture, place, **options)
        if len(calls) == (1 if name.endswith("png") else 3):
            raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", failing)
    with pytest.raises(KeyboardInterrupt):
        save_images(tmp_path / name, PIXELS.flip(0))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.png")} == before
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_floats_that_fill_zero_to_one_are_written_with_a_warning(tmp_path):
    with pytest.warns(UserWarning, match=r"images holds .* give 2 \* x - 1") as warned:
        save_images(tmp_path / "samples.png", PIXELS / 255)
    assert warned[0].filename == __file__


REFUSED = {
    "beyond": (PIXELS.float(), r"images range from 0 to 255, expected \[-1, 1\]: .*clamp"),
    "far below": (PIXELS / 127.5 - 3, "images range from -3 to -1"),
    "NaN": (torch.full((2, 1, 8, 8), torch.nan), "images holds 128 values that are NaN"),
    "whole numbers": (PIXELS.long(), r"images has dtype torch\.int64: .*uint8"),
    "complex": (PIXELS + 0j, "images is complex"),
    "text": ("samples", "images holds text"),
    "nothing": (None, "images holds Python objects"),
    "empty": (PIXELS[:0], r"images has shape \(0, 3, 8, 12\), without any"),
    "ambiguous": (PIXELS[0], r"shape \(3, 8, 12\): give images\[None\] .* images\[:, None\]"),
    "ambiguous floats": (scale_pixels(PIXELS[0]), r"images\[None\]"),
    "flat": (scale_pixels(PIXELS).flatten(1), r"shape \(6, 288\); pixels have shape \(n, ch"),
    "two channels": (PIXELS[:, :2], r"shape \(6, 2, 8, 12\): a picture has 1 channel"),
}


@pytest.mark.parametrize(("images", "message"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("name", ["samples.png", "samples"])
def test_what_is_no_picture_is_refused_with_the_way_out(tmp_path, name, images, message):
    with pytest.raises(ValueError, match=message):
        save_images(tmp_path / name, images)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        ("samples.txt", {}, r"samples\.txt' does not end as a picture's name: end it in \.png"),
        ("samples.jpgg", {}, r"samples\.jpgg' does not end"),
        ("samples.png", {"columns": 0}, "columns=0"),
        ("samples.png", {"columns": 2.5}, r"columns=2\.5"),
        (None, {}, "path=None is no path"),
        (3, {}, "path=3 is no path"),
        ("a\0.png", {}, "is no path"),
        ("", {}, "path='' is no path"),
    ],
)
def test_a_name_that_is_none_is_refused(tmp_path, monkeypatch, path, options, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        save_images(path, PIXELS, **options)
    assert not list(tmp_path.iterdir())


def test_a_file_is_not_taken_for_a_folder(tmp_path):
    (tmp_path / "README").write_text("words")
    with pytest.raises(ValueError, match=r"README' does not end as .*where no file is"):
        save_images(tmp_path / "README", PIXELS)
    assert (tmp_path / "README").read_text() == "words"


def test_a_format_that_cannot_hold_the_picture_is_named(tmp_path):
    clear = torch.cat([PIXELS, PIXELS[:, :1]], dim=1)
    save_images(tmp_path / "clear.png", clear)
    with pytest.raises(ValueError, match=r"clear\.jpg'.*mode RGBA .*end it in \.png"):
        save_images(tmp_path / "clear.jpg", clear)

"""Pictures from folders and data sets of every kind."""

import re
import reprlib
import types
import warnings

import numpy as np
import psutil
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset
from torchvision import transforms
from torchvision.datasets import CIFAR10, ImageFolder

from tests.unit.formats import cifar10
from wganlib.images import load_images


def noise(height, width, *, seed=0, channels=3):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, channels)[: 2 + (channels > 1)], dtype=np.uint8)


MIXED = [  # mode, height, width, suffix
    ("RGB", 40, 32, ".png"), ("L", 64, 64, ".PNG"), ("RGBA", 33, 50, ".webp"), ("P", 9, 70, ".gif"),
    ("1", 32, 32, ".bmp"), ("CMYK", 50, 51, ".jpg"), ("LA", 32, 40, ".png"),
    ("LAB", 20, 20, ".tif"), ("YCbCr", 30, 20, ".JPEG"), ("L", 8, 8, ".pgm"),
]  # fmt: skip


@pytest.fixture
def mixed(tmp_path):
    """Two classes of pictures of mixed sizes and modes, and files that are none."""
    folder = tmp_path / "zoo"
    for name in ("dog", "cat"):
        (folder / name / "deeper").mkdir(parents=True)
        for number, (mode, height, width, suffix) in enumerate(MIXED):
            picture = Image.fromarray(noise(height, width, seed=number))
            if mode == "LAB":  # Pillow makes one only with a colour profile
                picture = Image.merge("LAB", picture.split())
            place = folder / name / ("deeper" if number % 2 else "") / f"{number}{suffix}"
            (picture if mode == "LAB" else picture.convert(mode)).save(place)
    for other in ("notes.txt", ".hidden.png", "cat/labels.csv"):
        (folder / other).write_text("no picture")
    (folder / ".thumbnails").mkdir()
    (folder / ".thumbnails" / "0.png").write_text("no picture")
    (folder / "empty").mkdir()
    return folder


def folder_of(tmp_path, pictures):
    """A folder with the pictures of a list, in their order."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, picture in enumerate(pictures):
        picture = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
        picture.save(folder / f"{number:03d}.png")
    return folder


def planes(picture):
    """An array (height, width, channels) or (height, width) as a tensor with channels first."""
    return torch.from_numpy(np.atleast_3d(picture)).permute(2, 0, 1)


# --- folders --------------------------------------------------------------------------------------


def test_a_folder_of_mixed_pictures_becomes_images_of_one_size_with_classes(mixed):
    images = load_images(mixed, size=32)
    assert images.pixels.shape == (20, 3, 32, 32)
    assert images.labels.tolist() == [0] * 10 + [1] * 10
    assert images.classes == ("cat", "dog")
    assert images.source == "zoo: 20 pictures, 3 other files skipped"
    assert load_images(str(mixed), size=(8, 12), channels=1).pixels.shape == (20, 1, 8, 12)


def test_pictures_of_one_size_are_taken_as_they_are(tmp_path):
    pictures = [noise(9, 7, seed=seed) for seed in range(3)]
    images = load_images(folder_of(tmp_path, pictures))
    assert torch.equal(images.pixels, torch.stack([planes(p) for p in pictures]))
    assert (images.labels, images.classes) == (None, ())


def test_a_folder_in_the_home_is_found(tmp_path, monkeypatch):
    folder_of(tmp_path, [noise(9, 7)])
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(load_images("~/pictures")) == 1


def test_the_middle_is_cut_out_in_the_proportions_that_are_asked_for(tmp_path):
    stripes = np.zeros((30, 90, 3), np.uint8)
    stripes[:, 30:60] = (10, 200, 30)
    wide = load_images(folder_of(tmp_path, [stripes]), size=30)
    assert (wide.pixels == torch.tensor([10, 200, 30], dtype=torch.uint8)[:, None, None]).all()
    tall = load_images([stripes.transpose(1, 0, 2)], size=(15, 15))
    assert (tall.pixels == torch.tensor([10, 200, 30], dtype=torch.uint8)[:, None, None]).all()


@pytest.mark.parametrize("kind", [Image.fromarray, planes, lambda p: planes(p) / 255])
def test_pictures_are_made_smaller_without_aliasing(kind):
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    pixels = load_images([kind(board)], size=8).pixels
    assert (pixels.float() - 127.5).abs().max() < 8  # without a filter, 127.5: black or white


def test_a_large_jpeg_looks_the_same_as_if_it_were_decoded_in_full(tmp_path):
    blocks = np.kron(noise(50, 60, channels=1), np.ones((16, 16), np.uint8))
    picture = Image.fromarray(blocks)
    picture.save(tmp_path / "blocks.jpg", quality=95)
    found = load_images(tmp_path, size=(100, 120)).pixels.float()
    right = load_images([picture], size=(100, 120)).pixels.float()
    assert (found - right).abs().mean() <= 3  # JPEG's own error at this quality; 30 if too small


def test_grey_pictures_are_grey_and_among_rgb_become_rgb(tmp_path):
    grey, rgb = noise(8, 8, channels=1), noise(8, 8)
    folder = folder_of(tmp_path, [grey, grey])
    assert torch.equal(load_images(folder).pixels, torch.stack([planes(grey)] * 2))
    assert torch.equal(load_images(folder, channels=3).pixels[0], planes(grey).expand(3, 8, 8))
    Image.fromarray(rgb).save(folder / "002.png")
    both = load_images(folder).pixels
    assert torch.equal(both, torch.stack([*[planes(grey).expand(3, 8, 8)] * 2, planes(rgb)]))
    assert load_images(folder, channels=1).pixels.shape == (3, 1, 8, 8)


def test_what_is_transparent_is_white(tmp_path):
    clear = np.dstack([noise(8, 8), np.zeros((8, 8), np.uint8)])
    paletted = Image.fromarray(noise(8, 8)).quantize(4)
    paletted.info["transparency"] = bytes(4)
    for picture in (clear, Image.fromarray(clear).convert("LA"), paletted):
        (tmp_path / "pictures").mkdir(exist_ok=True)
        (Image.fromarray(picture) if picture is clear else picture).save(
            tmp_path / "pictures" / "0.png"
        )
        assert (load_images(tmp_path / "pictures").pixels == 255).all()


def test_a_camera_s_orientation_is_obeyed(tmp_path):
    picture, exif = Image.fromarray(noise(8, 16)), Image.Exif()
    exif[0x0112] = 6  # turn by a quarter, clockwise
    picture.save(tmp_path / "turned.png", exif=exif)
    turned = np.rot90(noise(8, 16), -1).copy()
    assert torch.equal(load_images(tmp_path).pixels[0], planes(turned))


def test_sixteen_bits_are_rounded_to_eight(tmp_path):
    deep = np.array([[0, 256, 65535], [257, 12850, 32896]], np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert load_images(tmp_path).pixels.tolist() == [[[[0, 1, 255], [1, 50, 128]]]]


def test_a_film_is_its_first_picture(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    assert load_images(tmp_path).pixels[0, :, 0, 0].tolist() == [255, 0, 0]


def test_some_pictures_are_taken_evenly_from_all_classes(mixed):
    some = load_images(mixed, size=8, n=4)
    assert some.labels.tolist() == [0, 0, 1, 1]
    assert torch.equal(some.pixels, load_images(mixed, size=8).pixels[[0, 5, 10, 15]])
    assert some.source == "zoo: 4 pictures, 3 other files skipped"


def test_links_are_followed_once(mixed, tmp_path):
    (mixed / "cat" / "back").symlink_to(mixed, target_is_directory=True)
    (mixed / "dog" / "twin").symlink_to(mixed / "dog" / "deeper", target_is_directory=True)
    assert len(load_images(mixed, size=8)) == 20
    (tmp_path / "elsewhere").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "elsewhere" / "0.png")
    (mixed / "fox").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert load_images(mixed, size=8).classes == ("cat", "dog", "fox")


def test_every_damaged_picture_is_named(mixed):
    whole = (mixed / "dog" / "0.png").read_bytes()
    (mixed / "dog" / "0.png").write_bytes(whole[: len(whole) // 2])
    (mixed / "cat" / "4.bmp").write_bytes(b"")
    (mixed / "cat" / "page.jpg").write_text("<html>")
    Image.fromarray(np.ones((4, 4), np.float32)).save(mixed / "cat" / "deeper" / "floats.tif")
    with pytest.raises(ValueError, match=r"^4 of the pictures cannot be read") as error:
        load_images(mixed, size=8)
    for name in ("dog/0.png", "cat/4.bmp", "cat/page.jpg", "floats.tif (.*mode F)", "remove"):
        assert error.match(name)


def test_many_damaged_pictures_are_not_all_waited_for(tmp_path):
    for number in range(60):
        (tmp_path / f"{number:02d}.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"^20 of the pictures cannot.*00\.png.*and 15 more"):
        load_images(tmp_path)


def test_sizes_that_differ_are_listed_with_the_way_out(mixed):
    with pytest.raises(ValueError, match=r"10 sizes.*32 × 32 \(2\).*…: .*size=32.*multiples of 4"):
        load_images(mixed)


def test_pictures_next_to_classes_are_refused_by_name(mixed):
    Image.new("L", (8, 8)).save(mixed / "lone.png")
    with pytest.raises(ValueError, match=r"zoo holds pictures itself, such as lone\.png, .*cat"):
        load_images(mixed, size=8)


def test_memory_is_asked_about_before_it_is_taken(mixed, monkeypatch):
    with pytest.raises(ValueError, match=r"20 pictures of .*GiB.*give a smaller size=, or .*n="):
        load_images(mixed, size=500_000)  # one such picture would be a tebibyte
    memory = types.SimpleNamespace(available=2 * 20 * 3 * 64)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    assert len(load_images(mixed, size=8)) == 20
    memory.available -= 1
    with pytest.raises(ValueError, match=r"20 pictures of \(3, 8, 8\) need 7\.5 KiB"):
        load_images(mixed, size=8)
    assert len(load_images(mixed, size=8, n=19)) == 19


@pytest.mark.parametrize(
    ("files", "message"),
    [([], r"\(nothing\)"), (["a.heic", "b.heic", "c.txt"], r"\(2 × \.heic, 1 × \.txt\)")],
)
def test_a_folder_without_pictures_says_what_it_holds(tmp_path, files, message):
    for name in files:
        (tmp_path / name).write_text("no picture")
    with pytest.raises(ValueError, match=f"no pictures in .*{message}"):
        load_images(tmp_path)


def test_a_folder_that_is_none_is_named(tmp_path):
    (tmp_path / "archive.zip").write_text("no folder")
    with pytest.raises(ValueError, match=r"archive\.zip' is a file: give a folder"):
        load_images(tmp_path / "archive.zip")
    with pytest.raises(ValueError, match=r"place='mnist' is not there: give"):
        load_images("mnist")
    for name in ("", "\0", "a" * 5000):
        with pytest.raises(ValueError, match=re.escape(f"place={reprlib.repr(name)} is no path")):
            load_images(name)


# --- data sets ------------------------------------------------------------------------------------


class Listed(Dataset):
    """A data set of what is in a list."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return self.rows[index]


class Flowing(IterableDataset):
    def __init__(self, rows):
        self.rows = rows

    def __iter__(self):
        return iter(self.rows)


RGB = [noise(8, 12, seed=seed) for seed in range(6)]
PIXELS = torch.stack([planes(picture) for picture in RGB])


def test_cifar_10_is_loaded_with_its_classes(tmp_path, monkeypatch):
    pixels, labels = cifar10(tmp_path, monkeypatch)
    images = load_images(CIFAR10(tmp_path, download=False))
    assert torch.equal(images.pixels, torch.from_numpy(pixels[:20]))
    assert images.labels.tolist() == labels[:20]
    test = load_images(CIFAR10(tmp_path, train=False))
    assert torch.equal(test.pixels, torch.from_numpy(pixels[20:]))
    assert images.classes[3] == "cat"
    assert images.source == "CIFAR10"
    for transform in (
        transforms.ToTensor(),
        transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)]),
    ):
        scaled = load_images(CIFAR10(tmp_path, transform=transform))
        assert torch.equal(scaled.pixels, images.pixels)


def test_a_part_of_a_data_set_has_the_classes_of_the_whole(tmp_path, monkeypatch):
    _, labels = cifar10(tmp_path, monkeypatch)
    part = load_images(Subset(CIFAR10(tmp_path), [3, 1, 4]), size=16)
    assert (part.labels.tolist(), part.source) == ([labels[i] for i in (3, 1, 4)], "CIFAR10")
    assert part.classes[9] == "truck"


def test_torchvision_s_folder_is_loaded_as_ours_and_a_damaged_file_is_named(tmp_path):
    for name in ("ape", "bee"):
        (tmp_path / name).mkdir()
        Image.fromarray(noise(8, 8)).save(tmp_path / name / "0.png")
    ours, theirs = load_images(tmp_path), load_images(ImageFolder(tmp_path))
    assert torch.equal(ours.pixels, theirs.pixels)
    assert torch.equal(ours.labels, theirs.labels)
    assert ours.classes == theirs.classes == ("ape", "bee")
    (tmp_path / "bee" / "0.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"bee/0\.png\), a ImageFolder, cannot be read"):
        load_images(ImageFolder(tmp_path))


@pytest.mark.parametrize(
    "place",
    [
        Listed([Image.fromarray(p) for p in RGB]),
        Listed(RGB),
        Listed(list(PIXELS)),
        Listed(list(PIXELS / 255)),
        Listed(list(PIXELS / 127.5 - 1)),
        Listed([p / 255 for p in RGB]),
        Listed([(p,) for p in RGB]),
        TensorDataset(PIXELS),
        Flowing(RGB),
        RGB,
        PIXELS,
        PIXELS.numpy(),
    ],
)
def test_pictures_of_every_kind_are_loaded_from_data_sets_without_labels(place):
    images = load_images(place)
    assert torch.equal(images.pixels, PIXELS)
    assert images.labels is None


def test_grey_pictures_need_no_axis_for_their_channel():
    for place in (list(PIXELS[:, 0]), PIXELS[:, :1], list(PIXELS[:, 0] / 255)):
        assert torch.equal(load_images(place).pixels, PIXELS[:, :1])


@pytest.mark.parametrize("scale", [1, 1 / 255])
def test_channels_are_converted_in_tensors_as_in_pictures(scale):
    pixels = PIXELS if scale == 1 else PIXELS * scale
    right = load_images([Image.fromarray(p) for p in RGB], channels=1).pixels.float()
    assert (load_images(pixels, channels=1).pixels.float() - right).abs().max() <= 1  # rounding
    grey = load_images(pixels[:, :1], channels=3).pixels
    assert torch.equal(grey, PIXELS[:, :1].expand(-1, 3, -1, -1))


def test_transparency_in_tensors_is_white_too():
    clear = torch.cat([PIXELS, torch.zeros_like(PIXELS[:, :1])], dim=1)
    assert (load_images(clear, channels=3).pixels == 255).all()
    assert torch.equal(load_images(clear).pixels, clear)


@pytest.mark.parametrize(
    ("labels", "right", "classes"),
    [
        ([2, 0, 1, 1, 2, 0], [2, 0, 1, 1, 2, 0], ()),
        (list(np.array([2, 0, 1, 1, 2, 0])), [2, 0, 1, 1, 2, 0], ()),
        (list(torch.tensor([2, 0, 1, 1, 2, 0])), [2, 0, 1, 1, 2, 0], ()),
        (["dog", "ape", "cat", "cat", "dog", "ape"], [2, 0, 1, 1, 2, 0], ("ape", "cat", "dog")),
        ([-1] * 6, None, ()),
        ([None] * 6, None, ()),
    ],
)
def test_labels_become_class_numbers(labels, right, classes):
    for kind in (Listed, Flowing):
        images = load_images(kind(list(zip(RGB, labels, strict=True))))
        assert (images.labels if right is None else images.labels.tolist()) == right
        assert images.classes == classes


@pytest.mark.parametrize(
    "labels", [list(torch.rand(6, 4)), [{"box": 1}] * 6, [-2] * 6, [0.5] * 6, [None, 1] * 3]
)
def test_labels_that_are_no_class_numbers_are_left_out_with_a_warning(labels):
    with pytest.warns(UserWarning, match="no class numbers, and they are left out") as warned:
        images = load_images(Listed(list(zip(RGB, labels, strict=True))))
    assert images.labels is None
    assert warned[0].filename == __file__


def test_some_of_a_data_set_are_taken_evenly_and_of_a_stream_the_first():
    assert torch.equal(load_images(Listed(RGB), n=3).pixels, PIXELS[[0, 2, 4]])
    assert torch.equal(load_images(Flowing(RGB), n=3).pixels, PIXELS[:3])


def test_reading_moves_no_random_numbers_and_is_repeated():
    class Augmented(Listed):
        def __getitem__(self, index):
            return self.rows[index].roll(int(torch.randint(8, ())), dims=-1)

    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        found.append(load_images(Augmented(PIXELS)).pixels)
        assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(*found)


class Endless(IterableDataset):
    def __iter__(self):
        while True:
            yield PIXELS[0]


def test_a_stream_without_end_is_refused_when_the_memory_is_full(monkeypatch):
    memory = types.SimpleNamespace(available=40_000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    with pytest.raises(ValueError, match="fewer by n="):
        load_images(Endless())
    assert len(load_images(Endless(), n=5)) == 5


REFUSED = {
    "sizes": ([*RGB, noise(9, 12)], {}, r"2 sizes.*8 × 12 \(6\), 9 × 12 \(1\).*size="),
    "beyond": (PIXELS.float(), {}, r"floats from 0 to 255, .*uint8"),
    "standard": ([p - 3 for p in PIXELS / 255], {}, "floats from -3 to -2"),
    "NaN": (torch.full((6, 1, 8, 8), torch.nan), {}, "values that are NaN"),
    "whole numbers": (PIXELS.long(), {}, "int64: give pixels"),
    "flat": (PIXELS.flatten(1), {}, r"sample 0 of place has shape \(1, 288\)|shape \(288,\)"),
    "films": (list(PIXELS[:, None]), {}, r"\(1, 3, 8, 12\); a picture has"),
    "text": (Listed(["cat.png"] * 6), {}, "sample 0 of place holds text"),
    "dictionaries": (Listed([{"image": 1}] * 6), {}, "sample 0 of place is a dictionary"),
    "four channels": (torch.zeros(6, 4, 8, 8), {"channels": 3}, "4 channels, .* be made 3"),
    "nine channels": (torch.zeros(6, 9, 8, 8, dtype=torch.uint8), {"channels": 1}, "9 channels"),
    "dtypes": ([PIXELS[0], PIXELS[0] / 255], {}, "dtypes .*give one dtype"),
    "depths": ([PIXELS[0, :2], PIXELS[0]], {}, r"2, 3 channels.*channels=1 or channels=3"),
    "none": ([], {}, "without any pictures"),
    "empty stream": (Flowing([]), {}, "without any pictures"),
    "too many": (RGB, {"n": 7}, "n=7 pictures are asked for, and there are 6: give n=6"),
    "too many of a stream": (Flowing(RGB), {"n": 7}, "n=7 pictures are asked for, .* are 6"),
    "size": (RGB, {"size": 0}, "size=0"),
    "sizes of three": (RGB, {"size": (8, 8, 3)}, r"size=\(8, 8, 3\) must be"),
    "half sizes": (RGB, {"size": (8, 8.5)}, r"size=8\.5"),
    "size in words": (RGB, {"size": "small"}, "size='small'"),
    "channels": (RGB, {"channels": 2}, r"channels=2 must be 1 \(grey\), 3"),
    "no channels": (RGB, {"channels": True}, "channels=True"),
    "channels of an array": (RGB, {"channels": torch.zeros(3)}, "channels=tensor"),
    "n": (RGB, {"n": 0}, "n=0"),
}


@pytest.mark.parametrize(("place", "options", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_loaded_is_refused_with_the_way_out(place, options, message):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=message):
            load_images(place, **options)


@pytest.mark.parametrize(
    "place", [None, 3, {"a": 1}, b"folder", DataLoader(Listed(RGB)), iter(RGB), torch.tensor(1.0)]
)
def test_what_holds_no_pictures_is_refused_by_its_kind(place):
    with pytest.raises(TypeError, match=rf"place is a {type(place).__name__}: give a folder"):
        load_images(place)

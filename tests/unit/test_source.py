"""The one door for real samples: what it takes, draws, warns of and refuses."""

import itertools
import math
import re
import types
import warnings

import numpy as np
import psutil
import pytest
import torch
from PIL import Image
from torch.utils.data import (
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
)

from wganlib import _memory, _reading
from wganlib.data import Images, scale_pixels, source

POINTS = torch.randn(30, 2, generator=torch.Generator().manual_seed(0))
PIXELS = torch.randint(
    0, 256, (30, 3, 8, 12), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
)
LABELS = torch.arange(30) % 7


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def opened(real, batch_size=8, **options):
    return source(real, batch_size=batch_size, **options)


def whole(real, **options):
    """All samples that a door gives, and their labels."""
    found = opened(real, **options)
    return found.some(found.n)


def index(n, seed=0):
    return torch.randint(30, (n,), generator=rng(seed))


class Listed(Dataset):
    """A data set of what is in a list."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return self.rows[index]


class Flowing(IterableDataset):
    """A data set without a length."""

    def __init__(self, rows, *, endless=False):
        self.rows, self.endless = rows, endless

    def __iter__(self):
        return itertools.cycle(self.rows) if self.endless else iter(self.rows)


def rows(samples, labels):
    return list(zip(samples, labels.tolist(), strict=True))


@pytest.fixture
def little_memory(monkeypatch):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: types.SimpleNamespace(available=100))


# --- what is drawn --------------------------------------------------------------------------------


def test_rows_of_a_tensor_are_drawn_as_they_always_were():
    samples, labels = opened(POINTS).batch(5, rng=rng(3))
    assert torch.equal(samples, POINTS[index(5, 3)])
    assert labels is None


def test_images_are_drawn_as_they_draw_themselves_and_bring_their_labels():
    images = Images(pixels=PIXELS, labels=LABELS, source="noise")
    samples, labels = opened(images).batch(5, rng=rng(3))
    assert torch.equal(samples, images.batch(5, rng=rng(3)))
    assert torch.equal(labels, LABELS[index(5, 3)])


def test_a_source_knows_its_size_and_lets_the_first_be_looked_at():
    found = opened((PIXELS, LABELS))
    assert (found.n, found.sample_shape) == (30, (3, 8, 12))
    samples, labels = found.some(4)
    assert torch.equal(samples, scale_pixels(PIXELS[:4]))
    assert torch.equal(labels, LABELS[:4])


@pytest.mark.parametrize(
    "pixels",
    [
        PIXELS,
        PIXELS.numpy(),
        PIXELS.permute(0, 2, 3, 1),
        np.ascontiguousarray(PIXELS.numpy().transpose(0, 2, 3, 1)),
        Listed(list(PIXELS)),
        Listed([Image.fromarray(p.permute(1, 2, 0).numpy()) for p in PIXELS]),
        [p.permute(1, 2, 0).numpy() for p in PIXELS],
        TensorDataset(PIXELS),
    ],
    ids=["tensor", "array", "last", "array last", "tensors", "pictures", "arrays", "TensorDataset"],
)
def test_pixels_are_scaled_once_wherever_they_lie(pixels):
    assert torch.equal(whole(pixels)[0], scale_pixels(PIXELS))


@pytest.mark.parametrize(
    "grey",
    [
        PIXELS[:, 0],
        PIXELS[:, 0].numpy(),
        PIXELS[:, :1],
        Listed(list(PIXELS[:, 0])),
        Listed([Image.fromarray(p.numpy()) for p in PIXELS[:, 0]]),
    ],
)
def test_grey_pixels_get_an_axis_for_their_channel(grey):
    assert torch.equal(whole(grey)[0], scale_pixels(PIXELS[:, :1]))


def test_a_picture_as_high_as_it_has_channels_stays_upright():
    flat = [Image.fromarray(p.permute(1, 2, 0).numpy()) for p in PIXELS[:, :, :3]]
    assert torch.equal(whole(flat)[0], scale_pixels(PIXELS[:, :, :3]))


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "points",
    [
        POINTS.double(),
        POINTS.clone().requires_grad_(),
        POINTS.numpy().astype(np.float64),
        POINTS.numpy().astype(np.longdouble),
        POINTS.numpy().astype(">f4"),
        read_only(POINTS.numpy()),
        POINTS.numpy()[::-1][::-1],
        np.asfortranarray(POINTS.numpy()),
        np.ma.array(POINTS.numpy()),
        POINTS.tolist(),
        [p.numpy() for p in POINTS],
    ],
)
def test_floats_of_every_kind_become_those_of_the_networks(points):
    if isinstance(points, list) and isinstance(points[0], list):
        points = np.array(points)
    found = opened(points)
    assert torch.equal(found.some(30)[0], POINTS)
    assert found.checksum() == opened(POINTS).checksum()
    assert not found.some(1)[0].requires_grad


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_the_networks_dtype_is_the_rule(dtype):
    assert whole(POINTS.to(dtype))[0].dtype == torch.float32
    for real in (POINTS, PIXELS, POINTS.numpy()):
        assert opened(real, dtype=dtype).batch(3, rng=rng())[0].dtype == dtype


def test_double_precision_is_kept_for_networks_that_have_it():
    fine = torch.full((8, 2), 1 + 2.0**-40, dtype=torch.float64)
    for real in (fine, fine.numpy(), list(fine.numpy())):
        assert torch.equal(whole(real, dtype=torch.float64)[0], fine)


def test_tensors_and_arrays_are_not_copied():
    for real in (POINTS, TensorDataset(POINTS), POINTS.numpy()):
        assert opened(real).samples.data_ptr() == POINTS.data_ptr()


def test_a_table_is_an_array_and_no_data_set():
    class Table:  # as pandas has them: with a length, and columns by name
        def __len__(self):
            return 30

        def __getitem__(self, name):
            raise KeyError(name)

        def __array__(self, dtype=None, copy=None):
            return POINTS.numpy()

    assert torch.equal(whole(Table())[0], POINTS)


# --- labels ---------------------------------------------------------------------------------------

VECTORS = torch.rand(30, 4, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize(
    ("labels", "right"),
    [
        (LABELS, LABELS),
        (LABELS.to(torch.uint8), LABELS),
        (LABELS.tolist(), LABELS),
        (LABELS.numpy().astype(np.int16), LABELS),
        (LABELS > 3, (LABELS > 3).long()),
        (VECTORS, VECTORS),
        (VECTORS.double().numpy(), VECTORS),
        (list(VECTORS), VECTORS),
        ([v.clone().requires_grad_() for v in VECTORS], VECTORS),
        ((VECTORS > 0.5).long(), (VECTORS > 0.5).float()),
        (torch.full((30,), -1), None),
        (None, None),
    ],
)
def test_labels_are_class_numbers_or_vectors(labels, right):
    found = whole((POINTS, labels))[1]
    assert found is None if right is None else torch.equal(found, right)


@pytest.mark.parametrize(
    "real",
    [
        TensorDataset(POINTS, LABELS),
        Listed(rows(POINTS, LABELS)),
        Listed([list(row) for row in rows(POINTS, LABELS)]),
        Listed(list(zip(POINTS, LABELS, strict=True))),
        rows(POINTS, LABELS),
        ConcatDataset([Listed(rows(POINTS[:9], LABELS[:9])), Listed(rows(POINTS[9:], LABELS[9:]))]),
        Subset(TensorDataset(POINTS, LABELS), range(30)),
        (Listed(list(POINTS)), LABELS),
        (Listed(rows(POINTS, LABELS + 1)), LABELS),
        (Images(pixels=PIXELS, labels=LABELS + 1, source="noise"), LABELS),
        DataLoader(TensorDataset(POINTS, LABELS), batch_size=7),
        DataLoader(TensorDataset(POINTS, LABELS), batch_size=7, shuffle=True, drop_last=True),
        DataLoader(TensorDataset(POINTS, LABELS), batch_size=None),
        (DataLoader(TensorDataset(POINTS), batch_size=7, shuffle=True), LABELS),
        DataLoader(Flowing(rows(POINTS, LABELS)), batch_size=7),
        Flowing(rows(POINTS, LABELS)),
    ],
)
def test_labels_come_with_their_samples(real):
    samples, labels = whole(real)
    assert torch.equal(labels, LABELS)
    if samples.ndim == 2:
        assert torch.equal(samples, POINTS)


def test_a_data_set_of_samples_alone_has_no_labels():
    for real in (Listed(list(POINTS)), Flowing(list(POINTS)), TensorDataset(POINTS)):
        assert whole(real)[1] is None


# --- data sets and loaders ------------------------------------------------------------------------


def test_reading_moves_no_random_numbers_and_is_repeated():
    class Augmented(Listed):
        def __getitem__(self, index):
            return self.rows[index] + torch.rand(2)

    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        for real in (
            Augmented(POINTS),
            DataLoader(Augmented(POINTS), batch_size=4, shuffle=True),
        ):
            before = torch.get_rng_state()
            found.append(opened(real).checksum())
            assert torch.equal(torch.get_rng_state(), before)
    assert found[:2] == found[2:]


def test_a_loader_with_a_sampler_of_its_own_is_read_as_it_gives():
    twice = DataLoader(TensorDataset(POINTS), batch_size=4, sampler=[3, 3, 5, 5] * 4)
    assert torch.equal(whole(twice)[0], POINTS[[3, 3, 5, 5] * 4])
    some = WeightedRandomSampler([0.0] * 29 + [1.0], 12)
    assert torch.equal(whole(DataLoader(TensorDataset(POINTS), sampler=some))[0], POINTS[[29] * 12])
    first = DataLoader(TensorDataset(POINTS), sampler=SequentialSampler(range(9)))
    assert torch.equal(whole(first)[0], POINTS[:9])
    for options in ({"replacement": True}, {"num_samples": 9}):
        drawn = RandomSampler(range(30), **options)
        samples = whole(DataLoader(TensorDataset(POINTS), sampler=drawn))[0]
        assert not torch.equal(samples, POINTS[: len(samples)])


def test_labels_next_to_a_loader_of_another_order_are_refused():
    some = WeightedRandomSampler([1.0] * 30, 30)
    with pytest.raises(ValueError, match=r"labels cannot come next to a DataLoader.*pairs"):
        opened((DataLoader(TensorDataset(POINTS), sampler=some), LABELS))
    with pytest.raises(ValueError, match=r"labels cannot come next to a Own"):
        opened((Own(lambda i: POINTS[i]), LABELS))


def test_a_loader_that_fills_the_memory_is_streamed_in_its_own_order(little_memory):
    loader = DataLoader(TensorDataset(POINTS, LABELS), batch_size=7)
    with pytest.warns(UserWarning, match=r"streamed.*repeated only if the loader is"):
        found = opened(loader)
    assert (found.n, found.sample_shape) == (None, (2,))
    found.some(3)  # takes nothing from the stream
    batches = [found.batch(n, rng=rng()) for n in (8, 7, 3, 20, 25)]
    order = torch.arange(63) % 30
    assert torch.equal(torch.cat([samples for samples, _ in batches]), POINTS[order])
    assert torch.equal(torch.cat([labels for _, labels in batches]), LABELS[order])


def test_a_loader_of_known_length_is_known_to_fill_the_memory_after_a_batch(monkeypatch):
    asked = []

    class Counting(Listed):
        def __getitem__(self, index):
            asked.append(index)
            return self.rows[index]

    memory = types.SimpleNamespace(available=400)  # room for 25 of 30 points
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    with pytest.warns(UserWarning, match="streamed"):
        opened(DataLoader(Counting(POINTS), batch_size=8), batch_size=8)
    assert asked == [*range(8)] * 2


def test_a_loader_streams_pixels_scaled(little_memory):
    with pytest.warns(UserWarning, match="streamed"):
        found = opened(DataLoader(TensorDataset(PIXELS), batch_size=8))
    assert torch.equal(found.batch(8, rng=rng())[0], scale_pixels(PIXELS[:8]))


@pytest.mark.parametrize("form", [lambda x: x, lambda x: DataLoader(x, batch_size=4)])
def test_what_has_no_end_is_streamed(form, monkeypatch):
    monkeypatch.setattr(_reading, "MANY", 100)
    endless = Flowing(rows(POINTS, LABELS), endless=True)
    with pytest.warns(UserWarning, match="streamed"):
        found = opened(form(endless))
    samples, labels = found.batch(40, rng=rng())
    assert torch.equal(samples, POINTS[torch.arange(40) % 30])
    assert torch.equal(labels, LABELS[torch.arange(40) % 30])


def test_a_stream_that_ends_for_good_is_named(little_memory):
    class Once(IterableDataset):
        rows = iter(list(POINTS) * 2)

        def __iter__(self):
            return self.rows

    with pytest.warns(UserWarning, match="streamed"):
        found = opened(Once())
    with pytest.raises(ValueError, match=r"gave no batch in epoch 2.*__iter__"):
        [found.batch(20, rng=rng()) for _ in range(5)]


def test_a_data_set_that_fills_the_memory_is_read_anew_for_each_batch(little_memory):
    with pytest.warns(UserWarning, match="read again"):
        found = opened(Listed(rows(PIXELS, LABELS)))
    samples, labels = found.batch(9, rng=rng(3))
    assert torch.equal(samples, scale_pixels(PIXELS[index(9, 3)]))
    assert torch.equal(labels, LABELS[index(9, 3)])
    assert (found.n, found.sample_shape) == (30, (3, 8, 12))


def test_a_file_mapped_into_memory_is_read_where_it_does_not_fit(tmp_path, little_memory):
    np.save(tmp_path / "pixels.npy", PIXELS.numpy())
    with pytest.warns(UserWarning, match="read again"):
        found = opened(np.load(tmp_path / "pixels.npy", mmap_mode="r"))
    assert torch.equal(found.batch(9, rng=rng(3))[0], scale_pixels(PIXELS[index(9, 3)]))


def test_a_container_s_limit_counts_as_memory(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(_memory, "LIMITS", (str(limit), str(tmp_path / "none")))
    for text in ("max\n", "9223372036854771712\n"):
        limit.write_text(text)
        assert opened(Listed(list(POINTS))).draw is None
    limit.write_text("4096\n")
    with pytest.warns(UserWarning, match="read again"):
        opened(Listed(list(POINTS)))


class Own:
    """Something that draws its own batches."""

    def __init__(self, answer, n=30):
        self.answer, self.n = answer, n

    def __len__(self):
        return self.n

    def batch(self, n, rng=None):
        return self.answer(torch.randint(30, (n,), generator=rng))


def test_what_draws_its_own_batches_is_asked_for_them():
    found = opened(Own(lambda i: POINTS[i]))
    assert torch.equal(found.batch(5, rng=rng(3))[0], POINTS[index(5, 3)])
    pairs = opened(Own(lambda i: (PIXELS[i], LABELS[i])))
    samples, labels = pairs.batch(5, rng=rng(3))
    assert torch.equal(samples, scale_pixels(PIXELS[index(5, 3)]))
    assert torch.equal(labels, LABELS[index(5, 3)])
    assert (pairs.n, pairs.sample_shape) == (30, (3, 8, 12))


def test_images_with_a_way_of_their_own_to_draw_keep_it():
    class Mirrored(Images):
        def batch(self, n, rng=None):
            return super().batch(n, rng).flip(-1)

    found = opened(Mirrored(pixels=PIXELS, source="noise")).batch(5, rng=rng(3))[0]
    assert torch.equal(found, scale_pixels(PIXELS[index(5, 3)]).flip(-1))


# --- what a checkpoint is compared by -------------------------------------------------------------


def test_a_checksum_tells_samples_and_labels_apart_and_nothing_else():
    moved, other = POINTS.clone(), LABELS.clone()
    moved[3, 1] += 1e-6
    other[0] += 1
    different = [
        POINTS,
        moved,
        POINTS[:-1],
        POINTS[:, :1],
        (POINTS, LABELS),
        (POINTS, other),
        PIXELS,
    ]
    sums = [opened(real).checksum() for real in different]
    assert len(set(sums)) == len(sums)
    assert sums[0].startswith("(30, 2) torch.float32 ")
    same = [TensorDataset(POINTS), DataLoader(TensorDataset(POINTS), shuffle=True), POINTS.numpy()]
    assert {opened(real).checksum() for real in same} == {sums[0]}


def test_what_is_drawn_from_elsewhere_is_told_by_its_shape(little_memory):
    with pytest.warns(UserWarning, match="streamed"):
        streamed = opened(DataLoader(TensorDataset(POINTS), shuffle=True))
    assert streamed.checksum() == "streamed (2,) torch.float32, drawn from elsewhere"
    own = opened(Own(lambda i: POINTS[i]))
    assert own.checksum() == "30 of (2,) torch.float32, drawn from elsewhere"


# --- the range of images --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (PIXELS / 255, r"from 0 to 1,.*give 2 \* x - 1"),
        (PIXELS.numpy() / 400, r"give 2 \* x - 1"),
        (Listed(list(PIXELS / 255)), r"Normalize\(0\.5, 0\.5\)"),
        (Own(lambda i: PIXELS[i] / 255), r"give 2 \* x - 1"),
        (PIXELS.float(), "from 0 to 255, while the stock generators end in tanh"),
        (torch.randn(30, 3, 8, 8, generator=torch.Generator().manual_seed(0)), "linear end"),
    ],
)
def test_images_of_another_range_are_taken_with_a_warning(images, message):
    with pytest.warns(UserWarning, match=message) as warned:
        found = opened(images)
    assert warned[0].filename == __file__
    assert found.n == 30


@pytest.mark.parametrize(
    "real",
    [scale_pixels(PIXELS), PIXELS, torch.zeros(30, 1, 8, 8), POINTS.abs() / 9, 9 * POINTS,
     scale_pixels(PIXELS) * 1.2],
)  # fmt: skip
def test_no_other_samples_are_warned_of(real):
    opened(real)


@pytest.mark.parametrize(
    ("reach", "message"),
    [
        ((-math.inf, math.inf), None),
        ((0, 1), None),
        ((-1, 1), r"while the generator makes \[-1, 1\]: give 2 \* x - 1"),
        ((0, 0.5), r"makes \[0, 0.5\]: give uint8 pixels"),
        ((0.5, math.inf), r"makes \[0.5, inf\]"),
    ],
)
def test_images_are_held_against_what_the_generator_reaches(reach, message):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        source(PIXELS / 255, batch_size=2, reach=reach)
    assert len(caught) == (message is not None)
    if message:
        assert re.search(message, str(caught[0].message))


# --- what is refused ------------------------------------------------------------------------------


def holding(value, dtype=torch.float32):
    points = POINTS.to(dtype).clone()
    points[3, 1] = value
    return points


class Breaking(Listed):
    def __getitem__(self, index):
        if index == 4:
            raise OSError("image file is truncated")
        return POINTS[index]


def ragged():
    return [torch.zeros(3, 8, 8), torch.zeros(3, 8, 9)] * 8


REFUSED = {
    "NaN": (holding(torch.nan), "real holds 1 values that are NaN or infinite: remove"),
    "infinite": (holding(torch.inf).numpy(), "1 values that are NaN or infinite"),
    "too large": (holding(1e300, torch.float64), r"float32 cannot hold, up to 1e\+300: divide"),
    "integers": (POINTS.long(), r"real has dtype torch\.int64: .*x\.to\(torch\.uint8\).*x\.float"),
    "integer array": (np.arange(60), r"int64: .*x\.astype\(np\.uint8\)"),
    "truth": (POINTS > 0, r"torch\.bool: .*x\.float"),
    "complex": (POINTS + 0j, "real is complex"),
    "complex array": (POINTS.numpy() + 0j, "real is complex"),
    "text": (np.array(["a"] * 30), "real holds text"),
    "objects": (np.array([None] * 30), "real holds Python objects"),
    "dates": (np.array(["2020-01-01"] * 30, "datetime64[D]"), "real holds dates"),
    "masked": (np.ma.masked_less(POINTS.numpy(), 0), "real hides .* masked"),
    "sparse": (POINTS.to_sparse(), r"no dense tensor .*to_dense"),
    "nowhere": (POINTS.to("meta"), "no dense tensor .*meta"),
    "nested": (torch.nested.nested_tensor(list(POINTS), layout=torch.jagged), "nested.*one shape"),
    "none": (POINTS[:0], r"shape \(0, 2\), without any samples"),
    "no coordinate": (POINTS[:, :0], r"shape \(30, 0\), without any"),
    "a number": (torch.tensor(1.0), r"shape \(\), without any"),
    "empty list": ([], "real is a list without any samples"),
    "empty set": (Listed([]), "real is a Listed without any samples"),
    "empty loader": (DataLoader(TensorDataset(POINTS), batch_size=50, drop_last=True,
                                sampler=[1, 2]), "gives no batch"),
    "few": (POINTS[:5], r"batch_size=8 is larger than the data \(5\): give batch_size=5"),
    "few drawn": (Own(lambda i: POINTS[i], n=3), r"batch_size=8 is larger than the data \(3\)"),
    "flat pixels": (PIXELS.flatten(1), r"shape \(30, 288\); pixels have shape \(n, channels"),
    "pixels of films": (PIXELS[:, None], r"shape \(30, 1, 3, 8, 12\); pixels"),
    "shapes": (Listed(ragged()), r"sample 1 of real has shape \(3, 8, 9\).*load_images"),
    "shapes in a loader": (DataLoader(Listed(ragged()), batch_size=1), r"\(3, 8, 9\).*load_images"),
    "shapes in a stream": (Flowing(ragged()), r"\(3, 8, 9\).*load_images"),
    "dtypes": (Listed([PIXELS[0], PIXELS[0] / 255.0] * 8), r"sample 1 .*float32.*uint8.*dtype"),
    "rows of three": (TensorDataset(POINTS, LABELS, LABELS), r"tuple of 3: give \(sample, label\)"),
    "a dictionary": (Listed([{"image": POINTS[0], "label": 1}] * 30),
                     "sample 0 of real is a dictionary with image, label"),
    "numbers in lists": (POINTS.tolist(), r"sample 0 of real is a list of 2: .* as tensors"),
    "a damaged sample": (Breaking(POINTS), "sample 4 of real, a Breaking, .*truncated"),
    "damaged in a loader": (DataLoader(Breaking(POINTS), batch_size=2), "batch 2 of .*truncated"),
    "three things": ((POINTS, LABELS, LABELS), r"real is a tuple of 3: .*\(samples, labels\)"),
    "short batches": (Own(lambda i: POINTS[i][:3]), r"batch\(8, .* 3 samples, expected 8"),
}  # fmt: skip


@pytest.mark.parametrize(("real", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_trained_on_is_refused_with_the_way_out(real, message):
    with pytest.raises(ValueError, match=message):
        opened(real)


LABELS_REFUSED = {
    "few": (LABELS[:29], r"labels have shape \(29,\) for 30 samples"),
    "a number": (3, r"labels have shape \(\)"),
    "a column": (LABELS[:, None], r"shape \(30, 1\): give class numbers as labels\.squeeze\(1\)"),
    "floats": (LABELS.float(), r"float32 and shape \(30,\): .*labels\.long\(\)"),
    "negative": (LABELS - 1, "labels hold -1; class numbers start at 0"),
    "NaN": (torch.full((30, 2), torch.nan), "labels holds 60 values that are NaN"),
    "text": (["cat"] * 30, r"labels hold text, such as .*cat.*np\.unique"),
    "objects": ([object()] * 30, "labels holds Python objects"),
    "complex": (LABELS + 0j, "labels is complex"),
    "sparse": (LABELS.to_sparse(), r"labels is no dense tensor .*to_dense"),
    "ragged": ([[1, 2], [3]] * 15, "labels cannot be made an array"),
    "images": (PIXELS, r"labels have shape \(30, 3, 8, 12\)"),
}  # fmt: skip


@pytest.mark.parametrize(("labels", "message"), LABELS_REFUSED.values(), ids=LABELS_REFUSED)
def test_labels_that_are_none_are_refused_with_the_way_out(labels, message):
    with pytest.raises(ValueError, match=message):
        opened((POINTS, labels))


def test_samples_of_which_only_some_have_labels_are_refused():
    with pytest.raises(ValueError, match="1 of 30 samples of real lack a label"):
        opened(Listed([*rows(POINTS[1:], LABELS[1:]), (POINTS[0], None)]))


@pytest.mark.parametrize("real", [None, "folder", 3, {"x": POINTS}, {1, 2}, iter(POINTS), object()])
def test_what_holds_no_samples_is_refused_by_its_kind(real):
    with pytest.raises(TypeError, match=rf"real is a {type(real).__name__}: .*load_images"):
        opened(real)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size=0"),
        ({"batch_size": 2.5}, r"batch_size=2\.5"),
        ({"device": "gpu"}, "device='gpu' cannot be used"),
        ({"device": 1.5}, r"device=1\.5 cannot be used"),
        ({"dtype": torch.int64}, r"dtype=torch\.int64 holds no fractions"),
        ({"dtype": float}, "dtype is a type, no dtype; give"),
    ],
)
def test_numbers_and_devices_that_are_none_are_refused_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        opened(POINTS, **options)


def test_a_batch_is_refused_without_size_or_random_numbers():
    found = opened(POINTS)
    with pytest.raises(ValueError, match="n=0"):
        found.batch(0, rng=rng())
    with pytest.raises(ValueError, match="n=0"):
        found.some(0)
    with pytest.raises(ValueError, match="rng is a int"):
        found.batch(3, rng=3)

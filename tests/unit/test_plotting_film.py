"""The moving picture of chapter 8: frames in order, in ink on paper, with a still for paper."""

import io

import numpy as np
import pytest
from PIL import Image

from wganlib import plotting


@pytest.fixture
def frames():
    """Three pictures, each with one square of ink in another corner."""
    pictures = np.zeros((3, 84, 84), np.uint8)
    pictures[0, :28, :28] = pictures[1, :28, 56:] = pictures[2, 56:, 56:] = 255
    return pictures


def shown(film):
    """Return every picture of a film without its caption, back in the frames' pixels."""
    image, pictures = Image.open(io.BytesIO(film)), []
    for i in range(image.n_frames):
        image.seek(i)
        page = np.asarray(image.convert("L"))
        pictures.append(255 - page[page.shape[0] - 168 :: 2, ::2])
    return image, pictures


def test_a_film_shows_its_frames_in_order_and_its_last_one_where_nothing_moves(frames):
    image, (still, *moving) = shown(plotting.moving_png(frames, ["a", "b", "c"], scale=2))
    np.testing.assert_array_equal(moving, frames)
    np.testing.assert_array_equal(still, frames[-1])
    assert image.info["default_image"]
    assert image.mode == "P"


def test_a_film_stays_longest_on_its_end(frames):
    image = Image.open(io.BytesIO(plotting.moving_png(frames, ["a", "b", "c"], seconds=0.1)))
    durations = []
    for i in range(1, image.n_frames):
        image.seek(i)
        durations.append(image.info["duration"])
    assert durations == [100, 100, 800]


def test_every_frame_of_a_film_has_its_caption_on_paper(frames):
    image = Image.open(io.BytesIO(plotting.moving_png(frames, ["step 1", "", "step 3"], scale=2)))
    inked = []
    for i in range(1, image.n_frames):
        image.seek(i)
        inked.append(np.asarray(image.convert("L"))[:22].min())
    assert inked[0] < 64
    assert inked[1] == 255
    assert inked[2] < 64


def test_greys_of_a_film_are_right_to_a_sixteenth(frames):
    ramp = np.tile(np.linspace(0, 255, 84).astype(np.uint8), (84, 1))
    _, (still, *_) = shown(plotting.moving_png([ramp], ["ramp"]))
    assert np.abs(still.astype(int) - ramp).max() <= 9  # half of 17, rounded up


def test_a_film_without_a_caption_for_each_frame_is_refused(frames):
    with pytest.raises(ValueError, match="3 frames and 2 captions"):
        plotting.moving_png(frames, ["a", "b"])

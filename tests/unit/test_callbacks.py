"""Callbacks show a run and leave it as it is; a run that goes on goes on with its film."""

import contextlib
import copy
import dataclasses
import io
import os
import pty
import sys
import termios
import warnings

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from tests.unit.small import SMALL, STOCK, pair, trained, weights
from wganlib import models, training
from wganlib.callbacks import ProgressLine, SampleGrid, TensorBoard, drawn, grid_of, together
from wganlib.lipschitz import gradient_penalty
from wganlib.records import History

SHORT = dataclasses.replace(SMALL, n_steps=8, batch_size=4, n_critic=1, log_every=1)


def images():
    """A small convolutional pair and noise to train it on."""
    make, data = STOCK["convolutional"]
    return *make(), data()


def run(callback, *, config=SHORT, **options):
    """Train on images; returns all weights of the generator."""
    generator, critic, real = images()
    history = training.train(
        generator, critic, real, config, penalty=gradient_penalty, progress=False,
        callback=callback, **options,
    )  # fmt: skip
    return weights(generator, critic), history


def frames(path):
    """Return every frame of a film as grey values."""
    with Image.open(path) as film:
        found = []
        for number in range(film.n_frames):
            film.seek(number)
            found.append(np.asarray(film.convert("L")))
    return found


def assert_same_film(one, other):
    assert len(one) == len(other)
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def recorded(*steps, objective=1.5):
    """Make a history with entries at some steps."""
    history = History()
    for step in steps:
        history.append(step, [objective, -objective, 0.25, 2.0])
    return history


# --- grids ----------------------------------------------------------------------------------------


def test_a_folder_gets_one_picture_every_so_many_steps(tmp_path):
    run(SampleGrid(tmp_path / "grids", every=3, n=4))
    assert sorted(p.name for p in (tmp_path / "grids").iterdir()) == [
        "step-000000003.png", "step-000000006.png",
    ]  # fmt: skip
    with Image.open(tmp_path / "grids" / "step-000000003.png") as picture:
        assert (picture.mode, picture.size) == ("L", (62, 62))  # 2 images of 28 and 3 borders of 2


def test_a_grid_is_drawn_at_the_first_entry_that_is_due(tmp_path):
    config = dataclasses.replace(SHORT, log_every=4, n_steps=12)
    run(SampleGrid(tmp_path, every=3, n=1), config=config)
    assert sorted(p.name[-6:-4] for p in tmp_path.iterdir()) == ["04", "08", "12"]


@pytest.mark.parametrize("seed", [-1, 2**64, 0.5])
def test_a_seed_that_no_generator_takes_is_refused_at_once(tmp_path, seed):
    with pytest.raises(ValueError, match="seed="):
        SampleGrid(tmp_path, every=1, seed=seed)
    assert SampleGrid(tmp_path, every=1, seed=2**64 - 1).seed == 2**64 - 1


def test_a_grid_shows_the_samples_of_the_seed_s_latents(tmp_path):
    generator, critic, _ = images()
    SampleGrid(tmp_path, every=1, n=1, seed=7)(1, generator, critic)
    latent = generator.sample_latent(1, torch.Generator().manual_seed(7))
    wanted = (copy.deepcopy(generator).eval()(latent)[0, 0] + 1) * 127.5
    with Image.open(tmp_path / "step-000000001.png") as picture:
        found = np.asarray(picture)
    assert np.abs(found - wanted.detach().numpy()).max() <= 0.5 + 1e-4  # rounded to a grey value


def test_the_average_is_drawn_where_it_is_given(tmp_path):
    generator, critic, _ = images()
    other = models.ConvGenerator(8, 4)
    SampleGrid(tmp_path / "a", every=1, average=other)(1, generator, critic)
    SampleGrid(tmp_path / "b", every=1)(1, other, critic)
    a, b = (next((tmp_path / name).iterdir()).read_bytes() for name in "ab")
    assert a == b


def test_a_film_has_a_frame_for_every_grid(tmp_path):
    path = tmp_path / "film.gif"
    run(SampleGrid(path, every=2, n=4))
    found = frames(path)
    assert len(found) == 4
    assert found[0].shape == (62 + 14, 62)  # a line with the step below
    assert not np.array_equal(found[0], found[-1])


def test_a_film_in_colour_stays_near_its_samples(tmp_path):
    class Coloured(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def sample_latent(self, n, rng=None):
            return torch.rand(n, 3, 1, 1, generator=rng) * 2 - 1

        def forward(self, latent):
            return latent.expand(-1, -1, 8, 8)

    generator, path = Coloured(), tmp_path / "film.gif"
    film = SampleGrid(path, every=1, n=9)
    for step in (1, 2):
        film(step, generator, None)
    wanted = np.asarray(grid_of(drawn(generator, 9)), float)
    with Image.open(path) as found:
        assert found.n_frames == 2
        for number in (0, 1):
            found.seek(number)
            shown = np.asarray(found.convert("RGB"), float)[: len(wanted)]
            assert np.abs(shown - wanted).max() <= 1  # ten colours fit a palette of 256


def test_a_stopped_run_goes_on_with_its_film(tmp_path):
    run(SampleGrid(tmp_path / "whole.gif", every=2, n=4))
    path = tmp_path / "film.gif"
    for until in (3, 6, 8):
        kept = {"checkpoint": tmp_path / "checkpoint", "until": until}
        run(SampleGrid(path, every=2, n=4), **kept)
    assert_same_film(frames(path), frames(tmp_path / "whole.gif"))


@pytest.mark.parametrize("name", ["film.gif", "grids"])
def test_what_a_lost_part_of_a_run_had_drawn_is_drawn_again(tmp_path, name):
    generator, critic, _ = images()
    path, whole = tmp_path / name, tmp_path / f"whole-{name}"
    for where, steps in ((whole, range(1, 9)), (path, range(1, 7)), (path, range(3, 9))):
        grid = SampleGrid(where, every=2, n=4)
        for step in steps:
            grid(step, generator, critic)
    if name == "grids":
        assert sorted(p.name for p in path.iterdir()) == sorted(p.name for p in whole.iterdir())
    else:
        assert path.read_bytes() == whole.read_bytes()


def test_a_repeated_look_replaces_its_own_frame(tmp_path):
    generator, critic, _ = images()
    path = tmp_path / "film.gif"
    for step in (1, 2, 2):
        SampleGrid(path, every=1, n=4)(step, generator, critic)
    assert len(frames(path)) == 2


def test_a_film_of_another_size_is_begun_again(tmp_path):
    generator, critic, _ = images()
    path = tmp_path / "film.gif"
    SampleGrid(path, every=1, n=4)(1, generator, critic)
    SampleGrid(path, every=1, n=9)(2, generator, critic)
    assert [frame.shape for frame in frames(path)] == [(92 + 14, 92)]


def test_other_files_in_the_folder_are_left_alone(tmp_path):
    generator, critic, _ = images()
    (tmp_path / "step-notes.txt").write_text("mine")
    (tmp_path / "step-000000009.png").write_bytes(b"of an earlier try")
    SampleGrid(tmp_path, every=1, n=1)(2, generator, critic)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-000000002.png", "step-notes.txt"]


@pytest.mark.parametrize("where", ["film.mp4", "grid.png", "FILM.WEBP"])
def test_a_film_of_another_kind_is_refused(where):
    with pytest.raises(ValueError, match=rf"where='{where}'.*\.gif"):
        SampleGrid(where, every=1)


def test_a_place_that_is_something_else_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.gif").mkdir()
    with pytest.raises(ValueError, match="file' is a file"):
        SampleGrid(tmp_path / "file", every=1)
    with pytest.raises(ValueError, match=r"folder\.gif' is a folder"):
        SampleGrid(tmp_path / "folder.gif", every=1)


@pytest.mark.parametrize("numbers", [{"every": 0}, {"every": 1, "n": 0}, {"every": 1.5},
                                     {"every": 1, "seed": -1}])  # fmt: skip
def test_numbers_of_a_grid_that_are_none_are_refused(tmp_path, numbers):
    with pytest.raises(ValueError, match="must be a whole number"):
        SampleGrid(tmp_path, **numbers)


def test_samples_that_are_no_images_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"shape \(64, 2\); a grid needs images"):
        SampleGrid(tmp_path, every=1)(1, *pair())


# --- the run stays as it is -----------------------------------------------------------------------


def test_callbacks_change_nothing_of_a_run(tmp_path):
    plain = run(None)
    line = ProgressLine(8, every_seconds=0, stream=io.StringIO())
    watched = run(together(SampleGrid(tmp_path / "film.gif", every=1, n=4), line))
    assert torch.equal(plain[0], watched[0])
    assert plain[1] == watched[1]


def test_drawing_moves_no_mode_buffer_or_random_number():
    generator = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    generator.sample_latent = lambda n, rng=None: torch.randn(n, 4, generator=rng)
    generator[1].eval()  # its owner's wish
    state, modes = copy.deepcopy(generator.state_dict()), [m.training for m in generator.modules()]
    before = torch.get_rng_state()
    samples = drawn(generator, 6)
    assert samples.shape == (6, 4)
    assert not samples.requires_grad
    assert [m.training for m in generator.modules()] == modes
    assert all(torch.equal(state[k], v) for k, v in generator.state_dict().items())
    assert torch.equal(torch.get_rng_state(), before)


def test_samples_are_those_of_a_network_in_evaluation_mode():
    generator, _, _ = images()
    latent = generator.sample_latent(5, torch.Generator().manual_seed(3))
    assert torch.equal(drawn(generator, 5, seed=3), copy.deepcopy(generator).eval()(latent))


# --- a line ---------------------------------------------------------------------------------------


def test_elsewhere_than_on_a_terminal_lines_come_every_few_seconds(monkeypatch):
    clock, out = iter([0.0, 4.0, 6.0, 9.0, 12.0]), io.StringIO()
    monkeypatch.setattr("wganlib.callbacks.time.monotonic", lambda: next(clock))
    line = ProgressLine(50, every_seconds=5, stream=out)
    for step in (10, 20, 30, 40, 50):
        line.history = recorded(step, objective=step / 10)
        line(step, None, None)
    assert out.getvalue().splitlines() == [
        "step 10 of 50, w1_estimate 1, critic_loss -1",
        "step 30 of 50, w1_estimate 3, critic_loss -3, 6 s left",  # 6 s for 20 steps, 20 are left
        "step 50 of 50, w1_estimate 5, critic_loss -5, 0 s left",  # the last one comes always
    ]


def test_a_line_without_a_history_says_how_far_the_run_is():
    out = io.StringIO()
    ProgressLine(50, stream=out)(10, None, None)
    assert out.getvalue() == "step 10 of 50\n"


def on_a_terminal(monkeypatch, do, *, columns=80, kind="xterm"):
    """Call a function with a stream that is a terminal; returns what the terminal was sent."""
    monkeypatch.setenv("TERM", kind)
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, columns))
    with os.fdopen(follower, "w") as stream:
        do(stream)
    sent = b""
    with os.fdopen(leader, "rb", buffering=0) as screen, contextlib.suppress(OSError):
        while piece := screen.read(10_000):  # Linux reports the end as an error
            sent += piece
    return sent.decode()


def test_a_terminal_s_line_is_rewritten_and_the_cursor_stands_below_it(monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr("wganlib.callbacks.time.monotonic", lambda: next(clock))

    def three(stream):
        line = ProgressLine(4, stream=stream)
        for step in (1, 2, 3):
            line(step, None, None)

    up = "\x1b[1A\r\x1b[K"
    assert on_a_terminal(monkeypatch, three) == (
        f"step 1 of 4\r\n{up}step 2 of 4, 2 s left\r\n{up}step 3 of 4, 1 s left\r\n"
    )


def test_a_line_is_no_longer_than_the_terminal_is_wide(monkeypatch):
    def one(stream):
        ProgressLine(4, stream=stream)(1, None, None)

    assert on_a_terminal(monkeypatch, one, columns=8) == "step 1 \r\n"


def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines(monkeypatch):
    def dumb(stream):
        line = ProgressLine(2, stream=stream, every_seconds=0)
        line(1, None, None)
        line(2, None, None)

    assert "\x1b" not in on_a_terminal(monkeypatch, dumb, kind="dumb")


def test_a_line_shows_on_a_stream_that_knows_ascii_alone():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    line = ProgressLine(1, stream=stream)
    line.history = recorded(1)
    line(1, None, None)


@pytest.mark.parametrize("numbers", [{"total": 0}, {"total": 5, "every_seconds": -1},
                                     {"total": 5, "every_seconds": float("nan")}])  # fmt: skip
def test_numbers_of_a_line_that_are_none_are_refused(numbers):
    with pytest.raises(ValueError, match=r"total=0|every_seconds="):
        ProgressLine(**numbers)


# --- TensorBoard and several ----------------------------------------------------------------------


def test_without_tensorboard_the_command_that_installs_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ImportError, match="-m pip install tensorboard"):
        TensorBoard(tmp_path)


def test_tensorboard_shows_every_entry_once_also_after_a_stop(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorBoard's own, about NumPy and protobuf
        pytest.importorskip("tensorboard")
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        for steps in ((1, 2, 3), (3, 4)):
            board = TensorBoard(tmp_path)
            for step in steps:
                board.history = recorded(step, objective=float(step))
                board(step, None, None)
        events = EventAccumulator(str(tmp_path))
        events.Reload()
    assert sorted(events.Tags()["scalars"]) == [
        "critic_loss", "generator_loss", "penalty", "w1_estimate",
    ]  # fmt: skip
    found = [(event.step, event.value) for event in events.Scalars("w1_estimate")]
    assert found == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)]


def test_tensorboard_without_a_history_is_refused(tmp_path):
    pytest.importorskip("tensorboard")
    with pytest.raises(ValueError, match="no history"):
        TensorBoard(tmp_path)(1, None, None)


def test_callbacks_together_are_called_in_order_and_get_the_history():
    class Wanting:
        history = None

        def __call__(self, step, generator, critic):
            seen.append(("wanting", step))

    seen, wanting = [], Wanting()
    both = together(wanting, lambda step, generator, critic: seen.append(("plain", step)))
    both.history = recorded(1)
    both(3, None, None)
    assert seen == [("wanting", 3), ("plain", 3)]
    assert wanting.history is both.history


@pytest.mark.parametrize("thing", ["film.gif", None, SampleGrid])
def test_what_cannot_be_called_is_no_callback(thing):
    with pytest.raises(ValueError, match="is no callback"):
        together(thing)


def test_a_run_of_points_has_a_line_too():
    out = io.StringIO()
    trained(callback=ProgressLine(12, stream=out, every_seconds=0))
    assert out.getvalue().splitlines()[-1].startswith("step 12 of 12")

"""Figures for phones: how they are laid out, that each one is up to date, how a page shows them."""

import base64
import hashlib
import io

import nbformat
import numpy as np
import pytest
import yaml
from matplotlib import pyplot as plt
from PIL import Image

from tests import ROOT

pytest.importorskip("IPython", reason="IPython is not installed")
pytest.importorskip("nbclient", reason="nbclient is not installed")
import notebooks
import pictures
import twins

CHAPTERS = sorted(ROOT.glob("book/ch*.ipynb"))
PIXELS = 2 * 80 * pictures.PAGE  # of a phone's page, twice as sharp


@pytest.fixture
def three():
    """Three panels side by side that share a scale; only the first one is named."""
    fig, axes = plt.subplots(1, 3, figsize=(9, 3), sharey=True, layout="constrained")
    for factor, ax in enumerate(axes, 1):
        ax.plot([0, 1, 2], factor * np.arange(3))
        ax.set(xlabel=f"x {factor}")
    axes[0].set_ylabel("y")
    yield fig
    plt.close(fig)


def boxes(fig):
    """Return the panels' boxes in inches: x, y, width, height."""
    inches = np.tile(fig.get_size_inches(), 2)
    return np.array([ax.get_position().bounds for ax in fig.axes]) * inches


def test_panels_that_would_become_too_small_stand_below_each_other_and_say_what_they_are(three):
    fig = three
    before = boxes(fig)
    image = Image.open(io.BytesIO(pictures.narrow(fig)))
    assert 0.9 * PIXELS < image.width <= PIXELS
    assert image.text["panels"] == "stacked"
    x, y, width, _ = boxes(fig).T
    assert np.ptp(x) < 0.05
    assert np.all(np.diff(y) < 0)
    assert np.all(width > 0.9 * before[:, 2])
    assert [ax.get_ylabel() for ax in fig.axes] == ["y"] * 3
    assert all(ax.yaxis.get_tick_params()["labelleft"] for ax in fig.axes)
    assert [len(ax.lines[0].get_xdata()) for ax in fig.axes] == [3] * 3


def test_two_rows_become_two_columns():
    fig, _ = plt.subplots(2, 4, figsize=(8.4, 5), layout="constrained")
    image = Image.open(io.BytesIO(pictures.narrow(fig)))
    x, y, _, _ = boxes(fig).reshape(2, 4, 4).transpose(2, 0, 1)
    plt.close(fig)
    assert image.text["panels"] == "turned"
    assert np.all(x[0] < x[1] - 1)
    assert np.all(np.diff(y, axis=1) < -1)


def test_four_panels_in_two_rows_come_one_after_the_other_and_say_that_they_stood_in_rows():
    fig, _ = plt.subplots(2, 2, figsize=(8, 5), layout="constrained")
    image = Image.open(io.BytesIO(pictures.narrow(fig)))
    places = boxes(fig)
    plt.close(fig)
    assert image.text["panels"] == "rows"
    assert np.ptp(places[:, 0]) < 0.05
    assert np.all(np.diff(places[:, 1]) < 0)


def test_a_panel_on_the_rows_of_its_neighbour_names_them_when_it_stands_below():
    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
    left.set(ylim=(2.5, -0.5), yticks=range(3), yticklabels=["a", "b", "c"])
    right.set(ylim=(2.5, -0.5), yticks=[])
    pictures.narrow(fig)
    assert [text.get_text() for text in right.get_yticklabels()] == ["a", "b", "c"]
    plt.close(fig)


def test_letters_are_as_tall_as_in_the_wide_picture(three):
    sizes = [text.get_fontsize() for ax in three.axes for text in (ax.xaxis.label, ax.yaxis.label)]
    pictures.narrow(three)
    after = [text.get_fontsize() for ax in three.axes for text in (ax.xaxis.label, ax.yaxis.label)]
    assert after == sizes


def test_a_cell_may_ask_for_columns_and_a_height(three):
    pictures.narrow(three, columns=2, height=5)
    _, y, _, _ = boxes(three).T
    assert y[0] == pytest.approx(y[1], abs=0.05)
    assert y[2] < y[0] - 1
    assert three.get_figheight() == 5


def test_a_long_label_is_broken_and_not_the_picture_widened(three):
    three.axes[0].set_xlabel(
        "a very long name of an axis, with units and much else besides it, " * 2
    )
    size = Image.open(io.BytesIO(pictures.narrow(three))).size
    assert size[0] <= PIXELS
    assert "\n" in three.axes[0].get_xlabel()


def figures(path):
    """Return each named figure of a chapter: its cell and its wide picture."""
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            if wide := output.get("data", {}).get("image/png"):
                yield cell, base64.b64decode(wide)


@pytest.mark.parametrize("where", ["labels of ticks", "a legend"])
def test_a_figure_whose_words_leave_no_room_is_refused(where):
    fig, ax = plt.subplots(figsize=(7.6, 3), layout="constrained")
    for curve in range(3):
        ax.plot([0, 1], [curve, 1], label="one-to-one-correspondence")
    if where == "labels of ticks":
        ax.set_yticks([0, 1], ["0", "a tick of so many words that nothing is left next to it"])
    else:
        ax.legend(ncols=3, loc="upper right")
    with pytest.raises(ValueError, match='"narrow": false'):
        pictures.narrow(fig)
    plt.close(fig)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_figure_has_a_picture_for_phones_that_was_drawn_with_it(path):
    wanted = set()
    for cell, wide in figures(path):
        name = cell.metadata["mystnb"]["figure"]["name"]
        if cell.metadata.get("narrow") is False or "plt.show()" not in cell.source:
            continue  # to be swiped, or no drawing of Matplotlib's
        wanted.add(f"{name}.png")
        with Image.open(notebooks.NARROW / f"{name}.png") as small:
            assert small.info["wide"] == hashlib.sha256(wide).hexdigest(), f"{name}: an older one"
            assert small.width <= PIXELS
    stored = {p.name for p in notebooks.NARROW.glob(f"fig-{path.name[:4]}-*.png")}
    assert stored == wanted


# ---- on the page


def with_a_picture_for_phones(book, wide=None):
    """Store a picture for phones next to a wide one of a tiny book."""
    wide = base64.b64decode(book.picture()) if wide is None else wide
    (book.folder / "book/narrow").mkdir()
    small = twins.labelled(base64.b64decode(book.picture(344, 500)), panels="turned")
    (book.folder / "book/narrow/fig-ch01-bars.png").write_bytes(twins.twin(small, wide))


def test_a_phone_has_its_own_picture_in_both_themes_and_in_the_gallery(tiny_book):
    with_a_picture_for_phones(tiny_book)
    toc = yaml.safe_load((tiny_book.folder / "_toc.yml").read_text())
    toc["parts"][-1]["chapters"].append({"file": "book/gallery"})
    (tiny_book.folder / "_toc.yml").write_text(yaml.safe_dump(toc))
    tiny_book.write("gallery.md", "# All figures\n\nEvery figure is here.\n")
    assert tiny_book.build() == ""
    shown = tiny_book.page("book/ch01_x").select("figure img")
    kinds = [
        ("on-wide", "light"),
        ("on-wide", "dark"),
        ("on-phones", "light"),
        ("on-phones", "dark"),
    ]
    assert [i["class"] for i in shown] == [[where, f"only-{theme}"] for where, theme in kinds]
    assert [i["width"] for i in shown] == ["800", "800", "344", "344"]
    assert not any(i.has_attr("data-wide") for i in shown)  # nothing to be swiped
    assert "panels-turned" in tiny_book.page("book/ch01_x").figure["class"]
    listed = tiny_book.page("book/gallery").select_one("ul.gallery > li").select("img")
    assert [(i["class"], i["src"]) for i in listed] == [(i["class"], i["src"]) for i in shown]


def test_a_picture_for_phones_that_is_older_than_the_wide_one_fails_the_build(tiny_book):
    with_a_picture_for_phones(tiny_book, wide=b"another")
    assert "run `make notebooks N=ch01`" in tiny_book.build()

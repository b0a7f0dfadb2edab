"""The dark twins of figures: colours keep their meaning on a dark page."""

import io
import re

import nbformat
import numpy as np
import pytest
from PIL import Image

from tests import ROOT
from wganlib import palette, plotting
from wganlib.figures import ch08

pytest.importorskip("sphinx", reason="Sphinx is not installed (extra `book`)")
from measured import figures
from measured.figures import dark, dark_png, from_hex, to_oklab

HOUSE = [plotting.REAL, plotting.FAKE, plotting.CRITIC, *plotting.OTHERS]


def test_paper_becomes_the_dark_page_and_ink_its_text():
    paper, ink = dark(np.vstack([from_hex("#ffffff"), from_hex(figures.INK)]))
    np.testing.assert_allclose(paper, from_hex(figures.PAGE)[0], atol=0.5 / 255)
    wanted = to_oklab(from_hex(figures.TEXT))[0, 0]  # ink keeps its own slight tint
    np.testing.assert_allclose(to_oklab(ink[None])[0, 0], wanted, atol=1e-6)


TWINS = {"real": "REAL", "quiet": "QUIET", "js": "PURPLE", "w1": "GREEN", "held": "GREEN"}


@pytest.mark.parametrize(("role", "colour"), TWINS.items())
def test_a_page_s_dark_colour_is_that_of_dark_figures(role, colour):
    twin = dark(from_hex(getattr(palette, colour)))
    np.testing.assert_allclose(twin, from_hex(palette.DARK[role]), atol=1 / 255)


@pytest.mark.parametrize("colour", HOUSE)
def test_a_house_colour_keeps_its_hue_and_its_contrast_on_the_dark_page(colour):
    old, new = from_hex(colour), dark(from_hex(colour))
    page = to_oklab(from_hex(figures.PAGE))[0]
    a, b = to_oklab(old)[0, 1:], to_oklab(new)[0, 1:] - page[1:]
    if np.hypot(*a) > 0.04:  # greys have no hue to keep
        turn = np.degrees(np.arctan2(a[0] * b[1] - a[1] * b[0], a @ b))
        assert abs(turn) < 6
    assert _contrast(new[0], from_hex(figures.PAGE)[0]) >= 3.0


def _contrast(one, other):
    def luminance(rgb):
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722] + 0.05

    return max(luminance(one) / luminance(other), luminance(other) / luminance(one))


def test_lightness_is_turned_upside_down_without_a_fold():
    greys = np.repeat(np.linspace(0.14, 1, 50)[:, None], 3, axis=1)
    assert np.all(np.diff(to_oklab(dark(greys))[:, 0]) < 0)


def test_a_film_turns_dark_and_goes_on_moving():
    frames = [np.full((28, 28), 255 * (i % 2), np.uint8) for i in range(4)]
    film = ch08.moving_png(frames, ["white", "ink", "white", "ink"])
    twin = Image.open(io.BytesIO(dark_png(film)))
    corner = []
    for i in range(1, twin.n_frames):  # the first is the still
        twin.seek(i)
        corner.append(twin.convert("RGB").getpixel((0, twin.height - 1)))
    page, ink = (
        tuple(round(255 * v) for v in dark(from_hex(c))[0]) for c in ("#ffffff", "#000000")
    )
    assert corner == [page, ink, page, ink]


TURNED = r"\b(dark|black|white|bright)\w*|\blight(er|est)?\b"  # not so in one of the two themes


@pytest.mark.parametrize("path", sorted(ROOT.glob("book/ch*.ipynb")), ids=lambda path: path.stem)
def test_what_is_said_of_a_figure_is_true_in_the_dark_too(path):
    for cell in nbformat.read(path, as_version=4).cells:
        about = cell.metadata.get("mystnb", {})
        said = about.get("figure", {}).get("caption", "") + about.get("image", {}).get("alt", "")
        assert not re.search(TURNED, said), said

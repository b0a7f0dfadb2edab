"""What the build does to figures, claims and pages, before any browser sees them."""

import importlib
import io
import sys
from pathlib import Path

import numpy as np
import pytest
from docutils import nodes
from PIL import Image

from wganlib import plotting

sphinx = pytest.importorskip("sphinx", reason="Sphinx is not installed (extra `book`)")


@pytest.fixture(autouse=True)
def _extensions(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[1] / "book/_ext"), *sys.path])


@pytest.fixture
def dark():
    return importlib.import_module("dark_figures")


HOUSE = [plotting.REAL, plotting.FAKE, plotting.CRITIC, *plotting.OTHERS]


def test_paper_becomes_the_dark_page_and_ink_its_text(dark):
    paper, ink = dark.dark(np.vstack([dark._rgb("#ffffff"), dark._rgb(dark.INK)]))
    np.testing.assert_allclose(paper, dark._rgb(dark.PAGE)[0], atol=0.5 / 255)
    wanted = dark._lab(dark._rgb(dark.TEXT))[0, 0]  # ink keeps its own slight tint
    np.testing.assert_allclose(dark._lab(ink[None])[0, 0], wanted, atol=1e-6)


def test_the_dark_page_of_figures_is_the_page_of_the_theme(dark):
    css = (Path(__file__).parents[1] / "book/_static/book.css").read_text(encoding="utf-8")
    theme = css.split('html[data-theme="dark"] {')[1].split("}")[0]
    assert f"--pst-color-background: {dark.PAGE};" in theme
    assert f"--pst-color-text-base: {dark.TEXT};" in theme
    assert dark.INK == plotting.INK


@pytest.mark.parametrize("colour", HOUSE)
def test_a_house_colour_keeps_its_hue_and_its_contrast_on_the_dark_page(dark, colour):
    old, new = dark._rgb(colour), dark.dark(dark._rgb(colour))
    page = dark._lab(dark._rgb(dark.PAGE))[0]
    a, b = dark._lab(old)[0, 1:], dark._lab(new)[0, 1:] - page[1:]
    if np.hypot(*a) > 0.04:  # greys have no hue to keep
        turn = np.degrees(np.arctan2(a[0] * b[1] - a[1] * b[0], a @ b))
        assert abs(turn) < 6
    assert _contrast(new[0], dark._rgb(dark.PAGE)[0]) >= 3.0


def _contrast(one, other):
    def luminance(rgb):
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722] + 0.05

    return max(luminance(one) / luminance(other), luminance(other) / luminance(one))


def test_lightness_is_turned_upside_down_without_a_fold(dark):
    greys = np.repeat(np.linspace(0.14, 1, 50)[:, None], 3, axis=1)
    assert np.all(np.diff(dark._lab(dark.dark(greys))[:, 0]) < 0)


def test_a_film_turns_dark_and_goes_on_moving(dark):
    frames = [np.full((28, 28), 255 * (i % 2), np.uint8) for i in range(4)]
    film = plotting.moving_png(frames, ["white", "ink", "white", "ink"])
    twin = Image.open(io.BytesIO(dark.dark_png(film)))
    corner = []
    for i in range(1, twin.n_frames):  # the first is the still
        twin.seek(i)
        corner.append(twin.convert("RGB").getpixel((0, twin.height - 1)))
    page, ink = (
        tuple(round(255 * v) for v in dark.dark(dark._rgb(c))[0]) for c in ("#ffffff", "#000000")
    )
    assert corner == [page, ink, page, ink]


def test_printed_claims_become_a_list_between_other_lines():
    checked = importlib.import_module("checked")
    text = "before\n✓ `a` is one.  [= 1]\n– Skipped, needs A and this is B: b.\nafter\n✓ Again.\n"
    parts = list(checked._parts(nodes.literal_block(text, text, classes=["output", "stream"])))
    kinds = [type(part).__name__ for part in parts]
    assert kinds == ["literal_block", "bullet_list"] * 2
    held, skipped = parts[1].children
    assert (held["classes"], skipped["classes"]) == (["held"], ["skipped"])
    assert held.astext() == "✓ a is one. [= 1]"
    assert [code.astext() for code in held.findall(nodes.literal)] == ["a"]
    assert (parts[0].astext(), parts[2].astext()) == ("before", "after")


PAGE = """<head>
    <script src="_static/documentation_options.js?v=1"></script>
    <script src="_static/doctools.js?v=1"></script>
    <script src="_static/sphinx-thebe.js"></script>
    <script>let toggleHintShow = 'Click to show';</script>
    <script>let kept = 1;</script>
    <link rel="stylesheet" href="_static/togglebutton.css" />
    <link rel="stylesheet" href="_static/book.css" />
    <script src="searchindex.js"></script>
</head>"""


def test_a_page_loses_what_it_does_not_use_and_the_rest_waits():
    complete = importlib.import_module("offline").complete
    html = complete(PAGE, searches=False)
    assert not any(gone in html for gone in ("thebe", "toggle", "searchindex"))
    assert '<script defer src="_static/doctools.js?v=1">' in html
    assert '<script src="_static/documentation_options.js?v=1">' in html
    assert "let kept" in html
    assert "book.css" in html
    assert complete(html, searches=False) == html


def test_the_search_page_keeps_its_index_and_quotes_nothing_from_files():
    complete = importlib.import_module("offline").complete
    html = complete(PAGE, searches=True)
    assert "searchindex.js" in html
    assert html.index("documentation_options") < html.index("SHOW_SEARCH_SUMMARY")
    assert complete(html, searches=True) == html

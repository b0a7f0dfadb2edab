"""Colours: both themes name the same roles, and words can be read on the grounds they stand on."""

import re

import pytest

from wganlib import palette

GROUNDS = {"page", "panel", "target", "theorem-ground", "held-ground"}
WORDS = {"text", "quiet", "link", "accent", "theorem", "held", "critic", "w1", "js", "kl", "real"}
THEMES = {"light": palette.LIGHT, "dark": palette.DARK}
FIGURE = {
    "accent": palette.FAKE,
    "held": palette.GREEN,
    "critic": palette.CRITIC,
    "w1": palette.GREEN,
    "kl": palette.OCHRE,
}


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_has_the_contrast_that_the_standard_gives():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("word", sorted(WORDS))
def test_a_word_can_be_read_where_it_stands(theme, word):
    roles = THEMES[theme]
    own = {"held": "held-ground", "theorem": "theorem-ground"}.get(word)
    everywhere = GROUNDS if word in ("text", "quiet", "link") else {"page", "panel", own} - {None}
    for ground in everywhere:
        assert contrast(roles[word], roles[ground]) >= 4.5, ground


@pytest.mark.parametrize("theme", THEMES)
def test_a_mark_is_seen_on_a_panel_and_the_filled_link_can_be_read(theme):
    roles = THEMES[theme]
    assert contrast(roles["fake"], roles["panel"]) >= 3
    assert contrast(roles["on-door"], roles["door"]) >= 4.5


@pytest.mark.parametrize(
    "name", ["REAL", "FAKE", "CRITIC", "INK", "QUIET", "AXIS", *palette.OTHERS]
)
def test_a_line_of_a_figure_is_seen_on_paper(name):
    assert contrast(getattr(palette, name, name), palette.PAPER) >= 3


@pytest.mark.parametrize(("role", "figure"), FIGURE.items())
def test_a_page_leaves_a_figure_s_colour_only_where_that_could_not_be_read(role, figure):
    ground = "held-ground" if role == "held" else "panel"
    assert contrast(figure, palette.LIGHT[ground]) < 4.5


def test_both_themes_name_the_same_roles_and_the_style_sheet_has_all_of_them():
    assert list(palette.LIGHT) == list(palette.DARK)
    light, dark = palette.css().split('html[data-theme="dark"]')
    for roles, block in ((palette.LIGHT, light), (palette.DARK, dark)):
        assert dict(re.findall(r"--book-([\w-]+): (#[0-9a-f]{6});", block)) == roles

"""The book's style sheets and drawings have no colour of their own."""

import re

from tests import ROOT
from wganlib import palette


def test_style_sheets_take_every_colour_from_the_palette():
    for file in sorted((ROOT / "book/_static").rglob("*.css")):
        text = file.read_text(encoding="utf-8")
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{}]*;)", text) == [], file.name
        used = set(re.findall(r"var\(--book-([\w-]+)", text)) - {"serif", "sans", "mono"}
        assert used <= set(palette.LIGHT), file.name


def test_drawn_signs_of_the_book_have_its_colours():
    known = {*palette.LIGHT.values(), *palette.DARK.values(), "#fff"}
    for file in sorted((ROOT / "book/_static").glob("*.svg")):
        assert set(re.findall(r"#[0-9a-f]+", file.read_text(encoding="utf-8"))) <= known, file.name

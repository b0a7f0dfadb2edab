"""The ledger lists what the notebooks printed, leads to it, and stops a build without proof."""

import functools
import os
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from tests import ROOT

pytest.importorskip("sphinx", reason="Sphinx is not installed (extra `book`)")
from measured import chapter, claims

HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html")) / "book"
CHAPTERS = sorted(ROOT.glob("book/ch*.ipynb"))


@functools.cache
def built(name):
    page = HTML / f"{name}.html"
    if not page.exists():
        pytest.skip("the book is not built: make book")
    return BeautifulSoup(page.read_text(encoding="utf8"), "html.parser")


def test_a_printed_line_is_read_as_a_claim_with_its_rule():
    read = chapter.read_claim
    assert read("✓ Half is half.  [= 0.5]") == chapter.Claim("Half is half.", "= 0.5")
    assert read("✓ Yes.") == chapter.Claim("Yes.", None)
    assert read("✓ A  [matrix] of two.") == chapter.Claim("A  [matrix] of two.", None)
    assert read("– Skipped: b.  [c]") == chapter.Claim("Skipped: b.", "c", held=False)
    assert read("noise") is None


@pytest.mark.parametrize(
    ("printed", "set_as"),
    {
        "W_p grows.": "W<subscript>p</subscript> grows.",
        "0.01^(1/p)": "0.01<superscript>1/p</superscript>",
        "Above n^1.5.": "Above n<superscript>1.5</superscript>.",
        "e^(−d²/8)": "e<superscript>−d²/8</superscript>",
        "1 - exp(-9/2), in [-5, 5]": "1 − exp(−9/2), in [−5, 5]",
        "seed 1's w1_estimate, 1e-9, seventy-two": "seed 1's w1_estimate, 1e-9, seventy-two",
        "`f_1(x^2) - 1` - twice": "<literal>f_1(x^2) - 1</literal> - twice",
    }.items(),
)
def test_a_claim_is_set_as_formulas_are(printed, set_as):
    item = claims.claim_item(chapter.Claim(printed, None))
    (sentence,) = (part for part in item[0] if "claim" in part["classes"])
    assert "".join(map(str, sentence)).strip() == set_as


def test_the_ledger_lists_claims_by_heading_and_leads_to_them(tiny_site):
    section = tiny_site.page("book/claims").select("section section")[1]
    assert section.select_one("p.rubric").get_text() == "The question"
    links = [item.a for item in section.select("li")]
    assert [link.get_text() for link in links] == ["2.1", "2.2"]
    assert [link["href"] for link in links] == ["ch02_x.html#claim-1", "ch02_x.html#claim-2"]
    assert "2 of them." in tiny_site.page("book/claims").get_text()


def test_a_claim_says_what_fells_it_the_rarest_of_its_own_chapter_first(tiny_site):
    for page, place in (("book/ch02_x", "li#claim-1"), ("book/claims", "section#chapter-2 li")):
        said = tiny_site.page(page).select_one(f"{place} p.falls-if").get_text()
        assert said == "falls if a is three; or if a is two"
    assert len(tiny_site.page("book/ch02_x").select("p.falls-if")) == 1


def test_what_fells_another_claim_is_not_said_of_this_one(tiny_book):
    changed = tiny_book.folder / "book/worlds/answers/ch02.json"
    changed.write_text(changed.read_text().replace("`a` is one.", "`a` is none."))
    assert tiny_book.build() == ""
    assert not tiny_book.page("book/ch02_x").select("p.falls-if")


def test_a_claim_that_failed_stops_the_build(tiny_book):
    failed = {"output_type": "error", "ename": "AssertionError", "evalue": "Half is a third."}
    notebook = nbformat.read(tiny_book.folder / "book/ch01_x.ipynb", as_version=4)
    notebook.cells[1].outputs.append(nbformat.from_dict(failed | {"traceback": []}))
    tiny_book.store(notebook)
    assert "cell 1: stored with an error: AssertionError: Half is a third." in tiny_book.build()


def test_a_check_that_was_never_run_stops_the_build(tiny_book):
    notebook = nbformat.read(tiny_book.folder / "book/ch01_x.ipynb", as_version=4)
    notebook.cells[1].outputs = []
    tiny_book.store(notebook)
    assert "cell 1: its check has printed no claim" in tiny_book.build()


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_line_of_the_ledger_leads_to_its_claim(path):
    claims = chapter.read(path).claims
    links = built("claims").select(f'li .place a[href^="{path.stem}.html#"]')
    wanted = [f"{path.stem}.html#claim-{i}" for i in range(1, len(claims) + 1)]
    assert [link["href"] for link in links] == wanted
    items = built(path.stem).select('li[id^="claim-"]')
    for item, claim in zip(items, claims, strict=True):
        assert item.get_text().startswith("✓" if claim.held else "–")
        assert claim.text.split()[0].strip("`") in item.get_text()


def test_the_ledger_says_how_many_claims_there_are():
    total = sum(claim.held for path in CHAPTERS for claim in chapter.read(path).claims)
    assert f"{total} sentences of this book" in built("claims").get_text()

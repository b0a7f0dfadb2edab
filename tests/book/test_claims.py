"""The ledger lists what the notebooks printed, leads to it, and stops a build without proof."""

import importlib
import json
import os
import re
from pathlib import Path

import pytest

from tests import ROOT

HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html")) / "book"
CHAPTERS = sorted(ROOT.glob("book/ch*.ipynb"))

sphinx = pytest.importorskip("sphinx", reason="Sphinx is not installed (extra `book`)")


@pytest.fixture
def claims():
    return importlib.import_module("claims")


def notebook(folder, source, *outputs):
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "## Part\n"]},
        {"cell_type": "code", "source": [source], "outputs": list(outputs)},
    ]
    path = folder / "ch01_x.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    return path


def printed(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def test_a_printed_claim_is_listed_with_its_rule_and_its_heading(claims, tmp_path):
    path = notebook(tmp_path, "check(...)", printed("noise\n✓ Half is half.  [= 0.5]\n✓ Yes.\n"))
    assert claims.ledger(path) == [
        {"mark": "✓", "claim": "Half is half.", "rule": "= 0.5", "heading": "Part"},
        {"mark": "✓", "claim": "Yes.", "rule": None, "heading": "Part"},
    ]


def test_a_claim_that_failed_stops_the_build(claims, tmp_path):
    failed = {"output_type": "error", "ename": "AssertionError", "evalue": "Half is a third."}
    path = notebook(tmp_path, "check(...)", failed)
    with pytest.raises(sphinx.errors.ExtensionError, match="Half is a third"):
        claims.ledger(path)


def test_a_check_that_was_never_run_stops_the_build(claims, tmp_path):
    with pytest.raises(sphinx.errors.ExtensionError, match="printed no claim"):
        claims.ledger(notebook(tmp_path, "check('Half is half.', 0.5, equals=0.5)"))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_line_of_the_ledger_leads_to_its_claim(claims, path):
    page, chapter = HTML / "claims.html", HTML / f"{path.stem}.html"
    if not (page.exists() and chapter.exists()):
        pytest.skip("the book is not built: make book")
    links = re.findall(rf'href="{path.stem}\.html#(claim-\d+)"', page.read_text(encoding="utf8"))
    assert links == [f"claim-{i}" for i in range(1, len(claims.ledger(path)) + 1)]
    text = chapter.read_text(encoding="utf8")
    for link, claim in zip(links, claims.ledger(path), strict=True):
        item = text.split(f'id="{link}"')[1].split("</li>")[0]
        first_word = re.split(r"[`\s&<>']", claim["claim"])[0]
        assert claim["mark"] in item
        assert first_word in item


def test_the_ledger_says_how_many_claims_there_are(claims):
    if not (HTML / "claims.html").exists():
        pytest.skip("the book is not built: make book")
    total = sum(claim["mark"] == "✓" for path in CHAPTERS for claim in claims.ledger(path))
    assert f"{total} sentences of this book" in (HTML / "claims.html").read_text(encoding="utf8")

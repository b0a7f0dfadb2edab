"""Words that a reader would look up stand in no text of the book; `make lint` has the rest."""

import json
import re

import pytest

from tests import ROOT

LIST = (ROOT / "tools/plain_english.txt").read_text(encoding="utf8").splitlines()
REFUSED = {line.split("->")[0] for line in LIST}
PHRASES = {"in its stride", "put off", "to and fro", "of old"}
TEXTS = sorted([*(ROOT / "book").glob("*.ipynb"), *(ROOT / "book").glob("*.md")])


def claims(cell):
    """The labels of a cell's checks, as it printed them, wherever they were written."""
    printed = ["".join(output.get("text", "")) for output in cell["outputs"]]
    return re.findall(r"^[✓–] (.+)$", "\n".join(printed), re.MULTILINE)


def shown(path):
    """Everything that a page shows in words: prose, captions, alt texts, claims."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf8")
    texts = []
    for cell in json.loads(path.read_text(encoding="utf8"))["cells"]:
        source, about = "".join(cell["source"]), cell["metadata"].get("mystnb", {})
        texts += [about.get("figure", {}).get("caption", ""), about.get("image", {}).get("alt", "")]
        texts += [source] if cell["cell_type"] == "markdown" else claims(cell)
    return "\n".join(texts)


def refused(text):
    plain = re.sub(r"\$[^$]*\$|`[^`]*`|\]\([^)]*\)", " ", text.lower())
    return REFUSED & set(re.findall(r"[a-z]+", plain)) | {p for p in PHRASES if p in plain}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_a_page_says_it_in_words_that_need_no_dictionary(path):
    assert not refused(shown(path))


def test_a_word_is_seen_wherever_it_stands():
    assert refused("Whence it comes, beside `anew`.") == {"whence", "beside"}


def test_a_claim_is_read_as_it_was_printed():
    cell = {"outputs": [{"text": ["✓ It goes whence it came.  [= 1]\n", "a number: 3\n"]}, {}]}
    assert refused("\n".join(claims(cell))) == {"whence"}

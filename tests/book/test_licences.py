"""What stands around the book: licences, version, citation, glossary, the page for teachers."""

import json
import re
import tomllib

import pytest

from tests import ROOT

BOOK = ROOT / "book"
CHAPTERS = sorted(BOOK.glob("ch*.ipynb"))
STRESSED = {"robustness", "lags behind", "too coarse"}  # bold, but no terms
NOT_TERMS = re.compile(
    r"(Theorem|Proposition|Lemma|Corollary|Algorithm|Definition|Remark|Example|Step|Changes?|Part"
    r"|After|Needs|Reading|Run|You|The [a-z]+)\b|.*[.:?,]$|\W*\d"
)


def read(name):
    return (ROOT / name).read_text(encoding="utf8")


def prose(path):
    cells = json.loads(path.read_text(encoding="utf8"))["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def glossary():
    body = read("book/glossary.md").split("```{glossary}\n")[1].split("```")[0]
    return re.findall(r"^(\S.*)$", body, re.M)


def test_the_version_is_the_same_everywhere():
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert re.search(r"^version: (.+)$", read("CITATION.cff"), re.M)[1] == version
    assert re.search(r"^## (\d\S*)", read("CHANGELOG.md"), re.M)[1] == version


def test_the_last_release_has_the_date_of_the_citation():
    date = re.search(r"^date-released: (\S+)$", read("CITATION.cff"), re.M)[1]
    assert re.search(r"^## \S+ · (\S+)$", read("CHANGELOG.md"), re.M)[1] == date


@pytest.mark.parametrize("name", ["LICENSE", "LICENSE-TEXT", "CITATION.cff", "CHANGELOG.md"])
def test_the_readme_leads_to_the_papers(name):
    assert f"]({name})" in read("README.md")
    assert (ROOT / name).stat().st_size > 100


def test_the_glossary_is_in_alphabetical_order_and_says_nothing_twice():
    keys = [term.replace("$", "").lower().replace("é", "e") for term in glossary()]
    assert keys == sorted(set(keys))


def test_every_entry_of_the_glossary_leads_to_a_chapter_that_uses_the_term():
    entries = read("book/glossary.md").split("```{glossary}\n")[1].split("```")[0].split("\n\n")
    for entry in entries:
        term, name = entry.split("\n")[0], re.search(r"\]\((ch\d\d_\w+)\.ipynb\)", entry)[1]
        words = prose(BOOK / f"{name}.ipynb").lower()
        assert term.lower().split()[0].rstrip("s") in words, f"{term} is not in {name}"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_term_set_in_bold_stands_in_the_glossary(path):
    text = prose(path).split("## Exercises")[0]
    bold = set(re.findall(r"(?<![*|])\*\*([^*\n|]{3,50})\*\*(?!\*)", text))
    known = {term.lower() for term in glossary()}
    terms = {term for term in bold - STRESSED if not NOT_TERMS.match(term)}
    unknown = {t for t in terms if not {t.lower(), t.lower().rstrip("s")} & known}
    assert not unknown


def test_the_page_for_teachers_leads_through_every_chapter():
    links = set(re.findall(r"\((ch\d\d_\w+)\.ipynb\)", read("book/teachers.md")))
    assert links == {path.stem for path in CHAPTERS}


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_leads_to_the_notation_where_it_begins(path):
    objectives = prose(path).split("## Objectives")[1].split("\n## ")[0]
    assert "(notation.md)" in objectives

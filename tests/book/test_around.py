"""The pages around the chapters, and the book in other forms: gallery, citation, report, e-book."""

import datetime
import shutil
import zipfile
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup

from tests import ROOT

pytest.importorskip("jupyter_book", reason="Jupyter Book is not installed (extra `book`)")
import slides
from measured import citing, epub
from sphinx.errors import ExtensionError

ABOUT = {
    "authors": [{"name": "The Group"}, {"family-names": "Noether", "given-names": "Emmy"}],
    "title": "On, Things",
    "version": "1.2.0",
    "date-released": datetime.date(2026, 3, 5),
    "repository-code": "https://example.org/a/b",
}


def test_a_citation_names_groups_and_people():
    assert citing.bibtex(ABOUT).splitlines() == [
        "@misc{on-things,",
        "  author = {{The Group} and Noether, Emmy},",
        "  title  = {{On, Things}},",
        "  year   = {2026},",
        "  month  = {3},",
        "  note   = {Version 1.2.0},",
        "  url    = {https://example.org/a/b},",
        "}",
    ]
    said = "The Group; Noether, Emmy. On, Things. Version 1.2.0, 5 March 2026."
    assert citing.text(ABOUT) == f"{said} https://example.org/a/b"
    assert citing.text(ABOUT | {"repository-code": None}) == said


def with_pages(book):
    """Add a gallery and a citation to a tiny book."""
    toc = yaml.safe_load((book.folder / "_toc.yml").read_text())
    toc["parts"][-1]["chapters"] += [{"file": "book/gallery"}, {"file": "book/cite"}]
    (book.folder / "_toc.yml").write_text(yaml.safe_dump(toc))
    shutil.copy(ROOT / "CITATION.cff", book.folder)
    book.write("gallery.md", "# All figures\n\nEvery figure is here.\n")
    book.write("cite.md", "# Cite\n\n```{citation} bibtex\n```\n")


def test_the_gallery_shows_each_figure_with_its_place_and_its_code(tiny_book):
    with_pages(tiny_book)
    tiny_book.configure(url="https://github.com/someone/fork")
    assert tiny_book.build() == ""
    first, second = tiny_book.page("book/gallery").select("ul.gallery > li")
    assert second.p.get_text() == "Figure 2.1 Bars, half of them blue."
    assert second.p.a["href"] == "ch02_x.html#fig-ch02-bars"
    assert first.details.pre.get_text().strip() == "draw()"
    chapter = tiny_book.page("book/ch01_x").select("figure img")
    assert [i["src"] for i in first.select("img")] == [i["src"] for i in chapter]
    assert "@misc{" in tiny_book.page("book/cite").select_one(".to-copy pre").get_text()
    (link,) = tiny_book.page("book/ch01_x").select("a.btn-report-button")
    address = urlsplit(link["href"])
    assert address.path == "/someone/fork/issues/new"
    asked = parse_qs(address.query)
    assert asked["title"] == ["ch01_x: "]
    assert "https://someone.github.io/fork/book/ch01_x.html" in asked["body"][0]
    assert tiny_book.page("book/ch01_x").select('script[src*="report.js"]')


def test_nothing_is_reported_to_a_repository_without_a_name(tiny_site):
    assert not tiny_site.page("book/ch01_x").select(".btn-report-button, [src*='report.js']")


@pytest.mark.parametrize("paragraphs", [1, 3])
def test_a_fold_of_another_form_stops_an_e_book(paragraphs):
    app = SimpleNamespace(builder=SimpleNamespace(name="epub"))
    page = {"css_files": [], "body": f"<summary>{'<p>Show</p>' * paragraphs}</summary>"}
    with pytest.raises(ExtensionError, match="ch01_x: expected two paragraphs"):
        epub.rewrite(app, "ch01_x", None, page, None)


@pytest.mark.filterwarnings("ignore::bs4.XMLParsedAsHTMLWarning")  # XHTML is read as HTML
def test_an_e_book_has_formulas_as_mathml_one_picture_each_and_no_script(tiny_book):
    with_pages(tiny_book)
    assert tiny_book.build("epub") == ""
    (file,) = (tiny_book.folder / "_build/epub").glob("*.epub")
    with zipfile.ZipFile(file) as book:
        page, files = book.read("book/ch01_x.xhtml").decode(), book.read("content.opf").decode()
        gallery, names = book.read("book/gallery.xhtml").decode(), book.namelist()
    shown = BeautifulSoup(page, "html.parser")
    assert "<msub" in str(shown.math)
    assert "data-" not in str(shown.math)
    assert not shown.select("mjx-container, script, .live")
    assert not [name for name in names if name.endswith(".js")]
    assert len(shown.select("figure img")) == 1
    assert all(f"_static/{one['href'].split('/')[-1]}" in names for one in shown.select("link"))
    item = BeautifulSoup(files, "html.parser").select_one('item[href="book/ch01_x.xhtml"]')
    assert item["properties"] == "mathml"
    assert not BeautifulSoup(gallery, "html.parser").select("img")
    assert [p.get_text() for p in shown.select("summary")] != []
    assert not shown.select("summary p")


RETURNS = """\
# Claims

|claims| of them.

```{eval-rst}
.. py:module:: one

.. py:function:: f()

   :returns: * **p** (*int*) -- A mass.
             * **q** (*int*) -- Another.
```

$$
\\begin{aligned} a \\\\ b \\end{aligned}
$$
"""


@pytest.mark.filterwarnings("ignore::bs4.XMLParsedAsHTMLWarning")
def test_an_e_book_lists_what_it_has_and_nests_what_may_be_nested(tiny_book):
    tiny_book.write("claims.md", RETURNS)
    assert tiny_book.build("epub") == ""
    (file,) = (tiny_book.folder / "_build/epub").glob("*.epub")
    with zipfile.ZipFile(file) as book:
        files, page = (book.read(name).decode() for name in ("content.opf", "book/claims.xhtml"))
    files, shown = (BeautifulSoup(text, "html.parser") for text in (files, page))
    has = {item["id"] for item in files.select("manifest > item")}
    assert {item["idref"] for item in files.select("spine > itemref")} <= has
    assert len(shown.select("dd > ul > li")) == 2
    assert not shown.select("p ul")
    assert shown.select("mtable")
    assert not shown.select('[columnspacing=""]')


def test_slides_hold_figures_and_claims_and_no_answer(tiny_site):
    text = slides.deck(tiny_site.folder / "_build/html/book/ch01_x.html")
    shown = BeautifulSoup(text, "html.parser")
    kinds = [one["class"][1] for one in shown.select("section.slide")]
    assert kinds == ["title", "ul", "figure"]
    assert shown.h1.get_text().startswith("1")
    assert "Half is half." in shown.select_one("li.held").get_text()
    assert shown.img["src"].startswith("data:image/png")
    assert not shown.select("main a, main [src^='..'], link")
    assert "because" not in text


def test_a_long_list_is_cut_evenly_and_counts_on():
    made = slides.cut("ol", "<h2>So</h2>", "", [f"<li>{i}</li>" for i in range(5)])
    assert [one.count("<li>") for one in made] == [2, 3]
    assert 'start="3"' in made[1]


def test_a_statement_brings_the_formulas_that_it_names():
    html = """<article><div class="math" id="equation-a">A</div><blockquote>By <a
    href="#equation-a">(1)</a> we have:</blockquote><div class="math">B</div></article>"""
    soup = BeautifulSoup(html, "html.parser")
    slides.complete(soup.blockquote)
    assert [one.get_text() for one in soup.blockquote.select(".math")] == ["B", "A"]

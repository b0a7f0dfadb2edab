"""What the extension makes of a tiny book, and of its parts before any browser sees them."""

import re

import numpy as np
import pytest
from docutils import nodes
from sphinx.errors import ExtensionError

from tests import ROOT

pytest.importorskip("jupyter_book", reason="Jupyter Book is not installed (extra `book`)")
from measured import chapter, formulas, html, sharing, stylesheet

CHAPTERS = sorted(ROOT.glob("book/ch*.ipynb"))


# ---- a tiny book


def test_printed_claims_become_a_list_between_other_lines(tiny_site):
    output = tiny_site.page("book/ch02_x").select_one("div.cell_output")
    other, claims = output.find_all(["pre", "ul"])
    assert other.get_text() == "so\n"
    assert [item["class"] for item in claims.select("li")] == [["held"], ["skipped"]]
    assert claims.li.get_text().splitlines()[0] == "✓ a is one."  # then what makes it fall
    assert claims.li.code.get_text() == "a"
    assert [item["id"] for item in claims.select("li")] == ["claim-1", "claim-2"]


def test_the_front_page_shows_a_claim_of_the_ledger(tiny_site):
    assert tiny_site.page("book/intro").select_one("ul.claims").get_text(strip=True) == (
        "✓Half is half.[= 0.5]"
    )


def test_the_front_page_says_in_numbers_what_the_book_holds(tiny_site):
    shown = tiny_site.page("book/intro").select("div.book-numbers strong")
    assert [one.get_text() for one in shown] == ["2", "2", "2 hours", "2 min"]


def test_the_front_page_lists_chapters_with_what_their_metadata_say(tiny_site):
    first, second = tiny_site.page("book/intro").select("div.chapter-list li")
    assert first.select_one("p.title a")["href"] == "ch01_x.html"
    assert first.select_one("p.line").get_text() == "It opens 1."
    assert second.select_one("p.about").get_text() == (
        "60 min to read · 1 min to run · needs a little courage"
    )


def test_the_drawing_goes_downhill_through_every_chapter(tiny_site):
    drawing = tiny_site.page("book/intro").select_one("svg.chapter-drawing")
    places = [(float(c["cx"]), float(c["cy"])) for c in drawing.select("a circle")]
    (x1, y1), (x2, y2) = places
    assert x2 > x1 + 24
    line = [float(n) for n in re.findall(r"[\d.]+", drawing.select_one("path.w1")["d"])]
    slope = (line[3] - line[1]) / (line[2] - line[0])
    np.testing.assert_allclose((y2 - y1) / (x2 - x1), slope, atol=0.01)
    assert [one.get_text() for one in drawing.select(".name")] == ["Short 1", "Short 2"]


def test_the_link_to_the_next_page_says_its_first_sentence(tiny_site):
    assert tiny_site.page("book/ch01_x").select_one(".prev-next-line").get_text() == "It opens 2."


def test_chapters_are_numbered_across_parts_and_headings_not_at_all(tiny_site):
    page = tiny_site.page("book/ch02_x")
    (number,) = page.article.select(":is(h1, h2, h3) .section-number")
    assert number.get_text().strip() == "2"
    assert page.select_one(".caption-number").get_text().strip() == "Figure 2.1"
    assert page.select_one(".eqno").get_text().startswith("(2.1)")


def test_a_picture_has_its_room_and_a_dark_twin(tiny_site):
    light, dark = tiny_site.page("book/ch01_x").select("figure img")
    assert (light["class"], dark["class"]) == (["only-light"], ["only-dark"])
    assert dark["src"] == light["src"].replace(".png", ".dark.png")
    for one in (light, dark):
        assert (one["width"], one["height"]) == ("800", "200")
        assert one.has_attr("data-wide")
        assert one["loading"] == "lazy"


def test_formulas_are_set_and_stay_with_the_mark_that_follows_them(tiny_site):
    formula = tiny_site.page("book/ch01_x").select_one("span.nobreak")
    assert formula.select_one("mjx-container")
    assert formula.get_text().endswith(",")
    assert tiny_site.page("book/ch01_x").select("p.macros")


def test_rows_have_heads_where_the_corner_of_a_table_is_empty(tiny_site):
    table = tiny_site.page("book/ch01_x").table
    assert table.tbody.th.get_text(strip=True) == "row"
    assert table.thead.find(["td", "th"]).name == "td"


def test_a_page_loads_what_it_uses_and_does_not_wait_for_scripts(tiny_site):
    head = tiny_site.page("book/ch01_x").head
    text = str(head)
    for gone in ("thebe", "toggle", "searchindex", "fontawesome", "design-tabs"):
        assert gone not in text
    assert all(script.has_attr("defer") for script in head.select("script[src]"))
    assert "const DOCUMENTATION_OPTIONS" in text
    (sheet,) = head.select('link[rel="stylesheet"]')
    assert sheet["href"].startswith("../_static/site.css?v=")


def test_the_search_page_keeps_its_index_and_fetches_no_page_to_quote_from(tiny_site):
    head = tiny_site.page("search").head
    assert head.select('script[src="searchindex.js"]')
    text = str(head)
    assert re.search(r"SHOW_SEARCH_SUMMARY: false", text)
    (sheet,) = head.select('link[rel="stylesheet"]')
    assert sheet["href"].startswith("_static/site.css?v=")


def test_a_page_says_to_those_who_listen_where_they_are(tiny_site):
    page = tiny_site.page("book/ch01_x")
    sidebar = page.select_one("#pst-primary-sidebar")
    assert (sidebar["role"], sidebar["aria-label"]) == ("complementary", "The book")
    assert not page.select("summary[aria-label]")
    assert page.select("details.hide summary")


def test_a_page_is_described_for_search_engines_and_previews(tiny_site):
    head = tiny_site.page("book/ch01_x").head
    about = {tag.get("property", tag.get("name")): tag["content"]
             for tag in head.select("meta[content]")}  # fmt: skip
    assert about["description"].startswith("It opens 1. Formulas end at their mark")
    assert about["og:title"] == "First?"
    assert about["og:image"] == "../_static/share.png"
    assert not head.select('link[rel="canonical"]')
    assert '<meta property="og:title" content="First?"/>' in tiny_site.text("book/ch01_x")


def test_the_theme_s_loop_over_the_whole_page_is_taken_out(tiny_site):
    script = tiny_site.folder / "_build/html/_static/scripts/pydata-sphinx-theme.js"
    assert html.LOOP not in script.read_text(encoding="utf8")


def test_a_named_repository_gives_pages_their_address_and_a_moved_page_leads_on(tiny_book):
    moved = {"book/ch07_x": "book/ch02_x"}
    tiny_book.configure(url="https://github.com/Owner/name", moved_pages=moved)
    assert tiny_book.build() == ""
    base = "https://owner.github.io/name"
    page = tiny_book.page("book/ch02_x")
    assert page.select_one('link[rel="canonical"]')["href"] == f"{base}/book/ch02_x.html"
    assert page.select_one('meta[property="og:image"]')["content"] == f"{base}/_static/share.png"
    assert "/github/Owner/name/blob/main/book/ch01_x.ipynb" in str(tiny_book.page("book/intro"))
    old = tiny_book.page("book/ch07_x")
    assert old.select_one('link[rel="canonical"]')["href"] == f"{base}/book/ch02_x.html"
    assert old.select_one("meta[http-equiv]")["content"] == "0; url=ch02_x.html"
    assert 'location.replace("ch02_x.html" + location.hash.replace("ch07", "ch02"))' in str(old)
    # a second build writes one page only; the others keep their form, and get the new sheet
    tiny_book.write("claims.md", "# Claims\n\nNow other words, |claims|.\n")
    assert tiny_book.build() == ""
    sheets = {str(tiny_book.page(f"book/{name}").select('link[rel="stylesheet"]'))
              for name in ("claims", "ch01_x", "intro")}  # fmt: skip
    assert len(sheets) == 1


def test_a_claim_on_the_front_page_that_no_chapter_makes_stops_the_build(tiny_book):
    tiny_book.write("intro.md", "# Tiny\n\n```{claim} ch01_x\nHalf is a third.\n```\n")
    assert "expected one claim 'Half is a third.' in ch01_x, found 0" in tiny_book.build()


# ---- its parts


def test_a_place_that_is_not_there_as_often_as_expected_stops_the_build():
    assert html.replace("a b a", "a", "c", where="x.html", expect=2) == "c b c"
    with pytest.raises(ExtensionError, match=r"x\.html: expected 1 of z, found 0"):
        html.replace("a b a", "z", "c", where="x.html")


def test_a_page_of_another_theme_is_no_page_of_this_book():
    with pytest.raises(ExtensionError, match=r"x\.html: expected 1 of script.*thebe.*, found 0"):
        html.finish_page("<head></head><body></body>", "x.html", mark="", options="")


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_s_facts_are_in_its_metadata(path):
    about = chapter.read(path)
    assert 5 <= about.minutes <= 120
    assert 5 <= about.seconds <= 1800
    assert about.needs
    assert about.opening.endswith((".", "?", ":"))
    assert len(about.claims) >= 5


def test_a_chapter_is_parsed_once_until_it_changes(tmp_path):
    path = tmp_path / "ch01_x.ipynb"
    text = CHAPTERS[0].read_text(encoding="utf8")
    path.write_text(text, encoding="utf8")
    first = chapter.read(path)
    assert chapter.read(path) is first
    path.write_text(text.replace("JS against EMD", "Another"), encoding="utf8")
    assert chapter.read(path).short == "Another"


SHEET = """@charset "utf-8";/* .gone{} */
.used,.gone{a:url("data:x;{")}
.gone,.away::after{content:"}"}
a:not(.gone):hover{b:1}
@media (min-width:9px){.gone{c:1}.used>.gone,.used li{d:1}}
@media print{.gone{e:1}}
@font-face{src:url(https://x.org/x.woff2)}"""


def sheet(folder, css=SHEET):
    (folder / "book.css").write_text(css)
    return folder


def test_a_style_sheet_keeps_the_rules_that_a_page_can_use(tmp_path):
    css = stylesheet.bundle(sheet(tmp_path), {"used"})
    assert "".join(css.split()) == (
        '.used{a:url("data:x;{")}a:not(.gone):hover{b:1}'
        "@media(min-width:9px){.usedli{d:1}}@font-face{src:url(https://x.org/x.woff2)}"
    )


def test_a_style_sheet_of_which_all_is_used_keeps_all_its_rules(tmp_path):
    css = stylesheet.bundle(sheet(tmp_path), {"used", "gone", "away"})
    assert css.count("{") == SHEET.count("{") - 1  # the one in the comment


def test_a_style_sheet_that_cannot_be_read_stops_the_build(tmp_path):
    with pytest.raises(ExtensionError, match=r"book\.css, line 2"):
        stylesheet.bundle(sheet(tmp_path, "a{b:1}\n}"), set())


def test_the_one_style_sheet_finds_what_its_parts_point_at(tmp_path):
    (tmp_path / "styles").mkdir()
    (tmp_path / "basic.css").write_text("a{b:1}")
    (tmp_path / "styles/theme.css").write_text('/* */@import "../basic.css";')
    (tmp_path / "pygments.css").write_text('c{d:url("data:x")}')
    (tmp_path / "styles/sphinx-book-theme.css").write_text("e{f:url(../fonts/g.woff2)}")
    (tmp_path / "book.css").write_text('h{i:url("fonts/j.woff2")}')
    assert stylesheet.bundle(tmp_path, set()) == (
        'a{b:1}c{d:url("data:x")}e{f:url("fonts/g.woff2")}h{i:url("fonts/j.woff2")}'
    )


def test_rules_that_make_live_figures_slow_are_left_out_and_missed_if_they_change(tmp_path):
    sheet = tmp_path / "mystnb.0.css"
    sheet.write_text(f"{stylesheet.LEFT_OUT} details:first-child, a {{b:1}}c{{d:2}}")
    assert stylesheet.bundle(tmp_path, set()) == " a {b:1}c{d:2}"
    sheet.write_text("c{d:2}")
    with pytest.raises(ExtensionError, match=r"mystnb\.0\.css has no"):
        stylesheet.bundle(tmp_path, set())


def test_pages_have_an_address_once_the_repository_has_one():
    assert sharing.site("https://github.com/Owner/name") == "https://owner.github.io/name/"
    assert sharing.site("") == ""
    assert sharing.site("https://example.org/owner/name") == ""


def test_a_page_is_described_by_its_first_sentences():
    macros = nodes.paragraph("", "\\newcommand", classes=["macros"])
    text = nodes.paragraph("", "One thing.\nAnother? " + "And so on " * 30)
    assert sharing.description(nodes.container("", macros, text)) == "One thing. Another?"
    assert sharing.description(None) == ""


@pytest.fixture
def typesetter():
    try:
        process = formulas.Typesetter()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    yield process
    process.close()


def test_a_formula_is_set_with_mathml_for_those_who_listen(typesetter):
    text = typesetter.html(r"\tfrac12", display=False, page="one")
    assert text.startswith("<mjx-container")
    assert "<mfrac><mn>1</mn><mn>2</mn></mfrac>" in text


def test_macros_hold_for_the_page_that_defines_them(typesetter):
    typesetter.html(r"\newcommand{\JS}{\mathrm{JS}}", display=False, page="one")
    assert "JS" in typesetter.html(r"\JS", display=False, page="one")
    with pytest.raises(ValueError, match=r"Undefined control sequence \\JS"):
        typesetter.html(r"\JS", display=False, page="two")


def test_a_mistake_in_tex_is_an_error(typesetter):
    with pytest.raises(ValueError, match="Missing superscript or subscript argument"):
        typesetter.html("a_", display=True, page="one")


def test_lines_of_a_formula_get_an_environment():
    assert formulas.rows("a = b") == "a = b"
    assert formulas.rows(r"a \\ b") == r"\begin{split}a \\ b\end{split}"
    assert formulas.rows("a\n\nb") == r"\begin{align}\begin{aligned}a\\ b\end{aligned}\end{align}"


def test_every_public_module_of_the_package_is_on_the_page_about_it():
    page = (ROOT / "book" / "api.md").read_text(encoding="utf8")
    modules = {path.stem for path in (ROOT / "wganlib").glob("[!_]*.py")}
    assert set(re.findall(r"automodule:: wganlib\.(\w+)", page)) == modules
    assert set(re.findall(r"\[`(\w+)`\]\(#\1\)", page)) == modules

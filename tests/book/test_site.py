"""What the build does to figures, claims and pages, before any browser sees them."""

import importlib
import io
import re

import numpy as np
import pytest
from docutils import nodes
from PIL import Image

from tests import ROOT
from wganlib import palette, plotting

CHAPTERS = sorted(ROOT.glob("book/ch*.ipynb"))

sphinx = pytest.importorskip("sphinx", reason="Sphinx is not installed (extra `book`)")


@pytest.fixture
def dark():
    return importlib.import_module("dark_figures")


HOUSE = [plotting.REAL, plotting.FAKE, plotting.CRITIC, *plotting.OTHERS]


def test_paper_becomes_the_dark_page_and_ink_its_text(dark):
    paper, ink = dark.dark(np.vstack([dark._rgb("#ffffff"), dark._rgb(dark.INK)]))
    np.testing.assert_allclose(paper, dark._rgb(dark.PAGE)[0], atol=0.5 / 255)
    wanted = dark._lab(dark._rgb(dark.TEXT))[0, 0]  # ink keeps its own slight tint
    np.testing.assert_allclose(dark._lab(ink[None])[0, 0], wanted, atol=1e-6)


TWINS = {"real": "REAL", "quiet": "QUIET", "js": "PURPLE", "w1": "GREEN", "held": "GREEN"}


@pytest.mark.parametrize(("role", "colour"), TWINS.items())
def test_a_page_s_dark_colour_is_that_of_dark_figures(dark, role, colour):
    twin = dark.dark(dark._rgb(getattr(palette, colour)))
    np.testing.assert_allclose(twin, dark._rgb(palette.DARK[role]), atol=1 / 255)


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


@pytest.mark.parametrize(
    ("words", "minutes", "seconds"),
    [
        ("*Reading time:* 25 minutes.\n*Run time:* two minutes on one core.", 25, 120),
        ("Reading takes about fifty minutes, running about thirty seconds on a core.", 50, 30),
        ("Reading takes about 45 minutes, running about one.", 45, 60),
        ("Neither is said.", 0, 0),
    ],
)
def test_times_are_read_from_the_objectives_however_they_are_put(words, minutes, seconds):
    front = importlib.import_module("front")
    assert front._amount(front.READING.search(words)) == minutes
    assert front._amount(front.RUNNING.search(words), unit="minute") == seconds


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_says_what_it_needs_and_how_long_it_takes(path):
    about = importlib.import_module("front").chapter(path, path.stem)
    assert 5 <= about.reading <= 120
    assert 5 <= about.running <= 1800
    assert about.needs
    assert about.line.endswith((".", "?", ":"))
    assert about.claims >= 5


def test_the_road_goes_downhill_through_every_chapter():
    front = importlib.import_module("front")
    chapters = [front.chapter(path, f"book/{path.stem}") for path in CHAPTERS]
    drawing = front.road(chapters)
    places = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawing)
    assert len(places) == len(CHAPTERS)
    x, y = np.array(places, float).T
    assert np.all(np.diff(x) > 24)
    slope = (front.FLOOR - front.TOP) / (front.HOME - front.LEFT)
    np.testing.assert_allclose(np.diff(y) / np.diff(x), slope, atol=0.01)
    assert all(f">{one.name}<" in drawing for one in chapters)


def test_short_names_come_from_file_names():
    name = importlib.import_module("front")._name
    assert name("wgan_gp_mnist") == "WGAN-GP on MNIST"
    assert name("js_vs_emd") == "JS against EMD"
    assert name("kantorovich_rubinstein") == "Kantorovich–Rubinstein"


SHEET = """@charset "utf-8";/* .gone{} */
.used,.gone{a:url("data:x;{")}
.gone,.away::after{content:"}"}
a:not(.gone):hover{b:1}
@media (min-width:9px){.gone{c:1}.used>.gone,.used li{d:1}}
@media print{.gone{e:1}}
@font-face{src:url(x.woff2)}"""


def test_a_style_sheet_keeps_the_rules_that_a_page_can_use():
    lean = importlib.import_module("offline").slim(SHEET, {"used"})
    assert "".join(lean.split()) == (
        '@charset"utf-8";.used{a:url("data:x;{")}a:not(.gone):hover{b:1}'
        "@media(min-width:9px){.usedli{d:1}}@font-face{src:url(x.woff2)}"
    )


def test_a_style_sheet_of_which_all_is_used_stays_as_it_is():
    css = SHEET.replace("/* .gone{} */", "")
    assert importlib.import_module("offline").slim(css, {"used", "gone", "away"}) == css


def test_the_one_style_sheet_finds_what_its_parts_point_at(tmp_path):
    (tmp_path / "styles").mkdir()
    (tmp_path / "basic.css").write_text("a{b:1}")
    (tmp_path / "styles/theme.css").write_text('/* */@import "../basic.css";')
    (tmp_path / "pygments.css").write_text('c{d:url("data:x")}')
    (tmp_path / "styles/sphinx-book-theme.css").write_text("e{f:url(../fonts/g.woff2)}")
    (tmp_path / "book.css").write_text('h{i:url("fonts/j.woff2")}')
    assert importlib.import_module("offline").bundle(tmp_path) == (
        '/* */a{b:1}c{d:url("data:x")}e{f:url(fonts/g.woff2)}h{i:url("fonts/j.woff2")}'
    )


def test_a_page_waits_for_the_one_style_sheet():
    in_one_go = importlib.import_module("offline").in_one_go
    page = '<html data-content_root="../"><head><link rel="preload" as="script" href="x.js" />'
    page += '<link rel="stylesheet" href="../_static/book.css?v=1" /><link rel="next" href="n" />'
    page += '<script src="../_static/documentation_options.js?v=1"></script></head>'
    html = in_one_go(page, mark="2", options="const O = 1;")
    assert html == (
        '<html data-content_root="../"><head><link rel="next" href="n" />'
        "<script>const O = 1;</script>"
        '<link rel="stylesheet" href="../_static/site.css?v=2" />\n</head>'
    )
    assert in_one_go(html, mark="2", options="const O = 1;") == html


def test_pages_have_an_address_once_the_repository_has_one():
    site = importlib.import_module("head").site
    assert site("https://github.com/Owner/name") == "https://owner.github.io/name/"
    assert site("") == ""
    assert site("https://example.org/owner/name") == ""


def test_a_page_is_described_by_its_first_sentences():
    description = importlib.import_module("head").description
    macros = nodes.paragraph("", "\\newcommand", classes=["macros"])
    text = nodes.paragraph("", "One thing.\nAnother? " + "And so on " * 30)
    assert description(nodes.container("", macros, text)) == "One thing. Another?"
    assert description(None) == ""


@pytest.fixture
def typesetter():
    formulas = importlib.import_module("formulas")
    try:
        process = formulas.Typesetter()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    yield process
    process.close()


def test_a_formula_is_set_with_mathml_for_those_who_listen(typesetter):
    html = typesetter.html(r"\tfrac12", display=False, page="one")
    assert html.startswith("<mjx-container")
    assert "<mfrac><mn>1</mn><mn>2</mn></mfrac>" in html


def test_macros_hold_for_the_page_that_defines_them(typesetter):
    typesetter.html(r"\newcommand{\JS}{\mathrm{JS}}", display=False, page="one")
    assert "JS" in typesetter.html(r"\JS", display=False, page="one")
    with pytest.raises(ValueError, match=r"Undefined control sequence \\JS"):
        typesetter.html(r"\JS", display=False, page="two")


def test_a_mistake_in_tex_is_an_error(typesetter):
    with pytest.raises(ValueError, match="Missing superscript or subscript argument"):
        typesetter.html("a_", display=True, page="one")


def test_a_formula_stays_with_the_mark_that_follows_it():
    keep_marks = importlib.import_module("formulas").keep_marks
    line = '<p><span class="nobreak">x<!--formula--></span>, and y</p>'
    assert keep_marks(line) == '<p><span class="nobreak">x,</span> and y</p>'


def test_lines_of_a_formula_get_an_environment():
    rows = importlib.import_module("formulas").rows
    assert rows("a = b") == "a = b"
    assert rows(r"a \\ b") == r"\begin{split}a \\ b\end{split}"
    assert rows("a\n\nb") == r"\begin{align}\begin{aligned}a\\ b\end{aligned}\end{align}"


def test_every_module_of_the_package_is_on_the_page_about_it():
    root = ROOT
    page = (root / "book" / "api.md").read_text(encoding="utf8")
    modules = {path.stem for path in (root / "wganlib").glob("*.py")} - {"__init__"}
    assert set(re.findall(r"automodule:: wganlib\.(\w+)", page)) == modules
    assert set(re.findall(r"\[`(\w+)`\]\(#\1\)", page)) == modules


def test_a_page_says_to_those_who_listen_where_they_are():
    complete = importlib.import_module("offline").complete
    page = '<div id="pst-primary-sidebar" class="a"><img src="l.svg" class="logo__image"/></div>'
    page += '<summary aria-label="Toggle hidden content"><p>Show the code</p></summary>'
    html = complete(page, searches=False)
    assert 'role="complementary" aria-label="The book" class="a"' in html
    assert '<img width="48" height="30" src="l.svg"' in html
    assert "<summary><p>Show the code" in html
    assert complete(html, searches=False) == html

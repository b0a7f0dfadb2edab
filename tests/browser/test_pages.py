"""The built book in a real browser: complete without a network, fit for a phone, light and dark.

The pages are those of `_build/html`; `make test` builds them first.  Without them, or without
Playwright and a Chromium, the tests are skipped and say why.
"""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from tests.browser.site import CHAPTERS, OUTSIDE, PAGES, PHONE, SITE, built

pytestmark = built


def _show_all(page):
    """Open what is folded or put off, and load every visible picture."""
    page.add_style_tag(content="section, dl { content-visibility: visible !important; }")
    page.evaluate("""async () => {
        document.querySelectorAll("details").forEach(d => d.open = true);
        const seen = [...document.images].filter(i => i.checkVisibility());
        seen.forEach(i => i.loading = "eager");
        await Promise.all(seen.map(i => i.decode()));
    }""")


def test_a_wide_table_of_numbers_is_swiped_on_a_phone_rather_than_shrunk(visit):
    page = visit("book/ch10_which_samples_are_good.html", viewport=PHONE)
    figure = page.locator("#fig-ch10-jury a:has(> img[data-wide]):visible")
    shown, inner = figure.evaluate("a => [a.clientWidth, a.scrollWidth]")
    assert shown <= PHONE["width"]
    assert inner >= 600


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opened_as_a_file_asks_for_nothing_else(visit, name):
    page = visit(name, base=SITE.as_uri() + "/")
    own = (SITE.as_uri(), "blob:null/")  # a worker, if a training has started, has one of this kind
    assert [url for url in page.asked if not url.startswith(own)] == []
    assert page.complaints == []
    unset = page.locator(".bd-article .math").evaluate_all(
        "all => all.filter(m => !m.querySelector('mjx-container')).map(m => m.textContent)"
    )
    assert unset == []


@pytest.mark.parametrize("where", ["http", "file"])
@pytest.mark.parametrize("name", OUTSIDE)
def test_a_page_next_to_the_book_asks_no_other_host(visit, server, name, where):
    base = server if where == "http" else SITE.as_uri() + "/"
    page = visit(name, base=base)
    assert [url for url in page.asked if not url.startswith(base)] == []
    assert page.complaints == []


@pytest.mark.parametrize("name", [*PAGES, *OUTSIDE])
def test_nothing_that_a_page_may_load_lies_on_another_host(name):
    html = (SITE / name).read_text(encoding="utf-8")
    loads = r"<(?:script|img|iframe|source|video|audio|embed|object|link)\b[^>]*>"
    far = [tag for tag in re.findall(loads, html) if re.search(r"""=["']?(?:https?:)?//""", tag)]
    assert [tag for tag in far if not re.search(r'rel="(?:canonical|license)"', tag)] == []


@pytest.mark.parametrize("name", PAGES)
def test_pictures_wait_until_they_are_near(name):
    article = (SITE / name).read_text(encoding="utf-8").split("<article")[1]
    pictures = re.findall(r"<img\b[^>]*>", article)
    assert [tag for tag in pictures if 'loading="lazy"' not in tag] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_it_is_to_those_who_share_it(name):
    html = (SITE / name).read_text(encoding="utf-8")
    said = dict(re.findall(r'<meta (?:name|property)="([\w:]+)" content="([^"]*)"', html))
    assert len(said["description"].split()) >= 5
    assert said["og:description"] == said["description"]
    assert said["og:site_name"] == "Wasserstein GANs, Measured"
    assert re.match(r"[A-Z]", said["og:title"])
    picture = SITE / "_static" / said["og:image"].split("_static/")[1]
    with Image.open(picture) as image:
        assert image.size == (1200, 630)
    assert picture.stat().st_size < 200_000


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_ends_with_where_to_go_next(name):
    html = (SITE / name).read_text(encoding="utf-8")
    leads = re.search(r'<a class="right-next" rel="next" href="([^"]+)"', html)
    assert leads
    assert (SITE / name).parent.joinpath(leads[1]).is_file()
    if "book/" + leads[1] in CHAPTERS:
        line = re.search(r'class="prev-next-line">([^<]+)<', html)
        assert len(line[1].split()) >= 8


def test_the_front_page_maps_every_chapter_and_counts_every_claim():
    html = (SITE / "book/intro.html").read_text(encoding="utf-8")
    drawing, chapters = (html.split(f'class="chapter-{part}')[1] for part in ("drawing", "list"))
    drawing = drawing.split("</svg>")[0]
    for name in CHAPTERS:
        assert f'href="{Path(name).name}"' in drawing, name
        assert f'href="{Path(name).name}"' in chapters, name
    times = re.findall(r"\d+ min to read · \d+ (?:s|min) to run · needs [\w<]", chapters)
    assert len(times) == len(CHAPTERS)
    held = sum((SITE / name).read_text().count('<li class="held"') for name in CHAPTERS)
    numbers = html.split('class="book-numbers')[1]
    assert re.search(r"<strong>(?:<a [^>]*>(?:<span[^>]*>)?)?(\d+)", numbers)[1] == str(held)


@pytest.mark.parametrize("name", PAGES)
def test_every_picture_says_in_words_what_it_shows(name):
    html = (SITE / name).read_text(encoding="utf-8")
    article = html[html.index("<article") : html.index("</article>")]
    for tag in re.findall(r"<img\b[^>]*>", article):
        alt = re.search(r'\balt="([^"]*)"', tag)
        assert alt, tag
        assert len(alt[1].split()) >= 5, f"too short to say anything: {tag}"
        assert not re.search(r"\.(png|svg|jpe?g)\b", alt[1]), f"a file name is no alt text: {tag}"


@pytest.mark.parametrize("name", PAGES)
def test_every_link_inside_the_site_leads_somewhere(name):
    html = (SITE / name).read_text(encoding="utf-8")
    for link in re.findall(r'\bhref="([^"#:?]+)(?:#[^"]*)?"', html):
        assert (SITE / name).parent.joinpath(link).exists(), link


@pytest.mark.parametrize("name", PAGES)
def test_no_page_shows_a_warning_or_an_error(name):
    html = (SITE / name).read_text(encoding="utf-8")
    shown = re.findall(
        r'class="[^"]*\boutput (?:stderr|traceback|error)[^"]*".*?</pre>', html, re.S
    )
    assert shown == []


def _mean_lightness(page, selector):
    shot = page.locator(selector).first.screenshot()
    return float(np.asarray(Image.open(io.BytesIO(shot)).convert("L")).mean())


def _page_with_a_figure():
    return next(
        (p for p in PAGES if "only-dark" in (SITE / p).read_text().split("<article")[1]), None
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_figure_is_shown_once_and_in_the_theme_of_the_page(visit, theme):
    name = _page_with_a_figure() or pytest.skip("no page with a figure is built")
    page = visit(name, theme=theme)
    _show_all(page)
    for figure in page.locator(".bd-article figure:not(:has(> .live)):has(.only-dark)").all():
        shown = [i for i in figure.locator("img").all() if i.is_visible()]
        assert [i.get_attribute("src").endswith(".dark.png") for i in shown] == [theme == "dark"]
    lightness = _mean_lightness(page, f".bd-article figure img.only-{theme}")
    assert (lightness > 200) if theme == "light" else (lightness < 80)


@pytest.mark.parametrize("name", CHAPTERS)
def test_theorems_and_works_that_a_text_names_are_links(name):
    html = (SITE / name).read_text(encoding="utf-8")
    article = BeautifulSoup(html[html.index("<article") : html.index("</article>")], "html.parser")
    for kept in article.select("a, pre, code, strong, h2, h3, section#references, mjx-container"):
        kept.decompose()
    plain = re.findall(r"(?:Theorem|Lemma|Proposition) \d+\.\d+", article.get_text())
    assert plain == []
    assert re.findall(r"[A-Z][\w-]+ et al\. \(\d{4}\)", article.get_text()) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_link_to_a_statement_leads_to_one(name):
    html = (SITE / name).read_text(encoding="utf-8")
    pattern = r'href="([^"#]*)#((?:theorem|lemma|proposition)-\d+-\d+)"'
    for page, anchor in set(re.findall(pattern, html)):
        there = (SITE / name).parent / page if page else SITE / name
        assert f'id="{anchor}"' in there.read_text(encoding="utf-8"), anchor


@pytest.mark.parametrize("name", CHAPTERS)
def test_an_exercise_has_one_fold(name):
    html = (SITE / name).read_text(encoding="utf-8")
    exercises = html.split('<section id="exercise-')[1:]
    assert len(exercises) >= 4
    for exercise in exercises:
        assert exercise.split("</section>")[0].count("<details") == 1, exercise[:60]


def test_a_quick_question_is_answered_by_the_keyboard_in_the_panel_that_asks(visit):
    page = visit(CHAPTERS[0])
    fold = page.locator("details.quick").first
    answer = fold.locator("p").first
    assert not answer.is_visible()
    fold.locator("summary").press("Enter")
    answer.wait_for(state="visible")
    looks = "e => ['backgroundColor', 'borderLeft', 'maxWidth'].map(k => getComputedStyle(e)[k])"
    question = fold.locator("xpath=preceding-sibling::p[1]")
    assert question.inner_text().startswith("Quick question.")
    assert question.evaluate(looks) == fold.evaluate(looks)
    bottom, top = (e.bounding_box() for e in (question, fold))
    assert abs(bottom["y"] + bottom["height"] - top["y"]) < 1


def test_a_late_chapter_s_list_shows_logo_and_search(visit):
    page = visit(CHAPTERS[-1] + "#exercises", viewport={"width": 1280, "height": 600})
    for part in (".navbar-brand", ".search-button-field"):
        box = page.locator(f".bd-sidebar-primary {part}").bounding_box()
        assert 0 <= box["y"] < 200, part


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_no_name_in_the_package_s_page_is_cut_off(visit, width):
    page = visit("book/api.html", viewport={"width": width, "height": 800})
    _show_all(page)
    cut = page.evaluate("""() => [...document.querySelectorAll(
        "dt.sig, .bd-sidebar-secondary a, .bd-sidebar-primary a, td, dd > p")]
        .filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1 && e.clientWidth)
        .map(e => e.textContent.slice(0, 80))""")
    assert cut == []
    outside = page.evaluate("""() => [...document.querySelectorAll("dt.sig .viewcode-link")]
        .map(link => [link, link.closest("dt")].map(e => e.getBoundingClientRect().bottom))
        .filter(([link, box]) => link > box)""")
    assert outside == []


def test_the_site_s_address_has_a_title_and_a_card(visit):
    html = (SITE / "index.html").read_text(encoding="utf-8")
    assert "<title>Wasserstein GANs, Measured</title>" in html
    assert '<meta property="og:image" content="_static/share.png"' in html
    visit("index.html").wait_for_url("**/book/intro.html")


def test_a_dark_page_prints_light_and_turns_dark_again(visit):
    page = visit(PAGES[0], theme="dark")
    theme = "document.documentElement.dataset.theme"
    seen = [page.evaluate(theme)]
    for event in ("beforeprint", "afterprint"):
        page.evaluate(f"dispatchEvent(new Event('{event}'))")
        seen.append(page.evaluate(theme))
    assert seen == ["dark", "light", "dark"]


def test_paper_shows_the_text_and_nothing_around_it(visit):
    page = visit(CHAPTERS[0], theme="dark", viewport={"width": 720, "height": 1000})
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    around = ".bd-sidebar, .bd-header-article, .prev-next-area, .bd-footer, #jb-print-docs-body"
    assert [part for part in page.locator(around).all() if part.is_visible()] == []
    code = page.locator(".cell_input pre:visible").first
    assert code.evaluate("pre => getComputedStyle(pre).whiteSpace") == "pre-wrap"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") in (
        "rgb(255, 255, 255)",
        "rgba(0, 0, 0, 0)",
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 720


def test_on_paper_solutions_stand_open_and_no_figure_has_its_code(visit):
    page = visit(CHAPTERS[0])
    solutions = page.locator("details:not(.hide):not(.toctree-details) > p")
    computed = page.locator("div.tag_hide-cell .cell_output")
    plumbing = page.locator("div.tag_hide-input .cell_input")
    for media, shown in (("screen", False), ("print", True)):
        page.emulate_media(media=media)
        for part in (*solutions.all(), *computed.all()):
            assert part.is_visible() is shown, (media, part.inner_text())
        assert not any(part.is_visible() for part in plumbing.all())
    assert min(solutions.count(), computed.count()) >= 4 <= plumbing.count()


@pytest.mark.parametrize("where", ["http", "file"])
def test_the_search_page_finds_a_word_of_the_book(visit, server, where):
    base = server if where == "http" else SITE.as_uri() + "/"
    page = visit("search.html?q=generator", base=base)
    page.locator("#search-results li a").first.wait_for()
    assert page.complaints == []

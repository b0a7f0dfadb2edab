"""A reader's place on a page: links, a reload, fonts and sections that come late, and on paper."""

import gzip
import re
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from measured import reports

from tests.browser.reading import NEVER_IDLE, movement
from tests.browser.site import (
    CHAPTERS,
    PAGES,
    SCREENS,
    SITE,
    Quiet,
    built,
    figures_started,
    serving,
    settle,
    walk,
)

pytestmark = built

LIVE = [name for name in CHAPTERS if 'data-live="' in (SITE / name).read_text(encoding="utf-8")]
LINES = """[...document.querySelectorAll(".bd-article :is(p, h2, h3, li, pre)")]
    .filter(e => !e.closest("[data-live]"))"""  # a figure's own words come when it starts
PLACE = """() => {
    const lines = LINES;
    const seen = { contentVisibilityAuto: true };
    const i = lines.findIndex(e => e.checkVisibility(seen) && e.getBoundingClientRect().y >= 80);
    return [i, lines[i].getBoundingClientRect().y];
}""".replace("LINES", LINES)
AT = f"i => {LINES}[i].getBoundingClientRect().y"
DRAWN = "() => !document.querySelector('section.drawn-late:not(.is-drawn)')"
GO_TO = "share => scrollTo({ top: share * document.body.scrollHeight, behavior: 'instant' })"
UNREAD = """() => [...document.querySelectorAll(".bd-article > section > section > h2")]
    .filter(h => !document.body.innerText.includes(h.firstChild.textContent.trim()))
    .map(h => h.textContent)"""


@pytest.fixture(scope="module")
def late():
    """Serve the site, its fonts half a second late and each picture a tenth, as a slow line."""

    class Late(Quiet):
        def do_GET(self):
            time.sleep({".woff2": 0.5, ".png": 0.1}.get(Path(self.path).suffix, 0))
            super().do_GET()

    with serving(Late) as address:
        yield address


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", LIVE)
def test_fonts_that_come_late_move_a_line_or_two(opened, late, name, screen):
    page = opened(late + name, **SCREENS[screen])
    moved, what = movement(page)
    page.context.close()
    assert moved < 0.2, what  # a line of 27 pixels moves all below it


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", ["book/gallery.html", CHAPTERS[0]])
def test_pictures_that_come_late_move_nothing(opened, late, name, screen):
    page = opened(late + name, **SCREENS[screen])
    page.evaluate("moved().length = 0")  # by fonts, of which the test above has its own limit
    walk(page, 700)
    page.wait_for_function("[...document.images].every(i => i.complete || !i.checkVisibility())")
    moved, what = movement(page)
    page.context.close()
    assert moved < 0.1, what


@pytest.mark.parametrize("name", LIVE)
def test_figures_that_are_met_from_below_move_nothing(opened, server, name):
    page = opened(server + name, **SCREENS["phone"])
    page.evaluate("document.querySelector('#references').scrollIntoView()")
    settle(page)
    walk(page, -500)
    figures_started(page)
    moved, what = movement(page)
    page.context.close()
    assert moved < 0.1, what


def linked(name):
    """Return four places of a page that others may link to: two for each screen."""
    html = (SITE / name).read_text(encoding="utf-8").split("<article")[1]
    ids = [i for i in re.findall(r'\bid="([\w-]+)"', html) if re.match(r"fig-|claim-|exercise", i)]
    third, two_thirds = (ids[k * len(ids) // 3] for k in (1, 2))
    return {"phone": [third, "references"], "desktop": [two_thirds, ids[-1]]}


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", CHAPTERS)
def test_a_link_into_a_page_leads_there_although_sections_wait(blank, server, name, screen):
    page = blank(**SCREENS[screen])
    for place in linked(name)[screen]:
        page.goto("about:blank")  # else the page that is there would only scroll
        page.goto(f"{server}{name}#{place}", wait_until="load")
        settle(page, 10)
        where = page.evaluate("id => document.getElementById(id).getBoundingClientRect().y", place)
        end = page.evaluate("scrollY >= document.documentElement.scrollHeight - innerHeight - 2")
        assert -1 <= where < 150 or end, place  # a heading may stand half a pixel above the edge


LONG = [name for name in CHAPTERS if re.search("ch0[17]_|ch1[04]_", name)]


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", [*LONG, "book/api.html"])
def test_a_reader_who_reloads_or_comes_back_finds_the_line(blank, server, name, screen):
    page = blank(**SCREENS[screen])
    page.add_init_script(NEVER_IDLE)  # the hard case: much has never been laid out
    page.goto(server + name, wait_until="load")
    for share in (0.35, 0.8):
        page.evaluate(GO_TO, share)
        settle(page, 10)
        line, y = page.evaluate(PLACE)
        for leave in (page.reload, lambda: (page.goto("about:blank"), page.go_back())):
            leave()
            settle(page, 40)  # a line is held for 30 frames
            assert abs(page.evaluate(AT, line) - y) <= 28, (share, leave)  # a line


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", LONG)
def test_in_the_end_a_page_is_whole_and_has_not_moved(opened, server, name, screen):
    page = opened(server + name, **SCREENS[screen])
    page.evaluate(GO_TO, 0.6)
    settle(page, 10)
    line, y = page.evaluate(PLACE)
    page.evaluate("moved().length = 0")  # by the jump, which no reader takes for a movement
    page.wait_for_function(DRAWN)
    settle(page)
    assert abs(page.evaluate(AT, line) - y) <= 28
    assert page.evaluate(UNREAD) == []
    moved, what = movement(page)
    page.context.close()
    assert moved < 0.1, what


def test_paper_has_every_section(visit):
    page = visit(CHAPTERS[0])
    page.emulate_media(media="print")
    waiting = page.evaluate("""() => [...document.querySelectorAll("section.drawn-late > h2")]
        .filter(h => !h.checkVisibility({ contentVisibilityAuto: true })).length""")
    assert waiting == 0


@pytest.mark.parametrize("name", PAGES)
def test_a_page_waits_for_one_style_sheet_and_for_no_script(name):
    html = (SITE / name).read_text(encoding="utf-8")
    sheets = re.findall(r'<link[^>]*rel="stylesheet"[^>]*>', html)
    assert len(sheets) == 1, sheets
    scripts = re.findall(r"<script\b[^>]*\bsrc=[^>]*>", html)
    assert [tag for tag in scripts if not re.search(r"\b(defer|async)\b", tag)] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_stands_before_anything_is_drawn(blank, server, theme):
    page = blank(color_scheme=theme)
    page.route("**/pydata-sphinx-theme.js*", lambda route: route.abort())
    page.goto(server + PAGES[0], wait_until="load")
    assert page.evaluate("document.documentElement.dataset.theme") == theme


def test_the_one_style_sheet_is_light():
    sheet = (SITE / "_static" / "site.css").read_bytes()
    assert len(gzip.compress(sheet, 6)) < 45_000
    for file in re.findall(rb"url\([\"']?(?!data:)([^)\"']+)", sheet):
        if b"vendor/fontawesome" not in file:
            assert (SITE / "_static" / file.decode()).is_file(), file


def report_button(name):
    """Return the address of a page's button as the build writes it once the repository is named."""
    app = SimpleNamespace(add_js_file=lambda *_, **__: None)
    app.config = SimpleNamespace(html_baseurl="https://someone.github.io/fork/")
    app.config.html_theme_options = {"repository_url": "https://github.com/someone/fork"}
    context = {"header_buttons": []}
    reports.offer(app, name.removesuffix(".html"), None, context, "a document")
    return context["header_buttons"][0]["url"]


ADD_BUTTON = """address => {
    const link = document.createElement("a");
    link.href = address;
    link.className = "btn-report-button";
    link.textContent = "Report an error";
    link.addEventListener("click", event => event.preventDefault());
    document.querySelector(".article-header-buttons").append(link);
}"""
CLICK = """() => {
    const link = document.querySelector(".btn-report-button");
    link.click();
    return link.href;
}"""
SELECT = """heading => {
    const words = heading.parentElement.querySelector("p");
    getSelection().selectAllChildren(words);
    return getSelection().toString();
}"""


@pytest.mark.parametrize("screen", SCREENS)
def test_a_report_names_the_section_that_is_read_and_quotes_what_is_selected(visit, server, screen):
    page = visit(CHAPTERS[6], **SCREENS[screen])
    page.evaluate(ADD_BUTTON, report_button(CHAPTERS[6]))
    page.add_script_tag(url=server + "_static/report.js")

    def asked():
        address = urlsplit(page.evaluate(CLICK))
        assert (address.netloc, address.path) == ("github.com", "/someone/fork/issues/new")
        return {key: value for key, [value] in parse_qs(address.query).items()}

    here = f"https://someone.github.io/fork/{CHAPTERS[6]}"
    chapter = page.locator(".bd-article h1").evaluate("h => h.firstChild.textContent")
    assert chapter in asked()["title"]
    for heading in page.locator(".bd-article > section > section > h2").all()[3:5]:
        heading.evaluate("h => h.scrollIntoView({ behavior: 'instant' })")
        page.wait_for_function(DRAWN)
        heading.evaluate("h => h.scrollIntoView({ behavior: 'instant' })")
        settle(page)
        section = heading.evaluate("h => h.parentElement.id")
        words = heading.evaluate("h => h.firstChild.textContent")
        name = CHAPTERS[6].removeprefix("book/").removesuffix(".html")
        assert asked() == {"title": f"{name}: {words}", "body": f"Page: {here}#{section}\n\n"}
        selected = heading.evaluate(SELECT)
        assert selected
        quoted = "\n> ".join(selected.strip()[:500].split("\n"))
        assert asked()["body"] == f"Page: {here}#{section}\n\n> {quoted}\n\n"
        page.evaluate("getSelection().removeAllRanges()")

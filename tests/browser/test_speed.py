"""The built book in a real browser: quick to show and steady while it comes.

Lighthouse is not at hand everywhere; these are its causes, counted instead of timed, so that a
busy machine says the same.  Skipped as the tests of the other pages are.
"""

import gzip
import json
import re
import time

import pytest

from tests.browser.site import CHAPTERS, DESKTOP, PAGES, PHONE, SITE, Quiet, built, serving

SCREENS = {
    "desktop": {"viewport": DESKTOP},
    "phone": {"viewport": PHONE, "is_mobile": True, "has_touch": True},
}
LIVE = [name for name in CHAPTERS if 'data-live="' in (SITE / name).read_text(encoding="utf-8")]
SHIFTS = """
    window.shifts = [];
    new PerformanceObserver(list => {
        for (const shift of list.getEntries())
            window.shifts.push([shift.value, shift.sources.map(s => s.node?.nodeName + " "
                + (s.node?.id || s.node?.className || s.node?.textContent?.slice(0, 40)))]);
    }).observe({ type: "layout-shift", buffered: true });
"""

pytestmark = built


@pytest.fixture(scope="module")
def late_fonts():
    """Serve the site, its fonts half a second late, as on the first visit over a slow line."""

    class Late(Quiet):
        def do_GET(self):
            if ".woff" in self.path:
                time.sleep(0.5)
            super().do_GET()

    with serving(Late) as address:
        yield address


@pytest.fixture
def watched(browser):
    """Open a page that keeps what moves in it."""
    contexts = []

    def watched(address, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(SHIFTS)
        page.goto(address, wait_until="load")
        page.evaluate("document.fonts.ready")
        page.wait_for_timeout(300)
        return page

    yield watched
    for context in contexts:
        context.close()


def _moved(page):
    page.wait_for_timeout(100)
    return sum(value for value, _ in page.evaluate("shifts"))


def _go_to(page, place, step):
    """Scroll as a wheel does, a bit at a time, until the page has been there."""
    for _ in range(400):
        there = page.evaluate(
            """([place, step]) => {
                const end = place === "end" ? 1e9 : place;
                const before = scrollY;
                scrollTo(0, Math.min(end, before + step));
                return scrollY === before || scrollY === end;
            }""",
            [place, step],
        )
        page.wait_for_timeout(30)
        if there:
            break


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_stands_still_while_it_comes(watched, server, name, screen):
    page = watched(server + name, **SCREENS[screen])
    assert _moved(page) < 0.1, page.evaluate("shifts")


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", LIVE)
def test_fonts_that_come_late_move_a_line_or_two(watched, late_fonts, name, screen):
    page = watched(late_fonts + name, **SCREENS[screen])
    assert _moved(page) < 0.2, page.evaluate("shifts")  # a line of 27 pixels moves all below it


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", LIVE)
def test_a_page_stands_still_while_its_figures_start(watched, server, name, screen):
    page = watched(server + name, **SCREENS[screen])
    _go_to(page, "end", 700)
    page.wait_for_function("""() => [...document.querySelectorAll("[data-live]")]
        .every(box => box.closest("figure").classList.contains("is-live"))""")
    _go_to(page, 0, -700)
    assert _moved(page) < 0.1, page.evaluate("shifts")


@pytest.mark.parametrize("name", LIVE)
def test_figures_that_are_met_from_below_move_nothing(watched, server, name):
    page = watched(server + name, **SCREENS["phone"])
    page.evaluate("document.querySelector('#references').scrollIntoView()")
    page.wait_for_timeout(300)
    _go_to(page, 0, -500)
    assert _moved(page) < 0.1, page.evaluate("shifts")


@pytest.mark.parametrize("name", CHAPTERS)
def test_far_sections_wait_until_the_reader_comes(visit, name):
    page = visit(name, **SCREENS["phone"])
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(300)
    waiting = """() => [...document.querySelectorAll(".bd-article section.put-off > h2")]
        .map(h => !h.checkVisibility({ contentVisibilityAuto: true }))"""
    far = page.evaluate(waiting)
    assert len(far) >= 5
    assert sum(far) >= len(far) - 3
    _go_to(page, "end", 700)
    assert not page.evaluate(waiting)[-1]


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_script_lays_out_the_whole_page(browser, server, name, tmp_path):
    """What scripts measure is laid out, also if it waits; the trace counts every box."""
    context = browser.new_context(**SCREENS["phone"])
    page = context.new_page()
    trace = tmp_path / "trace.json"
    browser.start_tracing(page=page, path=trace, categories=["devtools.timeline"])
    page.goto(server + name, wait_until="load")
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(500)
    browser.stop_tracing()
    events = json.loads(trace.read_text(encoding="utf-8"))["traceEvents"]
    frame = page.url
    context.close()
    laid = [
        event["args"]["beginData"]["dirtyObjects"]
        for event in events
        if event["name"] == "Layout" and "beginData" in event.get("args", {})
    ]
    assert laid, f"no layout in the trace of {frame}"
    # 1,500 to 6,500 are; a script that measures everything makes it 10,700 to 33,000
    assert sum(laid) < 10_000


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", CHAPTERS)
def test_a_link_into_a_page_leads_there_although_sections_wait(visit, server, name, screen):
    html = (SITE / name).read_text(encoding="utf-8").split("<article")[1]
    ids = [i for i in re.findall(r'\bid="([\w-]+)"', html) if re.match(r"fig-|claim-|exercise", i)]
    for place in [ids[len(ids) // 3], ids[2 * len(ids) // 3], ids[-1], "references"]:
        page = visit(f"{name}#{place}", **SCREENS[screen])
        page.wait_for_timeout(300)
        where = page.evaluate("id => document.getElementById(id).getBoundingClientRect().y", place)
        end = page.evaluate("scrollY >= document.documentElement.scrollHeight - innerHeight - 2")
        assert -1 <= where < 150 or end, place  # a heading may stand half a pixel above the edge
        page.context.close()


def test_paper_has_every_section(visit):
    page = visit(CHAPTERS[0])
    page.emulate_media(media="print")
    waiting = page.evaluate("""() => [...document.querySelectorAll("section.put-off > h2")]
        .filter(h => !h.checkVisibility({ contentVisibilityAuto: true })).length""")
    assert waiting == 0


@pytest.mark.parametrize("name", CHAPTERS)
def test_what_scrolls_sideways_can_be_scrolled_by_keyboard(visit, name):
    page = visit(name, **SCREENS["phone"])
    _go_to(page, "end", 600)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    _go_to(page, 0, -600)
    page.wait_for_timeout(100)
    off = page.evaluate("""() => [...document.querySelectorAll(".bd-article *")]
        .filter(e => e.scrollWidth > e.clientWidth + 1
            && /auto|scroll/.test(getComputedStyle(e).overflowX)
            && e.tabIndex < 0 && !e.querySelector("a, button, [tabindex='0']"))
        .map(e => e.outerHTML.slice(0, 100))""")
    assert off == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_waits_for_one_style_sheet_and_for_no_script(name):
    html = (SITE / name).read_text(encoding="utf-8")
    sheets = re.findall(r'<link[^>]*rel="stylesheet"[^>]*>', html)
    assert len(sheets) == 1, sheets
    scripts = re.findall(r"<script\b[^>]*\bsrc=[^>]*>", html)
    assert [tag for tag in scripts if not re.search(r"\b(defer|async)\b", tag)] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_stands_before_anything_is_drawn(browser, server, theme):
    context = browser.new_context(color_scheme=theme)
    page = context.new_page()
    page.route("**/pydata-sphinx-theme.js*", lambda route: route.abort())
    page.goto(server + PAGES[0], wait_until="load")
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    context.close()


def test_the_one_style_sheet_is_light():
    sheet = (SITE / "_static" / "site.css").read_bytes()
    assert len(gzip.compress(sheet, 6)) < 45_000
    for file in re.findall(rb"url\([\"']?(?!data:)([^)\"']+)", sheet):
        if b"vendor/fontawesome" not in file:
            assert (SITE / "_static" / file.decode()).is_file(), file

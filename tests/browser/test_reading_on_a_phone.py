"""What a reader meets who walks through a page on a phone.

Each page is opened and walked through once, and all that is seen there is written down; a test
looks at its own part of the notes.  Nothing is timed, so that a busy machine sees the same: what
makes a page slow is counted.
"""

import functools
import gzip
import json

import pytest

from tests.browser.reading import DRAW_ALL, NEVER_IDLE, OPEN, PICTURES, STOPS, movement
from tests.browser.site import CHAPTERS, PAGES, SCREENS, SITE, built, figures_started, settle, walk

pytestmark = built

WAITING = """() => [...document.querySelectorAll(".bd-article section.drawn-late > h2")]
    .map(h => !h.checkVisibility({ contentVisibilityAuto: true }))"""
LONG = """() => [...document.querySelectorAll(".bd-article > section > section")]
    .slice(1, -2).filter(part => part.querySelector("mjx-container, img, dl.py")).length"""
LAST_LATE = "[...document.querySelectorAll('section.drawn-late')].at(-1)?.scrollIntoView()"
NO_KEYS = """() => [...document.querySelectorAll(".bd-article *")]
    .filter(e => e.scrollWidth > e.clientWidth + 1
        && /auto|scroll/.test(getComputedStyle(e).overflowX)
        && e.tabIndex < 0 && !e.querySelector("a, button, [tabindex='0']"))
    .map(e => e.outerHTML.slice(0, 100))"""
SHOW = """async () => {
    document.querySelectorAll("details").forEach(d => d.open = true);
    const seen = [...document.images].filter(i => i.checkVisibility());
    seen.forEach(i => i.loading = "eager");
    await Promise.all(seen.map(i => i.decode()));
}"""
EMPTY = "[...document.images].filter(i => i.checkVisibility() && !i.naturalWidth).map(i => i.src)"
WIDEST = """() => [...document.querySelectorAll(".bd-article *")]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
    .slice(0, 5).map(e => e.tagName + "." + e.className + ": " + e.textContent.slice(0, 60))"""

# Also on a phone that is 30 pixels narrower: a formula does not break, and its end would be cut.
WIDE_FORMULAS = """() => [...document.querySelectorAll(".bd-article span.math mjx-math")]
    .map(e => [e.getBoundingClientRect().width, e.closest("p, li, dt, dd, td, figcaption, div")])
    .filter(([width, text]) => !text.closest("table") && width > text.clientWidth - 30)
    .map(([_, text]) => text.textContent.slice(0, 80))"""


@pytest.fixture(scope="module")
def on_a_phone(with_fonts, server, browser):
    """Walk through a page on a phone; returns the notes."""

    @functools.cache
    def on_a_phone(name):
        page, notes = with_fonts("phone"), {}
        page.add_init_script(NEVER_IDLE)
        browser.start_tracing(page=page, categories=["devtools.timeline"])
        page.goto(server + name, wait_until="load")
        settle(page, 10)
        notes["laid out"] = laid_out(browser.stop_tracing())
        notes["weight"] = sum(compressed(url) for url in set(page.asked))
        notes["moved at first"] = movement(page)
        notes["waiting at first"] = page.evaluate(WAITING)
        notes["long"] = page.evaluate(LONG)  # the first and the last two never wait
        walk(page, 700)
        figures_started(page)
        walk(page, -700)
        notes["moved in all"] = movement(page)
        page.evaluate(LAST_LATE)
        settle(page)
        notes["waiting in sight"] = page.evaluate(WAITING)[-1:]
        page.evaluate(OPEN)
        walk(page, 1_200)
        notes["without keys"] = page.evaluate(NO_KEYS)
        notes["needless stops"] = page.evaluate(STOPS)
        page.add_style_tag(content=DRAW_ALL)
        page.evaluate(SHOW)
        notes["pictures"] = page.evaluate(PICTURES)
        notes["width"] = page.evaluate("document.documentElement.scrollWidth")
        notes["widest"] = page.evaluate(WIDEST)
        notes["wide formulas"] = page.evaluate(WIDE_FORMULAS)
        notes["broken"] = page.locator("mjx-merror").all_text_contents()
        notes["empty"] = page.evaluate(EMPTY)
        own = (server, f"blob:{server}")  # a worker has an address of this kind
        notes["elsewhere"] = [url for url in page.asked if not url.startswith(own)]
        notes["complaints"] = page.complaints
        page.close()
        return notes

    return on_a_phone


def laid_out(trace):
    """Count the boxes that were laid out, from a trace."""
    return sum(
        event["args"]["beginData"]["dirtyObjects"]
        for event in json.loads(trace)["traceEvents"]
        if event["name"] == "Layout" and "beginData" in event.get("args", {})
    )


def compressed(url):
    """Bytes of one answer as a server that compresses text would send them."""
    file = SITE / url.split("/", 3)[-1].split("?")[0].split("#")[0]
    data = file.read_bytes() if file.is_file() else b""
    packed = file.suffix in {".woff", ".woff2", ".png"}
    return len(data) if packed else len(gzip.compress(data, 6))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_complete_offline_and_sound(on_a_phone, name):
    notes = on_a_phone(name)
    assert notes["elsewhere"] == []
    assert notes["complaints"] == []
    assert notes["broken"] == []
    assert notes["empty"] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_a_phone_and_is_light(on_a_phone, name):
    notes = on_a_phone(name)
    assert notes["width"] <= SCREENS["phone"]["viewport"]["width"], notes["widest"]
    assert notes["weight"] <= 1_000_000, "bytes compressed on a first visit"


@pytest.mark.parametrize("when", ["at first", "in all"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_stands_still_while_it_comes_and_while_it_is_read(on_a_phone, name, when):
    moved, what = on_a_phone(name)["moved " + when]
    assert moved < 0.1, what


@pytest.mark.parametrize("name", [*CHAPTERS, "book/api.html", "book/gallery.html"])
def test_far_sections_wait_until_the_reader_comes(on_a_phone, name):
    far = on_a_phone(name)["waiting at first"]
    assert len(far) == on_a_phone(name)["long"] > 0
    assert sum(far) >= len(far) - 3
    assert on_a_phone(name)["waiting in sight"] == [False]


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_script_lays_out_the_whole_page(on_a_phone, name):
    """What scripts measure is laid out, also if it waits; a trace counts every box."""
    # 1,500 to 6,500 are; a script that measures everything makes it 10,700 to 33,000
    assert 0 < on_a_phone(name)["laid out"] < 10_000


@pytest.mark.parametrize("name", PAGES)
def test_no_formula_in_a_line_is_wider_than_a_phone(on_a_phone, name):
    assert on_a_phone(name)["wide formulas"] == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_what_scrolls_sideways_can_be_scrolled_by_keyboard(on_a_phone, name):
    assert on_a_phone(name)["without keys"] == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_formulas_in_a_line_are_no_stops_of_the_keyboard(on_a_phone, name):
    assert on_a_phone(name)["needless stops"] == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_phone_shows_its_own_picture_of_a_figure_at_its_own_size(on_a_phone, name):
    pictures = on_a_phone(name)["pictures"]
    assert pictures
    assert not [kind for kind, _ in pictures if "on-wide" in kind]
    # Drawn with twice the pixels: letters are then as tall as in the wide one on a wide screen.
    own = [size for kind, size in pictures if "on-phones" in kind]
    assert [size for size in own if not 0.47 < size <= 0.5] == []

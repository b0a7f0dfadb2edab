"""What a reader meets who walks through a page, on a phone and at a desk, light and dark.

Each page is opened and walked through once a screen, and all that is seen there is written down; a
test looks at its own part of the notes.  Nothing is timed, so that a busy machine sees the same:
what makes a page slow is counted.
"""

import functools
import gzip
import json
import re
import time

import pytest

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
SHIFTS = """{
    const shifts = [];
    const keep = list => list.forEach(s => shifts.push([s.value, s.sources.map(part =>
        part.node?.nodeName + " " + (part.node?.id || part.node?.className
            || part.node?.textContent?.slice(0, 40)))]));
    const observer = new PerformanceObserver(list => keep(list.getEntries()));
    observer.observe({ type: "layout-shift", buffered: true });
    window.moved = () => { keep(observer.takeRecords()); return shifts; };
}"""
WAITING = """() => [...document.querySelectorAll(".bd-article section.drawn-late > h2")]
    .map(h => !h.checkVisibility({ contentVisibilityAuto: true }))"""
FORMULAS = """() => [...document.querySelectorAll(".bd-article > section > section")]
    .slice(1, -2).filter(section => section.querySelector("mjx-container")).length"""
LAST_LATE = "[...document.querySelectorAll('section.drawn-late')].at(-1)?.scrollIntoView()"
OPEN = "document.querySelectorAll('details').forEach(d => d.open = true)"
NO_KEYS = """() => [...document.querySelectorAll(".bd-article *")]
    .filter(e => e.scrollWidth > e.clientWidth + 1
        && /auto|scroll/.test(getComputedStyle(e).overflowX)
        && e.tabIndex < 0 && !e.querySelector("a, button, [tabindex='0']"))
    .map(e => e.outerHTML.slice(0, 100))"""
STOPS = """() => [...document.querySelectorAll(".math > mjx-container[tabindex]")]
    .filter(e => e.scrollWidth <= e.clientWidth + 4).map(e => e.parentElement.outerHTML)"""
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
WIDE_CODE = """() => {
    const shut = [...document.querySelectorAll("details:not([open])")];
    shut.forEach(d => d.open = true);
    const wide = [...document.querySelectorAll(".cell_input pre")]
        .filter(p => p.scrollWidth > p.clientWidth + 1).map(p => p.textContent.slice(0, 80));
    shut.forEach(d => d.open = false);
    return wide;
}"""
GROUND = """const ground = e => {
        for (; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor;
            if (colour !== "rgba(0, 0, 0, 0)") return colour;
        }
    };"""
# Most elements of a page are words of code, of a few looks, and drawn parts of formulas, which hold
# no text and are hidden from readers of screens. Of each look axe gets one word that is seen, the
# others become plain text of what holds them; formulas keep their words and their size.
SPARE_AXE = """() => {
    GROUND
    const seen = new Set(), again = [];
    for (const code of document.querySelectorAll("pre")) {
        const where = [code.tagName, code.parentElement.className, ground(code)];
        for (const word of code.querySelectorAll("span")) {
            if (word.children.length) continue;
            const { color, fontSize, fontWeight, opacity } = getComputedStyle(word);
            // with classes, since looks that are one in a theme may be two in the other
            const look = [...where, word.parentElement.className, word.className, ground(word),
                color, fontSize, fontWeight, opacity].join();
            if (word.checkVisibility() && !seen.has(look)) seen.add(look);
            else again.push(word);
        }
    }
    const drawn = [...document.querySelectorAll("mjx-math[aria-hidden]")];
    const sizes = drawn.map(formula => formula.getBoundingClientRect());
    again.forEach(word => word.replaceWith(word.textContent));
    drawn.forEach((formula, i) => {
        const { width, height } = sizes[i];
        formula.replaceChildren();
        formula.style = `display: inline-block; width: ${width}px; height: ${height}px`;
    });
}""".replace("GROUND", GROUND)
DRAW_ALL = "section, dl { content-visibility: visible !important; }"
# Of contrast axe is asked once for each look of words on their ground, since to ask of every word
# takes most of its time; and of the second theme only what can differ there, words and pictures.
CONTRAST = "color-contrast"
WITHOUT_CONTRAST = {CONTRAST: {"enabled": False}}
PICTURES = ["image-alt", "role-img-alt", "svg-img-alt"]
WORDS = [CONTRAST, "link-in-text-block"]
DIFFERENT = {"include": [["[data-look]"], ["img"], ["svg"], ["[role=img]"]]}
MARK_LOOKS = """() => {
    GROUND
    const faint = e => e ? getComputedStyle(e).opacity * faint(e.parentElement) : 1;
    const seen = new Set();
    document.querySelectorAll("[data-look]").forEach(e => delete e.dataset.look);
    for (const e of document.body.querySelectorAll("*")) {
        if (![...e.childNodes].some(part => part.nodeType === 3 && part.data.trim())) continue;
        if (!e.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true })) continue;
        const { color, fontSize, fontWeight } = getComputedStyle(e);
        const look = [e.tagName, color, fontSize, fontWeight, faint(e), ground(e)].join();
        if (!seen.has(look)) e.dataset.look = seen.add(look).size;
    }
    return seen.size;
}""".replace("GROUND", GROUND)


NEVER_IDLE = "window.requestIdleCallback = () => 0;"  # else waiting sections come by and by
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


def movement(page):
    """Return what moved on the page by itself, and by how much in all."""
    settle(page)
    shifts = page.evaluate("moved()")
    return sum(value for value, _ in shifts), shifts


@pytest.fixture(scope="module")
def opened(new_page):
    """Open a page that notes what moves; the caller closes its context."""

    def opened(address, **options):
        page = new_page(**options)
        page.add_init_script(SHIFTS)
        page.goto(address, wait_until="load")
        settle(page, 10)
        return page

    return opened


@pytest.fixture(scope="module")
def with_fonts(new_page, server):
    """Open an empty page that notes what moves, in a browser that has the fonts already.

    How late they come is the machine's affair; `late_fonts` asks what they move then.
    """

    @functools.cache
    def context(screen):
        page = new_page(color_scheme="light", **SCREENS[screen])
        page.goto(server + "book/intro.html", wait_until="load")
        settle(page)
        page.close()
        return page.context

    def with_fonts(screen):
        page = new_page(context(screen))
        page.add_init_script(SHIFTS)
        return page

    yield with_fonts
    for screen in SCREENS if context.cache_info().currsize else ():
        context(screen).close()


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
        notes["with formulas"] = page.evaluate(FORMULAS)  # the first and the last two never wait
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
        notes["width"] = page.evaluate("document.documentElement.scrollWidth")
        notes["widest"] = page.evaluate(WIDEST)
        notes["broken"] = page.locator("mjx-merror").all_text_contents()
        notes["empty"] = page.evaluate(EMPTY)
        own = (server, f"blob:{server}")  # a worker has an address of this kind
        notes["elsewhere"] = [url for url in page.asked if not url.startswith(own)]
        notes["complaints"] = page.complaints
        page.close()
        return notes

    return on_a_phone


@pytest.fixture(scope="module")
def at_a_desk(with_fonts, server):
    """Walk through a page at a desk, and ask axe about it in both themes; returns the notes."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    @functools.cache
    def at_a_desk(name):
        page, notes = with_fonts("desktop"), {}
        page.goto(server + name, wait_until="load")
        settle(page, 10)
        notes["moved at first"] = movement(page)
        walk(page, 700)
        figures_started(page)
        walk(page, -700)
        notes["moved in all"] = movement(page)
        notes["needless stops"] = page.evaluate(STOPS)
        notes["wide code"] = page.evaluate(WIDE_CODE)
        page.add_style_tag(content=DRAW_ALL)
        page.evaluate(SPARE_AXE)
        settle(page)
        notes["light"] = violations(axe, page, rules=WITHOUT_CONTRAST)
        notes["light"] += looks(axe, page)
        page.emulate_media(color_scheme="dark")
        page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
        settle(page)
        notes["dark"] = looks(axe, page)
        page.close()
        return notes

    return at_a_desk


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


def violations(axe, page, context=None, **options):
    options = {"resultTypes": ["violations"], **options}
    found = axe.run(page, context=context, options=options).response["violations"]
    return [f"{v['id']} ({v['impact']}): {v['nodes'][0]['html'][:200]}" for v in found]


def looks(axe, page):
    """Ask axe about pictures, and about one word of each look on the page as it stands."""
    # Not waited for: what is out of sight stands still, and would never end.
    page.evaluate("document.getAnimations().forEach(a => a.finish())")
    assert page.evaluate(MARK_LOOKS) >= 8
    return violations(axe, page, DIFFERENT, runOnly=PICTURES + WORDS, preload=False)


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


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_stands_still_while_it_comes(on_a_phone, at_a_desk, name, screen):
    notes = (on_a_phone if screen == "phone" else at_a_desk)(name)
    moved, what = notes["moved at first"]
    assert moved < 0.1, what


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_stands_still_while_it_is_read_and_its_figures_start(
    on_a_phone, at_a_desk, name, screen
):
    notes = (on_a_phone if screen == "phone" else at_a_desk)(name)
    moved, what = notes["moved in all"]
    assert moved < 0.1, what


@pytest.mark.parametrize("name", CHAPTERS)
def test_far_sections_wait_until_the_reader_comes(on_a_phone, name):
    far = on_a_phone(name)["waiting at first"]
    assert len(far) == on_a_phone(name)["with formulas"] > 0
    assert sum(far) >= len(far) - 3
    assert on_a_phone(name)["waiting in sight"] == [False]


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_script_lays_out_the_whole_page(on_a_phone, name):
    """What scripts measure is laid out, also if it waits; a trace counts every box."""
    # 1,500 to 6,500 are; a script that measures everything makes it 10,700 to 33,000
    assert 0 < on_a_phone(name)["laid out"] < 10_000


@pytest.mark.parametrize("name", CHAPTERS)
def test_what_scrolls_sideways_can_be_scrolled_by_keyboard(on_a_phone, name):
    assert on_a_phone(name)["without keys"] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", [*PAGES, "search.html", "genindex.html"])
def test_axe_finds_nothing_on_a_page(at_a_desk, name, theme):
    assert at_a_desk(name)[theme] == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_line_of_code_is_wider_than_a_desktop_s_page(at_a_desk, name):
    assert at_a_desk(name)["wide code"] == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_code_is_as_large_as_a_wide_screen_allows(visit, name):
    page = visit(name, viewport={"width": 1440, "height": 900})
    page.evaluate(OPEN)
    size = page.locator(".cell_input pre").first.evaluate("e => getComputedStyle(e).fontSize")
    assert size == "13.5px"
    assert page.evaluate(WIDE_CODE) == []


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


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", LIVE)
def test_fonts_that_come_late_move_a_line_or_two(opened, late_fonts, name, screen):
    page = opened(late_fonts + name, **SCREENS[screen])
    moved, what = movement(page)
    page.context.close()
    assert moved < 0.2, what  # a line of 27 pixels moves all below it


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


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", CHAPTERS)
def test_formulas_in_a_line_are_no_stops_of_the_keyboard(on_a_phone, at_a_desk, name, screen):
    notes = {"phone": on_a_phone, "desktop": at_a_desk}[screen](name)
    assert notes["needless stops"] == []


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

"""What a reader meets who walks through a page at a desk, light and dark.

As on a phone: one walk a page, whose notes each test reads.
"""

import functools

import pytest

from tests.browser.reading import DRAW_ALL, PICTURES, STOPS, movement
from tests.browser.site import CHAPTERS, DESKTOP, PAGES, built, figures_started, settle, walk

pytestmark = built

WIDE_CODE = """() => {
    const shut = [...document.querySelectorAll("details:not([open])")];
    shut.forEach(d => d.open = true);
    const wide = [...document.querySelectorAll(".cell_input pre")]
        .filter(p => p.scrollWidth > p.clientWidth + 1).map(p => p.textContent.slice(0, 80));
    shut.forEach(d => d.open = false);
    return wide;
}"""
SIZE_OF_CODE = """() => [...new Set([...document.querySelectorAll(".cell_input pre")]
    .map(p => getComputedStyle(p).fontSize))]"""
WIDE_SCREEN = {"width": 1440, "height": 900}
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
# Of contrast axe is asked once for each look of words on their ground, since to ask of every word
# takes most of its time; and of the second theme only what can differ there, words and pictures.
CONTRAST_OF_LOOKS = """() => {
    axe.configure({ rules: [{ id: "color-contrast", selector: "[data-look]" }] });
}"""
IMAGES = ["image-alt", "role-img-alt", "svg-img-alt"]
WORDS = ["color-contrast", "link-in-text-block"]
DIFFERENT = {"include": [["[data-look]"], ["img"], ["svg"], ["[role=img]"]]}
# What axe has to say of all that is well would take as long to fetch as to find.
ASK = """([context, options]) => axe.run(context ?? document, options).then(
    ({ violations }) => violations.map(
        ({ id, impact, nodes }) => `${id} (${impact}): ${nodes[0].html.slice(0, 200)}`))"""
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


@pytest.fixture(scope="module")
def at_a_desk(with_fonts, server):
    """Walk through a page at a desk, and ask axe about it in both themes; returns the notes."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe().axe_script

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
        notes["pictures"] = page.evaluate(PICTURES)
        page.set_viewport_size(WIDE_SCREEN)
        notes["wide code on a wide screen"] = page.evaluate(WIDE_CODE)
        notes["size of code"] = page.evaluate(SIZE_OF_CODE)
        page.set_viewport_size(DESKTOP)
        page.evaluate(SPARE_AXE)
        settle(page)
        page.evaluate(f"{axe}; 0")
        page.evaluate(CONTRAST_OF_LOOKS)
        notes["light"] = violations(page)
        page.emulate_media(color_scheme="dark")
        page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
        settle(page)
        notes["dark"] = violations(page, DIFFERENT, runOnly=IMAGES + WORDS, preload=False)
        page.close()
        return notes

    return at_a_desk


def violations(page, context=None, **options):
    """Ask axe about the page as it stands, of contrast about one word of each look."""
    # Not waited for: what is out of sight stands still, and would never end.
    page.evaluate("document.getAnimations().forEach(a => a.finish())")
    assert page.evaluate(MARK_LOOKS) >= 8
    return page.evaluate(ASK, [context, {"resultTypes": ["violations"], **options}])


@pytest.mark.parametrize("when", ["at first", "in all"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_stands_still_while_it_comes_and_while_it_is_read(at_a_desk, name, when):
    moved, what = at_a_desk(name)["moved " + when]
    assert moved < 0.1, what


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", [*PAGES, "search.html", "genindex.html"])
def test_axe_finds_nothing_on_a_page(at_a_desk, name, theme):
    assert at_a_desk(name)[theme] == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_line_of_code_is_wider_than_a_desktop_s_page(at_a_desk, name):
    assert at_a_desk(name)["wide code"] == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_code_is_as_large_as_a_wide_screen_allows(at_a_desk, name):
    assert at_a_desk(name)["size of code"] == ["13.5px"]
    assert at_a_desk(name)["wide code on a wide screen"] == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_desktop_shows_its_own_picture_of_a_figure(at_a_desk, name):
    pictures = at_a_desk(name)["pictures"]
    assert pictures
    assert not [kind for kind, _ in pictures if "on-phones" in kind]


@pytest.mark.parametrize("name", CHAPTERS)
def test_formulas_in_a_line_are_no_stops_of_the_keyboard(at_a_desk, name):
    assert at_a_desk(name)["needless stops"] == []

"""A browser, a server of the built site, and a way to open its pages; skipped where one lacks."""

import functools
from pathlib import Path

import pytest
from chromium import PROGRAM

from tests.browser.reading import SHIFTS
from tests.browser.site import PATIENCE, SCREENS, STUCK, Quiet, serving, settle


def pytest_itemcollected(item):
    """Let a test begin once more whose page got no more frames; a page at fault gets none again."""
    item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=STUCK))


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    sync_api.expect.set_options(timeout=PATIENCE)
    with sync_api.sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        program = PROGRAM or (own.is_file() and str(own))
        if not program:
            pytest.skip("no Chromium: install one, or run `playwright install chromium`")
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        flags += ["--font-render-hinting=none"]  # widths of words as in the browser with a window
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server():
    with serving(Quiet) as address:
        yield address


@pytest.fixture(scope="session")
def new_page(browser):
    """Open an empty page, in a given context or in one of its own; the caller closes that."""

    def new_page(context=None, **options):
        context = context or browser.new_context(**options)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda r: page.asked.append(r.url))
        page.on("requestfailed", lambda r: page.complaints.append(f"failed: {r.url}"))
        page.on("console", lambda m: m.type == "error" and page.complaints.append(m.text))
        page.on("pageerror", lambda e: page.complaints.append(str(e)))
        page.on("response", lambda r: r.status >= 400 and page.complaints.append(r.url))
        return page

    return new_page


@pytest.fixture
def blank(new_page):
    """Open empty pages that are closed after the test."""
    contexts = []

    def blank(**options):
        page = new_page(**options)
        contexts.append(page.context)
        return page

    yield blank
    for context in contexts:
        context.close()


@pytest.fixture
def visit(blank, server):
    """Open a page of the site; the page carries its requests, failures and complaints."""

    def visit(name, *, base=server, theme="light", **options):
        page = blank(color_scheme=theme, **options)
        page.goto(base + name, wait_until="load")
        return page

    return visit


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

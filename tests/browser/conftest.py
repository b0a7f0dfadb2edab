"""A browser, a server of the built site, and a way to open its pages; skipped where one lacks."""

from pathlib import Path

import pytest

from tests.browser.site import CHROMIUM, Quiet, serving


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        program = CHROMIUM or (own.is_file() and str(own))
        if not program:
            pytest.skip("no Chromium: install one, or run `playwright install chromium`")
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server():
    with serving(Quiet) as address:
        yield address


@pytest.fixture
def visit(browser, server):
    """Open a page of the site; the page carries its requests, failures and complaints."""
    contexts = []

    def visit(name, *, base=server, theme="light", **options):
        context = browser.new_context(color_scheme=theme, **options)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda r: page.asked.append(r.url))
        page.on("requestfailed", lambda r: page.complaints.append(f"failed: {r.url}"))
        page.on("console", lambda m: m.type == "error" and page.complaints.append(m.text))
        page.on("pageerror", lambda e: page.complaints.append(str(e)))
        page.on("response", lambda r: r.status >= 400 and page.complaints.append(r.url))
        page.goto(base + name, wait_until="load")
        return page

    yield visit
    for context in contexts:
        context.close()

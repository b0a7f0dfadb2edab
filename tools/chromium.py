"""A browser for the tools that draw or measure pages, and for the tests that look at them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PROGRAMS = (
    "chromium-headless-shell",  # has no window to draw, which spares a quarter of the work
    "chromium", "chromium-browser", "google-chrome", "chrome",
)  # fmt: skip
PROGRAM = next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the machine's Chromium, or else Playwright's own; close it at the end."""
    from playwright.sync_api import sync_playwright  # here, as not everyone who tests has it

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield browser
        browser.close()

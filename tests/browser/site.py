"""Where the built site lies, what pages it has, and a server that hands them out."""

import contextlib
import functools
import http.server
import os
import re
import threading
from pathlib import Path

import pytest

from tests import ROOT

SITE = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
WRITTEN = [p for p in SITE.rglob("*.html") if 'data-page="moved"' not in p.read_text("utf8")]
WRITTEN = sorted(str(page.relative_to(SITE)) for page in WRITTEN)  # others only lead on
PAGES = [page for page in WRITTEN if re.match(r"book/[^/]+$", page)] or ["none"]
OUTSIDE = [page for page in WRITTEN if page not in PAGES]
OUTSIDE = [page for page in OUTSIDE if not page.startswith("_static/")] or ["none"]
CHAPTERS = [page for page in PAGES if re.match(r"book/ch\d\d_", page)]
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
SCREENS = {
    "desktop": {"viewport": DESKTOP},
    "phone": {"viewport": PHONE, "is_mobile": True, "has_touch": True},
}
PATIENCE = 90_000  # milliseconds to wait for what must come; a busy machine may need many
SILENCE = 30_000  # milliseconds without a frame, of which a busy machine draws several a second

built = pytest.mark.skipif(
    not (SITE / "index.html").is_file(), reason=f"no built book in {SITE}: run `make book` first"
)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Hands out files, lets a browser keep them, and says nothing about it."""

    def end_headers(self):
        self.send_header("Cache-Control", "max-age=3600")
        super().end_headers()

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def serving(handler):
    """Serve the site with a handler; gives its address."""
    handler = functools.partial(handler, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


# After a frame all is laid out, and the page's own observers have seen it. Now and then a page of
# Chromium without a GPU gets no more frames, and does when it is opened again: a test is told, and
# `conftest.py` lets it begin once more.
STUCK = "drew no more frames"
FRAME = f"""
    const stands = () => [document.visibilityState, "fonts " + document.fonts.status, scrollY];
    const late = (_, fail) => setTimeout(() => fail(new Error("{STUCK}: " + stands())), {SILENCE});
    const soon = promise => Promise.race([promise, new Promise(late)]);
    const frame = () => soon(new Promise(requestAnimationFrame));
"""
FRAMES = f"""async n => {{
    {FRAME}
    await soon(document.fonts.ready);
    while (n-- > 0) await frame();
}}"""
WALK = f"""async step => {{
    {FRAME}
    for (let before = -1, still = 0; ; await frame()) {{
        still = scrollY === before ? still + 1 : 0;
        if (still === 3) return;
        before = scrollY;
        scrollBy({{ top: step, behavior: "instant" }});
    }}
}}"""


def settle(page, frames=4):
    """Wait until fonts are there and some frames have been drawn since; no clock is asked."""
    page.evaluate(FRAMES, frames)


def walk(page, step):
    """Scroll as a wheel does, a bit at a time, until the page goes no further."""
    page.evaluate(WALK, step)
    settle(page)


def figures_started(page):
    """Wait until every live figure of the page stands."""
    page.wait_for_function("""() => [...document.querySelectorAll("[data-live]")]
        .every(box => box.closest("figure").classList.contains("is-live"))""")
    settle(page)

"""Where the built site lies, what pages it has, and a server that hands them out."""

import contextlib
import functools
import http.server
import os
import re
import shutil
import threading
from pathlib import Path

import pytest

from tests import ROOT

SITE = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))),
    None,
)
PAGES = sorted(str(page.relative_to(SITE)) for page in SITE.glob("book/*.html")) or ["none"]
OUTSIDE = sorted({str(p.relative_to(SITE)) for p in SITE.rglob("*.html")} - set(PAGES))
OUTSIDE = [page for page in OUTSIDE if not page.startswith("_static/")] or ["none"]
CHAPTERS = [page for page in PAGES if re.match(r"book/ch\d\d_", page)]
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}

built = pytest.mark.skipif(
    not (SITE / "index.html").is_file(), reason=f"no built book in {SITE}: run `make book` first"
)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Hands out files and says nothing about it."""

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

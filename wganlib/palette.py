"""Every colour of the book with what it stands for, on figures and on pages, light and dark.

Colours carry meaning and never change it: real data is blue, fake data vermilion, the critic
grey, what is known to be true is dashed ink.  Figures are drawn with the first block; their dark
twins are computed from their pixels.  Pages, live figures, the picture for sharing and the PDF
take theirs from `LIGHT` and `DARK`.  A page's value differs from a figure's only where contrast
demands it: a line needs 3:1 on its ground, and a word 4.5:1.
"""

from __future__ import annotations

PAPER = "#ffffff"
INK = "#1d2127"
QUIET = "#5b616b"  # what is read last: ticks, captions' numbers, rules of checks
REAL = "#1769aa"
FAKE = "#d1480f"
CRITIC = "#767b84"
TRUTH = INK
GREEN, PURPLE, OCHRE, PINK, SLATE = "#0b8467", "#8a4fb3", "#a97808", "#c2407f", "#4a5568"
OTHERS = (GREEN, PURPLE, OCHRE, PINK, SLATE)  # whatever is neither real, fake nor critic, in order
MASS = (PAPER, "#e6e0f0", "#bcaed6", "#8a72b4", "#573a8b", "#2a1452")  # from no mass to much
HEIGHT = (PAPER, "#cfd3d9")  # a critic's score behind points, from low to high
AXIS = "#8b9098"
GRID = "#e3e5e9"
FIELD = "#b9bdc6"  # small arrows in the background

LIGHT = {
    # Grounds, and lines that part them.
    "page": PAPER,
    "panel": "#f6f7f9",  # code, objectives, live figures
    "line": GRID,
    "target": "#fdf3d0",  # where a link inside the page has led
    "theorem-ground": "#f8f6fb",
    "held-ground": "#eff8f4",
    "held-line": "#b9dfd2",
    "door": REAL,  # the one link of the front page that is filled
    # Words and marks.
    "text": INK,
    "on-door": PAPER,
    "quiet": QUIET,
    "link": REAL,
    "accent": "#b53c0a",  # FAKE as small words: that has 4.2:1 on a panel
    "theorem": MASS[4],
    "held": "#0a7a5f",  # GREEN has 4.3:1 on its own ground
    # Curves, points and names in live figures.
    "real": REAL,
    "fake": FAKE,
    "critic": "#6d727b",  # CRITIC has 4.0:1 on a panel
    "w1": "#0a7a5f",  # GREEN has 4.3:1 on a panel
    "js": PURPLE,
    "kl": "#8c6108",  # OCHRE has 3.6:1 on a panel
}

# A word or mark without a comment has the colour of its figures' dark twins.
DARK = {
    "page": "#15181d",
    "panel": "#1b1f26",
    "line": "#2f353e",  # GRID's twin is not seen on a panel
    "target": "#332a0b",
    "theorem-ground": "#1c1a26",
    "held-ground": "#14241f",
    "held-line": "#234a3e",
    "door": "#1d4f80",  # REAL's twin is too bright a ground for words
    "text": "#e3e6ea",  # what INK becomes
    "on-door": "#e3e6ea",
    "quiet": "#949ca9",
    "link": "#4f9ce3",
    "accent": "#f0733f",  # FAKE's twin has 3.9:1 on a panel
    "theorem": "#b89df9",
    "held": "#35a085",
    "real": "#4f9ce3",
    "fake": "#f0733f",  # as `accent`
    "critic": "#8d949f",  # CRITIC's twin has 4.3:1 on a panel
    "w1": "#35a085",
    "js": "#a96ed8",
    "kl": "#c08d22",  # OCHRE's twin has 3.8:1 on a panel
}


def css() -> str:
    """Return the colours of pages as a style sheet: one property `--book-ROLE` for each role.

    Returns
    -------
    str
        The light values for every page, the dark ones where the theme is dark.

    Examples
    --------
    >>> "--book-real: #1769aa;" in css()
    True
    """
    blocks = {"html": LIGHT, 'html[data-theme="dark"]': DARK}
    written = (
        "\n".join([f"{name} {{", *(f"  --book-{k}: {v};" for k, v in roles.items()), "}"])
        for name, roles in blocks.items()
    )
    return "/* Written from wganlib/palette.py. */\n" + "\n".join(written) + "\n"

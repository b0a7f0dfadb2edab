"""Give every figure of a notebook a twin for the dark theme, and both a twin for phones.

The one for phones was drawn when the notebook was executed, panels under each other where they
would become too small (`tools/pictures.py`).  The dark one is made here, from pixels: lightness is
turned upside down in OKLab (Ottosson, 2020), where lightness, hue and chroma are nearly independent
for the eye: blue stays blue, white paper becomes the page of the dark theme, ink becomes its text.
Cells tagged `photo` keep their one picture.  Every figure is shown at a width in proportion to its
size in inches, so that letters are equally tall in all of them.
"""

import hashlib
import io
import zlib
from pathlib import Path

import numpy as np
from docutils import nodes
from PIL import Image
from sphinx.util import logging

from wganlib import palette

LOGGER = logging.getLogger(__name__)

COLUMN = 640  # pixels of a figure that fills the column: 8 inches at 80 dots, see wganlib.plotting
NARROW = "book/narrow"  # the folder of pictures for phones
PAGE, TEXT, INK = palette.DARK["page"], palette.DARK["text"], palette.INK

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def add_twins(app, doctree):
    """Put twins after each picture of a cell: one for phones, and a dark one of both."""
    for image in list(doctree.findall(nodes.image)):
        cell = _around(image, lambda node: "cell" in node.get("classes", []))
        if cell is None:
            continue
        _set_width(image)
        image["loading"] = "lazy"
        photo = "tag_photo" in cell["classes"]
        for picture in [image, *_for_phones(app, image)]:
            if photo:
                picture["classes"].append("dark-light")  # the theme leaves it as it is
            else:
                _add_dark(app, picture)


def _for_phones(app, image):
    """Put the picture for phones after its wide twin, if one was drawn."""
    file = _file(app, image)
    figure = _around(image, lambda node: isinstance(node, nodes.figure))
    if file is None or figure is None or not figure["names"]:
        return []
    name = figure["names"][0]
    stored = Path(app.srcdir, NARROW, f"{name}.png")
    if not stored.is_file():
        return []
    with Image.open(stored) as picture:
        said, width = picture.text, picture.width
    if said["panels"] != "as before":
        figure["classes"].append(f"panels-{said['panels']}")  # the caption says what left is now
    if said["wide"] != hashlib.sha256(file.read_bytes()).hexdigest():
        LOGGER.warning(
            "%s belongs to an older figure: run `make notebooks N=%s`",
            stored,
            name.removeprefix("fig-").partition("-")[0],
            location=image,
        )
    twin = _insert_twin(image, file, ".narrow.png", stored.read_bytes())
    twin["width"] = f"{width // 2}px"  # drawn with twice the pixels
    image["classes"].append("on-wide")
    twin["classes"].append("on-phones")
    return [twin]


def _add_dark(app, image):
    file = _file(app, image)
    if file is None or file.suffix != ".png":
        return
    twin = _insert_twin(image, file, ".dark.png", dark_png(file.read_bytes()))
    image["classes"].append("only-light")
    twin["classes"].append("only-dark")


def _insert_twin(image, file, ending, data):
    """Write a picture next to another one, and put it after that into the page."""
    twin = image.deepcopy()
    twin["uri"] = image["uri"].removesuffix(".png") + ending
    file.with_suffix(ending).write_bytes(data)
    image.parent.insert(image.parent.index(image) + 1, twin)
    return twin


def _set_width(image):
    width = str(image.attributes.pop("width", "")).removesuffix("px")
    image.attributes.pop("height", None)
    share = round(100 * int(width) / COLUMN) if width.isdigit() else 100
    image["width"] = f"{min(100, share)}%"


def _around(node, wanted):
    """Return the next node around another one that is wanted, or none."""
    while node is not None and not (isinstance(node, nodes.Element) and wanted(node)):
        node = node.parent
    return node


def _file(app, image):
    """Find an image's file as Sphinx does: from the source folder, or next to the document."""
    _, path = app.env.relfn2path(image["uri"])
    return Path(path) if Path(path).is_file() else None


def drop_twins_on_paper(app, doctree, docname):
    """Leave out the twins where there is one theme and one width."""
    if app.builder.name != "html":
        for image in list(doctree.findall(nodes.image)):
            if {"only-dark", "on-phones"} & {*image["classes"]}:
                image.parent.remove(image)


def dark_png(data):
    """Turn the bytes of a PNG on white into the bytes of its twin for the dark page."""
    image = Image.open(io.BytesIO(data))
    if getattr(image, "is_animated", False):
        return _dark_film(data)
    if image.mode != "P":
        image = image.convert("RGB").quantize(method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=0)
    palette = np.array(image.getpalette(), float).reshape(-1, 3) / 255
    image.putpalette(np.rint(255 * dark(palette)).astype(np.uint8).ravel().tolist())
    twin = io.BytesIO()
    image.save(twin, "png", optimize=True)
    return twin.getvalue()


def _dark_film(data):
    """Change the one palette that all frames of a moving PNG share, and nothing else."""
    start = data.index(b"PLTE")
    end = start + 4 + int.from_bytes(data[start - 4 : start], "big")
    palette = np.frombuffer(data[start + 4 : end], np.uint8).reshape(-1, 3) / 255
    chunk = b"PLTE" + np.rint(255 * dark(palette)).astype(np.uint8).tobytes()
    return data[:start] + chunk + zlib.crc32(chunk).to_bytes(4, "big") + data[end + 4 :]


def dark(rgb):
    """Map colours, shape (n, 3) in [0, 1], from white paper to the dark page."""
    page, text, ink = (to_oklab(from_hex(colour))[0] for colour in (PAGE, TEXT, INK))
    lab = to_oklab(rgb)
    paper = np.clip((lab[:, :1] - ink[0]) / (1 - ink[0]), 0, 1)  # 1 on paper, 0 in ink
    target = text + paper * (page - text)
    target[:, 1:] = paper * page[1:]
    return _into_gamut(target[:, 0], lab[:, 1:], target[:, 1:])


def _into_gamut(lightness, chroma, tint):
    """Keep hue and lightness, and as much of the chroma as a screen can show."""
    low, high = np.zeros(len(lightness)), np.ones(len(lightness))
    for _ in range(12):
        share = (low + high) / 2
        rgb = _linear_rgb(np.column_stack([lightness, chroma * share[:, None] + tint]))
        inside = np.all((rgb >= -1e-4) & (rgb <= 1 + 1e-4), axis=1)
        low, high = np.where(inside, share, low), np.where(inside, high, share)
    lab = np.column_stack([lightness, chroma * high[:, None] + tint])
    return _encode(np.clip(_linear_rgb(lab), 0, 1))


def from_hex(colour):
    """Return a colour such as #15181d, shape (1, 3) in [0, 1]."""
    return np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]])


def to_oklab(rgb):
    """Return lightness, and two coordinates of chroma and hue, of colours of shape (n, 3)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T


def _linear_rgb(lab):
    return (lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T


def _encode(linear):
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)

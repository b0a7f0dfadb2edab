"""A figure's picture for phones: how a kernel hands it over, and what it says of itself.

Apart from `pictures`, which draws it and so needs Matplotlib; `notebooks` is started often.
"""

from __future__ import annotations

import hashlib
import io

from PIL import Image, PngImagePlugin

MIME = "image/x-narrow"  # of an output, until the notebook is stored


def twin(narrow_png: bytes, wide_png: bytes) -> bytes:
    """Write into the narrow picture of which wide one it is the twin."""
    return labelled(narrow_png, wide=hashlib.sha256(wide_png).hexdigest())


def labelled(png: bytes, **words: str) -> bytes:
    """Write some words into a PNG, besides those that are there."""
    info, file = PngImagePlugin.PngInfo(), io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        for key, value in {**image.text, **words}.items():
            info.add_text(key, value)
        image.save(file, "png", optimize=True, pnginfo=info)
    return file.getvalue()

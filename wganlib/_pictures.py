"""Pictures of every mode as 8-bit grey or RGB."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps

GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N")  # modes without colour
_TRANSPARENT = ("RGBA", "RGBa", "LA", "La", "PA")


def plain(image: Image.Image, name: str, *, channels: int | None = None) -> Image.Image:
    """Return a picture in 8 bits, upright, on white where it is transparent.

    Parameters
    ----------
    image : Image
        A picture in any mode; of a film, its first frame.
    name : str
        What an error message calls it.
    channels : int, optional
        1 makes it grey, 3 makes it RGB; else it stays what it is.

    Returns
    -------
    Image
        In mode L or RGB.

    Raises
    ------
    ValueError
        If it holds numbers whose range nobody knows.
    """
    grey = image.mode in GREY if channels is None else channels == 1
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bits(image, name)
    if image.mode in _TRANSPARENT or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    try:
        return image.convert("L" if grey else "RGB")
    except ValueError:  # Pillow knows no way from LAB and HSV to grey
        return image.convert("RGB").convert("L" if grey else "RGB")


def _eight_bits(image: Image.Image, name: str) -> Image.Image:
    """Round the 16 bits of a pixel to 8; Pillow itself would cut them off at 255."""
    pixels = np.asarray(image)
    if image.mode == "F" or pixels.min() < 0 or pixels.max() > 65535:
        raise ValueError(
            f"{name} holds numbers from {pixels.min():g} to {pixels.max():g} (mode {image.mode}), "
            "whose black and white are not known: store it with 8 or 16 bits"
        )
    return Image.fromarray((pixels / 257).round().astype(np.uint8))

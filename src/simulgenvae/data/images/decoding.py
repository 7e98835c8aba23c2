"""One image file, which may come from a stranger: its pixels, or why it cannot be used.

Limits on bytes and pixels are checked before anything is decoded: a file of some kilobytes can
unpack to many gigabytes (a decompression bomb).
"""

from __future__ import annotations

import stat
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from simulgenvae.data.images.arrays import COLOUR, GREY, ImageFormat
from simulgenvae.errors import UserError
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_MAX_BYTES = 200_000_000
_MAX_PIXELS = 50_000_000
_MAX_SIDE = 65_535  # the longest that a JPEG can have
# Memory per pixel: four bytes in Pillow, and copies for turning, converting and comparing.
_DECODING_BYTES = 16
# Pillow has decoders for forty formats, some with a history of security holes: only these are used.
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
_DEEP = {"I;16", "I;16B", "I;16L"}
_MODES = {"1", "L", "LA", "P", "RGB", "RGBA"} | _DEEP
# A transparent colour is written in the bits of the file; these factors bring it to the 8 bits of
# the pixels that Pillow decodes.
_KEY_SCALE = {"L;2": 255 / 3, "L;4": 255 / 15}

_TRANSPARENT = (
    "transparent pixels (what is behind them is unknown: flatten the image on a background)"
)
_TOO_LARGE = (
    f"more than {_MAX_PIXELS // 1_000_000} million pixels, or {_MAX_SIDE} on a side "
    "(save it smaller)"
)
_TOO_LONG = f"larger than {_MAX_BYTES // 1_000_000} MB (save it smaller)"


class UnusableImage(Exception):
    """Reason why an image cannot be used, in the same words for all images with that fault."""


@dataclass(frozen=True)
class DecodedImage:
    """Pixels `[size, size, channels]` and the format of the file.

    They are bytes, or float32 from 0 to 65535 for a file of 16 bits.
    """

    pixels: NDArray[np.uint8] | NDArray[np.float32]
    format: ImageFormat


def decode_image(path: Path, size: int) -> DecodedImage:
    """Read an image file and resize it to ``size`` × ``size`` pixels.

    It is turned upright as its EXIF data say. Grey stays grey with all its levels (a palette of
    greys is grey); an image that is no square is stretched.

    Raises
    ------
    UnusableImage
        Where the file is missing, damaged, too large, transparent, animated or of another kind.
    UserError
        Where there is too little memory to decode it.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would wait for ever
            raise UnusableImage("not a file")
        if status.st_size == 0:
            raise UnusableImage("empty")
        if status.st_size > _MAX_BYTES:
            raise UnusableImage(_TOO_LONG)
        with path.open("rb") as stream:
            return _read(stream, size)
    except FileNotFoundError as error:
        raise UnusableImage("no such file") from error
    except OSError as error:
        raise UnusableImage(f"cannot be read ({error.strerror})") from error


def _read(stream: BinaryIO, size: int) -> DecodedImage:
    try:
        with warnings.catch_warnings():
            # Pillow warns of files that are refused below, and of faults that do not matter.
            warnings.simplefilter("ignore")
            with Image.open(stream, formats=_FORMATS) as image:
                # Compares the check sums of a PNG file, which decoding ignores. It closes the
                # image, so the file is opened a second time.
                image.verify()
            with Image.open(stream, formats=_FORMATS) as image:
                return _decode(image, size)
    except (UnusableImage, UserError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise UnusableImage(_TOO_LARGE) from error
    except UnidentifiedImageError as error:
        raise UnusableImage(
            "no PNG, JPEG, TIFF, BMP, GIF or WebP image, or damaged at its beginning"
        ) from error
    except Exception as error:  # the decoders meet bad files with nearly every kind of exception
        if "MAX_TEXT" in str(error):
            raise UnusableImage(
                "too much compressed text in it (save it without metadata)"
            ) from error
        raise UnusableImage("truncated or damaged (copy or export it again)") from error


def _decode(image: ImageFile.ImageFile, size: int) -> DecodedImage:
    width, height = image.size
    if width * height > _MAX_PIXELS or max(width, height) > _MAX_SIDE:
        raise UnusableImage(_TOO_LARGE)
    if image.format != "JPEG" and getattr(image, "n_frames", 1) > 1:
        raise UnusableImage("animated, or of several pages (save one of them)")
    # Bits and channels of the file: Pillow forgets them when it decodes.
    layout = str(image.tile[0].args) if image.tile else ""
    if image.mode in {"I", "F"}:
        raise UnusableImage("32 bits a pixel (save it as grey of 16 or 8 bits)")
    if image.mode not in _MODES:
        raise UnusableImage(f"{image.mode} colours (save it as RGB or grey)")
    # Pillow keeps 8 of the 16 bits of such files.
    if image.mode not in _DEEP and ";16" in layout:
        raise UnusableImage(
            "16-bit colours or transparency (save it as grey of 16 bits, or as RGB of 8 bits)"
        )
    # The header says the size: memory is checked before a single pixel is decoded.
    needed = _DECODING_BYTES * width * height
    require_memory(
        needed, f"decoding an image of {width} x {height} pixels", "save the images smaller."
    )
    ImageOps.exif_transpose(image, in_place=True)
    opaque = _opaque(image, layout)
    channels = COLOUR if opaque.mode == "RGB" else GREY
    found = ImageFormat(*opaque.size, channels, size, 16 if opaque.mode == "F" else 8)
    # Bilinear, which in Pillow averages over all pixels of the file that fall into a new one.
    resized = opaque.resize((size, size), Image.Resampling.BILINEAR)
    pixels = np.asarray(resized, dtype=found.pixel_type).reshape(size, size, channels)
    return DecodedImage(pixels, found)


def _opaque(image: Image.Image, layout: str) -> Image.Image:
    """Return the image in mode ``L``, ``F`` (16 bits) or ``RGB``.

    ``layout`` is Pillow's raw mode of the file.

    Raises UnusableImage where a pixel is not opaque.
    """
    grey = image.mode in {"1", "L", "LA"}
    if image.mode == "P":
        image = image.convert("RGBA")
        red = np.asarray(image.getchannel("R"))
        green = np.asarray(image.getchannel("G"))
        blue = np.asarray(image.getchannel("B"))
        grey = np.array_equal(red, green) and np.array_equal(red, blue)
    elif image.mode == "1":
        image = image.convert("L")
    # Transparent pixels have colours that nobody sees, and that programs fill at will: a network
    # would learn from them.
    if image.mode in {"LA", "RGBA"}:
        if np.asarray(image.getchannel("A")).min() < 255:
            raise UnusableImage(_TRANSPARENT)
    elif "transparency" in image.info and _shows(image, image.info["transparency"], layout):
        raise UnusableImage(_TRANSPARENT)
    if image.mode in _DEEP:
        # Numbers that hold 16 bits exactly, and that Pillow can resize.
        return Image.fromarray(np.asarray(image).astype(np.float32))
    return image.convert("L" if grey else "RGB")


def _shows(image: Image.Image, key: int | tuple[int, int, int], layout: str) -> bool:
    """Return whether any pixel has the colour that a PNG file declares to be transparent."""
    pixels = np.asarray(image).reshape(image.height * image.width, -1)
    colour = (np.atleast_1d(key) * _KEY_SCALE.get(layout, 1)).astype(np.int64)
    return bool((pixels == colour).all(axis=1).any())

"""Images of new designs as a program has them: a path, an array, or images of Pillow.

Tested in tests/data/images/test_given.py.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from simulgenvae.data.images.files import read_images
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from simulgenvae.data.images.arrays import ImageFormat, Images

_TAKEN = (
    "images are taken as the path of an image, of a folder or of a CSV file id,file; as an array "
    "[H, W], [H, W, C] or [n, H, W, C] of bytes (uint8, or uint16 for grey images of more bits) "
    "with rows from the top; as an image of Pillow; or as a list of such arrays or images"
)


def images_from(images: object, like: ImageFormat) -> tuple[tuple[str, ...], Images]:
    """Return the ids and the images of designs, which must have the format ``like``.

    Arrays have the pixels of the files that the model was trained with, before any resizing. Their
    ids are ``0``, ``1`` ….

    Raises
    ------
    UserError
        For other objects, and for images of another format.
    """
    if isinstance(images, str | os.PathLike):
        return read_images(Path(os.fspath(images)), like.size, like=like)
    found = [_image(each) for each in _each(images)]
    if not found:
        raise UserError(f"there is no image: {_TAKEN}")
    # They take the way of files, which they are then bound to agree with in every pixel.
    with tempfile.TemporaryDirectory() as folder:
        for number, image in enumerate(found):
            image.save(Path(folder) / f"{number}.png")
        try:
            return read_images(Path(folder), like.size, like=like)
        except UserError as error:
            raise UserError(str(error).removeprefix(f"{folder}: ")) from error


def _each(images: object) -> list[Any]:
    if isinstance(images, Image.Image):
        return [images]
    if isinstance(images, list | tuple):
        return list(images)
    if not hasattr(images, "__array__"):
        raise UserError(f"an object of type {type(images).__name__} is no image: {_TAKEN}")
    array = np.asarray(images)
    # Two sides, or two sides and the channels: one image.
    single = array.ndim == 2 or (array.ndim == 3 and array.shape[-1] in {1, 3})
    return [array] if single else list(array) if array.ndim in {3, 4} else [array]


def _image(given: Any) -> Image.Image:
    if isinstance(given, Image.Image):
        return given
    if not hasattr(given, "__array__"):
        raise UserError(f"an object of type {type(given).__name__} is no image: {_TAKEN}")
    array = np.asarray(given)
    shape = array.shape
    if array.ndim == 3 and shape[-1] == 1:
        array = array[..., 0]
    deep = array.dtype == np.uint16 and array.ndim == 2
    grey_or_colour = array.ndim == 2 or (array.ndim == 3 and shape[-1] == 3)
    if not array.size or not grey_or_colour or not (array.dtype == np.uint8 or deep):
        raise UserError(f"an array {array.dtype} {shape} is no image: {_TAKEN}")
    return Image.fromarray(array)

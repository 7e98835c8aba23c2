"""Images of designs as conditions: small arrays of bytes in memory, all of one format."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

GREY = 1
COLOUR = 3
DEEP_BITS = (12, 16)
"""Bits of images with more levels than bytes hold."""


@dataclass(frozen=True)
class ImageFormat:
    """Properties that all images of a study have in common; part of the saved model.

    Attributes
    ----------
    width, height
        Pixels of the files.
    channels
        1 for grey, 3 for colour.
    size
        Pixels of each side after resizing.
    bits
        8, or 12 or 16 for grey images with more levels: their pixels go up to 2**bits - 1.
    """

    width: int
    height: int
    channels: int
    size: int
    bits: int = 8

    def __str__(self) -> str:
        kind = "grey" if self.channels == GREY else "colour"
        depth = "" if self.bits == 8 else f" of {self.bits} bits"
        return f"{self.width} x {self.height} {kind}{depth}"

    @property
    def pixel_type(self) -> np.dtype[Any]:
        """Type of the pixels in memory: bytes from 0 to 255, or float32 from 0 to 1."""
        return np.dtype(np.uint8 if self.bits == 8 else np.float32)

    def to_dict(self) -> dict[str, int]:
        """Return the entries for a JSON file; the inverse of :meth:`from_dict`."""
        values = asdict(self)
        # Without the entry, files of 8-bit images are the same as earlier versions wrote them.
        if self.bits == 8:
            del values["bits"]
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the format that a model or dataset file describes.

        Raises UserError where entries are missing, or not positive whole numbers up to 2**20.
        """
        names = set(cls.__dataclass_fields__)
        if not isinstance(values, dict) or set(values) | {"bits"} != names:
            raise UserError(
                f"the format of the images must have exactly {', '.join(cls.__dataclass_fields__)}"
            )
        # bool is a subclass of int, so isinstance would let true pass as 1.
        if any(type(value) is not int or not 1 <= value <= 2**20 for value in values.values()):
            raise UserError(f"the format of the images has a bad value: {values}")
        if values["channels"] not in {GREY, COLOUR}:
            raise UserError(f"the images have {values['channels']} channels, but 1 or 3 are known")
        if values.get("bits", 8) not in {8, *DEEP_BITS}:
            raise UserError(f"the images have {values['bits']} bits, but 8, 12 and 16 are known")
        return cls(**values)


@dataclass(frozen=True, eq=False)
class Images:
    """Images of N designs: pixels `[N, size, size, channels]`, rows from the top.

    They are bytes from 0 to 255, or float32 from 0 to 1 for images of more than 8 bits.
    """

    pixels: NDArray[Any]
    format: ImageFormat

    def __post_init__(self) -> None:
        # Bytes, not floats: a thousand images of 256 x 256 pixels in colour are 200 MB, not 800.
        side = self.format.size
        expected = (len(self.pixels), side, side, self.format.channels)
        wanted = self.format.pixel_type
        if self.pixels.dtype != wanted or self.pixels.shape != expected:
            raise UserError(
                f"the pixels are {self.pixels.dtype} {self.pixels.shape}, but must be {wanted} "
                f"{expected}"
            )

    def __len__(self) -> int:
        return len(self.pixels)

    def select(self, rows: Sequence[int] | NDArray[np.intp]) -> Images:
        """Return the images at ``rows``, in that order."""
        return Images(self.pixels[np.asarray(rows, dtype=np.intp)], self.format)

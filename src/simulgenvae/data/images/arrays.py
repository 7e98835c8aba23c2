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
    """

    width: int
    height: int
    channels: int
    size: int

    def __str__(self) -> str:
        return f"{self.width} x {self.height} {'grey' if self.channels == GREY else 'colour'}"

    def to_dict(self) -> dict[str, int]:
        """Return the entries for a JSON file; the inverse of :meth:`from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the format that a model or dataset file describes.

        Raises UserError where entries are missing, or not positive whole numbers up to 2**20.
        """
        if not isinstance(values, dict) or set(values) != set(cls.__dataclass_fields__):
            raise UserError(
                f"the format of the images must have exactly {', '.join(cls.__dataclass_fields__)}"
            )
        # bool is a subclass of int, so isinstance would let true pass as 1.
        if any(type(value) is not int or not 1 <= value <= 2**20 for value in values.values()):
            raise UserError(f"the format of the images has a bad value: {values}")
        if values["channels"] not in {GREY, COLOUR}:
            raise UserError(f"the images have {values['channels']} channels, but 1 or 3 are known")
        return cls(**values)


@dataclass(frozen=True, eq=False)
class Images:
    """Images of N designs: pixels `[N, size, size, channels]`, rows from the top, 0 to 255."""

    pixels: NDArray[np.uint8]
    format: ImageFormat

    def __post_init__(self) -> None:
        # Bytes, not floats: a thousand images of 256 x 256 pixels in colour are 200 MB, not 800.
        side = self.format.size
        expected = (len(self.pixels), side, side, self.format.channels)
        if self.pixels.dtype != np.uint8 or self.pixels.shape != expected:
            raise UserError(
                f"the pixels are {self.pixels.dtype} {self.pixels.shape}, but must be uint8 "
                f"{expected}"
            )

    def __len__(self) -> int:
        return len(self.pixels)

    def select(self, rows: Sequence[int] | NDArray[np.intp]) -> Images:
        """Return the images at ``rows``, in that order."""
        return Images(self.pixels[np.asarray(rows, dtype=np.intp)], self.format)

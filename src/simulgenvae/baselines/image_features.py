"""Numbers that the references read: scaled parameters and principal components of the pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.conditions import Conditions, ConditionScaler
from simulgenvae.data.images import Images

_BLOCK_VALUES = 2**22  # pixels of all pictures that are held as floating-point numbers at once
_NEGLIGIBLE = 1e-6  # of the first component's variance; products are in single precision


@dataclass(frozen=True, eq=False)
class ImageComponents:
    """Principal components of n training pictures, in units of the first one's standard deviation.

    Method of snapshots (Sirovich 1987): only the n × n Gram matrix is decomposed, and a new picture
    is projected by its products with the training pictures. All components that matter are kept, so
    distances are those of the pixels.
    """

    pixels: NDArray[np.uint8]
    """Training pictures, ``[n, pixels · channels]``."""
    mean: NDArray[np.float32]
    projection: NDArray[np.float64]
    """From products with the training pictures to components, ``[n, C]``, C < n."""

    @classmethod
    def fit(cls, images: Images) -> Self:
        """From the training pictures."""
        pixels = images.pixels.reshape(len(images), -1)
        mean = pixels.mean(axis=0, dtype=np.float64).astype(np.float32)
        energies, left = np.linalg.eigh(_products(pixels, pixels, mean))
        energies, left = energies[::-1], left[:, ::-1]
        kept = int(np.sum(energies[: len(pixels) - 1] > _NEGLIGIBLE * energies[0]))
        first = np.sqrt(energies[0] / len(pixels))
        return cls(pixels, mean, left[:, :kept] / np.sqrt(energies[:kept]) / first)

    @classmethod
    def restore(cls, pixels: NDArray[Any], mean: NDArray[Any], projection: NDArray[Any]) -> Self:
        """From a model file; ValueError where the arrays do not belong together."""
        if (
            pixels.ndim != 2
            or mean.shape != pixels.shape[1:]
            or projection.ndim != 2
            or len(projection) != len(pixels)
            or [str(array.dtype) for array in (pixels, mean, projection)]
            != ["uint8", "float32", "float64"]
            or not (np.isfinite(mean).all() and np.isfinite(projection).all())
        ):
            raise ValueError("the components of the pictures do not belong together")
        return cls(pixels, mean, projection)

    def transform(self, images: Images) -> NDArray[np.float64]:
        """Components ``[m, C]`` in the order of decreasing variance."""
        projected: NDArray[np.float64] = (
            _products(images.pixels.reshape(len(images), -1), self.pixels, self.mean)
            @ self.projection
        )
        return projected


def _products(
    first: NDArray[np.uint8], second: NDArray[np.uint8], mean: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Scalar products ``[m, n]`` of pictures ``[m, pixels]`` and ``[n, pixels]`` less ``mean``,
    block by block."""
    total = np.zeros((len(first), len(second)))
    size = max(1, _BLOCK_VALUES // (len(first) + len(second)))
    for start in range(0, len(mean), size):
        block = slice(start, start + size)
        total += (first[:, block] - mean[block]) @ (second[:, block] - mean[block]).T
    return total


@dataclass(frozen=True)
class Features:
    """What the references know of a design: its scaled parameters, then the components of its
    picture."""

    scaler: ConditionScaler
    images: ImageComponents | None

    @classmethod
    def fit(cls, conditions: Conditions, scaler: ConditionScaler) -> Self:
        """From the training runs' conditions; ``scaler`` is that of the surrogate."""
        return cls(
            scaler, None if conditions.images is None else ImageComponents.fit(conditions.images)
        )

    @property
    def components(self) -> int:
        """How many of the last columns are components of pictures."""
        return 0 if self.images is None else self.images.projection.shape[1]

    def transform(self, conditions: Conditions) -> NDArray[np.float64]:
        """``[m, P + C]``. Raises UserError as :meth:`ConditionScaler.transform` does."""
        table = self.scaler.transform(conditions)
        if self.images is None or conditions.images is None:
            return table
        return np.concatenate([table, self.images.transform(conditions.images)], axis=1)

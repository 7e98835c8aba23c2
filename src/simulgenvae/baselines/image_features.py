"""Features of designs: scaled parameters, and principal components of images.

Baselines and Gaussian processes learn from these numbers.

scikit-learn's PCA was not taken for the images. It would hold all pixels as floating-point numbers,
four times the memory of the bytes, and store components of the size of images; here pixels stay
bytes, and only products with them are computed. Importing it also takes 1.6 s, which every
prediction from images would wait for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from simulgenvae.utils.snapshots import principal_directions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.images import Images

_BLOCK_VALUES = 2**22
"""Pixels of all images that are held as floating-point numbers at once."""
_NEGLIGIBLE = 1e-6
"""Fraction of the first component's variance below which components are rounding: products are in
single precision."""


@dataclass(frozen=True, eq=False)
class ImageComponents:
    """Principal components of n training images, in units of the first one's standard deviation.

    They are found by the method of snapshots, and a new image is projected by its products with the
    training images. All components that matter are kept, so that distances between images are those
    of their pixels.
    """

    pixels: NDArray[np.uint8] | NDArray[np.float32]
    """Training images, ``[n, pixels · channels]``."""
    mean: NDArray[np.float32]
    """Their mean, ``[pixels · channels]``."""
    projection: NDArray[np.float64]
    """Matrix from products with the training images to components, ``[n, C]``, C < n."""

    @classmethod
    def fit(cls, images: Images) -> Self:
        """Return the components of the training images."""
        # Rows are images, columns pixels with their channels.
        pixels = images.pixels.reshape(len(images), -1)
        mean = pixels.mean(axis=0, dtype=np.float64).astype(np.float32)
        energies, left = principal_directions(products(pixels, pixels, mean))
        # Centring leaves n - 1 dimensions.
        kept = int(np.sum(energies[: len(pixels) - 1] > _NEGLIGIBLE * energies[0]))
        # One unit for all components keeps the proportions of distances between images.
        first = np.sqrt(energies[0] / len(pixels))
        return cls(pixels, mean, left[:, :kept] / np.sqrt(energies[:kept]) / first)

    @classmethod
    def restore(cls, pixels: NDArray[Any], mean: NDArray[Any], projection: NDArray[Any]) -> Self:
        """Restore components from a model file; ValueError where its arrays do not fit."""
        if (
            pixels.ndim != 2
            or mean.shape != pixels.shape[1:]
            or projection.ndim != 2
            or len(projection) != len(pixels)
            or str(pixels.dtype) not in {"uint8", "float32"}
            or [str(array.dtype) for array in (mean, projection)] != ["float32", "float64"]
            or not all(np.isfinite(array).all() for array in (pixels, mean, projection))
        ):
            raise ValueError("the components of the images do not belong together")
        return cls(pixels, mean, projection)

    def transform(self, images: Images) -> NDArray[np.float64]:
        """Return the components ``[m, C]`` of m images, in the order of decreasing variance."""
        pixels = images.pixels.reshape(len(images), -1)
        projected: NDArray[np.float64] = products(pixels, self.pixels, self.mean) @ self.projection
        return projected


def products(
    first: NDArray[Any], second: NDArray[Any], mean: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return the scalar products ``[m, n]`` of flattened images, block by block.

    Images are ``[m, pixels]`` and ``[n, pixels]``; ``mean`` is subtracted from both.
    """
    # Some pixels of all images at a time: only these are ever floating-point numbers.
    total = np.zeros((len(first), len(second)))
    size = max(1, _BLOCK_VALUES // (len(first) + len(second)))
    for start in range(0, len(mean), size):
        block = slice(start, start + size)
        total += (first[:, block] - mean[block]) @ (second[:, block] - mean[block]).T
    return total


@dataclass(frozen=True)
class Features:
    """Map from conditions to features: scaled parameters, then the components of the image.

    A category has one column for each of its values.
    """

    scaler: ConditionScaler
    images: ImageComponents | None

    @classmethod
    def fit(cls, conditions: Conditions, scaler: ConditionScaler) -> Self:
        """Return the map for the conditions of training runs; ``scaler`` is the surrogate's."""
        return cls(
            scaler, None if conditions.images is None else ImageComponents.fit(conditions.images)
        )

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of columns of each parameter: 1, or the number of values of a category."""
        return self.scaler.widths

    @property
    def components(self) -> int:
        """Number of the last columns that are image components."""
        return 0 if self.images is None else self.images.projection.shape[1]

    def transform(self, conditions: Conditions) -> NDArray[np.float64]:
        """Return the features of m designs, ``[m, P + C]``.

        Raises UserError as :meth:`ConditionScaler.transform` does.
        """
        table = self.scaler.transform(conditions)
        if self.images is None or conditions.images is None:
            return table
        return np.concatenate([table, self.images.transform(conditions.images)], axis=1)

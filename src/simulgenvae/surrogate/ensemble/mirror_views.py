"""A symmetric problem seen in all its mirror images: each view of a design is an answer of its
own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.symmetry import Mirror, mirror_pixels, mirrors_of
from simulgenvae.errors import UserError
from simulgenvae.reduction import Reduction
from simulgenvae.settings import AugmentationSettings


@dataclass(frozen=True, eq=False)
class MirrorView:
    """One mirror image: how pictures become it, and how its coefficients become those of the design
    itself.

    Mirroring a field is an affine map of its coefficients: ``matrix`` ``[r, r]`` and ``offset``
    ``[r]``. The reduction is fitted to mirrored runs too, so that nothing is lost. A mirror image
    of a mirror image is the picture itself.
    """

    axes: tuple[str, ...]
    matrix: NDArray[np.float32]
    offset: NDArray[np.float32]

    @classmethod
    def of(cls, mirror: Mirror, reduction: Reduction) -> Self:
        """The view of a mirror."""
        rank = reduction.rank
        mirrored = [
            reduction.encode(mirror.field(reduction.decode(unit[None]))).astype(np.float64)[0]
            for unit in np.vstack([np.zeros((1, rank)), np.eye(rank)])
        ]
        offset = mirrored[0]
        matrix = np.stack(mirrored[1:]) - offset
        return cls(mirror.axes, matrix.astype(np.float32), offset.astype(np.float32))

    def conditions(self, conditions: Conditions) -> Conditions:
        """Designs as this view shows them."""
        if conditions.images is None:
            raise UserError(
                "this surrogate was trained on mirrored pictures: give the designs' pictures"
            )
        pixels = mirror_pixels(conditions.images.pixels, self.axes)
        return replace(
            conditions, images=replace(conditions.images, pixels=np.ascontiguousarray(pixels))
        )

    def back(self, coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
        """Coefficients ``[..., r]`` of a mirrored design to those of the design."""
        mirrored: NDArray[np.float32] = coefficients @ self.matrix + self.offset
        return mirrored

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What :meth:`restore` needs beside the axes."""
        return {"matrix": self.matrix, "offset": self.offset}

    @classmethod
    def restore(cls, axes: list[str], arrays: dict[str, NDArray[Any]], rank: int) -> Self:
        """From a model file; KeyError or ValueError where it does not hold a view of ``rank``
        coefficients."""
        matrix, offset = arrays["matrix"], arrays["offset"]
        if (
            matrix.shape != (rank, rank)
            or offset.shape != (rank,)
            or not set(axes) <= {"x", "y", "z"}
        ):
            raise ValueError(f"a view of shape {matrix.shape} along {axes}")
        if not (np.isfinite(matrix).all() and np.isfinite(offset).all()):
            raise ValueError("a view that is not finite")
        return cls(tuple(axes), matrix, offset)


def views_of(
    dataset: Dataset, symmetry: AugmentationSettings, reduction: Reduction
) -> tuple[MirrorView, ...]:
    """One view for each combination of the axes along which the problem is symmetric."""
    coords = dataset.mesh.coords
    if not symmetry.flips or coords is None:
        return ()
    return tuple(
        MirrorView.of(mirror, reduction)
        for mirror in mirrors_of(coords, dataset.variables, symmetry.flips, symmetry.odd)
    )

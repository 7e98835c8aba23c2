"""Mirror views: a design of a symmetric problem is also predicted as each of its mirror images.

The words: a problem has a *symmetry* (axes along which a mirrored run is a run of the same
problem, named by the setting ``training.augmentation.flips``). A *mirror* maps a field to its
mirror image (``data/symmetry.py``). A *view* is a mirror as predictions use it: what the networks
see instead of a design, and how their answer is mirrored back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.symmetry import Mirror
    from simulgenvae.reduction import Reduction
    from simulgenvae.settings import AugmentationSettings


@dataclass(frozen=True, eq=False)
class MirrorView:
    """One mirror image: what becomes of images, and how coefficients are mirrored back.

    Mirroring a field is an affine map of its coefficients. The reduction is fitted to mirrored runs
    too, so that nothing is lost. The mirror image of a mirror image is the original, so that the
    same map mirrors forth and back.

    Attributes
    ----------
    axes
        Axes along which the fields are mirrored, among ``x``, ``y`` and ``z``.
    matrix, offset
        The affine map of coefficients, ``[r, r]`` and ``[r]``.
    """

    axes: tuple[str, ...]
    matrix: NDArray[np.float32]
    offset: NDArray[np.float32]

    @classmethod
    def from_mirror(cls, mirror: Mirror, reduction: Reduction) -> Self:
        """Return the view of a mirror, whose map is found by mirroring every mode."""
        rank = reduction.rank
        mirrored = []
        for coefficients in np.vstack([np.zeros((1, rank)), np.eye(rank)]):
            field = mirror.field(reduction.decode(coefficients[None]))
            mirrored.append(reduction.encode(field).astype(np.float64)[0])
        # The first one is the mean field, whose coefficients are 0: the constant of the map.
        offset = mirrored[0]
        matrix = np.stack(mirrored[1:]) - offset
        return cls(mirror.axes, matrix.astype(np.float32), offset.astype(np.float32))

    def mirror_conditions(self, conditions: Conditions) -> Conditions:
        """Return the designs with their images mirrored.

        Raises
        ------
        UserError
            For designs without images.
        """
        if conditions.images is None:
            raise UserError(
                "this surrogate was trained on mirrored images: give the designs' images"
            )
        # torch reads no arrays with negative strides, which mirroring makes.
        # Imported here: predictions of other problems need no symmetry.
        from simulgenvae.data.symmetry import mirror_pixels

        pixels = mirror_pixels(conditions.images.pixels, self.axes)
        images = replace(conditions.images, pixels=np.ascontiguousarray(pixels))
        return replace(conditions, images=images)

    def unmirror(self, mirrored: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the coefficients of designs, ``[..., r]``.

        ``mirrored`` are those that were predicted of their mirror images, of the same shape.
        """
        original: NDArray[np.float32] = mirrored @ self.matrix + self.offset
        return original

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what :meth:`restore` needs besides the axes."""
        return {"matrix": self.matrix, "offset": self.offset}

    @classmethod
    def restore(cls, axes: list[str], arrays: dict[str, NDArray[Any]], rank: int) -> Self:
        """Return a view that was read from a model file.

        Raises
        ------
        KeyError, ValueError
            When the arrays do not hold a view of ``rank`` coefficients.
        """
        matrix = arrays["matrix"]
        offset = arrays["offset"]
        # A map of another rank would fail in the middle of the first prediction.
        square = matrix.shape == (rank, rank) and offset.shape == (rank,)
        if not square or not set(axes) <= {"x", "y", "z"}:
            raise ValueError(f"a mirror view of shape {matrix.shape} along {axes}")
        if not (np.isfinite(matrix).all() and np.isfinite(offset).all()):
            raise ValueError("a mirror view that is not finite")
        return cls(tuple(axes), matrix, offset)


def mirror_views_of(
    dataset: Dataset, symmetry: AugmentationSettings, reduction: Reduction
) -> tuple[MirrorView, ...]:
    """Return one view for each combination of the axes along which the problem is symmetric."""
    coords = dataset.mesh.coords
    if not symmetry.axes or coords is None:
        return ()
    # With two axes there are three mirror images: one along each, and one along both.
    from simulgenvae.data.symmetry import mirrors_of

    mirrors = mirrors_of(coords, dataset.variables, symmetry.axes, symmetry.odd)
    return tuple(MirrorView.from_mirror(mirror, reduction) for mirror in mirrors)

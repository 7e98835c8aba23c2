"""Shape modes: proper orthogonal decomposition of the geometries of the training runs.

Shapes are fields that do not change in time, so few runs have many values: the modes follow from
the Gram matrix of the runs (method of snapshots, Sirovich 1987, "Turbulence and the dynamics of
coherent structures"). Tested in tests/surrogate/shapes/test_modes.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.shapes import Shapes

TOLERANCE = 1e-4
"""Part of the variation of the shapes that modes may leave out, as a relative error: positions are
predicted, too, and shall be as good as rounding of the solver's files."""
MOST_MODES = 64
"""Largest number of modes."""
_GRAM_VALUES = 60_000
"""Values of a shape from which the Gram matrix is computed. It is that of a part of the nodes,
which changes the modes by as little as another mesh would, and takes a small part of the memory."""


@dataclass(frozen=True, eq=False)
class ShapeModes:
    """Modes of shapes `[M, S]`.

    Attributes
    ----------
    mean
        Mean shape of the training runs, `[M, S]`.
    basis
        Orthonormal modes, `[M·S, k]`, the one with the largest variation first.
    """

    mean: NDArray[np.float32]
    basis: NDArray[np.float32]

    @classmethod
    def fit(cls, shapes: Shapes, rows: Sequence[int]) -> Self:
        """Return the modes of the training runs ``rows``, which are read twice, one by one.

        Raises UserError where all have the same shape.
        """
        first = shapes.shape(rows[0])
        step = -(-first.size // _GRAM_VALUES)
        samples = np.stack([shapes.shape(row).ravel()[::step] for row in rows]).astype(np.float64)
        centred = samples - samples.mean(axis=0)
        energies, left = np.linalg.eigh(centred @ centred.T)
        energies, left = np.maximum(energies[::-1], 0.0), left[:, ::-1]
        if energies[0] <= 1e-12 * float(np.square(samples).sum()):
            raise UserError(
                "all training runs have the same geometry: nothing can be learned from it. Ingest "
                "them as runs of one mesh (--interpolate)"
            )
        remaining = np.cumsum(energies[::-1])[::-1]
        needed = int(np.count_nonzero(remaining > TOLERANCE**2 * remaining[0]))
        count = max(1, min(needed, MOST_MODES, len(rows) - 1))
        mean = np.zeros(first.size)
        directions = np.zeros((first.size, count))
        for row, weights in zip(rows, left[:, :count], strict=True):
            shape = shapes.shape(row).ravel().astype(np.float64)
            mean += shape / len(rows)
            directions += np.outer(shape, weights)
        # Weights of each mode add up to zero only over all nodes' samples: centred afterwards.
        directions -= np.outer(mean, left[:, :count].sum(axis=0))
        basis, triangle = np.linalg.qr(directions)
        # A mode may have either sign: that of its largest entry is positive.
        basis *= np.sign(np.diag(triangle))
        largest = np.take_along_axis(basis, np.abs(basis).argmax(axis=0)[None], axis=0)
        basis *= np.where(largest < 0, -1.0, 1.0)
        return cls(mean.reshape(first.shape).astype(np.float32), basis.astype(np.float32))

    @property
    def count(self) -> int:
        """Number of modes, k."""
        return int(self.basis.shape[1])

    def encode(self, shape: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the coefficients `[k]` of a shape `[M, S]`."""
        centred = (np.asarray(shape, np.float64) - self.mean).ravel()
        return np.asarray(centred @ self.basis, np.float64)

    def decode(self, coefficients: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the shape `[M, S]` of coefficients `[k]`."""
        change = self.basis.astype(np.float64) @ coefficients
        return np.asarray(self.mean + change.reshape(self.mean.shape), np.float64)

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return the arrays that a model file holds."""
        return {"mean": self.mean, "basis": self.basis}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[np.float32]], nodes: int, width: int) -> Self:
        """Restore what :meth:`arrays` gave, for shapes `[nodes, width]`.

        Raises LookupError or ValueError where the arrays do not fit.
        """
        mean, basis = arrays["mean"], arrays["basis"]
        fits = mean.shape == (nodes, width) and basis.ndim == 2 and len(basis) == nodes * width
        if not fits or not basis.shape[1] or not np.isfinite(basis).all():
            raise ValueError(f"shape modes {mean.shape} and {basis.shape} of {nodes} nodes")
        if not np.isfinite(mean).all():
            raise ValueError("the mean shape is not finite")
        return cls(mean, basis)

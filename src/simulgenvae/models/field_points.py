"""Nodes at which a neural field is trained and evaluated, and the modes there.

Tested in tests/models/test_field_points.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.reduction import Reduction

MOST_POINTS = 4096
"""Largest number of nodes; of a larger mesh they are chosen at random."""
POINTS_PER_MODE = 4
"""Least number of values (nodes × variables) for each mode: fewer would amplify what the modes
cannot represent."""


@dataclass(frozen=True, eq=False)
class FieldPoints:
    """Nodes of a mesh, in random order, with the map between states there and coefficients.

    With all nodes the map from states to coefficients is the projection on the modes. With some of
    them it is the least-squares fit ("gappy POD", Everson & Sirovich 1995, section 2).
    """

    positions: Tensor
    """Positions of P nodes, with the longest side of the mesh scaled to -1 … 1, ``[P, D]``."""
    rows: Tensor
    """Rows of the modes at these nodes, ``[P, V, r]``."""
    fit: Tensor
    """Map from states at the nodes to coefficients, ``[r, P·V]``."""
    nodes: int
    """Number M of nodes of the mesh."""

    @classmethod
    def of(cls, coords: NDArray[np.float64], reduction: Reduction) -> Self:
        """Return points of a mesh.

        Parameters
        ----------
        coords
            Positions of all nodes, ``[M, D]``.
        reduction
            Reduction with modes.
        """
        basis, _ = reduction.basis_and_factor()
        assert basis is not None, "a neural field needs modes"
        nodes, variables = reduction.field_shape
        count = max(MOST_POINTS, -(-POINTS_PER_MODE * reduction.rank // variables))
        # In random order, so that the first few points are a random subset of all.
        chosen = np.random.default_rng(0).permutation(nodes)[:count]
        rows = basis.reshape(nodes, variables, -1)[chosen]
        flat = rows.reshape(-1, reduction.rank)
        fit = flat.T if len(chosen) == nodes else np.linalg.pinv(flat.astype(np.float64))
        return cls(
            positions=torch.from_numpy(unit_positions(coords)[chosen].astype(np.float32)),
            rows=torch.from_numpy(np.ascontiguousarray(rows)),
            fit=torch.from_numpy(np.ascontiguousarray(fit, dtype=np.float32)),
            nodes=nodes,
        )


def unit_positions(coords: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return positions with the longest side scaled to -1 … 1, without constant dimensions."""
    low = coords.min(axis=0)
    high = coords.max(axis=0)
    half = 0.5 * (high - low).max()
    # A plane mesh in space has a coordinate that is constant up to rounding.
    varying = high - low > 1e-9 * half
    centred = coords - 0.5 * (low + high)
    return np.asarray((centred / (half or 1.0))[:, varying])

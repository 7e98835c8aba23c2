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

TRAINING_POINTS = 4096
"""Largest number of nodes that a field learns from."""
POINTS_PER_MODE = 8
"""Number of values (nodes × variables) at which a prediction is evaluated, for each mode."""


@dataclass(frozen=True, eq=False)
class FieldPoints:
    """Nodes of a mesh to learn from, and nodes from whose states the coefficients follow.

    The second are a random sample in which nodes where modes are large are more likely, and the
    coefficients are a weighted least-squares fit: so a few values for each mode are enough on any
    mesh (Cohen & Migliorati 2017, "Optimal weighted least-squares methods", section 2). Where the
    mesh has no more nodes than that, all are taken and the coefficients are the projection.
    """

    positions: Tensor
    """Positions of P nodes at random, with the longest side of the mesh scaled to -1 … 1,
    ``[P, D]``."""
    rows: Tensor
    """Rows of the modes at these nodes, ``[P, V, r]``."""
    fit_positions: Tensor
    """Positions of the Q nodes at which a prediction is evaluated, ``[Q, D]``."""
    fit: Tensor
    """Map from states at these to coefficients, ``[r, Q·V]``."""
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
        modes = basis.reshape(nodes, variables, -1)
        places = unit_positions(coords).astype(np.float32)
        random = np.random.default_rng(0)
        learned = random.permutation(nodes)[:TRAINING_POINTS]
        fitted, fit = _fit(modes, random)
        return cls(
            positions=torch.from_numpy(places[learned]),
            rows=torch.from_numpy(np.ascontiguousarray(modes[learned])),
            fit_positions=torch.from_numpy(places[fitted]),
            fit=torch.from_numpy(np.ascontiguousarray(fit, dtype=np.float32)),
            nodes=nodes,
        )

    @classmethod
    def without_values(cls, coords: NDArray[np.float64], shape: tuple[int, int], rank: int) -> Self:
        """Return points of which only the sizes are right, all zero.

        Parameters
        ----------
        coords
            Positions of all nodes, ``[M, D]``.
        shape
            Nodes M and variables V.
        rank
            Number of modes.
        """
        nodes, variables = shape
        dimensions = unit_positions(coords).shape[1]
        learned = min(nodes, TRAINING_POINTS)
        fitted = _fit_count(*shape, rank)
        return cls(
            positions=torch.zeros(learned, dimensions),
            rows=torch.zeros(learned, variables, rank),
            fit_positions=torch.zeros(fitted, dimensions),
            fit=torch.zeros(rank, fitted * variables),
            nodes=nodes,
        )


def _fit_count(nodes: int, variables: int, rank: int) -> int:
    """Return the number Q of nodes at which a prediction is evaluated."""
    return min(nodes, -(-POINTS_PER_MODE * rank // variables))


def _fit(
    modes: NDArray[np.float32], random: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.floating]]:
    """Return nodes, and the map ``[r, Q·V]`` from states at them to coefficients.

    ``modes`` are the modes at all nodes, ``[M, V, r]``.
    """
    nodes, variables, rank = modes.shape
    count = _fit_count(nodes, variables, rank)
    if count == nodes:
        return np.arange(nodes), modes.reshape(-1, rank).T
    # Half of the probability is the same for all, so that no weight becomes large.
    leverage = np.einsum("mvr,mvr->m", modes, modes, dtype=np.float64)
    probability = 0.5 * leverage / leverage.sum() + 0.5 / nodes
    chosen = random.choice(nodes, count, replace=False, p=probability)
    weights = np.repeat(1 / probability[chosen], variables)
    rows = modes[chosen].reshape(-1, rank).astype(np.float64)
    weighted = rows.T * weights
    # The pseudoinverse, as a sample may miss a mode that lives on a few nodes.
    return chosen, np.linalg.pinv(weighted @ rows, rcond=1e-6, hermitian=True) @ weighted


def has_extent(coords: NDArray[np.float64]) -> bool:
    """Return whether nodes are at more than one place."""
    return bool((coords != coords[0]).any())


def unit_positions(coords: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return positions with the longest side scaled to -1 … 1, without constant dimensions."""
    low = coords.min(axis=0)
    high = coords.max(axis=0)
    half = 0.5 * (high - low).max()
    # A plane mesh in space has a coordinate that is constant up to rounding.
    varying = high - low > 1e-9 * half
    centred = coords - 0.5 * (low + high)
    return np.asarray((centred / (half or 1.0))[:, varying])

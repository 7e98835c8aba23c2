"""Nodes at which a neural field is trained and evaluated, and the modes there.

Tested in tests/models/test_field_points.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from simulgenvae.reduction import Reduction

TRAINING_POINTS = 4096
"""Largest number of nodes that a field learns from."""
POINTS_PER_MODE = 6
"""Number of values (nodes × variables) at which a prediction is evaluated, for each mode."""
UNIFORM_PART = 0.1
"""Part of the nodes' probabilities that is the same for all, so that no weight becomes large."""


@dataclass(frozen=True, eq=False)
class FieldPoints:
    """Nodes of a mesh to learn from, and nodes from whose states the coefficients follow.

    The second are a random sample in which nodes where modes are large are more likely, and the
    coefficients are a weighted least-squares fit: so a few values for each mode are enough on any
    mesh (Cohen & Migliorati 2017, "Optimal weighted least-squares methods", section 2). The sample
    is spread evenly over the mesh, as what the modes cannot express would otherwise be taken for
    them in places that happen to have many of its nodes. Where the mesh has no more nodes than
    that, all are taken and the coefficients are the projection.

    Where nodes have weights, as on a grid around geometries, states are those before they are
    multiplied by these, which a smooth function of position expresses. The first nodes are then
    drawn with the squared weights as chances: the mean square over them is that of weighted states
    over all nodes, and no step is spent on nodes that hardly count.
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
        # Imported here: predictions without torch need the arrays only.
        import torch

        sample = FieldSample.of(coords, reduction)
        return cls(
            positions=torch.from_numpy(sample.positions),
            rows=torch.from_numpy(sample.rows),
            fit_positions=torch.from_numpy(sample.fit_positions),
            fit=torch.from_numpy(sample.fit),
            nodes=reduction.field_shape[0],
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
        import torch

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


class FieldSample(NamedTuple):
    """Arrays of :class:`FieldPoints`, with the same shapes."""

    positions: NDArray[np.float32]
    rows: NDArray[np.float32]
    fit_positions: NDArray[np.float32]
    fit: NDArray[np.float32]

    @classmethod
    def of(cls, coords: NDArray[np.float64], reduction: Reduction) -> Self:
        """Return the sample of a mesh, see :meth:`FieldPoints.of`."""
        basis, _ = reduction.basis_and_factor()
        assert basis is not None, "a neural field needs modes"
        nodes, variables = reduction.field_shape
        modes = basis.reshape(nodes, variables, -1)
        places = unit_positions(coords).astype(np.float32)
        random = np.random.default_rng(0)
        count = min(nodes, TRAINING_POINTS)
        squares = _squared_weights(reduction)
        if squares is None:
            learned = random.permutation(nodes)[:count]
        else:
            learned = random.choice(nodes, count, p=squares / nodes)
        fitted, fit = _fit(modes, places, random)
        rows: NDArray[np.floating] = modes[learned]
        if squares is not None:
            rows = rows / np.sqrt(squares[learned, None, None])
            fit = fit * np.repeat(np.sqrt(squares[fitted]), variables)
        return cls(
            positions=places[learned],
            rows=np.ascontiguousarray(rows, dtype=np.float32),
            fit_positions=places[fitted],
            fit=np.ascontiguousarray(fit, dtype=np.float32),
        )


def _squared_weights(reduction: Reduction) -> NDArray[np.float64] | None:
    """Return the squared weights of the nodes, ``[M]``, whose mean is 1; None where all are 1."""
    weights = reduction.state_map.weights
    return None if weights is None else np.square(weights) / np.square(weights).mean()


def _fit_count(nodes: int, variables: int, rank: int) -> int:
    """Return the number Q of nodes at which a prediction is evaluated."""
    return min(nodes, -(-POINTS_PER_MODE * rank // variables))


def _fit(
    modes: NDArray[np.float32], places: NDArray[np.float32], random: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.floating]]:
    """Return nodes, and the map ``[r, Q·V]`` from states at them to coefficients.

    ``modes`` are the modes at all nodes, ``[M, V, r]``, and ``places`` their positions, ``[M, D]``.
    """
    nodes, variables, rank = modes.shape
    count = _fit_count(nodes, variables, rank)
    if count == nodes:
        return np.arange(nodes), modes.reshape(-1, rank).T
    leverage = np.einsum("mvr,mvr->m", modes, modes, dtype=np.float64)
    probability = (1 - UNIFORM_PART) * leverage / leverage.sum() + UNIFORM_PART / nodes
    chances = _chances(probability, count)
    chosen = _spread_sample(chances, places, random)
    weights = np.repeat(1 / chances[chosen], variables)
    rows = modes[chosen].reshape(-1, rank).astype(np.float64)
    weighted = rows.T * weights
    # The pseudoinverse, as a sample may miss a mode that lives on a few nodes.
    return chosen, np.linalg.pinv(weighted @ rows, rcond=1e-6, hermitian=True) @ weighted


def _chances(probability: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return the probability ``[M]`` of each node to be among ``count`` < M nodes.

    They are proportional to ``probability``, but at most 1, and their sum is ``count``.
    """
    chances = count * probability
    while (chances > 1).any():
        certain = chances >= 1
        rest = (count - certain.sum()) / probability[~certain].sum()
        chances = np.where(certain, 1.0, rest * probability)
    return chances


def _spread_sample(
    chances: NDArray[np.float64], places: NDArray[np.float32], random: np.random.Generator
) -> NDArray[np.intp]:
    """Return nodes, drawn with these chances ``[M]`` and evenly spread over their places.

    It is a systematic sample (Madow 1949, "On the theory of systematic sampling, II"): of nodes in
    a row it takes one each time that the sum of their chances has grown by 1. Neighbours in the row
    are neighbours in space, as a k-d tree has them.
    """
    from scipy.spatial import cKDTree

    row = cKDTree(places).indices
    passed = np.cumsum(chances[row])
    marks = np.arange(round(passed[-1])) + random.random()
    # Rounding may leave the last mark beyond the end.
    found = np.minimum(np.searchsorted(passed, marks), len(row) - 1)
    chosen: NDArray[np.intp] = row[found]
    return chosen


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

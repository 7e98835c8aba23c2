"""Arrays that turn coefficients into fields and their variances, at all nodes of the mesh.

Tested in tests/explorer/test_twin.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.reduction.state_map import StateMap

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.surrogate.parts import PredictingParts

MOST_PRODUCTS = 2**24
"""Largest number of entries of the products of modes: 64 MB in a browser."""
_BLOCK_ROWS = 2**14


@dataclass(frozen=True, eq=False)
class StateArrays:
    """Map from states to fields at all M nodes of the mesh, also those without values.

    Attributes
    ----------
    mean
        Field whose state is 0, less the offsets, ``[M·V]``.
    factor
        Factor from states to fields, ``[M·V]``.
    basis
        Modes ``[M·V, r]``; None for the identity.
    gram
        Products of the modes' fields of each variable, mean over the nodes with values,
        ``[V, r, r]``.
    uniform
        Coefficients of a field with each variable's mean at every node, ``[r]``.
    offsets
        What is added to each variable in double precision, ``[V]``; None where nothing is.
    valued
        Whether each node has values, ``[M]``; None where all have.
    """

    mean: NDArray[np.float32]
    factor: NDArray[np.float32]
    basis: NDArray[np.float32] | None
    gram: NDArray[np.float32]
    uniform: NDArray[np.float32]
    offsets: NDArray[np.float64] | None
    valued: NDArray[np.bool_] | None

    @classmethod
    def of(cls, parts: PredictingParts) -> StateArrays:
        """Return the arrays of a surrogate.

        Raises UserError where there is no reduction, and more values than a page can hold.
        """
        reduction = parts.reduction
        arrays: dict[str, Any] = reduction.arrays()
        state = StateMap.from_arrays(arrays)
        nodes, variables = state.field_shape
        _require_products(variables, reduction.rank)
        factor = (1 / state.field_factor()).astype(np.float32)
        mean = state.mean_field().astype(np.float32)
        basis = arrays.get("basis")
        gram = products(basis, factor.reshape(nodes, variables))
        valued = None
        if parts.mask is not None:
            valued = parts.mask.valued
            # A mode of the identity belongs to one entry of the state, so that it needs rows, too.
            rows = np.eye(len(factor), dtype=np.float32) if basis is None else basis
            mean = parts.mask.fill(mean.reshape(nodes, variables))
            factor = parts.mask.fill(factor.reshape(nodes, variables))
            filled = parts.mask.fill(rows.T.reshape(-1, nodes, variables))
            basis = np.nan_to_num(filled.reshape(len(filled), -1).T)
            mean, factor = (np.nan_to_num(each.ravel()) for each in (mean, factor))
        uniform = parts.uniform_field_coefficients[0]
        return cls(mean, factor, basis, gram, uniform, state.offsets, valued)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays of a container, without the basis, which is a network."""
        found: dict[str, NDArray[Any]] = {
            "state.mean": self.mean,
            "state.factor": self.factor,
            "state.gram": self.gram,
            "state.uniform": self.uniform.astype(np.float32),
        }
        if self.offsets is not None:
            found["state.offsets"] = self.offsets
        if self.valued is not None:
            found["state.valued"] = self.valued.astype(np.uint8)
        variables = len(self.gram)
        columns = self.factor.reshape(-1, variables)
        if (columns == columns[0]).all():
            found["state.factor"] = columns[0]
        return found


def products(basis: NDArray[np.float32] | None, factor: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the products of modes' fields, ``[V, r, r]``, mean over the nodes.

    Parameters
    ----------
    basis
        Modes ``[M·V, r]``; None for the identity.
    factor
        Factor from states to fields, ``[M, V]``.
    """
    nodes, variables = factor.shape
    if basis is None:
        found = np.zeros((variables, factor.size, factor.size), np.float32)
        for variable in range(variables):
            places = np.arange(variable, factor.size, variables)
            found[variable, places, places] = np.square(factor[:, variable]) / nodes
        return found
    rank = basis.shape[1]
    gram = np.zeros((variables, rank, rank))
    modes = basis.reshape(nodes, variables, rank)
    # Block by block: all modes in double precision would take twice their memory.
    for start in range(0, nodes, _BLOCK_ROWS):
        some = slice(start, start + _BLOCK_ROWS)
        for variable in range(variables):
            fields = modes[some, variable].astype(np.float64) * factor[some, variable, None]
            gram[variable] += fields.T @ fields
    return np.asarray(gram / nodes, np.float32)


def _require_products(variables: int, rank: int) -> None:
    if variables * rank**2 > MOST_PRODUCTS:
        raise UserError(
            f"A page cannot hold a model with {rank} coefficients of each time: train with a "
            'reduction (reduction.method = "pod"), or with a smaller reduction.max_rank.'
        )

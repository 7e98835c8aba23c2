"""Mask of the nodes without values, such as solid cells in a flow or land in an ocean."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh


@dataclass(frozen=True, eq=False)
class NodeMask:
    """Nodes of a mesh that have values, where the others are NaN in every run at every time.

    Raises UserError when no node has values, or the mesh has other nodes.

    Attributes
    ----------
    mesh
        The whole mesh, of M nodes.
    valued
        Whether each node has values, `[M]`; m of them have.
    """

    mesh: Mesh
    valued: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.valued.ndim != 1 or not self.valued.any():
            raise UserError("no node has values")
        self.mesh.check(len(self.valued))

    @cached_property
    def numbers(self) -> NDArray[np.intp]:
        """Numbers of the nodes with values, `[m]`."""
        return np.flatnonzero(self.valued)

    def part(self) -> Mesh:
        """Return the mesh of the nodes with values; cells with other nodes are left out."""
        return self.mesh.at(self.numbers)

    def take(self, fields: NDArray[Any]) -> NDArray[Any]:
        """Return the nodes with values, `[..., m, V]`, of fields `[..., M, V]`."""
        return np.take(fields, self.numbers, axis=-2)

    def fill(self, fields: NDArray[Any]) -> NDArray[Any]:
        """Return fields `[..., m, V]` at all nodes, `[..., M, V]`, with NaN where no values are."""
        shape = (*fields.shape[:-2], len(self.valued), fields.shape[-1])
        whole = np.full(shape, np.nan, fields.dtype)
        whole[..., self.numbers, :] = fields
        return whole

    def at(self, nodes: NDArray[np.intp]) -> NodeMask:
        """Return the mask of some nodes, in their order; UserError when none of them has values."""
        return NodeMask(self.mesh.at(nodes), self.valued[nodes])

    def __str__(self) -> str:
        missing = int(np.count_nonzero(~self.valued))
        return (
            f"{missing} of {len(self.valued)} nodes have no values (NaN) in any run at any time: "
            "they are left out of everything, and are NaN in predictions"
        )

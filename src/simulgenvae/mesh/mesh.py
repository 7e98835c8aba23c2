"""Meshes: positions of nodes, and the cells between them.

Tested in tests/data/test_metadata.py and in the tests of everything that has a mesh.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

CELL_NODES: Mapping[str, int] = {
    "line": 2,
    "triangle": 3,
    "quad": 4,
    "tetra": 4,
    "hexahedron": 8,
    "wedge": 6,
    "pyramid": 5,
}
"""Number of nodes of each known kind of cell, by its meshio name."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """Positions of the nodes, and the cells between them, as far as known.

    Attributes
    ----------
    coords
        Positions of the nodes, `[M, D]` with D = 1, 2 or 3; None where they are unknown.
    cells
        Nodes of the cells, `[K, nodes per cell]`, counted from 0, by the meshio name of the kind.
    """

    coords: NDArray[np.float64] | None = None
    cells: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.coords is not None:
            coords = numeric(self.coords, "node coordinates", "fiu").astype(np.float64)
            object.__setattr__(self, "coords", coords[:, None] if coords.ndim == 1 else coords)
        # Empty tables of cells are left out, so that `cells` says whether there are any.
        cells = {
            name: numeric(nodes, f"{name} cells", "iu").astype(np.int64)
            for name, nodes in self.cells.items()
        }
        object.__setattr__(
            self, "cells", {name: nodes for name, nodes in cells.items() if len(nodes)}
        )

    def check(self, nodes: int) -> None:
        """Raise UserError unless coordinates and cells are valid for ``nodes`` nodes."""
        if self.coords is not None:
            # A mesh in a plane or on a line is as good as one in space; only the number of nodes is
            # fixed.
            shape = self.coords.shape
            if len(shape) != 2 or shape[1] not in {1, 2, 3}:
                raise UserError(
                    f"node coordinates must be [M] or [M, 1…3], but have the shape {shape}"
                )
            if shape[0] != nodes:
                raise UserError(
                    f"there are coordinates for {shape[0]} nodes, but the fields have {nodes} nodes"
                )
            bad = np.flatnonzero(~np.isfinite(self.coords).all(axis=1))
            if len(bad):
                raise UserError(
                    f"the coordinates of {len(bad)} nodes are not finite, first of node {bad[0]}"
                )
        for name, cells in self.cells.items():
            # VTK reads cells without checking them: a wrong node number would crash it later.
            if name not in CELL_NODES:
                raise UserError(f"unknown cells {name!r}: known are {', '.join(CELL_NODES)}")
            if cells.ndim != 2 or cells.shape[1] != CELL_NODES[name]:
                raise UserError(
                    f"{name} cells must be [K, {CELL_NODES[name]}], but have the shape "
                    f"{cells.shape}"
                )
            if cells.min() < 0 or cells.max() >= nodes:
                span = f"{cells.min()} to {cells.max()}"
                raise UserError(
                    f"{name} cells refer to the nodes {span}, but the fields have {nodes} nodes, "
                    "from 0"
                )

    def same_as(self, other: Mesh) -> bool:
        """Return whether the coordinates agree, up to rounding, and the cells where both have them.

        Both meshes must have coordinates.
        """
        assert self.coords is not None
        assert other.coords is not None
        if self.coords.shape != other.coords.shape:
            return False
        extent = float(np.ptp(self.coords, axis=0).max())
        if not np.allclose(other.coords, self.coords, rtol=0.0, atol=1e-9 * extent):
            return False
        # Files of arrays with coordinates have no cells, and still belong to the mesh.
        if not (self.cells and other.cells):
            return True
        return self.cells.keys() == other.cells.keys() and all(
            np.array_equal(nodes, other.cells[name]) for name, nodes in self.cells.items()
        )

    def at(self, nodes: NDArray[np.intp]) -> Mesh:
        """Return the mesh of some nodes, each given once, in their order.

        Cells that also have other nodes are left out.
        """
        order = np.argsort(nodes)
        ranked = nodes[order]
        cells = {}
        for name, table in self.cells.items():
            # A node that is not chosen finds some other one's place, and differs from it.
            place = np.searchsorted(ranked, table).clip(max=len(nodes) - 1)
            cells[name] = order[place[(ranked[place] == table).all(axis=1)]]
        return Mesh(None if self.coords is None else self.coords[nodes], cells)


def numeric(values: Any, what: str, kinds: str) -> NDArray[Any]:
    """Return values as an array; raise UserError unless their kind is one of NumPy's ``kinds``."""
    array = np.asarray(values)
    if array.size and array.dtype.kind not in kinds:
        raise UserError(f"{what} must be numbers, but are of type {array.dtype}")
    return array

"""Meshes: positions of nodes, the cells between them, and named sets of them.

Tested in tests/data/test_metadata.py and in the tests of everything that has a mesh.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.mesh.cell_checks import check_cells
from simulgenvae.mesh.cells import Cells
from simulgenvae.mesh.node_sets import NodeSets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, init=False)
class Mesh:
    """Positions of the nodes, and the cells between them, as far as known.

    Attributes
    ----------
    coords
        Positions of the nodes, `[M, D]` with D = 1, 2 or 3; None where they are unknown.
    cells
        Cells between the nodes, which are counted from 0. They can be given as tables
        `[K, nodes per cell]` by the meshio name of the kind.
    remarks
        Lines for the user on what a reader did to the mesh of a file.
    unit
        Unit of the positions, "" where it is unknown. It is a label: nothing is converted.
    sets
        Numbers of the nodes of each named set, such as an inlet, from 0.
    """

    coords: NDArray[np.float64] | None
    cells: Cells
    remarks: tuple[str, ...]
    unit: str
    sets: NodeSets

    def __init__(
        self,
        coords: NDArray[Any] | None = None,
        cells: Mapping[str, NDArray[Any]] | None = None,
        remarks: tuple[str, ...] = (),
        unit: str = "",
        sets: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        if coords is not None:
            coords = numeric(coords, "node coordinates", "fiu").astype(np.float64)
            coords = coords[:, None] if coords.ndim == 1 else coords
        if not isinstance(cells, Cells):
            tables = {
                name: numeric(nodes, f"{name} cells", "iu") for name, nodes in (cells or {}).items()
            }
            # Empty tables are left out, so that `cells` says whether there are any.
            cells = Cells.from_tables({name: nodes for name, nodes in tables.items() if len(nodes)})
        # The class is frozen, so its own assignment is refused too.
        object.__setattr__(self, "coords", coords)
        object.__setattr__(self, "cells", cells)
        object.__setattr__(self, "remarks", remarks)
        object.__setattr__(self, "unit", unit)
        sets = sets if isinstance(sets, NodeSets) else NodeSets.of(sets or {})
        object.__setattr__(self, "sets", sets)

    def with_unit(self, unit: str) -> Mesh:
        """Return the mesh with a unit of its positions."""
        return Mesh(self.coords, self.cells, self.remarks, unit, self.sets)

    def with_sets(self, sets: NodeSets, remarks: Iterable[str] = ()) -> Mesh:
        """Return the mesh with other named sets of nodes, and further remarks."""
        return Mesh(self.coords, self.cells, (*self.remarks, *remarks), self.unit, sets)

    def check(self, nodes: int) -> None:
        """Raise UserError unless coordinates, cells and sets are valid for ``nodes`` nodes."""
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
        # VTK reads cells without checking them: a wrong node number would crash it later.
        check_cells(self.cells, nodes)
        self.sets.check(nodes)

    def same_as(self, other: Mesh) -> bool:
        """Return whether the coordinates agree, up to rounding, and the cells where both have them.

        A mesh without coordinates agrees only with another one without. Sets are not compared.
        """
        if self.coords is None or other.coords is None:
            if self.coords is not other.coords:
                return False
        else:
            if self.coords.shape != other.coords.shape:
                return False
            extent = float(np.ptp(self.coords, axis=0).max())
            if not np.allclose(other.coords, self.coords, rtol=0.0, atol=1e-9 * extent):
                return False
        # Files of arrays with coordinates have no cells, and still belong to the mesh.
        return not (self.cells and other.cells) or self.cells.same_as(other.cells)

    def at(self, nodes: NDArray[np.intp]) -> Mesh:
        """Return the mesh of some nodes, each given once, in their order.

        Cells that also have other nodes are left out, and sets have those of their nodes that are
        among them.
        """
        most = (nodes, self.cells.nodes.values, self.sets.nodes.values)
        known = max(int(numbers.max(initial=-1)) for numbers in most) + 1
        place = np.full(known, -1, dtype=np.int64)
        place[nodes] = np.arange(len(nodes))
        coords = None if self.coords is None else self.coords[nodes]
        cells = self.cells.renumbered(place, nodes)
        return Mesh(coords, cells, self.remarks, self.unit, self.sets.renumbered(place))


def numeric(values: Any, what: str, kinds: str) -> NDArray[Any]:
    """Return values as an array; raise UserError unless their kind is one of NumPy's ``kinds``."""
    array = np.asarray(values)
    if array.size and array.dtype.kind not in kinds:
        raise UserError(f"{what} must be numbers, but are of type {array.dtype}")
    return array

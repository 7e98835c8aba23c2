"""Extent of each geometry for a background grid, and the check that it can be on one at all.

Tested in tests/geometry/grid/test_extent.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.mesh.cell_kinds import BY_NUMBER
from simulgenvae.mesh.nodal_volumes import NodalVolumes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh

_INSTEAD = "Runs whose nodes correspond to each other need no background grid"


@dataclass(frozen=True, eq=False)
class Extent:
    """Bounding box of a geometry and the fineness of its mesh.

    Attributes
    ----------
    path
        File of the mesh.
    lower, upper
        Corners of the box around all cells, `[D]`.
    dimension
        Dimension of the cells, 2 or 3.
    spacing
        Median over the nodes of the edge of the square or cube that belongs to a node.
    unit
        Unit of the positions, "" where it is unknown.
    """

    path: Path
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    dimension: int
    spacing: float
    unit: str

    @classmethod
    def of(cls, mesh: Mesh, path: Path) -> Self:
        """Return the extent of a mesh.

        Raises UserError naming the file for a mesh without areas or volumes.
        """
        lower, upper = bounds(mesh, path)
        dimension = mesh.cells.dimension
        assert mesh.coords is not None
        volumes = NodalVolumes.of(mesh, len(mesh.coords))
        if volumes.kind == "equal":
            raise UserError(f"{path}: cannot be brought onto a background grid: {volumes.note}")
        positive = volumes.values[volumes.values > 0]
        spacing = float(np.median(positive)) ** (1.0 / dimension)
        return cls(path, lower, upper, dimension, spacing, mesh.unit)

    @property
    def size(self) -> float:
        """Longest side of the box."""
        return float((self.upper - self.lower).max())


def bounds(mesh: Mesh, path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and upper corner `[D]` of the box around all cells.

    Raises UserError naming the file for a mesh without positions or without areas and volumes.
    """
    if mesh.coords is None:
        raise UserError(f"{path}: the positions of the nodes are not known")
    dimension = mesh.cells.dimension
    if dimension < 2:
        what = "only lines" if dimension else "nodes without cells"
        raise UserError(
            f"{path}: has {what}: there is nothing that the nodes of a background grid could be "
            f"inside of. {_INSTEAD}"
        )
    inside = mesh.coords[filled(mesh)]
    return inside.min(axis=0), inside.max(axis=0)


def filled(mesh: Mesh) -> NDArray[np.bool_]:
    """Return the nodes `[m]` that belong to cells of the highest dimension.

    Others, such as reference points of rigid bodies, may lie anywhere.
    """
    dimension = mesh.cells.dimension
    kinds = [number for number, kind in BY_NUMBER.items() if kind.dimension == dimension]
    highest = np.isin(mesh.cells.types, kinds)
    cells = mesh.cells if highest.all() else mesh.cells.at(np.flatnonzero(highest))
    found = np.zeros(len(mesh.coords) if mesh.coords is not None else 0, np.bool_)
    found[cells.nodes.values] = True
    return found

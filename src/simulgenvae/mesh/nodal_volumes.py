"""Nodal volumes of a mesh: the length, area or volume that belongs to each node.

The measure of each cell is lumped to its nodes by the integrals of its shape functions (row-sum
lumping: Hinton, Rock & Zienkiewicz 1976), with two Gauss points per direction. Every known cell is
treated as a line, quadrilateral or hexahedron, some corners of which may coincide. That gives
exactly the linear shape functions of triangles, tetrahedra and wedges, and the rational ones of
pyramids.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh

_CORNERS: Mapping[str, tuple[int, ...]] = {
    "line": (0, 1),
    "triangle": (0, 1, 2, 2),
    "quad": (0, 1, 2, 3),
    "tetra": (0, 1, 2, 2, 3, 3, 3, 3),
    "pyramid": (0, 1, 2, 3, 4, 4, 4, 4),
    "wedge": (0, 1, 2, 2, 3, 4, 5, 5),
    "hexahedron": (0, 1, 2, 3, 4, 5, 6, 7),
}
"""Node of the cell at each corner of the line, quadrilateral or hexahedron."""

_SIGNS: Mapping[int, NDArray[np.float64]] = {
    1: np.array([[-1.0], [1.0]]),
    2: np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]),
    3: np.array(
        [
            [x, y, z]
            for z in (-1.0, 1.0)
            for x, y in ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))
        ]
    ),
}
"""Corners of the reference cell, in meshio's order."""

_KINDS = {1: "length", 2: "area", 3: "volume"}
_CELLS_AT_ONCE = 50_000
_FLAT = 1e-12  # fraction of the bounding cube below which a volume is only rounding


@dataclass(frozen=True, eq=False)
class NodalVolumes:
    """Weights of the nodes in an integral over the domain.

    Attributes
    ----------
    values
        Weights `[M]`, not negative.
    kind
        ``length``, ``area`` or ``volume``, or ``equal`` when the mesh has none of them and every
        node has the weight 1/M.
    note
        Sentence that says what an integral is.
    """

    values: NDArray[np.float64]
    kind: str
    note: str

    @classmethod
    def of(cls, mesh: Mesh, nodes: int) -> Self:
        """Return the weights from the cells of the highest dimension.

        Nodes on a line need no cells: neighbours are connected.
        """
        if mesh.coords is None:
            return cls._equal(nodes, "the coordinates of the nodes are not known")
        cells = mesh.cells
        if not cells and mesh.coords.shape[1] == 1 and nodes > 1:
            order = np.argsort(mesh.coords[:, 0], kind="stable")
            cells = {"line": np.column_stack([order[:-1], order[1:]])}
        if not cells:
            return cls._equal(nodes, "the mesh has no cells")
        dimension = max(map(_dimension, cells))
        values = np.zeros(nodes)
        for name, cell in cells.items():
            if _dimension(name) == dimension:
                # In pieces: a Jacobian of each cell needs several times the memory of the cells.
                for start in range(0, len(cell), _CELLS_AT_ONCE):
                    _add(values, mesh.coords, cell[start : start + _CELLS_AT_ONCE], _CORNERS[name])
        kind = _KINDS[dimension]
        extent = float(np.ptp(mesh.coords, axis=0).max())
        if not (np.isfinite(values).all() and values.sum() > _FLAT * extent**dimension):
            return cls._equal(nodes, f"the cells of the mesh have no {kind}")
        bare = np.count_nonzero(values == 0)
        without = (
            f"; {bare} of {nodes} nodes belong to no such cell and do not count" if bare else ""
        )
        return cls(
            values, kind, f"Integrals are over the {kind} of the mesh, {values.sum():.6g}{without}."
        )

    @classmethod
    def _equal(cls, nodes: int, why: str) -> Self:
        note = f"Integrals are means over the nodes, each with the same weight: {why}."
        return cls(np.full(nodes, 1.0 / nodes), "equal", note)


def _dimension(cell: str) -> int:
    return len(_CORNERS[cell]).bit_length() - 1


def _add(
    values: NDArray[np.float64],
    coords: NDArray[np.float64],
    cells: NDArray[np.int64],
    corners: tuple[int, ...],
) -> None:
    """Add the integral of every shape function of ``cells [K, nodes]`` to ``values [M]``."""
    at = cells[:, list(corners)]
    signs = _SIGNS[len(corners).bit_length() - 1]
    dimension = signs.shape[1]
    # The Gauss points of order 2 are at ±1/√3, with weight 1.
    for point in product((-(3.0**-0.5), 3.0**-0.5), repeat=dimension):
        factors = 0.5 * (1.0 + signs * np.array(point))  # [corners, dimension]
        shape = factors.prod(axis=1)
        slopes = np.column_stack(
            [
                0.5 * signs[:, d] * np.delete(factors, d, axis=1).prod(axis=1)
                for d in range(dimension)
            ]
        )
        jacobian = np.einsum("kcx,cd->kxd", coords[at], slopes)
        np.add.at(values, at, _measure(jacobian)[:, None] * shape)


def _measure(jacobian: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the length, area or volume of a unit of the reference cell, `[K]`.

    ``jacobian`` is `[K, D, d]`, for reference cells of d dimensions in D; the measure is 0 where
    D < d.
    """
    measure: NDArray[np.float64]
    if jacobian.shape[1] < jacobian.shape[2]:
        measure = np.zeros(len(jacobian))
    elif jacobian.shape[1] == jacobian.shape[2]:
        measure = np.abs(np.linalg.det(jacobian))
    else:
        # A surface or line in space: the root of the determinant of JᵀJ.
        gram = np.swapaxes(jacobian, 1, 2) @ jacobian
        measure = np.sqrt(np.maximum(np.linalg.det(gram), 0.0))
    return measure

"""Cells that a morphed geometry has turned inside out or pressed flat.

Tested in tests/geometry/test_corresponding.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh

_EDGES: Mapping[str, tuple[tuple[int, int], ...]] = {
    "triangle": ((0, 1), (0, 2)),
    "quad": ((0, 2), (1, 3)),
    "tetra": ((0, 1), (0, 2), (0, 3)),
    "pyramid": ((0, 2), (1, 3), (0, 4)),
    "wedge": ((0, 1), (0, 2), (0, 3)),
    "hexahedron": ((0, 6), (1, 7), (3, 5)),
}
"""Pairs of corners whose differences span each kind of cell: their determinant has the sign of the
cell, whatever the numbering of its corners is."""
_FLAT = 1e-12
"""Determinant, relative to the cube of the largest extent of all cells, that is only rounding."""


def require_sound_cells(coords: NDArray[np.float64], like: Mesh, path: Path) -> None:
    """Raise UserError where nodes at ``coords`` `[M, D]` turn cells of ``like`` inside out.

    Cells of plane meshes and of volumes have a side; lines and surfaces in space have none.
    """
    assert like.coords is not None
    for name, nodes in _spanned(like):
        used = _used(like.coords)
        if len(used) != len(_EDGES[name]):
            continue
        before = _determinants(name, nodes, like.coords[:, used])
        after = _determinants(name, nodes, coords[:, used])
        # A cell that the common mesh has pressed flat says nothing about others.
        sided = np.abs(before) > _FLAT * np.abs(before).max(initial=0.0)
        turned = np.flatnonzero(sided & (after * np.sign(before) <= 0.0))
        if len(turned):
            flat = int(np.count_nonzero(after[turned] == 0.0))
            kind = "pressed flat" if flat == len(turned) else "turned inside out"
            raise UserError(
                f"{path}: {len(turned)} of {len(nodes)} cells ({name}) are {kind}, the first one "
                f"between the nodes {', '.join(map(str, nodes[turned[0]]))}: the mesh is tangled. "
                "Repair it, or leave the run out (--skip-bad)"
            )


def _spanned(mesh: Mesh) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield the name of each kind of linear cell with a side, and its cells `[K, corners]`."""
    for group in mesh.cells.groups:
        if group.name in _EDGES:
            yield group.name, group.nodes


def _used(coords: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the coordinates that vary: files of plane meshes often have a third that does not."""
    span = np.ptp(coords, axis=0)
    return np.flatnonzero(span > _FLAT * span.max(initial=0.0))


def _determinants(
    name: str, nodes: NDArray[np.int64], coords: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the determinant of each cell, `[K]`."""
    spans = [coords[nodes[:, b]] - coords[nodes[:, a]] for a, b in _EDGES[name]]
    return np.asarray(np.linalg.det(np.stack(spans, axis=1)))

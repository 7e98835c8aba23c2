"""Nodal volumes of polygons and polyhedra.

They are divided into triangles, or tetrahedra, between each edge, the mean of the nodes of each
face and the mean of the nodes of the cell. A quarter (a third) of each goes to each of its corners,
and the part of a mean to its nodes in equal parts. That is exact for cells that are star-shaped
about these means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.mesh.cells import Ragged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulgenvae.mesh.cells import Cells, Group


def _prism_faces(sides: int) -> list[Sequence[int]]:
    """Return the nodes of each face of a prism: bottom, top, and one face for each side."""
    faces: list[Sequence[int]] = [range(sides), range(sides, 2 * sides)]
    for side in range(sides):
        following = (side + 1) % sides
        faces.append([side, following, following + sides, side + sides])
    return faces


_PRISM_FACES = {"penta_prism": _prism_faces(5), "hexa_prism": _prism_faces(6)}


def add_polygons(
    values: NDArray[np.float64], coords: NDArray[np.float64], nodes: NDArray[np.int64]
) -> None:
    """Add the areas of polygons `[k, n]`, by their nodes around them, to ``values`` `[M]`."""
    places = coords[nodes]
    centre = places.mean(axis=1, keepdims=True)
    to_node = places - centre
    area = 0.5 * _norm_of_cross(to_node, np.roll(to_node, -1, axis=1))
    # Each node belongs to two triangles, and to the mean.
    share = (area + np.roll(area, 1, axis=1)) / 3.0
    share += area.sum(axis=1, keepdims=True) / (3.0 * nodes.shape[1])
    np.add.at(values, nodes, share)


def add_prisms(values: NDArray[np.float64], coords: NDArray[np.float64], group: Group) -> None:
    """Add the volumes of pentagonal or hexagonal prisms to ``values`` `[M]`."""
    faces = _PRISM_FACES[group.kind.name]
    cells = len(group.rows)
    flat = np.concatenate([group.nodes[:, list(face)] for face in faces], axis=1).ravel()
    counts = np.tile([len(face) for face in faces], cells)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    sizes = np.full(cells, group.nodes.shape[1], np.int64)
    nodes = Ragged(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), group.nodes.ravel())
    _add(values, coords, nodes, Ragged(offsets, flat), np.full(cells, len(faces), np.int64))


def add_polyhedra(values: NDArray[np.float64], coords: NDArray[np.float64], cells: Cells) -> None:
    """Add the volumes of cells that are all polyhedra to ``values`` `[M]`."""
    _add(values, coords, cells.nodes, cells.faces, np.diff(cells.polyhedra))


def _add(
    values: NDArray[np.float64],
    coords: NDArray[np.float64],
    nodes: Ragged,
    faces: Ragged,
    faces_of: NDArray[np.int64],
) -> None:
    """Add the volumes of cells, with their nodes, faces and numbers of faces, to ``values``."""
    cell_of_face = np.repeat(np.arange(len(faces_of)), faces_of)
    face = np.repeat(np.arange(len(faces.counts)), faces.counts)
    cell = cell_of_face[face]
    first = faces.values
    # The neighbour of each node around its face: the next one, and the first for the last.
    after = np.arange(1, len(first) + 1)
    after[faces.offsets[1:] - 1] = faces.offsets[:-1]
    second = first[after]
    centre = _means(coords, nodes)[cell]
    middle = _means(coords, faces)[face]
    # Polyhedra in a plane have no volume.
    if coords.shape[1] < 3:
        return
    # A tetrahedron for each edge of a face: its two nodes, the middle of the face, the centre.
    volume = _tetrahedra(coords[first] - centre, coords[second] - centre, middle - centre)
    for node in (first, second):
        values += np.bincount(node, 0.25 * volume, len(values))
    # Middle and centre are no nodes: their quarters go to the nodes of the face and of the cell.
    for rows, number in ((faces, face), (nodes, cell)):
        total = np.bincount(number, 0.25 * volume, len(rows.counts))
        shares = np.repeat(total / rows.counts, rows.counts)
        values += np.bincount(rows.values, shares, len(values))


def _tetrahedra(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the volumes of tetrahedra between three edges `[k, 3]`."""
    # Written out: numpy.linalg.det takes several times as long for many small matrices.
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = a.T, b.T, c.T
    product = ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx)
    volume: NDArray[np.float64] = np.abs(product) / 6.0
    return volume


def _means(coords: NDArray[np.float64], rows: Ragged) -> NDArray[np.float64]:
    """Return the mean position of the nodes of each row."""
    sums: NDArray[np.float64] = np.add.reduceat(coords[rows.values], rows.offsets[:-1], axis=0)
    return sums / rows.counts[:, None]


def _norm_of_cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the length of the cross product of vectors in one to three dimensions."""
    # |a × b|² = |a|² |b|² - (a · b)², which needs no third coordinate.
    squares = (a * a).sum(axis=-1) * (b * b).sum(axis=-1) - (a * b).sum(axis=-1) ** 2
    length: NDArray[np.float64] = np.sqrt(np.maximum(squares, 0.0))
    return length

"""Surfaces in files of Wavefront, ``.obj``.

Read by our own code: VTK's reader makes several nodes of one where texture coordinates differ, so
that values of nodes would no longer belong to them.

Tested in tests/data/mesh_files/test_wavefront.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.names import prefix_errors
from simulgenvae.errors import UserError
from simulgenvae.mesh.cells import Cells, Ragged
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.utils.formatting import count

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_POSITIONS = 3
"""Numbers of a vertex that are its position; weights and colours may follow."""


def read_obj(path: Path) -> Mesh:
    """Read vertices and faces; normals, textures, groups and materials are left out.

    Raises UserError with the line of what is damaged, and for a file without vertices.
    """
    coords: list[list[float]] = []
    faces: list[list[int]] = []
    curves = 0
    for line, keyword, cells in _lines(path):
        try:
            if keyword == "v":
                coords.append(_position(cells))
            elif keyword == "f":
                faces.append([_number(cell, len(coords)) for cell in cells])
                if len(cells) < 3:
                    raise ValueError("a face of fewer than three vertices")
            elif keyword in {"l", "p"}:
                curves += 1
        except ValueError as error:
            raise UserError(f"{path}, line {line}: {error}") from error
    if not coords:
        raise UserError(f"{path}: a mesh without vertices: the file is empty, or no .obj")
    offsets = np.concatenate([[0], np.cumsum([len(face) for face in faces])]).astype(np.int64)
    nodes = np.array([node for face in faces for node in face], np.int64)
    remarks = (f"{count(curves, 'line or point')} left out",) if curves else ()
    mesh = Mesh(np.array(coords), Cells.of_faces(Ragged(offsets, nodes)), remarks)
    if nodes.max(initial=0) >= len(coords):
        raise UserError(
            f"{path}: a face has the vertex {nodes.max() + 1}, but there are {len(coords)}: the "
            "file is truncated or damaged"
        )
    with prefix_errors(path):
        mesh.check(len(coords))
    return mesh


def _lines(path: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Yield number, keyword and cells of each line that has some; a backslash continues a line."""
    continued = ""
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, text in enumerate(lines, start=1):
            whole = continued + text.split("#")[0].strip()
            if whole.endswith("\\"):
                continued = whole[:-1] + " "
                continue
            continued = ""
            keyword, *cells = whole.split() or [""]
            if keyword:
                yield number, keyword, cells


def _position(cells: list[str]) -> list[float]:
    if len(cells) < _POSITIONS:
        raise ValueError(f"a vertex of {count(len(cells), 'number')}, not of three")
    return [float(cell) for cell in cells[:_POSITIONS]]


def _number(cell: str, vertices: int) -> int:
    """Return the number of a vertex, from 0, of ``NUMBER/TEXTURE/NORMAL``."""
    # Counted from 1, or back from the last vertex that there is.
    number = int(cell.split("/")[0])
    found = number - 1 if number > 0 else vertices + number
    if number == 0 or found < 0:
        raise ValueError(f"there is no vertex {number}")
    return found

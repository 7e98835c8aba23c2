"""Polyhedra in ``.vtu`` files, in the layout that all versions of ParaView read.

Since version 9.4 VTK writes faces of polyhedra as four arrays. ParaView 5.11 ignores these, and
5.13 ends at them; both read the earlier ``faces`` and ``faceoffsets``, as does VTK 9.7.

Tested in tests/export/test_vtk.py and test_round_trip.py.
"""

from __future__ import annotations

import base64
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyvista
    from numpy.typing import NDArray

    from simulgenvae.mesh.cells import Cells

_CELLS_END = "      </Cells>"
_BLOCK = 1 << 20
"""Bytes that are compressed together."""


def without_faces(grid: pyvista.UnstructuredGrid) -> None:
    """Take the faces of polyhedra from a grid, so that VTK does not write them."""
    grid.SetPolyhedralCells(grid.GetCellTypes(), grid.GetCells(), None, None)


def face_elements(cells: Cells) -> str:
    """Return the elements of a compressed ``.vtu`` file with the faces of polyhedra.

    The text is empty where there are none.
    """
    if not len(cells.faces.values):
        return ""
    return "".join(
        f'        <DataArray type="Int64" Name="{name}" format="binary">\n'
        f"          {_encoded(values)}\n        </DataArray>\n"
        for name, values in zip(("faces", "faceoffsets"), _streams(cells), strict=True)
    )


def with_faces(vtu: str, faces: str) -> str:
    """Return the text of a ``.vtu`` file with the elements of its faces."""
    # By the version VTK knows the layout: from 2.3 on it takes the four arrays alone.
    earlier = vtu.replace(' version="2.3"', ' version="2.2"', 1)
    return earlier.replace(_CELLS_END, f"{faces}{_CELLS_END}", 1)


def _streams(cells: Cells) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the faces of all polyhedra, one after the other, and where those of each cell end.

    Those of a polyhedron are their number and, for each face, the number of its nodes and these.
    Cells of other types have -1.
    """
    counts = np.diff(cells.polyhedra)
    is_polyhedron = counts > 0
    sizes = cells.faces.counts
    # Numbers of nodes stand before the nodes of a face, numbers of faces before the first of these.
    with_sizes = np.insert(cells.faces.values, cells.faces.offsets[:-1], sizes)
    starts = cells.faces.offsets + np.arange(len(sizes) + 1)
    first = cells.polyhedra[:-1][is_polyhedron]
    stream = np.insert(with_sizes, starts[first], counts[is_polyhedron])
    ends = np.full(len(counts), -1, np.int64)
    last = cells.polyhedra[1:][is_polyhedron]
    ends[is_polyhedron] = starts[last] + np.arange(1, len(last) + 1)
    return stream.astype(np.int64), ends


def _encoded(values: NDArray[np.int64]) -> str:
    """Return numbers as VTK's XML has them: sizes of blocks, and the compressed blocks."""
    raw = values.astype("<i8").tobytes()
    blocks = [raw[start : start + _BLOCK] for start in range(0, len(raw), _BLOCK)]
    packed = [zlib.compress(block, 1) for block in blocks]
    # The third number is the size of the last block, 0 where that is a whole one.
    sizes = (len(blocks), _BLOCK, len(raw) % _BLOCK, *map(len, packed))
    head = struct.pack(f"<{len(sizes)}I", *sizes)
    return (base64.b64encode(head) + base64.b64encode(b"".join(packed))).decode("ascii")

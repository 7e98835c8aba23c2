"""Values of cells at nodes where lines and triangles lie beside the cells of the volume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyvista

from simulgenvae.data.readers.runs.one_run import open_series

NODES = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 2.0]])


def _mesh() -> pyvista.UnstructuredGrid:
    """Return a tetrahedron, a triangle on it, and a line that leads away from it."""
    cells = {10: np.array([[0, 1, 2, 3]]), 5: np.array([[0, 1, 2]]), 3: np.array([[3, 4]])}
    made = pyvista.UnstructuredGrid(cells, NODES)
    made.cell_data["T"] = [{10: 1.0, 5: 100.0, 3: 7.0}[int(kind)] for kind in made.celltypes]
    return made


def test_the_cells_with_the_most_dimensions_count(tmp_path: Path) -> None:
    _mesh().save(tmp_path / "a.vtu")
    found = open_series(tmp_path / "a.vtu").read(0)
    np.testing.assert_array_equal(found.fields["T"], [1, 1, 1, 1, 7])

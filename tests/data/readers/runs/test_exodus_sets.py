"""Node sets and side sets of Exodus files: the mesh written by VTK, the sets by SciPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvista
from scipy.io import netcdf_file
from vtkmodules.vtkIOExodus import vtkExodusIIWriter

from simulgenvae.data.readers.runs.folder import open_runs


def _write(path: Path) -> None:
    """Write a box of 2 × 2 × 2 hexahedra with a temperature."""
    grid = pyvista.ImageData(dimensions=(3, 3, 3)).cast_to_unstructured_grid()
    cells = np.asarray(grid.cell_connectivity).reshape(-1, 8)[:, [0, 1, 3, 2, 4, 5, 7, 6]]
    made = pyvista.UnstructuredGrid({12: cells}, np.array(grid.points, dtype=np.float64))
    made.point_data["T"] = made.points[:, 0].copy()
    writer = vtkExodusIIWriter()
    writer.SetInputData(made)
    writer.SetFileName(str(path))
    writer.Write()


def _add_sets(path: Path, *, named: bool) -> None:
    """Add two node sets, at x = 0 and x = 2, and a side set, the bottom of the first element."""
    with netcdf_file(path, "a", mmap=False) as file:
        places = [file.variables["coordx"][:].copy()]
        file.createDimension("num_node_sets", 2)
        file.createVariable("ns_prop1", "i4", ("num_node_sets",))[:] = [10, 20]
        file.variables["ns_prop1"].name = "ID"
        file.createVariable("ns_status", "i4", ("num_node_sets",))[:] = 1
        for number, x in enumerate((0, 2), 1):
            nodes = 1 + np.flatnonzero(places[0] == x)
            file.createDimension(f"num_nod_ns{number}", len(nodes))
            file.createVariable(f"node_ns{number}", "i4", (f"num_nod_ns{number}",))[:] = nodes
        file.createDimension("num_side_sets", 1)
        file.createVariable("ss_prop1", "i4", ("num_side_sets",))[:] = [30]
        file.variables["ss_prop1"].name = "ID"
        file.createVariable("ss_status", "i4", ("num_side_sets",))[:] = 1
        file.createDimension("num_side_ss1", 1)
        file.createVariable("elem_ss1", "i4", ("num_side_ss1",))[:] = 1
        file.createVariable("side_ss1", "i4", ("num_side_ss1",))[:] = 5
        if named:
            names = np.zeros((2, file.dimensions["len_name"]), "S1")
            for row, text in zip(names, (b"inlet", b"outlet"), strict=True):
                row[: len(text)] = np.frombuffer(text, "S1")
            file.createVariable("ns_names", "c", ("num_node_sets", "len_name"))[:] = names


@pytest.mark.parametrize("named", [True, False])
def test_node_sets_and_side_sets_are_read(tmp_path: Path, named: bool) -> None:
    for run in range(2):
        _write(tmp_path / f"run_{run}.exo")
        _add_sets(tmp_path / f"run_{run}.exo", named=named)
    source = open_runs(tmp_path)
    assert source.shape[:3] == (2, 1, 27)
    mesh = source.mesh
    assert mesh is not None
    assert mesh.coords is not None
    first, last = ("inlet", "outlet") if named else ("node_set_10", "node_set_20")
    assert mesh.sets.sizes() == {first: 9, last: 9, "side_set_30": 4}
    np.testing.assert_array_equal(mesh.sets[last], np.flatnonzero(mesh.coords[:, 0] == 2))
    assert mesh.coords[mesh.sets["side_set_30"]].max(axis=0).tolist() == [1, 1, 0]


def test_a_file_without_sets_has_none(tmp_path: Path) -> None:
    _write(tmp_path / "run.exo")
    mesh = open_runs(tmp_path).mesh
    assert mesh is not None
    assert not mesh.sets

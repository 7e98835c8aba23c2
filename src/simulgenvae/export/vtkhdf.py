"""Writer of ``.vtkhdf``: one design as a transient unstructured grid, with its mesh once.

The layout is that of "VTKHDF File Format", version 2.2, sections "Unstructured grid" and "Temporal
data" (https://docs.vtk.org/en/latest/vtk_file_formats/vtkhdf_file_format/index.html).

Tested in tests/export/test_one_by_one.py and test_round_trip.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np

from simulgenvae.export.export_format import ExportFormat
from simulgenvae.export.hdf5_file import CrashSafeFile
from simulgenvae.export.point_data import PointField, point_fields
from simulgenvae.mesh.vtk import mesh_grid

if TYPE_CHECKING:
    from pathlib import Path

    from simulgenvae.export.batches import Batch
    from simulgenvae.mesh.mesh import Mesh


def write_vtkhdf(batch: Batch, index: int, mesh: Mesh, path: Path) -> None:
    """Write the design ``index`` of a batch.

    Units are attributes of the fields; novelty and expected error are field data.
    """
    grid = mesh_grid(mesh, f"{path.name}, as every .vtkhdf,")
    steps = len(batch.times)
    with CrashSafeFile(path) as target, h5py.File(target, "w") as file:
        root = file.create_group("VTKHDF")
        root.attrs["Version"] = np.array([2, 2], dtype=np.int64)
        # VTK compares fixed-length ASCII; h5py would write a text of variable length.
        root.attrs.create("Type", np.bytes_("UnstructuredGrid"))
        mesh_arrays = {
            "NumberOfPoints": np.array([grid.n_points]),
            "NumberOfCells": np.array([grid.n_cells]),
            "NumberOfConnectivityIds": np.array([len(grid.cell_connectivity)]),
            "Points": np.asarray(grid.points),
            "Connectivity": np.asarray(grid.cell_connectivity, dtype=np.int64),
            "Offsets": np.asarray(grid.cell_offsets, dtype=np.int64),
            "Types": np.asarray(grid.celltypes, dtype=np.uint8),
        }
        for name, array in mesh_arrays.items():
            root.create_dataset(name, data=array)
        time = root.create_group("Steps")
        time.attrs["NSteps"] = np.int64(steps)
        time.create_dataset("Values", data=batch.times)
        time.create_dataset("NumberOfParts", data=np.ones(steps, dtype=np.int64))
        # Offsets of 0: all timesteps use the one mesh.
        for name in ("PartOffsets", "PointOffsets"):
            time.create_dataset(name, data=np.zeros(steps, dtype=np.int64))
        for name in ("CellOffsets", "ConnectivityIdOffsets"):
            time.create_dataset(name, data=np.zeros((steps, 1), dtype=np.int64))
        for field in point_fields(batch, index):
            _write_field(root, field)
        # Field data of one value that all timesteps share: offset 0, size 1.
        for name, scores in batch.scores.items():
            root.create_dataset(f"FieldData/{name}", data=scores[[index]])
            time.create_dataset(f"FieldDataOffsets/{name}", data=np.zeros(steps, dtype=np.int64))
            time.create_dataset(f"FieldDataSizes/{name}", data=np.ones((steps, 2), dtype=np.int64))


VTKHDF = ExportFormat(name="VTKHDF", suffix=".vtkhdf", write_one=write_vtkhdf)


def _write_field(root: h5py.Group, field: PointField) -> None:
    """Write the timesteps of a field one after the other, and the place of each."""
    # One chunk per timestep, as ParaView reads one timestep at a time.
    steps, nodes, count = field.values.shape
    shape = (steps * nodes,) if count == 1 else (steps * nodes, count)
    data = root.create_dataset(
        f"PointData/{field.name}",
        data=field.values.reshape(shape),
        chunks=(nodes, *shape[1:]),
        compression="gzip",
        shuffle=True,
    )
    data.attrs["units"] = field.unit
    root.create_dataset(f"Steps/PointDataOffsets/{field.name}", data=nodes * np.arange(steps))

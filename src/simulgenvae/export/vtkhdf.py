"""Writer of ``.vtkhdf``: one design as a transient unstructured grid, with its mesh once.

The layout is that of "VTKHDF File Format", version 2.2, or 2.6 for polyhedra and orders of cells,
sections "Unstructured grid" and "Temporal data"
(https://docs.vtk.org/en/latest/vtk_file_formats/vtkhdf_file_format/index.html).

Tested in tests/export/test_one_by_one.py and test_round_trip.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.data.prediction_labels import SLASH
from simulgenvae.export.export_format import ExportFormat
from simulgenvae.export.field_data import field_data
from simulgenvae.export.hdf5_file import CrashSafeFile
from simulgenvae.export.point_data import PointField, point_fields
from simulgenvae.export.positions import Positions
from simulgenvae.mesh.cells import Cells
from simulgenvae.mesh.vtk import mesh_grid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import h5py
    from numpy.typing import NDArray

    from simulgenvae.export.batches import Batch
    from simulgenvae.mesh.mesh import Mesh


def write_vtkhdf(batch: Batch, index: int, mesh: Mesh, path: Path) -> None:
    """Write the design ``index`` of a batch.

    Units are attributes of the fields; what belongs to the design as a whole is field data, see
    :func:`~simulgenvae.export.field_data.field_data`.
    """
    grid = mesh_grid(mesh, f"{path.name}, as every .vtkhdf,")
    cells = mesh.cells or Cells.vertices(grid.n_points)
    faces = bool(len(cells.faces.values))
    is_general = faces or cells.degrees is not None or cells.rational_weights is not None
    steps = len(batch.times)
    # Imported here: each format's library is loaded when it is written.
    import h5py

    with CrashSafeFile(path) as target, h5py.File(target, "w") as file:
        root = file.create_group("VTKHDF")
        root.attrs["Version"] = np.array([2, 6] if is_general else [2, 2], dtype=np.int64)
        # VTK compares fixed-length ASCII; h5py would write a text of variable length.
        root.attrs.create("Type", np.bytes_("UnstructuredGrid"))
        mesh_arrays = _mesh_arrays(np.asarray(grid.points), cells)
        positions = Positions(batch, index, mesh_arrays["Points"])
        if positions.move:
            _write_points(root, mesh_arrays.pop("Points"), positions, steps)
        for name, array in mesh_arrays.items():
            root.create_dataset(name, data=array)
        time = root.create_group("Steps")
        time.attrs["NSteps"] = np.int64(steps)
        time.create_dataset("Values", data=batch.times)
        time.create_dataset("NumberOfParts", data=np.ones(steps, dtype=np.int64))
        # Offsets of 0: all timesteps use the one mesh.
        time.create_dataset("PartOffsets", data=np.zeros(steps, dtype=np.int64))
        points = grid.n_points * positions.move * np.arange(steps, dtype=np.int64)
        time.create_dataset("PointOffsets", data=points)
        for name in ("CellOffsets", "ConnectivityIdOffsets", *(_FACE_OFFSETS if faces else ())):
            time.create_dataset(name, data=np.zeros((steps, 1), dtype=np.int64))
        _write_shapes(root, cells, steps)
        for field in point_fields(batch, index):
            _write_field(root, field)
        for name, values in field_data(batch, index, mesh).items():
            _write_field_data(root, name, values, steps)


_FACE_OFFSETS = ("FaceOffsetsOffsets", "FaceConnectivityOffsets", "PolyhedronToFaceIdOffsets")
"""Places of the polyhedra of each timestep, as :func:`write_vtkhdf` writes it."""


def _mesh_arrays(points: NDArray[Any], cells: Cells) -> dict[str, NDArray[Any]]:
    """Return the arrays of the mesh by their names in the file."""
    found = {
        "NumberOfPoints": np.array([len(points)]),
        "NumberOfCells": np.array([cells.count]),
        "NumberOfConnectivityIds": np.array([len(cells.nodes.values)]),
        "Points": points,
        "Connectivity": cells.nodes.values,
        "Offsets": cells.nodes.offsets,
        "Types": cells.types,
    }
    faces = len(cells.faces.counts)
    if faces:
        found |= {
            "NumberOfFaces": np.array([faces]),
            "NumberOfFaceConnectivityIds": np.array([len(cells.faces.values)]),
            "NumberOfPolyhedronToFaceIds": np.array([faces]),
            "FaceConnectivity": cells.faces.values,
            "FaceOffsets": cells.faces.offsets,
            # Faces are in the order of the polyhedra, and none is shared.
            "PolyhedronToFaces": np.arange(faces),
            "PolyhedronOffsets": cells.polyhedra,
        }
    return found


def _write_points(root: h5py.Group, rest: NDArray[Any], positions: Positions, steps: int) -> None:
    """Write the positions of all timesteps, one after the other."""
    nodes = len(rest)
    data = root.create_dataset(
        "Points",
        shape=(steps * nodes, 3),
        dtype=np.float64,
        chunks=(nodes, 3),
        compression="gzip",
        shuffle=True,
    )
    for step in range(steps):
        data[step * nodes : (step + 1) * nodes] = positions(step)


def _write_shapes(root: h5py.Group, cells: Cells, steps: int) -> None:
    """Write orders and weights of Lagrange and Bézier cells, where they have some."""
    for place, name, values in (
        ("Cell", "HigherOrderDegrees", cells.degrees),
        ("Point", "RationalWeights", cells.rational_weights),
    ):
        if values is not None:
            data = root.create_dataset(f"{place}Data/{name}", data=values.astype(np.float64))
            data.attrs.create("Attribute", np.bytes_(name))
            offsets = np.zeros(steps, dtype=np.int64)
            root.create_dataset(f"Steps/{place}DataOffsets/{name}", data=offsets)


VTKHDF = ExportFormat(name="VTKHDF", suffix=".vtkhdf", write_one=write_vtkhdf)


def _write_field_data(
    root: h5py.Group, name: str, values: Sequence[float | str], steps: int
) -> None:
    """Write numbers or texts that all timesteps share: offset 0, all of them at each."""
    import h5py

    if any(isinstance(value, str) for value in values):
        # VTK asks for this type of text, and crashes at that of UTF-8; it takes the bytes as UTF-8.
        encoded = np.array([str(value).encode() for value in values], dtype=object)
        root.create_dataset(f"FieldData/{name}", data=encoded, dtype=h5py.string_dtype("ascii"))
    else:
        root.create_dataset(f"FieldData/{name}", data=np.array(values, dtype=np.float64))
    size = np.tile(np.array([1, len(values)], dtype=np.int64), (steps, 1))
    root.create_dataset(f"Steps/FieldDataOffsets/{name}", data=np.zeros(steps, dtype=np.int64))
    root.create_dataset(f"Steps/FieldDataSizes/{name}", data=size)


def _write_field(root: h5py.Group, field: PointField) -> None:
    """Write the timesteps of a field one after the other, and the place of each."""
    # One chunk per timestep, as ParaView reads one timestep at a time.
    steps, nodes, count = field.values.shape
    name = field.name.replace("/", SLASH)
    shape = (steps * nodes,) if count == 1 else (steps * nodes, count)
    data = root.create_dataset(
        f"PointData/{name}",
        data=field.values.reshape(shape),
        chunks=(nodes, *shape[1:]),
        compression="gzip",
        shuffle=True,
    )
    data.attrs["units"] = field.unit
    root.create_dataset(f"Steps/PointDataOffsets/{name}", data=nodes * np.arange(steps))

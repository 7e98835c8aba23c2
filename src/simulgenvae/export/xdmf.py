"""Writer of XDMF: one design as ``NAME.xdmf`` (XML) and ``NAME.xdmf.h5`` (the numbers).

Tested in tests/export/test_one_by_one.py and test_round_trip.py.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.prediction_labels import LABELS
from simulgenvae.errors import UserError
from simulgenvae.export.export_format import ExportFormat
from simulgenvae.export.field_data import field_data
from simulgenvae.export.hdf5_file import CrashSafeFile
from simulgenvae.export.point_data import PointField, point_fields
from simulgenvae.export.positions import Positions
from simulgenvae.mesh.cells import Cells
from simulgenvae.mesh.components import endings
from simulgenvae.mesh.vtk import mesh_grid

if TYPE_CHECKING:
    from pathlib import Path

    import h5py
    from numpy.typing import NDArray

    from simulgenvae.export.batches import Batch
    from simulgenvae.mesh.mesh import Mesh

_TOPOLOGY = {
    "vertex": 1,
    "poly_vertex": 1,
    "line": 2,
    "poly_line": 2,
    "polygon": 3,
    "triangle": 4,
    "quad": 5,
    "tetra": 6,
    "pyramid": 7,
    "wedge": 8,
    "hexahedron": 9,
    "line3": 34,
    "quad9": 35,
    "triangle6": 36,
    "quad8": 37,
    "tetra10": 38,
    "pyramid13": 39,
    "wedge15": 40,
    "wedge18": 41,
    "hexahedron20": 48,
    "hexahedron24": 49,
    "hexahedron27": 50,
}
"""XDMF's number of each kind of cells in a mixed topology (XDMF model and format, "Topology")."""
_COUNTED = {1, 2, 3}
"""Topologies whose number of nodes follows their number."""
_ATTRIBUTE = {1: "Scalar", 3: "Vector", 9: "Tensor"}


def heavy_file(path: Path) -> Path:
    """Return the file with the numbers of ``NAME.xdmf``: ``NAME.xdmf.h5``."""
    return path.with_name(f"{path.name}.h5")


def write_xdmf(batch: Batch, index: int, mesh: Mesh, path: Path) -> None:
    """Write the design ``index`` of a batch.

    Mesh and fields go to the :func:`heavy_file`, everything else to ``path``. Numbers of the design
    as a whole are field data; all labels of :func:`~simulgenvae.export.field_data.field_data` are
    in one ``Information`` as JSON, as XDMF has no arrays of texts.

    Raises UserError when node positions are unknown, and for cells that XDMF does not have.
    """
    grid = mesh_grid(mesh, f"{path.name}, as every .xdmf,")
    topology = _mixed(mesh.cells or Cells.vertices(grid.n_points), path)
    heavy = heavy_file(path)
    root = ET.Element("Xdmf", Version="3.0")
    series = ET.SubElement(
        ET.SubElement(root, "Domain"),
        "Grid",
        Name=batch.ids[index],
        GridType="Collection",
        CollectionType="Temporal",
    )
    whole = field_data(batch, index, mesh)
    labels = json.dumps(whole, ensure_ascii=False)
    ET.SubElement(series, "Information", Name=LABELS, Value=labels)
    fields: list[PointField] = []
    for field in point_fields(batch, index):
        fields += _parts(field)
    positions = Positions(batch, index, grid.points)
    # Imported here: each format's library is loaded when it is written.
    import h5py

    with CrashSafeFile(heavy) as target, h5py.File(target, "w") as file:
        numbers = _Numbers(file, heavy.name)
        # The XML has one grid per timestep; only their fields differ, and the points that move.
        for step, time in enumerate(batch.times.tolist()):
            one = ET.SubElement(series, "Grid", Name=f"step {step}", GridType="Uniform")
            ET.SubElement(one, "Time", Value=repr(time))
            cells = ET.SubElement(
                one, "Topology", TopologyType="Mixed", NumberOfElements=str(grid.n_cells)
            )
            numbers.add("topology", topology, cells)
            geometry = ET.SubElement(one, "Geometry", GeometryType="XYZ")
            if positions.move:
                numbers.add(f"points/{step:04d}", positions(step), geometry)
            else:
                numbers.add("points", np.asarray(grid.points), geometry)
            for number, field in enumerate(fields):
                _add_field(numbers, one, f"field{number}/{step:04d}", field, step)
            for number, (name, values) in enumerate(whole.items()):
                if not isinstance(values[0], str):
                    score = ET.SubElement(one, "Attribute", Name=name, Center="Grid")
                    numbers.add(f"number{number}", np.array(values, dtype=np.float64), score)
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


class _Numbers:
    """Arrays in the heavy file, to which elements of the XML refer."""

    def __init__(self, file: h5py.File, name: str) -> None:
        self._file = file
        self._name = name

    def add(self, name: str, values: NDArray[np.generic], parent: ET.Element) -> None:
        """Store an array, and add an element to ``parent`` that refers to it."""
        # Points and cells are the same at all timesteps: stored once, named at each.
        if name not in self._file:
            self._file.create_dataset(name, data=values, compression="gzip", shuffle=True)
        found = ET.SubElement(
            parent,
            "DataItem",
            Dimensions=" ".join(map(str, values.shape)),
            NumberType="Float" if values.dtype.kind == "f" else "Int",
            Precision=str(values.dtype.itemsize),
            Format="HDF",
        )
        found.text = f"{self._name}:/{name}"


def _add_field(
    numbers: _Numbers, grid: ET.Element, name: str, field: PointField, step: int
) -> None:
    """Store one timestep of a field as the array ``name``, and add it to the element of a grid."""
    values = field.values[step]
    kind = _ATTRIBUTE[values.shape[1]]
    found = ET.SubElement(grid, "Attribute", Name=field.name, AttributeType=kind, Center="Node")
    if field.unit:
        ET.SubElement(found, "Information", Name="unit", Value=field.unit)
    # XDMF's scalars are arrays of one dimension.
    numbers.add(name, values[:, 0] if values.shape[1] == 1 else values, found)


def _files(path: Path) -> tuple[Path, ...]:
    return (path, heavy_file(path))


XDMF = ExportFormat(
    name="XDMF", suffix=".xdmf", write_one=write_xdmf, paths=_files, files=lambda _: 2
)


def _parts(field: PointField) -> list[PointField]:
    """Return the field, or the six components of a symmetric tensor as fields.

    Readers turn an XDMF ``Tensor6`` into a full tensor, so that components would change.
    """
    if field.values.shape[2] != 6:
        return [field]
    return [
        field._replace(name=field.name + ending, values=field.values[..., [component]])
        for component, ending in enumerate(endings(6))
    ]


def _mixed(cells: Cells, path: Path) -> NDArray[np.int64]:
    """Return the cells one after the other: the type of each, and its nodes.

    For points, lines and polygons, whose number of nodes the type does not say, that number comes
    second.

    Raises UserError for kinds that XDMF does not have.
    """
    unknown = sorted({group.kind.name for group in cells.groups} - _TOPOLOGY.keys())
    if unknown:
        raise UserError(
            f"{path.name}: XDMF, as VTK reads it, has no cells of the kind {', '.join(unknown)}: "
            "write .pvd or .vtkhdf, which hold all cells of VTK"
        )
    rows = []
    for group in cells.groups:
        number = _TOPOLOGY[group.kind.name]
        head = [number, group.nodes.shape[1]] if number in _COUNTED else [number]
        rows.append(np.hstack([np.tile(head, (len(group.rows), 1)), group.nodes]))
    # A mixed topology is one list of numbers without offsets: each type says how many follow.
    lengths = np.zeros(cells.count, np.int64)
    for group, table in zip(cells.groups, rows, strict=True):
        lengths[group.rows] = table.shape[1]
    starts = np.cumsum(lengths) - lengths
    topology = np.empty(lengths.sum(), np.int64)
    for group, table in zip(cells.groups, rows, strict=True):
        topology[starts[group.rows][:, None] + np.arange(table.shape[1])] = table
    return topology

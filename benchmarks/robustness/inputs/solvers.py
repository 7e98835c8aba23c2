"""Result files of solvers: CalculiX, EnSight, XDMF, CGNS, Exodus and LS-DYNA.

All have a box of one hexahedron with a temperature at two times.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io

from benchmarks.robustness.inputs.base import FIELDS, Input, source, text

POINTS = np.array(
    [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], float
)
CORNERS = np.arange(8)[None]
VALUES = FIELDS[0, :, :, 0]
"""Values `[T, M]`."""
TIMES = (0.0, 0.5)
_FRD = """\
    1C
    2C                             4                                     1
 -1         1 0.00000E+00 0.00000E+00 0.00000E+00
 -1         2 1.00000E+00 0.00000E+00 0.00000E+00
 -1         3 0.00000E+00 1.00000E+00 0.00000E+00
 -1         4 0.00000E+00 0.00000E+00 1.00000E+00
 -3
    3C                             1                                     1
 -1         1    3    0    1
 -2         1         2         3         4
 -3
    1PSTEP                         1           1           1
  100CL  101 1.000000000           4                     0    1           1
 -4  NDTEMP      1    1
 -5  T           1    1    0    0
 -1         1 1.00000E+00
 -1         2 2.00000E+00
 -1         3 3.00000E+00
 -1         4 4.00000E+00
 -3
 9999
"""
_CASE = """\
FORMAT
type: ensight gold
GEOMETRY
model: run.geo
VARIABLE
scalar per node: 1 p run.p**
vector per element: 1 U run.U**
TIME
time set: 1
number of steps: 2
filename start number: 0
filename increment: 1
time values: 0.0
0.5
"""


def _ensight_text(name: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        def column(values: Any) -> str:
            return "".join(f"{value:12.5e}\n" for value in np.ravel(values))

        text(_CASE, name)(folder)
        head = "a box\nof a test\nnode id off\nelement id off\npart\n         1\nbox\n"
        corners = "".join(f"{node + 1:10d}" for node in CORNERS[0])
        (folder / "run.geo").write_text(
            f"{head}coordinates\n         8\n{column(POINTS.T)}hexa8\n         1\n{corners}\n"
        )
        for step, values in enumerate(VALUES):
            part = "part\n         1\n"
            (folder / f"run.p0{step}").write_text(f"p\n{part}coordinates\n{column(values)}")
            (folder / f"run.U0{step}").write_text(f"U\n{part}hexa8\n{column([1, 2, 3])}")

    return write


def _ensight_binary(folder: Path) -> None:
    def words(*parts: Any) -> bytes:
        found = b""
        for part in parts:
            if isinstance(part, str):
                found += part.encode().ljust(80)
            else:
                values = np.asarray(part)
                found += values.astype("<i4" if values.dtype.kind == "i" else "<f4").tobytes()
        return found

    text(_CASE, "run.case")(folder)
    head = ("C Binary", "a box", "of a test", "node id off", "element id off", "part", 1, "box")
    (folder / "run.geo").write_bytes(
        words(*head, "coordinates", 8, POINTS.T, "hexa8", 1, CORNERS + 1)
    )
    for step, values in enumerate(VALUES):
        (folder / f"run.p0{step}").write_bytes(words("p", "part", 1, "coordinates", values))
        (folder / f"run.U0{step}").write_bytes(words("U", "part", 1, "hexa8", [1.0, 2.0, 3.0]))


_GRID = """<Grid Name="box" GridType="Uniform"><Time Value="{time}"/>
<Topology TopologyType="Hexahedron" NumberOfElements="1"><DataItem Dimensions="1 8" NumberType="Int"
 Precision="8" Format="{format}">{cells}</DataItem></Topology>
<Geometry GeometryType="XYZ"><DataItem Dimensions="8 3" Precision="8" Format="{format}">{nodes}
</DataItem></Geometry>
<Attribute Name="T" AttributeType="Scalar" Center="Node">
<DataItem Dimensions="8" Precision="8" Format="{format}">{values}</DataItem></Attribute></Grid>
"""


def _xdmf(folder: Path) -> None:
    with h5py.File(folder / "run.h5", "w") as file:
        file["nodes"], file["cells"] = POINTS, CORNERS
        for step, values in enumerate(VALUES):
            file[f"{step}/T"] = values
    _write_xdmf(folder, "HDF", lambda step: ("run.h5:/cells", "run.h5:/nodes", f"run.h5:/{step}/T"))


def _xdmf_text(folder: Path) -> None:
    def numbers(array: Any) -> str:
        return " ".join(map(str, np.ravel(array).tolist()))

    _write_xdmf(
        folder, "XML", lambda step: (numbers(CORNERS), numbers(POINTS), numbers(VALUES[step]))
    )


def _write_xdmf(folder: Path, kind: str, content: Callable[[int], tuple[str, str, str]]) -> None:
    grids = ""
    for step, time in enumerate(TIMES):
        cells, nodes, values = content(step)
        grids += _GRID.format(time=time, format=kind, cells=cells, nodes=nodes, values=values)
    (folder / "run.xdmf").write_text(
        '<?xml version="1.0"?><Xdmf Version="3.0"><Domain><Grid GridType="Collection" '
        f'CollectionType="Temporal">{grids}</Grid></Domain></Xdmf>'
    )


CGNS_TYPES = {"int32": "I4", "float32": "R4", "float64": "R8", "int8": "C1"}


def cgns_node(parent: Any, name: str, label: str, data: Any = None) -> Any:
    """Return one node of the CGNS tree: a group with name, label, type and values."""
    group = parent.create_group(name, track_order=True)
    kind = "MT" if data is None else CGNS_TYPES[str(np.asarray(data).dtype)]
    for key, value, length in (("name", name, 33), ("label", label, 33), ("type", kind, 3)):
        group.attrs.create(key, np.bytes_(value), dtype=f"S{length}")
    group.attrs["flags"] = np.array([1], np.int32)
    if data is not None:
        group[" data"] = data
    return group


def cgns_text(content: str) -> Any:
    """Return the characters of a text as CGNS stores them."""
    return np.frombuffer(content.encode(), np.int8)


def _cgns(folder: Path) -> None:
    with h5py.File(folder / "run.cgns", "w", track_order=True) as file:
        file.attrs.create("name", np.bytes_("HDF5 MotherNode"), dtype="S33")
        file.attrs.create("label", np.bytes_("Root Node of HDF5 File"), dtype="S33")
        file.attrs.create("type", np.bytes_("MT"), dtype="S3")
        file[" format"] = cgns_text("IEEE_LITTLE_32\0")
        file[" hdf5version"] = cgns_text("HDF5 Version 1.10.0".ljust(33, "\0"))
        cgns_node(file, "CGNSLibraryVersion", "CGNSLibraryVersion_t", np.array([3.4], np.float32))
        base = cgns_node(file, "Base", "CGNSBase_t", np.array([3, 3], np.int32))
        zone = cgns_node(base, "Zone", "Zone_t", np.array([[8], [1], [0]], np.int32))
        cgns_node(zone, "ZoneType", "ZoneType_t", cgns_text("Unstructured"))
        nodes = cgns_node(zone, "GridCoordinates", "GridCoordinates_t")
        for axis, name in enumerate("XYZ"):
            cgns_node(nodes, f"Coordinate{name}", "DataArray_t", POINTS[:, axis])
        elements = cgns_node(zone, "Hexahedra", "Elements_t", np.array([17, 0], np.int32))
        cgns_node(elements, "ElementRange", "IndexRange_t", np.array([1, 1], np.int32))
        corners = (CORNERS + 1).astype(np.int32).ravel()
        cgns_node(elements, "ElementConnectivity", "DataArray_t", corners)
        for step, values in enumerate(VALUES):
            solution = cgns_node(zone, f"Solution{step}", "FlowSolution_t")
            cgns_node(solution, "GridLocation", "GridLocation_t", cgns_text("Vertex"))
            cgns_node(solution, "T", "DataArray_t", values)
        steps = cgns_node(base, "BaseIterativeData", "BaseIterativeData_t", np.array([2], np.int32))
        cgns_node(steps, "TimeValues", "DataArray_t", np.array(TIMES))
        names = np.stack([cgns_text(f"Solution{step}".ljust(32)) for step in range(2)])
        pointers = cgns_node(zone, "ZoneData", "ZoneIterativeData_t")
        cgns_node(pointers, "FlowSolutionPointers", "DataArray_t", names)


def _exodus(folder: Path) -> None:
    with scipy.io.netcdf_file(folder / "run.e", "w", version=2) as file:
        file.api_version = file.version = np.float32(5.14)
        file.floating_point_word_size = np.int32(8)
        file.file_size = np.int32(1)
        file.title = "a box"
        file.createDimension("time_step", None)
        sizes = {"len_string": 33, "len_name": 33, "num_dim": 3, "num_nodes": 8, "num_elem": 1}
        sizes |= {"num_el_blk": 1, "num_el_in_blk1": 1, "num_nod_per_el1": 8, "num_nod_var": 1}
        for name, size in sizes.items():
            file.createDimension(name, size)
        file.createVariable("time_whole", "d", ("time_step",))
        file.createVariable("eb_status", "i", ("num_el_blk",))[:] = 1
        blocks = file.createVariable("eb_prop1", "i", ("num_el_blk",))
        blocks[:] = 1
        blocks.name = "ID"
        for axis, name in enumerate("xyz"):
            file.createVariable(f"coord{name}", "d", ("num_nodes",))[:] = POINTS[:, axis]
        cells = file.createVariable("connect1", "i", ("num_el_in_blk1", "num_nod_per_el1"))
        cells[:] = CORNERS + 1
        cells.elem_type = "HEX8"
        names = file.createVariable("name_nod_var", "c", ("num_nod_var", "len_name"))
        names[:] = np.frombuffer(b"T".ljust(33, b"\0"), "S1")
        results = file.createVariable("vals_nod_var1", "d", ("time_step", "num_nodes"))
        for step, values in enumerate(VALUES):
            file.variables["time_whole"][step] = TIMES[step]
            results[step] = values


def _d3plot(folder: Path) -> None:
    control = np.zeros(64, "<i4")
    # NDIM, NUMNP, ICODE, NGLBV, IT, IU, IV, NEL8, NUMMAT8, NV3D by the LS-DYNA Database Manual.
    words = {15: 4, 16: 8, 17: 6, 18: 6, 19: 1, 20: 1, 21: 1, 23: 1, 24: 1, 27: 7}
    control[list(words)] = list(words.values())
    control.view("<f4")[14] = 960.0
    end = np.array(-999999.0, "<f4").tobytes()
    solids = np.append(CORNERS + 1, 1).astype("<i4")
    mesh = control.tobytes() + POINTS.astype("<f4").tobytes() + solids.tobytes()
    (folder / "d3plot").write_bytes(mesh + end)
    states = b""
    for time, values in zip(TIMES, VALUES, strict=True):
        parts = [[time], np.zeros(6), POINTS + time, values, POINTS, np.arange(7.0)]
        states += np.concatenate([np.ravel(part) for part in parts]).astype("<f4").tobytes()
    (folder / "d3plot01").write_bytes(states + end)


SOLVERS: dict[str, Input] = {
    "frd": Input(text(_FRD, "run.frd"), source("run.frd")),
    "ensight text": Input(_ensight_text("run.case"), source("run.case")),
    "ensight binary": Input(_ensight_binary, source("run.case")),
    "encas": Input(_ensight_text("run.encas"), source("run.encas")),
    "xdmf": Input(_xdmf, source("run.xdmf")),
    "xdmf text": Input(_xdmf_text, source("run.xdmf")),
    "cgns": Input(_cgns, source("run.cgns")),
    "exodus": Input(_exodus, source("run.e")),
    "d3plot": Input(_d3plot, source("d3plot")),
}

"""CGNS files that h5py puts together by the rules of SIDS-to-HDF5.

Neither a solver nor the CGNS library has written them.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from benchmarks.robustness.inputs.solvers import cgns_node, cgns_text
from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.errors import UserError


def _write(path: Path, box: SimpleNamespace) -> None:
    block = box.block(2.0, 0.0)
    with h5py.File(path, "w", track_order=True) as file:
        for key, text, length in (
            ("name", "HDF5 MotherNode", 33),
            ("label", "Root Node of HDF5 File", 33),
        ):
            file.attrs.create(key, np.bytes_(text), dtype=f"S{length}")
        file.attrs.create("type", np.bytes_("MT"), dtype="S3")
        file[" format"], file[" hdf5version"] = (
            cgns_text("IEEE_LITTLE_32\0"),
            cgns_text("HDF5 Version 1.10.0".ljust(33, "\0")),
        )
        cgns_node(file, "CGNSLibraryVersion", "CGNSLibraryVersion_t", np.array([3.4], np.float32))
        base = cgns_node(file, "Base", "CGNSBase_t", np.array([3, 3], np.int32))
        zone = cgns_node(base, "Zone", "Zone_t", np.array([[24], [6], [0]], np.int32))
        cgns_node(zone, "ZoneType", "ZoneType_t", cgns_text("Unstructured"))
        nodes = cgns_node(zone, "GridCoordinates", "GridCoordinates_t")
        for axis, name in enumerate("XYZ"):
            cgns_node(nodes, f"Coordinate{name}", "DataArray_t", np.array(block.points[:, axis]))
        elements = cgns_node(zone, "Hexahedra", "Elements_t", np.array([17, 0], np.int32))
        cgns_node(elements, "ElementRange", "IndexRange_t", np.array([1, 6], np.int32))
        corners = (block.cells_dict[12] + 1).astype(np.int32).ravel()
        cgns_node(elements, "ElementConnectivity", "DataArray_t", corners)
        for step, time in enumerate(box.times):
            block = box.block(2.0, time)
            solution = cgns_node(zone, f"Solution{step}", "FlowSolution_t")
            cgns_node(solution, "GridLocation", "GridLocation_t", cgns_text("Vertex"))
            cgns_node(solution, "T", "DataArray_t", np.array(block["T"]))
            for axis, name in enumerate("XYZ"):
                cgns_node(solution, f"Velocity{name}", "DataArray_t", np.array(block["U"][:, axis]))
        times = cgns_node(
            base, "BaseIterativeData", "BaseIterativeData_t", np.array([len(box.times)], np.int32)
        )
        cgns_node(times, "TimeValues", "DataArray_t", np.array(box.times))
        names = np.stack([cgns_text(f"Solution{step}".ljust(32)) for step in range(len(box.times))])
        cgns_node(
            cgns_node(zone, "ZoneData", "ZoneIterativeData_t"),
            "FlowSolutionPointers",
            "DataArray_t",
            names,
        )


def test_all_times_of_an_unstructured_zone(tmp_path: Path, box: SimpleNamespace) -> None:
    _write(tmp_path / "run.cgns", box)
    source = open_runs(tmp_path)
    assert source.companions["variables"].tolist() == [
        "T",
        "Velocity_x",
        "Velocity_y",
        "Velocity_z",
    ]
    np.testing.assert_array_equal(source.companions["times"], box.times)
    for step, time in enumerate(box.times):
        np.testing.assert_allclose(
            source.run(0)[step], box.expected(2.0, time)[:, :4], rtol=1e-6, atol=1e-7
        )
    box.assert_mesh(source)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_truncated_file_is_named(tmp_path: Path, box: SimpleNamespace, kept: float) -> None:
    file = tmp_path / "run.cgns"
    _write(file, box)
    file.write_bytes(file.read_bytes()[: int(kept * file.stat().st_size)])
    with pytest.raises(UserError, match=r"run\.cgns"):
        open_runs(file)


def test_links_to_other_files_are_not_followed(tmp_path: Path, box: SimpleNamespace) -> None:
    file = tmp_path / "run.cgns"
    _write(file, box)
    with h5py.File(file, "r+") as content:
        content["Base/Zone/Solution1/T"].create_group("more")[" link"] = h5py.ExternalLink(
            "secret.cgns", "/Base"
        )
    with pytest.raises(UserError, match="a link to another file"):
        open_runs(file)


def test_values_in_cells_of_a_steady_file(tmp_path: Path, box: SimpleNamespace) -> None:
    _write(tmp_path / "run.cgns", box)
    with h5py.File(tmp_path / "run.cgns", "r+") as file:
        del file["Base/BaseIterativeData"], file["Base/Zone/ZoneData"]
        del file["Base/Zone/Solution1"], file["Base/Zone/Solution2"]
        centres = cgns_node(file["Base/Zone"], "Centres", "FlowSolution_t")
        cgns_node(centres, "GridLocation", "GridLocation_t", cgns_text("CellCenter"))
        cgns_node(centres, "rho", "DataArray_t", np.arange(6.0))
    source = open_runs(tmp_path)
    assert source.companions["variables"].tolist()[-1] == "rho"
    np.testing.assert_array_equal(source.run(0)[0, :3, -1], [0, 0.5, 1.5])
    assert list(source.remarks()) == [
        "rho: values in cells: a node gets the mean of the cells around it"
    ]


def test_solutions_without_times_are_not_repeated(tmp_path: Path, box: SimpleNamespace) -> None:
    _write(tmp_path / "run.cgns", box)
    with h5py.File(tmp_path / "run.cgns", "r+") as file:
        del file["Base/Zone/ZoneData"]
    with pytest.raises(UserError, match="'Solution0' and 'Solution1', and does not say at which"):
        open_runs(tmp_path)


def test_further_bases_are_named(tmp_path: Path, box: SimpleNamespace) -> None:
    _write(tmp_path / "run.cgns", box)
    with h5py.File(tmp_path / "run.cgns", "r+") as file:
        cgns_node(file, "Surface", "CGNSBase_t", np.array([2, 3], np.int32))
    assert "bases 'Surface': only the first one, 'Base', is read: left out" in list(
        open_runs(tmp_path).remarks()
    )


def test_nodes_that_move_are_named(tmp_path: Path, box: SimpleNamespace) -> None:
    _write(tmp_path / "run.cgns", box)
    with h5py.File(tmp_path / "run.cgns", "r+") as file:
        moved = cgns_node(file["Base/Zone"], "Moved", "GridCoordinates_t")
        for axis, name in enumerate("XYZ"):
            place = box.block(2.0, 0.0).points[:, axis] * (1 + (axis == 0))
            cgns_node(moved, f"Coordinate{name}", "DataArray_t", np.array(place))
        names = ["GridCoordinates", "GridCoordinates", "Moved"]
        cgns_node(
            file["Base/Zone/ZoneData"],
            "GridCoordinatesPointers",
            "DataArray_t",
            np.stack([cgns_text(name.ljust(32)) for name in names]),
        )
    source = open_runs(tmp_path, RunPart(["T"]))
    assert "the nodes move in time" in next(iter(source.remarks()))
    np.testing.assert_array_equal(source.run(0)[2, :, 1], box.block(2.0, 0.0).points[:, 0])
    source = open_runs(tmp_path, RunPart(["T"], displacement=True))
    np.testing.assert_array_equal(source.run(0)[1, :, 1], 0)
    np.testing.assert_array_equal(source.run(0)[2, :, 1], box.block(2.0, 0.0).points[:, 0])


def test_the_older_form_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.cgns").write_bytes(b"@(#)ADF Database Version A02011>" + bytes(500))
    with pytest.raises(UserError, match="the older form ADF: write it as HDF5"):
        open_runs(tmp_path / "run.cgns")

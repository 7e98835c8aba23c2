"""Pieces of one mesh, as parallel programs write them: one mesh again, with a word about it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvista
from vtkmodules.vtkCommonDataModel import vtkPartitionedDataSetCollection
from vtkmodules.vtkIOHDF import vtkHDFWriter

from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.pieces import merge_nodes, read_pieces, whole
from simulgenvae.errors import UserError

HEAD = (
    '<?xml version="1.0"?><VTKFile type="PUnstructuredGrid" version="0.1"><PUnstructuredGrid>'
    '<PPointData><PDataArray type="Float64" Name="T"/></PPointData>'
    '<PCellData><PDataArray type="Float64" Name="rho"/>{ghosts}</PCellData>'
    '<PPoints><PDataArray type="Float32" NumberOfComponents="3" Name="Points"/></PPoints>'
)


def plate(columns: int = 4) -> pyvista.UnstructuredGrid:
    """Return quads with a temperature at nodes and a density in cells."""
    grid = pyvista.ImageData(dimensions=(columns + 1, 3, 1)).cast_to_unstructured_grid()
    grid.point_data["T"] = np.sin(grid.points[:, 0]) + grid.points[:, 1]
    grid.cell_data["rho"] = np.arange(grid.n_cells) ** 2.0
    return grid


def halves(grid: pyvista.UnstructuredGrid, ghosts: int = 0) -> list[pyvista.UnstructuredGrid]:
    """Return both halves of a plate, each with some columns of ghost cells of the other."""
    x = grid.cell_centers().points[:, 0]
    found = []
    for lower, upper, ours in ((0, 2 + ghosts, x < 2), (2 - ghosts, 4, x > 2)):
        part = grid.extract_cells((x > lower) & (x < upper))
        for name in ("vtkOriginalPointIds", "vtkOriginalCellIds"):
            part.point_data.pop(name, None)
            part.cell_data.pop(name, None)
        if ghosts:
            own = ours[(x > lower) & (x < upper)]
            part.cell_data["vtkGhostType"] = np.where(own, 0, 1).astype(np.uint8)
        found.append(part)
    return found


def write_pieces(
    folder: Path,
    name: str,
    pieces: list[pyvista.UnstructuredGrid],
    *,
    ghosts_are_marked: bool = True,
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    is_marked = ghosts_are_marked and "vtkGhostType" in pieces[0].cell_data
    marks = '<PDataArray type="UInt8" Name="vtkGhostType"/>' if is_marked else ""
    text = HEAD.format(ghosts=marks)
    for number, piece in enumerate(pieces):
        piece.save(folder / f"{name}_{number}.vtu")
        text += f'<Piece Source="{name}_{number}.vtu"/>'
    (folder / f"{name}.pvtu").write_text(text + "</PUnstructuredGrid></VTKFile>")
    return folder / f"{name}.pvtu"


def ordered(grid: pyvista.UnstructuredGrid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return positions, temperatures and densities at nodes in an order of their positions."""
    moved = grid.cell_data_to_point_data()
    order = np.lexsort(np.asarray(grid.points).T)
    return grid.points[order], grid["T"][order], moved["rho"][order]


@pytest.mark.parametrize("ghosts", [0, 1, 2])
def test_pieces_are_the_mesh_that_was_divided(tmp_path: Path, ghosts: int) -> None:
    path = write_pieces(tmp_path, "all", halves(plate(), ghosts))
    found = whole(read_pieces(pyvista.get_reader(path)))
    assert (found.grid.n_points, found.grid.n_cells) == (15, 8)
    for one, other in zip(ordered(found.grid), ordered(plate()), strict=True):
        np.testing.assert_array_equal(one, other)
    text = " ".join(found.remarks)
    shared = 3 * (1 + 2 * ghosts)
    assert f"2 pieces of one mesh: {shared} nodes that pieces share are stored once" in text
    assert (f"{4 * ghosts} ghost cells" in text) == bool(ghosts)
    assert "differ" not in text


def test_a_collection_of_pieces_is_a_transient(tmp_path: Path) -> None:
    entries = ""
    for number in range(3):
        grid = plate()
        grid.point_data["T"] += number
        write_pieces(tmp_path / "runs/run", f"step{number}", halves(grid, 1))
        entries += f'<DataSet timestep="{0.1 * number}" part="0" file="step{number}.pvtu"/>'
    text = f'<?xml version="1.0"?><VTKFile type="Collection"><Collection>{entries}'
    (tmp_path / "runs/run/all.pvd").write_text(f"{text}</Collection></VTKFile>")
    source = open_runs(tmp_path / "runs")
    assert source.shape == (1, 3, 15, 2)
    assert source.mesh is not None
    order = np.lexsort(np.asarray(source.mesh.coords).T)
    _, temperature, density = ordered(plate())
    for step, values in enumerate(source.run(0)):
        np.testing.assert_array_equal(values[order, 0], (temperature + step).astype(np.float32))
        np.testing.assert_array_equal(values[order, 1], density.astype(np.float32))
    assert any("2 pieces of one mesh" in line for line in source.remarks())


def test_pieces_in_one_file_are_merged_too(tmp_path: Path) -> None:
    plate().save(tmp_path / "one.vtu", binary=False)
    text = (tmp_path / "one.vtu").read_text()
    start, end = text.index("<Piece"), text.index("</Piece>") + len("</Piece>")
    # The same piece twice stands for two: all nodes are shared.
    (tmp_path / "twice.vtu").write_text(text[:end] + text[start:end] + text[end:])
    found = whole(read_pieces(pyvista.get_reader(tmp_path / "twice.vtu")))
    assert (found.grid.n_points, found.grid.n_cells) == (15, 8)


def test_an_overlap_without_marks_is_found(tmp_path: Path) -> None:
    path = write_pieces(tmp_path, "all", halves(plate(), 1), ghosts_are_marked=False)
    found = whole(read_pieces(pyvista.get_reader(path)))
    assert found.grid.n_cells == 8
    assert "4 cells that an earlier piece has too left out" in found.remarks
    for one, other in zip(ordered(found.grid), ordered(plate()), strict=True):
        np.testing.assert_array_equal(one, other)


def test_nodes_of_one_piece_stay_apart_where_they_coincide() -> None:
    crack = plate().merge(halves(plate())[1], merge_points=False)
    found = merge_nodes(crack, np.zeros(crack.n_points, int))
    assert found.grid.n_points == crack.n_points == 24
    assert not found.remarks


def test_global_ids_come_before_positions() -> None:
    first, second = halves(plate())
    second.points[:, 0] += 1e-6
    ids = [np.arange(9), np.array([2, 9, 10, 5, 11, 12, 8, 13, 14])]
    for piece, numbers in zip((first, second), ids, strict=True):
        piece.GetPointData().SetGlobalIds(pyvista.convert_array(numbers, name="anything"))
    apart = whole(pyvista.PartitionedDataSet([first, second])).grid
    assert apart.n_points == 15
    assert apart.array_names == ["T", "rho"]


def test_values_that_differ_between_pieces_are_named() -> None:
    first, second = halves(plate())
    second.point_data["T"] += 0.5
    found = whole(pyvista.PartitionedDataSet([first, second]))
    assert "differ between pieces, at the first timestep T by up to 0.5" in found.remarks[0]
    at_interface = found.grid.points[:, 0] == 2
    expected = np.sin(2.0) + found.grid.points[at_interface, 1]
    np.testing.assert_allclose(found.grid["T"][at_interface], expected)


def test_fields_of_some_pieces_only_are_named() -> None:
    first, second = halves(plate())
    second.point_data["p"] = second.point_data["T"]
    with pytest.raises(UserError, match=r"only some of the 2 pieces of the mesh have 'p'"):
        whole(pyvista.PartitionedDataSet([first, second]))


def test_hidden_cells_are_left_out_and_their_nodes_stay() -> None:
    grid = plate()
    grid.cell_data["vtkGhostType"] = np.array([32, 0, 0, 0, 0, 0, 0, 0], np.uint8)
    found = whole(grid)
    assert (found.grid.n_points, found.grid.n_cells) == (15, 7)
    assert found.remarks == ("1 cell that the file marks as hidden left out; their nodes stay",)


def test_nodes_that_blocks_share_stay_apart_with_a_word(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    pyvista.MultiBlock(halves(plate())).save(tmp_path / "run/all_0.vtm")
    source = open_runs(tmp_path / "run")
    assert source.shape[2] == 18
    assert any("3 of their 18 nodes are at the position" in line for line in source.remarks())


@pytest.mark.parametrize("mark", ["SetGlobalIds", "SetPedigreeIds"])
def test_arrays_marked_as_ids_are_no_fields(tmp_path: Path, mark: str) -> None:
    grid = plate()
    ids = pyvista.convert_array(np.arange(grid.n_cells), name="whatever")
    getattr(grid.GetCellData(), mark)(ids)
    grid.save(tmp_path / "run.vtu")
    assert open_runs(tmp_path / "run.vtu").companions["variables"].tolist() == ["T", "rho"]


def test_blocks_of_pieces_in_vtkhdf_stay_blocks(tmp_path: Path) -> None:
    blocks = vtkPartitionedDataSetCollection()
    for number in range(2):
        above = plate()
        above.points[:, 2] += number
        blocks.SetPartitionedDataSet(number, pyvista.PartitionedDataSet(halves(above)))
    writer = vtkHDFWriter()
    writer.SetInputData(blocks)
    writer.SetFileName(str(tmp_path / "run.vtkhdf"))
    writer.Write()
    source = open_runs(tmp_path / "run.vtkhdf")
    assert source.shape == (1, 1, 30, 2)
    assert sum("2 pieces of one mesh: 3 nodes" in line for line in source.remarks()) == 2


@pytest.mark.parametrize("ghosts", [0, 1])
def test_pieces_in_vtkhdf_are_merged(tmp_path: Path, ghosts: int) -> None:
    writer = vtkHDFWriter()
    writer.SetInputData(pyvista.PartitionedDataSet(halves(plate(), ghosts)))
    writer.SetFileName(str(tmp_path / "run.vtkhdf"))
    writer.Write()
    source = open_runs(tmp_path / "run.vtkhdf")
    assert source.shape == (1, 1, 15, 2)
    assert source.mesh is not None
    assert source.mesh.cells.describe() == {"quad": 8}
    order = np.lexsort(np.asarray(source.mesh.coords).T)
    for column, values in enumerate(ordered(plate())[1:]):
        np.testing.assert_array_equal(source.run(0)[0, order, column], values.astype(np.float32))

"""ParaView collections, read back with PyVista."""

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.errors import UserError
from simulgenvae.export import vtk_polyhedra, write_prediction
from simulgenvae.export.target import safe_name
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.vtk_cells import grid_cells
from tests.export.conftest import MakePrediction

pyvista = pytest.importorskip("pyvista")


def steps_of(path: Path) -> tuple[list[float], list[Any]]:
    """Return the times, and for each time the list of grids, of a collection."""
    reader = pyvista.get_reader(path)
    grids = []
    for time in reader.time_values:
        reader.set_active_time_value(time)
        grids.append(list(reader.read()))
    return reader.time_values, grids


def test_each_of_several_designs_is_a_collection_of_its_own(
    tmp_path: Path, mesh: Mesh, make_prediction: MakePrediction
) -> None:
    whole = make_prediction(std=True, scores=True)
    write_prediction(whole, mesh, tmp_path / "new.pvd")
    # Parts of one collection would lie on top of each other.
    assert not (tmp_path / "new.pvd").exists()
    for run, design in enumerate(whole["run"].values):
        times, grids = steps_of(tmp_path / f"new/{design}.pvd")
        np.testing.assert_array_equal(times, whole["time"].values)
        for step, (grid,) in enumerate(grids):
            assert grid.field_data["TimeValue"].tolist() == [times[step]]
            for name in ("novelty", "expected_error"):
                assert grid.field_data[name].tolist() == [whole[name].values[run]]
            for column, name in enumerate(("u", "T")):
                np.testing.assert_array_equal(
                    grid.point_data[name], whole["fields"].values[run, step, :, column]
                )
                np.testing.assert_array_equal(
                    grid.point_data[f"{name}_std"], whole["std"].values[run, step, :, column]
                )


def test_a_collection_has_the_mesh(tmp_path: Path, prediction: xr.Dataset, mesh: Mesh) -> None:
    write_prediction(prediction, mesh, tmp_path / "new.pvd")
    times, grids = steps_of(tmp_path / "new" / "a.pvd")
    np.testing.assert_allclose(times, prediction["time"].values)
    (grid,) = grids[2]
    np.testing.assert_array_equal(grid.points[:, :2], mesh.coords)
    assert (grid.points[:, 2] == 0).all()
    np.testing.assert_array_equal(
        grid.cells_dict[pyvista.CellType.TRIANGLE], mesh.cells["triangle"]
    )
    np.testing.assert_array_equal(grid.cells_dict[pyvista.CellType.QUAD], mesh.cells["quad"])
    np.testing.assert_array_equal(
        grid.point_data["T"], prediction["fields"].sel(run="a").values[2, :, 1]
    )
    assert set(grid.point_data) == {"u", "T"}


def test_nodes_on_a_line_without_cells_become_vertices(
    tmp_path: Path, make_prediction: MakePrediction
) -> None:
    coords = np.linspace(0.0, 1.0, 6)[:, None]
    write_prediction(make_prediction(steps=1), Mesh(coords), tmp_path / "new.pvd")
    grid = pyvista.read(tmp_path / "new" / "a_vtu" / "0000.vtu")
    assert (grid.celltypes == pyvista.CellType.VERTEX).all()
    assert grid.n_cells == 6
    np.testing.assert_allclose(grid.points[:, 0], coords[:, 0])


def test_unsafe_ids_stay_in_the_folder_and_apart(
    tmp_path: Path, mesh: Mesh, make_prediction: MakePrediction
) -> None:
    ids = ("../../evil", "a/b", "a_b", "A_B", "a_b.pvd", "..", "", 'x" & <y>')
    (tmp_path / "inner").mkdir()
    write_prediction(make_prediction(ids, steps=1), mesh, tmp_path / "inner" / "new.pvd")
    assert {path.name for path in tmp_path.iterdir()} == {"inner"}
    assert [path.name for path in (tmp_path / "inner").iterdir()] == ["new"]
    collections = list((tmp_path / "inner/new").glob("*.pvd"))
    assert len(collections) == len(ids)
    for path in collections:
        _, grids = steps_of(path)
        assert len(grids[0]) == 1


@given(st.lists(st.text(max_size=120), max_size=6))
def test_safe_names_are_different_plain_names(ids: list[str]) -> None:
    used: set[str] = set()
    names = [safe_name(run, used) for run in ids]
    assert len({name.lower() for name in names}) == len(ids)
    assert all(
        name not in {"", ".", ".."} and not set(name) & set('/\\:*?"<>|\0') for name in names
    )
    assert all(len(name) < 120 for name in names)


def test_positions_are_needed(tmp_path: Path, prediction: xr.Dataset) -> None:
    with pytest.raises(UserError, match="--coords"):
        write_prediction(prediction, Mesh(), tmp_path / "new.pvd")
    assert list(tmp_path.iterdir()) == []


def test_a_variable_named_like_a_spread_is_refused(
    tmp_path: Path, mesh: Mesh, make_prediction: MakePrediction
) -> None:
    with pytest.raises(UserError, match="'u_std' occurs more than once"):
        write_prediction(
            make_prediction(variables=("u", "u_std"), std=True), mesh, tmp_path / "new.pvd"
        )
    assert list(tmp_path.iterdir()) == []


def test_missing_pyvista_is_named(
    tmp_path: Path, prediction: xr.Dataset, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyvista", None)
    with pytest.raises(UserError, match='python -m pip install "pyvista'):
        write_prediction(prediction, mesh, tmp_path / "new.pvd")
    assert list(tmp_path.iterdir()) == []


def test_overwriting_replaces_the_whole_series(
    tmp_path: Path, prediction: xr.Dataset, mesh: Mesh, make_prediction: MakePrediction
) -> None:
    write_prediction(prediction, mesh, tmp_path / "new.pvd")
    whole = make_prediction(("c", "d"), seed=1)
    write_prediction(whole, mesh, tmp_path / "new.pvd", overwrite=True)
    found = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert found == [".predictions", "c.pvd", "c_vtu", "d.pvd", "d_vtu"]
    one = make_prediction(("c",), steps=2)
    for steps in (3, 2):
        one = make_prediction(("c",), steps=steps)
        write_prediction(one, mesh, tmp_path / "new.pvd", overwrite=True)
        assert len(list((tmp_path / "new_vtu").iterdir())) == steps
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "new.pvd", "new_vtu"]


def test_a_folder_with_other_files_is_never_replaced(
    tmp_path: Path, prediction: xr.Dataset, mesh: Mesh
) -> None:
    for name, designs in (("new", [0, 1]), ("new_vtu", [0])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "thesis.txt").write_text("precious")
        with pytest.raises(UserError, match=r"thesis\.txt"):
            write_prediction(
                prediction.isel(run=designs), mesh, tmp_path / "new.pvd", overwrite=True
            )
        assert (tmp_path / name / "thesis.txt").read_text() == "precious"
    assert not (tmp_path / "new.pvd").exists()


def test_a_solvers_own_results_are_no_earlier_prediction(
    tmp_path: Path, prediction: xr.Dataset, mesh: Mesh
) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new/a.vtkhdf").write_text("precious")
    with pytest.raises(UserError, match="new is no folder of an earlier prediction"):
        write_prediction(prediction, mesh, tmp_path / "new.vtkhdf", overwrite=True)
    assert (tmp_path / "new/a.vtkhdf").read_text() == "precious"


def test_any_variable_name_comes_back(
    tmp_path: Path, mesh: Mesh, make_prediction: MakePrediction
) -> None:
    names = ("σ_xx", 'a <b> & "c"')
    whole = make_prediction(variables=names)
    write_prediction(whole, mesh, tmp_path / "new.pvd")
    grid = pyvista.read(tmp_path / "new" / "a_vtu" / "0001.vtu")
    assert set(grid.point_data) == set(names)
    np.testing.assert_array_equal(
        grid.point_data["σ_xx"], whole["fields"].sel(run="a").values[1, :, 0]
    )


def test_polyhedra_have_the_layout_that_every_paraview_reads(
    tmp_path: Path,
    mixed_mesh: Mesh,
    make_prediction: MakePrediction,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Several blocks, the last of which is not whole.
    monkeypatch.setattr(vtk_polyhedra, "_BLOCK", 48)
    write_prediction(make_prediction(("a",), nodes=40), mixed_mesh, tmp_path / "new.pvd")
    file = tmp_path / "new_vtu" / "0000.vtu"
    names = set(re.findall(r'<DataArray type="Int64" Name="(\w+)"', file.read_text("utf-8")))
    assert names == {"connectivity", "offsets", "faces", "faceoffsets"}
    grid = pyvista.read(file)
    assert [cell.n_faces for cell in grid.cell if cell.type == pyvista.CellType.POLYHEDRON] == [
        7,
        4,
    ]
    assert grid_cells(grid, file).same_as(mixed_mesh.cells)


def test_polyhedra_of_vtkhdf_are_said_to_need_another_format(
    tmp_path: Path,
    mixed_mesh: Mesh,
    mesh: Mesh,
    make_prediction: MakePrediction,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    write_prediction(make_prediction(("a",)), mesh, tmp_path / "plain.vtkhdf")
    write_prediction(make_prediction(("a",), nodes=40), mixed_mesh, tmp_path / "new.pvd")
    assert "polyhedra" not in caplog.text
    write_prediction(make_prediction(nodes=40), mixed_mesh, tmp_path / "new.vtkhdf")
    assert caplog.text.count("shows no polyhedra of a .vtkhdf") == 1

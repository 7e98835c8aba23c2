"""What is written for other programs is read again as it was: numbers, names, times, mesh."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvista
import xarray as xr

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.errors import UserError
from simulgenvae.export import EXPORT_FORMATS, write_prediction, written_place
from simulgenvae.export.batches import Batch
from simulgenvae.mesh.mesh import Mesh

VARIABLES = ("p/ρ 1", "U_x", "U_y", "U_z", "S_xx", "S_yy", "S_zz", "S_xy", "S_yz", "S_xz", "n_x")
MESH = Mesh(
    np.random.default_rng(1).normal(size=(9, 3)),
    {
        "line": np.array([[7, 8]]),
        "triangle": np.array([[0, 1, 2], [1, 2, 5]]),
        "quad": np.array([[0, 1, 3, 2]]),
        "tetra": np.array([[0, 1, 2, 4]]),
        "hexahedron": np.arange(8)[np.newaxis],
        "wedge": np.array([[8, 7, 6, 3, 2, 1]]),
        "pyramid": np.array([[0, 1, 3, 2, 8]]),
    },
)


@pytest.fixture
def prediction() -> xr.Dataset:
    rng, axes = np.random.default_rng(0), ("run", "time", "node", "variable")
    shape = (2, 3, 9, len(VARIABLES))
    arrays = {
        name: (axes, rng.normal(size=shape).astype(np.float32))
        for name in ("fields", "std", "truth", "error")
    }
    labels = {
        "run": ["design_2", "design_10"],
        "time": [0.0, 0.1, 0.35],
        "variable": list(VARIABLES),
    }
    units = ["Pa", *["m/s"] * 3, *["N/mm²"] * 6, ""]
    scores = {"novelty": ("run", [0.1, 0.2]), "expected_error": ("run", [0.01, 0.02])}
    return xr.Dataset({**arrays, **scores}, labels, {"units": units, "warnings": []})


@pytest.mark.parametrize("name", ["new.pvd", "new.vtkhdf", "new.xdmf"])
def test_it_is_read_again_as_it_was(tmp_path: Path, prediction: xr.Dataset, name: str) -> None:
    write_prediction(prediction, MESH, tmp_path / name)
    source = open_runs(
        tmp_path / "new",
        RunPart(fields=["p/ρ 1", "U", "S", "n_x", "U_std", "S_truth", "p/ρ 1_error"]),
    )
    assert not source.problems
    assert source.companions["ids"].tolist() == ["design_2", "design_10"]
    np.testing.assert_array_equal(source.companions["times"], prediction["time"].values)
    units = source.companions["units"].tolist()
    assert units[: len(VARIABLES)] == prediction.attrs["units"]
    std = [f"U_std_{axis}" for axis in "xyz"]
    truth = [f"S_truth_{axes}" for axes in ("xx", "yy", "zz", "xy", "yz", "xz")]
    assert source.companions["variables"].tolist() == [*VARIABLES, *std, *truth, "p/ρ 1_error"]
    for run in range(2):
        values, one = source.run(run), prediction.isel(run=run)
        np.testing.assert_array_equal(values[..., : len(VARIABLES)], one["fields"].values)
        np.testing.assert_array_equal(values[..., 11:14], one["std"].values[..., 1:4])
        np.testing.assert_array_equal(values[..., 14:20], one["truth"].values[..., 4:10])
        np.testing.assert_array_equal(values[..., 20], one["error"].values[..., 0])
    assert source.mesh is not None
    assert source.mesh.same_as(MESH)
    assert {kind: table.tolist() for kind, table in source.mesh.cells.items()} == {
        kind: table.tolist() for kind, table in MESH.cells.items()
    }


FORMATS = pytest.mark.parametrize("suffix", EXPORT_FORMATS)


@FORMATS
def test_a_prediction_is_ingested_as_the_runs_that_it_predicts(
    tmp_path: Path, prediction: xr.Dataset, suffix: str
) -> None:
    prediction["time"].attrs["units"] = "µs"
    prediction = prediction.assign_coords(comment=("run", ["first", "zweiter µ"]))
    conditions = Conditions(
        ("design_10", "design_2"),
        ("speed", "a/b", "novelty", "kind"),
        np.array([[0.1, 1e-17, 3.0, 1.0], [0.2, 1 / 3, 4.0, 0.0]]),
        levels=((), (), (), ("long", "short one")),
        units=("m/s", "µm", "", ""),
    )
    batch = Batch.of(prediction).with_parameters(conditions)
    path = tmp_path / f"new{suffix}"
    write_prediction([batch], MESH.with_unit("mm"), path)
    dataset, notes = build_dataset(
        [written_place(path, 2)], tmp_path / "dataset.zarr", IngestOptions()
    )
    said = [note for note in notes if "no variables" in note]
    assert len(said) == 1, notes
    assert "std" in said[0]
    assert "truth" in said[0]
    assert dataset.ids == batch.ids
    for run in range(2):
        np.testing.assert_array_equal(dataset.run(run), batch.fields[run])
    assert (dataset.variables, dataset.units) == (batch.variables, batch.units)
    assert (dataset.time_unit, dataset.mesh.unit) == ("µs", "mm")
    np.testing.assert_array_equal(dataset.times, batch.times)
    assert dataset.mesh.same_as(MESH)
    assert dataset.mesh.cells.describe() == MESH.cells.describe()
    assert (dataset.conditions.names, dataset.conditions.units) == (
        conditions.names,
        conditions.units,
    )
    assert dataset.conditions.values() == conditions.select([1, 0]).values()


@pytest.mark.parametrize("suffix", [".pvd", ".vtkhdf", ".xdmf"])
def test_what_belongs_to_a_variable_is_read_with_its_unit_when_it_is_named(
    tmp_path: Path, prediction: xr.Dataset, suffix: str
) -> None:
    write_prediction(prediction, MESH, tmp_path / f"new{suffix}")
    source = open_runs(
        tmp_path / "new", RunPart(fields=["p/ρ 1_std", "U_truth", "S_error", "S_xy"])
    )
    units = source.companions["units"].tolist()
    assert units == ["Pa", *["m/s"] * 3, *["N/mm²"] * 7]


def test_field_data_can_be_read_by_pyvista(tmp_path: Path, prediction: xr.Dataset) -> None:
    conditions = Conditions(("design_2", "design_10"), ("speed",), np.array([[0.1], [0.2]]))
    batch = Batch.of(prediction).with_parameters(conditions)
    for suffix in (".pvd", ".vtkhdf", ".xdmf"):
        write_prediction([batch], MESH, tmp_path / f"{suffix[1:]}_{{id}}{suffix}")
    for name in ("pvd_design_2_vtu/0001.vtu", "vtkhdf_design_2.vtkhdf"):
        grid = pyvista.read(tmp_path / name)
        assert grid.field_data["design"].tolist() == ["design_2"]
        assert grid.field_data["variables"].tolist() == list(VARIABLES)
        assert grid.field_data["units"].tolist() == prediction.attrs["units"]
        assert grid.field_data["speed"].tolist() == [0.1]
    grid = pyvista.get_reader(tmp_path / "xdmf_design_10.xdmf").read()
    assert grid.field_data["speed"].tolist() == [0.2]
    assert grid.field_data["novelty"].tolist() == [0.2]


@pytest.mark.parametrize("name", ["new.pvd", "new.vtkhdf", "new.nc"])
def test_all_kinds_of_cells_are_read_again(tmp_path: Path, mixed_mesh: Mesh, name: str) -> None:
    prediction = _pressure(40)
    write_prediction(prediction, mixed_mesh, tmp_path / name)
    source = open_runs(tmp_path / name)
    assert not source.problems
    assert source.mesh is not None
    expected = mixed_mesh.cells.arrays()
    assert source.mesh.cells.arrays().keys() == expected.keys()
    for key, array in expected.items():
        np.testing.assert_array_equal(source.mesh.cells.arrays()[key], array)
    np.testing.assert_array_equal(source.run(0), prediction["fields"].values[0])


def test_xdmf_has_cells_of_second_order_and_polygons(tmp_path: Path) -> None:
    tables = {"tetra10": 10, "hexahedron20": 20, "quad9": 9, "triangle6": 6, "line3": 3}
    tables |= {"hexahedron27": 27, "quad8": 8, "wedge15": 15, "pyramid13": 13, "polygon5": 5}
    tables |= {"wedge18": 18, "hexahedron24": 24, "vertex": 1, "poly_vertex3": 3, "poly_line4": 4}
    cells = {name: np.arange(count)[None] + 1 for name, count in tables.items()}
    mesh = Mesh(np.random.default_rng(0).normal(size=(30, 3)), cells)
    write_prediction(_pressure(30), mesh, tmp_path / "new.xdmf")
    source = open_runs(tmp_path / "new.xdmf")
    assert source.mesh is not None
    assert source.mesh.cells.describe() == mesh.cells.describe()
    for name, table in cells.items():
        np.testing.assert_array_equal(source.mesh.cells[name], table)


def test_cells_that_xdmf_lacks_are_named(tmp_path: Path, mixed_mesh: Mesh) -> None:
    with pytest.raises(
        UserError, match=r"no cells of the kind lagrange_quad, polyhedron, tri.*pvd"
    ):
        write_prediction(_pressure(40), mixed_mesh, tmp_path / "new.xdmf")
    assert not list(tmp_path.iterdir())


def _pressure(nodes: int) -> xr.Dataset:
    values = np.random.default_rng(0).normal(size=(1, 2, nodes, 1)).astype(np.float32)
    labels = {"run": ["a"], "time": [0.0, 0.1], "variable": ["p"]}
    axes = ("run", "time", "node", "variable")
    return xr.Dataset({"fields": (axes, values)}, labels, {"units": ["Pa"], "warnings": []})

"""NetCDF files of other programs, as xarray, SciPy and h5netcdf write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from scipy.io import netcdf_file

from simulgenvae.data.readers import RunPart, Source, open_source
from simulgenvae.errors import UserError

HOURS = np.array([0.0, 6.0, 18.0])
X, Y, Z = np.array([0.0, 1.0, 3.0, 4.0]), np.array([10.0, 5.0, 0.0]), np.array([0.0, 2.0])
GIVEN = np.random.default_rng(0).normal(size=(3, 2, 3, 4)).astype(np.float32)


def opened(path: Path, part: RunPart | None = None) -> Source:
    return open_source(path, part).__enter__()


def plane(**changes: Any) -> xr.Dataset:
    """Temperature and pressure on a plane, and what is no field."""
    axes = ("time", "y", "x")
    return xr.Dataset(
        {
            "T": (axes, GIVEN[:, 0], {"units": "K", "long_name": "temperature"}),
            "p": (axes, GIVEN[:, 1]),
            "mask": (("y", "x"), np.ones((3, 4))),
            "load": ("time", HOURS),
            "crs": ((), 0),
        },
        {"time": ("time", HOURS, {"units": "hours since 2020-01-01"}), "y": Y, "x": X},
    ).assign(**changes)


@pytest.mark.parametrize("kind", ["NETCDF4", "NETCDF3_CLASSIC", "NETCDF3_64BIT"])
def test_runs_on_a_plane_one_a_file(tmp_path: Path, kind: Any) -> None:
    for run in (10, 9):
        plane(T=plane()["T"] + run).to_netcdf(
            tmp_path / f"run{run}.nc",
            format=kind,
            engine="h5netcdf" if kind == "NETCDF4" else "scipy",
        )
    source = opened(tmp_path)
    assert source.shape == (2, 3, 12, 2)
    assert source.companions["ids"].tolist() == ["run9", "run10"]
    assert source.companions["variables"].tolist() == ["T", "p"]
    np.testing.assert_array_equal(source.companions["times"], HOURS)
    np.testing.assert_array_equal(source.run(1)[..., 1], GIVEN[:, 1].reshape(3, 12))
    np.testing.assert_array_equal(
        source.run(1)[..., 0], GIVEN[:, 0].reshape(3, 12) + np.float32(10)
    )
    assert source.mesh is not None
    np.testing.assert_array_equal(source.mesh.coords, [[x, y] for y in Y for x in X])
    assert source.mesh.cells["quad"].tolist()[:2] == [[0, 1, 5, 4], [1, 2, 6, 5]]
    assert len(source.mesh.cells["quad"]) == 6
    assert opened(tmp_path / "run9.nc").shape == (1, 3, 12, 2)


def test_units_are_taken_and_must_agree(tmp_path: Path) -> None:
    plane().to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    assert opened(tmp_path / "a.nc").companions["units"].tolist() == ["K", ""]
    other = plane()
    other["T"].attrs["units"] = "degC"
    other.to_netcdf(tmp_path / "b.nc", engine="h5netcdf")
    with pytest.raises(UserError, match=r"b\.nc: 'T' is in degC, elsewhere in K"):
        opened(tmp_path).run(1)


def test_a_box_becomes_hexahedra(tmp_path: Path) -> None:
    xr.Dataset(
        {"T": (("level", "y", "x", "time"), GIVEN.transpose(1, 2, 3, 0))},
        {"level": Z, "y": Y, "x": X},
    ).to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    source = opened(tmp_path / "a.nc")
    np.testing.assert_array_equal(source.run(0)[..., 0], GIVEN.reshape(3, 24))
    np.testing.assert_array_equal(source.companions["times"], [0, 1, 2])
    np.testing.assert_array_equal(source.mesh.coords, [[x, y, z] for z in Z for y in Y for x in X])
    assert source.mesh.cells["hexahedron"].tolist()[0] == [0, 1, 5, 4, 12, 13, 17, 16]
    assert len(source.mesh.cells["hexahedron"]) == 6


def test_places_of_two_dimensions(tmp_path: Path) -> None:
    lon, lat = np.meshgrid(X, Y)
    lon += 0.1 * lat
    data = xr.Dataset(
        {"T": (("t", "j", "i"), GIVEN[:, 0], {"coordinates": "east north"})},
        {
            "east": (("j", "i"), lon, {"units": "degrees_east"}),
            "north": (("j", "i"), lat, {"units": "degrees_north"}),
            "t": ("t", HOURS, {"axis": "T"}),
        },
    )
    data["T"].encoding["coordinates"] = data["T"].attrs.pop("coordinates")
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    source = opened(tmp_path / "a.nc")
    np.testing.assert_array_equal(source.mesh.coords, np.column_stack([lon.ravel(), lat.ravel()]))
    assert len(source.mesh.cells["quad"]) == 6
    np.testing.assert_array_equal(source.companions["times"], HOURS)


def test_nodes_without_a_grid(tmp_path: Path) -> None:
    places = np.random.default_rng(1).random((12, 2))
    data = {
        "T": (("time", "node"), GIVEN[:, 0].reshape(3, 12)),
        "x": ("node", places[:, 0]),
        "y": ("node", places[:, 1]),
    }
    xr.Dataset(data).to_netcdf(tmp_path / "a.nc", engine="h5netcdf", unlimited_dims=["time"])
    source = opened(tmp_path / "a.nc")
    assert source.shape == (1, 3, 12, 1)
    np.testing.assert_array_equal(source.mesh.coords, places)
    assert not source.mesh.cells
    xr.Dataset({"T": data["T"]}).to_netcdf(tmp_path / "b.nc", engine="h5netcdf")
    assert opened(tmp_path / "b.nc").mesh.coords is None


def test_times_of_another_number_than_the_steps(tmp_path: Path) -> None:
    xr.Dataset({"T": (("time", "x"), np.ones((2, 4)))}, {"time": [0.0, 1.0]}).to_netcdf(
        tmp_path / "a.nc", engine="h5netcdf"
    )
    with h5py.File(tmp_path / "a.nc", "a") as file:
        del file["T"]
        file["T"] = np.ones((1, 4))
    with pytest.raises(UserError, match=r"2 times along a dimension of 1"):
        opened(tmp_path / "a.nc").run(0)


def test_a_steady_line(tmp_path: Path) -> None:
    xr.Dataset({"T": ("x", GIVEN[0, 0, 0])}, {"x": X}).to_netcdf(
        tmp_path / "a.nc", engine="h5netcdf"
    )
    source = opened(tmp_path / "a.nc")
    assert source.shape == (1, 1, 4, 1)
    np.testing.assert_array_equal(source.run(0)[0, :, 0], GIVEN[0, 0, 0])
    assert source.mesh.cells["line"].tolist() == [[0, 1], [1, 2], [2, 3]]


def test_a_mesh_by_ugrid(tmp_path: Path) -> None:
    topology = {
        "cf_role": "mesh_topology",
        "topology_dimension": 2,
        "node_coordinates": "mesh_node_x mesh_node_y",
        "face_node_connectivity": "mesh_face_nodes",
    }
    faces = np.array([[1, 2, 3, -999], [2, 4, 3, -999], [4, 5, 6, 3]])
    east, north = (
        {"standard_name": "projection_x_coordinate"},
        {"standard_name": "projection_y_coordinate"},
    )
    xr.Dataset(
        {
            "mesh": ((), 0, topology),
            "mesh_node_x": ("nodes", np.arange(6.0), east),
            "mesh_node_y": ("nodes", np.arange(6.0) ** 2, north),
            "mesh_face_nodes": (("faces", "four"), faces, {"start_index": 1, "_FillValue": -999}),
            "depth": (("time", "nodes"), GIVEN[:, 0, :2, :3].reshape(3, 6)),
            "flow": (("time", "edges"), GIVEN[:, 0].reshape(3, 12)),
        }
    ).to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    source = opened(tmp_path / "a.nc")
    assert source.companions["variables"].tolist() == ["depth"]
    np.testing.assert_array_equal(
        source.mesh.coords, np.column_stack([np.arange(6.0), np.arange(6.0) ** 2])
    )
    assert {name: cells.tolist() for name, cells in source.mesh.cells.items()} == {
        "triangle": [[0, 1, 2], [1, 3, 2]],
        "quad": [[3, 4, 5, 2]],
    }


def test_packed_and_missing_values(tmp_path: Path) -> None:
    data = plane()
    data["T"].values[1, 2, 3] = np.nan
    packed = {"dtype": "int16", "scale_factor": 0.001, "add_offset": 5.0, "_FillValue": -9999}
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf", encoding={"T": packed})
    found = opened(tmp_path / "a.nc").run(0)[..., 0]
    np.testing.assert_allclose(found, data["T"].values.reshape(3, 12), atol=0.001)
    assert np.isnan(found).sum() == 1


@pytest.mark.parametrize("chunks", [(1, 3, 4), (2, 2, 2), (3, 3, 4)])
@pytest.mark.parametrize("few", [1, 1_000_000])
def test_blocks_of_timesteps(
    tmp_path: Path, chunks: Any, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulgenvae.data.readers.runs.netcdf_file._SMALLEST_BLOCK", few)
    for run in range(2):
        data = plane(T=plane()["T"] + run)
        data.to_netcdf(
            tmp_path / f"{run}.nc",
            engine="h5netcdf",
            encoding={"T": {"chunksizes": chunks, "zlib": True}},
        )
    source = opened(tmp_path, RunPart(["p", "T"], start=6.0))
    np.testing.assert_array_equal(source.companions["times"], HOURS[1:])
    for run in (1, 0, 1):
        np.testing.assert_array_equal(
            source.run(run)[..., 1], GIVEN[1:, 0].reshape(2, 12) + np.float32(run)
        )
        np.testing.assert_array_equal(source.run(run)[..., 0], GIVEN[1:, 1].reshape(2, 12))


def test_several_runs_of_another_program(tmp_path: Path) -> None:
    xr.Dataset(
        {
            "T": (("time", "run", "node"), GIVEN[:, :, 0]),
            "load": ("run", [1.0, 2.0]),
            "x": ("node", X),
            "of_all": (("time", "node"), GIVEN[:, 0, 0]),
        }
    ).to_netcdf(tmp_path / "a.nc", engine="scipy")
    source = opened(tmp_path / "a.nc")
    assert source.companions["ids"].tolist() == ["0", "1"]
    assert source.companions["variables"].tolist() == ["T"]
    np.testing.assert_array_equal(source.run(1)[..., 0], GIVEN[:, 1, 0])
    with pytest.raises(UserError, match=r"a\.nc: holds 2 runs, not one"):
        opened(tmp_path)


def placed_runs(**coords: Any) -> xr.Dataset:
    """Temperatures of three runs at four nodes, which have the given coordinates."""
    data = xr.Dataset({"T": (("run", "time", "node"), GIVEN[:, :, 0])}, coords)
    return data.assign_coords(time=HOURS[:2])


STRETCH = np.array([1.0, 1.5, 2.0])
STRETCHED = X * STRETCH[:, None]


@pytest.mark.parametrize("is_coordinate", [True, False])
def test_nodes_that_are_elsewhere_in_every_run(tmp_path: Path, is_coordinate: bool) -> None:
    data = placed_runs(x=(("run", "node"), STRETCHED), y=("node", X**2))
    # Without coordinates of xarray, nothing but their names says what they are.
    data = data if is_coordinate else data.reset_coords(["x", "y"])
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    source = opened(tmp_path / "a.nc")
    assert source.companions["variables"].tolist() == ["T"]
    assert source.read_placed is not None
    for run, x in enumerate(STRETCHED):
        fields, geometry = source.placed_run(run)
        np.testing.assert_array_equal(fields[..., 0], GIVEN[run, :, 0])
        assert geometry is not None
        assert source.common is not None
        placement = source.common.placed(geometry.shape)
        np.testing.assert_allclose(placement.mesh.coords, np.stack([x, X**2], axis=1))
    assert not any("left out" in note for note in source.notes)


def test_nodes_that_move_in_time(tmp_path: Path) -> None:
    moved = STRETCHED[:, None] + np.array([0.0, 0.5])[:, None]
    data = placed_runs(x=(("run", "time", "node"), moved), y=("node", X**2))
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    source = opened(tmp_path / "a.nc")
    assert source.motion == ("mesh_displacement_x", "mesh_displacement_y")
    fields, _ = source.placed_run(2)
    np.testing.assert_allclose(fields[:, :, 1], np.broadcast_to([[0.0], [0.5]], (2, 4)))


def test_a_field_may_be_called_like_a_coordinate(tmp_path: Path) -> None:
    """In a mesh that the file says, ``x`` and ``y`` along the times are components of a field."""
    data = placed_runs(lon=("node", X), lat=("node", X**2))
    data = data.assign(x=data["T"] + 1, y=data["T"] + 2)
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    source = opened(tmp_path / "a.nc")
    assert source.companions["variables"].tolist() == ["T", "x", "y"]
    assert source.read_placed is None


def test_a_field_called_y_where_nodes_move_along_x(tmp_path: Path) -> None:
    moved = STRETCHED[:, None] + np.array([0.0, 0.5])[:, None]
    data = placed_runs(x=(("run", "time", "node"), moved))
    data = data.assign(y=data["T"].drop_vars("x") + 1)
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    source = opened(tmp_path / "a.nc")
    assert source.companions["variables"].tolist()[:2] == ["T", "y"]
    assert source.motion == ("mesh_displacement",)


@pytest.mark.parametrize("engine", ["h5netcdf", "scipy"])
@pytest.mark.parametrize("keep", [0.0, 0.003, 0.1, 0.5, 0.9])
def test_damaged_files(tmp_path: Path, engine: Any, keep: float) -> None:
    path = tmp_path / "a.nc"
    plane().to_netcdf(path, engine=engine)
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(UserError, match=r"a\.nc"):
        opened(path).run(0)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (
            xr.Dataset({"load": ("time", HOURS)}),
            r"holds no numbers at nodes; its variables are load\(time\)",
        ),
        (
            xr.Dataset({"T": (("time", "a", "b", "c", "d"), GIVEN[..., None])}),
            "over a, b, c, d: more than three",
        ),
        (
            xr.Dataset({"T": (("time", "x"), GIVEN[:, 0, 0])}, {"time": ["a", "b", "c"]}),
            "its times must be",
        ),
        (
            xr.Dataset({"T": (("run", "x"), GIVEN[:2, 0, 0])}, {"run": ["a", "a"]}),
            "'a' occurs more than once",
        ),
    ],
)
def test_files_without_fields_times_or_names(tmp_path: Path, data: xr.Dataset, told: str) -> None:
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    with pytest.raises(UserError, match=rf"a\.nc: .*{told}"):
        opened(tmp_path / "a.nc")


def test_nothing_outside_of_the_file_is_read(tmp_path: Path) -> None:
    def linked(file: h5py.File) -> None:
        file["q"] = h5py.ExternalLink(str(tmp_path / "secret.nc"), "/T")

    def soft(file: h5py.File) -> None:
        file["group/q"] = h5py.SoftLink("/T")

    def external(file: h5py.File) -> None:
        file.create_dataset("q", (3, 3, 4), "f4", external=[(str(tmp_path / "raw.bin"), 0, 144)])

    def virtual(file: h5py.File) -> None:
        layout = h5py.VirtualLayout((3, 3, 4), "f4")
        layout[...] = h5py.VirtualSource(str(tmp_path / "secret.nc"), "T", (3, 3, 4))
        file.create_virtual_dataset("q", layout)

    plane().to_netcdf(tmp_path / "secret.nc", engine="h5netcdf")
    GIVEN.tofile(tmp_path / "raw.bin")
    for change, told in (
        (linked, "link"),
        (soft, "link"),
        (external, "other files"),
        (virtual, "other files"),
    ):
        plane().to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
        with h5py.File(tmp_path / "a.nc", "a") as file:
            change(file)
        with pytest.raises(UserError, match=rf"a\.nc: .*q'.*{told}"):
            opened(tmp_path / "a.nc")


def test_other_kinds_of_files(tmp_path: Path) -> None:
    (tmp_path / "a.nc").write_bytes(b"CDF\x05" + bytes(100))
    with pytest.raises(UserError, match=r"a\.nc: .*CDF-5.*nccopy"):
        opened(tmp_path / "a.nc")
    (tmp_path / "a.nc").write_bytes(b"text")
    with pytest.raises(UserError, match=r"a\.nc: named \.nc, but its content is not that"):
        opened(tmp_path / "a.nc")


def test_fields_that_were_never_written(tmp_path: Path) -> None:
    plane().to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    with h5py.File(tmp_path / "a.nc", "a") as file:
        made = file.create_dataset("q", (3, 3, 4), "f4", chunks=(1, 3, 4))
        for axis, name in enumerate(("time", "y", "x")):
            made.dims[axis].attach_scale(file[name])
    with pytest.raises(UserError, match=r"a\.nc, dataset '/q'.*no values"):
        opened(tmp_path / "a.nc")


def test_records_of_netcdf_3(tmp_path: Path) -> None:
    """The unlimited dimension is that of time, whatever its name."""
    with netcdf_file(tmp_path / "a.nc", "w") as file:
        file.createDimension("step", None)
        file.createDimension("node", 4)
        file.createVariable("T", "f4", ("step", "node"))[:] = GIVEN[:, 0, 0]
    source = opened(tmp_path / "a.nc")
    assert source.shape == (1, 3, 4, 1)
    np.testing.assert_array_equal(source.run(0)[..., 0], GIVEN[:, 0, 0])


@pytest.mark.parametrize(
    ("dims", "unlimited"),
    [
        (("sample", "time", "x"), ["sample"]),
        (("anything", "time", "x"), ["anything"]),
        (("time", "member", "x"), []),
    ],
)
def test_samples_are_runs(tmp_path: Path, dims: tuple[str, ...], unlimited: list[str]) -> None:
    values = np.random.default_rng(0).normal(size=(6, 4, 5))
    stored = values if dims[1] == "time" else values.transpose(1, 0, 2)
    data = xr.Dataset({"T": (dims, stored)}, {"time": [0.0, 0.5, 1.0, 2.0], "x": np.arange(5.0)})
    data.to_netcdf(tmp_path / "runs.nc", engine="h5netcdf", unlimited_dims=unlimited)
    source = opened(tmp_path / "runs.nc")
    assert source.shape == (6, 4, 5, 1)
    assert source.companions["ids"].tolist() == list("012345")
    for run in range(6):
        np.testing.assert_array_equal(source.run(run)[..., 0], values[run].astype(np.float32))


def test_levels_in_front_of_the_time_are_no_runs(tmp_path: Path) -> None:
    data = xr.Dataset(
        {"T": (("z", "time", "x"), np.random.default_rng(0).normal(size=(3, 4, 5)))},
        {"time": np.arange(4.0), "z": np.arange(3.0), "x": np.arange(5.0)},
    )
    data.to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
    assert opened(tmp_path / "run.nc").shape == (1, 4, 15, 1)


def test_other_numbers_along_space_are_named(tmp_path: Path) -> None:
    coarse = xr.DataArray(np.zeros((3, 2)), dims=("time", "station"))
    plane(gauge=coarse).to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    source = opened(tmp_path / "a.nc")
    assert source.companions["variables"].tolist() == ["T", "p"]
    assert list(source.remarks()) == [
        "mask: constant in time: left out",
        "gauge: along time, station, not along the nodes (y, x): left out",
    ]
    with pytest.raises(UserError, match=r"mask is constant in time: leave it out of --fields$"):
        opened(tmp_path / "a.nc", RunPart(["mask"]))


def test_units_of_times_and_positions(tmp_path: Path) -> None:
    for name, unit in (("a", "ms"), ("b", "s")):
        axes = {"time": [0.0, 1.0], "x": ("x", [0.0, 1.0, 2.0], {"units": "mm"})}
        data = xr.Dataset({"u": (("time", "x"), np.random.default_rng(0).random((2, 3)))}, axes)
        data["time"].attrs["units"] = unit
        data.to_netcdf(tmp_path / f"{name}.nc", engine="h5netcdf")
    with open_source(tmp_path / "a.nc") as source:
        assert source.companions["time_unit"].item() == "ms"
        assert source.mesh.unit == "mm"
    with open_source(tmp_path) as source:
        assert "b.nc: its times are in s" in source.problems[1]

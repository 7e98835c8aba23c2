"""Runs in VTK's own files, written by PyVista as solvers' converters do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvista
from scipy.io import netcdf_file
from vtkmodules.vtkIOExodus import vtkExodusIIWriter

from simulgenvae.data.readers import open_source
from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.errors import UserError

TIMES = (0.0, 0.5, 1.0)
Grid = Callable[[float, float], pyvista.UnstructuredGrid]


def grid(amplitude: float, time: float) -> pyvista.UnstructuredGrid:
    """Return a plate of 12 nodes and 6 quads with a temperature, a velocity and a cell density."""
    made = pyvista.ImageData(
        dimensions=(4, 3, 1), spacing=(0.5, 0.25, 1.0)
    ).cast_to_unstructured_grid()
    x, y, _ = made.points.T
    made.point_data["T"] = amplitude * np.sin(x + time)
    made.point_data["U"] = amplitude * np.stack([x, y, x * 0 + time], axis=1)
    made.cell_data["rho"] = np.full(made.n_cells, amplitude + time)
    return made


def write_numbered(folder: Path, amplitude: float, make: Grid = grid) -> None:
    folder.mkdir(parents=True)
    for number, time in enumerate(TIMES):
        make(amplitude, time).save(folder / f"result_{number}.vtu")


def write_pvd(path: Path, amplitude: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = []
    for number, time in enumerate(TIMES):
        file = path.with_name(f"{path.stem}_{number}.vtu")
        grid(amplitude, time).save(file)
        entries.append(f'<DataSet timestep="{time}" file="{file.name}"/>')
    path.write_text(
        f'<?xml version="1.0"?><VTKFile type="Collection"><Collection>{"".join(entries)}</Collection></VTKFile>'
    )


def expected(amplitude: float) -> np.ndarray:
    """[T, M, 5]: T, U_x, U_y, U_z, rho."""
    steps = []
    for time in TIMES:
        made = grid(amplitude, time)
        steps.append(
            np.column_stack([made["T"], made["U"], np.full(made.n_points, amplitude + time)])
        )
    return np.stack(steps)


def test_numbered_files_of_each_run_give_its_fields_mesh_and_name(tmp_path: Path) -> None:
    for name, amplitude in (("run_10", 3.0), ("run_2", 2.0), ("run_1", 1.0)):
        write_numbered(tmp_path / name, amplitude)
    source = open_runs(tmp_path)
    assert source.shape == (3, 3, 12, 5)
    assert source.companions["ids"].tolist() == ["run_1", "run_2", "run_10"]
    assert source.companions["variables"].tolist() == ["T", "U_x", "U_y", "U_z", "rho"]
    np.testing.assert_array_equal(source.companions["times"], [0, 1, 2])
    for run in range(3):
        np.testing.assert_allclose(source.run(run), expected(run + 1.0), rtol=1e-6, atol=1e-7)
    assert source.mesh is not None
    assert source.mesh.coords is not None
    np.testing.assert_allclose(source.mesh.coords, grid(1, 0).points)
    assert {name: len(cells) for name, cells in source.mesh.cells.items()} == {"quad": 6}


def test_a_collection_has_times_of_its_own(tmp_path: Path) -> None:
    for run in range(2):
        write_pvd(tmp_path / f"run_{run}" / "all.pvd", run + 1.0)
    source = open_runs(tmp_path)
    np.testing.assert_array_equal(source.companions["times"], TIMES)
    assert source.companions["ids"].tolist() == ["run_0", "run_1"]
    np.testing.assert_allclose(source.run(1), expected(2.0), rtol=1e-6, atol=1e-7)


def test_exodus_files_are_runs(tmp_path: Path) -> None:
    for run in range(2):
        writer = vtkExodusIIWriter()
        writer.SetInputData(grid(run + 1.0, 0.0).triangulate())  # it knows no pixels
        writer.SetFileName(str(tmp_path / f"run_{run}.exo"))
        writer.Write()
    source = open_runs(tmp_path, RunPart(["T", "U", "rho"]))
    assert source.shape == (2, 1, 12, 5)
    assert set(open_runs(tmp_path).companions["variables"]) == {"T", "U_x", "U_y", "U_z", "rho"}
    assert source.mesh is not None
    assert source.mesh.coords is not None
    x = source.mesh.coords[:, 0]
    np.testing.assert_allclose(source.run(1)[0, :, 0], 2 * np.sin(x), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(source.run(1)[0, :, 1], 2 * x, rtol=1e-6)


def test_nodes_of_exodus_files_stay_where_the_mesh_has_them(tmp_path: Path) -> None:
    made = grid(1.0, 0.5).triangulate()
    writer = vtkExodusIIWriter()
    writer.SetInputData(made)
    writer.SetFileName(str(tmp_path / "run.exo"))
    writer.Write()
    # The writer leaves displacements out, so another field gets their name.
    with netcdf_file(tmp_path / "run.exo", "a", mmap=False) as file:
        names = file.variables["name_nod_var"]
        for number, name in enumerate(names[:]):
            text = name.tobytes().rstrip(b"\0")
            if text in {b"UX", b"UY", b"UZ"}:
                renamed = (b"DISPL" + text[1:]).ljust(names.shape[1], b"\0")
                names[number] = np.frombuffer(renamed, "S1")
    source = open_runs(tmp_path, RunPart(["DISPL"]))
    assert source.mesh is not None
    assert source.mesh.coords is not None
    # The displacement of the file is (x, y, 0.5).
    assert source.mesh.coords.max(axis=0).tolist() == [1.5, 0.5, 0.0]
    np.testing.assert_array_equal(source.run(0)[0, :, :2], source.mesh.coords[:, :2])


def test_single_files_are_steady_runs(tmp_path: Path) -> None:
    for run in range(2):
        grid(run + 1.0, 0.0).save(tmp_path / f"plate{run}.vtu")
    source = open_runs(tmp_path)
    assert source.shape == (2, 1, 12, 5)
    assert source.companions["ids"].tolist() == ["plate0", "plate1"]
    assert open_source(tmp_path / "plate1.vtu").__enter__().shape == (1, 1, 12, 5)


@pytest.mark.parametrize(
    ("fields", "names", "columns"),
    [
        (["U"], ["U_x", "U_y", "U_z"], [1, 2, 3]),
        (["rho", "U_y"], ["rho", "U_y"], [4, 2]),
        (["T"], ["T"], [0]),
    ],
)
def test_fields_and_components_can_be_chosen(
    tmp_path: Path, fields: list[str], names: list[str], columns: list[int]
) -> None:
    write_numbered(tmp_path / "run", 2.0)
    source = open_runs(tmp_path, RunPart(fields))
    assert source.companions["variables"].tolist() == names
    np.testing.assert_allclose(source.run(0), expected(2.0)[..., columns], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("part", "steps"),
    [
        (RunPart(start=0.5), [1, 2]),
        (RunPart(end=0.5), [0, 1]),
        (RunPart(start=0.1, end=0.9), [1]),
        (RunPart(every=2), [0, 2]),
        (RunPart(start=0.5, every=2), [1]),
    ],
)
def test_a_part_of_the_times_can_be_chosen(tmp_path: Path, part: RunPart, steps: list[int]) -> None:
    write_pvd(tmp_path / "run/all.pvd", 2.0)
    source = open_runs(tmp_path, part)
    np.testing.assert_array_equal(source.companions["times"], np.array(TIMES)[steps])
    np.testing.assert_allclose(source.run(0), expected(2.0)[steps], rtol=1e-6, atol=1e-7)


def test_times_that_are_not_there(tmp_path: Path) -> None:
    write_pvd(tmp_path / "run/all.pvd", 2.0)
    with pytest.raises(
        UserError, match=r"all\.pvd: has no timestep in the wanted span .* its times are 0 to 1"
    ):
        open_runs(tmp_path, RunPart(start=5.0))


@pytest.mark.parametrize(
    ("kind", "convert"),
    [
        (".vtk", lambda image: image),
        (".vti", lambda image: image),
        (".vtr", lambda image: image.cast_to_rectilinear_grid()),
        (".vts", lambda image: image.cast_to_structured_grid()),
        (".vtp", lambda image: image.extract_surface(algorithm="dataset_surface")),
    ],
)
def test_other_files_of_vtk_are_timesteps_too(
    tmp_path: Path, kind: str, convert: Callable[..., Any]
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for step in range(2):
        image = pyvista.ImageData(dimensions=(4, 3, 1), spacing=(0.5, 0.25, 1.0))
        points: np.ndarray = np.asarray(image.points)
        image.point_data["T"] = np.sin(points[:, 0] + step)
        convert(image).save(folder / f"result_{step}{kind}")
    source = open_runs(tmp_path, RunPart(["T"]))
    assert source.shape == (1, 2, 12, 1)
    assert source.mesh is not None
    assert source.mesh.coords is not None
    for step in range(2):
        np.testing.assert_allclose(
            source.run(0)[step, :, 0], np.sin(source.mesh.coords[:, 0] + step), atol=1e-6
        )


def test_what_no_run_has_is_said_with_what_it_has(tmp_path: Path) -> None:
    write_numbered(tmp_path / "run", 2.0)
    with pytest.raises(UserError, match="run: has no 'p'; its fields are T, U, rho"):
        open_runs(tmp_path, RunPart(["T", "p"]))


def _shifted(amplitude: float, time: float) -> pyvista.UnstructuredGrid:
    made = grid(amplitude, time)
    made.points[3] += 0.01
    return made


def _smaller(amplitude: float, time: float) -> pyvista.UnstructuredGrid:
    return grid(amplitude, time).extract_cells(range(3))


def _without_velocity(amplitude: float, time: float) -> pyvista.UnstructuredGrid:
    made = grid(amplitude, time)
    del made.point_data["U"]
    return made


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (_shifted, r"run_1: its nodes are up to 0\.01 away from those of .*run_0"),
        (_smaller, "run_1: 8 nodes, but 12 in .*run_0"),
        (
            _without_velocity,
            "run_1: has no 'U', which 1 of 2 compared runs have: the fields .* --fields T,rho",
        ),
    ],
)
def test_a_run_that_is_not_like_the_first_is_named(tmp_path: Path, make: Grid, told: str) -> None:
    write_numbered(tmp_path / "run_0", 1.0)
    write_numbered(tmp_path / "run_1", 1.0, make)
    with pytest.raises(UserError, match=told):
        open_runs(tmp_path).run(1)


def test_a_run_that_ended_early_is_named(tmp_path: Path) -> None:
    for run in range(2):
        write_numbered(tmp_path / f"run_{run}", 1.0)
    (tmp_path / "run_1/result_2.vtu").unlink()
    told = r"run_1: 2 timesteps, up to 1, but 3, up to 2, in .*ended early"
    assert re.search(told, open_runs(tmp_path).problems[1])
    with pytest.raises(UserError, match=told):
        open_runs(tmp_path).run(1)


def test_other_times_are_named(tmp_path: Path) -> None:
    for run in range(2):
        write_numbered(tmp_path / f"run_{run}", 1.0)
    (tmp_path / "run_1/result_1.vtu").rename(tmp_path / "run_1/result_1.5.vtu")
    assert re.search(
        r"run_1: timestep 1 is at 1\.5, in .*run_0 at 1", open_runs(tmp_path).problems[1]
    )


@pytest.mark.parametrize(
    "content", [b"", b"binary garbage\x00\xff", b"<?xml version='1.0'?><VTKFile type='Unstr"]
)
def test_a_damaged_file_is_named_without_pages_of_vtk(
    tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    for run in range(2):
        write_numbered(tmp_path / f"run_{run}", 1.0)
    damaged = tmp_path / "run_1/result_1.vtu"
    damaged.write_bytes(content)
    with pytest.raises(UserError, match=r"result_1\.vtu"):
        open_runs(tmp_path).run(1)
    assert capfd.readouterr() == ("", "")


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    write_numbered(tmp_path / "run", 1.0)
    file = tmp_path / "run/result_2.vtu"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(UserError, match=r"result_2\.vtu: cannot be read"):
        open_runs(tmp_path).run(0)


def test_what_lies_outside_is_not_read(tmp_path: Path) -> None:
    write_pvd(tmp_path / "secret/all.pvd", 1.0)
    runs = tmp_path / "runs"
    write_pvd(runs / "run_0/all.pvd", 1.0)
    collection = runs / "run_0/all.pvd"
    collection.write_text(collection.read_text().replace("all_1.vtu", "../../secret/all_1.vtu"))
    with pytest.raises(UserError, match="outside of its folder"):
        open_runs(runs)
    collection.unlink()
    (runs / "run_1").symlink_to(tmp_path / "secret")
    assert "run_1: a link out of" in open_runs(runs).problems[1]
    (runs / "run_1").unlink()
    (runs / "run_0/all_1.vtu").unlink()
    (runs / "run_0/all_1.vtu").symlink_to(tmp_path / "secret/all_1.vtu")
    with pytest.raises(UserError, match=r"all_1\.vtu: a link out of"):
        open_runs(runs)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([], "a folder, but no Zarr data and no runs"),
        (["a/first.vtu", "a/second.vtu"], r"holds 2 series of files, .*--pattern 'first\.vtu'"),
    ],
)
def test_folders_that_are_no_runs(tmp_path: Path, names: list[str], told: str) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        grid(1.0, 0.0).save(tmp_path / name)
    with pytest.raises(UserError, match=told):
        open_runs(tmp_path)

"""Timesteps of a run and their times: the order of the rules, restarts, parts and series."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvista

from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.one_run import open_series
from simulgenvae.data.readers.runs.series import RunPart, Series
from simulgenvae.errors import UserError


def _write(path: Path, value: float, time: float | None = None, at: float = 0.0) -> Path:
    """Write a plate of 9 nodes whose T is ``value`` everywhere."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = pyvista.ImageData(dimensions=(3, 3, 1), origin=(at, 0, 0))
    made = image.cast_to_unstructured_grid()
    made["T"] = np.full(9, value)
    if time is not None:
        made.add_field_data([time], "TimeValue")
    made.save(path)
    return path


def _collection(path: Path, entries: Sequence[tuple[Any, str]], more: str = "") -> None:
    lines = "".join(f'<DataSet timestep="{t}" file="{name}" {more}/>' for t, name in entries)
    path.write_text(f'<VTKFile type="Collection"><Collection>{lines}</Collection></VTKFile>')


def _series(path: Path, entries: Sequence[tuple[Any, str]]) -> None:
    files = [{"name": name} | ({} if t is None else {"time": t}) for t, name in entries]
    path.write_text(json.dumps({"file-series-version": "1.0", "files": files}))


def _found(series: Series) -> list[tuple[float, float]]:
    """Return the time and the value of each timestep."""
    return [
        (float(time), float(series.read(step).fields["T"][0]))
        for step, time in enumerate(series.times)
    ]


def _notes(series: Series) -> str:
    series.read(0)
    return "\n".join(series.notes())


def test_a_collection_counts_before_times_inside(tmp_path: Path) -> None:
    for step in range(3):
        _write(tmp_path / f"r/f_{step}.vtu", step, time=10.0 * step)
    _collection(tmp_path / "r/all.pvd", [(0.1 * k, f"f_{k}.vtu") for k in range(3)])
    series = open_series(tmp_path / "r")
    assert _found(series) == [(0.0, 0), (0.1, 1), (0.2, 2)]
    assert "f_1.vtu at 0.1, the file itself says 10" in _notes(series)


@pytest.mark.parametrize("ending", [".vtu", ".vtm"])
def test_a_series_of_paraview(tmp_path: Path, ending: str) -> None:
    times = [0.0, 0.1 + 0.2, 0.5]
    for step in range(3):
        file = _write(tmp_path / f"r/f{step}.vtu", step)
        if ending == ".vtm":
            pyvista.MultiBlock([pyvista.read(file)]).save(tmp_path / f"r/f{step}.vtm")
            file.unlink()
    _series(tmp_path / f"r/f{ending}.series", [(t, f"f{k}{ending}") for k, t in enumerate(times)])
    assert _found(open_series(tmp_path / "r")) == [(t, k) for k, t in enumerate(times)]


def test_collections_without_times_are_in_their_order(tmp_path: Path) -> None:
    for step in range(2):
        _write(tmp_path / f"r/f{step}.vtu", step)
    _series(tmp_path / "r/f.vtu.series", [(None, "f1.vtu"), (None, "f0.vtu")])
    series = open_series(tmp_path / "r")
    assert _found(series) == [(0, 1), (1, 0)]
    assert "times are the order of the files" in _notes(series)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"files": [1]}', '{"files": ["a"]}'])
def test_a_damaged_series_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "f.vtu.series").write_text(content)
    with pytest.raises(UserError, match=r"f\.vtu\.series: (is no series|named \.series)"):
        open_series(tmp_path / "f.vtu.series")


def test_runs_with_their_timesteps_in_one_folder(tmp_path: Path) -> None:
    for run in range(2):
        for step in range(3):
            _write(tmp_path / f"r{run}_{step}.vtu", 10 * run + step)
        _series(tmp_path / f"r{run}.vtu.series", [(k, f"r{run}_{k}.vtu") for k in range(3)])
    source = open_runs(tmp_path)
    assert source.companions["ids"].tolist() == ["r0", "r1"]
    assert source.run(1)[:, 0, 0].tolist() == [10, 11, 12]


def test_a_file_outside_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "secret.vtu", 1)
    (tmp_path / "r").mkdir()
    _series(tmp_path / "r/f.vtu.series", [(0, "../secret.vtu")])
    with pytest.raises(UserError, match="outside of its folder"):
        open_series(tmp_path / "r")


def test_times_inside_count_before_numbers_in_names(tmp_path: Path) -> None:
    times = [0.0, 0.1 + 0.2, 0.25]
    for step, time in zip((0, 10, 40), times, strict=True):
        _write(tmp_path / f"r/f_{step:03d}.vtu", step, time)
    series = open_series(tmp_path / "r")
    assert _found(series) == [(0.0, 0), (0.25, 40), (times[1], 10)]
    assert "times are those inside the files" in _notes(series)


@pytest.mark.parametrize(
    ("inside", "said"), [((None, 0.5), "others have none"), ((0.0, 0.0), "the same in all")]
)
def test_times_inside_that_do_not_tell(
    tmp_path: Path, inside: tuple[float | None, float], said: str
) -> None:
    for step, time in enumerate(inside):
        _write(tmp_path / f"r/f_{step}.vtu", step, time)
    series = open_series(tmp_path / "r")
    assert _found(series) == [(0, 0), (1, 1)]
    assert said in _notes(series)


def test_one_timestep_is_steady(tmp_path: Path) -> None:
    for run in range(2):
        _write(tmp_path / f"r{run}/final_{1200 + run}.vtu", run, time=500.0 + run)
    source = open_runs(tmp_path)
    assert source.problems == {}
    assert source.companions["times"].tolist() == [0]
    assert source.notes == ("one timestep: a steady run, at time 0 (not the time inside the file)",)


def test_a_restart_in_a_collection(tmp_path: Path) -> None:
    times = [0, 0.1, 0.1 + 0.2, 0.1, 0.3, 0.5]
    for step in range(6):
        _write(tmp_path / f"r/f{step}.vtu", step)
    _collection(tmp_path / "r/s.pvd", [(t, f"f{k}.vtu") for k, t in enumerate(times)])
    series = open_series(tmp_path / "r")
    # 0.1 + 0.2 and 0.3 are one time; the first of them names it.
    assert [value for _, value in _found(series)] == [0, 3, 4, 5]
    np.testing.assert_allclose(series.times, [0, 0.1, 0.3, 0.5], rtol=1e-15)
    assert "the later one counts, at '0.1', '0.3'" in _notes(series)


def test_a_restart_under_another_name(tmp_path: Path) -> None:
    names = ["a0.vtu", "a1.vtu", "a2.vtu", "again_1.vtu", "again_2.vtu"]
    for step, name in enumerate(names):
        _write(tmp_path / "r" / name, step)
    entries = list(zip([0, 1, 2, 1, 3], names, strict=True))
    _collection(tmp_path / "r/s.pvd", entries)
    assert _found(open_series(tmp_path / "r")) == [(0, 0), (1, 3), (2, 2), (3, 4)]


def test_parts_of_a_timestep(tmp_path: Path) -> None:
    entries = []
    for step in range(2):
        for name, at in (("fluid", 0.0), ("solid", 5.0)):
            _write(tmp_path / f"r/{name}_{step}.vtu", step, at=at)
            entries.append((step, f"{name}_{step}.vtu"))
    _collection(tmp_path / "r/s.pvd", entries)
    series = open_series(tmp_path / "r")
    assert len(series.read(1).coords) == 18
    assert "fluid (9 nodes)" in _notes(series)
    solid = open_series(tmp_path / "r", RunPart(blocks=("sol*",)))
    assert solid.read(1).coords[:, 0].min() == 5


def test_pieces_that_come_as_timesteps_are_refused(tmp_path: Path) -> None:
    names = [f"f_{step}_{piece}.vtu" for step in range(2) for piece in range(2)]
    for name in names:
        _write(tmp_path / "r" / name, 1.0)
    _collection(tmp_path / "r/s.pvd", [(int(name[2]), name) for name in names])
    with pytest.raises(UserError, match="every time 2 times"):
        open_series(tmp_path / "r")


def test_pieces_of_a_partition_are_no_timesteps(tmp_path: Path) -> None:
    for step in range(2):
        pieces = ""
        for piece in range(2):
            _write(tmp_path / f"r/f_{step:04d}.{piece}.vtu", step, 0.5 * step, at=2.0 * piece)
            pieces += f'<Piece Source="f_{step:04d}.{piece}.vtu"/>'
        (tmp_path / f"r/f_{step:04d}.pvtu").write_text(
            '<VTKFile type="PUnstructuredGrid" version="0.1"><PUnstructuredGrid GhostLevel="0">'
            '<PPointData><PDataArray type="Float64" Name="T"/></PPointData><PPoints>'
            '<PDataArray type="Float32" NumberOfComponents="3"/></PPoints>'
            f"{pieces}</PUnstructuredGrid></VTKFile>"
        )
    series = open_series(tmp_path / "r")
    assert _found(series) == [(0, 0), (0.5, 1)]
    assert len(series.read(0).coords) == 15


def test_folders_named_by_their_times(tmp_path: Path) -> None:
    for step, name in enumerate(("0", "5e-05", "0.1")):
        _write(tmp_path / f"runs/r0/{name}/plane.vtu", step)
        _write(tmp_path / f"runs/r1/{name}/plane.vtu", 10 + step)
    source = open_runs(tmp_path / "runs")
    assert source.companions["times"].tolist() == [0, 5e-5, 0.1]
    assert source.run(1)[:, 0, 0].tolist() == [10, 11, 12]
    _write(tmp_path / "runs/r0/0.1/wall.vtu", 1, at=3)
    with pytest.raises(
        UserError, match=r"'plane\.vtu', 'wall\.vtu' at time 0\.1, but 'plane\.vtu' at"
    ):
        open_series(tmp_path / "runs/r0")
    assert len(open_series(tmp_path / "runs/r0", RunPart(pattern="plane*")).times) == 3


def test_two_series_in_a_folder(tmp_path: Path) -> None:
    for step in range(2):
        for name, at in (("Fluid", 0.0), ("Solid", 5.0)):
            _write(tmp_path / f"r/{name}.dt{step}.vtu", step, at=at)
    with pytest.raises(UserError, match=r"2 series .*Fluid\.dt\*\.vtu \(2 files\).*--pattern"):
        open_series(tmp_path / "r")
    series = open_series(tmp_path / "r", RunPart(pattern="Solid*"))
    assert _found(series) == [(0, 0), (1, 1)]
    assert series.read(0).coords[:, 0].min() == 5
    with pytest.raises(UserError, match="fits --pattern 'Gas"):
        open_series(tmp_path / "r", RunPart(pattern="Gas*"))


def test_the_pattern_chooses_among_files_that_are_runs(tmp_path: Path) -> None:
    for run in range(2):
        _write(tmp_path / f"r{run}.vtu", run)
        surface = pyvista.read(tmp_path / f"r{run}.vtu").extract_surface(
            algorithm="dataset_surface"
        )
        surface.save(tmp_path / f"r{run}.vtp")
    with pytest.raises(UserError, match="r0"):
        open_runs(tmp_path)
    assert open_runs(tmp_path, RunPart(pattern="*.vtu")).shape == (2, 1, 9, 1)


def test_pieces_beside_files_of_runs_are_no_runs(tmp_path: Path) -> None:
    for run in range(2):
        _write(tmp_path / f"r{run}_0.vtu", run)
        (tmp_path / f"r{run}.pvtu").write_text(
            '<VTKFile type="PUnstructuredGrid" version="0.1"><PUnstructuredGrid GhostLevel="0">'
            '<PPointData><PDataArray type="Float64" Name="T"/></PPointData><PPoints>'
            '<PDataArray type="Float32" NumberOfComponents="3"/></PPoints>'
            f'<Piece Source="r{run}_0.vtu"/></PUnstructuredGrid></VTKFile>'
        )
    source = open_runs(tmp_path)
    assert source.companions["ids"].tolist() == ["r0", "r1"]
    assert source.run(1)[0, 0, 0] == 1


def test_files_that_a_collection_does_not_name_are_said(tmp_path: Path) -> None:
    for name in ("f0", "f1", "other"):
        _write(tmp_path / f"r/{name}.vtu", 1)
    _collection(tmp_path / "r/s.pvd", [(0, "f0.vtu"), (1, "f1.vtu")])
    _series(tmp_path / "r/s.vtu.series", [(0, "f0.vtu"), (5, "f1.vtu")])
    (tmp_path / "r/._f0.vtu").write_bytes(b"of macOS")
    series = open_series(tmp_path / "r")
    assert "not read: 's.vtu.series', 'other.vtu'; read: 's.pvd'" in _notes(series)
    assert series.times.tolist() == [0, 1]


def test_hidden_files_of_other_systems_are_no_timesteps(tmp_path: Path) -> None:
    for step in range(2):
        _write(tmp_path / f"r/f_{step}.vtu", step)
        (tmp_path / f"r/._f_{step}.vtu").write_bytes(b"of macOS")
    (tmp_path / "._r.vtu").write_bytes(b"of macOS")
    assert open_runs(tmp_path).shape == (1, 2, 9, 1)


def test_blocks_that_are_timesteps(tmp_path: Path) -> None:
    blocks = pyvista.MultiBlock()
    for step, time in enumerate((0.0, 0.25)):
        blocks.append(pyvista.read(_write(tmp_path / "f.vtu", step, time)), f"Frame{step}")
    (tmp_path / "f.vtu").unlink()
    blocks.save(tmp_path / "r.vtm")
    series = open_series(tmp_path / "r.vtm")
    assert _found(series) == [(0, 0), (0.25, 1)]
    assert "the blocks are timesteps" in _notes(series)
    assert _found(open_series(tmp_path / "r.vtm", RunPart(blocks=("Frame1",)))) == [(0, 1)]


def test_an_empty_collection(tmp_path: Path) -> None:
    _collection(tmp_path / "s.pvd", [])
    with pytest.raises(UserError, match=r"s\.pvd: names no files, so that the run has no timestep"):
        open_series(tmp_path / "s.pvd")


@pytest.mark.parametrize("time", ["soon", "nan"])
def test_times_that_are_no_numbers(tmp_path: Path, time: str) -> None:
    _write(tmp_path / "f0.vtu", 0)
    _collection(tmp_path / "s.pvd", [(time, "f0.vtu")])
    with pytest.raises(UserError, match=r"s\.pvd.*(no number|not finite)"):
        open_series(tmp_path / "s.pvd")

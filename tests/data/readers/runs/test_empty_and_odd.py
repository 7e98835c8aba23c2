"""Results without timesteps or values, and errors from inside a library: each has its message."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import pyvista
import scipy.io

from simulgenvae.data.readers.runs import RUN_FORMATS
from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.one_run import open_series
from simulgenvae.data.readers.runs.run_format import RunFormat, register_run_formats
from simulgenvae.data.readers.runs.series import RunPart, Series, Snapshot
from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh


def _write_exodus_mesh(path: Path) -> None:
    """Write one hexahedron without a timestep, as mesh generators do."""
    with scipy.io.netcdf_file(path, "w", version=2) as file:
        file.api_version = np.float32(5.14)
        file.version = np.float32(5.14)
        file.floating_point_word_size = np.int32(8)
        file.file_size = np.int32(1)
        file.title = "mesh"
        file.createDimension("time_step", None)
        sizes = {"len_string": 33, "len_line": 81, "four": 4, "num_dim": 3, "num_nodes": 8}
        sizes |= {"num_elem": 1, "num_el_blk": 1, "num_el_in_blk1": 1, "num_nod_per_el1": 8}
        for name, size in sizes.items():
            file.createDimension(name, size)
        file.createVariable("time_whole", "d", ("time_step",))
        file.createVariable("eb_status", "i", ("num_el_blk",))[:] = 1
        blocks = file.createVariable("eb_prop1", "i", ("num_el_blk",))
        blocks[:] = 1
        blocks.name = "ID"
        for axis in range(3):
            name = f"coord{'xyz'[axis]}"
            corners = [[0, 1, 1, 0, 0, 1, 1, 0], [0, 0, 1, 1, 0, 0, 1, 1], [0, 0, 0, 0, 1, 1, 1, 1]]
            file.createVariable(name, "d", ("num_nodes",))[:] = corners[axis]
        cells = file.createVariable("connect1", "i", ("num_el_in_blk1", "num_nod_per_el1"))
        cells[:] = np.arange(1, 9)[None]
        cells.elem_type = "HEX8"


def test_exodus_without_timesteps(tmp_path: Path) -> None:
    _write_exodus_mesh(tmp_path / "run.e")
    with pytest.raises(UserError, match=r"run\.e: a mesh without timesteps"):
        open_runs(tmp_path)


def test_a_mesh_alone(tmp_path: Path, box: SimpleNamespace) -> None:
    made = box.block(1.0, 0.0)
    made.clear_data()
    made.save(tmp_path / "run.vtu")
    with pytest.raises(UserError, match=r"run\.vtu: holds no numbers at nodes or cells"):
        open_runs(tmp_path / "run.vtu")


def test_blocks_without_content(tmp_path: Path) -> None:
    pyvista.MultiBlock({"a": pyvista.UnstructuredGrid()}).save(tmp_path / "run.vtm")
    with pytest.raises(UserError, match="has no block with nodes"):
        open_runs(tmp_path / "run.vtm")


@pytest.fixture
def odd_format() -> Any:
    """Register a format whose library fails at timestep 1, without a message."""

    def read(step: int) -> Snapshot:
        if step == 1:
            raise AssertionError
        return Snapshot(np.zeros((2, 1)), {"T": np.zeros(2)})

    def open_odd(path: Path) -> Series:
        if path.stem == "unopened":
            raise ZeroDivisionError("division by zero")
        return Series(path, np.array([0.0, 0.5]), read, lambda: Mesh(np.zeros((2, 1))))

    before = dict(RUN_FORMATS)
    register_run_formats(RunFormat(name="Odd", open=open_odd, suffixes=(".odd",)))
    yield
    RUN_FORMATS.clear()
    register_run_formats(*before.values())


@pytest.mark.usefixtures("odd_format")
def test_an_error_of_a_library_names_file_and_timestep(tmp_path: Path) -> None:
    for name in ("a", "unopened"):
        (tmp_path / f"{name}.odd").touch()
    with pytest.raises(UserError, match=r"a\.odd, timestep 1 \(time 0\.5\): cannot be read: Asser"):
        open_runs(tmp_path)
    (tmp_path / "a.odd").unlink()
    with pytest.raises(UserError, match=r"unopened\.odd: cannot be read: ZeroDivisionError: divis"):
        open_runs(tmp_path)


@pytest.mark.usefixtures("odd_format")
def test_blocks_of_a_format_without_blocks(tmp_path: Path) -> None:
    (tmp_path / "a.odd").touch()
    with pytest.raises(UserError, match="Odd has no blocks"):
        open_series(tmp_path / "a.odd", RunPart(blocks=("x",)))


def test_times_that_occur_again_in_any_format(tmp_path: Path) -> None:
    from simulgenvae.data.readers.runs.one_run import in_order

    times = np.array([0.0, 1.0, 2.0, 1.0, 2.0, 3.0])
    series = Series(
        tmp_path,
        times,
        lambda step: Snapshot(np.zeros((1, 1)), {"T": np.array([float(step)])}),
        lambda: Mesh(np.zeros((1, 1))),
    )
    ordered = in_order(series)
    assert ordered.times.tolist() == [0, 1, 2, 3]
    assert [ordered.read(step).fields["T"][0] for step in range(4)] == [0, 3, 4, 5]
    assert "the later one counts, at '1', '2'" in ordered.notes()[0]

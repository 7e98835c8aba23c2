"""VTKHDF files, written by VTK's own writer."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest
import pyvista
from vtkmodules.vtkIOHDF import vtkHDFWriter

from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.errors import UserError


def _write(path: Path, source: Any) -> None:
    writer = vtkHDFWriter()
    writer.SetFileName(str(path))
    if isinstance(source, pyvista.DataObject):
        writer.SetInputData(source)
    else:
        writer.SetInputConnection(source.GetOutputPort())
        writer.SetWriteAllTimeSteps(True)
    assert writer.Write()


def test_all_times_of_an_unstructured_grid(tmp_path: Path, box: SimpleNamespace) -> None:
    for run in range(2):
        transient = box.transient(
            lambda time, run=run: box.block(run + 1.0, time), "vtkUnstructuredGrid"
        )
        _write(tmp_path / f"run{run}.vtkhdf", transient)
    source = open_runs(tmp_path)
    assert source.shape == (2, 3, 24, 5)
    names = source.companions["variables"].tolist()
    columns = [names.index(name) for name in ("T", "U_x", "U_y", "U_z", "rho")]
    np.testing.assert_array_equal(source.companions["times"], box.times)
    for run in range(2):
        for step, time in enumerate(box.times):
            values = source.run(run)[step][:, columns]
            np.testing.assert_allclose(values, box.expected(run + 1.0, time), rtol=1e-6, atol=1e-7)
    box.assert_mesh(source)
    np.testing.assert_array_equal(source.mesh.coords, box.block(1.0, 0.0).points)


def test_all_times_of_several_blocks(tmp_path: Path, box: SimpleNamespace) -> None:
    def blocks(time: float) -> pyvista.MultiBlock:
        return pyvista.MultiBlock([box.block(1.0, time), box.block(2.0, time, 10.0)])

    _write(tmp_path / "run.vtkhdf", box.transient(blocks, "vtkMultiBlockDataSet"))
    source = open_runs(tmp_path / "run.vtkhdf")
    assert source.shape == (1, 3, 48, 5)
    temperature = source.companions["variables"].tolist().index("T")
    for step, time in enumerate(box.times):
        both = np.concatenate([box.expected(1.0, time)[:, 0], box.expected(2.0, time, 10.0)[:, 0]])
        np.testing.assert_allclose(source.run(0)[step][:, temperature], both, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("kind", ["grid", "surface", "image"])
def test_static_files_are_steady_runs(tmp_path: Path, box: SimpleNamespace, kind: str) -> None:
    data = {
        "grid": box.block(2.0, 0.5),
        "surface": box.block(2.0, 0.5).extract_surface(algorithm="dataset_surface"),
        "image": pyvista.ImageData(dimensions=(4, 3, 2)),
    }[kind]
    data.point_data["p"] = np.arange(24.0)
    _write(tmp_path / "run.vtkhdf", data)
    source = open_runs(tmp_path / "run.vtkhdf")
    pressure = source.companions["variables"].tolist().index("p")
    np.testing.assert_array_equal(source.run(0)[0, :, pressure], data.point_data["p"])


@pytest.mark.parametrize("kept", [0, 8, 100, 0.5])
def test_a_truncated_file_is_named(tmp_path: Path, box: SimpleNamespace, kept: float) -> None:
    file = tmp_path / "run.vtkhdf"
    _write(file, box.block(1.0, 0.0))
    file.write_bytes(file.read_bytes()[: int(kept if kept != 0.5 else file.stat().st_size / 2)])
    with pytest.raises(UserError, match=r"run\.vtkhdf"):
        open_runs(file)


@pytest.mark.parametrize("kind", ["link", "external", "virtual"])
def test_values_in_other_files_are_not_read(
    tmp_path: Path, box: SimpleNamespace, kind: str
) -> None:
    with h5py.File(tmp_path / "secret.h5", "w") as secret:
        secret["T"] = np.arange(24.0)
    file = tmp_path / "run.vtkhdf"
    _write(file, box.block(1.0, 0.0))
    with h5py.File(file, "r+") as content:
        fields = content["VTKHDF/PointData"]
        del fields["T"]
        if kind == "link":
            fields["T"] = h5py.ExternalLink("secret.h5", "/T")
        elif kind == "external":
            fields.create_dataset(
                "T", (24,), "f8", external=[(str(tmp_path / "secret.h5"), 0, 192)]
            )
        else:
            layout = h5py.VirtualLayout((24,), "f8")
            layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "T", (24,))
            fields.create_virtual_dataset("T", layout)
    with pytest.raises(UserError, match="other file"):
        open_runs(file)


def test_links_within_the_file_are_followed(tmp_path: Path, box: SimpleNamespace) -> None:
    file = tmp_path / "run.vtkhdf"
    _write(file, box.block(1.0, 0.0))
    with h5py.File(file, "r+") as content:
        content["VTKHDF/PointData/again"] = h5py.SoftLink("/VTKHDF/PointData/T")
    assert "again" in open_runs(file).companions["variables"].tolist()

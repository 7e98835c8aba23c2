"""VTK's older files in text that are cut short."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvista

from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.errors import UserError


@pytest.mark.parametrize("kind", ["scalars", "vectors", "components", "several"])
def test_truncated_values_are_named(tmp_path: Path, kind: str) -> None:
    grid = pyvista.ImageData(dimensions=(2, 2, 2)).cast_to_unstructured_grid()
    values = np.arange(24.0).reshape(8, 3) + 0.25
    if kind == "scalars":
        grid.point_data["T"] = values[:, 0]
    elif kind == "vectors":
        grid.point_data.set_vectors(values, "U")
    else:
        grid.point_data["A"] = values
        if kind == "several":
            grid.point_data["B"] = values[:, :2]
    file = tmp_path / "run.vtk"
    grid.save(file, binary=False)
    whole = file.read_bytes()
    complete = open_runs(file).run(0)
    assert np.isfinite(complete).all()
    # Where the last value is complete, nothing is missing.
    end = len(whole[: whole.find(b"METADATA")].rstrip()) if b"METADATA" in whole else len(whole)
    for lost in (10, 15, 25):
        file.write_bytes(whole[: end - lost])
        with pytest.raises(UserError, match=r"run\.vtk: truncated: the last array"):
            open_runs(file).run(0)


def test_binary_files_and_meshes_are_left_to_vtk(tmp_path: Path) -> None:
    grid = pyvista.ImageData(dimensions=(2, 2, 2)).cast_to_unstructured_grid()
    grid.point_data["T"] = np.arange(8.0)
    grid.save(tmp_path / "run.vtk", binary=True)
    np.testing.assert_array_equal(open_runs(tmp_path / "run.vtk").run(0)[0, :, 0], np.arange(8.0))

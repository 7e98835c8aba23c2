"""Files of a case, as the product reads them."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyvista

from benchmarks.geometry.case import GeometryCase
from benchmarks.geometry.study_files import write_study_files


def test_files_have_training_runs_and_new_designs_only(
    ovals: Callable[..., GeometryCase], tmp_path: Path
) -> None:
    case = ovals(2, 1)
    files = write_study_files(case, tmp_path)
    assert sorted(folder.name for folder in files.runs.iterdir()) == ["train_000", "train_001"]
    run = case.runs[1]
    for step, time in enumerate(case.times):
        grid = pyvista.read(files.runs / run.id / f"out_{step:03d}.vtu")
        assert grid.field_data["TimeValue"][0] == time
        np.testing.assert_array_equal(grid.points[:, :2], run.points)
        np.testing.assert_array_equal(grid.cells_dict[5], run.cells)
        for place, variable in enumerate(case.variables):
            np.testing.assert_array_equal(grid.point_data[variable], run.fields[step, :, place])
    assert [file.name for file in files.new_meshes.iterdir()] == ["test_000.vtu"]
    new = pyvista.read(files.new_meshes / "test_000.vtu")
    np.testing.assert_array_equal(new.points[:, :2], case.runs[2].points)
    # The answer must not be among the inputs.
    assert new.array_names == []
    for file, rows in ((files.parameters, case.train), (files.new, case.test)):
        with file.open(newline="") as stream:
            lines = list(csv.reader(stream))
        assert lines[0] == ["id", "stretch", "rate"]
        assert [line[0] for line in lines[1:]] == [case.runs[row].id for row in rows]
        np.testing.assert_array_equal(
            np.array([line[1:] for line in lines[1:]], dtype=float), case.table[rows]
        )

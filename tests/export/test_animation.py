"""Walks as files whose time is the step."""

from pathlib import Path

import numpy as np

from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.export import write_prediction
from simulgenvae.export.animation import along_steps, time_labels
from simulgenvae.mesh.mesh import Mesh
from tests.export.conftest import MakePrediction


def test_each_time_is_a_file_of_all_steps(
    tmp_path: Path, mesh: Mesh, make_prediction: MakePrediction
) -> None:
    walk = make_prediction(("-2", "-1", "+0", "+1"), steps=3)
    walk["time"].attrs["units"] = "s"
    write_prediction(along_steps(walk), mesh, tmp_path / "walk.vtkhdf")
    source = open_runs(tmp_path / "walk")
    assert source.companions["ids"].tolist() == time_labels(walk["time"].values)
    assert source.companions["times"].tolist() == [-2, -1, 0, 1]
    # Positions are no times, and have not their unit.
    assert "time_unit" not in source.companions
    for step in range(3):
        expected = walk["fields"].values[:, step]
        np.testing.assert_array_equal(source.run(step), expected)

"""`simulgenvae ingest` of a solver's own files: what takes a part of them, and bad runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvista

from simulgenvae.data.dataset import Dataset


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Return seven runs of a plate on three meshes, one of them damaged, and their table.

    Each run has times of its own.
    """
    for run in range(7):
        cells, folder = 4 + run % 3, tmp_path / f"runs/run_{run}"
        folder.mkdir(parents=True)
        for time in np.linspace(0, 2, 4 + run % 2):
            image = pyvista.ImageData(
                dimensions=(cells + 1, cells + 1, 1), spacing=(1 / cells, 1 / cells, 1)
            )
            image.point_data["T"] = np.asarray(image.points)[:, 0] * (1 + run) + time
            image.point_data["p"] = image.points[:, 1]
            image.save(folder / f"t_{time:.4f}.vti")
    last = sorted((tmp_path / "runs/run_4").iterdir())[-1]
    last.write_bytes(last.read_bytes()[:300])
    (tmp_path / "p.csv").write_text("id,load\n" + "\n".join(f"run_{run},{run}" for run in range(7)))
    return tmp_path / "runs"


def test_runs_on_other_meshes_at_other_times_become_a_study(cli: Any, runs: Path) -> None:
    study = runs.parent / "S"
    command = ["ingest", runs, "--params", runs.parent / "p.csv", "--fields", "T", "--study", study]
    done = cli(*command)
    assert done.code == 2
    assert "run 'run_1': " in done.err
    assert "run 'run_5': " in done.err
    assert "--resample" in done.err
    done = cli(*command, "--resample", "5")
    assert done.code == 2
    assert "36 nodes, but 25 in" in done.err
    assert "--interpolate" in done.err
    done = cli(*command, "--resample", "5", "--interpolate")
    assert done.code == 2
    assert "run_4/t_2.0000.vti" in done.err
    assert "--skip-bad" in done.err
    assert not study.exists()
    done = cli(
        *command,
        "--resample",
        "5",
        "--interpolate",
        "--skip-bad",
        "--box=-1,0.6",
        "--reference",
        "run_3",
    )
    assert done.code == 0, done.err
    assert "left out: run 'run_4'" in done.out
    assert "runs on other meshes were interpolated onto that of" in done.out
    dataset = Dataset.open(study / "input_data/dataset.zarr")
    assert dataset.ids == tuple(f"run_{run}" for run in (0, 1, 2, 3, 5, 6))
    assert dataset.mesh.coords is not None
    assert dataset.mesh.coords[:, 0].max() <= 0.6
    np.testing.assert_allclose(dataset.times, np.linspace(0, 2, 5))
    for row, run in enumerate((0, 1, 2, 3, 5, 6)):
        expected = dataset.mesh.coords[:, 0] * (1 + run) + dataset.times[:, np.newaxis]
        np.testing.assert_allclose(dataset.run(row)[..., 0], expected, atol=1e-4)
    done = cli("check", study)
    assert "left out: run 'run_4'" in done.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--resample", "5", "--every", "2"], "give one of them"),
        (["--box", "1,2,3"], "--box is '1,2,3': give xmin,xmax"),
        (["--box", "2,1"], "--box is '2,1'"),
        (["--resample", "none.csv"], "none.csv: no such file"),
        (["--reference", "run_99"], "the reference 'run_99': there is none among"),
    ],
)
def test_mistakes_are_said(cli: Any, runs: Path, arguments: list[str], told: str) -> None:
    study = runs.parent / "S"
    done = cli("ingest", runs, "--params", runs.parent / "p.csv", "--study", study, *arguments)
    assert done.code == 2
    assert told in done.err
    assert not study.exists()

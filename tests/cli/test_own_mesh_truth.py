"""Designs with meshes of their own that are solved too: error on each own mesh."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvista

from .conftest import Outcome
from .own_meshes import NEW, Kind, field, params


def solve(folder: Path, target: Path) -> None:
    """Write the runs of the new designs, on their meshes."""
    for name, length in NEW.items():
        mesh = pyvista.read(folder / f"meshes/{name}.vtu")
        (target / name).mkdir(parents=True)
        for step, values in enumerate(field(np.asarray(mesh.points), length)):
            mesh.point_data["T"] = values
            mesh.save(target / f"{name}/t_{step}.vtu")


def test_true_fields_are_those_at_the_own_nodes(
    own_mesh_study: tuple[Kind, Path], tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    kind, folder = own_mesh_study
    solve(folder, tmp_path / "solved")
    asked = [*params(kind, "new.csv", folder), "--truth", tmp_path / "solved"]
    # The meshes are those of the runs, unless the geometry is all that is known of a design.
    meshes = ["--meshes", folder / "meshes"] if kind == "alone" else []
    done = cli("predict", folder / "S", *asked, *meshes, "--out", tmp_path / "p.npz")
    assert done.code == 0, done.err
    with np.load(tmp_path / "p.npz") as found:
        for name, length in NEW.items():
            points = pyvista.read(folder / f"meshes/{name}.vtu").points
            np.testing.assert_allclose(found[f"{name}/coords"], points, atol=1e-6)
            true = field(np.asarray(points), length)
            np.testing.assert_allclose(found[f"{name}/truth"][..., 0], true, rtol=1e-5)
            error = found[f"{name}/fields"] - found[f"{name}/truth"]
            np.testing.assert_allclose(found[f"{name}/error"], error, atol=1e-4)


def test_the_error_is_that_of_the_report(
    own_mesh_study: tuple[Kind, Path], tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    kind, folder = own_mesh_study
    metrics = json.loads((folder / "S/output/metrics.json").read_text())
    run, error = next(iter(metrics["errors"]["prediction"]["test"]["per_run"].items()))
    rows = (folder / "known.csv").read_text().splitlines()
    row = next(line for line in rows if line.startswith(run))
    (tmp_path / "one.csv").write_text(f"id,length\n{row}\n")
    asked: list[object] = ["--params", tmp_path / "one.csv"]
    if kind == "alone":
        (tmp_path / "meshes").mkdir()
        shutil.copy(folder / f"runs/{run}/t_0.vtu", tmp_path / f"meshes/{run}.vtu")
        asked = ["--meshes", tmp_path / "meshes"]
    table = tmp_path / "t.json"
    for truth in (folder / "runs", folder / "S"):
        done = cli("predict", folder / "S", *asked, "--truth", truth, "--table", table)
        assert done.code == 0, done.err
        (found,) = json.loads(table.read_text())
        assert found["true_error"] == pytest.approx(error, rel=1e-2)
        table.unlink()


def test_runs_on_other_meshes_are_refused(
    own_mesh_study: tuple[Kind, Path], tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    kind, folder = own_mesh_study
    solve(folder, tmp_path / "solved")
    (tmp_path / "solved/new_0").rename(tmp_path / "new_0")
    (tmp_path / "solved/new_1").rename(tmp_path / "solved/new_0")
    (tmp_path / "new_0").rename(tmp_path / "solved/new_1")
    asked = [*params(kind, "new.csv", folder), "--truth", tmp_path / "solved"]
    done = cli("predict", folder / "S", *asked, "--meshes", folder / "meshes")
    assert done.code == 2
    assert "the nodes of the run of design 'new_0' are not those of its mesh" in done.err
    shutil.rmtree(tmp_path / "solved/new_1")
    done = cli("predict", folder / "S", *asked, "--meshes", folder / "meshes")
    assert "has no runs for the designs 'new_1'" in done.err

"""Quantities of interest of runs with meshes of their own: each is one of the run's own mesh."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvista

import simulgenvae

from .conftest import Outcome
from .own_meshes import NEW, TIMES, Kind, params


def solved(folder: Path, run: str, step: int) -> pyvista.UnstructuredGrid:
    mesh = pyvista.read(folder / f"runs/{run}/t_{step}.vtu")
    assert isinstance(mesh, pyvista.UnstructuredGrid)
    return mesh


def over_time(values: list[float]) -> float:
    """Return the mean over time by the trapezoidal rule."""
    return float(np.trapezoid(values)) / (len(values) - 1)


def measured(folder: Path, quantity: str) -> dict[str, dict[str, float]]:
    metrics = json.loads((folder / "S/output/metrics.json").read_text())
    assert metrics["quantities"]["declared"]
    assert metrics["quantities"]["calibration_runs"] > 0
    found = next(each for each in metrics["quantities"]["found"] if each["name"] == quantity)
    return dict(found["runs"])


def test_true_values_are_those_of_the_runs_on_their_meshes(
    own_mesh_study: tuple[Kind, Path],
) -> None:
    _, folder = own_mesh_study
    for run, of_heat in measured(folder, "heat").items():
        grids = [solved(folder, run, step) for step in range(TIMES)]
        heat = over_time([grid.integrate_data()["T"][0] for grid in grids])
        assert of_heat["truth"] == pytest.approx(heat, rel=1e-5)
        # That of another geometry would be wrong by what the length varies.
        assert of_heat["prediction"] == pytest.approx(heat, rel=0.02)
        right = [grid["T"][grid.points[:, 0] >= 0.5].max() for grid in grids]
        assert measured(folder, "hot")[run]["truth"] == pytest.approx(max(right), rel=1e-6)
        at = pyvista.PointSet(np.array([[0.3, 0.5, 0.0]])).sample(grids[1])
        assert measured(folder, "probe")[run]["truth"] == pytest.approx(at["T"][0], rel=1e-5)


def test_a_new_design_has_those_of_its_mesh(
    own_mesh_study: tuple[Kind, Path], tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    kind, folder = own_mesh_study
    asked = [*params(kind, "new.csv", folder), "--meshes", folder / "meshes"]
    late = ["--quantity", "late=mean(T, sphere=(0.4, 0.5, 0, 0.3))"]
    table, out = tmp_path / "t.csv", tmp_path / "p.npz"
    done = cli("predict", folder / "S", *asked, *late, "--table", table, "--out", out)
    assert done.code == 0, done.err
    assert "not calibrated" not in done.out + done.err
    model = simulgenvae.load(folder / "S")
    with table.open() as stream, np.load(out) as fields:
        for row in csv.DictReader(stream):
            name = row["id"]
            mesh = pyvista.read(folder / f"meshes/{name}.vtu")
            integrals = []
            for values in fields[f"{name}/fields"][..., 0]:
                mesh["T"] = values
                integrals.append(mesh.integrate_data()["T"][0])
            heat = next(float(row[key]) for key in row if key.startswith("heat"))
            # The mean error of validation runs is added, where it is more than chance.
            assert heat == pytest.approx(over_time(integrals), rel=5e-3)
            assert any(key.startswith("late") for key in row)
            given = None if kind == "alone" else {"length": NEW[name]}
            found = model.quantities(given, mesh=mesh)
            assert found["value"].sel(quantity="heat").item() == pytest.approx(heat, rel=1e-5)
            place = found["place"].sel(quantity="hot").values.ravel()
            assert np.linalg.norm(mesh.points - place, axis=1).min() < 1e-6


def test_without_a_mesh_they_are_those_of_the_predicted_one(
    own_mesh_study: tuple[Kind, Path],
) -> None:
    kind, folder = own_mesh_study
    model = simulgenvae.load(folder / "S")
    if kind == "alone":
        with pytest.raises(simulgenvae.UserError, match="give its mesh"):
            model.quantities(None)
        return
    found = model.quantities({"length": list(NEW.values())}, {"heat": "integral(T)"})
    for heat, length in zip(found["value"].values[:, 0], NEW.values(), strict=True):
        assert heat == pytest.approx(301.5 * length, rel=0.05)


def test_what_a_mesh_does_not_have_is_named(
    own_mesh_study: tuple[Kind, Path], tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    kind, folder = own_mesh_study
    asked = [*params(kind, "new.csv", folder), "--meshes", folder / "meshes", "--quantity"]
    done = cli("predict", folder / "S", *asked, "far=max(T, box=(0.9, 0, 0, 2, 1, 0))")
    assert done.code == 2
    assert "design 'new_1': quantity 'far': the box holds no node" in done.err
    done = cli("predict", folder / "S", *asked, "wall=max(T, set='wall')")
    assert "there is no set 'wall'" in done.err
    done = cli("predict", folder / "S", *asked, "node=max(T, node=3)")
    assert ("nodes of one number are elsewhere" in done.err) == (kind != "corresponding")
    shutil.copytree(folder / "S", tmp_path / "S")
    with (tmp_path / "S/study.toml").open("a") as stream:
        stream.write('far = "max(T, box=(1.2, 0, 0, 2, 1, 0))"\n')
    done = cli("check", tmp_path / "S")
    assert done.code == 2
    assert "quantity 'far': the box holds no node" in done.err
    assert "run 'r" in done.err


def test_what_moves_them_is_known(own_mesh_study: tuple[Kind, Path]) -> None:
    _, folder = own_mesh_study
    metrics = json.loads((folder / "S/output/metrics.json").read_text())
    indices = metrics["sensitivity"]["sobol"]["quantities"]
    assert set(indices) == {"heat", "hot", "probe"}
    # The heat is nearly the length, or the first coefficient of the shape.
    assert indices["heat"]["first"][0] > 0.8


def test_designs_are_suggested_by_them(
    own_mesh_study: tuple[Kind, Path], tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    kind, folder = own_mesh_study
    if kind == "alone":
        return
    asked = ["suggest", folder / "S", "--count", 2, "--candidates", 24]
    done = cli(*asked, "--out", tmp_path / "a.csv", "--quantity", "heat")
    assert done.code == 0, done.err
    assert "heat" in done.out
    # Only long plates have it.
    end = "end=max(T, box=(1.0, 0, 0, 2, 1, 0))"
    done = cli(*asked, "--out", tmp_path / "b.csv", "--quantity", end)
    assert done.code == 0, done.err
    assert "candidates are left out: their geometries lack the place" in done.out
    rows = csv.DictReader((tmp_path / "b.csv").read_text().splitlines())
    assert all(float(row["length"]) > 0.97 for row in rows)

"""Runs with meshes of their own, from a solver's files to a prediction on a new mesh."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvista

import simulgenvae
from simulgenvae.errors import UserError
from tests.explorer.conftest import assets, description

from .conftest import Outcome
from .own_meshes import NEW, TIMES, Kind, field, params

__all__ = ["assets"]

REMARKS: dict[Kind, str] = {
    "corresponding": "nodes elsewhere",
    "grid": "they share a grid",
    "morphing": "is morphed onto",
    "alone": "they share a grid",
}


def test_a_new_design_is_answered_on_its_mesh(
    own_mesh_study: tuple[Kind, Path], tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    kind, folder = own_mesh_study
    out = tmp_path / "p.npz"
    asked = [*params(kind, "new.csv", folder), "--meshes", folder / "meshes", "--samples", 4]
    assert cli("predict", folder / "S", *asked, "--out", out).code == 0
    with np.load(out) as found:
        assert found["ids"].tolist() == list(NEW)
        if kind != "alone":
            assert found["param_names"].tolist() == ["length"]
            np.testing.assert_array_equal(found["params"][:, 0], list(NEW.values()))
        for name, length in NEW.items():
            points = pyvista.read(folder / f"meshes/{name}.vtu").points
            np.testing.assert_allclose(found[f"{name}/coords"], points, atol=1e-6)
            fields = found[f"{name}/fields"][..., 0]
            true = field(np.asarray(points), length)
            assert np.linalg.norm(fields - true) < 0.15 * np.linalg.norm(true - true.mean())
            assert (found[f"{name}/lower"] <= found[f"{name}/upper"]).all()
            assert len(found[f"{name}/cells_triangle"]) > 0


def test_without_a_mesh_the_geometry_is_predicted(
    own_mesh_study: tuple[Kind, Path], tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    kind, folder = own_mesh_study
    out = tmp_path / "p.vtkhdf"
    done = cli("predict", folder / "S", *params(kind, "new.csv", folder), "--out", out)
    if kind == "alone":
        assert done.code == 2
        assert "give the meshes of the designs (--meshes)" in done.err
        return
    assert done.code == 0
    for name, length in NEW.items():
        mesh = pyvista.read(tmp_path / f"p/{name}.vtkhdf")
        assert mesh.area == pytest.approx(length, rel=0.03)
        assert mesh.bounds[1] == pytest.approx(length, abs=0.03)


def test_the_report_says_how_the_meshes_are_shared(own_mesh_study: tuple[Kind, Path]) -> None:
    kind, folder = own_mesh_study
    metrics = json.loads((folder / "S/output/metrics.json").read_text())
    remark = REMARKS[kind]
    assert any(remark in note for note in metrics["notes"])
    error = metrics["errors"]["prediction"]["test"]["relative_l2"]["mean"]
    floor = metrics["errors"]["projection_floor"]["test"]["relative_l2"]["mean"]
    assert 0 < floor < error < 0.3


def test_errors_are_those_at_the_own_nodes(own_mesh_study: tuple[Kind, Path]) -> None:
    _, folder = own_mesh_study
    model = simulgenvae.load(folder / "S")
    data = simulgenvae.Study.open(folder / "S").open_dataset()
    assert data.shapes is not None
    metrics = json.loads((folder / "S/output/metrics.json").read_text())
    per_run = metrics["errors"]["prediction"]["test"]["per_run"]
    run, error = next(iter(per_run.items()))
    row = data.ids.index(run)
    seen = model.surrogate.seen(data).conditions.select([row])
    placement = data.shapes.placement(row)
    predicted = model.surrogate.predict(seen)["fields"].to_numpy()[0]
    own = placement.to_own(predicted.swapaxes(0, 1).reshape(predicted.shape[1], -1))
    own = own.reshape(-1, TIMES, 1).swapaxes(0, 1)
    true = data.own_run(row)
    # The joint error divides by the deviation from the mean over the training runs.
    rows = model.surrogate.split.rows(data.ids)["train"]
    mean = np.concatenate([data.own_run(int(k)).ravel() for k in rows]).mean()
    expected = np.linalg.norm(own - true) / np.linalg.norm(true - mean)
    assert error == pytest.approx(expected, rel=1e-3)


def test_physics_are_those_of_the_own_mesh(own_mesh_study: tuple[Kind, Path]) -> None:
    _, folder = own_mesh_study
    metrics = json.loads((folder / "S/output/metrics.json").read_text())
    physics = metrics["physics"]
    run = physics["typical_run"]
    (found,) = [each for each in physics["quantities"] if each["kind"] == "integral"]
    for step, value in enumerate(found["typical"]["truth"]):
        solved: Any = pyvista.read(folder / f"runs/{run}/t_{step}.vtu")
        assert value == pytest.approx(solved.integrate_data()["T"][0], rel=1e-5)
    (total,) = [each for each in physics["quantities"] if each["kind"] == "sum"]
    first: Any = pyvista.read(folder / f"runs/{run}/t_0.vtu")
    assert total["typical"]["truth"][0] == pytest.approx(first["T"].sum(), rel=1e-5)
    assert "of each run's own mesh" in physics["weights"]["note"]


def test_the_training_ends_with_the_error_of_the_report(own_mesh_study: tuple[Kind, Path]) -> None:
    _, folder = own_mesh_study
    metrics = json.loads((folder / "S/output/metrics.json").read_text())
    error = metrics["errors"]["prediction"]["test"]["relative_l2"]["mean"]
    log = (folder / "S/output/training.log").read_text()
    said = re.search(r"On \d+ runs? it has not seen: ([\d.]+) %", log)
    assert said is not None
    # Errors near the rounding of float32 depend on how sums are made.
    assert float(said[1]) == pytest.approx(100 * error, rel=0.05, abs=1e-4)


def test_python_predicts_one_design_on_its_mesh(own_mesh_study: tuple[Kind, Path]) -> None:
    kind, folder = own_mesh_study
    model = simulgenvae.load(folder / "S")
    mesh = pyvista.read(folder / "meshes/new_0.vtu")
    given: dict[str, Any] = {} if kind == "alone" else {"length": NEW["new_0"]}
    assert model.parameters == tuple(given)
    for way in (mesh, folder / "meshes/new_0.vtu"):
        found = model.predict(given or None, mesh=way, samples=4)
        np.testing.assert_allclose(found.x, np.asarray(mesh.points)[:, 0], atol=1e-6)
        assert found.T_std.shape == found["T"].shape == (1, TIMES, mesh.n_points)
    with pytest.raises(UserError, match="mesh is of type int"):
        model.predict(given or None, mesh=3)
    if given:
        with pytest.raises(UserError, match=r"2 designs.*one by one"):
            model.predict({"length": [1.0, 1.1]})


def test_more_runs_are_learned_from(
    own_mesh_study: tuple[Kind, Path], tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    kind, folder = own_mesh_study
    shutil.copytree(folder / "S", tmp_path / "S")
    shutil.copytree(folder / "runs/r03", tmp_path / "more/r90")
    (tmp_path / "more.csv").write_text("id,length\nr90,0.9\n")
    more = [] if kind == "alone" else ["--params", tmp_path / "more.csv"]
    assert cli("ingest", tmp_path / "S", tmp_path / "more", *more, "--append").code == 0
    assert cli("train", tmp_path / "S", "--overwrite").code == 0


def test_meshes_that_do_not_belong_to_the_designs(
    own_mesh_study: tuple[Kind, Path], tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    kind, folder = own_mesh_study
    shutil.copytree(folder / "meshes", tmp_path / "meshes")
    tetrahedra = pyvista.ImageData(dimensions=(3, 3, 3)).cast_to_unstructured_grid()
    if kind == "alone":
        tetrahedra.save(tmp_path / "meshes/new_0.vtu")
        done = cli("predict", folder / "S", "--meshes", tmp_path / "meshes")
        assert "new_0.vtu: has cells of 3 dimensions" in done.err
        return
    asked = ["--params", folder / "new.csv", "--meshes", tmp_path / "meshes"]
    (tmp_path / "meshes/new_1.vtu").rename(tmp_path / "meshes/other.vtu")
    done = cli("predict", folder / "S", *asked)
    assert "no mesh for 'new_1'; no design for 'other'" in done.err
    (tmp_path / "meshes/other.vtu").rename(tmp_path / "meshes/new_1.vtu")
    tetrahedra.save(tmp_path / "meshes/new_0.vtu")
    done = cli("predict", folder / "S", *asked)
    assert "new_0.vtu: " in done.err
    assert done.code == 2


def test_a_model_with_positions_is_exported_where_nodes_move(
    own_mesh_study: tuple[Kind, Path], tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    kind, folder = own_mesh_study
    done = cli("export", folder / "S", "--out", tmp_path / "m.pt2")
    if kind in {"grid", "alone"}:
        assert done.code == 2
        assert "the runs of this study share a grid" in done.err
        return
    assert done.code == 0, done.err


def test_commands_that_know_one_mesh_only_say_so(
    own_mesh_study: tuple[Kind, Path], tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    _, folder = own_mesh_study
    done = cli("explore", "sample", folder / "S", "--out", tmp_path / "e.npz")
    assert done.code == 2
    assert "is not known where runs have meshes of their own" in done.err


@pytest.mark.usefixtures("assets")
def test_a_page_shows_the_geometry_of_a_design(
    own_mesh_study: tuple[Kind, Path], tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    kind, folder = own_mesh_study
    assert cli("export", folder / "S", "--out", tmp_path / "twin.html").code == 0
    about = description((tmp_path / "twin.html").read_bytes())
    alone = kind == "alone"
    names = [each["name"] for each in about["inputs"]]
    assert names[0] == ("shape 1" if alone else "length")
    assert about["geometry"]["kind"] == ("cut" if kind in {"grid", "alone"} else "moved")
    assert bool(about["geometry"]["note"]) == alone
    # The longest plate of the training runs.
    assert about["geometry"]["upper"][0] == pytest.approx(1.27, abs=0.2)
    assert len(about["training_ids"]) > 5


def test_designs_are_suggested_by_their_parameters(
    own_mesh_study: tuple[Kind, Path], tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    kind, folder = own_mesh_study
    done = cli("suggest", folder / "S", "--count", 2, "--out", tmp_path / "s.csv")
    if kind == "alone":
        assert "Nothing but their geometry describes the designs" in done.err
        return
    assert done.code == 0
    assert (tmp_path / "s.csv").read_text().splitlines()[0] == "id,length"


def test_a_study_with_one_mesh_takes_no_meshes(
    trained: Path, tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    (tmp_path / "m").mkdir()
    done = cli("predict", trained, "--at", "speed=0.5,size=1", "--meshes", tmp_path / "m")
    assert "all runs of this study have one mesh" in done.err

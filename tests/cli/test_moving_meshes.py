"""Meshes that move in time, from a solver's files to predictions and drawings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvista
from PIL import Image

import simulgenvae
from simulgenvae.cli.main import main

from .conftest import SETTINGS, Outcome

RUNS = 12
STEPS = 4
NEW = {"new_0": (0.9, 1.1), "new_1": (0.5, 0.8)}


def rest(length: float) -> Any:
    grid = pyvista.ImageData(dimensions=(9, 5, 1), spacing=(length / 8, 0.25, 1))
    return grid.cast_to_unstructured_grid().triangulate()


def moved(length: float, size: float, time: float) -> np.ndarray:
    points = np.asarray(rest(length).points).copy()
    points[:, 1] += 0.4 * size * np.sin(0.8 * time) * points[:, 0] ** 2
    return points


@pytest.fixture(scope="module", params=["one mesh", "geometries"])
def study(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an evaluated study, as ``S``, whose designs have a size and a length."""
    folder = tmp_path_factory.mktemp("moving")
    random = np.random.default_rng(0)
    rows = "id,size,length\n"
    is_one = request.param == "one mesh"
    for run in range(RUNS):
        size, length = random.uniform(0.4, 1.0), random.uniform(0.7, 1.3)
        (folder / f"runs/r{run:02d}").mkdir(parents=True)
        for step in range(STEPS):
            grid = rest(1.0 if is_one else length)
            grid.points = moved(1.0 if is_one else length, size, step)
            grid.point_data["T"] = 300 + 10 * np.cos(2 * grid.points[:, 0] + step + size)
            grid.save(folder / f"runs/r{run:02d}/t_{step}.vtu")
        rows += f"r{run:02d},{size},{length}\n"
    (folder / "known.csv").write_text(rows)
    new = "".join(f"{name},{size},{length}\n" for name, (size, length) in NEW.items())
    (folder / "new.csv").write_text("id,size,length\n" + new)
    (folder / "meshes").mkdir()
    for name, (_, length) in NEW.items():
        rest(1.0 if is_one else length).save(folder / f"meshes/{name}.vtu")
    (folder / "S").mkdir()
    (folder / "S/study.toml").write_text(SETTINGS.replace("12\n", "30\n"))
    for command in (
        ["ingest", folder / "S", folder / "runs", "--params", folder / "known.csv"],
        ["check", folder / "S"],
        ["train", folder / "S"],
        ["evaluate", folder / "S"],
    ):
        assert main([str(part) for part in command]) == 0, command
    return folder


def is_one_mesh(folder: Path) -> bool:
    return simulgenvae.Study.open(folder / "S").open_dataset().common is None


@pytest.mark.parametrize("suffix", [".vtkhdf", ".pvd", ".xdmf"])
def test_predictions_are_where_the_mesh_will_be(
    study: Path, tmp_path: Path, cli: Callable[..., Outcome], suffix: str
) -> None:
    meshes = [] if is_one_mesh(study) else ["--meshes", study / "meshes"]
    asked = ["predict", study / "S", "--params", study / "new.csv", *meshes]
    assert cli(*asked, "--out", tmp_path / f"p{suffix}").code == 0
    from simulgenvae.data.readers.runs.one_run import open_series

    for name, (size, length) in NEW.items():
        series = open_series(tmp_path / f"p/{name}{suffix}")
        for step in range(STEPS):
            places = moved(1.0 if is_one_mesh(study) else length, size, step)
            np.testing.assert_allclose(series.read(step).coords, places, atol=0.02)
    done = cli("inspect", tmp_path / "p")
    assert "the nodes move in time, as mesh_displacement_x, mesh_displacement_y of" in " ".join(
        done.out.split()
    )


def test_a_mesh_without_its_motion_is_at_rest(
    study: Path, tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    asked = ["predict", study / "S", "--params", study / "new.csv", "--variables", "T"]
    done = cli(*asked, "--out", tmp_path / "p.vtkhdf")
    assert done.code == 0
    assert "the mesh is written at rest: it moves by mesh_displacement_x" in " ".join(
        done.out.split()
    )


def test_a_model_in_python_moves_the_mesh(study: Path) -> None:
    size, length = NEW["new_0"]
    found = simulgenvae.load(study / "S").predict(size=size, length=length)
    places = moved(1.0 if is_one_mesh(study) else length, size, 2)
    grid = found.simulgenvae.to_pyvista(time=2)
    np.testing.assert_allclose(grid.points, places, atol=0.03)


def test_drawings_show_the_mesh_where_it_is(
    study: Path, tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    images = {}
    for name, more in {
        "moved": [],
        "warped": ["--warp", "mesh_displacement"],
        "rest": ["--warp", "mesh_displacement,0"],
    }.items():
        out = tmp_path / f"{name}.png"
        done = cli("render", study / "S", "--out", out, "--width", 400, "--run", "r00", *more)
        assert done.code == 0, done.err
        images[name] = np.asarray(Image.open(out))
    np.testing.assert_array_equal(images["moved"], images["warped"])
    assert (
        images["moved"].shape != images["rest"].shape or (images["moved"] != images["rest"]).any()
    )

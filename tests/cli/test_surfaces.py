"""Surfaces in space with meshes of their own, from a solver's files to files of surfaces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyvista

from .conftest import SETTINGS, Outcome

RUNS = 12


def body(width: float, around: int) -> Any:
    """Return an ellipsoid with a pressure on it."""
    made: Any = pyvista.Sphere(radius=1, theta_resolution=around, phi_resolution=12)
    unit = np.asarray(made.points).copy()
    made.points = unit * [width, 0.6, 0.5]
    made.clear_data()
    made.point_data["p"] = 1 - 2 * unit[:, 0] ** 2 + width * unit[:, 1]
    return made


def write_obj(mesh: Any, path: Path) -> None:
    lines = ["v {:g} {:g} {:g}".format(*point) for point in mesh.points]
    lines += ["f {} {} {}".format(*(face + 1)) for face in mesh.regular_faces]
    path.write_text("\n".join(lines))


def test_surfaces_are_predicted_on_surfaces(tmp_path: Path, cli: Callable[..., Outcome]) -> None:
    widths = np.linspace(0.7, 1.3, RUNS)
    (tmp_path / "runs").mkdir()
    for run, width in enumerate(widths):
        body(width, 14 + run % 3).save(tmp_path / f"runs/r{run}.vtp")
    rows = "".join(f"r{run},{width}\n" for run, width in enumerate(widths))
    (tmp_path / "known.csv").write_text("id,width\n" + rows)
    (tmp_path / "new.csv").write_text("id,width\nstl,0.85\nobj,0.95\nply,1.05\n")
    (tmp_path / "meshes").mkdir()
    new = {"stl": body(0.85, 17), "obj": body(0.95, 17), "ply": body(1.05, 17)}
    for name, mesh in new.items():
        path = tmp_path / f"meshes/{name}.{name}"
        if name == "obj":
            write_obj(mesh, path)
        else:
            mesh.save(path)
    study = tmp_path / "S"
    study.mkdir()
    (study / "study.toml").write_text(SETTINGS.replace("12\n", "30\n"))
    done = cli("ingest", study, tmp_path / "runs", "--params", tmp_path / "known.csv")
    assert done.code == 0, done.err
    assert "apart around their surfaces" in " ".join(done.out.split())
    assert cli("train", study).code == 0
    assert cli("evaluate", study).code == 0
    asked = ["predict", study, "--params", tmp_path / "new.csv", "--out", tmp_path / "p.vtkhdf"]
    done = cli(*asked)
    assert done.code == 2
    assert "surfaces in space, whose meshes do not follow" in done.err
    assert cli(*asked, "--meshes", tmp_path / "meshes").code == 0
    for name, mesh in new.items():
        found: Any = pyvista.read(tmp_path / f"p/{name}.vtkhdf")
        assert found.n_points == mesh.n_points
        # Files have nodes in other orders.
        true = mesh["p"][[mesh.find_closest_point(point) for point in found.points]]
        error = np.linalg.norm(found["p"] - true) / np.linalg.norm(true - true.mean())
        assert error < 0.2

"""Files of designs with meshes of their own: one for all where nodes correspond, else one each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvista
import xarray as xr

import simulgenvae
from simulgenvae.errors import UserError

from .conftest import Outcome
from .own_meshes import NEW, TIMES, Kind, params


def points(folder: Path, name: str) -> np.ndarray:
    return np.asarray(pyvista.read(folder / f"meshes/{name}.vtu").points, np.float64)


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_positions_of_all_designs_are_written(
    own_mesh_study: tuple[Kind, Path], suffix: str, tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    kind, folder = own_mesh_study
    asked = [*params(kind, "new.csv", folder), "--meshes", folder / "meshes"]
    out = tmp_path / f"p{suffix}"
    done = cli("predict", folder / "S", *asked, "--samples", 4, "--out", out)
    assert done.code == 0, done.err
    if kind == "corresponding":
        assert f"{out}: 2 designs" in done.out
        found = xr.open_dataset(out) if suffix == ".nc" else xr.open_zarr(out, consolidated=False)
        assert found.sizes["run"] == 2
        for row, name in enumerate(NEW):
            if suffix == ".nc":
                own = np.stack([found[axis].values[row] for axis in "xyz"], axis=1)
                grid = simulgenvae.to_pyvista(found, name, time=1.0)
                np.testing.assert_allclose(grid.points, points(folder, name), atol=1e-6)
                assert grid.n_cells > 0
                assert found["T"].encoding["coordinates"].split()[:3] == ["x", "y", "z"]
            else:
                own = found["coords"].values[row]
            np.testing.assert_allclose(own, points(folder, name), atol=1e-6)
        found.close()
        # It is read again.
        done = cli("predict", folder / "S", *asked, "--truth", out, "--table", tmp_path / "t.json")
        assert done.code == 0, done.err
        errors = [row["true_error"] for row in json.loads((tmp_path / "t.json").read_text())]
        assert max(errors) < 1e-6
        return
    assert f"{tmp_path / 'p'}: 2 designs, each its own {suffix} file" in done.out
    for name in NEW:
        file = tmp_path / f"p/{name}{suffix}"
        found = xr.open_dataset(file) if suffix == ".nc" else xr.open_zarr(file, consolidated=False)
        count = len(points(folder, name))
        assert (found.sizes["run"], found.sizes["time"], found.sizes["node"]) == (1, TIMES, count)
        places = found["x"] if suffix == ".nc" else found["coords"][:, 0]
        np.testing.assert_allclose(places, points(folder, name)[:, 0], atol=1e-6)
        found.close()
    # Neither is replaced unless asked.
    again = cli("predict", folder / "S", *asked, "--out", out)
    assert again.code == 2
    assert cli("predict", folder / "S", *asked, "--out", out, "--overwrite").code == 0


def test_nodes_are_chosen_where_they_correspond(
    own_mesh_study: tuple[Kind, Path], tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    kind, folder = own_mesh_study
    asked = [*params(kind, "new.csv", folder), "--meshes", folder / "meshes"]
    some = tmp_path / "some.npz"
    done = cli("predict", folder / "S", *asked, "--nodes", "3,40,7", "--out", some)
    model = simulgenvae.load(folder / "S")
    mesh = folder / "meshes/new_0.vtu"
    given = None if kind == "alone" else {"length": NEW["new_0"]}
    if kind != "corresponding":
        assert done.code == 2
        assert "of which none are chosen by numbers: leave out --nodes" in done.err
        with pytest.raises(UserError, match="none are chosen by numbers"):
            model.predict(given, mesh=mesh, nodes=[3, 40])
        return
    assert done.code == 0, done.err
    whole = tmp_path / "whole.npz"
    assert cli("predict", folder / "S", *asked, "--out", whole).code == 0
    with np.load(some) as few, np.load(whole) as all_nodes:
        assert few["nodes"].tolist() == [3, 40, 7]
        for name in NEW:
            expected = all_nodes[f"{name}/fields"][:, [3, 40, 7]]
            np.testing.assert_allclose(few[f"{name}/fields"], expected, rtol=1e-5)
            np.testing.assert_allclose(few[f"{name}/coords"], points(folder, name)[[3, 40, 7]])
    found = model.predict(given, mesh=mesh, nodes=[3, 40])
    assert found["node"].values.tolist() == [3, 40]
    np.testing.assert_allclose(found.x, points(folder, "new_0")[[3, 40], 0], atol=1e-6)
    # With the solved runs, whose nodes are chosen too.
    truth = ["--truth", folder / "runs", "--nodes", "3,40", "--out", tmp_path / "t.npz"]
    done = cli("predict", folder / "S", "--params", folder / "known.csv", *truth)
    assert done.code == 0, done.err
    with np.load(tmp_path / "t.npz") as found:
        solved = pyvista.read(folder / "runs/r03/t_2.vtu").point_data["T"][[3, 40]]
        np.testing.assert_allclose(found["r03/truth"][2, :, 0], solved, rtol=1e-6)

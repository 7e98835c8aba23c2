"""Exported models of designs whose nodes move: fields and positions, without this package."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split
from simulgenvae.deployment import write_model
from simulgenvae.deployment.write import TOLERANCE
from simulgenvae.errors import UserError
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.surrogate import Surrogate
from tests.conftest import MakeSettings

RUNS = 12
COORDS = np.random.default_rng(0).random((20, 2))


def plates(names: tuple[str, ...]) -> Dataset:
    """Return runs that are longer from run to run; ``load`` has nothing to do with that."""
    length = np.linspace(0.5, 1.5, RUNS)
    known = {"length": length, "load": np.random.default_rng(3).random(RUNS)}
    table = np.stack([known[name] for name in names], 1) if names else np.zeros((RUNS, 0))
    coords = COORDS * np.stack([length, np.ones(RUNS)], axis=1)[:, None]
    fields = np.cos(coords[:, None, :, 0] + np.arange(3)[:, None])
    conditions = Conditions(tuple(f"r{run}" for run in range(RUNS)), names, table)
    return Dataset.from_arrays(fields, conditions, coords=coords, length_unit="m")


@pytest.fixture(scope="module", params=[("length",), ("load",)], ids=" ".join)
def surrogate(request: pytest.FixtureRequest, make_settings: MakeSettings) -> Surrogate:
    """Of geometries that follow from the parameter, or are conditions themselves."""
    data = plates(request.param)
    trained = fit(data, make_settings(4), split=Split(data.ids[:8], data.ids[8:10], data.ids[10:]))
    assert trained.shapes is not None
    assert bool(trained.shapes.names) == (request.param == ("load",))
    return trained


@pytest.mark.parametrize("suffix", [".pt2", ".onnx"])
def test_positions_are_an_output(surrogate: Surrogate, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    assert write_model(surrogate, path) < TOLERANCE
    table = np.array([[0.7], [0.6]])
    names = surrogate.design_scaler.names
    designs = Conditions(("a", "b"), names, table)
    if suffix == ".onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        fields, coords = session.run(["fields", "coords"], {"parameters": table})
        about = json.loads(session.get_modelmeta().custom_metadata_map["simulgenvae"])
    else:
        extra = {"simulgenvae.json": ""}
        program = torch.export.load(path, extra_files=extra).module()
        fields, coords = (each.numpy() for each in program(parameters=torch.from_numpy(table)))
        about = json.loads(extra["simulgenvae.json"])
    assert about["outputs"] == ["fields", "coords"]
    assert about["length_unit"] == "m"
    assert list(about["inputs"]) == list(names)
    expected = surrogate.predict(designs)["fields"].to_numpy()
    np.testing.assert_allclose(fields, expected, atol=1e-4)
    if names == ("length",):
        np.testing.assert_allclose(coords[:, :, 0], table * COORDS[:, 0], atol=0.02)
    assert surrogate.shapes is not None
    for row, coefficients in enumerate(surrogate.shapes.predicted(designs)):
        own = surrogate.shapes.placement(coefficients).mesh.coords
        np.testing.assert_allclose(coords[row], own, atol=1e-5)


def test_meshes_are_no_input(make_settings: MakeSettings, tmp_path: Path) -> None:
    data = plates(())
    alone = fit(data, make_settings(1), split=Split(data.ids[:8], data.ids[8:10], data.ids[10:]))
    with pytest.raises(UserError, match="reads no meshes, but the geometry is all that is known"):
        write_model(alone, tmp_path / "model.pt2")

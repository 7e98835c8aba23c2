"""Nodes without values and offsets, from a data set through training to predictions and files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.deployment.field_model import FieldModel
from simulgenvae.deployment.write import inputs_of, write_model
from simulgenvae.design.latent_traversal import interpolate
from simulgenvae.errors import UserError
from simulgenvae.evaluation import evaluate
from simulgenvae.export import write_prediction
from simulgenvae.export.truth import open_truth
from simulgenvae.settings import ReductionSettings, StudyFolder
from simulgenvae.surrogate.files import load_parts
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.quantities import quantity_predictor
from simulgenvae.surrogate.surrogate import Surrogate
from simulgenvae.utils.tensor_file import read_tensors, write_tensors
from tests.conftest import MakeSettings

RUNS, TIMES, NODES = 14, 4, 20
LAND = np.arange(6, 11)
SEA = np.setdiff1d(np.arange(NODES), LAND)


def truth() -> tuple[np.ndarray, np.ndarray]:
    """Return parameters, and a pressure that varies little and a temperature, with land."""
    table = np.random.default_rng(0).uniform(0.5, 1.5, (RUNS, 2))
    x = np.linspace(0.0, 1.0, NODES)
    t = np.linspace(0.0, 1.0, TIMES)[:, None]
    waves = np.stack([a * np.sin(3 * (x - b * t)) for a, b in table])
    fields = np.stack([101325 + 0.02 * waves, 300 + waves], axis=3)
    fields[:, :, LAND] = np.nan
    return table, fields


TABLE, FIELDS = truth()


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return Dataset.from_arrays(
        FIELDS,
        Conditions(tuple(f"r{run}" for run in range(RUNS)), ("a", "b"), TABLE),
        coords=np.stack([np.linspace(0.0, 1.0, NODES), np.zeros(NODES)], axis=1),
        cells={"line": np.stack([np.arange(NODES - 1), np.arange(1, NODES)], axis=1)},
        sets={"coast": [LAND[0] - 1, LAND[0], LAND[-1] + 1], "land": LAND},
        variables=["p", "T"],
    )


@pytest.fixture(scope="module")
def trained(dataset: Dataset, make_settings: MakeSettings) -> Surrogate:
    return fit(dataset, make_settings(20))


def relative(found: np.ndarray) -> np.ndarray:
    """Return the error of each variable relative to its variation, at nodes with values."""
    difference = (found - FIELDS)[:, :, SEA]
    return difference.std(axis=(0, 1, 2)) / FIELDS[:, :, SEA].std(axis=(0, 1, 2))


def test_predictions_are_whole(trained: Surrogate, dataset: Dataset) -> None:
    predicted = trained.predict(dataset.conditions, samples=4)
    fields = predicted["fields"].to_numpy()
    assert fields.shape == FIELDS.shape
    assert fields.dtype == np.float64
    for name in ("fields", "std", "lower", "upper"):
        values = predicted[name].to_numpy()
        np.testing.assert_array_equal(np.isnan(values), np.isnan(FIELDS))
    # The Gaussian processes know these runs: the small variation is predicted as well as any.
    pressure, temperature = relative(fields)
    assert pressure < 0.05
    assert pressure == pytest.approx(temperature, rel=0.05)
    np.testing.assert_array_equal(predicted["coords"], dataset.whole_mesh.coords)


def test_a_part_of_the_nodes(trained: Surrogate, dataset: Dataset) -> None:
    whole = trained.predict(dataset.conditions)["fields"].to_numpy()
    some = trained.predict(dataset.conditions, nodes=[12, 7, 0], variables=["p"])
    np.testing.assert_allclose(some["fields"], whole[:, :, [12, 7, 0], :1], rtol=1e-12)
    sea = trained.predict(dataset.conditions, nodes=[12, 0])["fields"].to_numpy()
    assert np.isfinite(sea).all()
    with pytest.raises(UserError, match="None of the chosen nodes has values"):
        trained.predict(dataset.conditions, nodes=[7, 8])


def test_latents_and_back(trained: Surrogate, dataset: Dataset) -> None:
    first = trained.encode(dataset.whole_run(0))
    fields = trained.decode(first)
    np.testing.assert_array_equal(np.isnan(fields[0]), np.isnan(FIELDS[0]))
    assert np.nanmax(np.abs(fields[..., 0] - 101325)) < 1
    way = interpolate(trained, first, trained.encode(dataset.whole_run(1)), 3)
    assert way["fields"].dtype == np.float64
    np.testing.assert_allclose(way["fields"][0], fields[0], rtol=1e-12)
    assert trained.sample(2)["fields"].shape == (2, *FIELDS.shape[1:])


def test_saved_and_loaded(trained: Surrogate, dataset: Dataset, tmp_path: Path) -> None:
    study = StudyFolder(tmp_path)
    study.model_save.mkdir(parents=True)
    trained.save(study)
    loaded = Surrogate.load(study)
    np.testing.assert_array_equal(
        loaded.predict(dataset.conditions)["fields"], trained.predict(dataset.conditions)["fields"]
    )
    assert len(loaded.mesh.cells["line"]) == NODES - 1 - (len(LAND) + 1)


def test_quantities_of_a_set(trained: Surrogate, dataset: Dataset, tmp_path: Path) -> None:
    study = StudyFolder(tmp_path)
    study.model_save.mkdir(parents=True)
    trained.save(study)
    texts = {
        "set": "max(T, set='coast')",
        "nodes": f"max(T, nodes=({LAND[0] - 1}, {LAND[-1] + 1}))",
    }
    parts = load_parts(study)
    found = quantity_predictor(parts, texts).predict(dataset.conditions.select([0])).values[0]
    assert found[0] == found[1]
    with pytest.raises(UserError, match="no node of the set 'land' has values"):
        quantity_predictor(parts, {"q": "mean(T, set='land')"})


@pytest.mark.parametrize(
    ("names", "nodes"),
    [
        (["coast", "land"], [5, 6, NODES]),
        (["coast"], [5, 6, 11]),
        (["a" * 10_000, "b"], [5, 6, 11]),
    ],
)
def test_damaged_sets_are_noticed(
    trained: Surrogate, tmp_path: Path, names: list[str], nodes: list[int]
) -> None:
    study = StudyFolder(tmp_path)
    study.model_save.mkdir(parents=True)
    trained.save(study)
    tensors, about = read_tensors(study.vae_file)
    tensors["sets.nodes"] = torch.tensor(nodes)
    tensors["sets.offsets"] = torch.tensor([0, 1, 3])
    write_tensors(study.vae_file, tensors, about | {"sets": names})
    with pytest.raises(UserError, match="does not hold a complete model"):
        load_parts(study)


def test_the_evaluation_leaves_land_out(
    trained: Surrogate, dataset: Dataset, tmp_path: Path
) -> None:
    study = StudyFolder(tmp_path)
    result = evaluate(dataset, trained, study, figures=False)
    train = result.errors["prediction"]["train"]
    rows = [dataset.ids.index(run) for run in trained.split.train]
    predicted = trained.predict(dataset.conditions.select(rows))["fields"].to_numpy()
    difference = (predicted - FIELDS[rows])[:, :, SEA]
    rmse = np.sqrt(np.square(difference).mean(axis=(1, 2))).mean(axis=0)
    for column, variable in enumerate(dataset.variables):
        found = train.variables[variable].metrics["rmse"].mean
        assert found == pytest.approx(rmse[column], rel=1e-3)
    size = np.linalg.norm(FIELDS[rows][:, :, SEA, 0], axis=(1, 2))
    expected = (np.linalg.norm(difference[..., 0], axis=(1, 2)) / size).mean()
    assert train.variables["p"].metrics["relative_l2"].mean == pytest.approx(expected, rel=1e-3)
    assert train.relative_l2.mean < 0.05


@pytest.mark.parametrize("suffix", [".nc", ".npz", ".zarr"])
def test_files_of_predictions(
    trained: Surrogate, dataset: Dataset, tmp_path: Path, suffix: str
) -> None:
    predicted = trained.predict(dataset.conditions, samples=4)
    out = tmp_path / f"new{suffix}"
    write_prediction(predicted, trained.whole_mesh, out)
    expected = predicted["fields"].to_numpy()
    if suffix == ".npz":
        found = np.load(out)["fields"]
    elif suffix == ".zarr":
        found = xr.open_zarr(out, consolidated=False)["fields"].to_numpy()
    else:
        file = xr.open_dataset(out)
        found = np.stack([file["p"].to_numpy(), file["T"].to_numpy()], axis=3)
    np.testing.assert_array_equal(found, expected)


def test_the_truth_beside_predictions(trained: Surrogate, dataset: Dataset, tmp_path: Path) -> None:
    study = StudyFolder(tmp_path)
    study.dataset.parent.mkdir(parents=True)
    dataset.save(study.dataset)
    predicted = trained.predict(dataset.conditions)
    with open_truth(tmp_path) as solved:
        solved.require(dataset.ids, trained.whole_mesh)
        (batch,) = solved.added([predicted], dataset.ids, NODES, dataset.variables)
    pressure, temperature = relative(batch["truth"].to_numpy())
    assert pressure < 1e-6
    assert temperature < 1e-4
    np.testing.assert_array_equal(
        batch["error"], predicted["fields"].to_numpy() - batch["truth"].to_numpy()
    )


def test_the_written_network(trained: Surrogate, dataset: Dataset, tmp_path: Path) -> None:
    assert FieldModel(trained).has_offsets
    assert write_model(trained, tmp_path / "model.pt2") < 1e-3
    assert "parameters" in inputs_of(dataset.conditions)


def test_no_reduction(dataset: Dataset, make_settings: MakeSettings) -> None:
    plain = ReductionSettings(method="none")
    surrogate = fit(dataset, make_settings(2).model_copy(update={"reduction": plain}))
    fields = surrogate.predict(dataset.conditions)["fields"].to_numpy()
    np.testing.assert_array_equal(np.isnan(fields), np.isnan(FIELDS))
    assert np.nanmax(np.abs(fields[..., 0] - 101325)) < 1

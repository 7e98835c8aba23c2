"""Predictions without torch are those of torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import ndtr

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split
from simulgenvae.geometry.distance_modes import DistanceModes
from simulgenvae.models import Conditioner
from simulgenvae.models.conditioner.distance import DistanceEncoder
from simulgenvae.models.field_points import FieldSample
from simulgenvae.models.networks import Networks, field_points, network_inputs
from simulgenvae.models.unit_times import unit_times
from simulgenvae.settings import ConditionerSettings, StudyFolder
from simulgenvae.settings.networks import DECODERS
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.light.layers import Weights, gelu
from simulgenvae.surrogate.light.load import load_light
from simulgenvae.surrogate.light.networks import LightConditioner, LightNetworks
from simulgenvae.surrogate.predict import Predictor
from simulgenvae.surrogate.selection import select
from simulgenvae.surrogate.surrogate import Surrogate
from simulgenvae.surrogate.weights import group

SPLIT = Split(tuple(f"run{k}" for k in range(8)), ("run8", "run9"), ("run10", "run11"))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    return StudyFolder(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def dataset(make_waves: Any) -> Dataset:
    # Of several variables, on a mesh of more nodes than a field is evaluated at.
    return make_waves(nodes=120, variables=2)


@pytest.fixture(scope="module")
def surrogate(dataset: Dataset, make_settings: Any, study: StudyFolder) -> Surrogate:
    settings = make_settings(steps=6, end_to_end={"members": 3})
    trained = fit(dataset, settings, split=SPLIT)
    study.model_save.mkdir()
    trained.save(study)
    return trained


def largest_difference(first: np.ndarray, second: np.ndarray) -> float:
    """Return the largest difference over the range of each variable."""
    axes = tuple(range(first.ndim - 1))
    return float((np.abs(first - second) / np.ptp(second, axis=axes)).max())


def test_gelu_is_that_of_torch() -> None:
    x = np.linspace(-12, 12, 100_001, dtype=np.float32)
    assert np.abs(gelu(x) - x.astype(float) * ndtr(x.astype(float))).max() < 2e-6


@pytest.mark.parametrize(
    "part",
    [
        {},
        {"times": np.array([0.05, 0.4, 0.99])},
        {"nodes": np.array([3, 90, 7]), "variables": ["field1"]},
    ],
)
def test_everything_is_predicted_as_with_torch(
    surrogate: Surrogate, study: StudyFolder, dataset: Dataset, part: dict[str, Any]
) -> None:
    light = load_light(study)
    assert light is not None
    conditions = dataset.conditions.select([10, 3])
    expected = surrogate.predict(conditions, samples=2, seed=4, **part)
    batches = Predictor(light, select(light, **part), 2, 4).array_batches(conditions)
    (found,) = batches
    for name in ("fields", "std", "lower", "upper"):
        assert largest_difference(found.fields[name], expected[name].values) < 1e-6, name
    for name in ("novelty", "expected_error"):
        assert np.allclose(found.scores[name], expected[name].values, rtol=1e-4)
    assert list(found.warnings) == expected.attrs["warnings"]


@pytest.mark.parametrize("decoder", ["modulated", "field"])
@pytest.mark.parametrize("changed", [{}, {"layers": 2, "levels": 4, "time_features": 7}])
def test_networks_of_each_kind(
    surrogate: Surrogate, dataset: Dataset, decoder: str, changed: dict[str, int]
) -> None:
    model = surrogate.settings.model.model_copy(update=changed)
    conditioner = surrogate.settings.conditioner.model_copy(update={"filters": (16, 24, 24)})
    settings = surrogate.settings.model_copy(update={"model": model, "conditioner": conditioner})
    settings = settings.with_decoder(decoder)
    std = surrogate.networks.vae.coefficient_std
    points = field_points(settings, dataset.mesh.coords, surrogate.reduction)
    torch.manual_seed(0)
    networks = Networks(
        settings, std, torch.linspace(0, 1, 8), surrogate.condition_scaler, points
    ).eval()
    weights = {name: value.numpy() for name, value in networks.state_dict().items()}
    light = LightNetworks(
        settings,
        group("conditioner.", weights),
        group("vae.decoder.", weights),
        std.numpy(),
        surrogate.condition_scaler,
        FieldSample.of(dataset.mesh.coords, surrogate.reduction) if decoder == "field" else None,
    )
    at = unit_times(dataset.times, dataset.times)
    expected = networks.coefficients(dataset.conditions, surrogate.condition_scaler, at)
    found = light.coefficients(dataset.conditions, surrogate.condition_scaler, at)
    assert np.abs(found - expected).max() < 1e-6 * np.ptp(expected)


@pytest.mark.parametrize("sides", [(40, 64), (20, 9, 32)])
@pytest.mark.parametrize("parameters", [0, 2])
@pytest.mark.parametrize("known", [False, True])
def test_a_conditioner_that_reads_geometries(
    sides: tuple[int, ...], parameters: int, known: bool
) -> None:
    generator = np.random.default_rng(0)
    table = generator.normal(size=(5, parameters + 3))
    names = tuple(f"p{number}" for number in range(parameters + 3))
    designs = Conditions(tuple("abcde"), names, table)
    if known:
        values = generator.uniform(-1, 1, (5, *sides)).astype(np.float16)
        designs = replace(designs, distances=values)
    scaler = ConditionScaler.fit(designs, [])
    basis = generator.normal(size=(3, *sides)).astype(np.float32)
    distances = DistanceModes(basis[0], basis)
    torch.manual_seed(0)
    encoder = DistanceEncoder(distances, scaler, 0.0)
    settings = ConditionerSettings()
    conditioner = Conditioner(settings, len(names), None, 7, encoder).eval()
    weights = {name: value.numpy() for name, value in conditioner.state_dict().items()}
    light = LightConditioner(settings, Weights(weights), len(names), 7, distances)
    inputs = network_inputs(designs, scaler)
    with torch.inference_mode():
        expected = conditioner(inputs).mean.numpy()
    found = light(designs, scaler)
    assert np.abs(found - expected).max() < 2e-5 * np.ptp(expected)


def test_weights_of_another_shape_or_left_over_are_refused() -> None:
    with pytest.raises(ValueError, match="of shape"):
        Weights({"a": np.zeros(3, np.float32)}).take("a", 4)
    with pytest.raises(ValueError, match="finite"):
        Weights({"a": np.full(3, np.nan, np.float32)}).take("a", 3)
    with pytest.raises(ValueError, match="does not have: a"):
        Weights({"a": np.zeros(3, np.float32)}).require_empty()


def test_other_models_are_left_to_torch(
    surrogate: Surrogate,
    study: StudyFolder,
    dataset: Dataset,
    make_settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    # Decoders of the same names from another package.
    with monkeypatch.context() as patch:
        for name in ("modulated", "field"):
            patch.setitem(DECODERS, name, replace(DECODERS[name], build="other:Decoder"))
        assert load_light(study) is None
    assert load_light(study) is not None
    # One network alone, whose latents are sampled for the expected error.
    single = StudyFolder(tmp_path / "single")
    single.model_save.mkdir(parents=True)
    fit(dataset, make_settings(), split=SPLIT).save(single)
    assert load_light(single) is None
    # A damaged file: torch's path says what is wrong.
    content = study.ensemble_file.read_bytes()
    study.ensemble_file.write_bytes(content[:-10])
    assert load_light(study) is None
    study.ensemble_file.write_bytes(content)

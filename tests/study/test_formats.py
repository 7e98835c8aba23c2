"""Studies that earlier versions wrote: ``formats/README.md`` says how.

A study, model and metrics of each released version are read, and predict what that version
predicted. Models and metrics from before the first release are refused with a way out.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.study import Study

FORMATS = Path(__file__).with_name("formats")
ALL = sorted(path.name for path in FORMATS.iterdir() if path.is_dir())
RELEASED = [name for name in ALL if name.startswith("version")]


@pytest.fixture
def study(request: pytest.FixtureRequest, tmp_path: Path) -> Study:
    """Return a copy of the study with the given name."""
    return Study(shutil.copytree(FORMATS / request.param, tmp_path / "study"))


@pytest.mark.parametrize("study", ALL, indirect=True)
def test_data_are_read_with_their_exact_values(study: Study) -> None:
    dataset = Dataset.open(study.dataset)
    random = np.random.default_rng(0)
    table = random.uniform(0.5, 1.5, (10, 2))
    x = np.linspace(0, 1, 9)
    times = np.linspace(0, 1, 4)
    wave = table[:, 0, None, None] * np.sin(3 * (x - table[:, 1, None, None] * times[:, None]))
    fields = np.stack([wave, 300 + 20 * wave], -1).astype(np.float32)
    for row in range(10):
        np.testing.assert_array_equal(dataset.run(row), fields[row])
    np.testing.assert_array_equal(dataset.times, times)
    assert dataset.mesh.coords is not None
    np.testing.assert_array_equal(dataset.mesh.coords.ravel(), x)
    np.testing.assert_allclose(dataset.conditions.table, table, rtol=1e-8)
    assert (dataset.variables, dataset.units) == (("u", "T"), ("m", "K"))


@pytest.mark.parametrize("study", RELEASED, indirect=True)
def test_models_predict_the_same(study: Study) -> None:
    study.predict(study.folder / "now.npz", params=study.folder / "new.csv")
    before = np.load(study.folder / "predicted.npz")
    now = np.load(study.folder / "now.npz")
    # Kernels for other processors round differently.
    for name in ("fields", "novelty", "expected_error"):
        np.testing.assert_allclose(now[name], before[name], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("study", RELEASED, indirect=True)
def test_results_are_read(study: Study) -> None:
    old = json.loads(study.metrics_file.read_text())
    result = EvaluationResult.read(study.metrics_file)
    assert result.data.fingerprint == old["data"]["fingerprint"]
    error = old["errors"]["prediction"]["test"]
    error = error.get("metrics", error)["relative_l2"]["mean"]
    assert result.mean_error("prediction") == error


@pytest.mark.parametrize(
    ("study", "version"), [("early_model_1", 1), ("early_model_2", 2)], indirect=["study"]
)
def test_results_from_before_the_first_release_are_refused(study: Study, version: int) -> None:
    with pytest.raises(UserError) as error:
        study.load_surrogate()
    assert f"format version {version}, this simulgenvae reads 3" in str(error.value)
    assert "train again, or use the version that wrote it" in str(error.value)
    with pytest.raises(UserError, match="Evaluate the study again"):
        EvaluationResult.read(study.metrics_file)

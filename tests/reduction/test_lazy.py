from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.reduction import LazyStates, encode_runs, reduce_runs, stays_on_disk
from simulgenvae.settings import ReductionSettings, Settings, StudyFolder
from simulgenvae.surrogate.fit import fit
from simulgenvae.training.batch import Batch
from simulgenvae.training.interrupt import Interrupted
from simulgenvae.training.step import Steps
from tests.conftest import MakeSettings


@pytest.fixture
def direct(make_settings: MakeSettings) -> Settings:
    """Without a reduction."""
    return make_settings(3, stage={"batch_size": 4}).model_copy(
        update={"reduction": ReductionSettings(method="none")}
    )


@pytest.fixture
def nothing_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulgenvae.reduction.lazy.STATES_IN_MEMORY", 0)


def test_runs_are_those_in_memory(make_waves: Callable[..., Dataset]) -> None:
    dataset = make_waves(variables=2)
    reduction, found = reduce_runs(
        dataset, np.arange(6), ReductionSettings(method="none"), on_disk=True
    )
    assert isinstance(found, LazyStates)
    expected = encode_runs(dataset, reduction)
    assert found.shape == expected.shape == (12, 8, 60)
    rows = torch.tensor([7, 0, 7])
    np.testing.assert_array_equal(found[rows], expected[rows])
    np.testing.assert_array_equal(torch.stack(list(found)), expected)


@pytest.mark.usefixtures("nothing_fits")
def test_large_states_stay_on_disk_unless_all_is_to_be_loaded(
    waves: Dataset, direct: Settings
) -> None:
    assert stays_on_disk(waves, direct)
    loaded = direct.model_copy(update={"data": direct.data.model_copy(update={"load_all": True})})
    assert not stays_on_disk(waves, loaded)
    assert not stays_on_disk(waves, Settings())


def test_small_states_are_held(waves: Dataset, direct: Settings) -> None:
    assert not stays_on_disk(waves, direct)


def test_training_from_disk_is_training_from_memory(
    waves: Dataset, direct: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Gaussian processes are left out: with them the model would have to hold the training runs."""
    waves.save(tmp_path / "dataset.zarr")
    dataset = Dataset.open(tmp_path / "dataset.zarr")
    held = fit(dataset, direct)
    request.getfixturevalue("nothing_fits")
    (tmp_path / "study").mkdir()
    read = fit(dataset, direct, study=StudyFolder(tmp_path / "study"))
    for name, value in held.networks.state_dict().items():
        assert torch.equal(value, read.networks.state_dict()[name]), name
    assert held.ensemble.pod_gp is not None
    assert read.ensemble.pod_gp is None
    assert read.ensemble.calibration is not None
    latents = np.load(tmp_path / "study/model_save/latent_vectors.npy")
    assert latents.shape[0] == 12
    predicted = read.predict(waves.conditions.select([3]), samples=4)
    assert np.isfinite(predicted["std"]).all()
    assert "novelty" not in predicted


@pytest.mark.parametrize("in_memory", [0, 2**31])
@pytest.mark.usefixtures("nothing_fits")
def test_it_goes_on_where_it_was_stopped(
    waves: Dataset,
    direct: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    in_memory: int,
) -> None:
    """Also with the fields in memory, as with ``data.load_all``."""
    (tmp_path / "study").mkdir()
    expected = fit(waves, direct)
    take = Steps.take

    def stop(self: Steps, step: int, batch: Batch) -> None:
        if self._stage.name == "end_to_end" and step == 1:
            raise Interrupted("here")
        take(self, step, batch)

    monkeypatch.setattr(Steps, "take", stop)
    with pytest.raises(Interrupted):
        fit(waves, direct, study=StudyFolder(tmp_path / "study"))
    monkeypatch.undo()
    monkeypatch.setattr("simulgenvae.reduction.lazy.STATES_IN_MEMORY", in_memory)
    found = fit(waves, direct, study=StudyFolder(tmp_path / "study"), resume=True)
    for name, value in expected.networks.state_dict().items():
        assert torch.equal(value, found.networks.state_dict()[name]), name


@pytest.mark.usefixtures("nothing_fits")
def test_a_run_that_cannot_be_read_is_named(
    waves: Dataset, direct: Settings, tmp_path: Path
) -> None:
    waves.save(tmp_path / "dataset.zarr")
    dataset = Dataset.open(tmp_path / "dataset.zarr")
    _, runs = reduce_runs(dataset, np.arange(6), direct.reduction, on_disk=True)
    chunk = tmp_path / "dataset.zarr/fields/c/4/0/0/0"
    chunk.write_bytes(chunk.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match="run4"):
        runs[torch.tensor([3, 4])]

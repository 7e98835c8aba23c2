"""A training on the runs of the one before, and more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split
from simulgenvae.settings import Settings
from simulgenvae.training.earlier_preparation import earlier_modes
from simulgenvae.training.train import Trained, train
from tests.conftest import MakeSettings

STAGES = ("vae", "conditioner", "end_to_end")


class _Unread(Dataset):
    """None of its runs may be read."""

    def read(self, index: int, out: np.ndarray) -> None:
        raise AssertionError(f"run {index} is read")


def _first(waves: Dataset, runs: int, **fields: np.ndarray) -> Dataset:
    conditions = waves.conditions.select(range(runs))
    return Dataset.from_arrays(
        fields.get("fields", waves.fields[:runs]), conditions, times=waves.times
    )


def _split(dataset: Dataset) -> Split:
    ids = dataset.ids
    return Split((*ids[:5], *ids[7:]), ids[5:6], ids[6:7])


@pytest.fixture
def learn(make_settings: MakeSettings, tmp_path: Path) -> Callable[..., Trained]:
    def run(dataset: Dataset, settings: Settings | None = None) -> Trained:
        return train(
            dataset, _split(dataset), settings or make_settings(), stages=STAGES, folder=tmp_path
        )

    return run


def test_the_same_runs_are_not_read_again(waves: Dataset, learn: Callable[..., Trained]) -> None:
    first = learn(waves)
    again = learn(_Unread(**vars(waves)))
    np.testing.assert_array_equal(again.coefficients, first.coefficients)
    assert again.progress.history == first.progress.history


def test_other_networks_learn_from_the_same_preparation(
    waves: Dataset, learn: Callable[..., Trained], make_settings: MakeSettings
) -> None:
    learn(waves)
    assert (
        learn(_Unread(**vars(waves)), make_settings(model={"latent_dim": 5})).members[0].vae
        is not None
    )


def test_modes_of_fewer_runs_are_added_to(waves: Dataset, learn: Callable[..., Trained]) -> None:
    learn(_first(waves, 10))
    rows = _split(waves).rows(waves.ids)
    trained = learn(waves)
    for row in np.concatenate(list(rows.values())):
        found = trained.reduction.decode(np.asarray(trained.coefficients[row]))
        np.testing.assert_allclose(
            found, waves.run(row), rtol=0, atol=5e-3 * float(np.asarray(waves.fields).std())
        )


def test_what_cannot_be_added_to(
    waves: Dataset, learn: Callable[..., Trained], make_settings: MakeSettings, tmp_path: Path
) -> None:
    said: list[str] = []
    file, few, rows = (
        tmp_path / "prepared.safetensors",
        _first(waves, 8),
        _split(waves).rows(waves.ids)["train"],
    )
    assert earlier_modes(file, waves, rows, make_settings(), said.append) is None
    learn(few)
    found = earlier_modes(file, waves, rows, make_settings(), said.append)
    assert found is not None
    assert found.rows.tolist() == list(range(8))
    changed = waves.fields.copy()
    changed[0, 0, 0] += 1e-3
    other = Dataset.from_arrays(changed, waves.conditions, times=waves.times)
    moved = np.append(rows, _split(waves).rows(waves.ids)["test"])
    node = Settings.model_validate({"reduction": {"scaling": "node"}})
    assert earlier_modes(file, other, rows, make_settings(), said.append) is None
    assert earlier_modes(file, waves, moved, make_settings(), said.append) is None
    assert earlier_modes(file, waves, rows, node, said.append) is None
    assert (
        earlier_modes(file, replace(waves, digests=()), rows, make_settings(), said.append) is None
    )
    assert not said
    content = file.read_bytes()
    file.write_bytes(content[:-100])
    assert earlier_modes(file, waves, rows, make_settings(), said.append) is None
    assert len(said) == 1
    assert "the last preparation is not used" in said[0]


def test_more_new_training_runs_than_known_ones_begin_afresh(
    waves: Dataset, learn: Callable[..., Trained], make_settings: MakeSettings, tmp_path: Path
) -> None:
    ids = waves.ids
    said: list[str] = []
    few = Split(ids[:4], ids[4:5], ids[5:6])
    train(_first(waves, 6), few, make_settings(), stages=STAGES, folder=tmp_path)
    most = Split((*ids[:4], *ids[6:11]), ids[4:5], (ids[5], ids[11]))
    file = tmp_path / "prepared.safetensors"
    rows = most.rows(ids)["train"]
    assert earlier_modes(file, waves, rows, make_settings(), said.append) is None
    fewer = Split((*ids[:4], *ids[6:10]), ids[4:5], (ids[5], *ids[10:]))
    rows = fewer.rows(ids)["train"]
    assert earlier_modes(file, waves, rows, make_settings(), said.append) is not None

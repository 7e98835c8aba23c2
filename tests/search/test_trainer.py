"""Trainings of trials: what they learn from, and what they are measured on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.evaluation.metrics import VariableScale, relative_l2
from simulgenvae.search.space import with_values
from simulgenvae.search.trainer import held_out_parts
from simulgenvae.surrogate.ensemble import Ensemble
from simulgenvae.training.train import train
from tests.search.conftest import STAGES, split_of, tiny


def _rows(train: Any, validation: int, test: int) -> dict[str, Any]:
    last = len(train) + validation
    return {
        "train": np.array(train),
        "validation": np.arange(len(train), last),
        "test": np.arange(last, last + test),
    }


def test_enough_validation_runs_are_held_out_alone() -> None:
    rows = _rows(range(20), 8, 5)
    (only,) = held_out_parts(rows, 33, seed=0)
    assert only["train"].tolist() == list(range(20))
    assert only["validation"].tolist() == list(range(20, 28))
    assert len(only["test"]) == 0


@pytest.mark.parametrize(("train", "validation"), [(20, 7), (8, 2), (5, 0), (2, 0)])
def test_few_are_joined_by_training_runs(train: int, validation: int) -> None:
    parts = held_out_parts(_rows(range(train), validation, 5), train + validation + 5, seed=0)
    held = np.concatenate([part["validation"] for part in parts])
    assert len(set(held)) == len(held) >= min(2, len(parts))
    assert len(parts) == min(3, train)
    for part in parts:
        both = np.concatenate([part["train"], part["validation"]])
        # All runs but those of the test, each once.
        assert sorted(both) == list(range(train + validation))
        assert len(part["test"]) == 0


def test_mirrored_runs_go_with_their_originals() -> None:
    rows = _rows(range(6), 2, 1)
    rows["train"] = np.concatenate([rows["train"], np.arange(9, 21)])  # mirrored twice
    for part in held_out_parts(rows, 9, seed=0):
        learned = set(part["train"])
        assert part["validation"].max() < 8
        for row in range(6):
            copies = {row, 9 + row, 15 + row}
            assert copies <= learned or (row in part["validation"] and not copies & learned)


def test_the_test_runs_change_nothing(make_trainer: Any, waves: Dataset) -> None:
    fields = np.stack([waves.run(k) for k in range(12)])
    before = make_trainer().measure(tiny(), 9).error
    fields[-2:] = np.random.default_rng(0).normal(size=fields[-2:].shape)
    other = Dataset.from_arrays(
        fields, waves.conditions, times=waves.times, coords=waves.mesh.coords
    )
    assert make_trainer(dataset=other).measure(tiny(), 9).error == before
    fields[-3] += 1.0  # a validation run
    other = Dataset.from_arrays(
        fields, waves.conditions, times=waves.times, coords=waves.mesh.coords
    )
    assert make_trainer(dataset=other).measure(tiny(), 9).error != before


def test_a_trial_with_the_defaults_is_the_first_network(make_trainer: Any, make_waves: Any) -> None:
    dataset = make_waves(20)
    trainer = make_trainer(dataset=dataset, validation=8)
    assert (trainer.parts, trainer.held_out) == (1, 8)
    trained = train(dataset, split_of(dataset, 8), tiny(), stages=STAGES)
    history = trained.progress.history
    own = [each for each in history if each.stage == "end_to_end"]
    best = min(own, key=lambda each: each.validation_error)
    found = trainer.measure(tiny(), 9).error
    assert found == best.joint_error != best.validation_error


def test_errors_of_trials_are_those_of_the_report(make_trainer: Any, make_waves: Any) -> None:
    dataset = make_waves(20)
    split = split_of(dataset, 8)
    # The training that the trial is, and its network on the runs that were held out.
    settings = tiny(refit=False)
    trained = train(dataset, split, settings, stages=STAGES)
    rows = split.rows(dataset.ids)
    network = Ensemble(
        members=trained.members,
        member_weights=(1.0,),
        scaler=trained.condition_scaler,
        times=dataset.times,
        pod_gp=None,
        gp_weight=0.0,
        calibration=None,
    )
    coefficients = network.predict(
        trained.conditions.select(rows["validation"]), dataset.times
    ).mean
    predicted = map(trained.reduction.decode, coefficients)
    scale = VariableScale.fit(dataset.run(int(row)) for row in rows["train"])
    truth = (dataset.run(int(row)) for row in rows["validation"])
    errors = [relative_l2(one, true, scale)[0] for one, true in zip(predicted, truth, strict=True)]
    found = make_trainer(settings, dataset, 8).measure(settings, 9).error
    assert found == pytest.approx(np.mean(errors), rel=1e-4)


def test_settings_that_cannot_be_trained_have_no_error(make_trainer: Any) -> None:
    trainer = make_trainer()
    broken = with_values(tiny(), {"training.end_to_end.learning_rate": 1e30})
    found = trainer.measure(broken, 30)
    assert found.error is None
    assert found.seconds > 0
    assert trainer.measure(tiny(), 9).error is not None

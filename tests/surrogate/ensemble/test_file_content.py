"""An ensemble as tensors and JSON, and back; damaged ones are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.settings import Settings
from simulgenvae.surrogate.ensemble import Ensemble
from simulgenvae.surrogate.ensemble.file_content import (
    EnsembleDescription,
    ensemble_state,
    restore_ensemble,
)

REFUSED = (
    UserError,
    LookupError,
    TypeError,
    ValueError,
    RuntimeError,
    AttributeError,
    OverflowError,
)
"""What the reader of model files turns into words."""

State = tuple[dict[str, torch.Tensor], dict[str, Any]]
Restore = Callable[..., Ensemble]


@pytest.fixture
def state(ensemble: Ensemble) -> State:
    tensors, about = ensemble_state(ensemble)
    return dict(tensors), json.loads(about.model_dump_json())


@pytest.fixture
def restore(ensemble: Ensemble, settings: Settings) -> Restore:
    def run(
        tensors: dict[str, torch.Tensor], about: dict[str, Any], times: np.ndarray = ensemble.times
    ) -> Ensemble:
        return restore_ensemble(
            tensors,
            EnsembleDescription.model_validate(about),
            ensemble.members[0],
            settings,
            ensemble.scaler,
            times,
        )

    return run


def test_round_trip(ensemble: Ensemble, state: State, restore: Restore, waves: Dataset) -> None:
    found = restore(*state)
    assert len(found.members) == 3
    assert found.members[0] is ensemble.members[0]
    assert not any(member.training for member in found.members)
    assert (found.gp_weight, found.calibration) == (ensemble.gp_weight, ensemble.calibration)
    before, after = (
        each.predict(waves.conditions, waves.times, latent_samples=2) for each in (ensemble, found)
    )
    np.testing.assert_array_equal(after.mean, before.mean)
    np.testing.assert_array_equal(after.samples, before.samples)


def test_networks_alone(ensemble: Ensemble, restore: Restore) -> None:
    alone = replace(
        ensemble, members=ensemble.members[:1], pod_gp=None, gp_weight=0.0, calibration=None
    )
    tensors, about = ensemble_state(alone)
    assert tensors == {}
    found = restore(tensors, about.model_dump())
    assert (len(found.members), found.pod_gp, found.gp_weight, found.calibration) == (
        1,
        None,
        0.0,
        None,
    )


def test_every_tensor_is_needed(state: State, restore: Restore) -> None:
    tensors, about = state
    for name in [*(key for key in tensors if "decoder.output" in key or key.startswith("linear."))]:
        with pytest.raises(REFUSED):
            restore({key: value for key, value in tensors.items() if key != name}, about)


@pytest.mark.parametrize(
    "change",
    [
        {"members": 4},
        {"members": 0},
        {"members": 10**6},
        {"members": "three"},
        {"weight": 1.5},
        {"weight": float("nan")},
        {"weight": None},
        {"calibration": {}},
        {"calibration": {"std": -1.0, "interval": 1.0, "runs": 2, "left_out_coverage": [0.9, 0.8]}},
        {"calibration": 3},
    ],
)
def test_damaged_descriptions_are_refused(
    state: State, restore: Restore, change: dict[str, Any]
) -> None:
    with pytest.raises(REFUSED):
        restore(state[0], state[1] | change)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("member_2.vae.decoder.output.bias", torch.zeros(3)),
        ("member_3.vae.decoder.output.bias", torch.zeros(16, dtype=torch.int64)),
        ("member_3.vae.decoder.output.bias", torch.full((16,), torch.inf)),
        ("member_2.vae.decoder.surprise", torch.zeros(1)),
        ("linear.known", torch.zeros(8, dtype=torch.bfloat16)),
        ("linear.processes.x", torch.zeros(8, 5)),
    ],
)
def test_damaged_tensors_are_refused(
    state: State, restore: Restore, name: str, value: torch.Tensor
) -> None:
    with pytest.raises(REFUSED):
        restore(state[0] | {name: value}, state[1])


def test_processes_of_other_trajectories_are_refused(state: State, restore: Restore) -> None:
    with pytest.raises(ValueError, match="of trajectories"):
        restore(*state, times=np.arange(5.0))


def test_a_weight_of_processes_that_are_missing_is_refused(state: State, restore: Restore) -> None:
    tensors = {name: value for name, value in state[0].items() if not name.startswith("linear.")}
    with pytest.raises(ValueError, match="Gaussian processes are missing"):
        restore(tensors, state[1] | {"weight": 0.5})
    assert restore(tensors, state[1] | {"weight": 0.0}).pod_gp is None

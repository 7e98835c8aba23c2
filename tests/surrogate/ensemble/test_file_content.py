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
from simulgenvae.models.networks import Networks
from simulgenvae.surrogate.ensemble import Ensemble
from simulgenvae.surrogate.ensemble.file_content import (
    EnsembleDescription,
    ensemble_state,
    restore_ensemble,
)
from simulgenvae.surrogate.surrogate import Surrogate

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


@pytest.fixture(params=["alike", "with_field"])
def surrogate(request: pytest.FixtureRequest) -> Surrogate:
    found: Surrogate = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def ensemble(surrogate: Surrogate) -> Ensemble:
    assert surrogate.ensemble is not None
    return surrogate.ensemble


@pytest.fixture
def state(ensemble: Ensemble) -> State:
    tensors, about = ensemble_state(ensemble)
    return dict(tensors), json.loads(about.model_dump_json())


@pytest.fixture
def restore(surrogate: Surrogate) -> Restore:
    def run(
        tensors: dict[str, torch.Tensor],
        about: dict[str, Any],
        times: np.ndarray = surrogate.times,
    ) -> Ensemble:
        described = EnsembleDescription.model_validate(about)
        return restore_ensemble(tensors, described, replace(surrogate, times=times))

    return run


def test_round_trip(ensemble: Ensemble, state: State, restore: Restore, waves: Dataset) -> None:
    found = restore(*state)
    assert [each.decoder_name for each in found.members] == [
        each.decoder_name for each in ensemble.members
    ]
    assert found.members[0] is ensemble.members[0]
    for member in found.members:
        assert isinstance(member, Networks)
        assert not member.training
    assert found.member_weights == ensemble.member_weights
    assert (found.gp_weight, found.calibration) == (ensemble.gp_weight, ensemble.calibration)
    before, after = (
        each.predict(waves.conditions, waves.times, latent_samples=2) for each in (ensemble, found)
    )
    np.testing.assert_array_equal(after.mean, before.mean)
    np.testing.assert_array_equal(after.samples, before.samples)
    assert found.predicted_latents is not None
    np.testing.assert_array_equal(found.predicted_latents, ensemble.predicted_latents)
    assert found.held_out is not None
    assert ensemble.held_out is not None
    for name, array in ensemble.held_out.arrays().items():
        np.testing.assert_array_equal(found.held_out.arrays()[name], array)


def test_runs_that_were_left_out(ensemble: Ensemble, restore: Restore) -> None:
    assert ensemble.held_out is not None
    held_out = replace(ensemble.held_out, left_out=True)
    tensors, about = ensemble_state(replace(ensemble, held_out=held_out))
    found = restore(dict(tensors), json.loads(about.model_dump_json())).held_out
    assert found is not None
    assert found.left_out


@pytest.mark.parametrize("change", ["shape", "type", "value"])
def test_damaged_predictions_of_validation_runs(
    change: str, state: State, restore: Restore
) -> None:
    tensors, about = state
    held_out = tensors["held_out.samples"].clone()
    changed = {
        "shape": held_out[:, :, 1:],
        "type": held_out.double(),
        "value": torch.full_like(held_out, torch.nan),
    }
    with pytest.raises(REFUSED):
        restore(tensors | {"held_out.samples": changed[change]}, about)


@pytest.mark.parametrize("change", ["members", "width", "runs", "type", "value"])
def test_damaged_latents_of_training_runs(change: str, state: State, restore: Restore) -> None:
    tensors, about = state
    latents = tensors["predicted_latents"].clone()
    changed = {
        "members": latents[1:],
        "width": latents[:, :, 1:],
        "runs": latents[:, :0],
        "type": latents.double(),
        "value": torch.full_like(latents, torch.nan),
    }
    with pytest.raises(REFUSED):
        restore(tensors | {"predicted_latents": changed[change]}, about)


def test_files_of_earlier_versions_have_members_alike(alike: Surrogate, waves: Dataset) -> None:
    tensors, about = ensemble_state(alike.ensemble)
    earlier = about.model_dump(exclude={"decoders", "member_weights"})
    found = restore_ensemble(tensors, EnsembleDescription.model_validate(earlier), alike)
    assert found.member_weights == pytest.approx((1 / 3,) * 3)
    np.testing.assert_array_equal(
        found.predict(waves.conditions, waves.times).mean,
        alike.ensemble.predict(waves.conditions, waves.times).mean,
    )


def test_networks_alone(ensemble: Ensemble, restore: Restore) -> None:
    alone = replace(
        ensemble,
        members=ensemble.members[:1],
        member_weights=(1.0,),
        pod_gp=None,
        gp_weight=0.0,
        calibration=None,
        held_out=None,
        predicted_latents=None,
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
    needed = ("linear.", "held_out.")
    # Files of earlier versions have none of these.
    optional = (
        "linear.processes.deviation_scale",
        "linear.second.deviation_scale",
        "held_out.left_out",
    )
    for name in {key for key in tensors if "decoder.output" in key or key.startswith(needed)}:
        if name in optional:
            continue
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
        {"decoders": ["modulated"]},
        {"decoders": ["modulated", "modulated", "of another package"]},
        {"member_weights": [1.0]},
        {"member_weights": [0.5, -0.5, 1.0]},
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
        ("member_2.vae.decoder.output.bias", torch.zeros(16, dtype=torch.int64)),
        ("member_2.vae.decoder.output.bias", torch.full((16,), torch.inf)),
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

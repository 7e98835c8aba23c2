"""An ensemble as named tensors and JSON, and back: what the first member's own files do not
hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulgenvae.data.conditions import ConditionScaler
from simulgenvae.models.networks import Networks
from simulgenvae.settings import Settings
from simulgenvae.surrogate.ensemble.calibration import Calibration
from simulgenvae.surrogate.ensemble.ensemble import Ensemble
from simulgenvae.surrogate.ensemble.mirror_views import MirrorView
from simulgenvae.surrogate.ensemble.pod_gp import PodGaussianProcesses

PREDICTING = ("conditioner.", "vae.decoder.")
"""What predicts; the encoder of the first member is the only one that is trained."""
_MOST_MEMBERS = 32


def ensemble_state(ensemble: Ensemble) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and a JSON-able description of all but the first member."""
    tensors = {
        f"member_{number}.{name}": value
        for number, member in enumerate(ensemble.members[1:], start=2)
        for name, value in member.state_dict().items()
        if name.startswith(PREDICTING)
    }
    linear = {} if ensemble.linear is None else ensemble.linear.arrays()
    tensors |= {
        f"linear.{name}": torch.from_numpy(np.ascontiguousarray(array))
        for name, array in linear.items()
    }
    for number, view in enumerate(ensemble.views):
        tensors |= {
            f"view_{number}.{name}": torch.from_numpy(array)
            for name, array in view.arrays().items()
        }
    about = {
        "members": len(ensemble.members),
        "weight": ensemble.weight,
        "calibration": None if ensemble.calibration is None else ensemble.calibration.to_dict(),
        "views": [list(view.axes) for view in ensemble.views],
    }
    return tensors, about


def restore_ensemble(
    tensors: dict[str, Tensor],
    about: dict[str, Any],
    first: Networks,
    settings: Settings,
    scaler: ConditionScaler,
    times: NDArray[np.float64],
) -> Ensemble:
    """From :func:`ensemble_state` and the first member.

    Raises UserError, KeyError, TypeError, ValueError or RuntimeError where something is missing or
    does not fit.
    """
    count, weight = int(about["members"]), float(about["weight"])
    if not 1 <= count <= _MOST_MEMBERS or not 0 <= weight <= 1:
        raise ValueError(f"{count} members, weight {weight}")
    further = (_group(f"member_{number}.", tensors) for number in range(2, count + 1))
    members = first, *(_member(weights, settings, scaler, first) for weights in further)
    arrays = _arrays("linear.", tensors)
    linear = PodGaussianProcesses.restore(arrays, scaler, times) if arrays else None
    expected = (len(times), len(first.vae.coefficient_std))
    if linear is not None and linear.processes.trajectory != expected:
        raise ValueError(
            f"the Gaussian processes are of trajectories {linear.processes.trajectory}, not "
            f"{expected}"
        )
    calibration = (
        None if about["calibration"] is None else Calibration.from_dict(about["calibration"])
    )
    if weight > 0 and linear is None:
        raise ValueError("the Gaussian processes are missing")
    views = tuple(
        MirrorView.restore(axes, _arrays(f"view_{number}.", tensors), expected[1])
        for number, axes in enumerate(about["views"])
    )
    return Ensemble(members, scaler, times, linear, weight, calibration, views)


def _group(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def _arrays(prefix: str, tensors: dict[str, Tensor]) -> dict[str, NDArray[Any]]:
    return {name: value.numpy() for name, value in _group(prefix, tensors).items()}


def _member(
    weights: dict[str, Tensor], settings: Settings, scaler: ConditionScaler, like: Networks
) -> Networks:
    if bad := [
        name
        for name, value in weights.items()
        if value.dtype != torch.float32 or not value.isfinite().all()
    ]:
        raise ValueError(f"{bad[0]} does not hold finite numbers of 32 bits")
    std, times = like.vae.coefficient_std, like.vae.times
    with torch.device(
        "meta"
    ):  # no memory is taken until the shapes are known to be those of the file
        member = Networks(settings, torch.empty(len(std)), torch.empty(len(times)), scaler)
    member.conditioner.load_state_dict(_group("conditioner.", weights), strict=True, assign=True)
    member.vae.decoder.load_state_dict(_group("vae.decoder.", weights), strict=True, assign=True)
    member.vae.coefficient_std, member.vae.times = std, times
    return member.eval()

"""Ensemble as named tensors and a description, and back.

The first member has its own files; this is the rest: the other members, the Gaussian processes,
the mirror views, and what was chosen on the validation runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from simulgenvae.models.networks import Networks
from simulgenvae.settings.training import Axis
from simulgenvae.surrogate.ensemble.calibration import Calibration
from simulgenvae.surrogate.ensemble.ensemble import Ensemble
from simulgenvae.surrogate.ensemble.mirror_views import MirrorView
from simulgenvae.surrogate.ensemble.pod_gp import PodGaussianProcesses
from simulgenvae.surrogate.weights import fill, group

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.settings import Settings

_PREDICTING = ("conditioner.", "vae.decoder.")
"""Networks that a prediction needs; only the first member has a trained encoder."""
_POD_GP = "linear."
"""Prefix of the Gaussian processes' tensors. The file format is older than the code's names."""


class EnsembleDescription(BaseModel):
    """Description of an ensemble as its file holds it; other entries of the file are ignored."""

    model_config = ConfigDict(frozen=True, validate_by_name=True, serialize_by_alias=True)

    members: Annotated[int, Field(ge=1, le=32)]
    """Number of networks."""
    gp_weight: Annotated[float, Field(alias="weight", ge=0.0, le=1.0, allow_inf_nan=False)]
    """Weight of the Gaussian processes."""
    calibration: Calibration | None
    """Factors of the spread; None without validation runs."""
    mirror_views: Annotated[tuple[tuple[Axis, ...], ...], Field(alias="views")]
    """Axes of each mirror view."""


def ensemble_state(ensemble: Ensemble) -> tuple[dict[str, Tensor], EnsembleDescription]:
    """Return tensors and description of everything but the first member."""
    tensors = {}
    for number, member in enumerate(ensemble.members[1:], start=2):
        for name, value in member.state_dict().items():
            if name.startswith(_PREDICTING):
                tensors[f"member_{number}.{name}"] = value
    # Gaussian processes are kept even without a weight: they measure novelty.
    pod_gp = {} if ensemble.pod_gp is None else ensemble.pod_gp.arrays()
    for name, array in pod_gp.items():
        tensors[_POD_GP + name] = torch.from_numpy(np.ascontiguousarray(array))
    for number, view in enumerate(ensemble.mirror_views):
        for name, array in view.arrays().items():
            tensors[f"view_{number}.{name}"] = torch.from_numpy(array)
    description = EnsembleDescription(
        members=len(ensemble.members),
        gp_weight=ensemble.gp_weight,
        calibration=ensemble.calibration,
        mirror_views=tuple(view.axes for view in ensemble.mirror_views),
    )
    return tensors, description


def restore_ensemble(
    tensors: dict[str, Tensor],
    description: EnsembleDescription,
    first: Networks,
    settings: Settings,
    scaler: ConditionScaler,
    times: NDArray[np.float64],
) -> Ensemble:
    """Return the ensemble of :func:`ensemble_state` and its first member.

    Parameters
    ----------
    tensors, description
        Content of the ensemble's file.
    first
        The first member.
    settings
        Settings of the last training.
    scaler
        Scaling of the conditions.
    times
        Training times, ``[T]``.

    Raises
    ------
    UserError, KeyError, TypeError, ValueError, RuntimeError
        When something is missing or does not fit.
    """
    # Members are counted from 1, and the first one is in separate files.
    further = (group(f"member_{k}.", tensors) for k in range(2, description.members + 1))
    members = [first, *(_member(weights, settings, scaler, first) for weights in further)]
    rank = len(first.vae.coefficient_std)
    arrays = _arrays(_POD_GP, tensors)
    pod_gp = PodGaussianProcesses.restore(arrays, scaler, times) if arrays else None
    if pod_gp is not None and pod_gp.pod_gpr.trajectory != (len(times), rank):
        raise ValueError(
            f"the Gaussian processes are of trajectories {pod_gp.pod_gpr.trajectory}, not "
            f"{(len(times), rank)}"
        )
    if description.gp_weight > 0 and pod_gp is None:
        raise ValueError("the Gaussian processes are missing")
    # Each view must fit the coefficients, or mirroring back would fail at the first prediction.
    views = []
    for number, axes in enumerate(description.mirror_views):
        views.append(MirrorView.restore(list(axes), _arrays(f"view_{number}.", tensors), rank))
    return Ensemble(
        members=tuple(members),
        scaler=scaler,
        times=times,
        pod_gp=pod_gp,
        gp_weight=description.gp_weight,
        calibration=description.calibration,
        mirror_views=tuple(views),
    )


def _arrays(prefix: str, tensors: dict[str, Tensor]) -> dict[str, NDArray[Any]]:
    return {name: value.numpy() for name, value in group(prefix, tensors).items()}


def _member(
    weights: dict[str, Tensor], settings: Settings, scaler: ConditionScaler, like: Networks
) -> Networks:
    """Return a further member with its own weights; its encoder stays without memory."""
    std = like.vae.coefficient_std
    times = like.vae.times
    # On the meta device a network takes no memory until its shapes are known to agree with the
    # file, whose settings may ask for any size.
    with torch.device("meta"):
        member = Networks(
            settings, torch.empty(len(std)), torch.empty(len(times)), scaler, like.points
        )
    fill(member.conditioner, group("conditioner.", weights))
    fill(member.vae.decoder, group("vae.decoder.", weights))
    member.vae.coefficient_std = std
    member.vae.times = times
    return member.eval()

"""Ensemble as named tensors and a description, and back.

The first member has its own files; this is the rest: the other members, the Gaussian processes,
the mirror views, and what was chosen on the validation runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulgenvae.settings.networks import DECODERS
from simulgenvae.settings.training import Axis
from simulgenvae.surrogate.ensemble.calibration import Calibration
from simulgenvae.surrogate.ensemble.ensemble import Ensemble
from simulgenvae.surrogate.ensemble.held_out import HeldOutPredictions
from simulgenvae.surrogate.ensemble.mirror_views import MirrorView
from simulgenvae.surrogate.ensemble.pod_gp import PodGaussianProcesses
from simulgenvae.surrogate.weights import fill, group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from simulgenvae.models.field_points import FieldPoints
    from simulgenvae.models.networks import Networks
    from simulgenvae.settings import ModelSettings, Settings
    from simulgenvae.surrogate.ensemble.ensemble import Member
    from simulgenvae.surrogate.parts import Parts, PredictingParts

_PREDICTING = ("conditioner.", "vae.decoder.")
"""Networks that a prediction needs; only the first member has a trained encoder."""
_POD_GP = "linear."
"""Prefix of the Gaussian processes' tensors. The file format is older than the code's names."""
_HELD_OUT = "held_out."
"""Prefix of the predictions of validation runs, which files of earlier versions lack."""
_PREDICTED_LATENTS = "predicted_latents"
"""Name of the predicted latents of training runs, which files of earlier versions lack."""


Weight = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


class EnsembleDescription(BaseModel):
    """Description of an ensemble as its file holds it; other entries of the file are ignored."""

    model_config = ConfigDict(frozen=True, validate_by_name=True, serialize_by_alias=True)

    members: Annotated[int, Field(ge=1, le=32)]
    """Number of networks."""
    decoders: tuple[str, ...] | None = None
    """Decoder of each network; None, in files of earlier versions, for that of the settings."""
    member_weights: tuple[Weight, ...] | None = None
    """Weight of each network; None, in files of earlier versions, for equal ones."""
    gp_weight: Annotated[Weight, Field(alias="weight")]
    """Weight of the Gaussian processes."""
    calibration: Calibration | None
    """Factors of the spread; None without validation runs."""
    mirror_views: Annotated[tuple[tuple[Axis, ...], ...], Field(alias="views")]
    """Axes of each mirror view."""

    @model_validator(mode="after")
    def _one_entry_for_each_member(self) -> Self:
        for entries in (self.decoders, self.member_weights):
            if entries is not None and len(entries) != self.members:
                raise ValueError(f"{len(entries)} entries for {self.members} networks")
        if unknown := set(self.decoders or ()) - set(DECODERS):
            raise ValueError(f"there is no decoder {min(unknown)}")
        return self


def ensemble_state(ensemble: Ensemble) -> tuple[dict[str, Tensor], EnsembleDescription]:
    """Return tensors and description of everything but the first member."""
    # Imported here: ensembles are also read without torch.
    import torch

    from simulgenvae.models.networks import Networks

    tensors = {}
    for number, member in enumerate(ensemble.members[1:], start=2):
        assert isinstance(member, Networks), "an ensemble of torch's networks"
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
    held_out = {} if ensemble.held_out is None else ensemble.held_out.arrays()
    for name, array in held_out.items():
        tensors[_HELD_OUT + name] = torch.from_numpy(np.ascontiguousarray(array))
    if ensemble.predicted_latents is not None:
        tensors[_PREDICTED_LATENTS] = torch.from_numpy(ensemble.predicted_latents)
    description = EnsembleDescription(
        members=len(ensemble.members),
        decoders=tuple(member.decoder_name for member in ensemble.members),
        member_weights=ensemble.member_weights,
        gp_weight=ensemble.gp_weight,
        calibration=ensemble.calibration,
        mirror_views=tuple(view.axes for view in ensemble.mirror_views),
    )
    return tensors, description


def restore_ensemble(
    tensors: dict[str, Tensor], description: EnsembleDescription, parts: Parts
) -> Ensemble:
    """Return the ensemble of :func:`ensemble_state`.

    Parameters
    ----------
    tensors, description
        Content of the ensemble's file.
    parts
        Everything else of the surrogate; its networks are the first member.

    Raises
    ------
    UserError, KeyError, TypeError, ValueError, RuntimeError
        When something is missing or does not fit.
    """
    from simulgenvae.models.networks import field_points

    first = parts.networks
    # Members are counted from 1, and the first one is in separate files.
    decoders = description.decoders or (first.decoder_name,) * description.members
    members = [first]
    # Members with the same decoder share its points, which take time to choose.
    points = {first.decoder_name: first.points}
    for number, decoder in enumerate(decoders[1:], start=2):
        settings = parts.settings.with_decoder(decoder)
        if decoder not in points:
            points[decoder] = field_points(settings, parts.mesh.coords, parts.reduction)
        own = group(f"member_{number}.", tensors)
        members.append(_member(own, settings, points[decoder], parts))
    arrays = {
        name: value.numpy() for name, value in tensors.items() if not name.startswith("member_")
    }
    return ensemble_of(members, arrays, description, parts)


def ensemble_of(
    members: Sequence[Member],
    tensors: dict[str, NDArray[Any]],
    description: EnsembleDescription,
    parts: PredictingParts,
) -> Ensemble:
    """Return the ensemble of members with what else its file holds.

    Parameters
    ----------
    members
        All members, the first one included.
    tensors, description
        Content of the ensemble's file; tensors of networks are not needed.
    parts
        Everything else of the surrogate.

    Raises
    ------
    UserError, KeyError, TypeError, ValueError, RuntimeError
        When something is missing or does not fit.
    """
    scaler = parts.condition_scaler
    times = parts.times
    weights = description.member_weights or (1 / len(members),) * len(members)
    rank = parts.reduction.rank
    arrays = group(_POD_GP, tensors)
    pod_gp = PodGaussianProcesses.restore(arrays, scaler, times) if arrays else None
    if pod_gp is not None and pod_gp.leading.trajectory != (len(times), rank):
        raise ValueError(
            f"the Gaussian processes are of trajectories {pod_gp.leading.trajectory}, not "
            f"{(len(times), rank)}"
        )
    if description.gp_weight > 0 and pod_gp is None:
        raise ValueError("the Gaussian processes are missing")
    # Each view must fit the coefficients, or mirroring back would fail at the first prediction.
    views = []
    for number, axes in enumerate(description.mirror_views):
        views.append(MirrorView.restore(list(axes), group(f"view_{number}.", tensors), rank))
    kept = group(_HELD_OUT, tensors)
    held_out = HeldOutPredictions.restore(kept, len(times), rank) if kept else None
    if held_out is not None and held_out.shapes is not None:
        modes = 0 if parts.shapes is None else parts.shapes.modes.count
        if held_out.shapes.shape[1] != modes:
            raise ValueError(f"the geometries of validation runs are not those of {modes} modes")
    return Ensemble(
        members=tuple(members),
        member_weights=weights,
        scaler=scaler,
        times=times,
        pod_gp=pod_gp,
        gp_weight=description.gp_weight,
        calibration=description.calibration,
        mirror_views=tuple(views),
        held_out=held_out,
        predicted_latents=_predicted_latents(tensors, len(members), parts.settings.model),
    )


def _predicted_latents(
    tensors: dict[str, NDArray[Any]], members: int, model: ModelSettings
) -> NDArray[np.float32] | None:
    """Return the latents that members predict for training runs; ValueError for other arrays."""
    latents = tensors.get(_PREDICTED_LATENTS)
    if latents is None:
        return None
    width = model.latent_dim + model.levels * model.hierarchical_dim
    fits = latents.ndim == 3 and latents.size > 0 and latents.shape[::2] == (members, width)
    if not fits or latents.dtype != np.float32 or not np.isfinite(latents).all():
        raise ValueError(
            f"the members' latents of training runs are {latents.dtype} {latents.shape}"
        )
    return latents


def _member(
    weights: dict[str, Tensor], settings: Settings, points: FieldPoints | None, parts: Parts
) -> Networks:
    """Return a further member with its own weights; its encoder stays without memory."""
    import torch

    from simulgenvae.models.networks import Networks

    std = parts.networks.vae.coefficient_std
    times = parts.networks.vae.times
    # On the meta device a network takes no memory until its shapes are known to agree with the
    # file, whose settings may ask for any size.
    with torch.device("meta"):
        member = Networks(
            settings,
            torch.empty(len(std)),
            torch.empty(len(times)),
            parts.condition_scaler,
            points,
            parts.distances,
        )
    fill(member.conditioner, group("conditioner.", weights))
    fill(member.vae.decoder, group("vae.decoder.", weights))
    member.vae.coefficient_std = std
    member.vae.times = times
    return member.eval()

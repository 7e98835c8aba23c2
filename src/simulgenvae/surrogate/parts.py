"""The parts of a trained surrogate, and how they are put together from what was read, each checked
before it is filled.

A file from a stranger can neither run code nor ask for more memory than it holds itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from simulgenvae.data.conditions import ConditionScaler
from simulgenvae.data.metadata import check_times
from simulgenvae.data.names import check_ids, check_names
from simulgenvae.data.split import Split
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.models.networks import Networks
from simulgenvae.models.training_record import TrainingInfo, VaeTraining
from simulgenvae.reduction import Reduction, restore_reduction
from simulgenvae.settings import Settings
from simulgenvae.surrogate.ensemble import Ensemble
from simulgenvae.surrogate.weights import check_weights, digest

Kind = Literal["vae", "conditioner", "ensemble"]


@dataclass(frozen=True)
class Parts:
    """What the two model files hold together; the fields are those of
    :class:`simulgenvae.surrogate.surrogate.Surrogate`."""

    settings: Settings
    split: Split
    variables: tuple[str, ...]
    units: tuple[str, ...]
    times: NDArray[np.float64]
    mesh: Mesh
    condition_scaler: ConditionScaler
    reduction: Reduction
    networks: Networks
    """The first member: its VAE gives the latents."""
    ensemble: Ensemble | None
    """What predicts; None where the VAE alone is trained."""
    vae_training: VaeTraining
    """How the VAE was trained, which may have been before the rest."""
    info: TrainingInfo
    """How all of it was trained last: data fingerprint, stages, history, warnings, rank and
    versions."""


@dataclass(frozen=True)
class ConditionerFile:
    """Content of the conditioner's file: its weights, and the training that made it."""

    weights: dict[str, Tensor]
    digest: str
    """Fingerprint of the weights: it ties the ensemble to them."""
    settings: Settings
    info: TrainingInfo

    @classmethod
    def of(cls, weights: dict[str, Tensor], about: dict[str, Any]) -> ConditionerFile:
        """Check what was read; LookupError, TypeError, ValueError or OverflowError where it is not
        that file."""
        if (found := digest(weights)) != about["conditioner"]:
            raise ValueError("the weights are not those that were written")
        info = TrainingInfo.model_validate(about["info"])
        return cls(weights, found, Settings.model_validate(about["settings"]), info)


def of_kind(kind: Kind, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in tensors.items() if name.startswith(f"{kind}.")}


def assemble(
    tensors: dict[str, Tensor], about: dict[str, Any], conditioner: ConditionerFile | None = None
) -> Parts:
    """Put the parts together from the VAE's file and the conditioner's, each checked against the
    others.

    Without ``conditioner`` that network stays without memory, and settings and info are those of
    the VAE alone.

    Raises UserError, KeyError, TypeError, ValueError, RuntimeError, AttributeError or
    OverflowError.
    """
    vae = of_kind("vae", tensors)
    arrays = {name: value.numpy() for name, value in tensors.items() if name not in vae}
    training = VaeTraining(about["settings"], TrainingInfo.model_validate(about["info"]))
    settings, info = Settings.model_validate(training.settings), training.info
    if conditioner is not None:
        last = conditioner.settings
        if (last.model, last.reduction) != (settings.model, settings.reduction):
            raise ValueError(
                "the VAE and the conditioner have different settings of model or reduction"
            )
        settings, info = last, conditioner.info
    scaler = ConditionScaler.model_validate(about["condition_scaler"])
    reduction = restore_reduction(settings.reduction.method, _group("reduction", arrays))
    times = arrays["times"].astype(np.float64)
    check_times(times)
    with torch.device(
        "meta"
    ):  # no memory is taken until the shapes are known to be those of the file
        networks = Networks(settings, torch.empty(reduction.rank), torch.empty(len(times)), scaler)
    _fill(networks.vae, vae, "vae")
    if conditioner is not None:
        _fill(networks.conditioner, conditioner.weights, "conditioner")
    if digest(vae) != about["vae"]:
        raise ValueError("the weights are not those that were written")
    nodes, count = reduction.field_shape
    variables, units = tuple(about["variables"]), tuple(about["units"])
    if not (len(variables) == len(units) == count and len(times)):
        raise ValueError(
            f"{len(variables)} variables, {len(units)} units and {len(times)} times of {count} "
            "fields"
        )
    check_names(variables, "variable")
    if not all(isinstance(unit, str) for unit in units):
        raise TypeError("the units are no texts")
    mesh = Mesh(arrays.get("coords"), _group("cells", arrays))
    mesh.check(nodes)
    return Parts(
        settings=settings,
        split=_split(about["split"]),
        variables=variables,
        units=units,
        times=times,
        mesh=mesh,
        condition_scaler=scaler,
        reduction=reduction,
        networks=networks.eval(),
        ensemble=None,
        vae_training=training,
        info=info,
    )


def _group(name: str, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {
        key.removeprefix(f"{name}."): array
        for key, array in arrays.items()
        if key.startswith(f"{name}.")
    }


def _fill(module: nn.Module, weights: dict[str, Tensor], kind: Kind) -> None:
    """Put all weights in their places: each of the right shape and type, finite, none missing, none
    left over."""
    check_weights(weights)
    module.load_state_dict(
        {name.removeprefix(f"{kind}."): value for name, value in weights.items()},
        strict=True,
        assign=True,
    )


def _split(parts: dict[str, list[str]]) -> Split:
    split = Split(**{part: tuple(ids) for part, ids in parts.items()})
    check_ids((*split.train, *split.validation, *split.test))
    if not split.train:
        raise ValueError("the split has no training runs")
    return split

"""Parts of a surrogate from the content of model files, each checked before it is used.

A file from a stranger can neither run code nor ask for more memory than it holds itself: networks
are made without memory first, and take the file's tensors only where their shapes agree.

Tested in tests/surrogate/test_files.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor

from simulgenvae.models.networks import Networks, field_points
from simulgenvae.models.training_record import VaeTraining
from simulgenvae.reduction import restore_reduction
from simulgenvae.settings import Settings
from simulgenvae.surrogate.field_parts import field_parts
from simulgenvae.surrogate.parts import Parts
from simulgenvae.surrogate.weights import digest, fill, group, starting_with

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from simulgenvae.surrogate.descriptions import ConditionerDescription, VaeDescription


@dataclass(frozen=True)
class ConditionerFile:
    """Content of the conditioner's file: its weights, and the training that made it."""

    weights: dict[str, Tensor]
    """Entries of ``Networks.state_dict()``."""
    description: ConditionerDescription

    @classmethod
    def checked(cls, tensors: dict[str, Tensor], description: ConditionerDescription) -> Self:
        """Return the content of a file; ValueError where its weights do not have its digest.

        Tensors that are not the conditioner's are left out: a file must not change other networks.
        """
        weights = starting_with("conditioner.", tensors)
        if digest(weights) != description.conditioner:
            raise ValueError("the weights are not those that were written")
        return cls(weights, description)


def assemble(
    tensors: dict[str, Tensor],
    description: VaeDescription,
    conditioner: ConditionerFile | None = None,
) -> Parts:
    """Put parts together from the VAE's file and the conditioner's, each checked against the other.

    Parameters
    ----------
    tensors, description
        Content of the VAE's file.
    conditioner
        Content of the conditioner's file. Without it that network stays without memory, and
        settings and info describe the VAE.

    Raises
    ------
    UserError, KeyError, TypeError, ValueError, RuntimeError, AttributeError, OverflowError
        When something is missing or does not fit.
    """
    vae = starting_with("vae.", tensors)
    # Everything that is not a weight: reduction, mesh and times.
    arrays = {name: value.numpy() for name, value in tensors.items() if name not in vae}
    settings = Settings.model_validate(description.settings)
    info = description.info
    if conditioner is not None:
        # The conditioner was trained later than the VAE, perhaps with other settings of training.
        last = conditioner.description.settings
        if (last.model, last.reduction) != (settings.model, settings.reduction):
            raise ValueError(
                "the VAE and the conditioner have different settings of model or reduction"
            )
        settings = last
        info = conditioner.description.info
    scaler = description.condition_scaler
    reduction = restore_reduction(settings.reduction.method, group("reduction.", arrays))
    fields = field_parts(arrays, reduction, description)
    mesh = fields.mesh
    times = fields.times
    of_networks = settings.with_decoder(description.decoder or settings.model.decoder)
    points = field_points(of_networks, mesh.coords, reduction)
    # On the meta device networks take no memory until their shapes are known to agree with the
    # file, whose settings may ask for any size.
    with torch.device("meta"):
        networks = Networks(
            of_networks,
            torch.empty(reduction.rank),
            torch.empty(len(times)),
            scaler,
            points,
            None if fields.shapes is None else fields.shapes.distances,
        )
    fill(networks.vae, group("vae.", vae))
    if conditioner is not None:
        fill(networks.conditioner, group("conditioner.", conditioner.weights))
    # Last, because it reads all weights: other damage is found sooner.
    if digest(vae) != description.vae:
        raise ValueError("the weights are not those that were written")
    return Parts(
        settings=settings,
        split=description.split,
        variables=description.variables,
        units=description.units,
        time_unit=description.time_unit,
        motion=description.motion,
        times=times,
        mesh=mesh,
        condition_scaler=scaler,
        reduction=reduction,
        networks=networks.eval(),
        training_latents=_training_latents(arrays, networks.vae.hierarchy.width),
        ensemble=None,
        vae_training=VaeTraining(description.settings, description.info),
        info=info,
        mask=fields.mask,
        shapes=fields.shapes,
    )


def _training_latents(arrays: Mapping[str, NDArray[Any]], width: int) -> NDArray[np.float32] | None:
    """Return the latents of the training runs, ``[n, width]``; ValueError where they do not fit."""
    latents = arrays.get("training_latents")
    if latents is None:
        return None
    fits = latents.ndim == 2 and len(latents) and latents.shape[1] == width
    if not fits or latents.dtype != np.float32 or not np.isfinite(latents).all():
        raise ValueError(f"the training runs' latents are {latents.dtype} {latents.shape}")
    return latents

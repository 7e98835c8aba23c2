"""Networks of one surrogate, and their inputs: conditions as tensors, times mapped to 0 … 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from simulgenvae.errors import UserError
from simulgenvae.models import Conditioner, HierarchicalVae, Inputs
from simulgenvae.models.conditioner.distance import DistanceEncoder
from simulgenvae.models.field_points import FieldPoints, has_extent
from simulgenvae.settings.networks import DECODERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.conditions import Conditions
    from simulgenvae.geometry.distance_modes import DistanceModes
    from simulgenvae.reduction import Reduction
    from simulgenvae.settings import Settings


def network_inputs(conditions: Conditions, scaler: ConditionScaler) -> Inputs:
    """Return conditions as the conditioner reads them.

    Raises
    ------
    UserError
        For conditions that the scaler was not fitted to, see :meth:`ConditionScaler.transform`.
    """
    table = torch.from_numpy(scaler.transform(conditions).astype(np.float32))
    images = distances = None
    if conditions.images is not None:
        # Convolutions expect channels before rows and columns.
        images = torch.from_numpy(conditions.images.pixels).permute(0, 3, 1, 2)
    if conditions.distances is not None:
        distances = torch.from_numpy(conditions.distances)
    return Inputs(table, images, distances)


def field_points(
    settings: Settings, coords: NDArray[np.float64] | None, reduction: Reduction
) -> FieldPoints | None:
    """Return the nodes and modes that a decoder needs which is a field; None for others.

    Raises
    ------
    UserError
        When nodes have no positions.
    """
    positions = field_positions(settings, coords)
    return None if positions is None else FieldPoints.of(positions, reduction)


def field_positions(
    settings: Settings, coords: NDArray[np.float64] | None
) -> NDArray[np.float64] | None:
    """Return the positions ``[M, D]`` that a decoder needs which is a field; None for others.

    Raises
    ------
    UserError
        When nodes have no positions.
    """
    if not DECODERS[settings.model.decoder].is_field:
        return None
    what = f"the decoder {settings.model.decoder} is a function of position, and"
    if coords is None:
        raise UserError(
            f"{what} this study has no node positions: ingest it with coords, or choose another "
            "decoder"
        )
    if not has_extent(coords):
        raise UserError(f"{what} all nodes are at one place: choose another decoder")
    return coords


class Networks(nn.Module):
    """The VAE and the conditioner of one surrogate.

    Parameters
    ----------
    settings
        Settings of the study.
    coefficient_std
        Standard deviation of each coefficient over the training runs, ``[r]``.
    times
        Training times mapped to 0 … 1, ``[T]``.
    scaler
        Scaling of the conditions, which says how many parameters and which images there are.
    points
        Nodes and modes, see :func:`field_points`; needed where the decoder is a field.
    distances
        Images of geometries as functions of the last columns of the conditions, for designs of
        which no image is known; None where no columns describe a geometry.
    """

    def __init__(
        self,
        settings: Settings,
        coefficient_std: Tensor,
        times: Tensor,
        scaler: ConditionScaler,
        points: FieldPoints | None = None,
        distances: DistanceModes | None = None,
    ) -> None:
        super().__init__()
        # Kept to make the same networks again with new weights.
        self._made_from = (settings, coefficient_std, times, scaler, points, distances)
        self.points = points
        self.vae = HierarchicalVae(settings.model, coefficient_std, times, points)
        latents = (
            settings.model.latent_dim + settings.model.levels * settings.model.hierarchical_dim
        )
        geometry = None
        if distances is not None and settings.conditioner.reads_distances:
            geometry = DistanceEncoder(distances, scaler, settings.conditioner.dropout)
        self.conditioner = Conditioner(
            settings.conditioner, len(scaler.columns), scaler.images, latents, geometry
        )

    def coefficients(
        self, conditions: Conditions, scaler: ConditionScaler, times: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the coefficients of the conditioner's mean latents, ``[n, t, r]``.

        Parameters
        ----------
        conditions
            The n designs.
        scaler
            Scaling of the conditions.
        times
            Times, mapped to 0 … 1, ``[t]``.
        """
        with torch.inference_mode():
            latents = self.vae.latents_from_flat(self.predicted_latents(conditions, scaler))
            decoded: NDArray[np.float32] = self.vae.decode(latents, torch.from_numpy(times)).numpy()
        return decoded

    def predicted_latents(self, conditions: Conditions, scaler: ConditionScaler) -> Tensor:
        """Return the conditioner's mean latents of n designs, ``[n, F]``."""
        with torch.inference_mode():
            mean: Tensor = self.conditioner(network_inputs(conditions, scaler)).mean
        return mean

    @property
    def decoder_name(self) -> str:
        """Name of the decoder in the settings."""
        return self._made_from[0].model.decoder

    def new_weights(self) -> dict[str, Tensor]:
        """Return the state of the same networks with new random weights."""
        return Networks(*self._made_from).state_dict()

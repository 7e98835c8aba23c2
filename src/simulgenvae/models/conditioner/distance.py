"""Convolutional network for geometries: it reads the distance from the boundary at each place.

Tested in tests/models/conditioner/test_distance.py.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from simulgenvae.distributed.batch_shards import Dropout
from simulgenvae.models.conditioner.base import ConditionEncoder
from simulgenvae.models.distance_sizes import CELLS, FEATURES, filters_for

if TYPE_CHECKING:
    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.geometry.distance_modes import DistanceModes

_LAYERS = {2: (nn.Conv2d, nn.AdaptiveAvgPool2d), 3: (nn.Conv3d, nn.AdaptiveAvgPool3d)}


class DistanceEncoder(ConditionEncoder):
    """Network from images or volumes of signed distances to features ``[B, FEATURES]``.

    They are those of the designs' own meshes. Where these are unknown, they are computed from the
    scaled coefficients of shape modes ``[B, k]``. So a hole is read wherever it is, which
    coefficients, as columns of a table, say only together. On plates
    with any outline and up to three holes, the error is 20 % instead of 24 % (a one-off figure).

    Parameters
    ----------
    distances
        Images as functions of the coefficients, the last columns of the table.
    scaler
        Scaling of the table.
    dropout
        Dropout rate of the features.
    """

    mean: Tensor
    basis: Tensor
    shift: Tensor
    scale: Tensor
    linear_below: Tensor

    def __init__(self, distances: DistanceModes, scaler: ConditionScaler, dropout: float) -> None:
        super().__init__()
        self.columns = distances.columns
        self.sides = distances.mean.shape
        # The model's files have shape modes already: images are made from them when it is read.
        about = np.array([scaler.shift, scaler.scale, scaler.linear_below])[:, -self.columns :]
        arrays = {
            "mean": distances.mean.ravel(),
            "basis": distances.basis.reshape(self.columns, -1),
            **dict(zip(("shift", "scale", "linear_below"), about.astype(np.float32), strict=True)),
        }
        for name, array in arrays.items():
            self.register_buffer(name, torch.from_numpy(array), persistent=False)
        # Their asinh(x / s) is in the table.
        self.spans_decades = bool((about[2] > 0).any())
        convolution, pool = _LAYERS[len(self.sides)]
        filters = filters_for(self.sides)
        self.convolutions = nn.ModuleList(
            convolution(before, after, 3, stride=2, padding=1)
            for before, after in pairwise((1, *filters))
        )
        self.pool = pool(CELLS)
        self.dropout = Dropout(dropout)
        self.project = nn.Linear(filters[-1] * CELLS ** len(self.sides), FEATURES)
        self.features = FEATURES

    def forward(self, coefficients: Tensor, known: Tensor | None = None) -> Tensor:
        """Return the features of geometries.

        Parameters
        ----------
        coefficients
            Scaled coefficients ``[B, k]``.
        known
            Images ``[B, S, S]`` or volumes of the same geometries; by default those that the
            coefficients stand for.
        """
        x = self.images(coefficients) if known is None else known.float().unsqueeze(1)
        for convolution in self.convolutions:
            x = F.gelu(convolution(x))
        out: Tensor = self.project(self.dropout(self.pool(x).flatten(1)))
        return out

    def images(self, x: Tensor) -> Tensor:
        """Return the images ``[B, 1, S, S]`` or volumes of scaled coefficients ``[B, k]``."""
        given = self.shift + self.scale * x
        if self.spans_decades:
            given = torch.where(self.linear_below > 0, self.linear_below * given.sinh(), given)
        flat = (self.mean + given @ self.basis).clamp(-1.0, 1.0)
        return flat.reshape(-1, 1, *self.sides)

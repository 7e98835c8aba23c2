"""Inputs of conditioners, and the base class of networks that read one kind of condition.

Tested in tests/models/conditioner and tests/models/test_registries.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulgenvae.data.images import ImageFormat

GRID = 4
"""Cells a side of the grid in which features of images are averaged: it keeps where something is,
and works for any size."""
FEATURES = 128
"""Number of features that networks for images give."""


@dataclass(frozen=True)
class Inputs:
    """Conditions of B designs as networks read them.

    Attributes
    ----------
    table
        Scaled parameters, ``[B, P]``; P is 0 where designs have only images.
    images
        Pixels ``[B, C, S, S]``, bytes or numbers from 0 to 1; None where designs have no images.
    distances
        Images ``[B, S, S]`` or volumes of the distance from the boundary of a geometry; None where
        designs have none, or only the last columns of the table describe it.
    """

    table: Tensor
    images: Tensor | None = None
    distances: Tensor | None = None

    def __getitem__(self, rows: Tensor | slice) -> Inputs:
        """Return the conditions of some of the designs."""
        return self.each(lambda values: values[rows])

    def to(self, device: torch.device) -> Inputs:
        """Return the same conditions on another device."""
        return self.each(lambda values: values.to(device))

    def each(self, change: Callable[[Tensor], Tensor]) -> Inputs:
        """Return the conditions with a change of every tensor."""
        images = None if self.images is None else change(self.images)
        distances = None if self.distances is None else change(self.distances)
        return Inputs(change(self.table), images, distances)


class InputShape(NamedTuple):
    """Size of the conditions of one design."""

    parameters: int
    """Number P of columns of the parameters, one for each number and each value of a category; 0
    where designs have only images."""
    images: ImageFormat | None
    """Format of the images; None where designs have none."""


class ConditionEncoder(nn.Module):
    """Network from one kind of condition to features.

    A kind of conditioner derives from this class and has a
    :class:`~simulgenvae.settings.networks.ConditionerSpec`, whose ``build`` makes it from the group
    ``conditioner`` of the settings, the filters and an :class:`InputShape`. Its ``forward`` takes
    scaled parameters ``[B, P]``, or pixels ``[B, C, S, S]`` from 0 to 1, and returns features
    ``[B, features]``.
    """

    features: int
    """Number of features."""

"""Conditioner: from the conditions of designs to a Gaussian over all latents, p(z, h | condition).

A table, images and the distances from the boundary of a geometry are read by one network each;
where a design has several, their features are joined before the two heads for mean and standard
deviation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from simulgenvae.errors import UserError
from simulgenvae.models.conditioner.base import ConditionEncoder, Inputs, InputShape
from simulgenvae.models.conditioner.table import ResidualLinear
from simulgenvae.models.latents import LOG_STD_RANGE, Gaussian
from simulgenvae.settings.networks import CONDITIONERS, Condition, conditioners_of, load_builder

if TYPE_CHECKING:
    from simulgenvae.data.images import ImageFormat
    from simulgenvae.models.conditioner.distance import DistanceEncoder
    from simulgenvae.settings import ConditionerSettings


def unit_pixels(images: Tensor) -> Tensor:
    """Return images as numbers from 0 to 1; those that are numbers already stay as they are."""
    return images if images.is_floating_point() else images / 255.0


def conditioner_kind(settings: ConditionerSettings, images: ImageFormat | None) -> str:
    """Return the name of the network that reads the conditions.

    Parameters
    ----------
    settings
        The group ``conditioner`` of the settings.
    images
        Format of the designs' images; None where they have none.

    Raises
    ------
    UserError
        When the settings name a network that does not read these conditions.
    """
    needed: Condition = "table" if images is None else "images"
    if settings.kind == "auto":
        return conditioners_of(needed)[0]
    spec = CONDITIONERS[settings.kind]
    if spec.reads == needed:
        return settings.kind
    classic = f" (input_type {spec.input_types[0]})" if spec.input_types else ""
    others = " or ".join(conditioners_of(needed))
    if needed == "images":
        raise UserError(
            f"conditioner.kind is {settings.kind}{classic}, but the conditions have images: use "
            f"{others}."
        )
    raise UserError(
        f"conditioner.kind is {settings.kind}{classic}, but the conditions have no images: give "
        f"them with --images at ingest, or use {others}."
    )


def build_encoder(kind: str, settings: ConditionerSettings, shape: InputShape) -> ConditionEncoder:
    """Return a network that reads one kind of condition, with new weights.

    The filters come from the settings where it is the network that the settings choose, else from
    its descriptor: the settings of an image network say nothing about the table of the same design.
    """
    spec = CONDITIONERS[kind]
    chosen = kind == conditioner_kind(settings, shape.images)
    filters = (settings.filters if chosen else None) or spec.default_filters
    encoder: ConditionEncoder = load_builder(spec)(settings, filters, shape)
    return encoder


class Conditioner(nn.Module):
    """Network from a table, images or both to mean and standard deviation of all latents.

    Parameters
    ----------
    settings
        The group ``conditioner`` of the settings.
    parameters
        Number of columns of the parameters, one for each value of a category; 0 where designs have
        only images.
    images
        Format of the images; None where designs have none.
    latents
        Number of latents of a run, D + L·d.
    geometry
        Network that reads the last columns as a geometry; None where they are parameters as others.
    """

    def __init__(
        self,
        settings: ConditionerSettings,
        parameters: int,
        images: ImageFormat | None,
        latents: int,
        geometry: DistanceEncoder | None = None,
    ) -> None:
        super().__init__()
        kind = conditioner_kind(settings, images)
        self.geometry = geometry
        if geometry is not None:
            parameters -= geometry.columns
        shape = InputShape(parameters, images)
        self.table: ConditionEncoder | None = None
        self.image: ConditionEncoder | None = None
        # The order of construction decides which random numbers a network starts with: table before
        # image, and the heads last.
        if parameters:
            table_kind = kind if images is None else conditioners_of("table")[0]
            self.table = build_encoder(table_kind, settings, shape)
        if images is not None:
            self.image = build_encoder(kind, settings, shape)
        encoders = [each for each in (self.table, self.image, geometry) if each is not None]
        features = sum(encoder.features for encoder in encoders)
        alone = len(encoders) == 1
        self.join = nn.Identity() if alone else ResidualLinear(features, features, settings.dropout)
        self.mean = nn.Linear(features, latents)
        self.log_std = nn.Linear(features, latents)

    def forward(self, x: Inputs) -> Gaussian:
        """Return a distribution over the flat latents ``[B, D + L·d]`` of B designs."""
        # Inputs of designs without parameters still have a table, of no columns.
        features = []
        table = x.table
        if self.geometry is not None:
            columns = self.geometry.columns
            features.append(self.geometry(table[:, table.shape[1] - columns :], x.distances))
            table = table[:, : table.shape[1] - columns]
        if self.table is not None:
            features.append(self.table(table))
        if self.image is not None and x.images is not None:
            features.append(self.image(unit_pixels(x.images)))
        joined = self.join(torch.cat(features, dim=1))
        # The standard deviation is read from the features without shaping them: learning how wrong
        # the mean is must not make the mean worse.
        log_std = self.log_std(joined.detach()).float().clamp(*LOG_STD_RANGE)
        return Gaussian(self.mean(joined).float(), log_std)

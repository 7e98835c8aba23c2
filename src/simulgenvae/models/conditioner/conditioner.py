"""Conditioners: conditions to a Gaussian over all latents, p(z, h | condition).

A table goes through a residual perceptron, a picture through a convolutional network or a vision
transformer; where a design has both, their features are joined before the two heads.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from simulgenvae.data.images import ImageFormat
from simulgenvae.distributed.batch_shards import Dropout
from simulgenvae.errors import UserError
from simulgenvae.models.blocks import Chain
from simulgenvae.models.conditioner.cnn import CnnEncoder
from simulgenvae.models.conditioner.vit import VisionTransformer
from simulgenvae.models.latents import LOG_SPREAD_RANGE, Gaussian
from simulgenvae.settings import ConditionerSettings


def unit_pixels(images: Tensor) -> Tensor:
    """Pictures as numbers from 0 to 1; those that are numbers already stay as they are."""
    return images if images.is_floating_point() else images / 255.0


@dataclass(frozen=True)
class Inputs:
    """Conditions of B designs as networks read them.

    ``table`` ``[B, P]`` scaled; ``images`` ``[B, C, S, S]``, bytes or 0 … 1, where there are any.
    """

    table: Tensor
    images: Tensor | None = None

    def __getitem__(self, rows: Tensor | slice) -> Inputs:
        return Inputs(self.table[rows], None if self.images is None else self.images[rows])

    def to(self, device: torch.device) -> Inputs:
        """The same on another device."""
        return Inputs(
            self.table.to(device), None if self.images is None else self.images.to(device)
        )


class ResidualLinear(nn.Module):
    """Pre-norm residual block: LayerNorm, linear, GELU, dropout, linear; ``[B, before]`` to ``[B,
    after]``."""

    def __init__(self, before: int, after: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(before)
        self.first, self.second = nn.Linear(before, after), nn.Linear(after, after)
        self.dropout = Dropout(dropout)
        self.skip = nn.Identity() if before == after else nn.Linear(before, after)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.skip(x) + self.second(self.dropout(F.gelu(self.first(self.norm(x)))))
        return out


class TableEncoder(nn.Module):
    """Residual perceptron: scaled parameters ``[B, P]`` to features ``[B, filters[-1]]``.

    Dropout grows linearly with depth up to ``dropout``. The raw parameters meet no normalisation
    layer.
    """

    def __init__(self, parameters: int, filters: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        self.input = nn.Linear(parameters, filters[0])
        widths, depth = (filters[0], *filters), len(filters)
        self.blocks = Chain(
            ResidualLinear(a, b, dropout * (k + 1) / depth)
            for k, (a, b) in enumerate(pairwise(widths))
        )
        self.features = filters[-1]

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.blocks(F.gelu(self.input(x)))
        return out


DEFAULT_FILTERS = {"mlp": (128, 128), "cnn": (32, 64, 96, 128), "vit": (64, 64, 64, 64)}
"""Filters of each kind of network where the settings name none; those of `mlp` also for a table
beside pictures."""


def conditioner_kind(
    settings: ConditionerSettings, images: ImageFormat | None
) -> Literal["mlp", "cnn", "vit"]:
    """The network that conditions with or without pictures ask for; UserError where the settings
    ask for another."""
    kind = settings.kind if settings.kind != "auto" else "mlp" if images is None else "cnn"
    if kind == "mlp" and images is not None:
        raise UserError(
            "conditioner.kind is mlp (input_type csv), but the conditions have images: use cnn "
            "or vit."
        )
    if kind != "mlp" and images is None:
        raise UserError(
            f"conditioner.kind is {kind} (input_type image), but the conditions have no images: "
            "give them with --images at ingest, or use mlp."
        )
    return kind


class Conditioner(nn.Module):
    """From a table, a picture or both to mean and spread of all latents.

    The spread is read from the features without shaping them: learning how wrong the mean is must
    not make the mean worse.
    """

    def __init__(
        self,
        settings: ConditionerSettings,
        parameters: int,
        images: ImageFormat | None,
        latents: int,
    ) -> None:
        super().__init__()
        kind = conditioner_kind(settings, images)
        filters = settings.filters or DEFAULT_FILTERS[kind]
        self.table: TableEncoder | None = None
        self.image: CnnEncoder | VisionTransformer | None = None
        if parameters:
            table_filters = filters if kind == "mlp" else DEFAULT_FILTERS["mlp"]
            self.table = TableEncoder(parameters, table_filters, settings.dropout)
        if images is not None and kind == "cnn":
            self.image = CnnEncoder(
                images.channels, images.size, filters, settings.dropout, settings.spatial_attention
            )
        elif images is not None:
            self.image = VisionTransformer(images.channels, images.size, filters, settings.dropout)
        features = sum(
            encoder.features for encoder in (self.table, self.image) if encoder is not None
        )
        both = self.table is not None and self.image is not None
        self.join = ResidualLinear(features, features, settings.dropout) if both else nn.Identity()
        self.mean = nn.Linear(features, latents)
        self.log_std = nn.Linear(features, latents)

    def forward(self, x: Inputs) -> Gaussian:
        """Conditions of B designs to a distribution over flat latents ``[B, D + L·d]``."""
        features = []
        if self.table is not None:
            features.append(self.table(x.table))
        if self.image is not None and x.images is not None:
            features.append(self.image(unit_pixels(x.images)))
        joined = self.join(torch.cat(features, dim=1))
        return Gaussian(
            self.mean(joined).float(),
            self.log_std(joined.detach()).float().clamp(*LOG_SPREAD_RANGE),
        )

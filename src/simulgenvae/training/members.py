"""Networks of an ensemble: how many, with which decoders, and how they are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.models.field_points import has_extent
from simulgenvae.models.networks import Networks, field_points
from simulgenvae.settings.networks import DECODERS
from simulgenvae.training.performance import prepare_networks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.geometry.distance_modes import DistanceModes
    from simulgenvae.models.field_points import FieldPoints
    from simulgenvae.reduction import Reduction
    from simulgenvae.settings import Settings
    from simulgenvae.training.data import TrainingData

MANY_SNAPSHOTS = 20_000
"""Number of training snapshots at which two networks that train longer are better than three."""
FIELD = next(name for name, spec in DECODERS.items() if spec.is_field)
"""Decoder of the second network by default."""


@dataclass(frozen=True, eq=False)
class NetworkFactory:
    """Maker of the networks of one training, which differ in their decoder only.

    Attributes
    ----------
    settings, data, scaler
        See :class:`Networks`.
    coords
        Positions of the nodes, ``[M, D]``; None where they are unknown.
    reduction
        Reduction of the fields.
    distances
        Images of geometries, see :class:`Networks`.
    """

    settings: Settings
    data: TrainingData
    scaler: ConditionScaler
    coords: NDArray[np.float64] | None
    reduction: Reduction
    distances: DistanceModes | None = None

    def networks(self, decoder: str) -> Networks:
        """Return new networks with this decoder, on the device of the data.

        Raises
        ------
        UserError
            When the decoder is a field and nodes have no positions.
        """
        settings = self.settings.with_decoder(decoder)
        points = self.points(settings)
        std = self.data.coefficient_std
        made = Networks(settings, std, self.data.times, self.scaler, points, self.distances)
        # Networks without memory, of which only the shapes count, cannot be moved.
        if self.data.device.type != "cpu":
            made = made.to(self.data.device)
        prepare_networks(made, settings.training.performance)
        return made

    def points(self, settings: Settings) -> FieldPoints | None:
        """Return the points that a decoder needs which is a field; None for others."""
        return field_points(settings, self.coords, self.reduction)

    def further_count(self, *, continues: bool) -> int:
        """Return the number of networks of the ensemble besides the first.

        ``continues`` says whether the stage continues with trained networks, where by default there
        is only the first.
        """
        count = _count(
            self.settings,
            len(self.data.rows["train"]),
            len(self.data.times),
            images=self.data.conditions.images is not None,
            continues=continues,
        )
        return count - 1

    @property
    def second_decoder(self) -> str | None:
        """Decoder of the second network from new weights; None for that of the first."""
        return second_decoder(self.settings, self.coords)


def second_decoder(settings: Settings, coords: NDArray[np.float64] | None) -> str | None:
    """Return the decoder of the second network from new weights; None for that of the first.

    ``coords`` are the positions of the nodes, ``[M, D]``; None where they are unknown.
    """
    second = settings.training.end_to_end.second_decoder
    if second == "none":
        return None
    if second != "auto":
        return second
    possible = (
        settings.model.decoder == next(iter(DECODERS))
        and settings.reduction.method == "pod"
        and settings.learns_from_squares
        and coords is not None
        and has_extent(coords)
    )
    return FIELD if possible else None


def decoders_of_members(
    settings: Settings,
    coords: NDArray[np.float64] | None,
    snapshots: tuple[int, int],
    *,
    images: bool,
    continues: bool,
) -> list[str]:
    """Return the decoder of each network of the ensemble, before any network is made.

    Networks after the second one take the better of the first two decoders, which is not known:
    they are named after the second.

    Parameters
    ----------
    settings, coords
        See :class:`NetworkFactory`.
    snapshots
        Number of training runs, and of timesteps in each.
    images
        Whether the runs have images.
    continues
        Whether the stage continues with trained networks.
    """
    own = settings.model.decoder
    count = _count(settings, *snapshots, images=images, continues=continues)
    further = own
    if not continues and count > 1:
        further = second_decoder(settings, coords) or own
    return [own, *[further] * (count - 1)]


def _count(settings: Settings, runs: int, timesteps: int, *, images: bool, continues: bool) -> int:
    """Return the number of networks of the ensemble."""
    wanted = settings.training.end_to_end.members
    if wanted is None and continues:
        return 1
    return member_count(wanted, runs, timesteps, images=images)


def member_count(wanted: int | None, runs: int, timesteps: int, *, images: bool) -> int:
    """Return the number of networks in an ensemble.

    It is the number that the settings give. Otherwise it is 3, or 2 where a step also reads images
    or there are at least ``MANY_SNAPSHOTS`` training snapshots.
    """
    return wanted or (2 if images or runs * timesteps >= MANY_SNAPSHOTS else 3)

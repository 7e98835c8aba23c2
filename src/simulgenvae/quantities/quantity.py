"""Quantity: a statistic of one variable, or of a vector's magnitude, at some nodes and times."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.quantities.definition import QuantityDefinition

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.quantities.regions import Region
    from simulgenvae.quantities.statistics import Found

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Quantity(QuantityDefinition):
    """One number of a run, with its nodes on a mesh.

    Attributes
    ----------
    region
        Nodes.
    volumes
        Nodal volumes of the region's nodes, ``[m]``.
    coords
        Positions of the region's nodes, ``[m, D]``, where an extreme can be located; else None.
    """

    region: Region
    volumes: Array
    coords: Array | None

    def __call__(self, fields: NDArray[np.floating]) -> Found:
        """Return the number of a part of a run.

        Parameters
        ----------
        fields
            Fields at the quantity's timesteps and nodes, of its variables, ``[t, m, v]``.
        """
        values = fields
        # Interpolated before the magnitude is taken: the field between nodes is a vector.
        if self.times.is_one:
            values = np.einsum("t,tmv->mv", self.times.weights, values)[None]
        if self.region.mix is not None:
            values = np.einsum("m,tmv->tv", self.region.mix, values)[:, None]
        values = np.linalg.norm(values, axis=2) if values.shape[2] > 1 else values[..., 0]
        volumes = self.volumes if self.region.mix is None else np.ones(1)
        weights = np.ones(1) if self.times.is_one else self.times.weights
        return self.statistic.function(values, volumes, weights)

    @property
    def digest(self) -> bytes:
        """Hash, of 32 bytes, of which number of a run it is, by its nodes."""
        found = hashlib.sha256(f"{self.statistic.word} {self.times.is_one}".encode())
        parts = (self.columns, self.region.nodes, self.times.rows, self.times.weights)
        for part in (*parts, *(() if self.region.mix is None else (self.region.mix,))):
            array = np.asarray(part, np.float64)
            found.update(f"{len(array)} ".encode() + array.tobytes())
        return found.digest()

    @property
    def has_place(self) -> bool:
        """True if the number is at one of several nodes whose positions are known."""
        return self.statistic.is_extreme and self.coords is not None

    @property
    def has_time(self) -> bool:
        """True if the number is at one of several times."""
        return self.statistic.is_extreme and not self.times.is_one and len(self.at) > 1

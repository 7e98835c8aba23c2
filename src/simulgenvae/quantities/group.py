"""Several quantities, evaluated on the part of the fields that they need together.

Tested in tests/quantities/test_quantity.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.quantities.domain import FieldDomain
    from simulgenvae.quantities.quantity import Quantity
    from simulgenvae.reduction import Decoder, Reduction

    Array = NDArray[np.float64]


class QuantityValues(NamedTuple):
    """Values of Q quantities of one run."""

    values: Array
    """Numbers, ``[Q]``."""
    times: Array
    """Time of each extreme, ``[Q]``; NaN where there is no such time."""
    places: Array
    """Position of each extreme, ``[Q, D]``; NaN where there is no such place."""


@dataclass(frozen=True, eq=False)
class QuantityGroup:
    """Quantities of the fields of one domain."""

    quantities: tuple[Quantity, ...]
    domain: FieldDomain

    def __len__(self) -> int:
        return len(self.quantities)

    @cached_property
    def rows(self) -> NDArray[np.intp]:
        """Timesteps that are needed, ``[t]``."""
        return _union([each.times.rows for each in self.quantities])

    @cached_property
    def nodes(self) -> NDArray[np.intp]:
        """Nodes that are needed, ``[m]``."""
        return _union([each.region.nodes for each in self.quantities])

    @cached_property
    def columns(self) -> NDArray[np.intp]:
        """Variables that are needed, ``[v]``."""
        return _union([np.array(each.columns) for each in self.quantities])

    @property
    def dimensions(self) -> int:
        """Number of coordinates of a place; 0 where positions are not known."""
        coords = self.domain.mesh.coords
        return 0 if coords is None else coords.shape[1]

    def decoder(self, reduction: Reduction) -> Decoder:
        """Return the map from coefficients to the part of the fields that is needed."""
        nodes, variables = reduction.field_shape
        if len(self.nodes) == nodes and len(self.columns) == variables:
            return reduction
        return reduction.at(self.nodes, self.columns)

    def of_run(self, fields: NDArray[np.floating]) -> QuantityValues:
        """Return the quantities of a whole run, ``[T, M, V]``."""
        part = fields[self.rows] if len(self.rows) < len(fields) else fields
        if len(self.nodes) < fields.shape[1]:
            part = part[:, self.nodes]
        if len(self.columns) < fields.shape[2]:
            part = part[..., self.columns]
        return self.of_part(part)

    def of_part(self, fields: NDArray[np.floating]) -> QuantityValues:
        """Return the quantities from the part of the fields that is needed, ``[t, m, v]``."""
        count = len(self)
        values = np.empty(count)
        times = np.full(count, np.nan)
        places = np.full((count, self.dimensions), np.nan)
        for number, quantity in enumerate(self.quantities):
            found = quantity(self._taken(quantity, fields))
            values[number] = found.value
            if quantity.has_time and found.time is not None:
                times[number] = quantity.at[found.time]
            if quantity.has_place and quantity.coords is not None and found.node is not None:
                places[number] = quantity.coords[found.node]
        return QuantityValues(values, times, places)

    def _taken(self, quantity: Quantity, fields: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the quantity's own part ``[t, m, v]`` of the common one."""
        # Most quantities need all that is there, and then nothing is copied.
        rows, nodes, columns = quantity.times.rows, quantity.region.nodes, list(quantity.columns)
        if len(columns) < len(self.columns) or len(columns) > 1:
            fields = fields[..., np.searchsorted(self.columns, columns)]
        if len(rows) < len(self.rows):
            fields = fields[np.searchsorted(self.rows, rows)]
        # A point's nodes are in the order of their weights, which may be any.
        if len(nodes) < len(self.nodes) or quantity.region.mix is not None:
            fields = fields[:, np.searchsorted(self.nodes, nodes)]
        return fields


def _union(parts: list[NDArray[np.intp]]) -> NDArray[np.intp]:
    if not parts:
        return np.empty(0, np.intp)
    return np.unique(np.concatenate(parts)).astype(np.intp)

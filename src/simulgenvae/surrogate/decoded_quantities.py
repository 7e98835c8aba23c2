"""Quantities of coefficients: fields are decoded only where a mesh needs them for its quantities.

Tested in tests/surrogate/test_own_quantities.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from simulgenvae.geometry import Placement
    from simulgenvae.quantities import QuantityGroup
    from simulgenvae.quantities.group import QuantityValues
    from simulgenvae.reduction import Decoder, Reduction


@dataclass(frozen=True, eq=False)
class DecodedQuantities:
    """Quantities on one mesh, of fields that are decoded from coefficients.

    Attributes
    ----------
    group
        The quantities on the mesh.
    decoder
        Map from coefficients to the part of the fields that they need.
    weights
        Weights of the decoded nodes at the group's nodes; None where these are the same.
    """

    group: QuantityGroup
    decoder: Decoder
    weights: csr_array | None = None

    @classmethod
    def of(
        cls, group: QuantityGroup, reduction: Reduction, placement: Placement | None = None
    ) -> Self:
        """Return quantities on the mesh of a placement; None where all designs have one mesh."""
        to_own = None if placement is None else placement.weights
        if to_own is None:
            return cls(group, group.decoder(reduction))
        rows = to_own[group.nodes]
        used = np.unique(rows.indices)
        return cls(group, reduction.at(used, group.columns), rows[:, used])

    def __call__(self, coefficients: NDArray[np.float32]) -> QuantityValues:
        """Return the quantities of one run from its coefficients ``[T, r]``."""
        part = self.decoder.decode(coefficients[self.group.rows])
        if self.weights is not None:
            weights = self.weights.astype(part.dtype)
            part = np.stack([weights @ fields for fields in part])
        return self.group.of_part(part)

"""Quantities of the validation runs themselves, as they were computed from the runs' fields.

Tested in tests/surrogate/test_true_quantities.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulgenvae.quantities import Quantity

_DIGEST_BYTES = 32


@dataclass(frozen=True, eq=False)
class TrueQuantities:
    """Q quantities of n validation runs.

    Attributes
    ----------
    digests
        :attr:`.Quantity.digest` of each quantity, ``[Q, 32]``.
    values
        Their numbers, ``[n, Q]``.
    """

    digests: NDArray[np.uint8]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, quantities: Sequence[Quantity], values: NDArray[np.float64]) -> Self:
        """Return the numbers ``[n, Q]`` of quantities."""
        digests = b"".join(each.digest for each in quantities)
        return cls(np.frombuffer(digests, np.uint8).reshape(-1, _DIGEST_BYTES).copy(), values)

    def put_into(
        self, values: NDArray[np.float64], quantities: Sequence[Quantity]
    ) -> NDArray[np.float64]:
        """Return values ``[n, q]`` of quantities, with those that are known in their places."""
        column_of = {each.tobytes(): column for column, each in enumerate(self.digests)}
        found = values.copy()
        for q, quantity in enumerate(quantities):
            column = column_of.get(quantity.digest)
            if column is not None:
                found[:, q] = self.values[:, column]
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what :meth:`restore` needs."""
        return {"quantity_digests": self.digests, "quantity_values": self.values}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]], runs: int) -> Self | None:
        """Return quantities that were read from a model file; None where it has none.

        It is the inverse of :meth:`arrays`. Raises KeyError and ValueError when one is missing or
        they do not belong together.
        """
        if not arrays.keys() & {"quantity_digests", "quantity_values"}:
            return None
        found = cls(arrays["quantity_digests"], arrays["quantity_values"])
        shapes = (len(found.digests), _DIGEST_BYTES), (runs, len(found.digests))
        if (found.digests.shape, found.values.shape) != shapes:
            raise ValueError(f"the quantities of validation runs are not of the shapes {shapes}")
        if found.digests.dtype != np.uint8 or found.values.dtype != np.float64:
            raise ValueError("the quantities of validation runs are of other types")
        if not np.isfinite(found.values).all():
            raise ValueError("the quantities of validation runs are no finite numbers")
        return found

"""Quantities of the validation runs themselves, as they were computed from the runs' fields.

Where runs have meshes of their own, they come with the quantities that were predicted for the same
meshes: a model does not hold these.

Tested in tests/surrogate/test_true_quantities.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulgenvae.quantities import AskedQuantity, Quantity

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
    of_field, of_samples
        Quantities of the predicted fields of these runs, and of the samples, ``[n, Q]`` and
        ``[K, n, Q]``; None where all runs have one mesh.
    """

    digests: NDArray[np.uint8]
    values: NDArray[np.float64]
    of_field: NDArray[np.float64] | None = None
    of_samples: NDArray[np.float64] | None = None

    @classmethod
    def of(
        cls,
        quantities: Sequence[Quantity] | Sequence[AskedQuantity],
        values: NDArray[np.float64],
        of_field: NDArray[np.float64] | None = None,
        of_samples: NDArray[np.float64] | None = None,
    ) -> Self:
        """Return the numbers ``[n, Q]`` of quantities."""
        found = b"".join(each.digest for each in quantities)
        digests = np.frombuffer(found, np.uint8).reshape(-1, _DIGEST_BYTES).copy()
        return cls(digests, values, of_field, of_samples)

    def columns(self, quantities: Sequence[Quantity] | Sequence[AskedQuantity]) -> list[int | None]:
        """Return the column of each quantity; None of those that are not known."""
        column_of = {each.tobytes(): column for column, each in enumerate(self.digests)}
        return [column_of.get(quantity.digest) for quantity in quantities]

    def put_into(
        self, values: NDArray[np.float64], quantities: Sequence[Quantity]
    ) -> NDArray[np.float64]:
        """Return values ``[n, q]`` of quantities, with those that are known in their places."""
        found = values.copy()
        for q, column in enumerate(self.columns(quantities)):
            if column is not None:
                found[:, q] = self.values[:, column]
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what :meth:`restore` needs."""
        arrays: dict[str, NDArray[Any]] = {
            "quantity_digests": self.digests,
            "quantity_values": self.values,
        }
        if self.of_field is not None and self.of_samples is not None:
            arrays |= {
                "quantity_predictions": self.of_field,
                "quantity_samples": self.of_samples,
            }
        return arrays

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]], runs: int) -> Self | None:
        """Return quantities that were read from a model file; None where it has none.

        It is the inverse of :meth:`arrays`. Raises KeyError and ValueError when one is missing or
        they do not belong together.
        """
        if not arrays.keys() & {"quantity_digests", "quantity_values"}:
            return None
        found = cls(
            arrays["quantity_digests"],
            arrays["quantity_values"],
            arrays.get("quantity_predictions"),
            arrays.get("quantity_samples"),
        )
        shapes = (len(found.digests), _DIGEST_BYTES), (runs, len(found.digests))
        if (found.digests.shape, found.values.shape) != shapes:
            raise ValueError(f"the quantities of validation runs are not of the shapes {shapes}")
        if found.digests.dtype != np.uint8 or found.values.dtype != np.float64:
            raise ValueError("the quantities of validation runs are of other types")
        if not np.isfinite(found.values).all():
            raise ValueError("the quantities of validation runs are no finite numbers")
        if found.of_field is None and found.of_samples is None:
            return found
        if found.of_field is None or found.of_samples is None:
            raise ValueError("the predicted quantities of validation runs lack a part")
        if found.of_field.shape != shapes[1] or found.of_samples.shape[1:] != shapes[1]:
            raise ValueError("the predicted quantities are not those of the validation runs")
        for array in (found.of_field, found.of_samples):
            if array.dtype != np.float64 or not np.isfinite(array).all():
                raise ValueError("the predicted quantities are no finite numbers")
        return found

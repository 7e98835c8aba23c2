"""Predicted quantities of several designs, and their labels.

Tested in tests/surrogate/test_quantities.py.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.surrogate.predicted_quantity import PredictedQuantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from simulgenvae.quantities import AskedQuantities, QuantityGroup

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PredictedQuantities:
    """Q quantities of n designs; all arrays are ``[n, Q]``, and ``places`` is ``[n, Q, D]``.

    ``values`` are those of the predicted fields, corrected by their mean error on the validation
    runs. ``times`` and ``places`` are those of maxima and minima of the predicted field, and NaN
    elsewhere.
    """

    values: Array
    std: Array
    lower: Array
    upper: Array
    times: Array
    places: Array

    @classmethod
    def joined(cls, parts: Sequence[PredictedQuantities]) -> PredictedQuantities:
        """Return the designs of several predictions as one."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})

    def of_design(
        self, design: int, group: QuantityGroup | AskedQuantities
    ) -> tuple[PredictedQuantity, ...]:
        """Return the quantities of one design, from 0 to n - 1, with their names and units."""
        found = []
        for q, quantity in enumerate(group.quantities):
            time = float(self.times[design, q])
            place = tuple(self.places[design, q].tolist())
            found.append(
                PredictedQuantity(
                    name=quantity.name,
                    unit=quantity.unit,
                    value=float(self.values[design, q]),
                    std=float(self.std[design, q]),
                    lower=float(self.lower[design, q]),
                    upper=float(self.upper[design, q]),
                    time=time if np.isfinite(time) else None,
                    place=place if place and np.isfinite(place).all() else None,
                    limit=quantity.limit,
                )
            )
        return tuple(found)

    def labelled(
        self, group: QuantityGroup | AskedQuantities, ids: Sequence[str], warnings: Sequence[str]
    ) -> xr.Dataset:
        """Return the quantities with their labels, see :meth:`Surrogate.quantities`."""
        # Imported where it is needed, as xarray takes a third of a second to load.
        import xarray as xr

        dims = ("run", "quantity")
        arrays: dict[str, object] = {
            "value": (dims, self.values),
            "std": (dims, self.std),
            "lower": (dims, self.lower),
            "upper": (dims, self.upper),
            "time": (dims, self.times),
            "place": ((*dims, "dim"), self.places),
        }
        labels: dict[str, object] = {
            "run": list(ids),
            "quantity": [each.name for each in group.quantities],
            "unit": ("quantity", [each.unit for each in group.quantities]),
            "definition": ("quantity", [each.text for each in group.quantities]),
        }
        return xr.Dataset(arrays, labels, {"warnings": list(warnings)})

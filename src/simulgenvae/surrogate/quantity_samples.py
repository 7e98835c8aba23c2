"""Quantities of predictions: of the predicted field, and of each sample of it.

The uncertainty of a number such as a maximum does not follow from the standard deviations of single
values, so the number is taken of every sample, each of which is a whole field.

Tested in tests/surrogate/test_quantities.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from simulgenvae.surrogate.decoded_quantities import DecodedQuantities
    from simulgenvae.surrogate.ensemble import CoefficientPrediction

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class QuantitySamples:
    """Q quantities of n predicted designs.

    Attributes
    ----------
    of_field
        Quantities of the predicted field, ``[n, Q]``.
    of_samples
        Quantities of each sample, ``[K, n, Q]``.
    times, places
        Time and position of extremes of the predicted field, ``[n, Q]`` and ``[n, Q, D]``, see
        :class:`~simulgenvae.quantities.group.QuantityValues`.
    widening
        Factor to the spread of each design, ``[n]``: more than 1 outside the trained range.
    """

    of_field: Array
    of_samples: Array
    times: Array
    places: Array
    widening: Array

    @classmethod
    def of(
        cls, on_mesh: Callable[[int], DecodedQuantities], prediction: CoefficientPrediction
    ) -> Self:
        """Return the quantities of predicted designs.

        One field is decoded at a time: the samples of a design are larger than its prediction.

        Parameters
        ----------
        on_mesh
            Function that returns the quantities on the mesh of a design, by its row.
        prediction
            Coefficients at all training times, ``[n, T, r]``, with samples.
        """
        found = []
        of_samples = []
        for design, mean in enumerate(prediction.mean):
            quantities = on_mesh(design)
            found.append(quantities(mean))
            samples = [quantities(sample).values for sample in prediction.samples[:, design]]
            of_samples.append(np.array(samples).reshape(len(samples), len(quantities.group)))
        return cls(
            np.stack([each.values for each in found]),
            np.stack(of_samples, axis=1),
            np.stack([each.times for each in found]),
            np.stack([each.places for each in found]),
            prediction.widening,
        )

    @classmethod
    def on_one_mesh(cls, quantities: DecodedQuantities, prediction: CoefficientPrediction) -> Self:
        """Return the quantities of predicted designs that have one mesh."""
        return cls.of(lambda _: quantities, prediction)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the designs of several batches as one."""
        return cls(
            np.concatenate([part.of_field for part in parts]),
            np.concatenate([part.of_samples for part in parts], axis=1),
            np.concatenate([part.times for part in parts]),
            np.concatenate([part.places for part in parts]),
            np.concatenate([part.widening for part in parts]),
        )

"""Quantities of validation runs with meshes of their own, from which bands are calibrated.

Prediction and run are compared on one mesh: that of the run, for quantities that were known at the
training, and else the mesh that its geometry has as shape modes represent it. Tested in
tests/surrogate/test_own_quantities.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.quantities import AskedQuantities
from simulgenvae.surrogate.quantity_samples import QuantitySamples

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.geometry import Placement
    from simulgenvae.surrogate.decoded_quantities import DecodedQuantities
    from simulgenvae.surrogate.ensemble.held_out import HeldOutPredictions
    from simulgenvae.surrogate.shapes import ShapeModel

    Array = NDArray[np.float64]

OnMesh = Callable[["Placement", AskedQuantities], "DecodedQuantities"]
"""Function that returns quantities on the mesh of a placement."""


def held_out_on_own_meshes(
    held_out: HeldOutPredictions, asked: AskedQuantities, shapes: ShapeModel, on_mesh: OnMesh
) -> tuple[QuantitySamples, Array] | None:
    """Return the quantities of n validation runs, predicted and true, ``[n, Q]``.

    They are those of the runs in whose geometry all quantities exist; None where there are none, or
    the model does not hold the geometries.
    """
    geometries = held_out.shapes
    if geometries is None:
        return None
    known = held_out.quantities
    columns = [None] * len(asked) if known is None else known.columns(asked.quantities)
    added = AskedQuantities(
        tuple(
            each for each, column in zip(asked.quantities, columns, strict=True) if column is None
        )
    )
    shape = (len(held_out), len(asked))
    truth = np.empty(shape)
    of_field = np.empty(shape)
    of_samples = np.empty((len(held_out.samples), *shape))
    for q, column in enumerate(columns):
        if known is not None and column is not None:
            assert known.of_field is not None
            assert known.of_samples is not None
            truth[:, q] = known.values[:, column]
            of_field[:, q] = known.of_field[:, column]
            of_samples[..., q] = known.of_samples[..., column]
    places = [q for q, column in enumerate(columns) if column is None]
    kept = list(range(len(held_out)))
    for row, geometry in enumerate(geometries if places else ()):
        try:
            quantities = on_mesh(shapes.placement(geometry), added)
        except UserError:
            # Bands are those of the runs that have all of these quantities.
            kept.remove(row)
            continue
        samples = QuantitySamples.on_one_mesh(quantities, held_out.prediction.of_design(row))
        truth[row, places] = quantities(held_out.truth[row]).values
        of_field[row, places] = samples.of_field[0]
        of_samples[:, row, places] = samples.of_samples[:, 0]
    if not kept:
        return None
    nowhere = np.full((len(kept), len(asked)), np.nan)
    found = QuantitySamples(
        of_field[kept], of_samples[:, kept], nowhere, nowhere[..., None], np.ones(len(kept))
    )
    return found, truth[kept]

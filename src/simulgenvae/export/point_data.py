"""Predictions as fields on a mesh, with the components of vectors and tensors together.

Tested in tests/export/test_vtk.py and test_round_trip.py.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulgenvae.data.names import check_names
from simulgenvae.mesh.components import whole_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from simulgenvae.export.batches import Batch


class PointField(NamedTuple):
    """Field of one design at all times, as a file of a mesh holds it."""

    name: str
    unit: str
    values: NDArray[np.floating]
    """Values, `[T, M, C]` with C = 1, 3, 6 or 9 components."""


def point_fields(batch: Batch, index: int) -> Iterator[PointField]:
    """Yield the fields of one design of a batch.

    Predictions have the names of the fields. Standard deviation, limits, truth and error have
    ``_std``, ``_lower``, ``_upper``, ``_truth`` and ``_error`` appended.

    Raises
    ------
    UserError
        When two fields would have the same name.
    """
    whole = whole_fields(batch.variables)
    kinds = {"": batch.fields} | {f"_{kind}": values for kind, values in batch.extra_fields.items()}
    # A variable may itself be called U_std.
    check_names([name + ending for ending, name in product(kinds, whole)], "point data")
    for name, columns in whole.items():
        for ending, values in kinds.items():
            # Variables U_x, U_y, U_z of the study become the vector U.
            chosen = values[index][..., list(columns)]
            if len(columns) == 2:
                # Programs that show vectors expect three components.
                chosen = np.pad(chosen, ((0, 0), (0, 0), (0, 1)))
            yield PointField(name + ending, batch.units[columns[0]], chosen)

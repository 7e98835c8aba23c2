"""Predictions as fields on a mesh: components together as vectors and tensors, beside them what is
known of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.names import check_names
from simulgenvae.export.batches import Batch
from simulgenvae.mesh.components import whole_fields


class PointField(NamedTuple):
    """One field of one design at all times, as a file of a mesh holds it."""

    name: str
    unit: str
    values: NDArray[np.float32]
    """``[T, M, C]``, C = 1, 3, 6 or 9."""


def point_fields(batch: Batch, index: int) -> Iterator[PointField]:
    """The fields of one design of a batch: predicted ones under their names; standard deviation,
    limits, truth and error, by component, with ``_std``, … appended. A vector of two components has
    a third of zeros.

    Raises UserError where two would have the same name.
    """
    whole = whole_fields(batch.variables)
    kinds = {"": batch.fields} | {f"_{kind}": values for kind, values in batch.beside.items()}
    check_names([name + ending for ending in kinds for name in whole], "point data")
    for name, columns in whole.items():
        for ending, values in kinds.items():
            chosen = values[index][..., list(columns)]
            if len(columns) == 2:  # programs that show vectors know those of three components alone
                chosen = np.pad(chosen, ((0, 0), (0, 0), (0, 1)))
            yield PointField(name + ending, batch.units[columns[0]], chosen)

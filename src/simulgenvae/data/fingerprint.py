"""Hashes of what a dataset holds, so that a model can say which data it was trained on.

Tested in tests/data/test_dataset.py.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.metadata import Metadata
    from simulgenvae.data.shapes import RunGeometry


def digest(run: NDArray[np.float32]) -> str:
    """Return the SHA-256 of the field `[T, M, V]` of one run, as 64 hexadecimal digits.

    It is the same in whatever order, type or chunks the field is stored.
    """
    return hashlib.sha256(np.ascontiguousarray(run, dtype="<f4").data).hexdigest()


def placed_digest(run: str, geometry: RunGeometry) -> str:
    """Return the SHA-256 of a run with a geometry of its own, whose fields have the digest ``run``.

    It is that of its shape too, and of the run on its own mesh where that is stored.
    """
    found = hashlib.sha256(np.ascontiguousarray(geometry.shape, dtype="<f4").data)
    if geometry.own is not None:
        for array in geometry.own.arrays().values():
            found.update(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).data)
    return hashlib.sha256((run + found.hexdigest()).encode()).hexdigest()


def fingerprint(metadata: Metadata, digests: Sequence[str]) -> str:
    """Return the SHA-256 of a dataset's metadata and of the digests of its runs, in their order."""
    mesh = metadata.whole_mesh
    cells = mesh.cells.arrays()
    conditions = metadata.conditions
    # Everything without numbers as JSON with sorted keys, whose text is always the same.
    names: dict[str, object] = {
        "shape": metadata.whole_shape,
        "ids": metadata.ids,
        "variables": metadata.variables,
        "units": metadata.units,
        "parameters": conditions.names,
        "cells": sorted((name, len(array)) for name, array in cells.items()),
        "dimensions": None if mesh.coords is None else mesh.coords.shape[1],
        "digests": list(digests),
    }
    # Only where there are any, so that data without these keep their fingerprint.
    if any(conditions.levels):
        names["levels"] = conditions.levels
    if any(conditions.units):
        names["parameter_units"] = conditions.units
    if metadata.time_unit:
        names["time_unit"] = metadata.time_unit
    if mesh.unit:
        names["length_unit"] = mesh.unit
    if metadata.common is not None:
        names["geometry"] = metadata.common.to_record()
    if metadata.motion:
        names["motion"] = metadata.motion
    sets = mesh.sets.arrays()
    if sets:
        names["sets"] = mesh.sets.names
    images = conditions.images
    if images is not None:
        names["images"] = images.format.to_dict()
    found = hashlib.sha256(json.dumps(names, sort_keys=True).encode())
    arrays: list[NDArray[Any] | None] = [metadata.times, conditions.table, mesh.coords]
    arrays += [cells[name] for name in sorted(cells)]
    # Hashed as little-endian bytes: the same data have the same fingerprint on every machine.
    if metadata.offsets is not None:
        arrays.append(metadata.offsets)
    if metadata.mask is not None:
        arrays.append(metadata.mask.valued)
    arrays += [sets[name] for name in sorted(sets)]
    for array in (*arrays, None if images is None else images.pixels):
        if array is not None:
            found.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).data)
    return found.hexdigest()

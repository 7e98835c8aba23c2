"""Hashes of what a dataset holds, so that a model can say which data it was trained on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.metadata import Metadata


def digest(run: NDArray[np.float32]) -> str:
    """SHA-256 of the field [T, M, V] of one run, however it is stored: 64 hexadecimal digits."""
    return hashlib.sha256(np.ascontiguousarray(run, dtype="<f4").data).hexdigest()


def fingerprint(description: Metadata, digests: Sequence[str]) -> str:
    """SHA-256 over a description and the digests of all runs, in their order."""
    mesh, conditions = description.mesh, description.conditions
    names: dict[str, Any] = {
        "shape": description.shape,
        "ids": description.ids,
        "variables": description.variables,
        "units": description.units,
        "parameters": conditions.names,
        "cells": sorted((name, len(cells)) for name, cells in mesh.cells.items()),
        "dimensions": None if mesh.coords is None else mesh.coords.shape[1],
        "digests": list(digests),
    }
    images = conditions.images
    if images is not None:
        names["images"] = images.format.to_dict()
    found = hashlib.sha256(json.dumps(names, sort_keys=True).encode())
    arrays: list[NDArray[Any] | None] = [description.times, conditions.table, mesh.coords]
    arrays += [mesh.cells[name] for name in sorted(mesh.cells)]
    for array in (*arrays, None if images is None else images.pixels):
        if array is not None:
            found.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).data)
    return found.hexdigest()

"""A hash of everything a dataset holds, so that a model can say which data it was trained on."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.description import Description


class Fingerprint:
    """SHA-256 over a description and then every run's field, in order; independent of how either is stored."""

    def __init__(self, description: Description) -> None:
        mesh, conditions = description.mesh, description.conditions
        names: dict[str, Any] = {
            "shape": description.shape,
            "ids": description.ids,
            "variables": description.variables,
            "units": description.units,
            "parameters": conditions.names,
            "cells": sorted((name, len(cells)) for name, cells in mesh.cells.items()),
            "dimensions": None if mesh.coords is None else mesh.coords.shape[1],
        }
        images = conditions.images
        if images is not None:
            names["images"] = images.format.to_dict()
        self._hash = hashlib.sha256(json.dumps(names, sort_keys=True).encode())
        arrays: list[NDArray[Any] | None] = [description.times, conditions.table, mesh.coords]
        arrays += [mesh.cells[name] for name in sorted(mesh.cells)]
        for array in (*arrays, None if images is None else images.pixels):
            if array is not None:
                self._hash.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).data)

    def add(self, run: NDArray[np.float32]) -> None:
        """The field [T, M, V] of the next run."""
        self._hash.update(np.ascontiguousarray(run, dtype="<f4").data)

    def hexdigest(self) -> str:
        """The fingerprint of what was added so far: 64 hexadecimal digits."""
        return self._hash.hexdigest()

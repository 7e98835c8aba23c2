"""Field values on their way into a dataset: conversion to float32, count of NaN and infinity.

Tested in tests/data/test_dataset.py and tests/data/ingest/test_build.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def to_float32(values: NDArray[Any], where: str) -> NDArray[np.float32]:
    """Return ``values`` as a new C-ordered float32 array.

    NaN and infinity pass (see :func:`count_nonfinite`). Raises UserError, whose message starts with
    ``where``, when finite values leave the range of float32: above 3.4e38, or all so small that
    only zeros would be left.
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        converted = np.array(values, dtype=np.float32, order="C", copy=True)
    if values.dtype.kind == "f" and values.dtype.itemsize > 4:
        # More values are infinite than before: the conversion has overflowed.
        if count_nonfinite(converted) > np.count_nonzero(~np.isfinite(values)):
            largest = float(np.max(np.abs(values), initial=0.0, where=np.isfinite(values)))
            raise UserError(
                f"{where}: values up to {largest:.3g} do not fit into float32: choose other units"
            )
        # Single small values may become zero, as they would in any sum with larger ones.
        if not converted.any() and np.any(values):
            largest = float(np.max(np.abs(values)))
            raise UserError(
                f"{where}: values of at most {largest:.3g} vanish in float32: choose other units"
            )
    return converted


def to_stored(
    values: NDArray[Any], offsets: NDArray[np.float64] | None, where: str
) -> NDArray[np.float32]:
    """Return fields `[..., V]` in physical units as they are stored: less the offsets, float32.

    Raises UserError as :func:`to_float32` does.
    """
    return to_float32(values if offsets is None else values - offsets, where)


def to_physical(
    stored: NDArray[np.float32], offsets: NDArray[np.float64] | None
) -> NDArray[np.floating]:
    """Return stored fields `[..., V]` in physical units: float64 where there are offsets."""
    return stored if offsets is None else stored + offsets


def count_nonfinite(values: NDArray[np.floating]) -> int:
    """Return the number of NaN and infinite values."""
    return int(values.size - np.count_nonzero(np.isfinite(values)))

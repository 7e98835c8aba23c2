"""Companions: further arrays in files with fields, on which several files must agree.

Tested in tests/data/test_matching.py and tests/data/ingest/test_build.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.data.readers import Source


def companion(sources: Sequence[Source], key: str) -> tuple[Path, NDArray[Any]] | None:
    """Return the array under ``key`` and the file with it; None where no source has one.

    Raises UserError when two sources have different ones.
    """
    found = [
        (source.path, source.companions[key]) for source in sources if key in source.companions
    ]
    for path, array in found[1:]:
        if not np.array_equal(array, found[0][1]):
            raise UserError(f"{path}: its {key!r} differ from those in {found[0][0]}")
    return found[0] if found else None


def texts(sources: Sequence[Source], key: str) -> tuple[str, ...] | None:
    """Return the texts under ``key``; None where no source has any.

    Raises UserError as :func:`companion` and :func:`strings` do.
    """
    found = companion(sources, key)
    return None if found is None else strings(*found, key)


def strings(path: Path, array: NDArray[Any], key: str) -> tuple[str, ...]:
    """Return an array of texts or whole numbers as texts.

    Raises UserError, which names the file and the key, for anything else.
    """
    if array.ndim > 1 or array.dtype.kind not in "USTOiu":
        raise UserError(
            f"{path}: {key!r} must be a list of texts, but is {array.dtype} {array.shape}"
        )
    # HDF5 and old NumPy files hold texts as bytes, and numbers are usual as ids.
    entries = np.atleast_1d(array)
    return tuple(
        bytes(entry).decode("utf-8", "replace") if array.dtype.kind == "S" else str(entry)
        for entry in entries
    )

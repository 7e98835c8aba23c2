"""Arrays that files with fields hold beside them: what several files say must agree."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.readers import Source
from simulgenvae.errors import UserError


def companion(sources: Sequence[Source], key: str) -> tuple[Path, NDArray[Any]] | None:
    """What the sources say under ``key``; all that say something must say the same."""
    found = [
        (source.path, source.companions[key]) for source in sources if key in source.companions
    ]
    for path, array in found[1:]:
        if not np.array_equal(array, found[0][1]):
            raise UserError(f"{path}: its {key!r} differ from those in {found[0][0]}")
    return found[0] if found else None


def texts(sources: Sequence[Source], key: str) -> tuple[str, ...] | None:
    found = companion(sources, key)
    return None if found is None else strings(*found, key)


def strings(path: Path, array: NDArray[Any], key: str) -> tuple[str, ...]:
    if array.ndim > 1 or array.dtype.kind not in "USTOiu":
        raise UserError(
            f"{path}: {key!r} must be a list of texts, but is {array.dtype} {array.shape}"
        )
    entries = np.atleast_1d(array)
    return tuple(
        bytes(entry).decode("utf-8", "replace") if array.dtype.kind == "S" else str(entry)
        for entry in entries
    )

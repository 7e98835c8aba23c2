"""Container of a page: a description in JSON and arrays, one after the other.

Tested in tests/explorer/test_container.py.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MAGIC = b"SGVTWIN1"
"""First bytes of a container; the last one is the version of the layout."""
_ALIGNED = 8
TYPES = ("float32", "float16", "float64", "uint8", "uint16", "uint32", "int32")
"""Types of arrays that JavaScript has typed arrays for."""


def pack(description: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return a container.

    It is :data:`MAGIC`, the length of the header as 4 bytes with the least first, the header, zero
    bytes up to a multiple of 8, and the arrays, each of them from a multiple of 8. The header is
    JSON in UTF-8: ``{"description": …, "arrays": {name: {"dtype", "shape", "offset"}}}`` with
    offsets in bytes from the first array.

    Raises ValueError for an array of a type that is not among :data:`TYPES`.
    """
    places: dict[str, dict[str, Any]] = {}
    parts: list[bytes] = []
    offset = 0
    for name, array in arrays.items():
        if array.dtype.name not in TYPES:
            raise ValueError(f"the array {name!r} is of type {array.dtype}")
        # Little-endian on all machines.
        raw = _padded(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
        places[name] = {"dtype": array.dtype.name, "shape": list(array.shape), "offset": offset}
        parts.append(raw)
        offset += len(raw)
    header = json.dumps({"description": description, "arrays": places}, allow_nan=False).encode()
    start = MAGIC + struct.pack("<I", len(header)) + header
    return b"".join([_padded(start), *parts])


def unpack(container: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the description and the arrays of a container; ValueError where it is none."""
    if container[: len(MAGIC)] != MAGIC:
        raise ValueError("not a container of a page")
    (length,) = struct.unpack_from("<I", container, len(MAGIC))
    header_start = len(MAGIC) + 4
    header = json.loads(container[header_start : header_start + length])
    start = header_start + length
    start += -start % _ALIGNED
    arrays = {}
    for name, place in header["arrays"].items():
        count = int(np.prod(place["shape"], dtype=np.int64))
        data_type = np.dtype(place["dtype"]).newbyteorder("<")
        flat = np.frombuffer(container, data_type, count, start + place["offset"])
        arrays[name] = flat.reshape(place["shape"])
    return header["description"], arrays


def _padded(raw: bytes) -> bytes:
    return raw + bytes(-len(raw) % _ALIGNED)

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from simulgenvae.explorer.container import MAGIC, TYPES, pack, unpack

HOSTILE = {"name": "</script><b>\u202e" + "x" * 10_000}


def test_arrays_of_every_type_come_back() -> None:
    arrays = {name: np.arange(7).astype(name).reshape(1, 7) for name in TYPES}
    arrays["empty"] = np.zeros((0, 3), np.float32)
    found, back = unpack(pack(HOSTILE, arrays))
    assert found == HOSTILE
    assert list(back) == list(arrays)
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype
        np.testing.assert_array_equal(back[name], array)


@pytest.mark.parametrize("letters", range(9))
def test_everything_starts_at_a_multiple_of_8(letters: int) -> None:
    arrays = {"odd": np.arange(3, dtype=np.uint8), "next": np.arange(2.0)}
    container = pack({"name": "x" * letters}, arrays)
    assert container[:8] == MAGIC
    (length,) = struct.unpack_from("<I", container, 8)
    places = json.loads(container[12 : 12 + length])["arrays"]
    assert places["next"] == {"dtype": "float64", "shape": [2], "offset": 8}
    start = -(-(12 + length) // 8) * 8
    np.testing.assert_array_equal(np.frombuffer(container, "<f8", 2, start + 8), [0.0, 1.0])
    assert len(container) == start + 24


def test_what_is_no_container() -> None:
    with pytest.raises(ValueError, match="not a container"):
        unpack(b"SGVTWIN9" + bytes(8))


def test_types_that_javascript_does_not_have() -> None:
    with pytest.raises(ValueError, match="'long' is of type int64"):
        pack({}, {"long": np.arange(3)})


def test_numbers_that_json_does_not_have() -> None:
    with pytest.raises(ValueError, match="JSON"):
        pack({"error": float("nan")}, {})

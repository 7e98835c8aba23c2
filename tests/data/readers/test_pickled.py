"""Pickles: every array any protocol writes is read; nothing else, and nothing is ever executed."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulgenvae.data.readers import open_source
from simulgenvae.errors import UserError

ARRAY = np.random.default_rng(0).normal(size=(3, 4, 5))


def read(path: Path) -> np.ndarray:
    with open_source(path) as source:
        return np.stack([source.run(index) for index in range(source.shape[0])])


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "array",
    [
        ARRAY,
        ARRAY.astype(np.float32),
        np.asfortranarray(ARRAY),
        ARRAY.astype(">f8"),
        (100 * ARRAY).astype(np.int16),
        ARRAY.transpose(1, 0, 2)[:3],
        ARRAY[:, ::2],
    ],
    ids=["f8", "f4", "fortran", "big-endian", "i2", "transposed", "strided"],
)
def test_every_protocol(tmp_path: Path, protocol: int, array: np.ndarray) -> None:
    path = tmp_path / "dataset1.pickle"
    path.write_bytes(pickle.dumps(array, protocol=protocol))
    assert np.array_equal(read(path), array)


def test_names_of_older_numpy(tmp_path: Path) -> None:
    path = tmp_path / "dataset1.pickle"
    path.write_bytes(pickle.dumps(ARRAY, protocol=2).replace(b"numpy._core", b"numpy.core"))
    assert np.array_equal(read(path), ARRAY)


class Payload:
    """When unpickled by the usual means, calls ``function`` with ``arguments``."""

    def __init__(self, function: Any, *arguments: object) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[object, ...]]:
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", ["system", "touch", "open", "eval"])
def test_payloads_are_not_executed(tmp_path: Path, kind: str, protocol: int) -> None:
    mark = tmp_path / "mark"
    payload = {
        "system": Payload(os.system, f"touch {mark}"),
        "touch": Payload(Path.touch, mark),
        "open": Payload(open, str(mark), "w"),
        "eval": Payload(eval, f"open({str(mark)!r}, 'w')"),
    }[kind]
    for content in (payload, [ARRAY, payload], np.array([[[payload]]], dtype=object)):
        path = tmp_path / "dataset1.pickle"
        path.write_bytes(pickle.dumps(content, protocol=protocol))
        if protocol >= 2 or not isinstance(content, list):
            with pytest.raises(UserError, match=r"dataset1\.pickle: .*Nothing in it was executed"):
                read(path)
        else:  # begins like no array does
            with pytest.raises(UserError, match=r"dataset1\.pickle"):
                read(path)
        assert not mark.exists()


@pytest.mark.parametrize(
    "content",
    [
        [ARRAY],
        {"fields": ARRAY},
        1,
        "text",
        None,
        np.float64(1),
        np.dtype("f8"),
        np.ndarray,
        np.array(["a"]),
        np.ma.masked_array([1]),
    ],
    ids=lambda content: type(content).__name__,
)
def test_anything_but_an_array_is_refused(tmp_path: Path, content: object) -> None:
    path = tmp_path / "dataset1.pickle"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(UserError, match="only a NumPy array of numbers"):
        read(path)


PREFIX = b"\x80\x02"
NDARRAY, ENCODE = b"cnumpy\nndarray\n", b"c_codecs\nencode\n"
RECONSTRUCT, DTYPE = b"cnumpy.core.multiarray\n_reconstruct\n", b"cnumpy\ndtype\n"


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (
            NDARRAY + b"(J\x00\x00\x00\x7f\x85tR.",
            "an array in an unknown form",
        ),  # numpy.ndarray called
        (NDARRAY + b"}X\x01\x00\x00\x00aK\x01sb.", "a state for a function"),
        (RECONSTRUCT + b"}X\x08\x00\x00\x00__code__K\x01sb.", "a state for a function"),
        (ENCODE + b"X\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.", "a conversion of text"),
        (DTYPE + b"X\x02\x00\x00\x00O8\x85R.", "values of type 'O8'"),
        (DTYPE + b"X\x0e\x00\x00\x00f8,(1000000)O8\x85R.", "values of type"),
        (
            RECONSTRUCT + DTYPE + b"K\x00\x85C\x01b\x87R.",
            "an array in an unknown form",
        ),  # another type than ndarray
        (
            RECONSTRUCT + NDARRAY + b"K\x05\x85C\x01b\x87R.",
            "an array in an unknown form",
        ),  # another shape
        (RECONSTRUCT + NDARRAY + b"K\x00\x85C\x01b\x87R.", "no values"),  # no state
        (b"cbuiltins\ngetattr\n.", "builtins.getattr"),
        (b"\x82\x01.", "a registered extension"),
        (b"Pid\n.", "a reference to something outside"),
        (b"r\xff\xff\xff\x7f.", "damaged"),  # a memo entry far away
        (
            b"\x8d\x00\x00\x00\x00\x05\x00\x00\x00abc.",
            "it ends early",
        ),  # a text longer than the file
        (
            b"\x96\x00\x00\x00\x00\x05\x00\x00\x00abc.",
            "it ends early",
        ),  # bytes longer than the file
        (
            b"\x95\x00\x00\x00\x00\x05\x00\x00\x00abc.",
            "it ends early",
        ),  # a frame longer than the file
        (b"\xff.", "damaged"),
        (b".", "damaged"),
        (b"0.", "damaged"),
        (b"", "damaged"),
    ],
)
def test_crafted_programs(tmp_path: Path, program: bytes, words: str) -> None:
    path = tmp_path / "dataset1.pickle"
    path.write_bytes(PREFIX + program)
    tracemalloc.start()
    with pytest.raises(UserError, match=rf"dataset1\.pickle.*{words}"):
        read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6


def test_shape_and_bytes_must_agree(tmp_path: Path) -> None:
    path = tmp_path / "dataset1.pickle"
    data = bytearray(pickle.dumps(ARRAY, protocol=4))
    place = data.index(b"K\x03K\x04K\x05")
    data[place + 1] = 200
    path.write_bytes(data)
    with pytest.raises(UserError, match="do not fill"):
        read(path)


@settings(max_examples=100)
@given(st.data())
def test_no_damage_leads_to_anything_but_an_array_or_a_message(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    buffer = io.BytesIO()
    pickle.dump(ARRAY[:1, :1], buffer, protocol=data.draw(st.integers(0, 5)))
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "fuzz.pickle"
    path.write_bytes(content)
    with contextlib.suppress(UserError):
        assert read(path).dtype.kind in "fiu"

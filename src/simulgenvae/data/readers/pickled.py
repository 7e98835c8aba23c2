"""Pickles of one NumPy array, as the classic interface has them (``dataset<k>.pickle``).

A pickle is a program, which could call anything. This unpickler runs it with stand-ins: the few
names that pickled arrays mention are replaced by objects of this module, which check their
arguments and keep them. Every other name is refused. NumPy's own ``__setstate__``, which trusts its
input, is never called.
"""

from __future__ import annotations

import math
import pickle
import struct
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from simulgenvae.data.readers.array_format import ArrayFormat
from simulgenvae.data.readers.stored_array import ArrayFile, StoredArray
from simulgenvae.errors import UserError
from simulgenvae.utils.damage import READ_ERRORS, damage_reported
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

# Plain numbers only: structured and object types can hold Python objects.
_TYPES = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"}


@contextmanager
def open_pickle(path: Path) -> Iterator[ArrayFile]:
    """Open the array of a pickle, which is read completely: the format has no random access.

    Raises UserError when it is truncated, or holds anything else than one NumPy array of numbers.
    Nothing in it is executed.
    """
    size = path.stat().st_size
    require_memory(
        2 * size,
        f"{path}: reading a pickle, which is read whole,",
        "save the array with numpy.save instead",
    )
    # A pickle is a program. The unpickler below knows the calls that rebuild one array and refuses
    # all others before they are made; the bound keeps a false length from taking memory.
    failure = "cannot be read as a pickle of one NumPy array"
    try:
        with damage_reported(path, failure, (*READ_ERRORS, AttributeError, IndexError)):
            with path.open("rb") as file:
                array = _ArrayUnpickler(_Bounded(file, size)).load()
            values = _finished(array)
    except _Refused as error:
        raise UserError(
            f"{path}: the pickle holds {error}, but only a NumPy array of numbers is read from a "
            "pickle. Nothing in it was executed. If you trust its author, save the array with "
            "numpy.save."
        ) from error
    yield {"": StoredArray.of(values)}


class _Refused(Exception):
    """Error for content that is no part of a NumPy array of numbers."""


class _Bounded:
    """File that refuses to read more than it has, so that a crafted length allocates nothing."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._size = size

    def read(self, count: int) -> bytes:
        """Return the next bytes; raise EOFError when there are fewer."""
        if count > self._size - self._file.tell():
            raise EOFError("it ends early")
        return self._file.read(count)

    def readline(self) -> bytes:
        """Return the next line."""
        return self._file.readline()


class _Name:
    """Stand-in for a function that array pickles call; a call goes to ``make`` instead."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., object]) -> None:
        self._make = make

    def __call__(self, *arguments: object) -> object:
        return self._make(*arguments)

    def __setstate__(self, state: object) -> None:
        raise _Refused("a state for a function")


class _DataType:
    """Stand-in for ``numpy.dtype``: one of the plain types of numbers, and its byte order."""

    __slots__ = ("code", "order")

    def __init__(self, code: object) -> None:
        text = str(code).lstrip("<>=|")
        if not isinstance(code, str) or text not in _TYPES:
            raise _Refused(f"values of type {str(code)[:40]!r}")
        self.code = text
        self.order = code[0] if code[0] in "<>" else "="

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "|", "="):
            raise _Refused("an unknown data type")
        self.order = state[1]

    def dtype(self) -> np.dtype[Any]:
        """Return NumPy's data type."""
        return np.dtype(self.order + self.code)


class _Array:
    """Stand-in for ``numpy.ndarray``: pickles create an array first and set its values later."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: NDArray[Any] | None = None

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise _Refused("an array in an unknown form")
        _, shape, data_type, fortran, data = state
        self.values = _from_bytes(data, data_type, shape, "F" if fortran else "C")


def _from_bytes(
    data: object, data_type: object, shape: object, order: Literal["C", "F"]
) -> NDArray[Any]:
    if not isinstance(data_type, _DataType) or not isinstance(data, bytes):
        raise _Refused("an array of Python objects")
    if (
        not isinstance(shape, tuple)
        or not all(type(count) is int and count >= 0 for count in shape)
        or len(shape) > 8
    ):
        raise _Refused("an array with an impossible shape")
    dtype = data_type.dtype()
    # The shape is the file's claim, the bytes are what it has.
    if math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError(f"{len(data)} bytes do not fill an array of shape {shape}")
    return np.frombuffer(data, dtype=dtype).reshape(shape, order=order)


def _reconstruct(subtype: object, shape: object, code: object) -> _Array:
    if subtype is not _NDARRAY or shape != (0,) or code not in (b"b", "b"):
        raise _Refused("an array in an unknown form")
    return _Array()


def _from_buffer(
    data: object, data_type: object, shape: object, order: object, axes: object = None
) -> _Array:
    array = _Array()
    if order == "K" and isinstance(axes, tuple):
        array.values = _from_bytes(data, data_type, shape, "C").transpose(axes)
    elif order in ("C", "F"):
        array.values = _from_bytes(data, data_type, shape, order)
    else:
        raise _Refused("an array in an unknown form")
    return array


def _data_type(code: object, align: object = False, copy: object = True) -> _DataType:
    return _DataType(code)


def _encode(text: object, encoding: object) -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        raise _Refused("a conversion of text")
    return text.encode("latin1")


def _no_call(*_: object) -> object:
    raise _Refused("an array in an unknown form")


_NDARRAY = _Name(_no_call)
_NAMES = {
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): _Name(_data_type),
    ("_codecs", "encode"): _Name(_encode),  # how protocols 0 to 2 write bytes
    ("numpy.core.multiarray", "_reconstruct"): _Name(_reconstruct),
    ("numpy._core.multiarray", "_reconstruct"): _Name(_reconstruct),
    ("numpy.core.numeric", "_frombuffer"): _Name(_from_buffer),
    ("numpy._core.numeric", "_frombuffer"): _Name(_from_buffer),
}


class _ArrayUnpickler(pickle._Unpickler):
    """Unpickler that knows the names of :data:`_NAMES` and no others.

    It extends Python's version and not the C one, which allocates a memo as large as the largest
    index in the file.
    """

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(pickle._Unpickler.dispatch)

    def load_bytearray8(self) -> None:
        """Read a bytearray as bytes.

        The original allocates the length that the file claims before it reads.
        """
        unpickler: Any = self
        (size,) = struct.unpack("<Q", unpickler.read(8))
        unpickler.append(unpickler.read(size))

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in for a name; raise :class:`_Refused` for any other."""
        # Protocols 0 to 2 write names of Python 2's modules, which has the same names for arrays.
        if (module, name) not in _NAMES:
            raise _Refused(f"{module[:80]}.{name[:80]}")
        return _NAMES[module, name]

    def persistent_load(self, pid: Any) -> Any:
        """Refuse references to objects outside of the pickle."""
        raise _Refused("a reference to something outside the file")

    def get_extension(self, code: int) -> None:
        """Refuse names of the ``copyreg`` registry."""
        raise _Refused("a registered extension")


def _finished(array: object) -> NDArray[Any]:
    if not isinstance(array, _Array):
        raise _Refused(
            f"{'an unfinished array' if isinstance(array, _Name) else type(array).__name__}"
        )
    if array.values is None:
        raise ValueError("its array has no values")
    return array.values


# Protocol 2 and later begin with 0x80, protocols 0 and 1 with the opcode GLOBAL of the array's
# constructor.
PICKLE = ArrayFormat(
    name="pickle",
    open=open_pickle,
    suffixes=(".pickle", ".pkl"),
    first_bytes=(b"\x80", b"c"),
)

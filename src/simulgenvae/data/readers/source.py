"""What every reader gives: the fields of a file, run by run, and whatever else the file says about
them."""

from __future__ import annotations

import pickle
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.utils.resources import require_memory

FIELDS = "fields"
COMPANIONS = ("ids", "times", "coords", "variables", "units", "params", "param_names")
"""Keys that a file with several arrays may hold beside its fields."""

READ_ERRORS = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    TypeError,
    RuntimeError,
    MemoryError,
    OverflowError,
    zlib.error,
    zipfile.BadZipFile,
    pickle.UnpicklingError,
)
"""What libraries raise on damaged files."""


@dataclass(frozen=True, eq=False)
class Source:
    """Fields that are read run by run.

    shape: [N, T, M], [N, T, M, V] or [N, T, M·V]; read: index of a run → its array, without the
    first axis; companions: arrays found beside the fields, by key (:data:`COMPANIONS`); notes: what
    the user should know; mesh: that of all runs, where the files hold one; problems: index of a run
    → why it cannot be read, as far as known before; remarks: once all runs are read, what is to be
    recorded of that.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[int], NDArray[Any]]
    companions: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    mesh: Mesh | None = None
    problems: Mapping[int, str] = field(default_factory=dict)
    remarks: Callable[[], Iterable[str]] = tuple

    def __post_init__(self) -> None:
        check_fields(self.path, self.shape, self.dtype)
        size = self.dtype.itemsize * int(np.prod(self.shape[1:], dtype=object))
        require_memory(
            2 * size,
            f"{self.path}: reading one run of shape {self.shape[1:]}",
            "is this the right file?",
        )

    def run(self, index: int) -> NDArray[Any]:
        """The array of one run. Raises UserError when the file is damaged."""
        try:
            return self.read(index)
        except READ_ERRORS as error:
            raise damaged(self.path, f"run {index} cannot be read", error) from error


def check_fields(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raises UserError unless these are numbers [N, T, M], [N, T, M, V] or [N, T, M·V] and not
    empty."""
    if dtype.kind not in "fiu":
        raise UserError(f"{path}: the fields are of type {dtype}, but must be real numbers")
    if len(shape) not in {3, 4} or 0 in shape:
        raise UserError(
            f"{path}: the fields have the shape {shape}, but must be [runs, timesteps, nodes], "
            "[runs, timesteps, nodes, variables] or [runs, timesteps, nodes·variables]"
        )


def choose_fields(path: Path, names: list[str], advice: str = "") -> str:
    """``fields``, or else the only array that is no companion. Raises UserError listing what there
    is, with ``advice`` after it."""
    if FIELDS in names:
        return FIELDS
    others = [name for name in names if name not in COMPANIONS]
    if len(others) != 1:
        listed = ", ".join(names[:20]) or "nothing"
        raise UserError(
            f"{path}: no array is named 'fields', and none is the only one. It holds: "
            f"{listed}{advice}"
        )
    return others[0]


def damaged(path: Path, what: str, error: BaseException) -> UserError:
    """The error for a file that a library failed to read."""
    return UserError(
        f"{path}: {what}: the file is truncated or damaged ({type(error).__name__}: "
        f"{str(error)[:200]})"
    )

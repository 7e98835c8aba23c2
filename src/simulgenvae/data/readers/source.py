"""Result of every reader: the fields of a file, run by run, and what the file says about them.

Tested in tests/data/readers/test_readers.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.utils.damage import damage_reported
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.data.shapes import RunGeometry
    from simulgenvae.geometry import CommonMesh
    from simulgenvae.mesh.mesh import Mesh

FIELDS = "fields"
COMPANIONS = (
    *("ids", "times", "coords", "variables", "units", "params", "param_names"),
    *("param_units", "time_unit", "length_unit"),
)
"""Keys of further arrays that a file may have in addition to its fields."""


class PlacedRun(NamedTuple):
    """A run as it is read.

    Attributes
    ----------
    fields
        Fields on the mesh of all runs, without the first axis of :class:`Source`.
    geometry
        Geometry of the run, where runs have meshes of their own.
    """

    fields: NDArray[Any]
    geometry: RunGeometry | None = None


@dataclass(frozen=True, eq=False)
class Source:
    """Fields of N runs, read run by run.

    Attributes
    ----------
    path
        File or folder with the fields.
    shape
        `[N, T, M]`, `[N, T, M, V]` or `[N, T, M·V]`.
    dtype
        Type of the values in the file.
    read
        Function that reads the array of a run, by its index, without the first axis.
    companions
        Further arrays in the file, by their keys (:data:`COMPANIONS`).
    notes
        Lines for the user.
    mesh
        Mesh of all runs, where the files have one.
    problems
        Reason why a run cannot be read, by its index, where that shows before reading.
    named_axes
        Whether the meaning of the axes is known, because the user or the file names them.
    remarks
        Function that returns, once all runs are read, lines to store with the data set.
    common
        Mesh that runs with meshes of their own share, and the way of sharing it.
    read_placed
        Function that reads a run with its geometry, by its index, where there is such a mesh.
    motion
        Names of the variables by which nodes move along x, y and z, in a mesh that moves in time.
    positions
        Function that reads where the nodes of a run are, by its index, `[T, M, D]`, or `[1, M, D]`
        where they stay; None where the files do not say it, or have one mesh for all.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[int], NDArray[Any]]
    companions: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    mesh: Mesh | None = None
    problems: Mapping[int, str] = field(default_factory=dict)
    named_axes: bool = False
    remarks: Callable[[], Iterable[str]] = tuple
    common: CommonMesh | None = None
    read_placed: Callable[[int], PlacedRun] | None = None
    motion: tuple[str, ...] = ()
    positions: Callable[[int], NDArray[Any]] | None = None

    def __post_init__(self) -> None:
        check_fields(self.path, self.shape, self.dtype)
        # Python integers: a crafted shape would overflow NumPy's.
        size = self.dtype.itemsize * int(np.prod(self.shape[1:], dtype=object))
        require_memory(
            2 * size,
            f"{self.path}: reading one run of shape {self.shape[1:]}",
            "is this the right file?",
        )

    def run(self, index: int) -> NDArray[Any]:
        """Return the array of one run; raise UserError when the file is damaged."""
        with damage_reported(self.path, f"run {index} cannot be read"):
            return self.read(index)

    def placed_run(self, index: int) -> PlacedRun:
        """Return one run with its geometry, if it has one; UserError when the file is damaged."""
        if self.read_placed is None:
            return PlacedRun(self.run(index))
        with damage_reported(self.path, f"run {index} cannot be read"):
            return self.read_placed(index)


def check_fields(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise UserError unless fields are numbers, not empty, and have three or four axes."""
    if dtype.kind not in "fiu":
        raise UserError(f"{path}: the fields are of type {dtype}, but must be real numbers")
    if len(shape) not in {3, 4} or 0 in shape:
        raise UserError(
            f"{path}: the fields have the shape {shape}, but must be [runs, timesteps, nodes], "
            "[runs, timesteps, nodes, variables] or [runs, timesteps, nodes·variables]. Say what "
            "other axes are, as --axes run,time,y,x; files of one run each are read together from "
            "their folder"
        )

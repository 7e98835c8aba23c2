"""HDF5 in the layout of The Well (Ohana et al. 2024, "The Well", appendix on the data format).

Fields are in groups by the order of their tensors, ``t0_fields`` to ``t2_fields``; ``dimensions``
has the times and the coordinates, ``scalars`` numbers of each run. Attributes of each dataset say
along which axes it varies; axes along which it does not vary are missing.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulgenvae.data.readers.axes import Axes
from simulgenvae.data.readers.source import Source
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.data.readers.stored_array import ArrayFile, StoredArray

_GROUPS = ("t0_fields", "t1_fields", "t2_fields")
_DIMENSIONS = "dimensions/"
_SCALARS = "scalars/"


def is_the_well(arrays: ArrayFile) -> bool:
    """Return whether the arrays of a file are in the layout of The Well."""
    groups = {name.split("/")[0] for name in arrays}
    return "dimensions" in groups and bool(groups & set(_GROUPS))


def open_the_well(path: Path, arrays: ArrayFile) -> Source:
    """Return all fields of a file as variables; components are named by the axes of the grid.

    Raises UserError when a field does not fit the grid and the times, or the grid changes.
    """
    space = _space(path, arrays)
    times = arrays.get(f"{_DIMENSIONS}time")
    if times is not None and len(times.shape) != 1:
        raise UserError(f"{path}: the times differ between the runs, which is not read")
    steps = 1 if times is None else times.shape[0]
    fields = [
        _Field.of(path, name, array, space, steps)
        for name, array in arrays.items()
        if name.split("/")[0] in _GROUPS
    ]
    runs = {field.array.shape[0] for field in fields if field.per_run}
    if len(runs) != 1:
        raise UserError(f"{path}: fields of {sorted(runs)} runs: all must have the same runs")
    (count,) = runs
    variables: list[str] = []
    notes: list[str] = []
    for field in fields:
        variables += field.components
        notes += [*field.array.check(), *field.notes(path)]
    grid = tuple(space.values())

    def read(index: int) -> NDArray[Any]:
        columns = [field.run(index, steps, grid) for field in fields]
        return np.concatenate(columns, axis=2)

    places = {name: arrays[f"{_DIMENSIONS}{name}"].whole() for name in space}
    companions: dict[str, NDArray[Any]] = {"variables": np.array(variables)}
    if times is not None:
        companions["times"] = times.whole()
    companions |= _parameters(arrays, count)
    known = all(name in "xyz" for name in space)
    return Source(
        path,
        (count, steps, int(np.prod(grid)), len(variables)),
        np.result_type(*(field.array.dtype for field in fields)),
        read,
        companions,
        tuple(notes),
        mesh=Axes(tuple(space)).mesh(path, space, places) if known else None,
        named_axes=True,
    )


def _space(path: Path, arrays: ArrayFile) -> dict[str, int]:
    """Return the axes of the grid and their lengths, in the order of the fields."""
    found: dict[str, int] = {}
    for name, array in arrays.items():
        axis = name.removeprefix(_DIMENSIONS)
        if name.startswith(_DIMENSIONS) and axis != "time":
            if len(array.shape) != 1:
                raise UserError(
                    f"{path}: the coordinates {axis!r} differ between runs or times, which is not "
                    "read"
                )
            found[axis] = array.shape[0]
    # HDF5 lists names alphabetically, which is the order of the axes x, y, z.
    return found


class _Field(NamedTuple):
    """One dataset: the axes that it has, and the names of its components."""

    name: str
    array: StoredArray
    per_run: bool
    per_time: bool
    along: tuple[bool, ...]
    components: tuple[str, ...]

    @classmethod
    def of(
        cls, path: Path, name: str, array: StoredArray, space: dict[str, int], steps: int
    ) -> _Field:
        """Return a field; UserError when its shape is not that of its axes."""
        group, short = name.split("/", 1)
        order = _GROUPS.index(group)
        facts = array.attributes
        per_run = bool(facts.get("sample_varying", True))
        per_time = bool(facts.get("time_varying", True))
        along = tuple(bool(each) for each in facts.get("dim_varying", (True,) * len(space)))
        expected = [steps] * per_time
        expected += [size for size, varies in zip(space.values(), along, strict=True) if varies]
        expected += [len(space)] * order
        if list(array.shape[per_run:]) != expected:
            raise UserError(
                f"{path}: {name!r} has the shape {array.shape}, but times, grid and components "
                f"say {expected} for each run"
            )
        indices = product(space, repeat=order)
        components = tuple("_".join([short, "".join(each)]) if each else short for each in indices)
        return cls(name, array, per_run, per_time, along, components)

    def run(self, index: int, steps: int, grid: tuple[int, ...]) -> NDArray[Any]:
        """Return the field of a run at all times and nodes, `[T, M, C]`."""
        values = self.array.entry(index) if self.per_run else self.array.whole()
        shape = [steps if self.per_time else 1]
        shape += [size if varies else 1 for size, varies in zip(grid, self.along, strict=True)]
        # Axes along which the field does not vary have length 1 here, and are repeated.
        spread = np.broadcast_to(
            values.reshape(*shape, len(self.components)), (steps, *grid, len(self.components))
        )
        return spread.reshape(steps, -1, len(self.components))

    def notes(self, path: Path) -> list[str]:
        """Return what is repeated where the field does not vary."""
        kept = []
        for varies, axis in ((self.per_run, "runs"), (self.per_time, "times")):
            if not varies:
                kept.append(axis)
        if not all(self.along):
            kept.append("points along an axis of the grid")
        if not kept:
            return []
        return [f"{path}: {self.name} is the same for all {' and '.join(kept)}: repeated for them"]


def _parameters(arrays: ArrayFile, runs: int) -> dict[str, NDArray[Any]]:
    """Return the scalars that differ between runs, as parameters; none where there are none."""
    found = {
        name.removeprefix(_SCALARS): array.whole()
        for name, array in arrays.items()
        if name.startswith(_SCALARS) and array.shape == (runs,) and array.dtype.kind in "fiu"
    }
    if not found:
        return {}
    return {
        "params": np.stack(list(found.values()), axis=1),
        "param_names": np.array(list(found)),
    }

"""Fields among the arrays of a file: which arrays they are, and what belongs to them."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from simulgenvae.data.prediction_labels import KINDS
from simulgenvae.data.readers.axes import GRID, Axes, default_axes
from simulgenvae.data.readers.hdf5 import path_advice
from simulgenvae.data.readers.source import COMPANIONS, FIELDS, Source
from simulgenvae.errors import UserError
from simulgenvae.mesh.cells import ARRAYS, Cells
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.utils.damage import damage_reported

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.data.readers.runs.series import RunPart
    from simulgenvae.data.readers.stored_array import ArrayFile, StoredArray


_OF_DESIGNS = ("novelty", "expected_error", "carried", "carried_names")
"""Arrays of a prediction that are about its designs as a whole."""


class ChosenArrays(NamedTuple):
    """Arrays of a file that are read.

    Attributes
    ----------
    fields
        Arrays of fields: one with all variables and without a name (""), or several by the names
        of their variables.
    companions
        Further arrays, by the keys of :data:`COMPANIONS` or the names of a grid's axes.
    cells
        Arrays of the cells, by their names in :data:`~simulgenvae.mesh.cells.ARRAYS`.
    unread
        Arrays of the file that are not read, each with its shape.
    belonging
        Arrays that belong to the fields of a prediction, such as their standard deviation.
    """

    fields: dict[str, StoredArray]
    companions: dict[str, StoredArray]
    cells: dict[str, StoredArray]
    unread: tuple[str, ...]
    belonging: tuple[str, ...]

    @classmethod
    def of(cls, path: Path, arrays: ArrayFile, wanted: Iterable[str], axes: int) -> Self:
        """Return what is read of a file.

        Parameters
        ----------
        path
            The file, for messages.
        arrays
            Its arrays.
        wanted
            ``NAME`` or ``VARIABLE=NAME`` for each array of fields, and ``COMPANION=NAME``.
        axes
            Fewest axes of an array of fields, where no name says which it is.

        Raises
        ------
        UserError
            When a wanted array does not exist, or it is not clear which ones are the fields.
        """
        names: dict[str, str] = {}
        keys = (*COMPANIONS, *GRID)
        for entry in wanted:
            key, _, name = entry.rpartition("=")
            if name not in arrays:
                raise UserError(
                    f"{path}: --array {entry}: there is no {name!r}. It holds: {_shown(arrays)}"
                )
            names[key or name] = name
        companions = {key: key for key in keys if key in arrays and key not in names.values()}
        companions |= {key: name for key, name in names.items() if key in keys}
        fields = {key: name for key, name in names.items() if key not in keys}
        if not fields:
            fields = {"": _only(path, arrays, set(companions.values()), axes)}
        # A single array without VARIABLE= holds all variables, and its name is none of theirs.
        elif len(fields) == 1 and "=" not in "".join(wanted):
            fields = {"": next(iter(fields.values()))}
        cells = {name: f"cells_{name}" for name in ARRAYS if f"cells_{name}" in arrays}
        used = {*fields.values(), *companions.values(), *cells.values()}
        belonging: tuple[str, ...] = ()
        if fields == {"": FIELDS}:
            shape = arrays[FIELDS].shape
            belonging = tuple(name for name in KINDS if name in arrays)
            belonging = tuple(name for name in belonging if arrays[name].shape == shape)
            belonging += tuple(name for name in _OF_DESIGNS if name in arrays)
        others = [name for name in arrays if name not in {*used, *belonging}]
        return cls(
            {key: arrays[name] for key, name in fields.items()},
            {key: arrays[name] for key, name in companions.items() if name not in fields.values()},
            {key: arrays[name] for key, name in cells.items() if name not in fields.values()},
            tuple(f"{name} {list(arrays[name].shape)}" for name in others),
            belonging,
        )

    def mesh(self, path: Path, coords: NDArray[Any] | None, unit: str) -> Mesh | None:
        """Return the mesh of a file that has cells; None for one that has none, or no positions."""
        if not self.cells or coords is None:
            return None
        if coords.ndim > 2:
            # Positions of each run, or in time: the mesh is that of the first ones.
            coords = coords.reshape(-1, *coords.shape[-2:])[0]
        with damage_reported(path, "its cells cannot be read"):
            arrays = {key: array.whole() for key, array in self.cells.items()}
            return Mesh(coords, Cells.from_arrays(arrays), unit=unit)

    def values(self, path: Path) -> dict[str, NDArray[Any]]:
        """Return the companions; vectors that a format stores as a matrix become vectors.

        Raises UserError, which names the file ``path``, when they are damaged.
        """
        found = {}
        for key, array in self.companions.items():
            with damage_reported(path, f"{key!r} cannot be read"):
                values = array.whole()
            is_vector = values.ndim == 2 and 1 in values.shape and key not in ("coords", "params")
            found[key] = values.reshape(-1) if is_vector else values
        return found


def source_of(path: Path, arrays: ArrayFile, part: RunPart | None = None) -> Source:
    """Return the fields of all runs in a file of arrays.

    Parameters
    ----------
    path
        The file.
    arrays
        Its arrays.
    part
        ``part.arrays`` names the arrays, ``part.axes`` their axes. Without axes an array is
        `[N, T, M]`, `[N, T, M, V]` or `[N, T, M·V]`.

    Raises
    ------
    UserError
        When it is not clear which arrays are the fields, or they do not fit each other.
    """
    wanted = () if part is None or part.arrays is None else tuple(part.arrays)
    chosen = ChosenArrays.of(path, arrays, wanted, 3)
    places = chosen.companions.get("coords")
    positions = None
    if places is not None and len(places.shape) == 4:
        # Those of all runs at all times are as large as fields: read run by run, as these are.
        positions = places.entry
        chosen = chosen._replace(
            companions={key: each for key, each in chosen.companions.items() if key != "coords"}
        )
    fields = chosen.fields
    notes: list[str] = []
    for array in fields.values():
        notes += array.check()
    if chosen.belonging:
        notes.append(
            f"{path}: {', '.join(chosen.belonging)} belong to a prediction, and are no variables: "
            "not read (--array takes arrays by their names)"
        )
    if chosen.unread:
        notes.append(
            f"{path}: not read: {', '.join(chosen.unread)} (--array takes arrays by their names, "
            "as u=NAME, times=NAME or coords=NAME)"
        )
    first = next(iter(fields.values()))
    dtype = np.result_type(*(array.dtype for array in fields.values()))
    named = set(fields) != {""}
    if (part is None or part.axes is None) and not named:
        require_numbers(path, fields)
        companions = {key: value for key, value in chosen.values(path).items() if key in COMPANIONS}
        # Whether the last axis is nodes, or nodes times variables, is decided later: that depends
        # on the mesh, which may come from another file.
        unit = str(companions.get("length_unit", ""))
        coords = companions.get("coords") if positions is None else positions(0)
        mesh = chosen.mesh(path, coords, unit)
        return Source(
            path,
            first.shape,
            dtype,
            first.entry,
            companions,
            tuple(notes),
            mesh=mesh,
            positions=positions,
        )
    axes = _axes(path, first.shape, part)
    if "run" not in axes.names:
        raise UserError(
            f"{path}: --axes {','.join(axes.names)} names no axis 'run'. Files of one run each "
            "are read together from their folder"
        )
    require_numbers(path, fields)
    reader = ArrangedRuns(path, fields, axes)
    sizes = reader.sizes
    place = axes.names.index("run")
    entries = {name: _entries(array, place) for name, array in fields.items()}

    def read(index: int) -> NDArray[Any]:
        return reader.joined({name: entry(index) for name, entry in entries.items()})

    companions = chosen.values(path)
    mesh = axes.mesh(path, sizes, companions)
    companions = {key: value for key, value in companions.items() if key in COMPANIONS}
    if reader.variables is not None:
        companions["variables"] = np.array(reader.variables)
    shape = (sizes["run"], *reader.run_shape)
    return Source(
        path,
        shape,
        dtype,
        read,
        companions,
        tuple(notes),
        mesh=mesh,
        named_axes=True,
        positions=positions,
    )


class ArrangedRuns:
    """Arrays with named axes, and how their runs become `[T, M, V]`.

    Attributes
    ----------
    sizes
        Length of each axis.
    variables
        Names of the variables; None where the file does not name them.
    run_shape
        Shape `[T, M, V]` of a run.

    Raises UserError when the arrays have different shapes or another number of axes.
    """

    def __init__(self, path: Path, fields: Mapping[str, StoredArray], axes: Axes) -> None:
        first_name, first = next(iter(fields.items()))
        for name, array in fields.items():
            if array.shape != first.shape:
                raise UserError(
                    f"{path}: {name!r} has the shape {array.shape}, but {first_name!r} has "
                    f"{first.shape}"
                )
        self.sizes = axes.sizes(path, first.shape)
        self._of_run = axes.without_run()
        # Python's integers: sizes in a damaged file may have a product beyond 64 bits.
        nodes = int(np.prod([self.sizes[name] for name in axes.space], dtype=object))
        components = self.sizes["variable"]
        self.run_shape = (self.sizes["time"], nodes, components * len(fields))
        self.variables: tuple[str, ...] | None = None
        if "" not in fields:
            self.variables = tuple(fields)
            if components > 1:
                pairs = product(fields, range(components))
                self.variables = tuple(f"{name}_{number}" for name, number in pairs)

    def joined(self, runs: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        """Return the arrays of one run, by their names, as one array `[T, M, V]`."""
        arranged = [self._of_run.arranged(run) for run in runs.values()]
        return arranged[0] if len(arranged) == 1 else np.concatenate(arranged, axis=2)


def require_numbers(path: Path, fields: Mapping[str, StoredArray]) -> None:
    """Raise UserError unless all fields are real numbers and not empty."""
    for name, array in fields.items():
        what = "the fields are" if not name else f"{name!r} is"
        if array.dtype.kind not in "fiu":
            raise UserError(f"{path}: {what} of type {array.dtype}, but must be real numbers")
        if not array.shape or 0 in array.shape:
            raise UserError(f"{path}: {what} of the shape {array.shape}: no values")


def _axes(path: Path, shape: tuple[int, ...], part: RunPart | None) -> Axes:
    if part is not None and part.axes is not None:
        return Axes(tuple(part.axes))
    of_a_run = default_axes(path, shape[1:], "run,")
    return Axes(("run", *of_a_run.names))


def _entries(array: StoredArray, place: int) -> Any:
    """Return a function that reads the entry of a run, whose axis is at ``place``."""
    if place == 0:
        return array.entry
    # The values of a run lie all over the file: it is read once, whole.
    whole = cache(array.whole)
    return lambda index: np.take(whole(), index, axis=place)


def _only(path: Path, arrays: ArrayFile, companions: set[str], axes: int) -> str:
    """Return the name of the fields where the user names none.

    That is ``fields``, or the only array that is no companion, or the only one with enough axes.
    """
    if FIELDS in arrays:
        return FIELDS
    others = [name for name in arrays if name not in companions]
    if len(others) == 1:
        return others[0]
    large = [
        name
        for name in others
        if len(arrays[name].shape) >= axes and arrays[name].dtype.kind in "fiu"
    ]
    if len(large) != 1:
        raise UserError(
            f"{path}: no array is named 'fields', and none is the only one. It holds: "
            f"{_shown(arrays)}. Name those with the fields: --array {large[0] if large else 'NAME'}"
            ", or --array u=NAME,v=NAME for several variables. If each is a run, save each as a "
            f"file in one folder{path_advice(arrays)}"
        )
    return large[0]


def _shown(arrays: ArrayFile) -> str:
    described = [f"{name} {list(array.shape)}" for name, array in arrays.items()]
    more = f" and {len(described) - 20} more" if len(described) > 20 else ""
    return (", ".join(described[:20]) or "nothing") + more

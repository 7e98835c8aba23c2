"""Designs in the forms in which people have them, as columns with names.

pandas, polars and xarray are recognised by their objects and never imported.

Tested in tests/data/test_designs_from.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from simulgenvae.errors import UserError

TAKEN = (
    "designs are taken as keywords (speed=0.5), a dict of single values or of equally long "
    "sequences, a list of dicts, a data frame, an xarray Dataset, an array [n, P] or [P], the path "
    "of a CSV file, or Conditions"
)
_FRAMES = {"pandas", "polars", "modin", "cudf"}
"""Packages whose data frames have ``columns`` and give a column by its name."""


class Columns(NamedTuple):
    """Values of n designs by the names of their parameters."""

    values: Mapping[str, Sequence[Any]]
    """Values of each column, ``[n]``."""
    ids: tuple[str, ...] | None
    """Ids of the designs; None where they have none."""
    designs: int
    """Number of designs, n."""

    def renamed(self, names: Sequence[str]) -> Columns:
        """Return columns with other names, in the same order; UserError for one given twice."""
        _checked(names)
        return self._replace(values=dict(zip(names, self.values.values(), strict=True)))

    def without(self, names: Sequence[str]) -> Columns:
        """Return columns without those of some names."""
        kept = {name: each for name, each in self.values.items() if name not in names}
        return self._replace(values=kept)


def columns_of(designs: object, names: Sequence[str] | None = None) -> Columns:
    """Return designs in any of the forms of :data:`TAKEN` but files and Conditions as columns.

    Parameters
    ----------
    designs
        The designs.
    names
        Names of the P parameters in the order of an array's columns; ``p0``, ``p1`` … by default.

    Raises
    ------
    UserError
        For any other object, names that are no texts or occur twice, and lengths that differ.
    """
    if isinstance(designs, tuple) and hasattr(designs, "_asdict"):
        designs = designs._asdict()
    package = type(designs).__module__.partition(".")[0]
    if isinstance(designs, Mapping) and package != "xarray":
        return _of_mapping(designs)
    if package == "xarray":
        return _of_xarray(designs)
    if package in _FRAMES or hasattr(designs, "__dataframe__"):
        return _of_frame(designs)
    if isinstance(designs, list | tuple):
        if any(isinstance(each, Mapping) for each in designs):
            return _of_rows(designs)
        # As objects: NumPy would turn the numbers beside a text into texts.
        return _of_array(_object_array(designs), names)
    if isinstance(designs, np.ndarray) or hasattr(designs, "__array__"):
        try:
            return _of_array(np.asarray(designs), names)
        except (TypeError, RuntimeError) as error:  # a tensor on a GPU, or one with a gradient
            raise UserError(f"the {_kind(designs)} is no array: {error}") from error
    raise UserError(f"an object of type {_kind(designs)} is no design: {TAKEN}")


def _of_mapping(designs: Mapping[Any, Any], ids: Iterable[Any] | None = None) -> Columns:
    """Return columns of a dict: single values are those of all designs."""
    names = _checked(list(designs))
    lengths: dict[str, int] = {}
    for name, values in zip(names, designs.values(), strict=True):
        if _is_sequence(values):
            if np.ndim(values) != 1 and not isinstance(values, list | tuple):
                raise UserError(
                    f"{name!r} has the shape {np.shape(values)}: give one number, or a sequence "
                    "with one for each design"
                )
            lengths[name] = len(values)
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name!r} {length}" for name, length in lengths.items())
        raise UserError(f"the numbers of values differ ({shown}): give one for each design")
    count = next(iter(lengths.values()), 1 if names else 0)
    columns: dict[str, Any] = {}
    for name, values in zip(names, designs.values(), strict=True):
        columns[name] = values if name in lengths else [values] * count
    return _with_ids(columns, count, ids)


def _of_rows(designs: Sequence[Any]) -> Columns:
    """Return columns of a list of dicts, which must have the same names in any order."""
    names = _checked(list(designs[0])) if isinstance(designs[0], Mapping) else []
    for row, design in enumerate(designs):
        if not isinstance(design, Mapping):
            raise UserError(f"design {row} is of type {_kind(design)}, but others are dicts")
        missing = [name for name in names if name not in design]
        extra = [name for name in design if name not in names]
        if missing or extra:
            what = f"has no {missing[0]!r}" if missing else f"has {extra[0]!r} too"
            raise UserError(
                f"design {row} {what}: all designs need the names of the first one, "
                f"{', '.join(names)}"
            )
        for name, value in design.items():
            if _is_sequence(value):
                raise UserError(
                    f"design {row}: {name!r} is of type {_kind(value)}: in a list of dicts, "
                    "each has the single values of one design"
                )
    columns = {name: [design[name] for design in designs] for name in names}
    return _with_ids(columns, len(designs), None)


def _of_frame(frame: Any) -> Columns:
    """Return columns of a data frame, or of a row (Series) of pandas."""
    if hasattr(frame, "to_pydict"):  # pyarrow
        _checked(frame.column_names)
        return _of_mapping(frame.to_pydict())
    if not hasattr(frame, "columns"):
        if hasattr(frame, "items") and hasattr(frame, "index"):
            _checked(list(frame.index))
            return _of_mapping(dict(frame.items()))
        raise UserError(f"an object of type {_kind(frame)} has no names of parameters: {TAKEN}")
    if hasattr(frame, "collect"):
        raise UserError(f"a {_kind(frame)} has not been computed: call its collect() first")
    columns = {name: frame[name].to_numpy() for name in _checked(list(frame.columns))}
    return _with_ids(columns, len(frame), _index_ids(frame))


def _index_ids(frame: Any) -> list[Any] | None:
    """Return the ids that an index of pandas holds: texts, or what is called ``id``."""
    index = getattr(frame, "index", None)
    if index is None:
        return None
    values = list(index)
    named = str(getattr(index, "name", None)).lower() == "id"
    return values if named or (values and all(isinstance(each, str) for each in values)) else None


def _of_xarray(dataset: Any) -> Columns:
    """Return columns of a Dataset whose variables have one dimension together, or none."""
    if not hasattr(dataset, "data_vars"):
        raise UserError(f"an object of type {_kind(dataset)} has no names of parameters: {TAKEN}")
    dimensions = {dim for name in dataset.data_vars for dim in dataset[name].dims}
    if len(dimensions) > 1:
        shown = ", ".join(map(str, sorted(dimensions, key=str)))
        raise UserError(
            f"the Dataset has the dimensions {shown}: give one for the designs, for example with "
            "stack()"
        )
    values = {name: dataset[name].values for name in dataset.data_vars}
    labels = None
    for dim in dimensions:
        if dim in dataset.coords and dataset[dim].dtype.kind in "OU":
            labels = dataset[dim].values.tolist()
    return _of_mapping(
        {name: each if each.ndim else each[()] for name, each in values.items()}, labels
    )


def _of_array(array: np.ndarray[Any, Any], names: Sequence[str] | None) -> Columns:
    """Return columns of an array ``[n, P]``, ``[P]``, or with named fields."""
    if array.dtype.names:
        table = np.atleast_1d(array)
        return _with_ids({name: table[name] for name in array.dtype.names}, len(table), None)
    wanted = "[n, P] or [P]"
    if names is not None:
        wanted = f"[n, {len(names)}] or [{len(names)}], in the order {', '.join(names)}"
    if array.ndim not in {1, 2} or (names is None and array.ndim == 1):
        raise UserError(f"the array has the shape {array.shape}, but is taken as {wanted}")
    table = np.atleast_2d(array)
    if names is None:
        names = [f"p{column}" for column in range(table.shape[1])]
    if table.shape[1] != len(names):
        advice = ""
        if len(names) == 1 and array.ndim == 1:
            advice = ": several designs of one parameter are array[:, None]"
        raise UserError(f"the array has the shape {array.shape}, but is taken as {wanted}{advice}")
    columns: dict[str, Any] = {name: table[:, column] for column, name in enumerate(names)}
    return Columns(columns, None, len(table))


def _object_array(rows: Sequence[Any]) -> np.ndarray[Any, Any]:
    if not rows:
        raise UserError(f"the {_kind(rows)} is empty: {TAKEN}")
    try:
        array = np.array(rows, dtype=object)
    except ValueError as error:
        raise UserError(f"the rows of the {_kind(rows)} have different lengths") from error
    if array.ndim == 1 and any(map(_is_sequence, rows)):
        raise UserError(f"the rows of the {_kind(rows)} have different lengths")
    return array


def _with_ids(columns: Mapping[str, Any], count: int, ids: Iterable[Any] | None) -> Columns:
    """Return columns without that of the ids, if there is one."""
    for name in columns:
        if name.lower() == "id":
            ids = columns[name]
            columns = {other: values for other, values in columns.items() if other != name}
            break
    return Columns(columns, None if ids is None else tuple(map(str, ids)), count)


def _checked(names: Sequence[Any]) -> list[str]:
    """Return names of columns; UserError for names that are no texts or occur twice."""
    for name in names:
        if not isinstance(name, str):
            raise UserError(
                f"parameters have names, but {name!r} is of type {_kind(name)}: {TAKEN}"
            )
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise UserError(f"the parameter {twice[0]!r} is given twice: give every parameter once")
    return [str(name) for name in names]


def _is_sequence(value: Any) -> bool:
    """Return whether a value is several: not a text, and not an array with a single number."""
    if isinstance(value, str | bytes) or not hasattr(value, "__len__"):
        return False
    return not (hasattr(value, "ndim") and value.ndim == 0)


def _kind(value: object) -> str:
    return type(value).__name__

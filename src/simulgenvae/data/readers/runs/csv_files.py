"""CSV files with one row for each node, as SU2, COMSOL, Abaqus, Ansys, Fluent and ParaView write.

A file is one timestep, or has all of them: with a column of times, or with times in the names of
the columns. Other tables, such as the parameters of the runs, are not taken for results.

Tested in tests/data/readers/runs/test_csv_files.py.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulgenvae.data.names import listed
from simulgenvae.data.readers.runs.csv_columns import split_unit
from simulgenvae.data.readers.runs.csv_layout import Layout, find_layout, split_cells
from simulgenvae.data.readers.runs.name_numbers import series_name
from simulgenvae.data.readers.runs.run_format import RunFormat
from simulgenvae.data.readers.runs.series import Series, Snapshot
from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


_SUFFIXES = (".csv", ".txt")
_TAIL = 2**16
"""Bytes at the end of a file that are searched for its last row."""


class _File(NamedTuple):
    """Content of a file: cells `[rows, columns]`, NaN where empty, and columns of text."""

    layout: Layout
    cells: NDArray[np.float64]
    texts: frozenset[int]


def is_csv_listing(path: Path) -> bool:
    """Return whether a file has rows of nodes, and is no other table."""
    try:
        return find_layout(path).columns.is_listing_of_nodes
    except UserError:
        return False


def open_csv(path: Path) -> Series:
    """Open a file with one timestep, or all of them.

    Raises UserError when it is no table of nodes.
    """
    # The content is read again only after another file: a file may have all timesteps.
    read = lru_cache(maxsize=1)(_read)
    file = read(path)
    times = _times(path, file)

    def snapshot(step: int) -> Snapshot:
        return _snapshot(path, read(path), float(times[step]))

    return Series(
        path,
        times,
        snapshot,
        lambda: Mesh(_positions(snapshot(0)), unit=_unit(read(path).layout, of_times=False)),
        time_unit=_unit(file.layout, of_times=True),
    )


def open_csv_timesteps(folder: Path, files: Sequence[Path]) -> Series:
    """Open files of one timestep each; their times are in them, or at the end of their names.

    Raises UserError when a file has several timesteps, or several files have no time, or another
    file with the name of a timestep is no table of nodes.
    """
    tables = [entry for entry in sorted(folder.iterdir()) if entry.suffix in _SUFFIXES]
    read_names = {file.name for file in files}
    others = [entry for entry in tables if entry.name not in read_names]
    series = {series_name(file) for file in files}
    for other in others:
        # Files that --pattern leaves out are tables of nodes.
        if series_name(other) in series and not is_csv_listing(other):
            raise UserError(
                f"{other}: has the name of a timestep, and is no table of nodes: truncated or "
                "damaged?"
            )
    if len(files) == 1:
        return open_csv(files[0])
    # One file at a time in memory: a timestep is first listed and then read.
    read = lru_cache(maxsize=1)(_read)
    times = np.array([_time(path, read(path)) for path in files])
    order = np.argsort(times, kind="stable")
    again = np.flatnonzero(np.diff(times[order]) == 0)
    if len(again):
        first, second = (files[order[again[0] + k]].name for k in range(2))
        raise UserError(
            f"{folder}: {first} and {second} have the same time {times[order[again[0]]]:g}: files "
            "of two series in one folder: put each into a separate folder"
        )
    remarks = [f"{other.name}: no table of nodes: not read" for other in others]

    def snapshot(step: int) -> Snapshot:
        path = files[order[step]]
        return _snapshot(path, read(path), None)._replace(remarks=remarks)

    first = find_layout(files[0])
    return Series(
        folder,
        times[order],
        snapshot,
        lambda: Mesh(_positions(snapshot(0)), unit=_unit(first, of_times=False)),
        time_unit=_unit(first, of_times=True),
    )


def _unit(layout: Layout, *, of_times: bool) -> str:
    """Return the unit in the headers of the times or positions; "" for none, or for several."""
    columns = layout.columns
    places = columns.axes if not of_times else () if columns.time is None else (columns.time,)
    units = {split_unit(layout.names[place])[1] or layout.units.get(place, "") for place in places}
    return units.pop() if len(units) == 1 else ""


def _positions(snapshot: Snapshot) -> NDArray[np.float64] | None:
    return snapshot.coords if snapshot.coords.shape[1] else None


def _read(path: Path) -> _File:
    # Imported here: it takes a second, and predictions do not need it.
    import pandas as pd  # type: ignore[import-untyped]

    layout = find_layout(path)
    if not layout.columns.is_listing_of_nodes:
        raise UserError(
            f"{path}: no table of nodes: none of its columns {listed(layout.names)} is a "
            "coordinate (x, y, z) or the number of a node"
        )
    rows = _rows(path, layout)
    if rows is None:
        _require_whole_last_row(path, layout)
    try:
        # Texts, which Python turns into the nearest numbers: not all versions of pandas do.
        table = pd.read_csv(
            path,
            sep=layout.separator,
            header=None,
            names=list(range(len(layout.names))),
            index_col=False,
            dtype=str,
            skiprows=layout.first,
            encoding=layout.encoding,
            skipinitialspace=True,
            nrows=rows,
        )
    except (ValueError, OSError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from error
    cells = np.full(table.shape, np.nan)
    texts: set[int] = set()
    for position in range(table.shape[1]):
        try:
            cells[:, position] = _numbers(table, position, layout.decimal)
        except ValueError:
            texts.add(position)
    # A field of text is left out with a note, but positions, nodes and times must be numbers.
    columns = layout.columns
    for position in texts.intersection((*columns.axes, columns.nodes, columns.time)):
        column = table.iloc[:, position].str.replace(layout.decimal, ".", regex=False)
        row = int(np.flatnonzero(pd.to_numeric(column, errors="coerce").isna().to_numpy())[0])
        raise UserError(
            f"{path}, line {layout.first + row + 1}: {table.iloc[row, position]!r} in the column "
            f"{layout.names[position]!r} is no number"
        )
    return _File(layout, cells, frozenset(texts))


def _numbers(table: Any, position: int, decimal: str) -> NDArray[np.float64]:
    """Return the numbers of a column of texts; raise ValueError where there are others."""
    column = table.iloc[:, position]
    if decimal != ".":
        column = column.str.replace(decimal, ".", regex=False)
    values: NDArray[np.float64] = column.to_numpy(dtype=object, na_value=np.nan).astype(np.float64)
    return values


def _require_whole_last_row(path: Path, layout: Layout) -> None:
    """Raise UserError when the last row has fewer cells than columns: pandas would read NaN."""
    with path.open("rb") as file:
        file.seek(-min(_TAIL, file.seek(0, 2)), 2)
        lines = file.read().decode(layout.encoding, "replace").splitlines()
    last = next((line for line in reversed(lines) if line.strip()), "")
    wanted = max(place for place, name in enumerate(layout.names, 1) if name)
    cells = split_cells(last, layout.separator)
    if len(cells) < wanted:
        raise UserError(
            f"{path}: its last row, {last[:80]!r}, has {len(cells)} of {wanted} cells: truncated"
        )


def _rows(path: Path, layout: Layout) -> int | None:
    """Return the number of rows before another section, such as ``[Faces]``; None without."""
    with path.open(encoding=layout.encoding) as file:
        lines = [next(file) for _ in range(layout.first)]
        if not any(line.lstrip().startswith("[") for line in lines):
            return None
        count = 0
        for line in file:
            if line.lstrip().startswith("["):
                return count
            count += bool(line.strip())
    return None


def _times(path: Path, file: _File) -> NDArray[np.float64]:
    """Return the times in a file; 0 for a steady state."""
    columns = file.layout.columns
    in_header = dict.fromkeys(column.time for column in columns.values if column.time is not None)
    if columns.time is None:
        return np.array(sorted(in_header) or [0.0])
    if in_header:
        raise UserError(f"{path}: times in a column and in the names of columns: keep one of both")
    times = np.unique(file.cells[:, columns.time])
    if not np.isfinite(times).all():
        raise UserError(f"{path}: cells without numbers in the column of times")
    return times


def _time(path: Path, file: _File) -> float:
    times = _times(path, file)
    if len(times) > 1:
        raise UserError(
            f"{path}: holds {len(times)} timesteps, and its folder has other files: a run is one "
            "such file, or files of one timestep each"
        )
    # Without a time in it a file is at 0: then the number in its name is the time.
    in_file = file.layout.columns.time is not None or times[0] != 0
    number = re.search(r"(\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)$", path.stem)
    if not in_file and number is None:
        raise UserError(
            f"{path}: the files of a run are its timesteps, and their names must end with numbers"
        )
    return float(times[0]) if in_file or number is None else float(number[1])


def _snapshot(path: Path, file: _File, time: float | None) -> Snapshot:
    """Return the timestep of a file at a time; the only one where it is None."""
    columns = file.layout.columns
    cells = file.cells
    if columns.time is not None and time is not None:
        cells = cells[cells[:, columns.time] == time]
    cells = _in_order(path, cells, columns.nodes)
    parts: dict[str, dict[int, NDArray[np.float64]]] = {}
    units: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for column in columns.values:
        if column.time is not None and column.time != time and time is not None:
            continue
        if column.position in file.texts:
            left_out[column.field] = "a column of text"
        # Trailing separators make a column without a name.
        elif column.field:
            parts.setdefault(column.field, {})[column.component] = cells[:, column.position]
            unit = column.unit or file.layout.units.get(column.position, "")
            if unit:
                units[column.field] = unit
    fields: dict[str, NDArray[Any]] = {}
    for name, components in parts.items():
        values = [components[number] for number in sorted(components)]
        fields[name] = values[0] if len(values) == 1 else np.stack(values, axis=1)
    return Snapshot(cells[:, list(columns.axes)], fields, units, left_out=left_out)


def _in_order(path: Path, cells: NDArray[np.float64], nodes: int | None) -> NDArray[np.float64]:
    """Return the rows in the order of the numbers of nodes, where there are such.

    Solvers that run in parallel write the nodes of each timestep in another order.
    """
    if nodes is None:
        return cells
    numbers = cells[:, nodes]
    order = np.argsort(numbers, kind="stable")
    twice = np.flatnonzero(np.diff(numbers[order]) == 0)
    if len(twice):
        raise UserError(
            f"{path}: node {numbers[order[twice[0]]]:g} has several rows: values of elements at "
            "their nodes: export averaged values, one row for each node"
        )
    return cells[order]


CSV = RunFormat(
    name="CSV",
    open=open_csv,
    suffixes=_SUFFIXES,
    open_timesteps=open_csv_timesteps,
    recognise=is_csv_listing,
)

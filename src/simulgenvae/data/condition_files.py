"""Parameters from a table, or from a folder of tables such as the classic ``parametric_data``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulgenvae.data.condition_columns import Column, Place, Roles, find_roles
from simulgenvae.data.conditions import Carried, Conditions, LeftOut, Levels
from simulgenvae.data.csv_table import Row, TextTable, read_table
from simulgenvae.data.names import check_ids, check_names, is_hidden, natural_key, prefix_errors
from simulgenvae.data.units import Labelled, require_same_unit, same_unit, split_units
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Known(NamedTuple):
    """Parameters that a study or model has, which a table must have too."""

    names: tuple[str, ...]
    levels: tuple[Levels, ...] = ()
    """Values of each category; empty for a number. Without any, all are numbers."""
    left_out: tuple[LeftOut, ...] = ()
    """Columns that are no parameters; a table may have them too."""
    more_levels: bool = False
    """True if categories may have further values."""
    units: tuple[str, ...] = ()
    """Unit of each parameter, "" where one is unknown; empty where all are."""

    @property
    def constants(self) -> dict[str, LeftOut]:
        """Columns that have the same value in all runs of the study, by name."""
        return {each.name: each for each in self.left_out if each.value is not None}

    @property
    def taken(self) -> tuple[str, ...]:
        """Names of parameters and constants."""
        return (*self.names, *self.constants)


class ConditionTable(NamedTuple):
    """Content of a table: parameters, whether it has ids, and notes for the user."""

    conditions: Conditions
    has_ids: bool
    notes: tuple[str, ...] = ()


class _Sheet(NamedTuple):
    """Header and rows of one file."""

    table: TextTable
    header: tuple[str, ...] | None
    body: tuple[Row, ...]

    @property
    def shown(self) -> str:
        return ", ".join(self.header or [f"{len(self.body[0].cells)} without names"])


def read_condition_files(path: Path, known: Known | None = None) -> ConditionTable:
    """Read a table, or all CSV files of a folder in natural order.

    The tables of several files follow each other. Where they have no id column and one row each,
    runs are named after their files.

    Raises UserError as :func:`read_conditions` does, and when there is no table or the tables have
    different columns.
    """
    if not path.is_dir():
        return read_conditions(path, known)
    files = sorted(
        (
            file
            for file in path.iterdir()
            # macOS writes hidden files such as `._p.csv` next to copied ones.
            if file.suffix.lower() == ".csv" and not is_hidden(file.name)
        ),
        key=lambda file: natural_key(file.name),
    )
    if not files:
        raise UserError(f"{path}: no .csv file in this folder")
    sheets = [_read_sheet(file) for file in files]
    first = sheets[0]
    for file, sheet in zip(files, sheets, strict=True):
        same_width = len(sheet.body[0].cells) == len(first.body[0].cells)
        if sheet.header != first.header or not same_width:
            raise UserError(
                f"{file}: has the columns {sheet.shown}, but {files[0].name} has {first.shown}"
            )
    found = _interpreted(path, sheets, known)
    # One row per file, as in classic studies: the name of a file is the only id of its run.
    if len(files) > 1 and not found.has_ids and len(found.conditions) == len(files):
        with prefix_errors(path):
            named = replace(found.conditions, ids=tuple(file.stem for file in files))
        return ConditionTable(named, True, found.notes)
    return found


def read_conditions(path: Path, known: Known | None = None) -> ConditionTable:
    """Read a table with one row per run.

    The id column is the one named ``id`` (any case), an unnamed first one, or one of texts that
    differ in every row; without a header, a first column of such texts. Without ids the runs are
    called 0, 1, …; without a header the parameters are called p0, p1, …. Other columns of texts are
    categories or, where nothing can be learned from them, carried along.

    With ``known`` columns are matched by name, in any order, or by position where there is no
    header.

    Raises UserError naming file, line and column for a cell that does not belong there, and for an
    empty table, duplicate ids or names, missing or extra columns, and another unit than the known
    one.
    """
    return _interpreted(path, [_read_sheet(path)], known)


def _read_sheet(path: Path) -> _Sheet:
    table = read_table(path)
    header, body = _split_header(table)
    if not body:
        raise UserError(f"{path}: the table has a header but no rows")
    return _Sheet(table, header, body)


def _interpreted(path: Path, sheets: Sequence[_Sheet], known: Known | None) -> ConditionTable:
    """Return the conditions in one or several files with the same columns."""
    header = sheets[0].header
    columns = _columns(sheets, known)
    roles = find_roles(
        columns,
        header=header is not None,
        known=known.taken if known else (),
        carried_before=[each.name for each in known.left_out if each.value is None]
        if known
        else (),
    )
    notes: list[str] = []
    for sheet in sheets:
        notes += sheet.table.notes
    notes += roles.notes
    if not roles.parameters:
        raise UserError(f"{path}: the table has ids but no parameters")
    with prefix_errors(path):
        if header is None:
            roles.parameters = _by_position(roles.parameters, known)
        check_names([column.name for column in roles.parameters], "parameter")
        if known is not None:
            _match(roles, known)
        rows = len(columns[0].texts)
        ids = roles.ids.texts if roles.ids else tuple(map(str, range(rows)))
        check_ids(ids)
    values = []
    levels: list[Levels] = []
    for position, column in enumerate(roles.parameters):
        levels.append(_levels(column, position, known))
        values.append(column.codes(levels[-1]) if levels[-1] else column.values())
    carried = tuple(Carried(column.name, column.texts) for column in roles.carried)
    notes += [f"{path}: {each} is carried along, not learned from" for each in carried]
    left_out = tuple(LeftOut(name=each.name, value=None) for each in carried)
    with prefix_errors(path):
        conditions = Conditions(
            ids,
            tuple(column.name for column in roles.parameters),
            np.stack(values, axis=1),
            levels=tuple(levels),
            left_out=left_out if known is None else known.left_out,
            units=_units(path, roles.parameters, known, notes),
            carried=carried,
        )
    return ConditionTable(conditions, roles.ids is not None, tuple(notes))


def _units(
    path: Path, parameters: Sequence[Column], known: Known | None, notes: list[str]
) -> tuple[str, ...]:
    """Return the units of the parameters, of the table or else those that are known.

    Raises UserError where both are given and differ.
    """
    known_units = known.units if known is not None else ()
    units = []
    for column, before in zip(parameters, known_units or ("",) * len(parameters), strict=True):
        require_same_unit(column.name, column.unit, before, str(path))
        if known is not None and column.unit and not before:
            notes.append(
                f"{path}: {column.name!r} is in {column.unit}, and the study does not know its "
                "unit: not compared"
            )
        units.append(before or column.unit)
    return tuple(units)


def _levels(column: Column, position: int, known: Known | None) -> Levels:
    """Return the values of a category, or nothing for a column of numbers."""
    if known is None:
        return column.found_levels() if column.is_category else ()
    levels = known.levels[position] if known.levels else ()
    if levels and known.more_levels:
        return tuple(dict.fromkeys((*levels, *sorted(filter(None, column.texts), key=natural_key))))
    return levels


def _columns(sheets: Sequence[_Sheet], known: Known | None) -> list[Column]:
    width = len(sheets[0].body[0].cells)
    headers = sheets[0].header or tuple(f"p{column}" for column in range(width))
    # Studies of earlier versions have parameters with their unit in the name.
    labels = split_units(headers, known.taken if known else ())
    places: list[Place] = []
    for sheet in sheets:
        places += [Place(sheet.table.path, row.line) for row in sheet.body]
    columns = []
    for position, label in enumerate(labels):
        texts: list[str] = []
        numbers: list[float | None] = []
        for sheet in sheets:
            cells = [row.cells[position] for row in sheet.body]
            texts += cells
            # Each file by itself: only some may have decimal commas.
            numbers += map(sheet.table.number, cells)
        unit = _unit(sheets, position, label)
        columns.append(Column(label.name, tuple(texts), tuple(numbers), places, unit))
    return columns


def _unit(sheets: Sequence[_Sheet], position: int, label: Labelled) -> str:
    """Return the unit of a column from its header or the rows of units; UserError for two."""
    unit = label.unit
    for sheet in sheets:
        below = sheet.table.units[position] if sheet.table.units else ""
        if unit and below and not same_unit(unit, below):
            raise UserError(
                f"{sheet.table.path}: column {label.name!r} has two units, {unit} and {below}: "
                "correct the one that is wrong"
            )
        unit = unit or below
    return unit


def _split_header(table: TextTable) -> tuple[tuple[str, ...] | None, tuple[Row, ...]]:
    """Return the header, or None where the table has none, and the other rows.

    A first row of names is a header. One that mixes names and numbers is a header only if one of
    its cells is ``id``, or the first one is empty.
    """
    # A header that is taken for data would shift all runs by one, and data that are taken for a
    # header would lose the first run, both without an error: what is ambiguous is refused.
    first = table.rows[0].cells
    numeric = [table.number(cell) is not None for cell in first]
    if (
        not any(numeric)
        or any(cell.lower() == "id" for cell in first)
        or (first[0] == "" and len(first) > 1)
    ):
        return first, table.rows[1:]
    # Rows of an id and numbers: the first row is then a run, and no header.
    text_without_header = (
        not numeric[0]
        and all(numeric[1:])
        and all(table.number(row.cells[0]) is None for row in table.rows)
    )
    if not all(numeric) and not text_without_header:
        column = numeric.index(False)
        raise UserError(
            f"{table.path}, line {table.rows[0].line}, column {column + 1}: {first[column]!r} is "
            "not a number, and a row of column names must not contain numbers"
        )
    return None, table.rows


def _by_position(columns: Sequence[Column], known: Known | None) -> list[Column]:
    """Return columns without a header under the names p0, p1, …, or those that are known."""
    names = tuple(f"p{k}" for k in range(len(columns))) if known is None else known.names
    if len(columns) != len(names):
        raise UserError(
            f"{len(columns)} columns without names, but {len(names)} parameters are needed: "
            f"{', '.join(names)}"
        )
    return [replace(column, name=name) for name, column in zip(names, columns, strict=True)]


def _match(roles: Roles, known: Known) -> None:
    """Put the parameters into the order of the known ones; the table's own order is free."""
    found = {column.name: column for column in roles.parameters}
    constants = known.constants
    missing = [name for name in known.names if name not in found]
    extra = [name for name in found if name not in known.taken]
    if missing or extra:
        problems = []
        if missing:
            problems.append(f"missing: {', '.join(missing)}")
        if extra:
            problems.append(f"not known: {', '.join(extra)}")
        raise UserError(
            f"parameters {'; '.join(problems)}. The study has: {', '.join(known.names)}"
        )
    for name, column in found.items():
        if name in constants:
            _require_constant(column, constants[name])
    roles.parameters = [found[name] for name in known.names]


def _require_constant(column: Column, left_out: LeftOut) -> None:
    """Raise UserError where a column that was left out has another value than in all runs."""
    for row, (text, number) in enumerate(zip(column.texts, column.numbers, strict=True)):
        value = text if isinstance(left_out.value, str) else number
        if value != left_out.value:
            raise UserError(
                f"{column.where(row)}: {text!r}, but the column is {left_out.value} in all runs "
                "of the study, so nothing is known of its effect: ingest runs that differ in it "
                "together with the others, and train again"
            )

"""Parameters from a table, or from a folder of tables such as the classic ``parametric_data``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulgenvae.data.condition_columns import Column, Place, Roles, find_roles
from simulgenvae.data.conditions import Conditions, LeftOut, Levels
from simulgenvae.data.csv_table import Row, TextTable, read_table
from simulgenvae.data.names import check_ids, check_names, is_hidden, natural_key, prefix_errors
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
            named = _named(found.conditions, tuple(file.stem for file in files))
        return ConditionTable(named, True, found.notes)
    return found


def read_conditions(path: Path, known: Known | None = None) -> ConditionTable:
    """Read a table with one row per run.

    The id column is the one named ``id`` (any case), an unnamed first one, or one of texts that
    differ in every row; without a header, a first column of such texts. Without ids the runs are
    called 0, 1, …; without a header the parameters are called p0, p1, …. Other columns of texts are
    categories.

    With ``known`` columns are matched by name, in any order, or by position where there is no
    header.

    Raises UserError naming file, line and column for a cell that does not belong there, and for an
    empty table, duplicate ids or names, and missing or extra columns.
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
    columns = _columns(sheets)
    roles = find_roles(columns, header=header is not None, known=known.names if known else ())
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
    names = tuple(column.name for column in roles.parameters)
    left_out = tuple(roles.left_out) if known is None else known.left_out
    conditions = Conditions(
        ids, names, np.stack(values, axis=1), levels=tuple(levels), left_out=left_out
    )
    return ConditionTable(conditions, roles.ids is not None, tuple(notes))


def _levels(column: Column, position: int, known: Known | None) -> Levels:
    """Return the values of a category, or nothing for a column of numbers."""
    if known is None:
        return column.found_levels() if column.is_text else ()
    levels = known.levels[position] if known.levels else ()
    if levels and known.more_levels:
        return tuple(dict.fromkeys((*levels, *sorted(filter(None, column.texts), key=natural_key))))
    return levels


def _columns(sheets: Sequence[_Sheet]) -> list[Column]:
    width = len(sheets[0].body[0].cells)
    names = sheets[0].header or tuple(f"p{column}" for column in range(width))
    places: list[Place] = []
    for sheet in sheets:
        places += [Place(sheet.table.path, row.line) for row in sheet.body]
    columns = []
    for position, name in enumerate(names):
        texts: list[str] = []
        numbers: list[float | None] = []
        for sheet in sheets:
            cells = [row.cells[position] for row in sheet.body]
            texts += cells
            # Each file by itself: only some may have decimal commas.
            numbers += map(sheet.table.number, cells)
        columns.append(Column(name, tuple(texts), tuple(numbers), places))
    return columns


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
    return [
        Column(name, column.texts, column.numbers, column.places)
        for name, column in zip(names, columns, strict=True)
    ]


def _match(roles: Roles, known: Known) -> None:
    """Put the parameters into the order of the known ones; the table's own order is free."""
    found = {column.name: column for column in roles.parameters}
    left_out = {each.name: each for each in known.left_out}
    missing = [name for name in known.names if name not in found]
    extra = [name for name in found if name not in known.names and name not in left_out]
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
        if name in left_out:
            _require_constant(column, left_out[name])
    roles.parameters = [found[name] for name in known.names]


def _require_constant(column: Column, left_out: LeftOut) -> None:
    """Raise UserError where a column that was left out has another value than in all runs."""
    if left_out.value is None:
        return
    for row, (text, number) in enumerate(zip(column.texts, column.numbers, strict=True)):
        value = text if isinstance(left_out.value, str) else number
        if value != left_out.value:
            raise UserError(
                f"{column.where(row)}: {text!r}, but the column is {left_out.value} in all runs "
                "of the study, so nothing is known of its effect: ingest runs that differ in it "
                "together with the others, and train again"
            )


def _named(conditions: Conditions, ids: tuple[str, ...]) -> Conditions:
    return Conditions(
        ids,
        conditions.names,
        conditions.table,
        levels=conditions.levels,
        left_out=conditions.left_out,
    )

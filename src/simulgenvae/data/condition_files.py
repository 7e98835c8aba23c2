"""Parameters from a table, or from a folder of tables such as the classic ``parametric_data``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.csv_table import Row, number, read_rows
from simulgenvae.data.names import check_ids, check_names, natural_key, prefix_errors
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path


def read_condition_files(path: Path) -> tuple[Conditions, bool]:
    """Read a CSV file, or all CSV files of a folder in natural order.

    Returns the conditions and whether the runs have ids. The tables of several files follow each
    other. Where they have no id column and one row each, runs are named after their files.

    Raises UserError as :func:`read_conditions` does, and when there is no table or the tables have
    different parameters.
    """
    if not path.is_dir():
        return read_conditions(path)
    files = sorted(
        (
            file
            for file in path.iterdir()
            # macOS writes hidden files such as `._p.csv` beside copied ones.
            if file.suffix.lower() == ".csv" and not file.name.startswith(".")
        ),
        key=lambda file: natural_key(file.name),
    )
    if not files:
        raise UserError(f"{path}: no .csv file in this folder")
    if len(files) == 1:
        return read_conditions(files[0])
    first, has_ids = read_conditions(files[0])
    tables = [first]
    for file in files[1:]:
        table, also_ids = read_conditions(file)
        if table.names != first.names or also_ids != has_ids:
            raise UserError(
                f"{file}: has the columns {_columns(table, also_ids)}, but {files[0].name} has "
                f"{_columns(first, has_ids)}"
            )
        tables.append(table)
    values = np.concatenate([table.table for table in tables])
    ids: list[str] = []
    if has_ids:
        for table in tables:
            ids += table.ids
    elif len(values) == len(files):
        # One row per file, as in classic studies: the name of a file is the only id of its run.
        ids = [file.stem for file in files]
        has_ids = True
    else:
        ids = [str(k) for k in range(len(values))]
    with prefix_errors(path):
        return Conditions(tuple(ids), first.names, values), has_ids


def read_conditions(path: Path, *, names: tuple[str, ...] | None = None) -> tuple[Conditions, bool]:
    """Read a CSV table with one row per run.

    Returns the conditions and whether the table has an id column. That is the column named ``id``
    (any case) or an unnamed first one; without a header, a first column of text. Without ids the
    runs are called 0, 1, …; without a header the parameters are called p0, p1, …. With ``names``
    (prediction) columns are matched by name, in any order, or by position where there is no
    header.

    Raises UserError naming file, line and column for anything that is not a finite number, and for
    an empty table, duplicate ids or names, and missing or extra columns.
    """
    rows = read_rows(path)
    header, body = _split_header(path, rows)
    if not body:
        raise UserError(f"{path}: the table has a header but no rows")
    id_column = _id_column(header, body)
    columns = [column for column in range(len(rows[0].cells)) if column != id_column]
    if not columns:
        raise UserError(f"{path}: the table has ids but no parameters")
    found = (
        tuple(header[column] for column in columns)
        if header
        else _names_by_position(path, len(columns), names)
    )
    with prefix_errors(path):
        check_names(found, "parameter")
        # A trained model knows its parameters by name: their order in the table is free.
        if names is not None:
            columns = _match(found, columns, names)
            found = names
        ids = tuple(
            str(k) if id_column is None else row.cells[id_column] for k, row in enumerate(body)
        )
        check_ids(ids)
    table = np.array([_numbers(path, row, columns, found) for row in body], dtype=np.float64)
    return Conditions(ids, found, table), id_column is not None


def _split_header(path: Path, rows: list[Row]) -> tuple[tuple[str, ...] | None, list[Row]]:
    """Return the header, or None where the table has none, and the other rows.

    A first row of names is a header. One that mixes names and numbers is a header only if one of
    its cells is ``id``, or the first one is empty.
    """
    # A header that is taken for data would shift all runs by one, and data that are taken for a
    # header would lose the first run, both without an error: what is ambiguous is refused.
    first = rows[0].cells
    numeric = [number(cell) is not None for cell in first]
    if (
        not any(numeric)
        or any(cell.lower() == "id" for cell in first)
        or (first[0] == "" and len(first) > 1)
    ):
        return first, rows[1:]
    ids_without_header = (
        not numeric[0] and all(numeric[1:]) and all(number(row.cells[0]) is None for row in rows)
    )
    if not all(numeric) and not ids_without_header:
        column = numeric.index(False)
        raise UserError(
            f"{path}, line {rows[0].line}, column {column + 1}: {first[column]!r} is not a number, "
            "and a row of column names must not contain numbers"
        )
    return None, rows


def _id_column(header: tuple[str, ...] | None, body: list[Row]) -> int | None:
    if header is None:
        return 0 if number(body[0].cells[0]) is None else None
    # Tables written by pandas have the index in a first column without a name.
    named = [column for column, name in enumerate(header) if name.lower() == "id"]
    if len(named) == 1:
        return named[0]
    return 0 if header[0] == "" and not named else None


def _names_by_position(path: Path, count: int, names: tuple[str, ...] | None) -> tuple[str, ...]:
    if names is None:
        return tuple(f"p{column}" for column in range(count))
    if count != len(names):
        expected = ", ".join(names)
        raise UserError(
            f"{path}: {count} columns without names, but {len(names)} parameters are needed: "
            f"{expected}"
        )
    return names


def _match(found: tuple[str, ...], columns: list[int], names: tuple[str, ...]) -> list[int]:
    missing = [name for name in names if name not in found]
    extra = [name for name in found if name not in names]
    if missing or extra:
        problems = []
        if missing:
            problems.append(f"missing: {', '.join(missing)}")
        if extra:
            problems.append(f"not known: {', '.join(extra)}")
        raise UserError(
            f"parameters {'; '.join(problems)}. The model was trained with: {', '.join(names)}"
        )
    return [columns[found.index(name)] for name in names]


def _numbers(path: Path, row: Row, columns: list[int], names: tuple[str, ...]) -> list[float]:
    values = []
    for column, name in zip(columns, names, strict=True):
        value = number(row.cells[column])
        where = f"{path}, line {row.line}, column {name!r}"
        if value is None:
            # The usual cause: 3,5 from a spreadsheet in a language with decimal commas.
            advice = " (write decimals with a point)" if "," in row.cells[column] else ""
            raise UserError(f"{where}: {row.cells[column]!r} is not a number{advice}")
        if not np.isfinite(value):
            raise UserError(f"{where}: {row.cells[column]} is not a finite number")
        values.append(value)
    return values


def _columns(table: Conditions, has_ids: bool) -> str:
    return ", ".join(("id",) * has_ids + table.names)

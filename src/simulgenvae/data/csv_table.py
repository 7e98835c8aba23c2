"""Tables as rows of text, from text files, workbooks and Parquet: one reader for all of them.

Handles delimiters, encodings, quotes, blank lines, comment lines, empty columns, a row of units and
decimal commas, as spreadsheets and scripts write them. Ragged rows are errors. Tested in
tests/data/test_csv_table.py and tests/data/test_condition_files.py.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from simulgenvae.data import json_table, parquet, workbook
from simulgenvae.data.decimal_comma import has_decimal_commas, with_point
from simulgenvae.data.table_text import DELIMITERS, NumberedRow, read_text_rows
from simulgenvae.data.units import plain_unit
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

Row = NumberedRow
"""Row of a table; ``line`` counts from 1 and is where the row ends in the file."""

MAX_BYTES = 512_000_000
"""Most bytes of a table: one of parameters with a million runs has about 100 MB."""
MAX_COLUMNS = 100_000
"""Most columns of a table; a million of them take minutes."""
SUFFIXES = (
    ".csv",
    ".tsv",
    ".txt",
    ".dat",
    *workbook.SUFFIXES,
    *parquet.SUFFIXES,
    *json_table.SUFFIXES,
)
"""Suffixes of tables."""
# What a row of units may have in the column of ids or of another text.
_NO_UNIT = re.compile(r"|-|units?|\[.*\]|\(.*\)", re.IGNORECASE)
_MISSING = {"n/a", "na", "none", "null", "missing", "?", "-"}


@dataclass(frozen=True)
class TextTable:
    """Rows of equal length, of stripped texts."""

    path: Path
    rows: tuple[Row, ...]
    decimal_comma: bool = False
    """True where the numbers have decimal commas."""
    notes: tuple[str, ...] = ()
    """Lines of the file that are not among the rows, for the user."""
    units: tuple[str, ...] = ()
    """Units of the columns in a row of units, "" for none; empty without such a row."""

    def number(self, cell: str) -> float | None:
        """Return the value of a cell; None where it is no number."""
        return number(with_point(cell) if self.decimal_comma else cell)


def read_rows(path: Path) -> tuple[Row, ...]:
    """Return the rows of :func:`read_table`."""
    return read_table(path).rows


def is_table(path: Path) -> bool:
    """Return whether a path has the suffix of a table; ``file.xlsx:Sheet`` has."""
    return workbook.sheet_of(path).path.suffix.lower() in SUFFIXES


def read_table(path: Path) -> TextTable:
    """Read a table.

    Text files have comma, semicolon or tab between cells (``.txt`` and ``.dat`` also blanks), in
    UTF-8, UTF-16 or, with a note, Windows-1252. Of a workbook (``.xlsx``) the first sheet with rows
    is read, or that of ``file.xlsx:Sheet``. Parquet needs pyarrow. JSON is a list of objects.

    Lines of comments (``#`` or ``%``), a line ``sep=;`` and a row of units are left out, and so are
    columns without any text. The last comment before rows of numbers is their header if it has a
    name for each column. Raises UserError when the file is missing, empty, no text, too large for a
    table, or ragged.
    """
    file, sheet = workbook.sheet_of(path)
    comments: list[str] = []
    notes: list[str] = []
    if workbook.is_workbook(_existing(file)):
        rows, notes = workbook.read_workbook(file, MAX_BYTES, sheet)
        rows = [row for row in rows if any(row.cells)]
    elif file.suffix.lower() in parquet.SUFFIXES:
        rows = parquet.read_parquet(file, MAX_BYTES)
    elif file.suffix.lower() in json_table.SUFFIXES:
        rows = json_table.read_json(file, MAX_BYTES)
    else:
        rows, comments, notes = read_text_rows(file, MAX_BYTES)
    width = max((len(row.cells) for row in rows), default=0)
    if width > MAX_COLUMNS:
        raise UserError(
            f"{path}: a row has {width:,} columns, more than {MAX_COLUMNS:,}, which no table of "
            "parameters should have"
        )
    rows = _rectangular(path, rows)
    if not rows:
        raise UserError(f"{path}: the table is empty")
    table = TextTable(path, tuple(rows), has_decimal_commas(row.cells for row in rows))
    if table.decimal_comma:
        notes.append(f"{path}: decimal commas are read as decimal points")
    if comments:
        table = _with_header(table, comments[-1])
        count = len(comments)
        lines = "a comment line is" if count == 1 else f"{count} comment lines are"
        named = table.rows[0] is not rows[0]
        header = "; the last one has the names of the columns" if named else ""
        notes.append(f"{path}: {lines} left out{header}")
    table = replace(table, notes=tuple(notes))
    return _without_units(table) if _has_units(table) else table


def _without_units(table: TextTable) -> TextTable:
    """Return a table whose second row has units without that row."""
    header, row, *body = table.rows
    units = tuple(map(plain_unit, row.cells))
    shown = ", ".join(cell or "none" for cell in row.cells)
    note = f"{table.path}, line {row.line}: a row of units, which is not a run: {shown}"
    return replace(table, rows=(header, *body), units=units, notes=(*table.notes, note))


def number(cell: str) -> float | None:
    """Return the value of a cell; None where it is no number, as for Python's ``1_000``."""
    if "_" in cell:
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise UserError(f"{path}: no such file" if not path.exists() else f"{path}: not a file")
    return path


def _rectangular(path: Path, rows: list[Row]) -> list[Row]:
    """Return rows of equal length, without the columns that are empty in all of them.

    Raises UserError for a row whose cells would move into the columns of other parameters.
    """
    if not rows:
        return rows
    width = len(rows[0].cells)
    named = len(_trimmed(rows[0].cells))
    filled = [False] * width
    for row in rows:
        if any(row.cells[width:]) or len(row.cells) < named:
            advice = ""
            if len(row.cells) > width:
                advice = ". Decimal commas need semicolons or tabs between the columns"
            raise UserError(
                f"{path}, line {row.line}: {len(row.cells)} cells, but the first row has "
                f"{width}{advice}"
            )
        for column, cell in enumerate(row.cells[:width]):
            filled[column] = filled[column] or bool(cell)
    if all(filled) and all(len(row.cells) == width for row in rows):
        return rows
    kept = [column for column in range(width) if filled[column]]
    padding = ("",) * width
    cleaned = []
    for row in rows:
        cells = row.cells + padding
        cleaned.append(Row(row.line, tuple(cells[column] for column in kept)))
    return cleaned


def _trimmed(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Return cells without the empty ones at the end."""
    while cells and not cells[-1]:
        cells = cells[:-1]
    return cells


def _with_header(table: TextTable, comment: str) -> TextTable:
    """Return the table with a comment as its header, if it has none and the comment fits.

    numpy.savetxt and COMSOL write the names of the columns as the last comment.
    """
    first = table.rows[0]
    # With text beyond its first cell, which may be an id, the first row is a header itself.
    if any(table.number(cell) is None for cell in first.cells[1:]):
        return table
    if len(first.cells) == 1 and table.number(first.cells[0]) is None:
        return table
    text = comment.lstrip("#%").strip(" \r\n")
    for names in (
        *(next(csv.reader([text], delimiter=each)) for each in DELIMITERS),
        text.split(),
    ):
        names = [name.strip() for name in names]
        if len(names) == len(first.cells) and all(number(name) is None for name in names):
            header = Row(first.line - 1, tuple(names))
            return replace(table, rows=(header, *table.rows))
    return table


def _has_units(table: TextTable) -> bool:
    """Return whether the second row has the units of the columns.

    It has if it holds no number where all rows below have numbers, and nothing elsewhere.
    """
    if len(table.rows) < 3:
        return False
    header, second = table.rows[0].cells, table.rows[1].cells
    if any(table.number(cell) is not None for cell in (*header, *second)):
        return False
    units = []
    for column, cell in enumerate(second):
        # The third row sorts out most columns, so that only tables with units are searched.
        if table.number(table.rows[2].cells[column]) is not None and all(
            table.number(row.cells[column]) is not None for row in table.rows[2:]
        ):
            units.append(cell)
        elif not _NO_UNIT.fullmatch(cell):
            return False
    return any(units) and not any(cell.lower() in _MISSING - {"-"} for cell in units)

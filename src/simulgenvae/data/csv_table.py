"""Tables as rows of text, from CSV files and workbooks, as spreadsheets and scripts write them.

Handles delimiters, byte order marks, quotes, blank lines, comment lines, empty columns, a row of
units and decimal commas. Ragged rows are errors. Tested in tests/data/test_csv_table.py and
tests/data/test_condition_files.py.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.data.decimal_comma import has_decimal_commas, with_point
from simulgenvae.data.workbook import is_workbook, read_workbook
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAX_BYTES = 512_000_000
"""Most bytes of a table: one of parameters with a million runs has about 100 MB."""
MAX_COLUMNS = 100_000
"""Most columns of a table; a million of them take minutes."""
# The comma is last: in files with decimal commas it looks like a delimiter too.
_DELIMITERS = ("\t", ";", ",")
_COMMENT = ("#", "%")
_BLANK_SEPARATED = (".txt", ".dat")
# What a row of units may have in the column of ids or of another text.
_NO_UNIT = re.compile(r"|-|units?|\[.*\]|\(.*\)", re.IGNORECASE)
_MISSING = {"n/a", "na", "none", "null", "missing", "?", "-"}


@dataclass(frozen=True)
class Row:
    """One row of a table; ``line`` counts from 1 and is where the row ends in the file."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class TextTable:
    """Rows of equal length, of stripped texts."""

    path: Path
    rows: tuple[Row, ...]
    decimal_comma: bool = False
    """True where the numbers have decimal commas."""
    notes: tuple[str, ...] = ()
    """Lines of the file that are not among the rows, for the user."""

    def number(self, cell: str) -> float | None:
        """Return the value of a cell; None where it is no number."""
        return number(with_point(cell) if self.decimal_comma else cell)


def read_rows(path: Path) -> tuple[Row, ...]:
    """Return the rows of :func:`read_table`."""
    return read_table(path).rows


def read_table(path: Path) -> TextTable:
    """Read a table from a CSV file, from columns between blanks (.txt, .dat), or a workbook.

    Lines of comments (``#`` or ``%``), a line ``sep=;`` and a row of units are left out, and so are
    columns without any text. The last comment before rows of numbers is their header if it has a
    name for each column. Raises UserError when the file is missing, empty, not UTF-8, too large for
    a table, or ragged.
    """
    notes: list[str] = []
    if is_workbook(_existing(path)):
        rows, notes = _from_workbook(path)
        comments: list[str] = []
    else:
        rows, comments = _from_text(path)
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
    kept = table.rows
    if _has_units(table):
        row = kept[1]
        units = ", ".join(cell or "none" for cell in row.cells)
        notes.append(f"{path}, line {row.line}: a row of units, which is not a run: {units}")
        kept = (kept[0], *kept[2:])
    return TextTable(path, kept, table.decimal_comma, tuple(notes))


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


def _from_workbook(path: Path) -> tuple[list[Row], list[str]]:
    numbered, notes = read_workbook(path, MAX_BYTES)
    return [Row(line, cells) for line, cells in numbered if any(cells)], notes


def _from_text(path: Path) -> tuple[list[Row], list[str]]:
    """Return the rows of a text file, and the comments before and between them."""
    lines = _read_text(path).splitlines(keepends=True)
    delimiter = None
    first = 0
    comments = []
    # Excel's first line "sep=;" names the delimiter, and belongs to no column.
    if lines and (found := re.fullmatch(r'"?sep=(.)"?', lines[0].strip(), re.IGNORECASE)):
        delimiter = found[1]
        first = 1
    while first < len(lines) and (lines[first].startswith(_COMMENT) or not lines[first].strip()):
        if lines[first].strip():
            comments.append(lines[first])
        first += 1
    delimiter = delimiter or _delimiter(lines[first:])
    if delimiter is None and path.suffix.lower() in _BLANK_SEPARATED:
        rows = [
            Row(number, tuple(line.split()))
            for number, line in enumerate(lines[first:], first + 1)
            if line.strip()
        ]
    else:
        rows = _parse(path, lines[first:], delimiter or ",", first)
    # A comment below the first row has one cell, unless there is only one column.
    width = len(rows[0].cells) if rows else 0
    kept = []
    for row in rows:
        comment = width > 1 and row.cells[0].startswith(_COMMENT) and not any(row.cells[1:])
        if comment and row is not rows[0]:
            # In front, as only the last comment above the rows can be their header.
            comments.insert(0, row.cells[0])
        else:
            kept.append(row)
    return kept, comments


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(
                f"{path}: larger than {MAX_BYTES // 1_000_000} MB, which no table of parameters "
                "should be"
            )
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: not UTF-8 text ({error.reason} at byte {error.start}): save it as UTF-8"
        ) from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error


def _delimiter(lines: Sequence[str]) -> str | None:
    """Return the delimiter that cuts the first rows into equal numbers of cells.

    Failing that, one that cuts the first row; None where there is none.
    """
    # csv.Sniffer is not used: it raises an error for tables with one column.
    candidates = []
    for delimiter in _DELIMITERS:
        try:
            rows = list(csv.reader(lines[:50], delimiter=delimiter))
        except csv.Error:
            continue
        widths = [len(cells) for cells in rows if cells]
        if widths and widths[0] > 1:
            if len(set(widths)) == 1:
                return delimiter
            candidates.append(delimiter)
    return candidates[0] if candidates else None


def _parse(path: Path, lines: Sequence[str], delimiter: str, before: int = 0) -> list[Row]:
    """Return the rows that are not blank; ``before`` lines of the file came before ``lines``."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    rows = []
    try:
        for record in reader:
            cells = tuple(cell.strip() for cell in record)
            if any(cells):
                rows.append(Row(before + reader.line_num, cells))
    except csv.Error as error:
        raise UserError(f"{path}, line {before + reader.line_num}: {error}") from error
    return rows


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
        *(next(csv.reader([text], delimiter=each)) for each in _DELIMITERS),
        text.split(),
    ):
        names = [name.strip() for name in names]
        if len(names) == len(first.cells) and all(number(name) is None for name in names):
            header = Row(first.line - 1, tuple(names))
            return TextTable(table.path, (header, *table.rows), table.decimal_comma)
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

"""CSV files as rows of text, as spreadsheets and scripts write them.

Handles delimiters, byte order marks, quotes, blank lines and ragged rows.
Tested in tests/data/test_condition_files.py.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

# A table of parameters with a million runs has about 100 MB.
_MAX_BYTES = 512_000_000
# The comma is last: in files with decimal commas it looks like a delimiter too.
_DELIMITERS = ("\t", ";", ",")


@dataclass(frozen=True)
class Row:
    """One row of a table; ``line`` counts from 1 and is where the row ends in the file."""

    line: int
    cells: tuple[str, ...]


def read_rows(path: Path, *, whitespace: bool = False) -> list[Row]:
    """Return all rows of a CSV file that are not blank, with stripped cells and equal lengths.

    ``whitespace`` allows columns that are separated by blanks. Raises UserError when the file is
    missing, empty, not UTF-8, too large for a table, or ragged.
    """
    lines = _read_text(path).splitlines(keepends=True)
    delimiter = _delimiter(lines)
    if whitespace and delimiter is None:
        rows = [
            Row(number, tuple(line.split())) for number, line in enumerate(lines, 1) if line.strip()
        ]
    else:
        rows = _parse(path, lines, delimiter or ",")
    if not rows:
        raise UserError(f"{path}: the table is empty")
    # Ragged rows would move values into the columns of other parameters.
    width = len(rows[0].cells)
    for row in rows:
        if len(row.cells) != width:
            raise UserError(
                f"{path}, line {row.line}: {len(row.cells)} cells, but the first row has {width}"
            )
    return rows


def number(cell: str) -> float | None:
    """Return the value of a cell; None where it is no number, as for Python's ``1_000``."""
    if "_" in cell:
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def _read_text(path: Path) -> str:
    if not path.is_file():
        raise UserError(f"{path}: no such file" if not path.exists() else f"{path}: not a file")
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UserError(
                f"{path}: larger than {_MAX_BYTES // 1_000_000} MB, which no table of parameters "
                "should be"
            )
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: not UTF-8 text ({error.reason} at byte {error.start}): save it as UTF-8"
        ) from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error


def _delimiter(lines: list[str]) -> str | None:
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


def _parse(path: Path, lines: list[str], delimiter: str) -> list[Row]:
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    rows = []
    try:
        for record in reader:
            cells = tuple(cell.strip() for cell in record)
            if any(cells):
                rows.append(Row(reader.line_num, cells))
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: {error}") from error
    return rows

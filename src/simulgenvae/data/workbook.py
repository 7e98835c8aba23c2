"""Workbooks of Excel (.xlsx) as rows of text.

Tested in tests/data/test_workbook.py.
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES = (".xlsx", ".xlsm")
_OTHERS = (".xls", ".xlsb", ".ods")
_MOST_CELLS = 50_000_000

NumberedRow = tuple[int, tuple[str, ...]]
"""Number of a row in its sheet, from 1, and its cells."""


def is_workbook(path: Path) -> bool:
    """Return whether a file is a workbook that is read; UserError for one that is not read."""
    suffix = path.suffix.lower()
    if suffix in _OTHERS:
        raise UserError(f"{path}: workbooks are read as .xlsx: save it as .xlsx or .csv")
    return suffix in SUFFIXES


def read_workbook(path: Path, most_bytes: int) -> tuple[list[NumberedRow], list[str]]:
    """Return the rows of the first sheet that is not empty, and notes for the user.

    Numbers become texts that read back as the same numbers; formulas are read as the values that
    the spreadsheet has stored. Raises UserError for a file that is no workbook, holds more than
    ``most_bytes`` when unpacked, or has no rows.
    """
    # Imported here: few tables are workbooks.
    import openpyxl

    try:
        # A small file can unpack to any size.
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > most_bytes:
            raise UserError(
                f"{path}: the workbook unpacks to more than {most_bytes // 1_000_000} MB, which no "
                "table of parameters should be"
            )
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            sheets = {sheet.title: _rows(path, sheet) for sheet in book.worksheets}
        finally:
            book.close()
    except UserError:
        raise
    # The library raises errors of many kinds for damaged files.
    except Exception as error:
        raise UserError(
            f"{path}: cannot be read as an Excel workbook ({error}): save it again as .xlsx, or as "
            ".csv"
        ) from error
    filled = [name for name, rows in sheets.items() if rows]
    if not filled:
        raise UserError(f"{path}: the workbook has no rows")
    notes = []
    if len(filled) > 1:
        others = ", ".join(map(repr, filled[1:]))
        notes.append(f"{path}: the first sheet {filled[0]!r} is read, not {others}")
    return sheets[filled[0]], notes


def _rows(path: Path, sheet: Any) -> list[NumberedRow]:
    """Return the rows of a sheet that are not empty."""
    # Files state a size that may be wrong; without it, rows are read up to their last cell.
    sheet.reset_dimensions()
    rows = []
    cells = 0
    for line, values in enumerate(sheet.iter_rows(values_only=True), 1):
        cells += len(values)
        if cells > _MOST_CELLS:
            raise UserError(f"{path}: sheet {sheet.title!r} has more than {_MOST_CELLS} cells")
        texts = tuple(_text(value) for value in values)
        if any(texts):
            rows.append((line, texts))
    # Rows end at their last cell, so that shorter ones are no mistake.
    width = max((len(texts) for _, texts in rows), default=0)
    return [(line, texts + ("",) * (width - len(texts))) for line, texts in rows]


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()

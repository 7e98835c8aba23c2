"""Workbooks of Excel (.xlsx) as rows of text.

Tested in tests/data/test_workbook.py.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simulgenvae.data.table_text import NumberedRow
from simulgenvae.errors import UserError
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIXES = (".xlsx", ".xlsm")
_OTHERS = (".xls", ".xlsb", ".ods")
_SHEET = re.compile(r"(.+\.xls[xm]):([^:]+)", re.IGNORECASE)
_FORMULA = re.compile(rb"<(\w{1,20}:)?f[\s>/]")
_OVERLAP = 30
_MOST_CELLS = 50_000_000
_MOST_ROWS = 1_048_576
"""Rows of a sheet in Excel. A file can state any number for its last row."""
_MEMORY_FACTOR = 10
"""Memory for the texts of a workbook, whose shared ones are read at once, by their size."""


class SheetOf(NamedTuple):
    """A workbook, and the name of one of its sheets; None for the first one with rows."""

    path: Path
    sheet: str | None


def sheet_of(path: Path) -> SheetOf:
    """Return the file and the sheet that a path names, as ``file.xlsx:Sheet``."""
    found = None if path.exists() else _SHEET.fullmatch(str(path))
    return SheetOf(path, None) if found is None else SheetOf(Path(found[1]), found[2])


def is_workbook(path: Path) -> bool:
    """Return whether a file is a workbook that is read; UserError for one that is not read."""
    suffix = path.suffix.lower()
    if suffix in _OTHERS:
        raise UserError(f"{path}: workbooks are read as .xlsx: save it as .xlsx or .csv")
    return suffix in SUFFIXES


def read_workbook(
    path: Path, most_bytes: int, sheet: str | None = None
) -> tuple[list[NumberedRow], list[str]]:
    """Return the rows of a sheet that are not empty, and notes for the user.

    Numbers become texts that read back as the same numbers; formulas are read as the values that
    the spreadsheet has stored, and nothing is computed.

    Parameters
    ----------
    path
        The workbook.
    most_bytes
        Most bytes of its parts when unpacked.
    sheet
        Name of the sheet; by default the first one that is not empty.

    Raises
    ------
    UserError
        For a file that is no workbook or too large, a sheet that it does not have or that is empty,
        and a formula without a stored value.
    """
    try:
        # A small file can unpack to any size. Its parts are read up to the size that is stated.
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > most_bytes:
                raise UserError(
                    f"{path}: the workbook unpacks to more than {most_bytes // 1_000_000} MB, "
                    "which no table of parameters should be"
                )
            memory = _MEMORY_FACTOR * size
            require_memory(memory, f"{path}: the workbook", "is this the right file?")
            formulas = _has_formulas(archive)
        return _read(path, sheet, formulas=formulas)
    except UserError:
        raise
    # The library raises errors of many kinds for damaged files.
    except Exception as error:
        raise UserError(
            f"{path}: cannot be read as an Excel workbook ({error}): save it again as .xlsx, or as "
            ".csv"
        ) from error


def _has_formulas(archive: zipfile.ZipFile) -> bool:
    """Return whether any sheet has a formula, which takes a fraction of reading the sheets."""
    for entry in archive.infolist():
        if not entry.filename.startswith("xl/worksheets/"):
            continue
        with archive.open(entry) as file:
            before = b""
            while part := file.read(1_000_000):
                # The end of the part before it, as an element may lie across the two.
                if _FORMULA.search(before + part):
                    return True
                before = part[-_OVERLAP:]
    return False


def _read(path: Path, sheet: str | None, *, formulas: bool) -> tuple[list[NumberedRow], list[str]]:
    # Imported here: few tables are workbooks.
    import openpyxl

    notes: list[str] = []
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        if sheet is not None:
            found = [each for each in book.worksheets if each.title == sheet]
            if not found:
                names = ", ".join(repr(each.title) for each in book.worksheets)
                raise UserError(f"{path}: there is no sheet {sheet!r}; the workbook has {names}")
        else:
            found = [each for each in book.worksheets if any(_filled(path, each))]
            if len(found) > 1:
                first, *others = (each.title for each in found)
                notes = [
                    f"{path}: the first sheet {first!r} is read, not "
                    f"{', '.join(map(repr, others))}; {path.name}:{others[0]} reads another"
                ]
        rows = list(_filled(path, found[0])) if found else []
        if found and formulas:
            _require_values(path, found[0].title, rows)
        if not rows:
            raise UserError(f"{path}: the {'workbook' if sheet is None else 'sheet'} has no rows")
        title = found[0].title
    finally:
        book.close()
    # Rows end at their last cell, so that shorter ones are no mistake.
    width = max(len(row.cells) for row in rows)
    if width * len(rows) > _MOST_CELLS:
        raise UserError(f"{path}: sheet {title!r} has more than {_MOST_CELLS:,} cells")
    return [NumberedRow(line, cells + ("",) * (width - len(cells))) for line, cells in rows], notes


def _filled(path: Path, sheet: Any) -> Iterator[NumberedRow]:
    """Yield the rows of a sheet that are not empty."""
    # Files state a size that may be wrong; without it, rows are read up to their last cell.
    sheet.reset_dimensions()
    cells = 0
    for line, values in enumerate(sheet.iter_rows(values_only=True), 1):
        cells += len(values)
        if cells > _MOST_CELLS or line > _MOST_ROWS:
            raise UserError(
                f"{path}: sheet {sheet.title!r} has more than {_MOST_CELLS:,} cells or "
                f"{_MOST_ROWS:,} rows"
            )
        texts = tuple(_text(value) for value in values)
        if any(texts):
            yield NumberedRow(line, texts)


def _require_values(path: Path, title: str, rows: list[NumberedRow]) -> None:
    """Raise UserError for a formula whose value is not stored, as in files that scripts write."""
    import openpyxl

    cells = {row.line: row.cells for row in rows}
    book = openpyxl.load_workbook(path, read_only=True, data_only=False)
    try:
        sheet = book[title]
        sheet.reset_dimensions()
        for line, entries in enumerate(sheet.iter_rows(max_row=_MOST_ROWS), 1):
            known = cells.get(line, ())
            for column, cell in enumerate(entries):
                empty = column >= len(known) or not known[column]
                if empty and cell.data_type == "f":
                    raise UserError(
                        f"{path}, sheet {title!r}, cell {cell.coordinate}: a formula without a "
                        "stored value: open the file in Excel or LibreOffice and save it, or write "
                        "the value"
                    )
    finally:
        book.close()


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()

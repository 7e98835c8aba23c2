"""Text files with tables: encoding, delimiter, comments, rows.

Tested in tests/data/test_csv_table.py and tests/data/test_condition_files.py.
"""

from __future__ import annotations

import codecs
import csv
import re
from typing import TYPE_CHECKING, NamedTuple

from simulgenvae.errors import UserError
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# The comma is last: in files with decimal commas it looks like a delimiter too.
DELIMITERS = ("\t", ";", ",")
_COMMENT = ("#", "%")
_COMMENT_TEXT = re.compile(r"[#%]+\s")
_BLANK_SEPARATED = (".txt", ".dat")
_BYTES_PER_CELL = 64
"""Memory of a cell: a text of a few characters, and its place in a row."""


class NumberedRow(NamedTuple):
    """Number of a row in its file, from 1, and its cells."""

    line: int
    cells: tuple[str, ...]


class TextRows(NamedTuple):
    """Rows of a text file, the comments before and between them, and notes for the user."""

    rows: list[NumberedRow]
    comments: list[str]
    notes: list[str]


def read_text_rows(path: Path, most_bytes: int) -> TextRows:
    """Return the rows of a text file that are not blank.

    Raises UserError for a file that is too large, no text, or cannot be read.
    """
    text, notes = _read_text(path, most_bytes)
    lines = text.splitlines(keepends=True)
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
            NumberedRow(number, tuple(line.split()))
            for number, line in enumerate(lines[first:], first + 1)
            if line.strip()
        ]
    else:
        rows = _parse(path, lines[first:], delimiter or ",", first)
    kept = []
    for row in rows:
        if row is not rows[0] and _is_comment(row.cells, len(rows[0].cells)):
            # In front, as only the last comment above the rows can be their header.
            comments.insert(0, ", ".join(filter(None, row.cells)))
        else:
            kept.append(row)
    return TextRows(kept, comments, notes)


def _is_comment(cells: tuple[str, ...], width: int) -> bool:
    """Return whether a row below the first is a comment: it has one cell, or text with commas."""
    if not cells[0].startswith(_COMMENT):
        return False
    # In a table of one column it may be a value.
    if not any(cells[1:]):
        return width > 1
    # An id such as #1 has no blank in it, and numbers in the row.
    return _COMMENT_TEXT.match(cells[0]) is not None and len(cells) != width


def require_size(path: Path, size: int, most_bytes: int) -> None:
    """Raise UserError for a file that is larger than a table is."""
    if size > most_bytes:
        raise UserError(
            f"{path}: larger than {most_bytes // 1_000_000} MB, which no table of parameters "
            "should be"
        )


def _read_text(path: Path, most_bytes: int) -> tuple[str, list[str]]:
    """Return the text of a file, and a note where its encoding had to be guessed."""
    try:
        require_size(path, path.stat().st_size, most_bytes)
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    # A file of short cells needs much more memory as a table than on the disk.
    cells = sum(map(data.count, (b",", b";", b"\t", b"\n", b"\r")))
    require_memory(
        3 * len(data) + _BYTES_PER_CELL * cells,
        f"{path}: a table of {cells:,} cells",
        "is this the right file?",
    )
    return _decoded(path, data)


def _decoded(path: Path, data: bytes) -> tuple[str, list[str]]:
    encoding = "utf-8-sig"
    # Excel's "Unicode text".
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\0" in data:
        raise UserError(f"{path}: not a text file (it has zero bytes): save the table as UTF-8")
    try:
        return data.decode(encoding), []
    except UnicodeDecodeError as error:
        if encoding == "utf-16":
            raise UserError(f"{path}: damaged UTF-16 text: save it as UTF-8") from error
        problem = f"{error.reason} at byte {error.start}"
    # Excel's "CSV" in western languages, of which Latin-1 is a part.
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        text = ""
    if not text or any(ord(sign) < 32 and sign not in "\t\r\n\f\v" for sign in text):
        raise UserError(f"{path}: not UTF-8 text ({problem}): save it as UTF-8")
    return text, [f"{path}: not UTF-8 ({problem}): read as Windows-1252 (Latin-1)"]


def _delimiter(lines: Sequence[str]) -> str | None:
    """Return the delimiter that cuts the first rows into equal numbers of cells.

    Failing that, one that cuts the first row; None where there is none.
    """
    # csv.Sniffer is not used: it raises an error for tables with one column.
    lines = [line for line in lines[:50] if not _COMMENT_TEXT.match(line)]
    candidates = []
    for delimiter in DELIMITERS:
        try:
            rows = list(csv.reader(lines, delimiter=delimiter))
        except csv.Error:
            continue
        widths = [len(cells) for cells in rows if cells]
        if widths and widths[0] > 1:
            if len(set(widths)) == 1:
                return delimiter
            candidates.append(delimiter)
    return candidates[0] if candidates else None


def _parse(path: Path, lines: Sequence[str], delimiter: str, before: int) -> list[NumberedRow]:
    """Return the rows that are not blank; ``before`` lines of the file came before ``lines``."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    rows = []
    try:
        for record in reader:
            cells = tuple(cell.strip() for cell in record)
            if any(cells):
                rows.append(NumberedRow(before + reader.line_num, cells))
    except csv.Error as error:
        raise UserError(f"{path}, line {before + reader.line_num}: {error}") from error
    return rows

"""JSON files with an object for each row as rows of text: records, and answers of ``predict``.

Tested in tests/data/test_json_table.py.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from simulgenvae.data.table_text import NumberedRow, require_size
from simulgenvae.data.units import header
from simulgenvae.errors import UserError
from simulgenvae.utils.resources import require_memory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIXES = (".json",)
_BYTES_PER_BYTE = 16
"""Memory of a parsed file, for each of its bytes: short numbers become texts of 50 bytes."""


def read_json(path: Path, most_bytes: int) -> list[NumberedRow]:
    """Return the names of the columns and a row for each object of a list, numbered from 1.

    Numbers keep their digits. Of answers that ``predict --table`` has written, columns are named
    and ordered as in its CSV files. Raises UserError for a file that is too large, no JSON, or not
    a list of objects whose values are numbers, texts or null.
    """
    size = path.stat().st_size
    require_size(path, size, most_bytes)
    require_memory(_BYTES_PER_BYTE * size, f"{path}: its objects", "is this the right file?")
    try:
        entries = json.loads(path.read_bytes(), parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError, OSError) as error:
        raise UserError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UserError(
            f"{path}: a table in JSON is a list with an object for each run, such as "
            '[{"id": "a", "speed": 1.5}, …]'
        )
    records = [dict(_cells(path, entry, row)) for row, entry in enumerate(entries, start=1)]
    # In the order in which they come first; a key that an object lacks is an empty cell.
    names = tuple(dict.fromkeys(name for record in records for name in record))
    if not names:
        return []
    rows = [tuple(record.get(name, "") for name in names) for record in records]
    return [NumberedRow(row, cells) for row, cells in enumerate([names, *rows], start=1)]


def _cells(path: Path, entry: dict[str, Any], row: int) -> Iterator[tuple[str, str]]:
    """Yield names and texts of the cells of an object."""
    for name, value in entry.items():
        if name in {"inputs", "quantities", "texts"} and isinstance(value, dict):
            yield from _cells(path, value, row)
        elif isinstance(value, dict) and "value" in value and set(value) <= {"value", "unit"}:
            yield header(name, str(value.get("unit", ""))), _text(path, name, value["value"], row)
        elif name == "warnings" and isinstance(value, list):
            yield name, "; ".join(map(str, value))
        else:
            yield name, _text(path, name, value, row)


def _text(path: Path, name: str, value: object, row: int) -> str:
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        raise UserError(
            f"{path}: {name!r} of object {row} is no number or text: give one value for each key"
        )
    return str(value).strip()

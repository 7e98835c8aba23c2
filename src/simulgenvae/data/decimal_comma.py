"""Numbers with a decimal comma, as spreadsheets of many languages write them.

Tested in tests/data/test_csv_table.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?")
_POINT = re.compile(r"[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?")
# 1,234 is a thousand in one language and a little more than one in another.
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


def has_decimal_commas(rows: Iterable[Sequence[str]]) -> bool:
    """Return whether the numbers among the cells have decimal commas.

    They do not where numbers with decimal points are among them too, or where every comma could
    also separate thousands.
    """
    certain = False
    for cells in rows:
        for cell in cells:
            if "," in cell and _COMMA.fullmatch(cell):
                certain = certain or not _THOUSANDS.fullmatch(cell)
            elif "." in cell and _POINT.fullmatch(cell):
                return False
    return certain


def with_point(cell: str) -> str:
    """Return a number with a decimal comma as one with a point; any other text unchanged."""
    return cell.replace(",", ".") if "," in cell and _COMMA.fullmatch(cell) else cell

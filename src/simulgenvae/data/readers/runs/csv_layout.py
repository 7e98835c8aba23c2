"""Layout of a CSV file with one row for each node: where its header and its numbers are.

Solvers write comments (``%``, ``#``), sections (``[Data]``) and a row of units around them.

Tested in tests/data/readers/runs/test_csv_files.py.
"""

from __future__ import annotations

import csv
import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from simulgenvae.data.readers.runs.csv_columns import Columns, read_columns
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST_PREAMBLE = 200
_COMMENTS = "%#!"


class Layout(NamedTuple):
    r"""Layout of a file.

    Attributes
    ----------
    separator
        Separator of the cells; ``\s+`` for blanks.
    decimal
        Decimal point or comma.
    encoding
        Encoding of the text.
    first
        Number of lines before the first line of numbers.
    names
        Names of the columns.
    columns
        Meaning of the columns.
    units
        Units by the position of the column, where the file has a row of them.
    """

    separator: str
    decimal: str
    encoding: str
    first: int
    names: tuple[str, ...]
    columns: Columns
    units: dict[int, str]


def find_layout(path: Path) -> Layout:
    """Return the layout of a file.

    Raises UserError when it has no header with numbers below.
    """
    lines, encoding = _first_lines(path)
    for separator in _separators(lines):
        decimal = _decimal(lines, separator)
        for number, line in enumerate(lines):
            # The first line has no header above it, and comments may hold numbers too.
            if number == 0 or line.lstrip()[:1] in set(_COMMENTS):
                continue
            cells = split_cells(line, separator)
            if not _is_numbers(cells, decimal):
                continue
            found = _header(lines, number, separator, len(cells))
            if found is not None:
                names, units = found
                columns = read_columns(names)
                return Layout(separator, decimal, encoding, number, names, columns, units)
            break
    raise UserError(
        f"{path}: no table of nodes: a row of names, such as x,y,z,T, with rows of numbers below"
    )


def _first_lines(path: Path) -> tuple[list[str], str]:
    # Excel puts a byte order mark first; older programs write units such as ° in Latin-1.
    for encoding in ("utf-8-sig", "latin-1"):
        try:
            with path.open(encoding=encoding) as file:
                return [line.rstrip("\n") for line in islice(file, _LONGEST_PREAMBLE)], encoding
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    raise AssertionError("Latin-1 decodes everything")


def _separators(lines: list[str]) -> list[str]:
    """Return the separators that occur, the least ambiguous first."""
    text = "\n".join(lines)
    return [separator for separator in ("\t", ";", ",") if separator in text] + [r"\s+"]


def split_cells(line: str, separator: str) -> list[str]:
    """Return the cells of a line, without the signs of a comment before them."""
    line = line.strip().lstrip("".join(_COMMENTS)).strip(" ")
    if separator == r"\s+":
        return line.split()
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]


def _decimal(lines: list[str], separator: str) -> str:
    """Return the decimal sign: a comma where a cell is a number with one."""
    if separator == ",":
        return "."
    with_comma = re.compile(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?")
    for line in lines:
        if any(map(with_comma.fullmatch, split_cells(line, separator))):
            return ","
    return "."


def _is_numbers(cells: list[str], decimal: str) -> bool:
    """Return whether most cells of a line are numbers, and at least two."""
    filled = [cell for cell in cells if cell]
    count = sum(_number(cell.replace(decimal, ".")) for cell in filled)
    # A column of text, such as the names of blocks, may be among the numbers.
    return count >= 2 and 2 * count > len(filled)


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _header(
    lines: list[str], first: int, separator: str, count: int
) -> tuple[tuple[str, ...], dict[int, str]] | None:
    """Return the names of the columns above the first line of numbers, and a row of units.

    None where the number of names is not ``count``.
    """
    above = [line for line in lines[:first] if line.strip(" \t" + _COMMENTS)]
    if not above:
        return None
    names = _names(above[-1], separator, count)
    if names is None:
        return None
    if not read_columns(names).is_listing_of_nodes and len(above) > 1:
        # The row below the names may have their units.
        earlier = _names(above[-2], separator, count)
        if earlier is not None and read_columns(earlier).is_listing_of_nodes:
            units = {k: name.strip("[]() -") for k, name in enumerate(names)}
            return earlier, units
    return names, {}


def _names(line: str, separator: str, count: int) -> tuple[str, ...] | None:
    cells = split_cells(line, separator)
    if separator == r"\s+" and len(cells) != count:
        # Names with blanks, such as "T (K)", are separated by at least two blanks.
        stripped = line.strip().lstrip("".join(_COMMENTS)).strip()
        cells = re.split(r"\s{2,}", stripped)
        if len(cells) != count:
            # COMSOL's "T (K) @ t=0": a blank before a unit or a time is a part of the name.
            cells = re.split(r"\s+(?![\[(@]|t=)", stripped)
    cells = [cell.strip("\"' ") for cell in cells]
    # A separator at the end of the rows, but not of the header.
    if len(cells) == count - 1:
        cells.append("")
    return tuple(cells) if len(cells) == count else None

"""Roles of the columns of a table of parameters: ids, numbers, categories, or nothing to learn.

Tested in tests/data/test_condition_files.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulgenvae.data.conditions import LeftOut, Levels
from simulgenvae.data.names import listed, natural_key
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_NAMELESS = re.compile(r"unnamed: ?\d+", re.IGNORECASE)
"""Name that pandas gives to a column without one."""
_DIGITS = re.compile(r"[+-]?[\d., '_]*\d[\d., '_]*(e[+-]?\d+)?", re.IGNORECASE)
_COUNTERS = {"index", "idx", "row", "nr", "no", "no.", "number", "#", "run", "case", "sample"}
"""Names of columns that often only count the rows."""
_FEW_ROWS = 10
"""Number of rows below which a category may have a value for every row but one."""


class Place(NamedTuple):
    """File and line of a row."""

    path: Path
    line: int


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    texts: tuple[str, ...]
    numbers: tuple[float | None, ...]
    places: Sequence[Place]

    @property
    def is_text(self) -> bool:
        """Return whether it has texts, and no numbers or what may be meant as one (1,500)."""
        numeric = any(number is not None for number in self.numbers)
        return any(self.texts) and not (numeric or any(map(_DIGITS.fullmatch, self.texts)))

    @property
    def is_distinct(self) -> bool:
        """Return whether no text occurs twice and none is empty."""
        return all(self.texts) and len(set(self.texts)) == len(self.texts)

    @property
    def counts_rows(self) -> bool:
        """Return whether it is 0, 1, 2, … or 1, 2, 3, … in this order, over two rows or more."""
        first = self.numbers[0]
        if first not in {0.0, 1.0} or len(self.numbers) < 2:
            return False
        return all(number == first + row for row, number in enumerate(self.numbers))

    def where(self, row: int) -> str:
        """Return the place of a cell for a message."""
        path, line = self.places[row]
        return f"{path}, line {line}, column {self.name!r}"

    def values(self) -> NDArray[np.float64]:
        """Return the numbers of a column of numbers; UserError for any other cell."""
        several = sum(number is not None for number in self.numbers) > 1
        for row, (text, number) in enumerate(zip(self.texts, self.numbers, strict=True)):
            where = self.where(row)
            if not text:
                raise UserError(
                    f"{where}: the cell is empty: give its value, or leave the run out of table "
                    "and fields"
                )
            if number is None:
                # The usual cause: 3,5 from a spreadsheet in a language with decimal commas.
                advice = ""
                if "," in text:
                    advice = " (write decimals with a point)"
                elif several:
                    advice = (
                        ", as other cells of the column are. For a category, write every cell as a "
                        "text, such as 'type 1'"
                    )
                raise UserError(f"{where}: {text!r} is not a number{advice}")
            if not np.isfinite(number):
                raise UserError(f"{where}: {text} is not a finite number")
        return np.array(self.numbers, dtype=np.float64)

    def codes(self, levels: Sequence[str]) -> NDArray[np.float64]:
        """Return the position of each text among ``levels``; UserError for any other text."""
        position = {text: code for code, text in enumerate(levels)}
        for row, text in enumerate(self.texts):
            if not text:
                raise UserError(f"{self.where(row)}: the cell is empty: give a value")
            if text not in position:
                raise UserError(
                    f"{self.where(row)}: {text!r} is not known: the values of the training runs "
                    f"are {', '.join(map(repr, levels))}"
                )
        return np.array([position[text] for text in self.texts], dtype=np.float64)

    def found_levels(self) -> Levels:
        """Return the different texts in natural order; UserError for too many of them."""
        levels = sorted({text for text in self.texts if text}, key=natural_key)
        rows = len(self.texts)
        if len(levels) > rows / 2 and rows >= _FEW_ROWS:
            raise UserError(
                f"{self.places[0].path}: column {self.name!r} has {len(levels)} different texts in "
                f"{rows} rows, too many for a category, and not one for each row as names have: "
                "delete the column, or write numbers"
            )
        return tuple(levels)


@dataclass
class Roles:
    """Roles of the columns of a table."""

    ids: Column | None
    parameters: list[Column]
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_roles(columns: Sequence[Column], *, header: bool, known: Sequence[str] = ()) -> Roles:
    """Return which column has the ids, and which are parameters.

    Parameters
    ----------
    columns
        All columns of the table.
    header
        Whether their names come from the table.
    known
        Names of the parameters that a study or model has already; none where the table decides.

    Raises
    ------
    UserError
        For columns that may only count the rows, which must not be learned from.
    """
    ids = _id_column(columns, header=header)
    notes = []
    others = [column for column in columns if column is not ids]
    if ids is None and header:
        # Without a column of ids, texts that differ in every row can only be names of the runs.
        names = [each for each in others if each.name not in known and _names_runs(each, known)]
        if names:
            ids = names[0]
            others.remove(ids)
            notes.append(
                f"{ids.places[0].path}: the texts of column {ids.name!r} differ in every row: they "
                "name the runs"
            )
    parameters = []
    left_out = []
    for column in others:
        # The study has decided before: its names are compared with these later.
        if known and header:
            parameters.append(column)
        elif header and _names_runs(column, known):
            left_out.append(LeftOut(name=column.name, value=None))
        else:
            if header:
                _refuse_counter(column)
            parameters.append(column)
    return Roles(ids, parameters, left_out, notes)


def _names_runs(column: Column, known: Sequence[str]) -> bool:
    return column.is_text and column.is_distinct and (len(column.texts) > 1 or bool(known))


def _id_column(columns: Sequence[Column], *, header: bool) -> Column | None:
    first = columns[0]
    if not header:
        return first if first.is_text and first.is_distinct else None
    # Tables written by pandas have the index in a first column without a name.
    named = [column for column in columns if column.name.lower() == "id"]
    if len(named) == 1:
        return named[0]
    return first if first.name == "" and not named else None


def _refuse_counter(column: Column) -> None:
    """Raise UserError for a column of row numbers, which would be learned as a parameter."""
    nameless = _NAMELESS.fullmatch(column.name)
    if nameless or (column.name.lower() in _COUNTERS and column.counts_rows):
        shown = listed(column.texts[:3])
        raise UserError(
            f"{column.places[0].path}: column {column.name!r} ({shown}, …) seems to number the "
            "rows: call it 'id' if it names the runs, delete it if it only counts rows, or give it "
            "another name if it is a parameter"
        )

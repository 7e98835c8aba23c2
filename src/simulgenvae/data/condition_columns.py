"""Roles of the columns of a table of parameters: ids, numbers, categories, or nothing to learn.

Tested in tests/data/test_condition_files.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulgenvae.data.names import listed, natural_key
from simulgenvae.data.result_columns import result_columns, results_note
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Levels

_NAMELESS = re.compile(r"unnamed: ?\d+", re.IGNORECASE)
"""Name that pandas gives to a column without one."""
_DIGITS = re.compile(r"[+-]?[\d., '_]*\d[\d., '_]*(e[+-]?\d+)?", re.IGNORECASE)
_COUNTERS = {"index", "idx", "row", "nr", "no", "no.", "number", "#", "run", "case", "sample"}
"""Names of columns that often only count the rows."""
_COMMENTS = {
    *("comment", "comments", "note", "notes", "remark", "remarks", "description", "name"),
}
"""Names of columns of texts that are carried along and not learned from, whatever they hold."""
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
    unit: str = ""
    """Unit that header or row of units give; "" for none."""

    @property
    def is_text(self) -> bool:
        """Return whether it has texts, and no numbers or what may be meant as one (1,500)."""
        numeric = any(number is not None for number in self.numbers)
        return any(self.texts) and not (numeric or any(map(_DIGITS.fullmatch, self.texts)))

    @property
    def is_comment(self) -> bool:
        """Return whether it has the name of a comment, and any cell that is no number."""
        has_text = any(text and number is None for text, number in self.cells())
        return has_text and self.name.lower() in _COMMENTS

    @property
    def is_category(self) -> bool:
        """Return whether something can be learned from its texts.

        They are no comments, one of them occurs twice, and from ten rows on there are at most half
        as many different ones as rows.
        """
        rows = len(self.texts)
        many = rows >= _FEW_ROWS and len(set(self.texts) - {""}) > rows / 2
        return self.is_text and not (self.is_comment or self.is_distinct or many)

    def cells(self) -> Iterator[tuple[str, float | None]]:
        """Return text and number of each cell."""
        return zip(self.texts, self.numbers, strict=True)

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
        for row, (text, number) in enumerate(self.cells()):
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
                raise UserError(
                    f"{self.where(row)}: the cell is empty: a category needs a value in each row. "
                    "Texts that nothing shall be learned from are in a column called 'comment'"
                )
            if text not in position:
                raise UserError(
                    f"{self.where(row)}: {text!r} is not known: the values of the training runs "
                    f"are {', '.join(map(repr, levels))}"
                )
        return np.array([position[text] for text in self.texts], dtype=np.float64)

    def found_levels(self) -> Levels:
        """Return the different texts in natural order."""
        return tuple(sorted(set(self.texts) - {""}, key=natural_key))


@dataclass
class Roles:
    """Roles of the columns of a table."""

    ids: Column | None
    parameters: list[Column]
    carried: list[Column] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_roles(
    columns: Sequence[Column],
    *,
    header: bool,
    known: Sequence[str] = (),
    carried_before: Sequence[str] = (),
) -> Roles:
    """Return which column has the ids, which are parameters, and which are carried along.

    Results in a table of predicted designs are none of these, and left out with a note.

    Parameters
    ----------
    columns
        All columns of the table.
    header
        Whether their names come from the table.
    known
        Names of the parameters and constants that a study or model has already; none where the
        table decides.
    carried_before
        Names of the columns that the study carries along.

    Raises
    ------
    UserError
        For columns that may only count the rows, and for results in another order than that of
        tables of predicted designs, which must not be learned from.
    """
    ids = _id_column(columns, header=header)
    notes = []
    others = [column for column in columns if column is not ids]
    results = result_columns([each.name for each in others], known) if header else []
    if results:
        others = [column for column in others if column.name not in results]
        notes.append(f"{columns[0].places[0].path}: {results_note(results)}")
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
    carried = []
    for column in others:
        if header and column.name not in known and _is_carried(column, known, carried_before):
            carried.append(column)
            continue
        # The study has decided before: its names are compared with these later.
        if header and not known:
            _refuse_counter(column)
        parameters.append(column)
    return Roles(ids, parameters, carried, notes)


def _is_carried(column: Column, known: Sequence[str], before: Sequence[str]) -> bool:
    """Return whether a column is carried along and not learned from."""
    text = column.is_text or column.is_comment
    # The parameters of a study are known: other texts, also repeated ones, are none.
    return column.name in before or (text and (bool(known) or not column.is_category))


def _names_runs(column: Column, known: Sequence[str]) -> bool:
    comment = column.name.lower() in _COMMENTS - {"name"}
    several = len(column.texts) > 1 or bool(known)
    return column.is_text and column.is_distinct and several and not comment


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

"""Table of predicted designs: inputs, expected error, novelty and warnings, as CSV or JSON.

Tested in tests/export/test_result_table.py.
"""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulgenvae.data.result_columns import EXPECTED_ERROR, NOVELTY, TRUE_ERROR, WARNINGS
from simulgenvae.data.units import header
from simulgenvae.errors import UserError
from simulgenvae.export.target import require_free
from simulgenvae.utils.atomic import atomic_write
from simulgenvae.utils.free_name import free_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from simulgenvae.data.conditions import Conditions

SUFFIXES = (".csv", ".json")
Value = float | str | None


@dataclass(frozen=True)
class Cell:
    """Value of a design with its unit, "" where it has none; None is what is not known."""

    value: Value
    unit: str = ""


@dataclass(frozen=True)
class ResultRow:
    """Row of the table: inputs, scores and quantities of one predicted design."""

    design: str
    """Id of the design."""
    inputs: Mapping[str, Cell]
    """Its parameters by name."""
    expected_error: float | None
    """Expected joint relative L2 error."""
    novelty: float | None
    """Distance of the design from the training runs."""
    warnings: Sequence[str] = ()
    """Lines to read before trusting the prediction."""
    carried: Mapping[str, str] = field(default_factory=dict)
    """Texts of the table of designs that are carried along."""
    quantities: Mapping[str, Cell] = field(default_factory=dict)
    """Quantities of interest by name."""
    true_error: float | None = None
    """True joint relative L2 error, where the design is solved too."""

    def cells(self) -> dict[str, Cell]:
        """Return all cells by the name of their column; a name that is taken gets a ``_``.

        By the order of the columns :func:`.result_columns` finds the results again.
        """
        cells = {"id": Cell(self.design)}
        true = {} if self.true_error is None else {TRUE_ERROR: Cell(self.true_error)}
        scores = {
            EXPECTED_ERROR: Cell(self.expected_error),
            **true,
            NOVELTY: Cell(self.novelty),
            WARNINGS: Cell("; ".join(self.warnings)),
        }
        texts = {name: Cell(text) for name, text in self.carried.items()}
        for group in (self.inputs, self.quantities, scores, texts):
            for name, cell in group.items():
                cells[free_name(name, cells)] = cell
        return cells


def rows_of(
    conditions: Conditions,
    expected_errors: Sequence[float | None],
    novelties: Sequence[float | None],
    warnings: Sequence[str],
    quantities: Sequence[Mapping[str, Cell]] = (),
    true_errors: Sequence[float | None] = (),
) -> list[ResultRow]:
    """Return a row for each design; a warning is in the rows of the designs that it names.

    ``quantities`` and ``true_errors`` are those of each design, if there are any.
    """
    rows = []
    scores = zip(conditions.ids, expected_errors, novelties, strict=True)
    for row, (design, error, novelty) in enumerate(scores):
        inputs = {}
        for column, (name, unit) in enumerate(zip(conditions.names, conditions.units, strict=True)):
            inputs[name] = Cell(conditions.value(row, column), unit)
        about = tuple(
            line for line in warnings if line.startswith(f"run {design!r}") or line[:4] != "run "
        )
        carried = {name: texts[row] for name, texts in conditions.carried}
        own = quantities[row] if quantities else {}
        true = true_errors[row] if true_errors else None
        rows.append(ResultRow(design, inputs, error, novelty, about, carried, own, true))
    return rows


def check_result_table(path: Path, *, overwrite: bool = False) -> None:
    """Raise UserError unless a table can be written to ``path``."""
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"{path}: tables of results are written as {' or '.join(SUFFIXES)}")
    require_free(path, overwrite=overwrite)


def write_result_table(rows: Sequence[ResultRow], path: Path) -> None:
    """Write a table, completely or not at all.

    A CSV file has a column for each input, quantity and text, with units in the header, and empty
    cells for what is not known. A JSON file has an object for each design.
    """
    with (
        atomic_write(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as stream,
    ):
        if path.suffix.lower() == ".json":
            json.dump([_entry(row) for row in rows], stream, indent=2, ensure_ascii=False)
            stream.write("\n")
            return
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header(name, cell.unit) for name, cell in rows[0].cells().items())
        for row in rows:
            writer.writerow(cell.value for cell in row.cells().values())


def _entry(row: ResultRow) -> dict[str, object]:
    def named(cells: Mapping[str, Cell]) -> dict[str, dict[str, Value]]:
        return {
            name: {"value": _known(cell.value)} | ({"unit": cell.unit} if cell.unit else {})
            for name, cell in cells.items()
        }

    return {
        "id": row.design,
        "inputs": named(row.inputs),
        "quantities": named(row.quantities),
        "expected_error": _known(row.expected_error),
        **({} if row.true_error is None else {"true_error": _known(row.true_error)}),
        "novelty": _known(row.novelty),
        "warnings": list(row.warnings),
        "texts": dict(row.carried),
    }


def _known(value: Value) -> Value:
    """Return a value of a JSON file, which has no infinite numbers."""
    return None if isinstance(value, float) and not math.isfinite(value) else value

"""Table of predicted quantities of interest on the terminal.

Tested in tests/cli/test_commands.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from simulgenvae.utils.formatting import quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulgenvae.study.predicted_design import PredictedDesign
    from simulgenvae.surrogate.predicted_quantity import PredictedQuantity

MOST_ROWS = 40
"""Designs in the table; the result of ``Study.predict`` has all."""


def quantity_table(designs: Sequence[PredictedDesign]) -> Table:
    """Return a table of designs × quantities: each value with its band."""
    title = "Quantities of interest, with the band meant to hold 90 % of the true values"
    if len(designs) > MOST_ROWS:
        title += f" (the first {MOST_ROWS} of {len(designs)} designs)"
    table = Table(title=title)
    table.add_column("Design")
    for each in designs[0].quantities:
        table.add_column(heading(each), justify="right")
    for design in designs[:MOST_ROWS]:
        table.add_row(design.design, *map(_cell, design.quantities))
    return table


def heading(found: PredictedQuantity) -> str:
    """Return name, unit and limit of a quantity."""
    text = quantity(found.name, found.unit)
    return text if found.limit is None else f"{text}, limit {found.limit:.5g}"


def band_text(found: PredictedQuantity) -> str:
    """Return a quantity with its band as ``451.3 ± 2.1``."""
    half = (found.upper - found.lower) / 2
    # As many decimals as the band's half width has: more say nothing.
    return f"{found.value:.5g} ± {half:.2g}"


def _cell(found: PredictedQuantity) -> str:
    text = band_text(found)
    if found.place is not None:
        text += f" at ({', '.join(f'{value:.3g}' for value in found.place)})"
    return text if found.time is None else f"{text}, t = {found.time:.3g}"

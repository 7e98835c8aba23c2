"""Columns of results in tables of predicted designs, by which such a table is read as designs.

Tested in tests/data/test_result_columns.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

EXPECTED_ERROR = "expected_error"
"""Column of the expected error of each design."""
TRUE_ERROR = "true_error"
"""Column of the true error, in tables of designs that are solved too."""
NOVELTY = "novelty"
"""Column of the novelty of each design."""
WARNINGS = "warnings"
"""Column of the warnings about each design."""
BAND_ENDS = ("", "_lower", "_upper")
"""Ends of the names of a quantity's three columns: its value, and the ends of its band."""

# Names that are taken by a parameter have a _ behind them.
_FIRST = re.compile(f"{EXPECTED_ERROR}_*")
_OTHERS = tuple(re.compile(f"{name}_*") for name in (TRUE_ERROR, NOVELTY, WARNINGS))


def result_columns(names: Sequence[str], known: Collection[str] = ()) -> list[str]:
    """Return the columns of results among those of a table, in their order.

    They are known by their order: quantities of interest with their bands, the expected error, the
    true error (where there is one), the novelty and the warnings.

    Parameters
    ----------
    names
        Names of the columns, without units.
    known
        Names that a study or model has as parameters, which are never results; none where the table
        decides.

    Raises
    ------
    UserError
        Where nothing is known, and columns are called so in another order: they could be learned
        from as parameters.
    """
    names = [name if name not in known else "" for name in names]
    for start, name in enumerate(names):
        if _FIRST.fullmatch(name):
            end = _end_of_scores(names, start)
            if any(map(_OTHERS[1].fullmatch, names[start:end])):
                return names[_first_quantity(names, start) : end]
    found = [each for each in names if _FIRST.fullmatch(each) or _OTHERS[1].fullmatch(each)]
    if not known and len(found) > 1:
        raise UserError(
            f"columns {found[0]!r} and {found[1]!r} are results of a prediction, but not in the "
            "order in which simulgenvae writes them: delete all columns of results, or give the "
            "two other names if they are parameters"
        )
    return []


def results_note(names: Sequence[str]) -> str:
    """Return the sentence that says which columns are left out."""
    return f"results of a prediction are left out: {', '.join(names)}"


def _end_of_scores(names: Sequence[str], start: int) -> int:
    """Return the position behind the scores that begin with the expected error."""
    end = start + 1
    for pattern in _OTHERS:
        if end < len(names) and pattern.fullmatch(names[end]):
            end += 1
    return end


def _first_quantity(names: Sequence[str], end: int) -> int:
    """Return the position of the first of the quantities whose last column is before ``end``."""
    width = len(BAND_ENDS)
    start = end
    while start >= width and _is_quantity(names[start - width : start]):
        start -= width
    return start


def _is_quantity(names: Sequence[str]) -> bool:
    stem = names[0].rstrip("_")
    return bool(stem) and all(
        name.rstrip("_") in {stem + end, names[0] + end}
        for name, end in zip(names, BAND_ENDS, strict=True)
    )

"""Units as labels: where headers of tables have them, and when two of them are the same.

Nothing is converted. Tested in tests/data/test_units.py.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

_SQUARE = re.compile(r"(.*\S)\s*\[([^\[\]]*)\]")
# With a blank in between, as f(x) is a name; with brackets inside, as in W/(m^2 K).
_ROUND = re.compile(r"(.*?\S)\s+\(((?:[^()]|\([^()]*\))*)\)")
_INDEX = re.compile(r"[\d\s,:]*")
_NO_UNIT = {"", "-", "–", "—", "none", "unit", "units"}
_MAX_LENGTH = 200


class Labelled(NamedTuple):
    """Name of a column and its unit, which is "" where it has none."""

    name: str
    unit: str


def split_unit(header: str) -> Labelled:
    """Return the name and the unit in a header such as ``speed [m/s]`` or ``speed (m/s)``.

    Numbers in brackets are an index and part of the name, as in ``p[0]``.
    """
    found = _SQUARE.fullmatch(header) or _ROUND.fullmatch(header)
    if found is None or (found[2].strip() and _INDEX.fullmatch(found[2])):
        return Labelled(header, "")
    return Labelled(found[1], plain_unit(found[2]))


def split_units(headers: Sequence[str], kept: Sequence[str] = ()) -> tuple[Labelled, ...]:
    """Return names and units of the columns of a table.

    Headers that would get the same name stay whole, as ``width (left)`` and ``width (right)``, and
    so do those in ``kept``: parameters that are called so.
    """
    split = [split_unit(header) for header in headers]
    names = [each.name for each in split]
    return tuple(
        Labelled(header, "") if header in kept or names.count(each.name) > 1 else each
        for header, each in zip(headers, split, strict=True)
    )


def named_parameter(header: str, names: Sequence[str], units: Sequence[str], where: str) -> str:
    """Return the parameter that a header names, with its unit or without; else the header.

    Raises
    ------
    UserError
        Where the unit is not that of the parameter; ``where`` begins the message.
    """
    label = split_unit(header)
    if header in names or label.name not in names:
        return header
    require_same_unit(label.name, label.unit, units[names.index(label.name)], where)
    return label.name


def plain_unit(cell: str) -> str:
    """Return the unit in a cell of a row of units, without brackets; "" for none."""
    text = cell.strip()
    if text[:1] + text[-1:] in {"[]", "()"}:
        text = text[1:-1].strip()
    return "" if text.lower() in _NO_UNIT else text


def same_unit(one: str, other: str) -> bool:
    """Return whether two texts are one unit: blanks do not count, nor the kind of µ."""
    return _normal(one) == _normal(other)


def require_same_unit(name: str, given: str, known: str, where: str) -> None:
    """Raise UserError where both units are known and differ; ``where`` begins the message."""
    if given and known and not same_unit(given, known):
        raise UserError(
            f"{where}: {name!r} is in {given}, but in {known} in the study: convert the values, as "
            "units are labels and nothing is converted"
        )


def check_unit(unit: str, what: str) -> None:
    """Raise UserError for a text that is no label for figures and tables."""
    if len(unit) > _MAX_LENGTH or not unit.isprintable() or unit != unit.strip():
        raise UserError(
            f"unit of {what}: {unit[:40]!r} must be printable, at most {_MAX_LENGTH} characters, "
            "without blanks around it"
        )


def with_unit(text: str, unit: str) -> str:
    """Return a number with its unit behind it."""
    return f"{text} {unit}" if unit else text


def header(name: str, unit: str) -> str:
    """Return the header of a column, from which :func:`split_unit` gets name and unit back."""
    return f"{name} [{unit}]" if unit else name


def _normal(unit: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", unit))

"""Grammar of quantities: ``max(T)``, ``mean(T, box=(0, 0, 1, 1), times=(0.5, 1))``.

A quantity is written like a call in Python: a statistic, a variable or the magnitude of several,
``mag(Ux, Uy, Uz)``, then where and when. Python's parser reads it, but nothing is ever executed. A
variable whose name is no identifier is written between backquotes: ``max(`wall shear`)``. A
limit may follow: ``max(T) < 350``.

Tested in tests/quantities/test_read.py.
"""

from __future__ import annotations

import ast
import contextlib
import math
import re
from dataclasses import dataclass
from typing import Literal, NoReturn

from simulgenvae.errors import UserError
from simulgenvae.quantities.regions import NAMED, REGIONS
from simulgenvae.quantities.statistics import STATISTICS
from simulgenvae.quantities.times import TIMES
from simulgenvae.settings.problems import nearest

MAGNITUDE = "mag"
"""Name of the magnitude of a vector."""
Argument = tuple[float, ...] | str
"""Numbers, or the name of a file or of a set of nodes."""
Comparison = Literal["<", "<=", ">", ">="]
"""Sign before a limit."""
_COMPARISONS: dict[type[ast.cmpop], Comparison] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_LONGEST = 500
_EXAMPLE = "write it as in max(T), mean(T, box=(0, 0, 1, 1)) or value(T, node=12, time=0.5)"


@dataclass(frozen=True)
class Request:
    """A quantity as it is written."""

    statistic: str
    variables: tuple[str, ...]
    """One variable, or the components of a vector whose magnitude is meant."""
    region: tuple[str, Argument] | None
    """Kind of region and its argument; None for all nodes."""
    when: tuple[str, Argument] | None
    """``time`` or ``times``, and its numbers; None for all times."""
    limit: float | None = None
    """Value that it is to stay below or above; None where there is none."""
    comparison: Comparison | None = None
    """Sign before the limit."""


def parse(text: str) -> Request:
    """Return the quantity that a text describes.

    Raises
    ------
    UserError
        When it cannot be read.
    """
    if not text.strip() or len(text) > _LONGEST or not text.isprintable():
        raise UserError(f"must be one line of 1 to {_LONGEST} printable characters; {_EXAMPLE}")
    source, quoted = _without_quotes(text.strip())
    try:
        tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise UserError(f"{text!r} cannot be read; {_EXAMPLE}") from error
    limit = None
    comparison = None
    if isinstance(tree, ast.Compare):
        limit = _limit(tree)
        comparison = _COMPARISONS[type(tree.ops[0])]
        tree = tree.left
    match tree:
        case ast.Call(func=ast.Name(id=statistic), args=[of], keywords=keywords):
            pass
        case _:
            raise UserError(f"{text!r} is not one statistic of one variable; {_EXAMPLE}")
    if statistic not in STATISTICS:
        _unknown("statistic", statistic, STATISTICS)
    region = None
    when = None
    for keyword in keywords:
        name = keyword.arg or "**"
        if name not in {*REGIONS, *NAMED, *TIMES}:
            _unknown("argument", name, dict.fromkeys([*REGIONS, *NAMED, *TIMES]))
        argument = _argument(name, keyword.value)
        if name not in TIMES:
            if region is not None:
                raise UserError(f"{region[0]} and {name} are given: give one place only")
            region = (name, argument)
        else:
            if when is not None:
                raise UserError(f"{when[0]} and {name} are given: give one of them")
            when = (name, argument)
    return Request(statistic, _variables(of, quoted), region, when, limit, comparison)


def _limit(tree: ast.Compare) -> float:
    """Return the number that a quantity is compared with, ``max(T) < 350``."""
    number: object = None
    match tree:
        case ast.Compare(ops=[ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE()], comparators=[node]):
            with contextlib.suppress(ValueError, TypeError, SyntaxError, MemoryError):
                number = ast.literal_eval(node)
    if isinstance(number, (int, float)) and not isinstance(number, bool):
        with contextlib.suppress(OverflowError):
            if math.isfinite(number):
                return float(number)
    raise UserError(
        f"{ast.unparse(tree)!r}: a limit is one number after the quantity, as in max(T) < 350"
    )


def _without_quotes(text: str) -> tuple[str, dict[str, str]]:
    """Return the text with an identifier in the place of each quoted name, and these names."""
    quoted: dict[str, str] = {}

    def replaced(found: re.Match[str]) -> str:
        identifier = f"quoted_{len(quoted)}_"
        quoted[identifier] = found[1]
        return identifier

    source = re.sub(r"`([^`]+)`", replaced, text)
    if "`" in source:
        raise UserError(f"{text!r} has a backquote without a partner")
    return source, quoted


def _variables(node: ast.expr, quoted: dict[str, str]) -> tuple[str, ...]:
    match node:
        case ast.Name(id=name):
            return (quoted.get(name, name),)
        case ast.Call(func=ast.Name(id=function), args=[_, _, *_] as parts, keywords=[]) if (
            function == MAGNITUDE and all(isinstance(part, ast.Name) for part in parts)
        ):
            names = tuple(part.id for part in parts if isinstance(part, ast.Name))
            return tuple(quoted.get(name, name) for name in names)
    raise UserError(
        f"a variable or {MAGNITUDE}(…) of two or more comes first, but {ast.unparse(node)} does; "
        "a name that is no identifier is written between backquotes"
    )


def _argument(name: str, node: ast.expr) -> Argument:
    """Return numbers or a text; ``literal_eval`` knows neither names nor calls."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        value = None
    if isinstance(value, str):
        return value
    if name not in {*REGIONS, *TIMES}:
        raise UserError(
            f"{name} is {ast.unparse(node)}: give the name of one set in quotation marks, such as "
            f'{name}="inlet"'
        )
    numbers = value if isinstance(value, (tuple, list)) else (value,)
    found = []
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise UserError(
                f"{name} is {ast.unparse(node)}: give numbers, such as {name}=(0.1, 0.2), or the "
                "name of a file in quotation marks"
            )
        try:
            found.append(float(number))
        except OverflowError:
            raise UserError(f"{name}: a number is too large") from None
    return tuple(found)


def _unknown(what: str, name: str, known: object) -> NoReturn:
    names = list(known)  # type: ignore[call-overload]
    raise UserError(
        f"there is no {what} {name!r}: did you mean {nearest(name, names)!r}? Known are "
        f"{', '.join(names)}"
    )

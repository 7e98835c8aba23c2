"""Expressions of users' checks: arithmetic over the variables of the data, evaluated with NumPy.

An expression has names, numbers, ``+ - * / **``, parentheses and the functions in
:data:`FUNCTIONS`. Names are the variables, the coordinates ``x``, ``y``, ``z`` and the
time ``t``; a variable takes precedence over a coordinate of its name. A variable whose name is no
identifier is written between backquotes: ``0.5 * `wall shear`**2``. Python's parser reads the text,
but only the kinds of node listed here are ever evaluated: there is no attribute, no other call, no
string, and length, depth and exponents are limited. Compiling the tree once it is checked takes as
long per evaluation and 28 lines more, and needs ``eval``.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from string import ascii_lowercase, digits
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.names import check_names, listed
from simulgenvae.errors import UserError

Values = Mapping[str, NDArray[np.float64]]
_Term = Callable[[Values], Any]

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "sqrt": np.sqrt,
    "abs": np.abs,
    "exp": np.exp,
    "log": np.log,
    "sin": np.sin,
    "cos": np.cos,
    "min": np.minimum,
    "max": np.maximum,
}
"""Functions of one argument; ``min`` and ``max`` take two or more and compare value by value."""

# Python's operators rather than ufuncs: NumPy then computes in temporary arrays where it can.
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_MAX_LENGTH = 500
_MAX_DEPTH = 100
_MAX_EXPONENT = 16.0
_REPLACEMENT = 3
"""Length of the identifier that replaces a quoted name; no quoted name is shorter."""


@dataclass(frozen=True)
class Expression:
    """Parsed expression, called with an array for every name in ``names``.

    The arrays are broadcast.

    The result may hold infinities and NaN where the arithmetic has no answer (a logarithm of a
    negative number).
    """

    text: str
    names: frozenset[str]
    _term: _Term

    def __call__(self, values: Values) -> NDArray[np.float64]:
        """Return the value of the expression for these arrays."""
        with np.errstate(all="ignore"):
            return np.asarray(self._term(values), dtype=np.float64)


def parse_expression(text: str, known: Collection[str]) -> Expression:
    """Return the expression that ``text`` is, which may use the names in ``known``.

    Raises
    ------
    UserError
        When it cannot be read; the message has the position of what is wrong.
    """
    text = text.strip()
    if not text or len(text) > _MAX_LENGTH or not text.isprintable():
        raise UserError(
            f"expression {text[:40]!r}: must be one line of 1 to {_MAX_LENGTH} printable characters"
        )
    reader = _Reader(text, known)
    return Expression(text, frozenset(reader.used), reader.term)


def parse_checks(
    entries: Sequence[str], variables: Sequence[str], coordinates: Collection[str]
) -> dict[str, Expression]:
    """Return checks by name, from entries ``name: expression`` of ``evaluation.checks``.

    Parameters
    ----------
    entries
        Entries of the setting.
    variables, coordinates
        Names that an expression may use.

    Raises
    ------
    UserError
        When an entry cannot be read; the message has its name and the position in its expression.
        Also when it uses no variable: prediction and truth would then be equal.
    """
    names = []
    checks = []
    for entry in entries:
        name, colon, text = entry.partition(":")
        if not colon:
            raise UserError(f'evaluation.checks: {entry!r} has no name: write "name: expression"')
        try:
            check = parse_expression(text, {*variables, *coordinates})
        except UserError as error:
            raise UserError(f"evaluation.checks, {name.strip()!r}: {error}") from error
        if check.names.isdisjoint(variables):
            raise UserError(
                f"evaluation.checks, {name.strip()!r}: {check.text!r} uses no variable of the "
                f"data: known are {listed(list(variables))}"
            )
        names.append(name.strip())
        checks.append(check)
    check_names(names, "evaluation.checks: name of check")
    return dict(zip(names, checks, strict=True))


class _Reader:
    """Translation of one text into a function; ``used`` collects its names."""

    def __init__(self, text: str, known: Collection[str]) -> None:
        self._text = text
        self._known = known
        self.used: set[str] = set()
        self._source = self._without_quotes()
        try:
            tree = ast.parse(self._source, mode="eval")
        except SyntaxError as error:
            raise self._error((error.offset or 1) - 1, f"cannot be read: {error.msg}") from error
        except (ValueError, MemoryError, RecursionError) as error:
            raise self._error(
                0, "cannot be read: it is nested too deeply or has too large a number"
            ) from error
        self.term = self._build(tree.body, 0)

    def _without_quotes(self) -> str:
        """Return the text with an identifier of equal length for each quoted name.

        Positions in messages then refer to the user's text.
        """
        candidates = (f"_{a}{b}" for a, b in product(ascii_lowercase + digits, repeat=2))
        free = (name for name in candidates if name not in self._text)
        source = re.sub(r"`[^`]+`", lambda quoted: next(free).ljust(len(quoted[0])), self._text)
        for character, why in (
            ("`", "a backquote without a partner"),
            ("#", "comments are not known"),
        ):
            if character in source:
                raise self._error(source.index(character), why)
        return source

    def _build(self, node: ast.expr, depth: int) -> _Term:
        # Only the kinds of node below become functions, so that nothing else can ever be executed.
        # A limited depth keeps an expression from exhausting the interpreter's stack.
        if depth > _MAX_DEPTH:
            raise self._error(
                self._span(node)[0], f"more than {_MAX_DEPTH} operations inside each other"
            )
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                number = self._number(node, value)
                return lambda values: number
            case ast.Name():
                return self._name(node)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                term = self._build(operand, depth + 1)
                sign = -1.0 if isinstance(node.op, ast.USub) else 1.0
                return lambda values: sign * term(values)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                base = self._build(left, depth + 1)
                exponent = self._exponent(right, depth)
                return lambda values: np.power(base(values), exponent)
            case ast.BinOp(left=left, op=kind, right=right) if type(kind) in _OPERATORS:
                first = self._build(left, depth + 1)
                second = self._build(right, depth + 1)
                apply = _OPERATORS[type(kind)]
                return lambda values: apply(first(values), second(values))
            case ast.Call(func=ast.Name(), keywords=[]):
                return self._call(node, depth)
        what = "only numbers, names, + - * / ** and " + ", ".join(FUNCTIONS) + " are known"
        raise self._error(self._span(node)[0], what)

    def _number(self, node: ast.expr, value: float) -> np.float64:
        try:
            number = np.float64(value)
        except OverflowError:
            number = np.float64(np.inf)
        if not np.isfinite(number):
            raise self._error(self._span(node)[0], "the number is too large")
        return number

    def _name(self, node: ast.Name) -> _Term:
        start, end = self._span(node)
        name = self._text[start:end]
        if name.startswith("`") and end - start == _REPLACEMENT:
            name = self._text[start + 1 : self._text.index("`", start + 1)]
        if name not in self._known:
            help_ = (
                f"known are {listed(sorted(self._known))}; names that are no identifiers are "
                "written between backquotes"
            )
            raise self._error(start, f"unknown name {name!r}: {help_}")
        self.used.add(name)
        return lambda values: values[name]

    def _exponent(self, node: ast.expr, depth: int) -> float:
        """Return an exponent, which must be a small number: a power of a name could be anything."""
        if any(isinstance(part, ast.Name) for part in ast.walk(node)):
            raise self._error(self._span(node)[0], "an exponent must be a number")
        term = self._build(node, depth + 1)
        with np.errstate(all="ignore"):
            exponent = float(term({}))
        if not abs(exponent) <= _MAX_EXPONENT:
            raise self._error(
                self._span(node)[0], f"an exponent must be between ±{_MAX_EXPONENT:g}"
            )
        return exponent

    def _call(self, node: ast.Call, depth: int) -> _Term:
        start, end = self._span(node.func)
        name = self._text[start:end]
        if name not in FUNCTIONS:
            raise self._error(start, f"unknown function {name!r}: known are {', '.join(FUNCTIONS)}")
        comparing = name in {"min", "max"}
        if (len(node.args) < 2) if comparing else (len(node.args) != 1):
            raise self._error(
                start, f"{name} takes {'two or more arguments' if comparing else 'one argument'}"
            )
        function = FUNCTIONS[name]
        terms = [self._build(argument, depth + 1) for argument in node.args]
        if comparing:
            return lambda values: reduce(function, (term(values) for term in terms))
        return lambda values: function(terms[0](values))

    def _span(self, node: ast.expr) -> tuple[int, int]:
        """Return the first and the last character of a node; the parser counts bytes."""
        encoded = self._source.encode()
        start, end = (
            len(encoded[:offset].decode()) for offset in (node.col_offset, node.end_col_offset or 0)
        )
        return start, end

    def _error(self, position: int, what: str) -> UserError:
        return UserError(f"expression {self._text!r}, character {position + 1}: {what}")

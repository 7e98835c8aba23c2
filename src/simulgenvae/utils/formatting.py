"""Numbers and their units as text for people.

They read the same everywhere: percentages never in powers of ten, and the singular where there is
one.
"""

from __future__ import annotations

import math

_MOST_DECIMALS = 6
NONE = "–"
"""Text in the place of a number that is undefined."""


def visible(text: str) -> str:
    r"""Return text in which control characters, which steer terminals, are written out.

    >>> visible("\x1b[2J run")
    '\\x1b[2J run'
    """
    if text.isprintable():
        return text
    parts = [sign if sign.isprintable() or sign in "\n\t" else repr(sign)[1:-1] for sign in text]
    return "".join(parts)


def percent(value: float | None, digits: int = 3, *, trailing_zeros: bool = True) -> str:
    """Return a fraction as a percentage with this number of significant digits.

    >>> percent(0.0197), percent(1.8, digits=2), percent(None)
    ('1.97 %', '180 %', '–')
    """
    if value is None:
        return NONE
    scaled = 100 * value
    # From here on "g" would write a power of ten.
    if abs(scaled) >= 10**digits - 0.5:
        return f"{scaled:,.0f} %"
    if not trailing_zeros:
        return f"{scaled:.{digits}g} %"
    return f"{scaled:#.{digits}g}".rstrip(".") + " %"


def number(value: float | None) -> str:
    """Return a number with four significant digits.

    >>> number(0.123456), number(None)
    ('0.1235', '–')
    """
    return NONE if value is None else f"{value:.4g}"


def plus_minus(value: float | None, half: float | None, unit: str = "") -> str:
    """Return a value with its unit and half the width of its interval, to that one's digits.

    >>> plus_minus(1.9312, 0.4213, "K"), plus_minus(1.9312, None, "K"), plus_minus(None, None)
    ('1.93 K ± 0.42', '1.93 K', '–')
    """
    if value is None:
        return NONE
    if half is None or not half > 0:
        return f"{value:.3g} {unit}".rstrip()
    digits = 1 - math.floor(math.log10(half))
    # From here on, figures with a power of ten are shorter.
    if digits > _MOST_DECIMALS:
        return f"{value:.3g} {unit}".rstrip() + f" ± {half:.2g}"
    decimals = max(0, digits)
    return f"{value:,.{decimals}f} {unit}".rstrip() + f" ± {half:,.{decimals}f}"


def percent_plus_minus(value: float | None, half: float | None) -> str:
    """Return a fraction and half the width of its interval as percentages.

    >>> percent_plus_minus(0.0193, 0.0042)
    '1.93 % ± 0.42'
    """
    if value is None:
        return NONE
    return plus_minus(100 * value, None if half is None else 100 * half, "%")


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return a whole number with its noun.

    >>> count(1, "variable"), count(2000, "node")
    ('1 variable', '2,000 nodes')
    """
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def quantity(name: str, unit: str) -> str:
    """Return a name with its unit in brackets, where there is one.

    >>> quantity("temperature", "K"), quantity("phase", "")
    ('temperature [K]', 'phase')
    """
    return f"{name} [{unit}]" if unit else name


def milliseconds(seconds: float) -> str:
    """Return a time in milliseconds with three significant digits, or in seconds from 1 s on."""
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def sentence(clause: str) -> str:
    """Return a clause with a capital letter and a full stop."""
    return f"{clause[:1].upper()}{clause[1:]}."

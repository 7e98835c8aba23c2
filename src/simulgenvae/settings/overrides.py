"""``--set group.key=value`` on the command line."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.settings.raw import VALUE_TYPES, RawSettings, RawValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulgenvae.settings.value_types import ValueType


def read_overrides(overrides: Sequence[str]) -> RawSettings:
    """Return the raw settings of ``key=value`` texts; the last one of each key counts.

    The value of a text setting is a text, even ``2024`` and ``true``; it may be in quotation marks.
    Other values are TOML (``2e-3``, ``true``, ``[64, 32]``), several values (``64 32``), or words.
    An empty value (``training.vae.epochs=``) removes what the study's files set.

    Raises
    ------
    UserError
        For a text without ``=``.
    """
    raw: dict[str, RawValue] = {}
    for override in overrides:
        key, equals, text = (part.strip() for part in override.partition("="))
        if not equals or not key:
            raise UserError(
                f"--set {override}: write it as group.key=value, such as "
                "training.end_to_end.steps=500"
            )
        # Whether the key exists is checked later, with the keys of the files.
        raw[key] = RawValue(_value(text, VALUE_TYPES.get(key)), f"--set {override}", key)
    return raw


def _value(text: str, kind: ValueType | None) -> object:
    """Return the value of a text for a setting of this type; None for an empty text."""
    if not text:
        return None
    # The shell has removed the quotation marks by which TOML distinguishes a text from a number.
    literal = _literal(text)
    if kind is None:
        # A quantity, whose parentheses and commas are its own; other keys are unknown.
        return literal if isinstance(literal, str) else text
    if kind.is_text:
        # In quotation marks, or a list of texts.
        written_out = isinstance(literal, str) or (kind.is_list and isinstance(literal, list))
        return literal if written_out else text
    if literal is not None:
        return literal
    # Classic files write lists with spaces, and users copy them from there.
    several = [_literal(part) for part in re.split(r"[\s,]+", text)]
    return text if None in several else several


def _literal(text: str) -> object | None:
    """Return a TOML value, or a list of several with commas between them; None for other text.

    TOML has no None, so that the result is unambiguous.
    """
    try:
        # In brackets, a comment after the value is an error instead of being dropped.
        table = tomllib.loads(f"values = [{text}]")
    except (ValueError, RecursionError):
        return None
    values: list[object] = table["values"]
    if len(table) > 1 or not values:  # a line break in the text, or only spaces
        return None
    return values if len(values) > 1 else values[0]

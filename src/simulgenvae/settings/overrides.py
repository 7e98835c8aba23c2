"""``--set group.key=value`` on the command line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence

from simulgenvae.errors import UserError
from simulgenvae.settings.raw import KINDS, Draft, RawSettings
from simulgenvae.settings.value_types import Kind


def read_overrides(overrides: Sequence[str]) -> Draft:
    """Draft of ``key=value`` texts; of two for one key the last holds.

    What is typed for a text setting is text, ``2024`` and ``true`` too; quotation marks around it
    are TOML's. Other values are TOML (``2e-3``, ``true``, ``[64, 32]``), several of them (``64
    32``), or bare words. No value at all (``training.vae.epochs=``) takes back what the study's
    files set. UserError for a text without ``=``.
    """
    draft: dict[str, RawSettings] = {}
    for override in overrides:
        key, equals, text = (part.strip() for part in override.partition("="))
        if not equals or not key:
            raise UserError(
                f"--set {override}: write it as group.key=value, such as "
                "training.end_to_end.steps=500"
            )
        draft[key] = RawSettings(_value(text, KINDS.get(key)), f"--set {override}", key)
    return draft


def _value(text: str, kind: Kind | None) -> object:
    """Value of a text for a setting of a kind, or of an unknown one; None for an empty text."""
    if not text:
        return None
    literal = _literal(text)
    if kind is not None and kind.is_text:
        written_out = isinstance(literal, str) or (kind.is_list and isinstance(literal, list))
        return literal if written_out else text
    if literal is not None:
        return literal
    several = [_literal(part) for part in re.split(r"[\s,]+", text)]
    return text if None in several else several


def _literal(text: str) -> object | None:
    """A TOML value, a list for several with commas between them, or None (which TOML does not have)
    for other text."""
    try:
        table = tomllib.loads(
            f"values = [{text}]"
        )  # in brackets no comment after a value goes unnoticed
    except (ValueError, RecursionError):
        return None
    values: list[object] = table["values"]
    if len(table) > 1 or not values:  # a line break in the text, or nothing but spaces
        return None
    return values if len(values) > 1 else values[0]

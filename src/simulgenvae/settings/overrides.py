"""``--set group.key=value`` on the command line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence

from simulgenvae.errors import UserError
from simulgenvae.settings.draft import Draft, Given


def read_overrides(overrides: Sequence[str]) -> Draft:
    """Draft of ``key=value`` texts; of two for one key the last holds.

    Values are TOML (``2e-3``, ``true``, ``[64, 32]``, ``"text"``), several of them (``64 32``), or bare text. No value
    at all (``training.vae.epochs=``) takes back what the study's files set. UserError for a text without ``=``.
    """
    draft: dict[str, Given] = {}
    for override in overrides:
        key, equals, text = (part.strip() for part in override.partition("="))
        if not equals or not key:
            raise UserError(f"--set {override}: write it as group.key=value, such as training.vae.steps=500")
        draft[key] = Given(_value(text), f"--set {override}", key)
    return draft


def _value(text: str) -> object:
    """Value of a text; None for an empty one."""
    if not text:
        return None
    if (literal := _literal(text)) is not None:
        return literal
    several = [_literal(part) for part in re.split(r"[\s,]+", text)]
    return text if None in several else several


def _literal(text: str) -> object | None:
    """A TOML value, or None (which TOML does not have) for other text."""
    try:
        table = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    return table["value"] if len(table) == 1 else None  # more than one: a line break in the text

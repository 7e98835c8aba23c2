"""``study.toml``: the typed settings as nested TOML tables, one table per group."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

from simulgenvae.errors import UserError
from simulgenvae.settings.raw import QUANTITIES, RawSettings, RawValue
from simulgenvae.utils.text_file import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from simulgenvae.settings.schema import Settings

_TABLE = re.compile(r"\s*\[+([^\[\]=#]+)\]")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_KEY = re.compile(r"""\s*([\w."' -]+?)\s*=""")


def read_toml(path: Path) -> RawSettings:
    """Return the raw settings of a TOML file; UserError with the line for what is not TOML."""
    text = read_text(path)
    try:
        entries = list(_flatten("", tomllib.loads(text)))
    except ValueError as error:  # a TOMLDecodeError, or a number of thousands of digits
        raise UserError(f"{path}: not valid TOML: {error}") from error
    except RecursionError as error:
        raise UserError(f"{path}: not valid TOML: nested too deeply") from error
    # tomllib keeps no positions, so the lines are searched for in the text again.
    lines = _lines(text)
    return {key: RawValue(value, _place(path, key, lines), key) for key, value in entries}


def _flatten(prefix: str, table: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield the dotted key and value of each entry of nested tables."""
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict):
            yield from _flatten(f"{key}.", value)
        else:
            yield key, value


def _lines(text: str) -> dict[str, int]:
    """Return the line of each dotted key, for messages.

    This is no parser: a line within a text of several lines may look like a key.
    """
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE.match(line):
            table = _plain(header[1]) + "."
        # A comment or the middle of a list matches neither expression.
        elif key := _KEY.match(line):
            # The first line with the key: TOML allows no second one.
            found.setdefault(table + _plain(key[1]), number)
    return found


def _plain(key: str) -> str:
    return re.sub(r"""[\s"']""", "", key)


def _place(path: Path, key: str, lines: dict[str, int]) -> str:
    """Return file and line of a key; the line of a key of an inline table is the table's."""
    parts = key.split(".")
    # From the whole key to its first part: a.b.c, a.b, a.
    for length in range(len(parts), 0, -1):
        if line := lines.get(".".join(parts[:length])):
            return f"{path}, line {line}"
    return str(path)


def toml_text(settings: Settings) -> str:
    """Return all settings as TOML that :func:`read_toml` reads, one key a line.

    Settings that have no value are left out.
    """
    lines = []
    for key, value in _flatten("", settings.model_dump(mode="json", exclude_none=True)):
        # Names of quantities may hold points and characters that keys of TOML must quote.
        group, _, name = key.partition(".")
        parts = [group, name] if group == QUANTITIES else key.split(".")
        written = [part if _BARE.fullmatch(part) else _as_toml(part) for part in parts]
        lines.append(f"{'.'.join(written)} = {_as_toml(value)}")
    return "\n".join([*lines, ""])


def _as_toml(value: object) -> str:
    # Texts, finite numbers and lists of them are written in TOML as in JSON.
    return json.dumps(value, ensure_ascii=False, allow_nan=False)

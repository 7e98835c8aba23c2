"""Reader of the classic ``input_data/condition.txt``.

Each line is ``key value``, ``key: value`` or ``key = value``.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from simulgenvae.settings.classic.condition_keys import (
    CONDITION_KEYS,
    HEADINGS,
    OLD_KEYS,
    UNUSED,
)
from simulgenvae.settings.classic.lines import read_lines
from simulgenvae.settings.networks import CONDITIONERS
from simulgenvae.settings.problems import SettingsNote, nearest, refuse
from simulgenvae.settings.raw import RawSettings, RawValue
from simulgenvae.settings.schema import IMAGE_ENDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KNOWN = CONDITION_KEYS.keys() | OLD_KEYS.keys() | UNUSED.keys()
"""All keys that are read, with or without effect."""
_ENDINGS = (".csv", *IMAGE_ENDINGS)
_KEY_VALUE = re.compile(r"([^\s:=]+)(?:\s*[:=]\s*|\s+|$)(.*)")


def read_condition_file(path: Path) -> RawSettings:
    """Return the raw settings of a ``condition.txt``; warn about every key without effect.

    Raises one UserError that lists every line with an unknown key, a key that was given another
    value before, or a value that cannot be read.
    """
    given: dict[str, RawValue] = {}
    problems: list[str] = []
    for entry in _entries(path):
        # Two values of a key are an error: which of them counts would depend on the reader.
        if entry.name in given:
            if entry.value == given[entry.name].value:
                continue
            problems.append(
                f"{entry.place}: {entry.name} was given before with another value, at "
                f"{given[entry.name].place}"
            )
        elif entry.name not in KNOWN:
            problems.append(
                f"{entry.place}: {entry.name} is not a known key; the nearest is "
                f"{_nearest(entry.name)}"
            )
        else:
            given[entry.name] = entry
    notes = _replace_old_keys(given)
    raw: dict[str, RawValue] = {}
    # The order of the table, not of the file: of two keys for one setting the later row counts.
    for name in [name for name in CONDITION_KEYS if name in given]:
        try:
            value = _convert(name, given[name])
        except ValueError as error:
            problems.append(
                f"{given[name].place}: {given[name].name} {error}, but is "
                f"{str(given[name].value)!r}"
            )
            continue
        if value is not None:
            # One classic key may set the same value for several stages.
            for key in CONDITION_KEYS[name].settings:
                raw[key] = RawValue(value, given[name].place, given[name].name)
    if problems:
        refuse(problems)
    # param_dir is one key for both: a table, or images if input_type says so.
    if "data.parameters" in raw and _reads_images(raw):
        raw["data.images"] = raw.pop("data.parameters")
    for name in [name for name in given if name in UNUSED]:
        notes.append(f"{given[name].place}: {name} is not used: {UNUSED[name]}")
    for note in notes:
        warnings.warn(note, SettingsNote, stacklevel=2)
    return raw


def _replace_old_keys(given: dict[str, RawValue]) -> list[str]:
    """Put the values of old keys under the names that these have now; return notes about them."""
    notes = []
    for old in [name for name in given if name in OLD_KEYS]:
        entry = given.pop(old)
        current = OLD_KEYS[old]
        if current in given:
            notes.append(f"{entry.place}: {old} is not used: {current}, its later name, is given")
        else:
            given[current] = entry
            notes.append(f"{entry.place}: {old} is read as {current}, its later name")
    return notes


def _reads_images(raw: RawSettings) -> bool:
    """Return whether conditions are images: by ``input_type``, else by ``param_data_type``."""
    if "conditioner.kind" in raw:
        return CONDITIONERS[str(raw["conditioner.kind"].value)].reads == "images"
    return "data.file_type" in raw and raw["data.file_type"].value in IMAGE_ENDINGS


def _entries(path: Path) -> Iterator[RawValue]:
    """Yield keys with their texts as values, without headings and ``RESERVED`` lines."""
    for line in read_lines(path):
        # Old files mix all three ways to write a line.
        match = _KEY_VALUE.fullmatch(line.text)
        # A line that starts with : or = does not match: it is reported as an unknown key.
        name, text = (match[1], match[2]) if match else (line.text, "")
        # The first versions wrote the ending of the files after their folder.
        words = text.rsplit(maxsplit=1)
        if name == "param_dir" and len(words) == 2 and words[1].lower() in _ENDINGS:
            text = words[0]
            yield RawValue(words[1], f"{path}, line {line.number}", "param_data_type")
        heading = " ".join(line.text.casefold().rstrip(":").split())
        if name != "RESERVED" and heading not in HEADINGS:
            yield RawValue(text, f"{path}, line {line.number}", name)


def _convert(key: str, entry: RawValue) -> object:
    text = str(entry.value)
    if not text:
        raise ValueError("needs a value")
    # The file was decoded leniently, for the sake of comments in other encodings. A value is
    # refused.
    if "\N{REPLACEMENT CHARACTER}" in text:
        raise ValueError("is not UTF-8 text; save the file as UTF-8")
    return CONDITION_KEYS[key].convert(text)


def _nearest(name: str) -> str:
    return nearest(name, [*CONDITION_KEYS, *UNUSED, "RESERVED"])

"""The documented ``input_data/condition.txt``: a line ``key value``, ``key: value`` or ``key =
value`` per setting."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

from simulgenvae.settings.classic.condition_keys import HEADINGS, KEYS, UNUSED
from simulgenvae.settings.classic.lines import read_lines
from simulgenvae.settings.networks import CONDITIONERS
from simulgenvae.settings.problems import SettingsNote, nearest, refuse
from simulgenvae.settings.raw import Draft, RawSettings
from simulgenvae.settings.schema import IMAGE_ENDINGS

_KEY_VALUE = re.compile(r"([^\s:=]+)(?:\s*[:=]\s*|\s+|$)(.*)")


def read_condition_file(path: Path) -> Draft:
    """Draft of the settings in a ``condition.txt``, with a :class:`SettingsNote` for every key that
    has no effect.

    One UserError lists every line with an unknown key, a key that came before, or a value that
    cannot be read.
    """
    given: dict[str, RawSettings] = {}
    problems: list[str] = []
    for entry in _entries(path):
        if entry.name in given:
            problems.append(
                f"{entry.place}: {entry.name} was given before, at {given[entry.name].place}"
            )
        elif entry.name not in KEYS and entry.name not in UNUSED:
            problems.append(
                f"{entry.place}: {entry.name} is not a known key; the nearest is "
                f"{_nearest(entry.name)}"
            )
        else:
            given[entry.name] = entry
    draft: dict[str, RawSettings] = {}
    for name in [name for name in KEYS if name in given]:
        try:
            value = _convert(given[name])
        except ValueError as error:
            problems.append(
                f"{given[name].place}: {name} {error}, but is {str(given[name].value)!r}"
            )
            continue
        if value is not None:
            draft |= {
                key: RawSettings(value, given[name].place, name) for key in KEYS[name].settings
            }
    if problems:
        refuse(problems)
    if "data.parameters" in draft and _asks_for_pictures(draft):
        draft["data.images"] = draft.pop(
            "data.parameters"
        )  # param_dir holds what input_type asks for
    for name in [name for name in given if name in UNUSED]:
        warnings.warn(
            f"{given[name].place}: {name} is not used: {UNUSED[name]}", SettingsNote, stacklevel=2
        )
    return draft


def _asks_for_pictures(draft: Draft) -> bool:
    """Whether ``input_type`` says so or, where it is not given, ``param_data_type``."""
    if "conditioner.kind" in draft:
        return CONDITIONERS[str(draft["conditioner.kind"].value)].reads == "images"
    return "data.file_type" in draft and draft["data.file_type"].value in IMAGE_ENDINGS


def _entries(path: Path) -> Iterator[RawSettings]:
    """Keys with their texts as values, without headings and ``RESERVED`` lines."""
    for line in read_lines(path):
        match = _KEY_VALUE.fullmatch(line.text)
        name, text = (
            (match[1], match[2]) if match else (line.text, "")
        )  # no match: the line begins with : or =
        heading = " ".join(line.text.casefold().rstrip(":").split())
        if name != "RESERVED" and heading not in HEADINGS:
            yield RawSettings(text, f"{path}, line {line.number}", name)


def _convert(entry: RawSettings) -> object:
    text = str(entry.value)
    if not text:
        raise ValueError("needs a value")
    if "\N{REPLACEMENT CHARACTER}" in text:
        raise ValueError("is not UTF-8 text; save the file as UTF-8")
    return KEYS[entry.name].convert(text)


def _nearest(name: str) -> str:
    return nearest(name, [*KEYS, *UNUSED, "RESERVED"])

"""Settings as they were given, before validation, with the place that each of them came from.

Every reader (TOML, ``condition.txt`` and presets, ``--set``) produces a draft; :func:`validate` is
the one way from there to :class:`~simulgenvae.settings.schema.Settings`, so a mistake is told in
the same words wherever it was made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from simulgenvae.settings.group import Group
from simulgenvae.settings.problems import nearest, refuse
from simulgenvae.settings.schema import Settings
from simulgenvae.settings.value_types import Kind


@dataclass(frozen=True)
class RawSettings:
    """A value that somebody gave for a setting.

    `value` None means: as if it were not given. `place` is the file and line (or ``--set``), `name`
    what the key is called there.
    """

    value: object
    place: str
    name: str


Draft = Mapping[str, RawSettings]
"""Dotted key → what was given for it."""


def _walk(name: str, group: Group) -> Iterator[tuple[str, Group]]:
    yield name, group
    for field in type(group).model_fields:
        if isinstance(value := getattr(group, field), Group):
            yield from _walk(f"{name}.{field}".lstrip("."), value)


GROUPS: dict[str, Group] = dict(_walk("", Settings()))
"""Dotted name of each group of settings → the group with its defaults; the root is ``""``."""

FIELDS: dict[str, FieldInfo] = {
    f"{name}.{field}".lstrip("."): info
    for name, group in GROUPS.items()
    for field, info in type(group).model_fields.items()
    if f"{name}.{field}".lstrip(".") not in GROUPS
}
"""Dotted key of each setting → its declaration."""

KINDS: dict[str, Kind] = {key: Kind.of(field) for key, field in FIELDS.items()}
"""Dotted key of each setting → what its value may be."""


def validate(draft: Draft) -> Settings:
    """Settings with the drafted values and the defaults of all others; one UserError lists every
    mistake."""
    if problems := [text for key, given in draft.items() if (text := _unusable(key, given))]:
        refuse(problems)
    tree: dict[str, Any] = {}
    for key, given in draft.items():
        if given.value is None:
            continue
        *groups, last = key.split(".")
        branch = tree
        for group in groups:
            branch = branch.setdefault(group, {})
        branch[last] = _as_list(given.value, KINDS[key]) if KINDS[key].is_list else given.value
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        # a list with nothing but bad values is also said to be too short
        distinct = [
            details
            for details in error.errors()
            if not (details["type"] == "too_short" and details["input"])
        ]
        refuse(_explain(details, draft) for details in distinct)


def _unusable(key: str, given: RawSettings) -> str | None:
    """What is wrong with a key or the kind of its value, before the schema looks at it."""
    if key and key in GROUPS:
        return f"{given.place}: {given.name} is a group of settings; set one of its keys, such as {key}.{_first(key)}"
    if key not in FIELDS:
        return (
            f"{given.place}: {given.name} is not a setting; the nearest is {nearest(key, FIELDS)}"
        )
    if bool not in KINDS[key].types:  # pydantic would take true as the number 1
        if isinstance(given.value, bool):
            return f"{given.place}: {given.name} cannot be true or false"
        items = given.value if isinstance(given.value, list) else []
        if wrong := [item for item, value in enumerate(items, start=1) if isinstance(value, bool)]:
            return f"{given.place}: value {wrong[0]} of {given.name} cannot be true or false"
    return None


def _as_list(value: object, kind: Kind) -> object:
    """Where a list is expected: one number is a list of one, and a text is a list of its words, or
    one sentence."""
    if isinstance(value, str):
        return [value] if kind.sentences else re.split(r"[\s,]+", value.strip())
    return [value] if isinstance(value, (int, float)) else value


def _first(group: str) -> str:
    return next(iter(type(GROUPS[group]).model_fields))


_REASONS = {
    "greater_than": "must be larger than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number of fewer digits",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be finite",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text, in quotation marks",
    "string_pattern_mismatch": "must have the form {pattern}",
    "literal_error": "must be {expected}",
    "unknown_name": "must be {expected} (the nearest is {nearest})",
    "tuple_type": "must be a list",
    "too_short": "must have at least {min_length} value",
    "too_long": "must have at most {max_length} values",
}


def _explain(details: ErrorDetails, draft: Draft) -> str:
    """One of pydantic's errors with the place, the key's name there and the reason in plain
    words."""
    location, context = details["loc"], details.get("ctx", {})
    item = next((part + 1 for part in location if isinstance(part, int)), None)
    key = tried = ".".join(part for part in location if isinstance(part, str))
    while (
        key not in FIELDS and key not in GROUPS
    ):  # what follows says which of several kinds was tried
        key = key.rpartition(".")[0]
    if (
        details["type"] == "value_error"
    ):  # a check of several settings of one group: say where they were given
        reason = str(context["error"])
        places = [
            g.place
            for k, g in draft.items()
            if k.startswith(key) and re.search(rf"\b{k.split('.')[-1]}\b", reason)
        ]
        where = " and ".join(dict.fromkeys(places))
        return ": ".join([*([where] if where else []), f"{key}: {reason}" if key else reason])
    given = draft[key]
    reason = (
        _REASONS[details["type"]].format(**context)
        if details["type"] in _REASONS
        else details["msg"]
    )
    if tried != key:
        reason = f"must be {KINDS[key]}"
    name = given.name if item is None else f"value {item} of {given.name}"
    return f"{given.place}: {name} {reason}, but is {_shown(details['input'])}"


def _shown(value: object) -> str:
    """Spelling of a value, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # Python writes out no number of more than 4300 digits
        return "a number of thousands of digits"
    return text if len(text) <= 200 else f"{text[:190]}…{text[-9:]}"

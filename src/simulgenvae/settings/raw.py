"""Settings before validation, each with the place that it came from.

Every reader (TOML, ``condition.txt`` and presets, ``--set``) produces raw settings;
:func:`validate` turns them into :class:`~simulgenvae.settings.schema.Settings`, so that the message
about a mistake does not depend on the reader.

Tested in tests/settings/test_toml.py and
tests/settings/test_overrides.py.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from simulgenvae.settings.group import Group
from simulgenvae.settings.problems import SettingsNote, nearest, refuse
from simulgenvae.settings.renamed import current_name
from simulgenvae.settings.schema import Settings
from simulgenvae.settings.value_types import ValueType

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails


@dataclass(frozen=True)
class RawValue:
    """A value of one setting as a file or the command line gives it."""

    value: object
    """The value; None is the same as no value at all."""
    place: str
    """File and line, or ``--set``."""
    name: str
    """Name of the key at that place."""


RawSettings = Mapping[str, RawValue]
"""Raw values by the dotted keys of the settings."""


def _walk(name: str, group: Group) -> Iterator[tuple[str, Group]]:
    """Yield a group and all groups within it, with their dotted names."""
    yield name, group
    for field in type(group).model_fields:
        # Groups are found by their values: each has its defaults, so the tree is complete.
        if isinstance(value := getattr(group, field), Group):
            yield from _walk(f"{name}.{field}".lstrip("."), value)


QUANTITIES = "quantities"
"""Table whose keys are names that users choose, each with a text."""

GROUPS: dict[str, Group] = dict(_walk("", Settings()))
"""Groups of settings, with their defaults, by their dotted names; the root's name is ``""``."""


def _declared_fields() -> Iterator[tuple[str, FieldInfo]]:
    """Yield the dotted key and the declaration of each setting that is no group."""
    for name, group in GROUPS.items():
        for field, info in type(group).model_fields.items():
            key = f"{name}.{field}".lstrip(".")
            if key not in GROUPS and key != QUANTITIES:
                yield key, info


FIELDS: dict[str, FieldInfo] = dict(_declared_fields())
"""Declarations of the settings by their dotted keys."""

VALUE_TYPES: dict[str, ValueType] = {key: ValueType.of(field) for key, field in FIELDS.items()}
"""Types of the values of the settings by their dotted keys."""


def validate(raw: RawSettings) -> Settings:
    """Return settings with the raw values, and defaults for all others.

    Raises one UserError that lists every mistake.
    """
    raw = _with_current_names(raw)
    # Unknown keys first: pydantic would report each as an extra input without the nearest name.
    if problems := [text for key, given in raw.items() if (text := _unusable(key, given))]:
        refuse(problems)
    # Dotted keys become the nested tables that pydantic validates.
    tree: dict[str, Any] = {}
    for key, given in raw.items():
        if given.value is None:
            continue
        # Names of quantities may hold anything, points too.
        *groups, last = key.split(".", 1) if _names_quantity(key) else key.split(".")
        branch = tree
        for group in groups:
            branch = branch.setdefault(group, {})
        # Classic files and overrides give one value where a list of one is meant.
        branch[last] = (
            _as_list(given.value, VALUE_TYPES[key])
            if key in VALUE_TYPES and VALUE_TYPES[key].is_list
            else given.value
        )
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        # pydantic also calls a list too short if all its values are bad: one message is enough.
        distinct = [
            details
            for details in error.errors()
            if not (details["type"] == "too_short" and details["input"])
        ]
        refuse(_explain(details, raw) for details in distinct)


def _with_current_names(raw: RawSettings) -> RawSettings:
    """Return raw settings under the names that they have now, with a note about each old name."""
    found: dict[str, RawValue] = {}
    problems = []
    for key, given in raw.items():
        current = current_name(key)
        if current == key:
            found[key] = given
        elif current in raw:
            problems.append(
                f"{given.place}: {given.name} is the old name of {current}, which is given too: "
                "remove it"
            )
        else:
            note = f"{given.place}: {given.name} is now called {current}"
            warnings.warn(note, SettingsNote, stacklevel=3)
            found[current] = given
    if problems:
        refuse(problems)
    return found


def _unusable(key: str, given: RawValue) -> str | None:
    """Return what is wrong with a key or the type of its value, unless pydantic can say it."""
    if _names_quantity(key):
        if given.value is None or isinstance(given.value, str):
            return None
        return (
            f'{given.place}: the quantity {given.name} must be text, such as "max(T)", but is '
            f"{_shown(given.value)}"
        )
    if key == QUANTITIES:
        return f'{given.place}: {key} is a table of names: write [quantities], then peak = "max(T)"'
    if key and key in GROUPS:
        return (
            f"{given.place}: {given.name} is a group of settings; set one of its keys, such as "
            f"{key}.{_first(key)}"
        )
    if key not in FIELDS:
        return (
            f"{given.place}: {given.name} is not a setting; the nearest is {nearest(key, FIELDS)}"
        )
    if bool not in VALUE_TYPES[key].types:
        # pydantic would accept true as the number 1.
        if isinstance(given.value, bool):
            return f"{given.place}: {given.name} cannot be true or false"
        items = given.value if isinstance(given.value, list) else []
        if wrong := [item for item, value in enumerate(items, start=1) if isinstance(value, bool)]:
            return f"{given.place}: value {wrong[0]} of {given.name} cannot be true or false"
    return None


def _names_quantity(key: str) -> bool:
    return key.startswith(f"{QUANTITIES}.")


def _as_list(value: object, kind: ValueType) -> object:
    """Return a list: of one number, of the words of a text, or of one sentence."""
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


def _explain(details: ErrorDetails, raw: RawSettings) -> str:
    """Return the message of one of pydantic's errors: place, name of the key there, and reason."""
    location = details["loc"]
    context = details.get("ctx", {})
    # People count the values of a list from 1.
    item = next((part + 1 for part in location if isinstance(part, int)), None)
    key = tried = ".".join(part for part in location if isinstance(part, str))
    # pydantic appends to the location which of several types it tried.
    while key not in FIELDS and key not in GROUPS:
        key = key.rpartition(".")[0]
    # A check of several settings of a group, which raises ValueError with a whole sentence.
    if details["type"] == "value_error":
        return _explain_check(key, str(context["error"]), raw)
    given = raw[key]
    reason = (
        _REASONS[details["type"]].format(**context)
        if details["type"] in _REASONS
        else details["msg"]
    )
    if tried != key:
        reason = f"must be {VALUE_TYPES[key]}"
    name = given.name if item is None else f"value {item} of {given.name}"
    return f"{given.place}: {name} {reason}, but is {_shown(details['input'])}"


def _explain_check(key: str, reason: str, raw: RawSettings) -> str:
    """Return the message of a check of several settings of one group, with all their places."""
    places = []
    for name, given in raw.items():
        last = name.split(".")[-1]
        # Such a check names the settings that contradict each other in its text; their places are
        # looked up by these names.
        if name.startswith(key) and re.search(rf"\b{last}\b", reason):
            places.append(given.place)
    where = " and ".join(dict.fromkeys(places))
    return ": ".join(part for part in (where, key, reason) if part)


def _shown(value: object) -> str:
    """Return the spelling of a value, shortened if it is long."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write a number of more than 4300 digits
        return "a number of thousands of digits"
    return text if len(text) <= 200 else f"{text[:190]}…{text[-9:]}"

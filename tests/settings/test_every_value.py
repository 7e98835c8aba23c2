"""Every value of the schema can be given on the command line, in ``study.toml`` and in Python.

The values are derived from the schema's own declarations, so that a new setting is tried as soon as
it is declared.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from simulgenvae.settings import Settings, StudyFolder, load_settings
from simulgenvae.settings.networks import OneOf
from simulgenvae.settings.raw import FIELDS

Values = dict[str, Any]
"""Dotted key → value."""

TEXTS = [
    "data/p.csv",
    "/a path/with spaces/p (2).csv",
    "C:\\runs\\new",
    "true",
    "auto",
    "2024",
    "2024-05-27",
    "1e3",
    "[1, 2]",
    "a = b # c",
    'the "first"',
    "it's",
    "'quoted'",
    '"quoted" # "twice"',
    " spaces around ",
    "",
    "Größe, π\n\tx",
]
LARGE = 2**40
"""Where nothing bounds a whole number."""


def admitted(annotation: Any, metadata: list[Any]) -> Iterator[Any]:
    """Yield values that a declaration admits.

    These are all words and switches, the ends of numbers, and lists short and long.
    """
    if annotation is NoneType:  # see test_no_value_takes_back_what_a_file_set
        return
    if registries := [entry for entry in metadata if isinstance(entry, OneOf)]:
        yield from registries[0].names
        return
    origin, parts = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, UnionType) or origin is Union:
        for part in parts:
            yield from admitted(part, [])
    elif origin is Annotated:
        inner = [
            entry
            for part in parts[1:]
            for entry in (part.metadata if isinstance(part, FieldInfo) else [part])
        ]
        yield from admitted(parts[0], [*metadata, *inner])
    elif origin is Literal:
        yield from parts
    elif origin is tuple:
        yield from lists(list(admitted(parts[0], [])), bounds(metadata))
    else:
        kinds: dict[Any, Callable[[dict[str, Any]], list[Any]]] = {
            bool: switches,
            int: whole_numbers,
            float: numbers,
            str: texts,
        }
        yield from kinds[annotation](bounds(metadata))


def bounds(metadata: list[Any]) -> Values:
    """``ge``, ``max_length``, ``pattern`` … → its value."""
    names = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern")
    return {
        name: value
        for entry in metadata
        for name in names
        if (value := getattr(entry, name, None)) is not None
    }


def switches(_: Values) -> list[bool]:
    return [False, True]


def whole_numbers(bound: Values) -> list[int]:
    return [bound["ge"], bound["ge"] + 1, bound.get("le", LARGE)]


def numbers(bound: Values) -> list[float]:
    """With those next to an end that is itself left out."""
    lowest = bound["ge"] if "ge" in bound else math.nextafter(bound["gt"], math.inf)
    highest = math.nextafter(bound["lt"], 0.0) if "lt" in bound else sys.float_info.max
    return [lowest, 0.1, 1e-7, *([1.0, 12.0, 1e22] if highest > 1e22 else []), highest]


def texts(bound: Values) -> list[str]:
    if "pattern" in bound:
        assert bound["pattern"] == r"^[xyz]:.+$", "write texts of this form below"
        return ["y:v", "x:2024", "z:true", "y:a name, with: all # sorts"]
    return TEXTS


def lists(entries: list[Any], bound: Values) -> Iterator[list[Any]]:
    """Return lists with no or few entries, each entry by itself, and several of them."""
    if not bound.get("min_length"):
        yield []
    yield from ([entry] for entry in entries)
    ordered = sorted(set(entries), reverse=True)  # as filters must be
    yield ordered[:2]
    yield ordered
    if "max_length" in bound:
        yield [ordered[0] - k for k in range(bound["max_length"])]


VALUES: dict[str, list[Any]] = {
    key: list(admitted(field.annotation, field.metadata)) for key, field in FIELDS.items()
}


def in_python(values: Values) -> Settings:
    tree: Values = {}
    for key, value in values.items():
        *groups, last = key.split(".")
        branch = tree
        for group in groups:
            branch = branch.setdefault(group, {})
        branch[last] = value
    return Settings.model_validate(tree)


def is_valid(values: Values) -> bool:
    """Return whether checks of several settings pass; a value bad in itself is an error."""
    try:
        in_python(values)
    except ValidationError as error:
        if any(details["type"] != "value_error" for details in error.errors()):
            raise
        return False
    return True


@cache
def companion(key: str, position: int) -> tuple[str, Any] | None:
    """Return the first other setting that a value needs, by the schema's checks, or None."""
    value = VALUES[key][position]
    if is_valid({key: value}):
        return None
    others = (
        (other, candidate)
        for other, values in VALUES.items()
        for candidate in values
        if other != key
    )
    return next(
        (other, candidate)
        for other, candidate in others
        if is_valid({key: value, other: candidate})
    )


def cases(key: str) -> Iterator[Values]:
    for position, value in enumerate(VALUES[key]):
        needed = companion(key, position)
        yield {key: value} | ({} if needed is None else {needed[0]: needed[1]})


def as_toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def as_typed(value: Any) -> str:
    """As a user types it, without quotation marks and brackets wherever they say nothing."""
    if isinstance(value, list):
        words = [as_typed(entry) for entry in value]
        plain = bool(words) and not any(set(" ,\n\"'") & set(word) for word in words)
        return " ".join(words) if plain else as_toml(value)
    if isinstance(value, str):
        plain = bool(
            value and value == value.strip() and not (value[0] == value[-1] and value[0] in "\"'")
        )
        return value if plain else as_toml(value)
    return as_toml(value)


def value_at(settings: Settings, key: str) -> Any:
    value: Any = settings
    for name in key.split("."):
        value = getattr(value, name)
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("key", FIELDS)
def test_a_value_means_the_same_wherever_it_is_given(key: str, tmp_path: Path) -> None:
    bare, written = StudyFolder(tmp_path / "bare"), StudyFolder(tmp_path)
    for values in cases(key):
        meant = in_python(values)
        assert value_at(meant, key) == values[key]
        assert type(value_at(meant, key)) is type(values[key])
        for spell in (as_toml, as_typed):
            overrides = [f"{name}={spell(value)}" for name, value in values.items()]
            assert load_settings(bare, overrides=overrides) == meant, overrides
        text = "\n".join(f"{name} = {as_toml(value)}" for name, value in values.items())
        written.settings_file.write_text(text, encoding="utf-8")
        assert load_settings(written) == meant, text


@pytest.mark.parametrize("key", FIELDS)
def test_no_value_takes_back_what_a_file_set(key: str, tmp_path: Path) -> None:
    study = StudyFolder(tmp_path)
    values = next(cases(key))
    text = "\n".join(f"{name} = {as_toml(value)}" for name, value in values.items())
    study.settings_file.write_text(text, encoding="utf-8")
    settings = load_settings(study, overrides=[f"{name}=" for name in values])
    assert settings.model_dump(exclude_unset=True) == {}
    assert settings == Settings()


def test_the_values_are_those_of_the_schema() -> None:
    """Some by hand, so that the walk itself is tried."""
    assert VALUES["training.performance.compile"] == [False, True, "auto"]
    assert VALUES["training.end_to_end.decoder"] == ["trained", "frozen"]
    assert {1, 32} <= set(VALUES["training.end_to_end.members"])
    assert VALUES["data.test_fraction"][0] == 0.0
    assert 1.0 - 1e-15 < VALUES["data.test_fraction"][-1] < 1.0
    assert 0.0 < VALUES["training.alpha"][0] < 1e-300
    assert {len(value) for value in VALUES["model.filters"]} >= {1, 2, 16}
    assert [value for value in VALUES["training.augmentation.flips"] if len(value) == 1] == [
        ["x"],
        ["y"],
        ["z"],
    ]
    assert "true" in VALUES["data.parameters"]


def test_companions_are_found() -> None:
    key = "training.performance.shard_nodes"
    assert companion(key, VALUES[key].index(True)) == ("reduction.method", "none")

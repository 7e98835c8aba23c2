"""Settings that a search tries."""

from __future__ import annotations

import pytest

from simulgenvae.search.space import (
    DECODER,
    EPOCHS,
    MEMBERS,
    RANGES,
    SECOND,
    STEPS,
    Space,
    is_written,
    value_of,
    with_values,
)
from simulgenvae.settings import Settings
from simulgenvae.settings.raw import FIELDS


def test_all_names_are_settings() -> None:
    for key in (DECODER, EPOCHS, MEMBERS, SECOND, STEPS, *(each.key for each in RANGES)):
        assert key in FIELDS


def test_defaults_are_within_the_ranges() -> None:
    for each in RANGES:
        default = value_of(Settings(), each.key)
        assert each.low < default < each.high
        assert each.step is None or (default - each.low) % each.step == 0
        for value in (each.low, each.high):
            with_values(Settings(), {each.key: int(value) if each.step else value})


@pytest.mark.parametrize(
    "key", [each.key for each in RANGES if each.decoder is None] + ["model.width"]
)
def test_what_the_user_has_written_is_not_searched(key: str) -> None:
    default = value_of(Settings(), key)
    assert key in Space.of(Settings(), None).keys
    for value in (default, 2 * default):
        written = with_values(Settings(), {key: value})
        assert is_written(written, key)
        assert key not in Space.of(written, None).keys


def test_settings_of_decoders_that_are_not_tried_are_left_alone() -> None:
    assert Space.of(Settings(), None).decoders == ("modulated",)
    assert DECODER not in Space.of(Settings(), None).keys
    assert "model.field_width" not in Space.of(Settings(), None).keys
    both = Space.of(Settings(), "field")
    assert both.decoders == ("modulated", "field")
    assert {DECODER, "model.field_width", "model.width"} <= set(both.keys)
    for key in (DECODER, SECOND):
        written = with_values(Settings(), {key: "field"})
        assert len(Space.of(written, "field").decoders) == 1


def test_the_first_values_are_those_of_the_user_and_the_defaults() -> None:
    settings = with_values(Settings(), {"model.width": 200})
    first, second = Space.of(settings, "field").defaults(settings)
    assert first[DECODER] == "modulated"
    assert "model.width" not in first
    assert second[DECODER] == "field"
    assert second["model.field_width"] == Settings().model.field_width
    assert first["training.end_to_end.weight_decay"] == 0.05


def test_new_values_keep_what_was_written() -> None:
    written = with_values(Settings(), {"model.width": 200})
    changed = with_values(written, {STEPS: 7})
    assert (changed.model.width, changed.training.end_to_end.steps) == (200, 7)
    assert not is_written(changed, "training.end_to_end.weight_decay")

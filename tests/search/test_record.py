"""Record of a search, in files and in the report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from simulgenvae.evaluation.figures.search import search_figure
from simulgenvae.evaluation.figures.style import png
from simulgenvae.evaluation.report.sections.search import choice
from simulgenvae.models.search_record import SearchRecord, TrialRecord

RATE = "training.end_to_end.learning_rate"


def trial(
    number: int,
    error: float | None,
    state: Any = "finished",
    values: dict[str, Any] | None = None,
) -> TrialRecord:
    return TrialRecord(
        number=number,
        settings={RATE: 0.005 * (number + 1), **(values or {})},
        steps=900,
        error=error,
        seconds=1.0,
        state=state,
    )


@pytest.fixture
def make_record() -> Callable[..., SearchRecord]:
    def make(**more: Any) -> SearchRecord:
        given: dict[str, Any] = {
            "budget": 60.0,
            "held_out": 8,
            "parts": 1,
            "trials": (
                trial(0, 0.03, values={"model.decoder": "modulated"}),
                trial(1, 0.05, "stopped", {"model.decoder": "field"}),
                trial(2, None, "failed"),
                trial(3, 0.02, values={"model.width": 256, "model.decoder": "modulated"}),
            ),
            "best": 3,
            "chosen": {RATE: 0.02},
            "default_error": 0.03,
            "best_error": 0.02,
        }
        return SearchRecord(**(given | more))

    return make


def test_the_choice_is_compared_with_the_defaults(make_record: Any) -> None:
    text = choice(make_record())
    assert "Trial 3 was the best: 2.00 %, where the defaults have 3.00 %" in text
    assert "Changed by the search: learning_rate 0.02." in text
    assert "None of 4 trials was better than the defaults" in choice(make_record(best=0))
    assert "No trial was finished" in choice(make_record(best=None, chosen={}))


def test_each_setting_has_a_panel(make_record: Any) -> None:
    record = make_record()
    assert record.keys == (RATE, "model.decoder", "model.width")
    figure = search_figure(record)
    assert [axes.get_xlabel() for axes in figure.axes] == ["learning_rate", "decoder", "width"]
    drawn = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    assert drawn["chosen"] == pytest.approx([2.0])
    assert drawn["stopped early"] == pytest.approx([5.0])  # what failed has no error
    assert png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "wrong",
    [
        {"trials": (trial(1, 0.1),)},
        {"best": 4},
        {"chosen": {"Model": 1}},
        {"chosen": {"model.decoder": "<script>"}},
        {"chosen": {RATE: float("nan")}},
        {"default_error": -1.0},
        {"surprise": 1},
    ],
)
def test_a_record_of_a_stranger_is_checked(make_record: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make_record(**wrong)


def test_nothing_is_lost_in_a_file(make_record: Any) -> None:
    record = make_record()
    assert SearchRecord.model_validate_json(record.model_dump_json()) == record


def test_what_is_unknown_is_left_out_of_a_file_and_read_back(make_record: Any) -> None:
    for record in (make_record(), make_record(trials=(), best=None, default_error=None)):
        left = record.model_dump(mode="json", exclude_none=True)
        assert SearchRecord.model_validate(left) == record

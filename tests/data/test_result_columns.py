"""Tables of predicted designs, read as tables of designs."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest

from simulgenvae.data.condition_files import Known, read_conditions
from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.conditions import Conditions, LeftOut
from simulgenvae.data.designs_from import conditions_from, designs_from
from simulgenvae.data.result_columns import result_columns
from simulgenvae.errors import UserError
from simulgenvae.export.result_table import Cell, ResultRow, write_result_table

RESULTS = ["peak", "peak_lower", "peak_upper", "expected_error", "novelty", "warnings"]
KNOWN = Known(("speed", "material"), ((), ("PLA", "steel")))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Table of two designs, as ``predict --table`` writes it; not everything is known of b."""
    rows = [
        ResultRow(
            name,
            {"speed": Cell(speed, "m/s"), "material": Cell("steel")},
            error,
            novelty=0.5,
            quantities={
                "peak": Cell(3.5, "K"),
                "peak_lower": Cell(3.0, "K"),
                "peak_upper": Cell(4.0, "K"),
            },
            carried={"comment": f"of {name}"},
        )
        for name, speed, error in (("a", 0.1, 0.02), ("b", 1 / 3, None))
    ]
    write_result_table(rows, tmp_path / "answers.csv")
    return tmp_path / "answers.csv"


@pytest.mark.parametrize("known", [KNOWN, None])
def test_results_are_left_out_with_a_note(table: Path, known: Known | None) -> None:
    found = read_conditions(table, known)
    assert found.conditions.ids == ("a", "b")
    assert found.conditions.names == ("speed", "material")
    assert found.conditions.table[:, 0].tolist() == [0.1, 1 / 3]
    assert [each.name for each in found.conditions.carried] == ["comment"]
    assert f"{table}: results of a prediction are left out: {', '.join(RESULTS)}" in found.notes


def test_data_frames_with_results(table: Path, caplog: pytest.LogCaptureFixture) -> None:
    frame = pd.read_csv(table).drop(columns="comment")
    known = Conditions(("x", "y"), ("speed",), np.array([[1.0], [2.0]]))
    scaler = ConditionScaler.fit(known)
    with caplog.at_level(logging.INFO):
        found = designs_from(frame.drop(columns="material"), scaler)
    assert (found.names, found.values()) == (("speed",), [[0.1], [1 / 3]])
    assert "results of a prediction are left out: peak" in caplog.text
    assert conditions_from(frame).names == ("speed", "material")


@pytest.mark.parametrize(
    ("names", "known", "results"),
    [
        # Parameters that are called so come first, and results have a _ behind their names.
        ("novelty peak expected_error novelty_ warnings", "", "expected_error novelty_ warnings"),
        ("expected_error expected_error_ novelty warnings", "", "expected_error_ novelty warnings"),
        ("a a_ a_lower a_upper expected_error novelty", "", "a_ a_lower a_upper expected_error novelty"),
        ("T T_lower T_upper expected_error novelty", "T", "expected_error novelty"),
        # A model knows its parameters.
        ("novelty speed expected_error", "novelty", ""),
        ("speed expected_error novelty", "expected_error novelty speed", ""),
        ("speed expected_error true_error novelty comment", "", "expected_error true_error novelty"),
        # No table of results: bands alone, or one name.
        ("T T_lower T_upper", "", ""),
        ("speed novelty", "", ""),
    ],
)  # fmt: skip
def test_results_are_known_by_their_order(names: str, known: str, results: str) -> None:
    assert result_columns(names.split(), known.split()) == results.split()


def test_results_in_another_order_are_no_parameters(tmp_path: Path) -> None:
    table = tmp_path / "sorted.csv"
    table.write_text("id,novelty,expected_error,speed\na,0.5,0.1,1\nb,0.4,0.2,2\n")
    with pytest.raises(UserError, match=r"'novelty' and 'expected_error' are results of a pred"):
        read_conditions(table)
    # A model knows that they are none, and its message names them.
    with pytest.raises(UserError, match="not known: novelty, expected_error"):
        read_conditions(table, Known(("speed",)))


def test_columns_of_one_value_are_no_results() -> None:
    known = Conditions(
        ("x", "y"),
        ("speed",),
        np.array([[1.0], [2.0]]),
        left_out=(LeftOut(name="novelty", value=3.0),),
    )
    scaler = ConditionScaler.fit(known)
    with pytest.raises(UserError, match="no parameter 'expected_error'"):
        designs_from({"speed": 1, "expected_error": 1, "novelty": 4}, scaler)

"""Tables of predicted designs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from simulgenvae.export.result_table import Cell, ResultRow, write_result_table

ROWS = [
    ResultRow(
        "a",
        {"speed": Cell(0.1, "m/s"), "material": Cell("steel")},
        expected_error=0.02,
        novelty=None,
        warnings=("one", "two"),
        # The names of other columns may be taken.
        carried={"novelty": "none, as agreed"},
        quantities={"peak": Cell(3.5, "K")},
    ),
    ResultRow("b", {"speed": Cell(1 / 3, "m/s"), "material": Cell("PLA")}, None, 0.5),
]


def test_csv_has_units_in_its_header_and_exact_numbers(tmp_path: Path) -> None:
    write_result_table(ROWS[:1], tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert found == [
        {
            "id": "a",
            "speed [m/s]": "0.1",
            "material": "steel",
            "peak [K]": "3.5",
            "expected_error": "0.02",
            "novelty": "",
            "warnings": "one; two",
            "novelty_": "none, as agreed",
        }
    ]


def test_json_has_an_object_for_each_design(tmp_path: Path) -> None:
    write_result_table(ROWS, tmp_path / "t.json")
    first, second = json.loads((tmp_path / "t.json").read_text())
    assert first["inputs"] == {
        "speed": {"value": 0.1, "unit": "m/s"},
        "material": {"value": "steel"},
    }
    assert first["quantities"] == {"peak": {"value": 3.5, "unit": "K"}}
    assert (first["novelty"], first["warnings"]) == (None, ["one", "two"])
    assert second["inputs"]["speed"]["value"] == 1 / 3
    assert second["texts"] == {}

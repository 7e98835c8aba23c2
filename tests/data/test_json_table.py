"""JSON files as tables of parameters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest

from simulgenvae.data import json_table
from simulgenvae.data.condition_files import read_conditions
from simulgenvae.data.csv_table import read_table
from simulgenvae.errors import UserError
from simulgenvae.export.result_table import Cell, ResultRow, write_result_table

if TYPE_CHECKING:
    from pathlib import Path


def test_records_of_pandas_are_read_exactly(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "id": [f"r{k}" for k in range(12)],
            "speed [m/s]": np.random.default_rng(0).normal(size=12),
            "count": np.arange(12) ** 2,
            "material": ["steel", "copper"] * 6,
            "comment": ["first", *[None] * 11],
        }
    )
    frame.to_json(tmp_path / "t.json", orient="records", double_precision=15)
    conditions = read_conditions(tmp_path / "t.json").conditions
    assert conditions.ids == tuple(frame["id"])
    assert (conditions.names, conditions.units) == (("speed", "count", "material"), ("m/s", "", ""))
    np.testing.assert_allclose(conditions.table[:, 0], frame["speed [m/s]"], rtol=1e-14)
    assert conditions.levels[2] == ("copper", "steel")
    assert conditions.carried == (("comment", ("first", *[""] * 11)),)


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('[{"a": 0.1000000000000000055, "b": 12345678901234567890}]')
    assert read_table(tmp_path / "t.json").rows[1].cells == (
        "0.1000000000000000055",
        "12345678901234567890",
    )


def test_answers_are_read_as_their_csv_file_is(tmp_path: Path) -> None:
    rows = [
        ResultRow(
            design=name,
            inputs={"speed": Cell(1.5 + k, "m/s"), "load": Cell(k)},
            expected_error=0.01,
            novelty=0.5,
            warnings=("far", "novel"),
            carried={"comment": "made by hand"},
            quantities={f"peak{end}": Cell(3.0, "K") for end in ("", "_lower", "_upper")},
        )
        for k, name in enumerate("ab")
    ]
    for suffix in (".csv", ".json"):
        write_result_table(rows, tmp_path / f"t{suffix}")
    found = [read_conditions(tmp_path / f"t{suffix}") for suffix in (".csv", ".json")]
    by_csv, by_json = (each.conditions for each in found)
    assert (by_json.ids, by_json.names, by_json.units) == (
        ("a", "b"),
        ("speed", "load"),
        ("m/s", ""),
    )
    np.testing.assert_array_equal(by_json.table, by_csv.table)
    assert by_json.carried == by_csv.carried
    assert "results of a prediction are left out: peak" in found[1].notes[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ('{"a": [1, 2]}', "is a list with an object for each run"),
        ("[1, 2]", "is a list with an object for each run"),
        ('[{"a": 1}, {"a": [1]}]', "'a' of object 2 is no number or text"),
        ('[{"a": {"b": 1}}]', "'a' of object 1 is no number or text"),
        ("[]", "empty"),
    ],
)
def test_what_is_no_table(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(UserError, match=f"t.json: .*{message}"):
        read_table(tmp_path / "t.json")


def test_a_key_that_is_missing_is_an_empty_cell(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps([{"a": 1, "b": 2}, {"b": 3, "a": None}, {"b": 4}]))
    assert [row.cells for row in read_table(tmp_path / "t.json").rows] == [
        ("a", "b"),
        ("1", "2"),
        ("", "3"),
        ("", "4"),
    ]


def test_a_large_file_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.json").write_text('[{"a": 1}]')
    with pytest.raises(UserError, match="larger than 0 MB"):
        json_table.read_json(tmp_path / "t.json", 5)

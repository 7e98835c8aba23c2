"""Tables of parameters: reading, validation, scaling."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simulgenvae.data.conditions import Conditions, ConditionScaler, read_conditions
from simulgenvae.errors import UserError


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "params.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    "text",
    [
        "id,speed,size\na,1,2\nb,3,4\n",
        "speed,ID,size\n1,a,2\n3,b,4\n",
        "\ufeffid;speed;size\r\na;1;2\r\nb;3;4\r\n",
        "id\tspeed\tsize\na\t1\t2\nb\t3\t4",
        '"id","speed","size"\n"a","1","2"\n\n"b","3.0","4e0"\n',
        ",speed,size\na,1,2\nb,3,4\n",
    ],
)
def test_tables_with_ids(tmp_path: Path, text: str) -> None:
    conditions, has_ids = read_conditions(write(tmp_path, text))
    assert has_ids
    assert conditions.ids == ("a", "b")
    assert conditions.names == ("speed", "size")
    assert conditions.table.tolist() == [[1, 2], [3, 4]]


def test_header_without_ids(tmp_path: Path) -> None:
    conditions, has_ids = read_conditions(write(tmp_path, "speed\n1.5\n2.5\n"))
    assert not has_ids
    assert conditions.ids == ("0", "1")
    assert conditions.table.tolist() == [[1.5], [2.5]]


def test_numbers_alone_are_rows_not_a_header(tmp_path: Path) -> None:
    conditions, has_ids = read_conditions(write(tmp_path, "1,2\n3,4\n"))
    assert not has_ids
    assert (conditions.ids, conditions.names) == (("0", "1"), ("p0", "p1"))
    assert len(conditions) == 2


def test_ids_without_a_header(tmp_path: Path) -> None:
    conditions, has_ids = read_conditions(write(tmp_path, "run_a,2\nrun_b,4\n"))
    assert has_ids
    assert conditions.ids == ("run_a", "run_b")


def test_names_match_columns_in_any_order(tmp_path: Path) -> None:
    conditions, _ = read_conditions(write(tmp_path, "id,size,speed\nx,2,1\n"), names=("speed", "size"))
    assert conditions.names == ("speed", "size")
    assert conditions.table.tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,speed,size\na,1,2\nb,fast,4\n", ["params.csv, line 3", "'speed'", "'fast'"]),
        ("id;speed\na;1,5\n", ["line 2", "'speed'", "point"]),
        ("1,2\n3,x\n", ["line 2", "'p1'", "'x'"]),
        ("1,abc\n3,4\n", ["line 1", "column 2", "'abc'"]),
        ("abc,1\n3,4\n", ["line 1", "column 1", "'abc'"]),
        ("speed\nnan\n", ["line 2", "'speed'", "finite"]),
        ("speed\ninf\n", ["line 2", "'speed'", "finite"]),
        ("speed\n1_000\n", ["line 2", "'1_000'"]),
        ("a,b\n1,\n", ["line 2", "'b'", "''"]),
        ("", ["empty"]),
        ("\n \n", ["empty"]),
        ("id,speed\n", ["no rows"]),
        ("id\na\n", ["no parameters"]),
        ("id,speed\na,1\na,2\n", ["'a'", "more than once"]),
        ("id,speed\n../a,1\n", ["'../a'"]),
        ("id,speed,speed\na,1,2\n", ["'speed'", "more than once"]),
        ("id,speed\na,1,2\n", ["line 2", "3 cells"]),
        ("id,speed,\na,1,2\n", ["no name"]),
    ],
)
def test_bad_tables_say_where(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        read_conditions(write(tmp_path, text))
    for word in ["params.csv", *words]:
        assert word in str(caught.value)


def test_missing_and_extra_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"missing: size; not known: colour"):
        read_conditions(write(tmp_path, "speed,colour\n1,2\n"), names=("speed", "size"))
    with pytest.raises(UserError, match="1 columns without names, but 2"):
        read_conditions(write(tmp_path, "1\n2\n"), names=("speed", "size"))


def test_wrong_encoding_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="UTF-8"):
        read_conditions(write(tmp_path, "id,größe\na,1\n", "utf-16"))
    with pytest.raises(UserError, match="no such file"):
        read_conditions(tmp_path / "none.csv")


def test_select_keeps_order() -> None:
    conditions = Conditions(("a", "b", "c"), ("p",), np.array([[1.0], [2.0], [3.0]]))
    assert conditions.select([2, 0]).ids == ("c", "a")
    assert conditions.select(np.array([2, 0])).table.tolist() == [[3], [1]]


def scaled(values: list[float]) -> tuple[ConditionScaler, Conditions]:
    conditions = Conditions(tuple(map(str, range(len(values)))), ("p",), np.array(values)[:, None])
    return ConditionScaler.fit(conditions), conditions


@given(arrays(np.float64, (6, 2), elements=st.floats(-1e6, 1e6, width=32), unique=True))
def test_scaled_parameters_have_zero_mean_and_unit_deviation(table: np.ndarray) -> None:
    conditions = Conditions(tuple("abcdef"), ("p", "q"), table)
    try:
        scaler = ConditionScaler.fit(conditions)
    except UserError:  # numbers that differ by rounding alone
        return
    values = scaler.transform(conditions)
    assert np.allclose(values.mean(axis=0), 0, atol=1e-3)
    assert np.allclose(values.std(axis=0), 1, atol=1e-3)
    assert scaler.outside(conditions) == []


@given(st.floats(1e-300, 1e300))
def test_scale_of_units_does_not_matter(unit: float) -> None:
    scaler, conditions = scaled([1 * unit, 2 * unit, 4 * unit])
    reference, plain = scaled([1, 2, 4])
    assert np.allclose(scaler.transform(conditions), reference.transform(plain))


def test_logarithm_where_positive_and_more_than_a_decade() -> None:
    assert scaled([1, 10.1])[0].logarithm == (True,)
    assert scaled([1, 9.9])[0].logarithm == (False,)
    assert scaled([-1, 100])[0].logarithm == (False,)
    assert scaled([0, 100])[0].logarithm == (False,)
    scaler, conditions = scaled([1e-3, 1e-1, 1e1])
    assert np.allclose(scaler.transform(conditions)[:, 0], [-(1.5**0.5), 0, 1.5**0.5])


def test_constant_parameter_is_named() -> None:
    conditions = Conditions(("a", "b"), ("speed", "size"), np.array([[1.0, 0.1], [2.0, 0.1]]))
    with pytest.raises(UserError, match="constant parameter 'size'"):
        ConditionScaler.fit(conditions)


def test_values_outside_the_trained_range_are_named() -> None:
    scaler, _ = scaled([1.0, 2.0, 3.0])
    warnings = scaler.outside(Conditions(("new", "in"), ("p",), np.array([[3.5], [3.0000001]])))
    assert len(warnings) == 1
    assert all(word in warnings[0] for word in ("'new'", "p = 3.5", "1 to 3"))


def test_transform_refuses_other_names_and_non_positive_values() -> None:
    scaler, _ = scaled([1.0, 100.0])
    with pytest.raises(UserError, match="trained with p"):
        scaler.transform(Conditions(("a",), ("q",), np.array([[1.0]])))
    with pytest.raises(UserError, match="'a': p = 0 must be positive"):
        scaler.transform(Conditions(("a",), ("p",), np.array([[0.0]])))


def test_scaler_survives_json() -> None:
    scaler, _ = scaled([0.1, 0.3, 700.0])
    assert ConditionScaler.from_dict(json.loads(json.dumps(scaler.to_dict()))) == scaler


@pytest.mark.parametrize(
    "change",
    [
        {"scale": [0.0]},
        {"scale": [float("nan")]},
        {"scale": [1.0, 2.0]},
        {"names": [1]},
        {"logarithm": [1]},
        {"more": []},
    ],
)
def test_scaler_from_a_damaged_file(change: dict[str, object]) -> None:
    with pytest.raises(UserError, match="scaling of the parameters"):
        ConditionScaler.from_dict(scaled([1.0, 2.0])[0].to_dict() | change)

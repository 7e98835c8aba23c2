"""Tables of parameters as people write them, one or a folder of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulgenvae.data.condition_files import Known, read_condition_files, read_conditions
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
    conditions, has_ids, _ = read_conditions(write(tmp_path, text))
    assert has_ids
    assert conditions.ids == ("a", "b")
    assert conditions.names == ("speed", "size")
    assert conditions.table.tolist() == [[1, 2], [3, 4]]


def test_header_without_ids(tmp_path: Path) -> None:
    conditions, has_ids, _ = read_conditions(write(tmp_path, "speed\n1.5\n2.5\n"))
    assert not has_ids
    assert conditions.ids == ("0", "1")
    assert conditions.table.tolist() == [[1.5], [2.5]]


def test_rows_of_numbers_are_no_header(tmp_path: Path) -> None:
    conditions, has_ids, _ = read_conditions(write(tmp_path, "1,2\n3,4\n"))
    assert not has_ids
    assert (conditions.ids, conditions.names) == (("0", "1"), ("p0", "p1"))
    assert len(conditions) == 2


def test_ids_without_a_header(tmp_path: Path) -> None:
    conditions, has_ids, _ = read_conditions(write(tmp_path, "run_a,2\nrun_b,4\n"))
    assert has_ids
    assert conditions.ids == ("run_a", "run_b")


def test_names_match_columns_in_any_order(tmp_path: Path) -> None:
    conditions, _, _ = read_conditions(
        write(tmp_path, "id,size,speed\nx,2,1\n"), Known(("speed", "size"))
    )
    assert conditions.names == ("speed", "size")
    assert conditions.table.tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,speed,size\na,1,2\nb,fast,4\n", ["params.csv, line 3", "'speed'", "'fast'"]),
        ("id;speed\na;1,500\n", ["line 2", "'speed'", "point"]),
        ("1,2\n3,x\n", ["line 2", "'p1'", "'x'"]),
        ("1,abc\n3,4\n", ["line 1", "column 2", "'abc'"]),
        ("abc,1\n3,4\n", ["line 1", "column 1", "'abc'"]),
        ("speed\nnan\n", ["line 2", "'speed'", "finite"]),
        ("speed\ninf\n", ["line 2", "'speed'", "finite"]),
        ("speed\n1_000\n", ["line 2", "'1_000'"]),
        ("a,b\n1,\n", ["line 2", "'b'", "empty"]),
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
        read_conditions(write(tmp_path, "speed,colour\n1,2\n"), Known(("speed", "size")))
    with pytest.raises(UserError, match="1 columns without names, but 2"):
        read_conditions(write(tmp_path, "1\n2\n"), Known(("speed", "size")))


def test_wrong_encoding_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="UTF-8"):
        read_conditions(write(tmp_path, "id,größe\na,1\n", "utf-16"))
    with pytest.raises(UserError, match="no such file"):
        read_conditions(tmp_path / "none.csv")


def test_a_folder_of_tables_in_natural_order(tmp_path: Path) -> None:
    for name in ("run10", "run2"):
        (tmp_path / f"{name}.csv").write_text(f"speed\n{name[3:]}\n")
    conditions, has_ids, _ = read_condition_files(tmp_path)
    assert has_ids
    assert conditions.ids == ("run2", "run10")
    assert conditions.table.tolist() == [[2], [10]]
    (tmp_path / "run3.CSV").write_text("size\n3\n")
    with pytest.raises(
        UserError, match=r"run3\.CSV: has the columns size, but run2\.csv has speed"
    ):
        read_condition_files(tmp_path)

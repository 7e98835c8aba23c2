"""Workbooks of Excel as tables of parameters."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import openpyxl
import pytest

from simulgenvae.data.condition_files import read_conditions
from simulgenvae.data.csv_table import read_table
from simulgenvae.data.workbook import read_workbook
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_numbers_are_exactly_those_of_the_sheet(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["id", "a", "material", None],
        ["r1", 0.1, "steel", None],
        ["r2", 1 / 3, "copper", None],
    ]
    rows.append(["r3", 12, "steel", None])
    conditions, has_ids, _ = read_conditions(workbook(tmp_path / "t.xlsx", DOE=rows))
    assert has_ids
    assert conditions.ids == ("r1", "r2", "r3")
    assert conditions.values() == [[0.1, "steel"], [1 / 3, "copper"], [12.0, "steel"]]


def test_the_first_sheet_with_rows_is_read_and_others_are_named(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", empty=[], DOE=[["a"], [1]], notes=[["by", "me"]])
    table = read_table(path)
    assert [row.cells for row in table.rows] == [("a",), ("1",)]
    assert "'DOE' is read, not 'notes'" in table.notes[0]


def test_errors_name_the_row_of_the_sheet(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", DOE=[["a", "b"], [1, 2], [None, None], [3, None]])
    with pytest.raises(UserError, match=r"t\.xlsx, line 4, column 'b': the cell is empty"):
        read_conditions(path)


def test_what_is_no_workbook(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="cannot be read as an Excel workbook"):
        read_table(tmp_path / "t.xlsx")
    (tmp_path / "t.xls").write_bytes(b"\xd0\xcf")
    with pytest.raises(UserError, match=r"save it as \.xlsx"):
        read_table(tmp_path / "t.xls")
    with pytest.raises(UserError, match="no rows"):
        read_table(workbook(tmp_path / "e.xlsx", empty=[]))


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 2_000_000)
    with pytest.raises(UserError, match="unpacks to more than 1 MB"):
        read_workbook(tmp_path / "t.xlsx", 1_000_000)

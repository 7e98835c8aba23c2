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


def test_a_sheet_is_chosen_by_its_name(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", DOE=[["a"], [1]], more=[["b"], [2]])
    table = read_table(tmp_path / "t.xlsx:more")
    assert [row.cells for row in table.rows] == [("b",), ("2",)]
    assert not table.notes
    with pytest.raises(UserError, match=r"no sheet 'none'; the workbook has 'DOE', 'more'"):
        read_table(tmp_path / "t.xlsx:none")
    with pytest.raises(UserError, match=r"u\.xlsx: no such file"):
        read_table(path.with_name("u.xlsx:DOE"))


def test_formulas_count_with_their_stored_values(tmp_path: Path) -> None:
    # openpyxl writes formulas without values, as other scripts do.
    path = workbook(tmp_path / "t.xlsx", DOE=[["a", "b"], [1, 2], [3, "=A3*2"]])
    with pytest.raises(UserError, match=r"sheet 'DOE', cell B3: a formula without a stored value"):
        read_table(path)
    parts = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            parts[name] = archive.read(name).replace(b"<v></v>", b"<v>6</v>")
            parts[name] = parts[name].replace(b"<v />", b"<v>6</v>")
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    assert [row.cells for row in read_table(path).rows][2] == ("3", "6")


def test_rows_of_formulas_alone_are_noticed(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", DOE=[["a"], [1], ["=A2*2"]])
    with pytest.raises(UserError, match=r"cell A3: a formula"):
        read_table(path)


@pytest.mark.parametrize("cell", ["XFD1", "A99999999999"])
def test_huge_sheets_are_refused_before_they_are_read(
    tmp_path: Path, cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulgenvae.data.workbook._MOST_ROWS", 10_000)
    rows: list[list[object]] = [["a"]]
    rows += [[k] for k in range(4000)]
    path = workbook(tmp_path / "t.xlsx", DOE=rows)
    row = "".join(filter(str.isdigit, cell))
    more = f'<row r="{row}"><c r="{cell}"><v>1</v></c></row></sheetData>'.encode()
    if row == "1":
        more = b"</sheetData>"
    parts = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            parts[name] = archive.read(name).replace(b"</sheetData>", more)
            if row == "1":
                last = f'<c r="{cell}"><v>1</v></c></row><row r="2"'.encode()
                parts[name] = parts[name].replace(b'</row><row r="2"', last)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    with pytest.raises(UserError, match=r"sheet 'DOE' has more than"):
        read_table(path)

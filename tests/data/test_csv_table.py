"""Rows of text from the tables that spreadsheets and scripts write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from simulgenvae.data.csv_table import read_table
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path


def numbers(folder: Path, text: str, name: str = "table.csv") -> tuple[tuple[str, ...], object]:
    (folder / name).write_text(text)
    table = read_table(folder / name)
    values = [[table.number(cell) for cell in row.cells] for row in table.rows[1:]]
    return table.rows[0].cells, values


@pytest.mark.parametrize(
    "text",
    [
        "a;b;;\n0.5;2;;\n1.25;4;;\n",
        "a;b;;\n0.5;2\n1.25;4\n",
        "a;b\n0.5;2;;\n1.25;4;\n",
        "a;;b\n0.5;;2\n1.25;;4\n",
        "sep=;\na;b\n0.5;2\n1.25;4\n",
        '"sep=;"\r\na;b\r\n0.5;2\r\n1.25;4\r\n',
        "% Model: plate.mph\n% of today, with commas\na;b\n0.5;2\n1.25;4\n",
        "# a;b\n0.5;2\n1.25;4\n",
        "% Version: COMSOL 6\n% a, b\n0.5,2\n1.25,4\n",
        "a;b\n0,5;2\n1,25;4\n",
        'a,b\n"0,5",2\n"1,25",4\n',
        "a\tb\n0,5\t2\n1,25\t4\n",
        "a;b\n[mm];[Pa]\n0.5;2\n1.25;4\n",
        "a,b\nmm,1/s\n0.5,2\n1.25,4\n",
        "a;b\n0.5;2\n# half way;\n1.25;4\n",
    ],
)
def test_what_surrounds_the_numbers_is_no_row(tmp_path: Path, text: str) -> None:
    assert numbers(tmp_path, text) == (("a", "b"), [[0.5, 2.0], [1.25, 4.0]])


def test_columns_between_blanks_with_the_header_of_numpy(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(3, 2))
    np.savetxt(tmp_path / "t.txt", values, header="a b", fmt="%.17g")
    header, read = numbers(tmp_path, (tmp_path / "t.txt").read_text(), "t.txt")
    assert header == ("a", "b")
    assert read == values.tolist()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# one\n# two\na,b\n1,2\n", ["2 comment lines"]),
        ("id;a\n;[mm]\nr0;1\n", ["line 2", "units", "[mm]"]),
        ("a;b\n0,5;2\n", ["decimal commas"]),
    ],
)
def test_what_is_left_out_is_said(tmp_path: Path, text: str, words: list[str]) -> None:
    (tmp_path / "t.csv").write_text(text)
    notes = read_table(tmp_path / "t.csv").notes
    assert len(notes) == 1
    assert all(word in notes[0] for word in ["t.csv", *words])


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("a;b\n1,234;2\n5,678;4\n", ("1,234", "2")),  # thousands, or not
        ("a;b\n1,5;2.5\n", ("1,5", "2.5")),  # commas and points
        ("id;a\nr0;-\nr1;2\n", ("r0", "-")),  # a missing value of a run with a name
        ("a,b\nn/a,n/a\n1,2\n", ("n/a", "n/a")),
    ],
)
def test_what_is_ambiguous_stays_as_it_is(tmp_path: Path, text: str, row: tuple[str]) -> None:
    (tmp_path / "t.csv").write_text(text)
    table = read_table(tmp_path / "t.csv")
    assert table.rows[1].cells == row
    assert not table.decimal_comma


def test_lines_are_counted_from_the_top_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("sep=;\n% a comment\n\na;b\n1;2\n3;4;5\n")
    with pytest.raises(UserError, match=r"t\.csv, line 6: 3 cells, but the first row has 2"):
        read_table(tmp_path / "t.csv")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252", "latin-1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_of_spreadsheets(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = delimiter.join(["größe", "α"]) if "8" in encoding else delimiter.join(["größe", "ä"])
    text = text.replace("α", "ä") if encoding == "cp1252" else text
    (tmp_path / "t.csv").write_bytes(f"{text}\r\n1{delimiter}2\r\n".encode(encoding))
    table = read_table(tmp_path / "t.csv")
    assert [row.cells for row in table.rows] == [tuple(text.split(delimiter)), ("1", "2")]
    guessed = encoding in {"cp1252", "latin-1"}
    assert any("read as Windows-1252" in note for note in table.notes) == guessed


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a,b\n1,\x002\n", "not a text file"),
        (b"a,b\n\xff\x01,2\n", "not UTF-8 text"),
        (b"\xff\xfea\x00,", "damaged UTF-16"),
    ],
)
def test_what_is_no_text(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(UserError, match=rf"t\.csv: {words}"):
        read_table(tmp_path / "t.csv")


def test_comments_with_delimiters_between_rows(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n# later, slower, and twice\n3,4\n")
    table = read_table(tmp_path / "t.csv")
    assert [row.cells for row in table.rows] == [("a", "b"), ("1", "2"), ("3", "4")]
    assert "a comment line is left out" in table.notes[0]


def test_a_table_larger_than_memory_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulgenvae.utils.resources.available_memory", lambda: 1_000_000)
    (tmp_path / "t.csv").write_text("a,b\n" + "1,2\n" * 10_000)
    with pytest.raises(UserError, match=r"a table of 20,002 cells needs 1\.4 MB of memory"):
        read_table(tmp_path / "t.csv")

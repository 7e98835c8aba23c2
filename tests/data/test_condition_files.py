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


def test_what_is_no_text_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"not a text file .*save the table as UTF-8"):
        read_conditions(write(tmp_path, "id,größe\na,1\n", "utf-16-le"))
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


def test_hidden_files_in_a_folder_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("a\n1\n2\n")
    (tmp_path / "._p.csv").write_bytes(b"\0\5\26\7")
    assert read_condition_files(tmp_path)[0].names == ("a",)


TWELVE = range(12)


def test_a_text_column_is_a_category(tmp_path: Path) -> None:
    rows = [f"{('steel', 'PLA, filled')[k % 2]!r},{k}" for k in TWELVE]
    text = "material,a\n" + "\n".join(rows).replace("'", '"') + "\n"
    conditions, has_ids, _ = read_conditions(write(tmp_path, text))
    assert not has_ids
    assert conditions.levels == (("PLA, filled", "steel"), ())
    assert conditions.table[:3].tolist() == [[1, 0], [0, 1], [1, 2]]
    assert conditions.values()[:2] == [["steel", 0.0], ["PLA, filled", 1.0]]


def test_unknown_values_of_a_category_name_the_known_ones(tmp_path: Path) -> None:
    known = Known(("a", "material"), ((), ("copper", "steel")))
    path = write(tmp_path, "material,a\nsteel,1\n")
    assert read_conditions(path, known).conditions.values() == [[1.0, "steel"]]
    with pytest.raises(UserError, match=r"line 3, column 'material': 'wood'.*'copper', 'steel'"):
        read_conditions(write(tmp_path, "material,a\nsteel,1\nwood,2\n"), known)
    more = read_conditions(path.with_name("params.csv"), known._replace(more_levels=True))
    assert more.conditions.levels[1] == ("copper", "steel", "wood")


def test_texts_that_differ_in_every_row_name_the_runs(tmp_path: Path) -> None:
    text = "a,run,file\n" + "".join(f"{k},run_{k},f{k}.vtu\n" for k in TWELVE)
    conditions, has_ids, notes = read_conditions(write(tmp_path, text))
    assert has_ids
    assert conditions.ids[:2] == ("run_0", "run_1")
    assert conditions.names == ("a",)
    assert "'run'" in notes[0]
    assert [(each.name, each.value) for each in conditions.left_out] == [("file", None)]
    # Such a column of later designs is accepted.
    known = Known(conditions.names, conditions.levels, conditions.left_out)
    again, _, _ = read_conditions(write(tmp_path, "run,a,file\nnew,1,x.vtu\n"), known)
    assert (again.ids, again.names) == (("new",), ("a",))


@pytest.mark.parametrize("name", ["Unnamed: 0", "index", "Run", "nr"])
@pytest.mark.parametrize("first", [0, 1])
def test_columns_that_count_rows_are_asked_about(tmp_path: Path, name: str, first: int) -> None:
    text = f"{name},a\n" + "".join(f"{k + first},{k**2}\n" for k in TWELVE)
    with pytest.raises(UserError, match=f"{name}.*call it 'id'.*delete it"):
        read_conditions(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n3,\n", ["line 3", "'b'", "empty"]),
        ("m,b\nsteel,2\n,3\nsteel,4\n", ["line 3", "'m'", "empty"]),
        ("m,b\n304,1\n316L,2\n304,3\n", ["line 3", "'316L'", "category"]),
        ("a,b\n1,5,2,5\n", ["line 2", "4 cells", "semicolons"]),
    ],
)
def test_columns_that_are_nothing_say_what_to_do(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    with pytest.raises(UserError) as caught:
        read_conditions(write(tmp_path, text))
    for word in ["params.csv", *words]:
        assert word in str(caught.value)


def test_constants_of_the_study_may_be_in_later_tables(tmp_path: Path) -> None:
    text = "a,rho,m\n" + "".join(f"{k},1000,steel\n" for k in TWELVE)
    conditions = read_conditions(write(tmp_path, text)).conditions.without_constants()
    assert conditions.names == ("a",)
    assert [(each.name, each.value) for each in conditions.left_out] == [
        ("rho", 1000.0),
        ("m", "steel"),
    ]
    known = Known(conditions.names, conditions.levels, conditions.left_out)
    again = read_conditions(write(tmp_path, "rho,a\n1000,7\n"), known).conditions
    assert again.table.tolist() == [[7]]
    with pytest.raises(UserError, match=r"'rho': '1200', but the column is 1000\.0 in all runs"):
        read_conditions(write(tmp_path, "rho,a\n1200,7\n"), known)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("part", [f"t{max(k, 1)}" for k in TWELVE]),  # too many different texts
        ("part", [f"t{k}" for k in TWELVE]),
        ("part", ["", *(f"t{k}" for k in TWELVE[1:])]),
        ("Comment", ["ok"] * 11 + ["restarted"]),
        ("notes", ["", "3", "ok"] * 4),
    ],
)
def test_texts_that_are_no_category_are_carried_along(
    tmp_path: Path, name: str, texts: list[str]
) -> None:
    rows = [f"r{k},{k},{text}" for k, text in enumerate(texts)]
    table = read_conditions(write(tmp_path, "\n".join([f"id,a,{name}", *rows])))
    assert table.conditions.names == ("a",)
    assert table.conditions.carried == ((name, tuple(texts)),)
    assert table.conditions.select([3, 1]).carried == ((name, (texts[3], texts[1])),)
    different = len(set(texts))
    assert f"column '{name}' (text, {different} different values in 12 runs)" in table.notes[-1]
    assert table.notes[-1].endswith("is carried along, not learned from")


def test_comments_do_not_name_runs(tmp_path: Path) -> None:
    table = read_conditions(write(tmp_path, "a,comment\n1,first\n2,second\n"))
    assert not table.has_ids
    assert table.conditions.carried == (("comment", ("first", "second")),)


def test_texts_of_later_tables_are_carried_along_and_numbers_refused(tmp_path: Path) -> None:
    known = Known(("a",))
    table = read_conditions(write(tmp_path, "id,a,by\nx,1,Ann\ny,2,Ann\n"), known)
    assert table.conditions.carried == (("by", ("Ann", "Ann")),)
    with pytest.raises(UserError, match="not known: b"):
        read_conditions(write(tmp_path, "id,a,b\nx,1,3\n"), known)


@pytest.mark.parametrize(
    "text",
    [
        "id,speed [m/s],size(mm) \na,1,2\n",
        "id;speed (m/s);size(mm)\na;1;2\n",
        "id,speed,size(mm)\n,[m/s],-\na,1,2\nb,3,4\n",
        "id,speed,size(mm)\nunits,m/s,\na,1,2\nb,3,4\n",
        "id,speed [m/s],size(mm)\n-,m/s,\na,1,2\nb,3,4\n",
    ],
)
def test_units_in_the_header_or_below_it(tmp_path: Path, text: str) -> None:
    conditions = read_conditions(write(tmp_path, text)).conditions
    assert conditions.names == ("speed", "size(mm)")
    assert conditions.units == ("m/s", "")
    assert conditions.table[0].tolist() == [1, 2]


def test_two_units_of_one_column(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"params\.csv: column 'speed' has two units, m/s and km/h"):
        read_conditions(write(tmp_path, "speed [m/s]\nkm/h\n1\n2\n"))


def test_units_are_compared_and_not_converted(tmp_path: Path) -> None:
    known = Known(("speed", "size"), units=("m/s", ""))
    other = write(tmp_path, "size,speed [km/h]\n2,1\n")
    with pytest.raises(UserError, match=r"'speed' is in km/h, but in m/s in the study: convert"):
        read_conditions(other, known)
    for header in ("size,speed [m / s]", "size,speed"):
        conditions = read_conditions(write(tmp_path, header + "\n2,1\n"), known).conditions
        assert conditions.units == ("m/s", "")
    table = read_conditions(write(tmp_path, "size [mm],speed\n2,1\n"), known)
    assert "'size' is in mm, and the study does not know its unit" in table.notes[-1]


def test_parameters_of_earlier_studies_have_units_in_their_names(tmp_path: Path) -> None:
    path = write(tmp_path, "id,speed (m/s)\na,1\n")
    conditions = read_conditions(path, Known(("speed (m/s)",))).conditions
    assert (conditions.names, conditions.units) == (("speed (m/s)",), ("",))

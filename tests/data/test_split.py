"""The split: complete, disjoint, repeatable, from a seed or a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.data.split import Split, make_split, split_replaced
from simulgenvae.errors import UserError
from simulgenvae.settings import DataSettings


def ids(count: int) -> tuple[str, ...]:
    return tuple(f"run{k}" for k in range(count))


fractions = st.floats(0, 0.35)


@given(st.integers(8, 200), fractions, fractions, st.integers(0, 5))
def test_every_run_is_in_exactly_one_part(
    runs: int, validation: float, test: float, seed: int
) -> None:
    chosen = DataSettings(validation_fraction=validation, test_fraction=test, split_seed=seed)
    split = make_split(ids(runs), chosen, None)
    assert sorted((*split.train, *split.validation, *split.test)) == sorted(ids(runs))
    for part, fraction in ((split.validation, validation), (split.test, test)):
        assert abs(len(part) - fraction * runs) <= 0.5 or (len(part) == 1 and fraction > 0)
        assert bool(part) == (fraction > 0)
    assert make_split(ids(runs)[::-1], chosen, None).test == split.test[::-1]


@pytest.mark.parametrize(
    ("runs", "sizes"),
    [
        (2, (2, 0, 0)),
        (3, (2, 0, 1)),
        (4, (2, 1, 1)),
        (5, (3, 1, 1)),
        (12, (8, 3, 1)),
        (30, (20, 7, 3)),
        (100, (80, 10, 10)),
    ],
)
def test_few_runs(runs: int, sizes: tuple[int, int, int]) -> None:
    split = make_split(ids(runs), DataSettings(), None)
    assert (len(split.train), len(split.validation), len(split.test)) == sizes


def test_the_seed_matters() -> None:
    assert make_split(ids(50), DataSettings(split_seed=1), None) != make_split(
        ids(50), DataSettings(), None
    )


def test_too_few_runs() -> None:
    with pytest.raises(UserError, match="only 1 run"):
        make_split(ids(1), DataSettings(), None)
    with pytest.raises(UserError, match="1 is left for training"):
        make_split(ids(5), DataSettings(validation_fraction=0.45, test_fraction=0.45), None)


def test_a_written_split_is_read_again(tmp_path: Path) -> None:
    names = ("a,b", 'say "x"', "ü", "r4", "5")
    split = make_split(names, DataSettings(), None)
    with split_replaced(tmp_path / "split.csv", split):
        pass
    assert make_split(names, DataSettings(split_seed=9), tmp_path / "split.csv") == split
    assert [path.name for path in tmp_path.iterdir()] == ["split.csv"]
    with (
        pytest.raises(UserError, match="cannot be written"),
        split_replaced(tmp_path / "none" / "split.csv", split),
    ):
        pass


@pytest.mark.parametrize("split", [None, Split(("c",), (), ())])
def test_the_old_split_stays_when_the_data_fail(tmp_path: Path, split: Split | None) -> None:
    path = tmp_path / "split.csv"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), split_replaced(path, split):
        raise KeyboardInterrupt
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("split.csv", "old")]
    with split_replaced(path, split):
        assert path.read_text() == "old"
    assert [file.read_text() for file in tmp_path.iterdir()] == (
        [] if split is None else ["id,split\nc,train\n"]
    )


def test_file_accepts_short_names_and_other_orders(tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_text("\ufeffSplit;ID\nVal;b\ntrain;a\ntest;d\nTraining;c\n")
    split = make_split(("a", "b", "c", "d"), DataSettings(), tmp_path / "split.csv")
    assert split == Split(("a", "c"), ("b",), ("d",))
    assert {use: rows.tolist() for use, rows in split.rows(("d", "c", "b", "a")).items()} == {
        "train": [3, 1],
        "validation": [2],
        "test": [0],
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,split\na,train\nb,train\n", "does not say what these runs are for: 'c'"),
        ("id,split\na,train\nb,train\nc,test\nx,test\n", "line 5: the data have no run 'x'"),
        ("id,split\na,train\nb,train\na,test\n", "line 4: run 'a' is named a second time"),
        ("id,split\na,train\nb,train\nc,exam\n", "line 4: 'exam' is none of"),
        ("id,split\na,train\nb,val\nc,test\n", "1 is left for training"),
        ("a,train\nb,train\nc,test\n", "must begin with the columns id,split"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "split.csv").write_text(text)
    with pytest.raises(UserError, match=rf"split\.csv.*{words}"):
        make_split(("a", "b", "c"), DataSettings(), tmp_path / "split.csv")


def test_rows_of_runs_that_are_not_there() -> None:
    with pytest.raises(UserError, match="'c'"):
        Split(("a",), ("b",), ("c",)).rows(("a", "b"))

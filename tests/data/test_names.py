"""Rules for names, and names in messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulgenvae.data.names import check_ids, check_names, listed, natural_key, prefix_errors
from simulgenvae.errors import UserError


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["a", ""], "parameter 2 has no name"),
        (["a\n"], "must be printable"),
        ([" a"], "without blanks around it"),
        (["a" * 201], "at most 200 characters"),
        (["a", "b", "a"], "parameter 'a' occurs more than once"),
    ],
)
def test_bad_names_are_refused(names: list[str], reason: str) -> None:
    check_names(["a", "b c", "ü"], "parameter")
    with pytest.raises(UserError, match=reason):
        check_names(names, "parameter")


@pytest.mark.parametrize("name", ["..", ".", "a/b", "..\\b", "/etc"])
def test_ids_that_lead_out_of_a_folder_are_refused(name: str) -> None:
    check_ids(["a.b", "..a"])
    with pytest.raises(UserError, match="must not contain"):
        check_ids([name])


def test_natural_order() -> None:
    names = ["run10", "Run2", "run1", "run2", "a"]
    assert sorted(names, key=natural_key) == ["a", "run1", "Run2", "run2", "run10"]


def test_ten_names_are_listed() -> None:
    assert listed(["a", "b"]) == "'a', 'b'"
    assert listed([str(k) for k in range(12)]).endswith("'9' and 2 more")


@pytest.mark.parametrize("message", ["too long", "a.csv, line 3: too long"])
def test_a_file_is_named_once(message: str) -> None:
    with pytest.raises(UserError) as error, prefix_errors(Path("a.csv")):
        raise UserError(message)
    assert str(error.value).count("a.csv") == 1

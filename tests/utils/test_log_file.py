from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from simulgenvae.errors import UserError
from simulgenvae.training.interrupt import Interrupted
from simulgenvae.utils.log_file import LogFile, end_logs, open_log_file


def _lines(text: str) -> list[str]:
    """Return the lines without their time of day, which each of them has."""
    found = [re.fullmatch(r"\d\d:\d\d:\d\d  (.*)", line) for line in text.splitlines()]
    assert all(found), text
    return [line[1] for line in found if line]


def test_a_file_is_begun_anew_or_appended_to_and_each_line_is_there_at_once(tmp_path: Path) -> None:
    for text, append in (("old", False), ("first", False), ("second", True)):
        with LogFile(tmp_path / "a.log", "training", append=append) as file:
            file.line(text)
            assert _lines((tmp_path / "a.log").read_text())[-1] == text
    found = [line.split(",")[0] for line in _lines((tmp_path / "a.log").read_text())]
    assert found == [
        "training starts",
        "first",
        "finished",
        "training continues",
        "second",
        "finished",
    ]


def test_work_that_is_refused_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("earlier")
    with pytest.raises(UserError), LogFile(tmp_path / "a.log", "training"):
        raise UserError("no data")
    assert (tmp_path / "a.log").read_text() == "earlier"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Interrupted("Stopped; go on."), "interrupted: Stopped; go on."),
        (KeyboardInterrupt(), "interrupted"),
        (UserError("the loss is NaN"), "ended with an error: the loss is NaN"),
        (MemoryError(), "ended with an error: MemoryError"),
    ],
)
def test_a_file_says_how_the_work_ended(tmp_path: Path, error: BaseException, text: str) -> None:
    with suppress(type(error)), LogFile(tmp_path / "a.log", "training") as file:
        file.line("step 1")
        raise error
    assert _lines((tmp_path / "a.log").read_text())[-1] == text


def test_a_file_says_that_another_process_ends_the_work(tmp_path: Path) -> None:
    with LogFile(tmp_path / "a.log", "training") as file:
        end_logs("nothing has been written yet")
        file.line("step 1")
        end_logs("rank 1: the disk is full")
        assert (
            _lines((tmp_path / "a.log").read_text())[-1]
            == "ended with an error: rank 1: the disk is full"
        )


def test_the_file_is_found_within_its_context(tmp_path: Path) -> None:
    assert open_log_file() is None
    with LogFile(tmp_path / "a.log", "training") as file:
        assert open_log_file() is file
    assert open_log_file() is None


def test_a_full_disk_is_named_with_the_file(tmp_path: Path, files_of_at_most: Any) -> None:
    with (
        pytest.raises(UserError, match=r"a\.log could not be written"),
        LogFile(tmp_path / "a.log", "training") as file,
        files_of_at_most(10),
    ):
        file.line("begun")

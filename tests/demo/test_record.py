"""What the demo has finished is in a file of its folder."""

from pathlib import Path

import pytest

from simulgenvae.demo.record import FILE, Options, Record
from simulgenvae.errors import UserError


def test_attempts_add_up_and_only_the_last_finishes(tmp_path: Path) -> None:
    record = Record.open(tmp_path, Options())
    assert not record.was_begun("train")
    with pytest.raises(KeyboardInterrupt), record.doing("train", tmp_path):
        raise KeyboardInterrupt
    again = Record.open(tmp_path, Options())
    assert again.was_begun("train")
    assert not again.is_finished("train")
    before = again.steps["train"].seconds
    assert before > 0.0
    with again.doing("train", tmp_path):
        assert sum(range(100_000)) > 0
    finished = Record.open(tmp_path, Options())
    assert finished.is_finished("train")
    assert finished.seconds == finished.steps["train"].seconds > before
    assert finished.steps["train"].processor_seconds > 0.0


def test_folders_that_hold_something_else_are_refused(tmp_path: Path) -> None:
    with Record.open(tmp_path, Options(quick=True)).doing("solve", tmp_path):
        pass
    with pytest.raises(UserError, match="begun with other options"):
        Record.open(tmp_path, Options())
    (tmp_path / FILE).write_text("{")
    with pytest.raises(UserError, match="damaged"):
        Record.open(tmp_path, Options(quick=True))
    (tmp_path / FILE).rename(tmp_path / "thesis.txt")
    with pytest.raises(UserError, match="not an empty folder"):
        Record.open(tmp_path, Options(quick=True))

"""File of a search: what is kept, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulgenvae.errors import UserError
from simulgenvae.search.history import History, Prepared, Started, Trained
from simulgenvae.settings import Settings
from simulgenvae.training.identity import TrainingIdentity

IDENTITY = TrainingIdentity(Settings(), "data", ("end_to_end",), ("a", "b"), ("c",))
EVENTS = (
    Prepared(spent=1.5, rest=2.0, seconds_per_step={"modulated": 0.1}),
    Started(spent=1.6, values={"model.width": 384, "training.end_to_end.weight_decay": 0.1}),
    Trained(spent=3.0, trial=0, steps=10, error=0.123456789012345678, seconds=1.4),
    Trained(spent=4.0, trial=0, steps=30, error=None, seconds=1.0),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "folder/search.jsonl"
    history = History(path)
    history.begin(60.0, IDENTITY)
    for event in EVENTS:
        history.add(event)
    return path


def test_it_is_read_as_it_was_written(file: Path) -> None:
    history = History(file)
    history.read(IDENTITY)
    assert tuple(history.events) == EVENTS
    assert (history.budget, history.spent, history.record) == (60.0, 4.0, None)


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_line_that_was_not_finished_does_not_count(file: Path, cut: int) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:-cut])
    history = History(file)
    history.read(IDENTITY)
    assert tuple(history.events) == EVENTS[:-1]
    history.add(EVENTS[-1])
    assert file.read_bytes() == content


def test_another_training_is_refused(file: Path) -> None:
    other = TrainingIdentity(Settings(), "other data", ("end_to_end",), ("a", "b"), ("c",))
    with pytest.raises(UserError, match="belongs to another training: data was data and is other"):
        History(file).read(other)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b'{"format": 2}',
        b"[" * 100_000,
        b'{"event": "started", "spent": 1, "values": {"model.width": [1]}}',
        b'{"event": "started", "spent": 1, "values": {"__class__": 1}}',
        b'{"event": "trained", "spent": 1, "trial": 0, "steps": 1, "error": -1, "seconds": 1}',
        b'{"event": "run", "spent": 1}',
        b"\x80\x04.",
    ],
)
def test_a_file_of_a_stranger_is_checked(file: Path, line: bytes) -> None:
    first, *_ = file.read_bytes().splitlines()
    lines = [first, line] if line.startswith(b'{"event') else [line]
    file.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(UserError, match="is no search of this version"):
        History(file).read(IDENTITY)


def test_links_are_not_followed(file: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    with pytest.raises(UserError, match="a link"):
        History(file).read(IDENTITY)
    History(file).begin(1.0, IDENTITY)
    assert elsewhere.read_bytes() == before


def test_without_a_file_it_is_in_memory() -> None:
    history = History(None)
    history.begin(5.0, IDENTITY)
    history.add(EVENTS[0])
    assert history.spent == 1.5

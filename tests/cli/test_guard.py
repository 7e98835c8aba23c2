"""Errors that nobody expected: one message, and the traceback in a file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulgenvae.cli.guard import FAULT, guarded


def test_an_unexpected_error_is_one_message_and_a_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def work(_: object) -> None:
        error = IndexError("list index\nout of range")
        error.add_note("while reading run_7.vtu, timestep 3")
        raise error

    assert guarded(work) == FAULT
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.startswith(
        "error: unexpected IndexError: list index out of range, while reading run_7.vtu, timestep 3"
    )
    name = re.search(r"\S+\.txt", said)
    assert name is not None
    assert "in work" in Path(name[0]).read_text()


def test_an_error_of_one_of_several_ranks_reaches_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr("simulgenvae.distributed.failures.watch_other_ranks", _watching)

    def work(_: object) -> None:
        raise IndexError

    with pytest.raises(IndexError):
        guarded(work)


def _watching(*_: object) -> object:
    from contextlib import nullcontext

    return nullcontext()

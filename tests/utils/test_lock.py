"""Two processes at the same files: one is refused, and a dead one is in nobody's way."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from simulgenvae.errors import UserError
from simulgenvae.utils.lock import only_one


def _lock(file: Path, work: str = "train", wait: float = 0.0) -> Any:
    return only_one(file, work, subject="the study", advice="Wait.", wait=wait)


def _hold(file: Path, ready: Connection) -> None:
    with _lock(file, "ingest"):
        ready.send(os.getpid())
        signal.pause()


@pytest.fixture
def held(tmp_path: Path) -> Any:
    """Return the lock file, and the process that holds it."""
    # A copy of this process: starting Python takes seconds.
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_hold, args=(tmp_path / ".lock", there))
    process.start()
    assert here.recv() == process.pid
    yield tmp_path / ".lock", process
    process.kill()
    process.join()


def test_another_process_is_refused_and_told_who_works(held: Any) -> None:
    file, process = held
    with (
        pytest.raises(UserError, match=rf"the study: ingest \(process {process.pid} on .*Wait\."),
        _lock(file),
    ):
        pass
    assert file.exists()


def test_a_killed_process_holds_nothing(held: Any, tmp_path: Path) -> None:
    file, process = held
    process.kill()
    process.join()
    assert file.exists()
    with _lock(file):
        pass
    assert list(tmp_path.iterdir()) == []


def test_it_waits_for_one_that_ends(held: Any) -> None:
    file, process = held
    end = threading.Timer(0.2, process.kill)
    end.start()
    with _lock(file, wait=10):
        pass


def test_who_holds_it_may_enter_again(tmp_path: Path) -> None:
    with _lock(tmp_path / ".lock"):
        with _lock(tmp_path / ".lock"):
            pass
        assert (tmp_path / ".lock").exists()
        refused: list[str] = []
        thread = threading.Thread(target=_try, args=(tmp_path / ".lock", refused.append))
        thread.start()
        thread.join()
        assert "the study" in refused[0]
    assert list(tmp_path.iterdir()) == []


def _try(file: Path, say: Callable[[str], object]) -> None:
    try:
        with _lock(file):
            say("")
    except UserError as error:
        say(str(error))


def test_a_strangers_lock_file_prints_nothing_odd(held: Any) -> None:
    file, _ = held
    file.write_bytes(b"\x1b[31mtrain\n\x07" + b"x" * 10_000)
    with pytest.raises(UserError) as error, _lock(file):
        pass
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 500


def test_a_folder_that_is_missing_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"), _lock(tmp_path / "a" / ".lock"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux")
def test_where_nothing_can_be_written_nobody_else_is_blamed() -> None:
    with pytest.raises(UserError, match="cannot be written"), _lock(Path("/proc/.lock")):
        pass

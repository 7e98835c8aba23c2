"""Nothing half-written stays, even while a library's threads are still writing."""

import contextlib
import threading
import time
from pathlib import Path

import pytest

from simulgenvae.errors import UserError
from simulgenvae.utils.atomic import written_whole


def _keep_writing(folder: Path) -> None:
    end = time.monotonic() + 0.1
    while time.monotonic() < end:
        with contextlib.suppress(FileNotFoundError):
            folder.mkdir(exist_ok=True)
            (folder / f"{time.monotonic_ns()}").touch()


def _fail(path: Path) -> None:
    with written_whole(path) as temporary:
        temporary.mkdir()
        threading.Thread(target=_keep_writing, args=(temporary,)).start()
        raise OSError(28, "No space left on device")


def test_a_failed_folder_is_removed_while_a_thread_still_writes_into_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the disk is full"):
        _fail(tmp_path / "p.zarr")
    assert list(tmp_path.iterdir()) == []


def test_success_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with written_whole(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "new")]

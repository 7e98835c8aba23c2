"""Nothing half-written stays, even while a library's threads are still writing."""

import contextlib
import threading
import time
from pathlib import Path

import pytest

from simulgenvae.errors import UserError
from simulgenvae.utils.atomic import atomic_write, atomic_write_together, ensure_folder


def _keep_writing(folder: Path) -> None:
    end = time.monotonic() + 0.1
    while time.monotonic() < end:
        with contextlib.suppress(FileNotFoundError):
            folder.mkdir(exist_ok=True)
            (folder / f"{time.monotonic_ns()}").touch()


def _fail(path: Path) -> None:
    with atomic_write(path) as temporary:
        temporary.mkdir()
        threading.Thread(target=_keep_writing, args=(temporary,)).start()
        raise OSError(28, "No space left on device")


def test_a_failed_folder_is_removed_while_a_thread_still_writes_into_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the disk is full"):
        _fail(tmp_path / "p.zarr")
    assert list(tmp_path.iterdir()) == []


def test_success_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with atomic_write(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "new")]


def test_files_that_belong_together_are_replaced_together(tmp_path: Path) -> None:
    paths = tmp_path / "one", tmp_path / "two"
    for path in paths:
        path.write_text("old")

    def write(fail: bool) -> None:
        with atomic_write_together(*paths) as temporaries:
            for temporary in temporaries:
                temporary.write_text("new")
                if fail:
                    raise OSError("disk full")

    with pytest.raises(UserError, match="disk full"):
        write(fail=True)
    assert [path.read_text() for path in paths] == ["old", "old"]
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    write(fail=False)
    assert [path.read_text() for path in paths] == ["new", "new"]
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_an_interrupted_replacement_of_a_folder_keeps_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "p.zarr"
    target.mkdir()
    (target / "old").touch()

    def interrupted(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt), atomic_write(target) as temporary:
        temporary.mkdir()
    assert list(tmp_path.rglob("*")) == [target, target / "old"]


def test_new_folders_are_removed_again_when_the_block_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError), ensure_folder(tmp_path / "a" / "b"):
        raise KeyError
    assert list(tmp_path.iterdir()) == []
    with ensure_folder(tmp_path / "a" / "b"):
        pass
    assert (tmp_path / "a" / "b").is_dir()

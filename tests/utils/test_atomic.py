"""Nothing half-written stays, even while a library's threads are still writing."""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from simulgenvae.errors import UserError
from simulgenvae.utils.atomic import (
    atomic_write,
    atomic_write_together,
    ensure_folder,
    link_or_copy,
    require_writable,
    write_line,
)


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


def _killed(path: Path, moved: bool) -> None:
    """Be killed while writing a file, or after the old one was moved aside."""
    with atomic_write(path) as temporary:
        temporary.write_text("half")
        if moved:
            path.rename(temporary.with_suffix(".old"))
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("moved", [False, True])
def test_what_killed_writers_leave_is_cleared_by_the_next_one(tmp_path: Path, moved: bool) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    (tmp_path / ".a.txt.1-0.tmp").write_text("a file of the user")
    for _ in range(3):
        writer = multiprocessing.get_context("fork").Process(target=_killed, args=(path, moved))
        writer.start()
        writer.join()
    assert len(list(tmp_path.iterdir())) == 4  # with the lock file
    with pytest.raises(KeyError), atomic_write(path):
        raise KeyError
    assert path.read_text() == "old"
    assert sorted(file.name for file in tmp_path.iterdir()) == [".a.txt.1-0.tmp", "a.txt"]


def test_two_writers_of_one_file(tmp_path: Path) -> None:
    refused = []

    def write() -> None:
        try:
            with atomic_write(tmp_path / "a.txt") as temporary:
                temporary.write_text("second")
        except UserError as error:
            refused.append(str(error))

    with atomic_write(tmp_path / "a.txt") as temporary:
        temporary.write_text("first")
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert "another command" in refused[0]
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.txt", "first")]


def test_a_folder_where_nothing_can_be_written(tmp_path: Path) -> None:
    require_writable(tmp_path / "not yet" / "there")
    (tmp_path / "file").touch()
    # A folder without rights would not stop root.
    with pytest.raises(UserError, match="nothing can be written here"):
        require_writable(tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_line_replaces_a_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    for text in ("first", "second"):
        write_line(path, text)
        assert path.read_bytes() == f"{text}\n".encode()
    assert [each.name for each in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("links", [True, False])
def test_a_further_name_of_a_file_or_a_copy(
    links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    target = tmp_path / "folder" / "target"
    source.write_text("content")
    if not links:  # as on a file system without them

        def refuse(*_: object) -> None:
            raise OSError("not supported")

        monkeypatch.setattr(os, "link", refuse)
    link_or_copy(source, target)
    link_or_copy(source, target)
    assert target.samefile(source) == links
    assert target.read_text() == "content"
    # A file that is replaced as a whole leaves the other name as it is.
    write_line(source, "changed")
    assert target.read_text() == "content"
    link_or_copy(source, target)
    assert target.read_text() == "changed\n"
    assert [path.name for path in target.parent.iterdir()] == ["target"]

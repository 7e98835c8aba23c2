"""Two commands in one study: the second is refused, unless it only reads."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from simulgenvae.study import Study
from simulgenvae.study import data as study_data


def _work(study: Path, ready: Connection) -> None:
    with Study(study).working("train"):
        ready.send(None)
        signal.pause()


@pytest.fixture
def busy(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return the process that works in the study."""
    monkeypatch.setattr(study_data, "SECONDS_FOR_LOCK", 0.1)
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(trained, there))
    process.start()
    here.recv()
    yield process
    process.kill()
    process.join()


def test_what_writes_is_refused(
    cli: Any, trained: Path, source: Path, tree: Any, busy: Any
) -> None:
    files = (source / "fields.npy", "--params", source / "params.csv", "--study", trained)
    before = tree(trained)
    for command in (
        ("train", trained, "--overwrite"),
        ("train", trained, "--resume"),
        ("evaluate", trained),
        ("learning-curve", trained),
        ("ingest", *files, "--overwrite"),
        ("ingest", *files, "--append"),
    ):
        done = cli(*command)
        assert done.code == 2, done.out + done.err
        assert f"{trained}: train (process {busy.pid} on" in done.err, done.err
        assert "Wait until it ends" in done.err
        assert tree(trained) == before


def test_what_reads_goes_on(cli: Any, trained: Path, make_runs: Any, busy: Any) -> None:
    table = make_runs().write_params(trained.parent / "new.csv", [0, 1])
    for command in (
        ("check", trained),
        ("predict", trained, "--params", table, "--out", trained.parent / "p.npz"),
        ("suggest", trained, "--out", trained.parent / "s.csv"),
    ):
        done = cli(*command)
        assert done.code == 0, done.err


def test_a_command_that_was_killed_is_in_nobodys_way(cli: Any, trained: Path, busy: Any) -> None:
    busy.kill()
    busy.join()
    assert (trained / ".lock").exists()
    assert cli("evaluate", trained).code == 0
    assert not (trained / ".lock").exists()


@pytest.mark.parametrize("folder", ["checkpoints", "model_save", "output"])
def test_training_says_at_once_that_it_cannot_write(cli: Any, trained: Path, folder: str) -> None:
    """A file in place of the folder stands for a folder without rights, which root ignores."""
    place = trained / folder
    if place.exists():
        place.rename(trained.parent / "moved")
    place.touch()
    done = cli("train", trained, "--overwrite")
    assert done.code == 2
    assert f"{place}: nothing can be written here" in done.err
    assert "vae" not in done.out

"""A preparation that is stopped anywhere goes on as if it had not been."""

from __future__ import annotations

import io
import multiprocessing
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from simulgenvae.cli.main import main
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.read_ahead import BLOCK_SNAPSHOTS
from simulgenvae.errors import UserError
from simulgenvae.reduction import reduce_runs
from simulgenvae.settings import ReductionSettings, Settings, StudyFolder
from simulgenvae.training.identity import TrainingIdentity
from simulgenvae.training.interrupt import Interrupted
from simulgenvae.training.log import TrainingLog
from simulgenvae.training.preparation_watch import PreparationWatch, watch_preparation
from simulgenvae.utils.progress import progress_on
from simulgenvae.utils.tensor_file import read_tensors

QUICK = [
    "--set",
    "training.vae.steps=1",
    "--set",
    "training.checkpoint_seconds=0.001",
    "--set",
    "training.device='cpu'",
]
IDENTITY = TrainingIdentity(Settings(), "waves", ("vae",), (), ())
ROWS = np.arange(4)


@pytest.fixture(scope="module")
def long_waves(make_waves: Callable[..., Dataset]) -> Dataset:
    """Six runs, each a block of its own; four are for training."""
    return make_waves(runs=6, timesteps=BLOCK_SNAPSHOTS, nodes=5)


class Stopping(Dataset):
    """Presses Ctrl-C while a run is read, counted from 1."""

    stop_at = 0
    runs = 0

    def read(self, index: int, out: np.ndarray) -> None:
        Stopping.runs += 1
        if Stopping.runs == Stopping.stop_at:
            signal.raise_signal(signal.SIGINT)
        super().read(index, out)


def _prepare(
    dataset: Dataset,
    folder: Path | None,
    *,
    resume: bool,
    identity: TrainingIdentity = IDENTITY,
    seconds: float = 1e9,
) -> tuple[np.ndarray, np.ndarray]:
    with watch_preparation(TrainingLog(None), folder, identity, seconds, resume=resume) as watch:
        pod, coefficients = reduce_runs(dataset, ROWS, ReductionSettings(), monitor=watch)
    return pod.arrays()["basis"], np.asarray(coefficients)


@pytest.mark.parametrize("at", range(5, 15))
def test_stopped_and_resumed_is_uninterrupted(long_waves: Dataset, tmp_path: Path, at: int) -> None:
    """Stops lie in both passes and between them; the pilot reads four runs before."""
    expected = _prepare(long_waves, None, resume=False)
    Stopping.stop_at, Stopping.runs = at, 0
    with pytest.raises(Interrupted, match="--resume"):
        _prepare(Stopping(**vars(long_waves)), tmp_path, resume=False)
    file = tmp_path / "preparing.safetensors"
    assert file.is_file()
    Stopping.stop_at, Stopping.runs = 0, 0
    found = _prepare(Stopping(**vars(long_waves)), tmp_path, resume=True)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert Stopping.runs <= 4 + (4 + 6) - (at - 5), "runs that were done are not read again"
    assert not file.exists()


def test_killed_and_resumed_is_uninterrupted(
    make_waves: Callable[..., Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL in the middle of a pass, then ``--resume``, as users do it."""
    monkeypatch.setenv(
        "OMP_NUM_THREADS", "1"
    )  # as in this process: sums depend on the number of threads
    dataset = make_waves(runs=24, timesteps=BLOCK_SNAPSHOTS, nodes=100)
    commands = []
    for name in ("whole", "killed"):
        study = StudyFolder(tmp_path / name)
        study.input_data.mkdir(parents=True)
        dataset.save(study.dataset)
        commands.append(["train", str(study.folder), "--stage", "vae", *QUICK])
    assert main(commands[0]) == 0
    process = multiprocessing.get_context("forkserver").Process(target=main, args=(commands[1],))
    process.start()
    file = tmp_path / "killed/checkpoints/preparing.safetensors"
    while not file.exists() and process.is_alive():
        time.sleep(0.001)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert file.exists(), "it was killed while it prepared"
    assert main([*commands[1], "--resume"]) == 0
    whole, killed = (
        read_tensors(tmp_path / name / "checkpoints/prepared.safetensors")[0]
        for name in ("whole", "killed")
    )
    assert all(torch.equal(whole[name], killed[name]) for name in whole)
    assert not file.exists()


def test_what_is_kept_is_not_resumed_unasked(long_waves: Dataset, tmp_path: Path) -> None:
    Stopping.stop_at, Stopping.runs = 7, 0
    with pytest.raises(Interrupted):
        _prepare(Stopping(**vars(long_waves)), tmp_path, resume=False)
    Stopping.stop_at, Stopping.runs = 0, 0
    _prepare(Stopping(**vars(long_waves)), tmp_path, resume=False)
    assert Stopping.runs == 4 + 4 + 6


def test_passes_of_another_training_and_damaged_ones_are_refused(
    long_waves: Dataset, tmp_path: Path
) -> None:
    Stopping.stop_at, Stopping.runs = 12, 0
    with pytest.raises(Interrupted):
        _prepare(Stopping(**vars(long_waves)), tmp_path, resume=False)
    with pytest.raises(UserError, match="data was waves and is others"):
        _prepare(long_waves, tmp_path, resume=True, identity=replace(IDENTITY, data="others"))
    file = tmp_path / "preparing.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(UserError, match="damaged"):
        _prepare(long_waves, tmp_path, resume=True)


def test_passes_are_saved_every_so_many_seconds(long_waves: Dataset, tmp_path: Path) -> None:
    """Copies as they are when a process is killed."""
    file, seen = tmp_path / "preparing.safetensors", []

    class Looking(Dataset):
        def read(self, index: int, out: np.ndarray) -> None:
            seen.append(file.exists())
            super().read(index, out)

    _prepare(Looking(**vars(long_waves)), tmp_path, resume=False, seconds=0.0)
    assert seen == [False] * 5 + [True] * 9
    assert not file.exists()


def test_state_of_another_shape_is_damage(tmp_path: Path) -> None:
    with watch_preparation(TrainingLog(None), tmp_path, IDENTITY, 0.0, resume=False) as watch:
        watch.resume("pass", 3, {"image": torch.zeros(2)})
        watch.advance("pass", 1)
        again = PreparationWatch(
            TrainingLog(None), tmp_path / "preparing.safetensors", IDENTITY, None, 0.0
        )
        with pytest.raises(UserError, match="damaged"):
            again.resume("pass", 3, {"image": torch.zeros(3)})
        with pytest.raises(UserError, match="damaged"):
            again.resume("pass", 3, {"other": torch.zeros(2)})
        assert again.resume("another pass", 3, {"image": torch.zeros(3)}) == 0


def test_passes_can_be_followed_in_lines(tmp_path: Path) -> None:
    out = io.StringIO()
    with (
        progress_on(Console(file=out)),
        TrainingLog(None, every=0.0) as log,
        watch_preparation(log, tmp_path, IDENTITY, 1e9, resume=False) as watch,
    ):
        watch.resume("sketch of 44", 3, {})
        watch.advance("sketch of 44", 1)
        watch.advance("sketch of 44", 3)
        watch.resume("projection", 5, {})
        watch.advance("projection", 5)
    # Both passes count as one phase, of which each is a half.
    start = "phase 1 of 1: reading  "
    assert [line[10:] for line in out.getvalue().splitlines()] == [
        f"{start}{share} % done" for share in (0, 16, 50, 99)
    ]

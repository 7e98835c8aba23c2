"""Passes over runs: which are read, in which order, and where an interrupted one continues."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import pyvista
import torch

from simulgenvae.data import read_ahead
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.reduction.monitor import Monitor
from simulgenvae.reduction.run_reader import LEAST_WEIGHT, RunReader


class _Recorder(Monitor):
    """Monitor that lets passes continue after ``done`` runs."""

    def __init__(self, done: int = 0) -> None:
        self.done = done
        self.calls: list[Any] = []

    def resume(self, name: str, total: int, state: dict[str, torch.Tensor]) -> int:
        self.calls.append((name, total))
        return self.done

    def advance(self, name: str, done: int) -> None:
        self.calls.append(done)


def test_runs_that_were_reduced_earlier_are_not_read(waves: Dataset) -> None:
    reduced: Any = SimpleNamespace(rows=np.array([0, 3]))
    runs = RunReader(waves, np.array([0, 1, 3, 5]), earlier=reduced)
    assert runs.rows_to_read.tolist() == [1, 2, 4, 5, 6, 7, 8, 9, 10, 11]
    assert runs.training_rows_to_read.tolist() == [1, 5]


@pytest.mark.parametrize("done", [0, 4])
def test_a_pass_is_followed_and_continues(
    waves: Dataset, monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    monkeypatch.setattr(read_ahead, "BLOCK_SNAPSHOTS", 16)  # two runs of eight timesteps
    recorder = _Recorder(done)
    runs = RunReader(waves, np.arange(3), monitor=recorder)
    rows = np.arange(1, 8)
    read = []
    for some, block in runs.monitored_blocks("pass", rows, {}):
        expected = np.concatenate([waves.run(int(row)) for row in some])
        np.testing.assert_array_equal(block, expected.reshape(len(block), -1))
        read += some.tolist()
    assert read == rows[done:].tolist()
    assert recorder.calls == [("pass", 7), *([2, 4, 6, 7] if done == 0 else [6, 7])]


def test_nodes_that_all_geometries_have_count_most(tmp_path: Path) -> None:
    for run in range(3):
        grid = pyvista.ImageData(
            dimensions=(5 + run, 4, 1), spacing=((1 + 0.3 * run) / (4 + run), 1 / 3, 1)
        ).cast_to_unstructured_grid()
        (tmp_path / f"runs/r{run}").mkdir(parents=True)
        for step in range(2):
            grid.point_data["T"] = np.asarray(grid.points)[:, 0] + step
            grid.save(tmp_path / f"runs/r{run}/t_{step}.vtu")
    options = IngestOptions(selection=RunPart(geometry="grid"))
    dataset, _ = build_dataset([tmp_path / "runs"], tmp_path / "d.zarr", options)
    weights = RunReader(dataset, np.array([0, 1])).node_weights
    assert weights is not None
    expected = np.array([LEAST_WEIGHT, np.sqrt(0.5), 1.0])
    np.testing.assert_allclose(np.unique(weights), expected)


def test_nodes_of_one_mesh_count_alike(waves: Dataset) -> None:
    assert RunReader(waves, np.arange(4)).node_weights is None

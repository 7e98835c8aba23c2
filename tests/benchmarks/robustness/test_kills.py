"""Writers that are killed at changes to files: what is there is whole, and the next writer tidies.

A short part of ``benchmarks/robustness/kills.py``, which kills whole commands.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.robustness.commands import state, temporaries
from benchmarks.robustness.operations import die_at
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.export import write_prediction
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.utils.tensor_file import write_tensors
from tests.export.conftest import random_prediction

Write = Callable[[Path, int], None]


def _dataset(folder: Path, value: int) -> None:
    conditions = Conditions(("a", "b", "c"), ("p",), np.array([[1.0], [2.0], [3.0]]))
    fields = np.full((3, 2, 5, 1), value, np.float32)
    dataset = Dataset.from_arrays(fields, conditions, coords=np.arange(5.0))
    dataset.save(folder / "dataset.zarr", overwrite=True)


def _checkpoint(folder: Path, value: int) -> None:
    write_tensors(folder / "last.safetensors", {"a": torch.full((1000,), value)}, {"step": value})


def _prediction(name: str) -> Write:
    def write(folder: Path, value: int) -> None:
        prediction = random_prediction(seed=value)
        path = folder / name
        mesh = Mesh(np.zeros((prediction.sizes["node"], 3)))
        write_prediction(prediction, mesh, path, overwrite=True)

    return write


WRITERS: dict[str, Write] = {
    "dataset": _dataset,
    "checkpoint": _checkpoint,
    ".npz": _prediction("p.npz"),
    ".zarr": _prediction("p.zarr"),
    ".pvd": _prediction("p.pvd"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_the_old_or_the_new_files_and_then_no_leftovers(name: str, tmp_path: Path) -> None:
    write = WRITERS[name]
    folder = tmp_path / "study"
    folder.mkdir()
    write(folder, 1)
    old = state(folder)
    write(folder, 2)
    new = state(folder)
    write(folder, 1)
    assert state(folder) == old != new
    changes = 1
    while _killed(write, folder, changes):
        found = {path: digest for path, digest in state(folder).items() if path in new}
        # A folder of several files is in its place before the file that names them.
        for path, digest in found.items():
            assert digest in (old[path], new[path]), (changes, path)
        write(folder, 1)
        assert state(folder) == old, changes
        assert temporaries(folder, tmp_path) == []
        # Each of the first changes; of hundreds of chunks some.
        changes += 1 + changes // 3
    assert changes > 1


def _killed(write: Write, folder: Path, change: int) -> bool:
    """Write in a copy of this process, which dies before one of its changes; False if it ends."""

    def work() -> None:
        die_at(folder, change, 0.0)()
        write(folder, 2)

    process = multiprocessing.get_context("fork").Process(target=_in_own_group, args=(work,))
    process.start()
    process.join()
    return process.exitcode != 0


def _in_own_group(work: Callable[[], None]) -> None:
    os.setpgid(0, 0)
    work()

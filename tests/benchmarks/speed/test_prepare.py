"""The script that times the preparation, on a study of a few numbers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("speed")
    sizes = ["--runs", "2", "3", "--timesteps", "6", "--nodes", "40", "--folder", str(folder)]
    found = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed.prepare", *sizes],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "200", "PATH": ""},
    )
    return found.stdout, folder


def test_it_prints_a_row_a_size(printed: tuple[str, Path]) -> None:
    text, _ = printed
    assert "6 timesteps, 40 nodes" in text
    for title in ("read once", "two products", "prepared in", "of the limit", "peak memory"):
        assert title in text
    assert sum(line.startswith(("│ 2 ", "│ 3 ")) for line in text.splitlines()) == 3, (
        "the table grows by a row"
    )


def test_runs_are_the_same_however_many_there_are(printed: tuple[str, Path]) -> None:
    _, folder = printed
    few, more = (Dataset.open(folder / f"pulses-{runs}x6x40.zarr") for runs in (2, 3))
    for run in range(2):
        np.testing.assert_array_equal(few.run(run), more.run(run))
    assert more.fields[...].min() >= 0.0
    assert more.fields[...].max() <= 1.0

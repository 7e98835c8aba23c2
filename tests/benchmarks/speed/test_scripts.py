"""The scripts that time training and prediction, on studies of a few numbers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SPEED = Path(__file__).parents[3] / "benchmarks" / "speed"
SMALL = ["--timesteps", "6", "--nodes", "40"]
CASES = {
    "train_step.py": (
        ["--runs", "6", "--timesteps", "6", "--nodes", "30", "40", "--steps", "2", "--repeats", "1"],
        ["│ 30 ", "│ 40 "],
    ),
    "train_to_error.py": (
        ["--runs", "8", *SMALL, "--minutes", "0.01", "--steps", "9", "--filters", "16", "8"],
        ["direct", "default"],
    ),
    "predict.py": (
        ["--runs", "8", *SMALL, "--designs", "5", "--repeats", "1"],
        ["bare product", "whole field", "5 designs"],
    ),
    "memory.py": (["--runs", "6", *SMALL], ["preparation", "training", "prediction", "│ 6 "]),
}


@pytest.mark.parametrize("script", CASES)
def test_it_prints_its_table(script: str, tmp_path: Path) -> None:
    arguments, texts = CASES[script]
    found = subprocess.run(
        [sys.executable, str(SPEED / script), *arguments, "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={"COLUMNS": "200", "PATH": "", "OMP_NUM_THREADS": "1"},
    )
    assert found.returncode == 0, found.stderr
    for text in texts:
        assert text in found.stdout

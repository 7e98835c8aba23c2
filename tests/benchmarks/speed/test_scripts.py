"""The scripts that time training and prediction, on studies of a few numbers."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from benchmarks.speed import memory, pulses

SMALL = ["--timesteps", "6", "--nodes", "40"]
CASES = {
    "train_step": (
        [
            "--runs",
            "6",
            "--timesteps",
            "6",
            "--nodes",
            "30",
            "40",
            "--steps",
            "2",
            "--repeats",
            "1",
        ],
        ["│ 30 ", "│ 40 "],
    ),
    "train_to_error": (
        ["--runs", "8", *SMALL, "--minutes", "0.01", "--steps", "9", "--filters", "16", "8"],
        ["direct", "default"],
    ),
    "own_meshes": (
        [
            *("--runs", "5", "--cells", "200", "--timesteps", "2", "--predictions", "1"),
            *("--kinds", "corresponding nodes"),
        ],
        ["5 runs of 200 cells", "of 2 x bare + sampling", "│ corresponding │"],
    ),
    "predict": (
        ["--runs", "8", *SMALL, "--designs", "5", "--repeats", "1"],
        ["bare product", "whole field", "5 designs"],
    ),
}


@pytest.mark.parametrize("script", CASES)
def test_it_prints_its_table(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, texts = CASES[script]
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "argv", [script, *arguments, "--folder", str(tmp_path)])
    importlib.import_module(f"benchmarks.speed.{script}").main()
    printed = capsys.readouterr().out
    for text in texts:
        assert text in printed


def test_the_most_memory_of_each_work_is_measured(tmp_path: Path) -> None:
    data = pulses.written(tmp_path, 6, 6, 40)
    study = tmp_path / "study"
    peaks = [
        memory.peak(work, data, study)
        for work in (memory.preparation, memory.training, memory.prediction)
    ]
    assert min(peaks) > 2**20
    assert peaks == sorted(peaks), "it is the most that this process ever held"

"""Public problem: the elastic block with half the training runs, and the same test runs."""

from __future__ import annotations

from pathlib import Path

from benchmarks.accuracy import elastic_block
from benchmarks.accuracy.problem import Problem


def make(train: int = 100, test: int = 100, seed: int = 0, archive: Path | None = None) -> Problem:
    """Draw runs from the wheel ``archive``; None for the one that is downloaded."""
    return elastic_block.make(train, test, seed, archive)

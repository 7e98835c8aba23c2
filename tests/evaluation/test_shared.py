"""Evaluations that several ranks make together, against those of one process."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.evaluation import evaluate
from simulgenvae.settings import EvaluationSettings, StudyFolder
from simulgenvae.surrogate.surrogate import Surrogate

PRESSURE = re.compile(r"/(rmse|max_error)/p\$x\$|/p\$x\$/metrics/(rmse|max_error|peak_value)/")
"""Places of errors in Pa."""


def assert_alike(found: Any, expected: Any, where: str = "") -> None:
    """Compare all except times; batches of another size are rounded otherwise, in float32."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for key in expected.keys() - {"timing", "fit_seconds", "figures", "date"}:
            assert_alike(found[key], expected[key], f"{where}/{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for position, each in enumerate(expected):
            assert_alike(found[position], each, f"{where}/{position}")
    elif isinstance(expected, float):
        # The pressure goes up to 1e5 Pa, where float32 has steps of 0.008 Pa, and the interval of two
        # runs is six times as wide.
        rounding = 0.05 if PRESSURE.search(where) else 1e-5
        assert found == pytest.approx(expected, rel=5e-3, abs=rounding), where
    else:
        assert found == expected, where


@pytest.mark.parametrize("count", [2, 3])
def test_ranks_find_what_one_process_does_and_the_first_writes_it(
    count: int,
    dataset: Dataset,
    trained: Surrogate,
    with_checkpoints: StudyFolder,
    tmp_path: Path,
    run_ranks: Callable[..., list[Any]],
) -> None:
    checks = EvaluationSettings(checks=("<i>hot: `T<script>` - 293",))

    def shared() -> dict[str, Any]:
        result = evaluate(dataset, trained, with_checkpoints, figures=False, evaluation=checks)
        return result.model_dump(mode="json")

    alone = shared()
    assert alone["stages"], "its stages are shared too"
    for written in tmp_path.glob("output/*"):
        written.unlink()
    for found in run_ranks(count, shared):
        assert_alike(found, alone)
    assert {path.name for path in with_checkpoints.output.iterdir()} == {
        "metrics.json",
        "report.html",
        "MODEL_CARD.md",
    }

"""A metric that is added from outside the package appears wherever metrics do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from simulgenvae.evaluation import evaluate
from simulgenvae.evaluation.metrics import METRICS, Metric, RunErrors, register
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.evaluation.summary import summary_table
from simulgenvae.settings import StudyFolder
from simulgenvae.utils.formatting import percent


def within_tenth(errors: RunErrors) -> np.ndarray:
    """Return the fraction of the values that are predicted to a tenth of the spread, ``[V]``."""
    error = np.abs(errors.prediction.astype(np.float64) - errors.truth)
    fraction: np.ndarray = (error < 0.1 * errors.scale.spread).mean(axis=(0, 1))
    return fraction


WITHIN_TENTH = Metric("within_tenth", "Within a tenth", within_tenth, text=percent, shown="median")


@pytest.fixture
def metric() -> Iterator[Metric]:
    before = dict(METRICS)
    register(WITHIN_TENTH)
    yield WITHIN_TENTH
    METRICS.clear()
    METRICS.update(before)


def test_a_metric_can_be_added_from_outside(
    metric: Metric, dataset: Any, surrogate: Any, study: StudyFolder
) -> None:
    evaluate(dataset, surrogate, study, figures=False)
    result = EvaluationResult.read(study.metrics_file)
    found = result.compared["prediction"].variables["p$x$"].metrics["within_tenth"]
    row = dataset.ids.index("run<10>")
    predicted = surrogate.predict(dataset.conditions.select([row, row + 1]))["fields"].to_numpy()
    truth = np.stack([dataset.run(row), dataset.run(row + 1)])
    spread = np.stack([dataset.run(i) for i in range(8)])[..., 1].std(dtype=np.float64)
    expected = (np.abs(predicted - truth)[..., 1] < 0.1 * spread).mean(axis=(1, 2))
    assert found.median == pytest.approx(np.median(expected), abs=0.02)
    console = Console(width=200)
    with console.capture() as captured:
        console.print(summary_table(result))
    assert "Within a tenth of the prediction: " in captured.get()
    page = study.report_file.read_text(encoding="utf-8")
    assert metric.title in page
    assert metric.cell(found) in page
    assert metric.title in study.model_card_file.read_text(encoding="utf-8")


def test_a_name_belongs_to_one_metric(metric: Metric) -> None:
    register(metric)  # again: nothing changes
    with pytest.raises(ValueError, match="'within_tenth' already"):
        register(Metric("within_tenth", "Another", within_tenth))

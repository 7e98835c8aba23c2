"""Quantities of interest of an evaluation against what follows from the fields."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.baselines import BASELINES
from simulgenvae.data.dataset import Dataset
from simulgenvae.evaluation import evaluate
from simulgenvae.evaluation.accuracy import measured_accuracies
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.evaluation.results.quantities import RunQuantity
from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.surrogate import Surrogate


def test_usual_quantities_of_test_runs(measured: EvaluationResult, dataset: Dataset) -> None:
    found = measured.quantities
    assert found is not None
    assert not found.declared
    assert found.calibration_runs == 2
    names = [each.name for each in found.found]
    assert names == [
        "maximum of T<script>",
        "mean of T<script>",
        "maximum of p$x$",
        "mean of p$x$",
    ]
    peak = found.found[0]
    assert list(peak.runs) == ["run<10>", "run<11>"]
    truth = [dataset.run(row)[..., 0].max() for row in (10, 11)]
    assert [run.truth for run in peak.runs.values()] == pytest.approx(truth)
    errors = [abs(run.error) for run in peak.runs.values()]
    assert peak.absolute_error.mean == pytest.approx(np.mean(errors))
    assert peak.relative_error == pytest.approx(np.mean(errors) / np.mean(truth))
    assert peak.worst_run == ["run<10>", "run<11>"][int(np.argmax(errors))]
    assert peak.coverage == peak.covered / 2
    assert peak.time_error is not None
    assert peak.place_error is not None
    assert found.found[1].place_error is None


def test_declared_quantities_of_baselines(
    dataset: Dataset, trained: Surrogate, study: StudyFolder
) -> None:
    wanted = {"peak": "max(`p$x$`)"}
    result = evaluate(dataset, trained, study, figures=False, quantities=wanted)
    assert result.quantities is not None
    (peak,) = result.quantities.found
    assert peak.baselines.keys() == BASELINES.keys()
    for name, errors in peak.baselines.items():
        # The same maximum is counted with the errors of the fields.
        by_field = result.compared[name].variables["p$x$"].metrics["peak_value"]
        assert errors.mean == pytest.approx(by_field.mean)
        assert errors.half_width == pytest.approx(by_field.half_width)
    row = measured_accuracies(result)[-1]
    assert row.title == "peak = max(`p$x$`)"
    assert result.best_baseline is not None
    assert row.baseline == peak.baselines[result.best_baseline.name]


def test_covered_and_error() -> None:
    run = RunQuantity(truth=1.0, prediction=1.5, std=0.2, lower=1.1, upper=1.9)
    assert (run.error, run.covered) == (0.5, False)
    assert RunQuantity(truth=1.0, prediction=1.5, std=1.0, lower=0.1, upper=2.9).covered

"""Head of the report: name, version, numbers of runs, errors with intervals, few runs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from simulgenvae.evaluation.accuracy import Accuracy, about_interval, accuracies, wins
from simulgenvae.evaluation.report.sections.headline import HEADLINE, Headline
from simulgenvae.evaluation.results import EvaluationResult, OverRuns
from simulgenvae.evaluation.results.base import half_width


def test_what_was_measured_comes_first(result: EvaluationResult, html: Callable[..., str]) -> None:
    page = html(HEADLINE, result)
    assert f"<h1>{result.name}</h1>" in page
    assert f"measured {result.date} UTC · SimulGenVAE {result.version}" in page
    assert "12 runs: 8 training, 2 validation, 2 test." in page
    assert "On 2 test runs that it has not seen, the surrogate&#39;s field is wrong by " in page


def test_the_table_has_fields_peaks_and_the_best_baseline(result: EvaluationResult) -> None:
    table = Headline.of(result).accuracy
    assert table.head[0] == "On 2 test runs"
    assert table.head[-1].startswith("Best baseline (")
    rows = {row[0]: row[1:] for row in table.rows}
    assert list(rows)[:2] == [
        "Whole field, all variables, relative to its variation",
        "T<script>: root mean square error",
    ]
    mean, largest, baseline = rows["p$x$: peak (highest value)"]
    assert all(" Pa" in cell for cell in (mean, largest, baseline))
    assert " ± " in mean
    assert mean.endswith(" %)")
    place = result.compared["prediction"].variables["p$x$"].metrics["peak_place"]
    assert rows["p$x$: place of the peak"][1] == f"{place.max:.3g}"


def test_few_runs_are_said_to_be_few(result: EvaluationResult, html: Callable[..., str]) -> None:
    page = html(HEADLINE, result)
    warning = page[page.index('<p class="warning">') :]
    assert "With only 2 runs it rests on the assumption" in warning
    assert "1 in 3. simulgenvae evaluate --folds 5 measures more." in warning
    assert "no interval" in about_interval(1, "test")
    assert "only" not in about_interval(10, "test")
    assert about_interval(10, "test").startswith("± is the 90 % t-interval of the mean over the 10")


def test_results_of_earlier_versions_have_no_peaks(result: EvaluationResult) -> None:
    prediction = result.compared["prediction"]
    variables = {
        name: found.model_copy(update={"metrics": {"rmse": found.rmse}})
        for name, found in prediction.variables.items()
    }
    old = result.model_copy(update={"trained_values": {}, "name": "", "date": "", "version": ""})
    found = list(accuracies(old, prediction.model_copy(update={"variables": variables}), None))
    assert len(found) == 3
    assert "(" not in found[1].mean()


def test_declared_quantities_are_in_the_table(result: EvaluationResult) -> None:
    declared = result.quantities.model_copy(update={"declared": True})
    table = Headline.of(result.model_copy(update={"quantities": declared})).accuracy
    assert table.rows[-4][0] == "maximum of T<script> = max(`T<script>`)"
    assert table.rows[-4][-1] == "–"


def test_a_run_is_won_by_the_smaller_error(result: EvaluationResult) -> None:
    first = result.compared["prediction"]
    assert wins(first, first) == 0
    worse = {run: 2 * error for run, error in first.per_run.items()}
    assert wins(first, first.model_copy(update={"per_run": worse})) == 2
    undefined = first.model_copy(update={"per_run": dict.fromkeys(first.per_run)})
    assert (wins(first, undefined), wins(undefined, first)) == (2, 0)


def test_the_interval_is_that_of_student() -> None:
    # Quantile of 4 degrees of freedom: 2.1318.
    found = OverRuns.of([1.0, 2.0, 3.0, 4.0, 5.0])
    assert found.half_width == pytest.approx(2.1318 * 2.5**0.5 / 5**0.5, rel=1e-4)
    assert half_width(np.ones(1)) is None


def test_values_in_percent_are_no_fractions() -> None:
    """Errors of a variable whose own unit is % are in its unit."""
    errors = OverRuns.of([1.0, 2.0])
    found = Accuracy("humidity: root mean square error", errors, errors, "%", size=60.0)
    assert (found.mean(), found.largest()) == ("1.5 % ± 3.2 (2.5 %)", "2 %")
    fraction = Accuracy("Whole field", OverRuns.of([0.01, 0.02]), None, is_fraction=True)
    assert (fraction.mean(), fraction.largest()) == ("1.5 % ± 3.2", "2.00 %")

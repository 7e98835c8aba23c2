"""The section says what was measured and on which runs, also where little is known."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulgenvae.evaluation.report.section import Section
from simulgenvae.evaluation.report.sections.uncertainty import UNCERTAINTY, measure_rows
from simulgenvae.evaluation.results import Combination, EvaluationResult
from simulgenvae.evaluation.results.uncertainty import (
    RunUncertainty,
    SplitUncertainty,
    Uncertainty,
)
from simulgenvae.surrogate.ensemble import interval_label

Html = Callable[[Section, EvaluationResult], str]


def _split(runs: int = 2, coverage: float = 0.875) -> SplitUncertainty:
    """Return the uncertainty of runs whose novelties are 0.5, 1.5, and so on."""
    per_run = {}
    for k in range(runs):
        per_run[f"run<{k}>"] = RunUncertainty(
            coverage=0.9,
            std=0.1,
            rmse=0.2,
            novelty=0.5 + k,
            expected_error=None,
            relative_l2=0.1,
        )
    return SplitUncertainty(
        runs=runs,
        coverage=coverage,
        coverage_of_runs=(0.9, 0.9, 0.905, 0.91, 0.91),
        interval_width=1.0,
        interval_width_to_rmse=3.5,
        sd_ratio=None,
        rank_correlation_with_error=0.75,
        rank_correlation_of_novelty_with_error=None,
        rank_correlation_of_expected_error_with_error=0.8,
        pit=(0.05,) * 20,
        per_run=per_run,
    )


@pytest.fixture
def uncertainty() -> Uncertainty:
    """Return the uncertainty of two runs of each split; one of the test runs is novel."""
    return Uncertainty(
        level=0.9,
        calibration_runs=12,
        left_out_coverage=(),
        splits={"validation": _split(coverage=0.9), "test": _split()},
    )


@pytest.fixture
def combined(result: EvaluationResult, uncertainty: Uncertainty) -> EvaluationResult:
    """Return a result of three networks with this uncertainty."""
    combination = Combination(members=3, weight=0.25, gaussian_processes="combined")
    return result.model_copy(update={"uncertainty": uncertainty, "combination": combination})


def test_numbers_with_what_they_should_be(
    html: Html, combined: EvaluationResult, uncertainty: Uncertainty
) -> None:
    page = html(UNCERTAINTY, combined)
    cells = ["Values inside the 90 % interval", "90.0 %", "87.5 %", "90 %"]
    assert "".join(f"<td>{cell}</td>" for cell in cells) in page
    assert "<th>validation (calibrated on)</th>" in page
    assert "The prediction combines 3 networks and Gaussian processes (weight 0.25)." in page
    assert "calibrated on 12 validation runs" in page
    assert "only" not in page
    for word in ("90 % interval", "sd_ratio", "PIT", "Novelty"):
        assert f"<dt>{word}</dt>" in page
    assert measure_rows(uncertainty, ("test",))[2][1:] == ("3.5", "up to 3.29")


@pytest.mark.parametrize(
    ("left_out", "words"),
    [
        ((0.98, 0.71, 0.9), "held 71 % to 98 % of its values."),
        ((), "its coverage on other runs is unknown."),
    ],
)
def test_few_runs_are_called_few(
    html: Html,
    combined: EvaluationResult,
    uncertainty: Uncertainty,
    left_out: tuple[float, ...],
    words: str,
) -> None:
    runs = max(1, len(left_out))
    few = uncertainty.model_copy(update={"calibration_runs": runs, "left_out_coverage": left_out})
    page = html(UNCERTAINTY, combined.model_copy(update={"uncertainty": few}))
    assert words in page
    assert "90 % interval" not in page
    assert interval_label(runs) in page


def test_novel_runs_are_named_as_text(html: Html, combined: EvaluationResult) -> None:
    page = html(UNCERTAINTY, combined)
    assert "Test runs with a novelty above 1: run&lt;1&gt; (1.5)." in page


def test_more_novel_runs_are_counted(
    html: Html, combined: EvaluationResult, uncertainty: Uncertainty
) -> None:
    many = uncertainty.model_copy(update={"splits": {"test": _split(runs=13)}})
    page = html(UNCERTAINTY, combined.model_copy(update={"uncertainty": many}))
    assert "run&lt;12&gt; (12.5), run&lt;11&gt; (11.5)" in page
    assert "and 2 more." in page


def test_what_is_missing_is_said(
    html: Html, combined: EvaluationResult, uncertainty: Uncertainty
) -> None:
    without = uncertainty.model_copy(
        update={"calibration_runs": 0, "splits": {"test": uncertainty.splits["test"]}}
    )
    single = Combination(members=1, weight=0.0, gaussian_processes="none")
    changed = {"uncertainty": without, "combination": single}
    page = html(UNCERTAINTY, combined.model_copy(update=changed))
    assert "The prediction is that of one network; there are no Gaussian processes." in page
    assert "90 % interval" not in page
    assert "do not rely on it" in page
    assert "validation (calibrated on)" not in page


def test_nothing_measured_leaves_the_section_out(
    html: Html, combined: EvaluationResult, uncertainty: Uncertainty
) -> None:
    nothing = uncertainty.model_copy(update={"splits": {}})
    assert html(UNCERTAINTY, combined.model_copy(update={"uncertainty": nothing})) == ""

"""The table in the terminal shows what an evaluation found."""

from __future__ import annotations

from rich.console import Console

from simulgenvae.evaluation.methods import methods
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.evaluation.summary import summary_table
from simulgenvae.evaluation.verdict import Verdict
from simulgenvae.utils.formatting import percent


def printed(result: EvaluationResult) -> str:
    """Return the table as one line, whatever its width."""
    console = Console(width=120)
    with console.capture() as captured:
        console.print(summary_table(result))
    return " ".join(captured.get().split())


def with_calibration(
    result: EvaluationResult, runs: int, coverage: tuple[float, ...]
) -> EvaluationResult:
    changes = {"calibration_runs": runs, "left_out_coverage": coverage}
    uncertainty = result.uncertainty.model_copy(update=changes)
    return result.model_copy(update={"uncertainty": uncertainty})


def test_table_shows_every_method_and_the_ratio(measured: EvaluationResult) -> None:
    result = measured.model_copy(update={"notes": ("a [red]note",)})
    text = printed(result)
    for method in methods(result):
        assert method.title in text
        assert percent(result.compared[method.name].relative_l2.max) in text
    assert result.best_baseline is not None
    assert f"{result.best_baseline.prediction_ratio:.2f} of the best baseline's error" in text
    covered = percent(result.uncertainty.coverage("test"))
    interval = "interval (90 % intended, 2 validation runs)"
    assert f"{covered} of the values are inside their {interval}" in text
    assert "a [red]note" in text


def test_few_and_many_calibration_runs(measured: EvaluationResult) -> None:
    few = printed(with_calibration(measured, 2, (0.71, 0.98)))
    assert (
        "calibrated on only 2 validation runs: when each was left out, the interval of the "
        "others held 71 %" in few
    )
    calibrated = with_calibration(measured, 10, ())
    assert calibrated.quantities is not None
    quantities = calibrated.quantities.model_copy(update={"calibration_runs": 10})
    many = printed(calibrated.model_copy(update={"quantities": quantities}))
    covered = percent(measured.uncertainty.coverage("test"))
    assert f"{covered} of the values are inside their 90 % interval" in many
    assert "validation run" not in many
    assert "The 90 % band holds" in many


def test_the_verdict_is_below(measured: EvaluationResult) -> None:
    assert Verdict.of(measured).sentence() in printed(measured)

"""The table in the terminal shows what `metrics.json` holds."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from simulgenvae.evaluation.presentation import method_names, methods, percent
from simulgenvae.evaluation.summary import summary_table
from simulgenvae.evaluation.verdict import Verdict
from simulgenvae.settings import StudyFolder


def test_table_shows_every_method_and_the_ratio(
    evaluated: tuple[dict[str, Any], StudyFolder],
) -> None:
    metrics = evaluated[0] | {"notes": ["a [red]note"]}
    text = printed(metrics)
    for name in methods():
        assert method_names(metrics)[name] in text
        assert percent(metrics["errors"][name]["test"]["relative_l2"]["max"]) in text
    assert f"{metrics['ratio_to_best_reference']:.2f} of the best baseline's error" in text
    covered = percent(metrics["uncertainty"]["test"]["coverage"])
    assert (
        f"{covered} of the values are inside their interval (90 % intended, 2 validation runs)"
        in text
    )
    assert "a [red]note" in text


def test_few_and_many_calibration_runs(evaluated: tuple[dict[str, Any], StudyFolder]) -> None:
    uncertainty = evaluated[0]["uncertainty"]
    few = printed(evaluated[0] | {"uncertainty": uncertainty | {"left_out_coverage": [0.71, 0.98]}})
    assert (
        "calibrated on only 2 validation runs: when each was left out, the interval of the "
        "others held 71 %" in few
    )
    many = printed(
        evaluated[0]
        | {"uncertainty": uncertainty | {"calibration_runs": 10, "left_out_coverage": []}}
    )
    assert (
        f"{percent(uncertainty['test']['coverage'])} of the values are inside their 90 % interval"
        in many
    )
    assert "validation run" not in many


def test_the_verdict_stands_below(evaluated: tuple[dict[str, Any], StudyFolder]) -> None:
    assert Verdict.from_metrics(evaluated[0]).sentence() in printed(evaluated[0])


def printed(metrics: dict[str, Any]) -> str:
    """The table as one line, whatever its width."""
    console = Console(width=120)
    with console.capture() as captured:
        console.print(summary_table(metrics))
    return " ".join(captured.get().split())

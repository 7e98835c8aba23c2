"""The result of an evaluation is what its file says, also a file of format 1."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.evaluation import evaluate
from simulgenvae.evaluation.results import EvaluationResult, OverRuns
from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.surrogate import Surrogate

FORMAT_1 = Path(__file__).with_name("format_1.json")
"""A file that version 2.1.0 wrote."""


def test_a_result_is_read_as_it_was_written(
    dataset: Dataset, trained: Surrogate, study: StudyFolder, tmp_path: Path
) -> None:
    result = evaluate(dataset, trained, study, figures=False)
    assert EvaluationResult.read(study.metrics_file) == result
    result.write(tmp_path / "again/metrics.json")
    assert (tmp_path / "again/metrics.json").read_bytes() == study.metrics_file.read_bytes()


def test_format_1_says_the_same() -> None:
    old = json.loads(FORMAT_1.read_text(encoding="utf-8"))
    result = EvaluationResult.read(FORMAT_1)
    assert result.format == 2
    split = old["compared_split"]
    prediction = old["errors"]["prediction"][split]
    assert result.compared["prediction"].relative_l2.mean == prediction["relative_l2"]["mean"]
    assert result.compared["prediction"].per_run == prediction["per_run"]
    assert result.best_baseline is not None
    assert result.best_baseline.name == old["best_reference"]["name"]
    assert result.best_baseline.prediction_ratio == old["ratio_to_best_reference"]
    assert result.combination.weight == old["combination"]["gaussian_process_weight"]
    assert result.baselines == old["references"]
    assert result.uncertainty.coverage("test") == old["uncertainty"]["test"]["coverage"]
    performance = result.settings.training.performance
    assert performance.channels_last == old["settings"]["training"]["speed"]["channels_last"]
    limit = result.settings.training.max_grad_norm
    assert limit == old["settings"]["training"]["clip_gradient"]
    assert len(result.training.history) == len(old["surrogate"]["history"])


def test_only_splits_with_runs_are_there() -> None:
    old = json.loads(FORMAT_1.read_text(encoding="utf-8"))
    sizes = {split: found["runs"] for split, found in old["errors"]["prediction"].items()}
    assert EvaluationResult.read(FORMAT_1).splits == tuple(s for s, runs in sizes.items() if runs)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no json", "Expecting value"),
        ("[" * 100_000, "RecursionError"),
        ("[1, 2]", "valid dictionary"),
        ('{"format": 3}', "format"),
        ('{"format": 1}', "errors"),
        ('{"format": 2, "data": 1}', "data"),
    ],
)
def test_another_file_is_refused_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "metrics.json"
    file.write_text(text)
    with pytest.raises(UserError, match=f"metrics.json does not hold .*{reason}.*[Ee]valuate"):
        EvaluationResult.read(file)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="evaluate the study first"):
        EvaluationResult.read(tmp_path / "metrics.json")


def test_statistics_leave_undefined_runs_out() -> None:
    found = OverRuns.of([1.0, float("inf"), 3.0, float("nan")])
    assert (found.mean, found.median, found.max, found.undefined_runs) == (2.0, 2.0, 3.0, 2)
    nothing = OverRuns.of([float("nan")])
    assert (nothing.mean, nothing.undefined_runs) == (None, 1)


def test_numbers_that_are_not_finite_become_null() -> None:
    found = OverRuns(mean=float("nan"), median=float("inf"), max=1.0, undefined_runs=0)
    assert json.loads(found.model_dump_json()) == {
        "mean": None,
        "median": None,
        "max": 1.0,
        "undefined_runs": 0,
        "half_width": None,
    }

"""Two trained models of a study side by side: their settings, and their errors on the same runs.

Tested in tests/study/test_models.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulgenvae.evaluation.methods import method_titles
from simulgenvae.study.model_summary import ModelSummary, read_metrics, summary_of
from simulgenvae.surrogate.model_record import read_facts
from simulgenvae.utils.formatting import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulgenvae.data.split import Split
    from simulgenvae.evaluation.results import EvaluationResult
    from simulgenvae.settings import Settings, StudyFolder
    from simulgenvae.surrogate.model_record import ModelFacts


@dataclass(frozen=True)
class SettingDifference:
    """A setting that two models do not share; null where one of them has no value for it."""

    key: str
    first: object
    second: object


@dataclass(frozen=True)
class ComparedErrors:
    """Mean joint relative L2 errors of one method over the runs that both models have in common."""

    method: str
    title: str
    first: float | None
    second: float | None


@dataclass(frozen=True)
class MeasuredComparison:
    """Errors of two models on the same runs."""

    split: str
    """Part of the split that the runs belong to in both models."""
    runs: tuple[str, ...]
    """Ids of the runs."""
    errors: tuple[ComparedErrors, ...]
    """Errors of each method, the surrogate first."""
    first_better: int
    """Number of runs that the first model predicts better than the second."""
    second_better: int
    """Number of runs that the second model predicts better than the first."""


@dataclass(frozen=True)
class ModelComparison:
    """Two models of a study."""

    first: ModelSummary
    second: ModelSummary
    settings: tuple[SettingDifference, ...]
    """Settings that differ, by their keys."""
    measured: MeasuredComparison | None
    """None where a model is not measured, or where they were measured on different runs."""
    remarks: tuple[str, ...]
    """Reasons why the comparison is not fair, or says little; empty where there are none."""


def compare_models(study: StudyFolder, first: str, second: str) -> ModelComparison:
    """Return two models of a study side by side.

    Raises
    ------
    UserError
        For a model that does not exist, or whose files are damaged.
    """
    models = (study.with_model(first), study.with_model(second))
    facts = (read_facts(models[0]), read_facts(models[1]))
    used = study.current_model or first
    summaries = (
        summary_of(study, first, current=first == used),
        summary_of(study, second, current=second == used),
    )
    remarks = _unfair(*facts)
    measured = None
    if unmeasured := [each for each in summaries if each.error is None]:
        # Their notes say what to do.
        remarks += [f"{each.name} is {each.note or 'not measured'}" for each in unmeasured]
    else:
        measured = _measured(read_metrics(models[0], facts[0]), read_metrics(models[1], facts[1]))
        if measured is None:
            remarks.append("The models were measured on different runs, so errors are left out")
        elif measured.split != "test":
            remarks.append(f"There are no test runs: errors are those of {measured.split} runs")
    remarks += [f"{each.name}: {each.note}" for each in summaries if each.note and each.split]
    differences = _different_settings(facts[0].settings, facts[1].settings)
    return ModelComparison(summaries[0], summaries[1], differences, measured, tuple(remarks))


def _unfair(first: ModelFacts, second: ModelFacts) -> list[str]:
    """Return why errors of two models cannot be compared."""
    remarks = []
    if first.info.data_fingerprint != second.info.data_fingerprint:
        remarks.append(
            "The comparison is not fair: the models were trained on different data "
            f"(fingerprints {first.info.data_fingerprint[:12]}… and "
            f"{second.info.data_fingerprint[:12]}…)"
        )
    parts = (_part_of_runs(first.split), _part_of_runs(second.split))
    moved = sum(parts[0].get(run) != parts[1].get(run) for run in parts[0] | parts[1])
    if moved:
        runs = count(moved, "run has", "runs have")
        remarks.append(
            f"The comparison is not fair: {runs} another use in one split than in the other, or is "
            "missing there, so that the models have learned from different runs"
        )
    return remarks


def _part_of_runs(split: Split) -> dict[str, str]:
    """Return the part of the split that each run belongs to, by its id."""
    found: dict[str, str] = {}
    for part, ids in split.parts().items():
        found |= dict.fromkeys(ids, part)
    return found


def _different_settings(first: Settings, second: Settings) -> tuple[SettingDifference, ...]:
    """Return the settings that differ, in the order of their groups."""
    values = [dict(_flat("", each.model_dump(mode="json"))) for each in (first, second)]
    # Not a set, which has no order.
    keys = dict.fromkeys([*values[0], *values[1]])
    pairs = [SettingDifference(key, values[0].get(key), values[1].get(key)) for key in keys]
    return tuple(pair for pair in pairs if pair.first != pair.second)


def _flat(prefix: str, table: dict[str, Any]) -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}", value


def _measured(first: EvaluationResult, second: EvaluationResult) -> MeasuredComparison | None:
    """Return the errors on the runs that both have measured; None where there are none."""
    both = (first.compared, second.compared)
    per_run = (both[0]["prediction"].per_run, both[1]["prediction"].per_run)
    runs = tuple(run for run in per_run[0] if run in per_run[1])
    if first.compared_split != second.compared_split or not runs:
        return None
    titles = method_titles(first) | {"prediction": "Surrogate"}
    errors = []
    for method in both[0]:
        if method in both[1]:
            means = [_mean(each[method].per_run, runs) for each in both]
            errors.append(ComparedErrors(method, titles[method], *means))
    differences = []
    for run in runs:
        own, other = per_run[0][run], per_run[1][run]
        if own is not None and other is not None:
            differences.append(own - other)
    return MeasuredComparison(
        first.compared_split,
        runs,
        tuple(errors),
        first_better=sum(each < 0 for each in differences),
        second_better=sum(each > 0 for each in differences),
    )


def _mean(per_run: dict[str, float | None], runs: tuple[str, ...]) -> float | None:
    values = [value for run in runs if (value := per_run.get(run)) is not None]
    return math.fsum(values) / len(values) if values else None

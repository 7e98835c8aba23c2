"""``simulgenvae evaluate``.

Tested in tests/cli/test_commands.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

import simulgenvae
from simulgenvae.cli.console import show
from simulgenvae.cli.groups import SETTINGS, TRAINING
from simulgenvae.cli.json_output import print_json
from simulgenvae.cli.launch_flags import LaunchFlags
from simulgenvae.cli.messages import Json, Messages
from simulgenvae.cli.options import Folder, ModelName, Overrides, Quantities

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulgenvae.evaluation.results import EvaluationResult, SplitErrors
    from simulgenvae.settings import StudyFolder


@dataclass(frozen=True)
class MethodErrors:
    """Joint relative L2 errors of one method over runs; null where they are undefined."""

    mean: float | None
    median: float | None
    max: float | None


@dataclass(frozen=True)
class EvaluateResult:
    """Result of an evaluation, as ``--json`` prints it."""

    split: str
    """Part of the split whose runs are compared: test, else validation, else train."""
    runs: int
    """Number of these runs."""
    errors: dict[str, MethodErrors]
    """Errors by method: ``prediction``, its parts, and the baselines."""
    metrics_file: Path
    """File with everything that was measured."""
    report_file: Path
    """Report."""
    model_card_file: Path
    """Model card."""
    cross_validation: dict[str, MethodErrors] | None
    """Errors of runs by surrogates that were trained without them; null without --folds."""

    @classmethod
    def of(cls, study: StudyFolder, result: EvaluationResult) -> EvaluateResult:
        """Return the result in short."""
        return cls(
            result.compared_split,
            result.compared["prediction"].runs,
            _methods(result.compared),
            study.metrics_file.resolve(),
            study.report_file.resolve(),
            study.model_card_file.resolve(),
            None if result.folds is None else _methods(result.folds.errors),
        )


def _methods(found: Mapping[str, SplitErrors]) -> dict[str, MethodErrors]:
    return {name: MethodErrors(*errors.relative_l2.statistics) for name, errors in found.items()}


def evaluate(
    folder: Folder = Path(),
    /,
    *,
    model: ModelName = None,
    overrides: Annotated[
        Overrides,
        Parameter(
            group=SETTINGS,
            help="A setting of the evaluation, such as 'evaluation.checks=work: 0.5*u\\*\\*2' "
            "(docs/settings.md).",
        ),
    ] = (),
    quantities: Quantities = (),
    folds: Annotated[
        int | None,
        Parameter(group=TRAINING, validator=Number(gte=2), show_default="none"),
    ] = None,
    json: Json = False,
    messages: Messages = Messages(),
    launch: LaunchFlags = LaunchFlags(),
) -> None:
    """Measure the surrogate of a study and write metrics and a report.

    Parameters
    ----------
    folds
        Trainings of a cross-validation, each without a part of the training and validation runs,
        which are then predicted. Ctrl-C stops it; the same command continues.
    """
    from simulgenvae.quantities import named_texts

    study = simulgenvae.Study.open(folder, model)
    study = study.pinned()
    result = study.evaluate(overrides=overrides, quantities=named_texts(quantities), folds=folds)
    show_evaluation(study, result)
    if json:
        print_json(EvaluateResult.of(study, result))


def show_evaluation(study: StudyFolder, result: EvaluationResult) -> None:
    """Print the errors of all methods, and where report and model card are."""
    from simulgenvae.evaluation.summary import summary_table

    show(summary_table(result))
    show(f"Report: {study.report_file.resolve()}")
    show(f"Model card: {study.model_card_file.resolve()}")

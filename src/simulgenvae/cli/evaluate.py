"""`simulgenvae evaluate`: errors on runs that nothing has seen, beside the references; a report."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console

from simulgenvae.cli.common import add_overrides, add_study, open_dataset
from simulgenvae.cli.launch import add_launch
from simulgenvae.errors import UserError
from simulgenvae.settings import EvaluationSettings, Settings, StudyFolder, load_settings
from simulgenvae.settings.overrides import read_overrides
from simulgenvae.settings.raw import validate

if TYPE_CHECKING:
    from simulgenvae.cli.common import Subparsers
    from simulgenvae.surrogate.surrogate import Surrogate


def register(subparsers: Subparsers) -> None:
    """Arguments of the command."""
    parser = subparsers.add_parser(
        "evaluate", help="measure the surrogate and write metrics and a report"
    )
    add_study(parser)
    add_overrides(
        parser,
        "a setting of the evaluation, such as 'evaluation.checks=work: 0.5*u**2' "
        "(docs/settings.md)",
    )
    add_launch(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> None:
    """Evaluate the model that the study has, alone or as one of several ranks."""
    from simulgenvae.distributed import collectives
    from simulgenvae.surrogate.surrogate import Surrogate

    study = StudyFolder.open(options.folder)
    surrogate = Surrogate.load(study)
    evaluation = evaluation_settings(study, surrogate.settings, options.overrides)
    with collectives.process_group(surrogate.settings.training.rank_timeout):
        evaluate_study(study, surrogate, console, evaluation=evaluation)


def evaluation_settings(
    study: StudyFolder, trained: Settings, overrides: Sequence[str]
) -> EvaluationSettings:
    """Settings of the evaluation: those of ``--set``, else of the study's ``study.toml``, else of
    the training.

    UserError for ``--set`` of other settings: the model has been trained with them.
    """
    given = validate(read_overrides(overrides))
    if others := sorted(given.model_fields_set - {"evaluation"}):
        raise UserError(
            f"--set {others[0]}.…: only settings of the group evaluation can be given here; the "
            "model was trained with the others, so train again to change them."
        )
    if not given.model_fields_set and study.settings_file.exists():
        given = load_settings(study)
    return given.evaluation if "evaluation" in given.model_fields_set else trained.evaluation


def evaluate_study(
    study: StudyFolder,
    surrogate: Surrogate,
    console: Console,
    *,
    figures: bool = True,
    evaluation: EvaluationSettings | None = None,
) -> dict[str, Any]:
    """Measure, print the table and say where the report is; returns what ``metrics.json`` holds."""
    from simulgenvae.evaluation import evaluate
    from simulgenvae.evaluation.summary import summary_table

    dataset = open_dataset(study, surrogate.settings)
    metrics = evaluate(dataset, surrogate, study, figures=figures, evaluation=evaluation)
    console.print(summary_table(metrics))
    console.print(f"Report: {study.report_file.resolve()}", soft_wrap=True)
    console.print(f"Model card: {study.model_card_file.resolve()}", soft_wrap=True)
    return metrics

"""`simulgenvae evaluate`: errors on runs that nothing has seen, beside the references; a report."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from rich.console import Console

from simulgenvae.cli.common import add_study, open_dataset
from simulgenvae.settings import Study

if TYPE_CHECKING:
    from simulgenvae.cli.common import Subparsers
    from simulgenvae.surrogate import Surrogate


def register(subparsers: Subparsers) -> None:
    """Arguments of the command."""
    parser = subparsers.add_parser("evaluate", help="measure the surrogate and write metrics and a report")
    add_study(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> None:
    """Evaluate the model that the study has."""
    from simulgenvae.surrogate import Surrogate

    study = Study.open(options.folder)
    evaluate_study(study, Surrogate.load(study), console)


def evaluate_study(study: Study, surrogate: Surrogate, console: Console, *, figures: bool = True) -> dict[str, Any]:
    """Measure, print the table and say where the report is; returns what ``metrics.json`` holds."""
    from simulgenvae.evaluation import evaluate
    from simulgenvae.evaluation.summary import summary_table

    metrics = evaluate(open_dataset(study, surrogate.settings), surrogate, study, figures=figures)
    console.print(summary_table(metrics))
    console.print(f"Report: {study.report_file.resolve()}", soft_wrap=True)
    return metrics

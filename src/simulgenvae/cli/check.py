"""`simulgenvae check`: everything that can be wrong, before anything runs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulgenvae.cli.common import add_settings, add_study, open_dataset, study_split
from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder, load_settings

if TYPE_CHECKING:
    from simulgenvae.cli.common import Subparsers

COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


def register(subparsers: Subparsers) -> None:
    """Arguments of the command."""
    parser = subparsers.add_parser(
        "check", help="look for everything that can be wrong with a study"
    )
    add_study(parser)
    add_settings(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> None:
    """Print tables and findings; a study with errors is a UserError."""
    from simulgenvae.data.checks.dataset import check
    from simulgenvae.training.memory_check import memory_findings

    study = StudyFolder.open(options.folder)
    settings = load_settings(study, preset=options.preset, overrides=options.overrides)
    dataset = open_dataset(study, settings)
    split = study_split(study, dataset, settings)
    # This also refuses symmetries that the mesh or the variables do not have.
    memory = memory_findings(dataset, split, settings)
    if settings.evaluation.checks:
        from simulgenvae.evaluation.analyses.physics import (
            read_checks,  # seconds, with all of evaluation and torch
        )

        read_checks(settings.evaluation.checks, dataset.variables, dataset.mesh)
    report = check(dataset, split, memory)
    for table in report.tables:
        drawn = Table(*table.columns, title=table.title)
        for row in table.rows:
            drawn.add_row(*row)
        console.print(drawn)
    for finding in report.findings:
        console.print(
            Text.assemble((finding.level, COLOURS[finding.level]), f": {finding.message}"),
            soft_wrap=True,
        )
    if not report.passed:
        raise UserError("The check found errors (see above): mend them before training.")
    console.print(f"Next: simulgenvae train {study.folder}", soft_wrap=True)

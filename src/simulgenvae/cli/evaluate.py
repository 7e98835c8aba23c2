"""``simulgenvae evaluate``.

Tested in tests/cli/test_commands.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import simulgenvae
from simulgenvae.cli.console import show
from simulgenvae.cli.launch_flags import LaunchFlags
from simulgenvae.cli.options import Folder, Overrides, Quantities

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult
    from simulgenvae.settings import StudyFolder


def evaluate(
    folder: Folder = Path(),
    /,
    *,
    overrides: Annotated[
        Overrides,
        Parameter(
            help="A setting of the evaluation, such as 'evaluation.checks=work: 0.5*u\\*\\*2' "
            "(docs/settings.md).",
        ),
    ] = (),
    quantities: Quantities = (),
    launch: LaunchFlags = LaunchFlags(),
) -> None:
    """Measure the surrogate of a study and write metrics and a report."""
    from simulgenvae.quantities import named_texts

    study = simulgenvae.Study.open(folder)
    result = study.evaluate(overrides=overrides, quantities=named_texts(quantities))
    show_evaluation(study, result)


def show_evaluation(study: StudyFolder, result: EvaluationResult) -> None:
    """Print the errors of all methods, and where report and model card are."""
    from simulgenvae.evaluation.summary import summary_table

    show(summary_table(result))
    show(f"Report: {study.report_file.resolve()}")
    show(f"Model card: {study.model_card_file.resolve()}")

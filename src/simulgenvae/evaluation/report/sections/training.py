"""Section about the training: errors after each stage, and training curves.

Tested in tests/evaluation/report/test_report.py.
"""

from __future__ import annotations

from simulgenvae.evaluation.report.section import Section, Table
from simulgenvae.evaluation.results import SPLITS, EvaluationResult
from simulgenvae.training.stages import STAGES
from simulgenvae.utils.formatting import percent


def _stages(result: EvaluationResult) -> Table | None:
    """Return the errors after each stage; None if they are not known."""
    rows = []
    for name, stage in result.stages.items():
        title = STAGES[name].title if name in STAGES else name
        errors = [stage.splits[s].mean if s in stage.splits else None for s in SPLITS]
        rows.append((f"{title}: {stage.measure}", *map(percent, errors)))
    return Table(("After stage", *SPLITS), tuple(rows)) if rows else None


TRAINING = Section("Training", "report/training.html", _stages, folded=True)

"""Section about the cases in which the surrogate is not to be trusted.

Tested in tests/evaluation/report/test_model_card.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.evaluation.report.section import Section
from simulgenvae.evaluation.verdict import Verdict

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult


def _verdict(result: EvaluationResult) -> str | None:
    """Return the verdict if it is a warning."""
    verdict = Verdict.of(result)
    return None if verdict.winner in {"nothing compared", "networks"} else verdict.sentence()


LIMITS = Section("When not to trust it", "model_card/limits.md", _verdict)

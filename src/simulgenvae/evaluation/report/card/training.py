"""Sections about the training, and about how to repeat it.

Tested in tests/evaluation/report/test_model_card.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from simulgenvae.evaluation.report.section import Section, Table
from simulgenvae.evaluation.report.sections.search import choice
from simulgenvae.utils.formatting import milliseconds, number

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult


@dataclass(frozen=True)
class Training:
    """Content of the section about the training."""

    facts: Table
    settings: Markup
    """Settings as JSON, without characters that could end the block or start markup."""

    @classmethod
    def of(cls, result: EvaluationResult) -> Training:
        """Return the content for a result."""
        info = result.training
        rows = [
            ("Stages", ", ".join(info.stages)),
            ("Networks", str(result.combination.members)),
            ("Weight of Gaussian processes", result.combination.weight_text),
            ("Time of one prediction", milliseconds(result.timing.seconds_for_one_run)),
        ]
        if info.rank is not None:
            rows.append(("Coefficients per timestep", number(info.rank)))
        if info.symmetry:
            rows.append(("Symmetry", "; ".join(info.symmetry)))
        if info.search is not None:
            rows.append(("Search for settings", choice(info.search)))
        rows += [(f"Version of {name}", version) for name, version in info.versions.items()]
        # A block of code is not escaped. JSON can write any character as a number, so that a
        # setting can neither close the block with backticks nor start an element.
        text = json.dumps(result.settings.model_dump(mode="json"), indent=1, ensure_ascii=True)
        text = text.replace("<", "\\u003c").replace("`", "\\u0060")
        return cls(Table(("", "of the training"), tuple(rows)), Markup(text))


TRAINING = Section("Training", "model_card/training.md", Training.of)
REPRODUCE = Section("How to reproduce", "model_card/reproduce.md")

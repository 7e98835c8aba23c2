"""The model card: purpose, accuracy and limits of a surrogate, on one page of Markdown.

The headings follow Mitchell et al. 2019, "Model cards for model reporting". Every value is escaped:
a string from data or from a model file can become neither markup nor a link.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simulgenvae.evaluation.report.card import CARD_SECTIONS
from simulgenvae.evaluation.report.environment import markdown_environment

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult


def model_card(result: EvaluationResult) -> str:
    """Return the model card as Markdown."""
    environment = markdown_environment()
    parts = ["# Model card of the surrogate\n"]
    for section in CARD_SECTIONS.values():
        template = environment.get_template(section.template)
        text = template.render(result=result, view=section.view(result)).strip()
        if text:
            # Tables end with a blank line of their own.
            text = re.sub(r"\n{3,}", "\n\n", text)
            parts.append(f"## {section.title}\n\n{text}\n")
    return "\n".join(parts)

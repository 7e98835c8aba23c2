"""The report: one self-contained HTML page without links out of it.

Its only script shows values at the pointer and moves sliders. A policy in the page allows that
script, by its hash, and nothing else: neither others, nor any request to a network. Without scripts
the page is complete, with every figure as an image.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.evaluation.report.embedded import EmbeddedFigures
from simulgenvae.evaluation.report.environment import html_environment
from simulgenvae.evaluation.report.sections import SECTIONS
from simulgenvae.evaluation.report.sections.headline import HEADLINE

if TYPE_CHECKING:
    from simulgenvae.evaluation.report.section import Section
    from simulgenvae.evaluation.results import EvaluationResult

_NO_FIGURES = EmbeddedFigures({})


@dataclass(frozen=True)
class Chapter:
    """A rendered section with its anchor in the table of contents."""

    anchor: str
    title: str
    html: str
    folded: bool


def render_report(result: EvaluationResult, figures: EmbeddedFigures = _NO_FIGURES) -> str:
    """Return the report as HTML."""
    chapters = []
    for number, section in enumerate(SECTIONS.values()):
        html = render_section(section, result, figures)
        if html:
            chapters.append(Chapter(f"chapter-{number}", section.title, html, section.folded))
    # Rendered on its own: the hash is of exactly the text between the tags.
    script = html_environment().get_template("report/page.js").render()
    return (
        html_environment()
        .get_template("report/page.html")
        .render(
            result=result,
            headline=render_section(HEADLINE, result, figures),
            chapters=[chapter for chapter in chapters if not chapter.folded],
            folded=[chapter for chapter in chapters if chapter.folded],
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


def render_section(
    section: Section, result: EvaluationResult, figures: EmbeddedFigures = _NO_FIGURES
) -> str:
    """Return one section as HTML; an empty text if there is nothing to show."""
    template = html_environment().get_template(section.template)
    return template.render(result=result, view=section.view(result), figures=figures).strip()

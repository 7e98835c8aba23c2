"""A section is added from outside the package by a template and one entry."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulgenvae.evaluation.report.environment import ADDED_TEMPLATES, html_environment
from simulgenvae.evaluation.report.report import render_report
from simulgenvae.evaluation.report.section import Section
from simulgenvae.evaluation.report.sections import SECTIONS
from simulgenvae.evaluation.results import EvaluationResult


@pytest.fixture
def toy() -> Iterator[None]:
    """Add a section for the duration of a test."""
    SECTIONS["toy"] = Section("Cost <b>", "report/toy.html", lambda result: result.data.runs * 2)
    ADDED_TEMPLATES["report/toy.html"] = (
        "<h2>Cost</h2><p>{{ view }} core hours & {{ result.data.nodes }}</p>"
    )
    yield
    del SECTIONS["toy"]
    del ADDED_TEMPLATES["report/toy.html"]
    html_environment.cache_clear()


@pytest.mark.usefixtures("toy")
def test_a_section_from_outside(result: EvaluationResult) -> None:
    page = render_report(result)
    assert f"<p>{2 * result.data.runs} core hours & {result.data.nodes}</p>" in page
    assert ">Cost &lt;b&gt;</a>" in page

"""Sections of the report and of the card, rendered for one result."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulgenvae.evaluation.report.report import render_section
from simulgenvae.evaluation.report.section import Section
from simulgenvae.evaluation.results import EvaluationResult


@pytest.fixture(scope="session")
def result(measured: EvaluationResult) -> EvaluationResult:
    """Return what an evaluation gives, with everything that is optional except figures."""
    return measured


@pytest.fixture(scope="session")
def html() -> Callable[[Section, EvaluationResult], str]:
    """Return a function that renders a section of the report without figures."""
    return render_section

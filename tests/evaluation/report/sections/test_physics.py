"""The section has every quantity, with its unit and its expression as text."""

from __future__ import annotations

import re
from collections.abc import Callable

from simulgenvae.evaluation.report.section import Section
from simulgenvae.evaluation.report.sections.physics import PHYSICS
from simulgenvae.evaluation.results import EvaluationResult


def test_quantities_are_shown_as_text(
    html: Callable[[Section, EvaluationResult], str], result: EvaluationResult
) -> None:
    page = html(PHYSICS, result)
    assert "<h2>Physics checks</h2>" in page
    assert "energy of all variables" in page
    assert "&lt;i&gt;hot" in page
    assert "`T&lt;script&gt;` - 293" in page
    assert "run&lt;1" in page
    assert not {"<script", "<i>"} & set(re.findall(r"<[^ >]+>?", page))

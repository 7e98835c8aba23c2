"""The section, the words of the headline, and results of earlier versions."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from simulgenvae.evaluation.figures.quantities import predicted_over_true
from simulgenvae.evaluation.figures.style import png
from simulgenvae.evaluation.quantity_words import sentences
from simulgenvae.evaluation.report.section import Section
from simulgenvae.evaluation.report.sections.headline import HEADLINE
from simulgenvae.evaluation.report.sections.quantities import QUANTITIES
from simulgenvae.evaluation.results import EvaluationResult

Html = Callable[[Section, EvaluationResult], str]


def test_section_and_headline(html: Html, result: EvaluationResult) -> None:
    page = html(QUANTITIES, result)
    assert "maximum of T&lt;script&gt; [K]" in page
    assert "max(`T&lt;script&gt;`)" in page
    assert "run&lt;10&gt;" in page
    assert "No quantity is declared" in page
    headline = html(HEADLINE, result)
    # Quantities that nobody asked for stay in their section.
    assert "mean(`T&lt;script&gt;`)" not in headline
    assert not {"<script"} & set(re.findall(r"<[^ >]+>?", page + headline))


def test_sentences(result: EvaluationResult) -> None:
    first = sentences(result)[0]
    assert re.fullmatch(
        r"Maximum of T<script> of 2 test runs that the surrogate had not seen: wrong by \S+ K ± \S+ on "
        r"average \(\S+ %\), by at most \S+ K \(run<1[01]>\), its place by \S+ and its time by \S+"
        r"\. The band \(90 % intended, 2 validation runs\) holds [012] of the 2 true values\.",
        first,
    )


def test_results_of_earlier_versions_have_no_section(html: Html, result: EvaluationResult) -> None:
    earlier = result.model_copy(update={"quantities": None})
    assert html(QUANTITIES, earlier) == ""
    assert "had not seen" not in html(HEADLINE, earlier)


@pytest.mark.parametrize("count", [1, 4])
def test_figure(count: int, result: EvaluationResult) -> None:
    assert result.quantities is not None
    found = result.quantities.model_copy(update={"found": result.quantities.found[:count]})
    assert png(predicted_over_true(found)).startswith(b"\x89PNG")

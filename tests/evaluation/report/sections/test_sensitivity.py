"""The section names inputs without influence, and shows no table if nothing was measured."""

from __future__ import annotations

from collections.abc import Callable

from simulgenvae.evaluation.report.section import Section
from simulgenvae.evaluation.report.sections.sensitivity import SENSITIVITY
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.evaluation.results.sensitivity import OutputIndices

Html = Callable[[Section, EvaluationResult], str]


def test_indices_of_single_outputs_are_folded(html: Html, result: EvaluationResult) -> None:
    page = html(SENSITIVITY, result)
    assert "<summary>Total indices of single outputs</summary>" in page
    assert "<td>component 1 (" in page


def test_quantities_of_interest_are_shown(html: Html, result: EvaluationResult) -> None:
    assert "quantities of interest" not in html(SENSITIVITY, result)
    sobol = result.sensitivity.sobol
    assert sobol is not None
    indices = OutputIndices(first=(0.25, 0.5), total=(0.375, 0.625))
    changed = sobol.model_copy(update={"quantities": {"peak": indices}})
    found = result.sensitivity.model_copy(update={"sobol": changed})
    page = html(SENSITIVITY, result.model_copy(update={"sensitivity": found}))
    assert "Total indices of the quantities of interest" in page
    assert all(f"<td>{cell}</td>" in page for cell in ("peak", "0.375", "0.625"))


def test_an_idle_input_is_named(html: Html, result: EvaluationResult) -> None:
    sobol = result.sensitivity.sobol
    assert sobol is not None
    field = sobol.field.model_copy(update={"total": (0.99, 0.001)})
    changed = sobol.model_copy(update={"field": field})
    found = result.sensitivity.model_copy(update={"sobol": changed})
    page = html(SENSITIVITY, result.model_copy(update={"sensitivity": found}))
    assert "power: hardly changes" in page
    assert "speed: hardly" not in page


def test_nothing_measured_means_no_table(html: Html, result: EvaluationResult) -> None:
    nothing = result.sensitivity.model_copy(
        update={"sobol": None, "permutation": None, "notes": ("a <note>",)}
    )
    page = html(SENSITIVITY, result.model_copy(update={"sensitivity": nothing}))
    assert "<table>" not in page
    assert "a &lt;note&gt;" in page

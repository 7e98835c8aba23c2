"""The card says what was measured, and shows strings from data as text only."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from simulgenvae.evaluation.report.model_card import model_card
from simulgenvae.evaluation.report.section import Section
from simulgenvae.evaluation.report.sections.training import TRAINING
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.utils.formatting import percent


@pytest.fixture
def card(result: EvaluationResult) -> str:
    return model_card(result)


def test_card_says_what_was_measured(result: EvaluationResult, card: str) -> None:
    covered = percent(result.uncertainty.coverage("test"))
    for expected in (
        result.data.fingerprint,
        "12: 8 train, 2 validation, 2 test",
        "T&lt;script&gt; (K)",
        r"POD \+ GPR",
        "interval (90 % intended, 2 validation runs), calibrated on 2 validation runs",
        "calibrated on only 2 validation runs: when each was left out",
        "| Networks only (2) |",
        "| Gaussian processes only |",
        f"| Weight of Gaussian processes | {result.combination.weight_text} |",
        f"| Values inside the interval (90 % intended, 2 validation runs) | {covered} | 90 % |",
        "| test | 2 |",
        "energy of all variables",
        "In parentheses relative to: values: the variable's range",
        "| speed |",
        "simulgenvae evaluate .",
        '"latent_dim": 4',
        "data.split_seed = 0",
    ):
        assert expected in card
    assert re.search(r"^\| power \| [\d.]+ \| [\d.]+ \| logarithmic \|$", card, re.MULTILINE)


def test_uncertainty_without_calibration_or_test_runs(result: EvaluationResult) -> None:
    uncertainty = result.uncertainty.model_copy(update={"calibration_runs": 0})
    changed = result.model_copy(update={"uncertainty": uncertainty})
    assert "**not calibrated**" in model_card(changed)
    validation = model_card(result.model_copy(update={"compared_split": "validation"}))
    assert "| Measure | validation runs | when right |" in validation
    nothing = uncertainty.model_copy(update={"splits": {}})
    assert "## Uncertainty" not in model_card(result.model_copy(update={"uncertainty": nothing}))


def test_card_shows_data_as_text(card: str) -> None:
    assert not re.search(r"<(?!/?$)[a-zA-Z/]", card)
    assert "run&lt;10&gt;" in card
    assert r"p\$x\$" in card
    assert "&lt;b&gt;torch&lt;/b&gt;" in card


def test_tables_are_whole(result: EvaluationResult) -> None:
    """Every row of a table has as many cells as its head, whatever the names hold."""
    data = result.data.model_copy(update={"units": ("K|K", "[a](http://b.c)")})
    width = None
    for line in model_card(result.model_copy(update={"data": data})).splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else None
        assert width is None or cells is None or cells == width
        width = cells


def test_headings(card: str) -> None:
    assert re.findall(r"^## (.*)$", card, re.MULTILINE) == [
        "Purpose",
        "Data",
        "Trained range",
        "Errors",
        "Comparison with baselines",
        "Uncertainty",
        "Physics checks",
        "Influence of the inputs",
        "When not to trust it",
        "Training",
        "How to reproduce",
    ]


def test_parts_without_content_are_left_out(result: EvaluationResult) -> None:
    sensitivity = result.sensitivity.model_copy(update={"sobol": None, "permutation": None})
    changed = result.model_copy(update={"trained_ranges": {}, "sensitivity": sensitivity})
    card = model_card(changed)
    assert "## Trained range" not in card
    assert "## Influence" not in card


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (1e-9, "**A baseline is at least as accurate"),
        (1e9, "The surrogate is more accurate than every baseline"),
    ],
)
def test_the_verdict_is_stated(result: EvaluationResult, error: float, words: str) -> None:
    assert result.best_baseline is not None
    best = result.best_baseline.model_copy(update={"relative_l2": error})
    card = model_card(result.model_copy(update={"best_baseline": best}))
    assert words in card
    assert ("at least as accurate" in card) == (error < 1)


def test_limits_are_stated(result: EvaluationResult) -> None:
    changed = {"compared_split": "validation", "notes": ("stage *vae*",)}
    card = model_card(result.model_copy(update=changed))
    assert "There were no test runs" in card
    assert r"stage \*vae\*" in card


def test_settings_cannot_leave_their_block(result: EvaluationResult) -> None:
    data = result.settings.data.model_copy(update={"parameters": "```\n<script>"})
    hostile = result.settings.model_copy(update={"data": data})
    card = model_card(result.model_copy(update={"settings": hostile}))
    assert len(re.findall(r"^```", card, re.MULTILINE)) == 4
    assert "<script>" not in card


def test_symmetries_are_told_in_card_and_report(
    result: EvaluationResult, html: Callable[[Section, EvaluationResult], str]
) -> None:
    line = "mirrored along y, found from the training runs: <why>"
    training = result.training.model_copy(update={"symmetry": (line,)})
    changed = result.model_copy(update={"training": training})
    assert "mirrored along y, found from the training runs" in model_card(changed)
    assert "Mirrored along y, found from the training runs: &lt;why&gt;." in html(TRAINING, changed)

"""The card and the report's sections say what was measured, and show strings from data as text
only."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from simulgenvae.data.conditions import ConditionScaler
from simulgenvae.evaluation.presentation import percent
from simulgenvae.evaluation.report.check_sections import physics_section, sensitivity_section
from simulgenvae.evaluation.report.model_card import model_card, trained_ranges
from simulgenvae.settings import StudyFolder


@pytest.fixture(scope="module")
def metrics(evaluated: tuple[dict[str, Any], StudyFolder]) -> dict[str, Any]:
    """What an evaluation gives, with everything that is optional."""
    found = copy.deepcopy(evaluated[0])
    found["sensitivity"]["notes"] = ["a <note>"]
    return found


def test_card_says_what_was_measured(metrics: dict[str, Any]) -> None:
    card, covered = model_card(metrics), percent(metrics["uncertainty"]["test"]["coverage"])
    for expected in (
        metrics["data"]["fingerprint"],
        "12: 8 train, 2 validation, 2 test",
        "T\\<script\\&gt; (K)".replace("\\<", "&lt;").replace("\\&gt;", "&gt;"),
        "POD + GPR",
        "interval (90 % intended, 2 validation runs), calibrated on 2 validation run(s)",
        "calibrated on only 2 validation runs: when each was left out",
        "| Networks alone (2) |",
        "| Gaussian processes alone |",
        "| Weight of Gaussian processes | "
        f"{metrics['combination']['gaussian_process_weight']:.3g} |",
        f"| Values inside the interval (90 % intended, 2 validation runs) | {covered} | 90 % |",
        "| test | 2 |",
        "energy of all variables",
        "| speed |",
        "simulgenvae evaluate .",
        '"latent_dim": 4',
        "data.split_seed = 0",
    ):
        assert expected in card
    assert re.search(r"^\| power \| [\d.]+ \| [\d.]+ \| logarithmic \|$", card, re.MULTILINE)


def test_uncertainty_without_calibration_or_test_runs(metrics: dict[str, Any]) -> None:
    changed = copy.deepcopy(metrics)
    changed["uncertainty"]["calibration_runs"] = 0
    assert "**not calibrated**" in model_card(changed)
    validation = model_card(metrics | {"compared_split": "validation"})
    assert "| Measure | validation runs | when right |" in validation
    changed["uncertainty"]["test"] = {"runs": 0}
    assert "## Uncertainty" not in model_card(changed)


def test_card_shows_data_as_text(metrics: dict[str, Any]) -> None:
    card = model_card(metrics)
    assert not re.search(r"<(?!/?$)[a-zA-Z/]", card)
    assert "run&lt;10&gt;" in card
    assert "p\\$x\\$" in card
    assert "&lt;b&gt;torch&lt;/b&gt;" in card


def test_tables_are_whole(metrics: dict[str, Any]) -> None:
    """Every row of a table has as many cells as its head, whatever the names hold."""
    metrics = copy.deepcopy(metrics)
    metrics["data"]["units"] = ["K|K", "[a](http://b.c)"]
    width = None
    for line in model_card(metrics).splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else None
        assert width is None or cells is None or cells == width
        width = cells


def test_optional_parts_are_left_out(metrics: dict[str, Any]) -> None:
    optional = {"trained_ranges", "physics", "sensitivity", "uncertainty"}
    card = model_card({key: value for key, value in metrics.items() if key not in optional})
    headings = re.findall(r"^## (.*)$", card, re.MULTILINE)
    assert headings == [
        "Purpose",
        "Data",
        "Errors",
        "Comparison with baselines",
        "When not to trust it",
        "Training",
        "How to reproduce",
    ]


def test_limits_are_stated(metrics: dict[str, Any]) -> None:
    best = metrics["best_reference"]
    worse, better = (
        metrics | {"best_reference": best | {"relative_l2": error}} for error in (1e-9, 1e9)
    )
    card = model_card(worse | {"compared_split": "validation", "notes": ["stage *vae*"]})
    assert "**A baseline is at least as accurate" in card
    assert "There were no test runs" in card
    assert r"stage \*vae\*" in card
    assert "at least as accurate" not in model_card(better)
    assert "The surrogate is more accurate than every baseline" in model_card(better)


def test_settings_cannot_leave_their_block(metrics: dict[str, Any]) -> None:
    hostile = copy.deepcopy(metrics)
    hostile["settings"]["data"]["parameters"] = "```\n<script>"
    card = model_card(hostile)
    assert len(re.findall(r"^```", card, re.MULTILINE)) == 4
    assert "<script>" not in card


def test_ranges() -> None:
    scaler = ConditionScaler(
        names=("p",), logarithm=(True,), shift=(0.0,), scale=(1.0,), lower=(1.0,), upper=(100.0,)
    )
    assert trained_ranges(scaler) == {"p": {"lower": 1.0, "upper": 100.0, "logarithm": True}}


def test_sections_of_the_report(metrics: dict[str, Any], tmp_path: Path) -> None:
    page = physics_section(metrics["physics"]) + sensitivity_section(metrics["sensitivity"])
    assert "<h2>Physics checks</h2>" in page
    assert "&lt;i&gt;hot = `T&lt;script&gt;` - 293" in page
    assert "run&lt;1" in page
    assert "a &lt;note&gt;" in page
    assert "Total indices of single outputs" in page
    assert not {"<script", "<i>", "<note"} & set(re.findall(r"<[^ >]+>?", page))


def test_section_names_idle_inputs(metrics: dict[str, Any]) -> None:
    changed = copy.deepcopy(metrics["sensitivity"])
    changed["sobol"]["field"]["total"] = [0.99, 0.001]
    assert "power: hardly moves" in sensitivity_section(changed)
    nothing = changed | {"sobol": None, "permutation": None}
    assert "<table>" not in sensitivity_section(nothing)

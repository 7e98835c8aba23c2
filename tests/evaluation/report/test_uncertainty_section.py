"""The section and the figures say what was measured and on which runs, also where little is
known."""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy as np
import pytest

from simulgenvae.evaluation.combination import Combination
from simulgenvae.evaluation.figures.uncertainty import CAPTIONS, uncertainty_figures
from simulgenvae.evaluation.presentation import png
from simulgenvae.evaluation.report.uncertainty_section import measures, uncertainty_section
from simulgenvae.surrogate.ensemble import interval_label

COMBINATION = Combination(3, 0.25, "combined")


@pytest.fixture
def uncertainty() -> dict[str, Any]:
    """Of two runs of each split; one of the test runs is novel."""
    runs = {
        f"run<{k}>": {
            "coverage": 0.9 + 0.01 * k,
            "std": 0.1,
            "rmse": 0.2,
            "novelty": 0.5 + k,
            "relative_l2": 0.1,
        }
        for k in range(2)
    }
    one = {
        "runs": 2,
        "coverage": 0.875,
        "coverage_of_runs": [0.9, 0.9, 0.905, 0.91, 0.91],
        "interval_width_to_rmse": 3.5,
        "sd_ratio": None,
        "rank_correlation_with_error": 0.75,
        "rank_correlation_of_novelty_with_error": None,
        "rank_correlation_of_expected_error_with_error": 0.8,
        "pit": [0.05] * 20,
        "per_run": runs,
    }
    calibrated = {"level": 0.9, "calibration_runs": 12, "left_out_coverage": []}
    return {**calibrated, "validation": one | {"coverage": 0.9}, "test": one}


def test_numbers_with_what_they_should_be(uncertainty: dict[str, Any]) -> None:
    page = uncertainty_section(uncertainty, COMBINATION)
    cells = ["Values inside the 90 % interval", "90.0 %", "87.5 %", "90 %"]
    assert "".join(f"<td>{cell}</td>" for cell in cells) in page
    assert "<th>validation (calibrated on)</th>" in page
    assert "The prediction combines 3 networks and Gaussian processes (weight 0.25)." in page
    assert "calibrated on 12 validation run(s)" in page
    assert "only" not in page
    for word in ("90 % interval", "sd_ratio", "PIT", "Novelty"):
        assert f"<dt>{word}</dt>" in page
    assert measures(uncertainty, ["test"])[2][1:] == ["3.5", "up to 3.29"]


@pytest.mark.parametrize(
    ("left_out", "words"),
    [
        ([0.98, 0.71, 0.9], "held 71 % to 98 % of its values."),
        ([], "its coverage on other runs is unknown."),
    ],
)
def test_few_runs_are_called_few(
    uncertainty: dict[str, Any], left_out: list[float], words: str
) -> None:
    runs = max(1, len(left_out))
    few = uncertainty | {"calibration_runs": runs, "left_out_coverage": left_out}
    page = uncertainty_section(few, COMBINATION)
    assert words in page
    assert "90 % interval" not in page
    assert interval_label(runs) in page
    assert (
        interval_label(runs)
        in dict(uncertainty_figures(few))["uncertainty_calibration"].axes[1].get_ylabel()
    )


def test_novel_runs_are_named_as_text(uncertainty: dict[str, Any]) -> None:
    assert "Test runs with a novelty above 1: run&lt;1&gt; (1.5)." in uncertainty_section(
        uncertainty, COMBINATION
    )
    uncertainty["test"]["per_run"] = {
        f"r{k}": run for k in range(12) for run in [uncertainty["test"]["per_run"]["run<1>"]]
    }
    assert "and 2 more." in uncertainty_section(uncertainty, COMBINATION)


def test_what_is_missing_is_said(uncertainty: dict[str, Any]) -> None:
    changed = uncertainty | {"calibration_runs": 0}
    page = uncertainty_section(changed | {"validation": {"runs": 0}}, Combination(1, 0.0, "none"))
    assert "The prediction is that of one network; there are no Gaussian processes." in page
    assert "90 % interval" not in page
    assert "do not rely on it" in page
    assert "validation (calibrated on)" not in page
    nothing = changed | {"validation": {"runs": 0}, "test": {"runs": 0}}
    assert uncertainty_section(nothing, COMBINATION) == ""
    assert not list(uncertainty_figures(nothing))


def test_figures(uncertainty: dict[str, Any]) -> None:
    figures = dict(uncertainty_figures(uncertainty))
    assert figures.keys() == CAPTIONS.keys()
    pit, coverage = figures["uncertainty_calibration"].axes
    np.testing.assert_allclose(pit.patches[0].get_data().values, 1.0)
    np.testing.assert_allclose(coverage.lines[0].get_ydata(), [90.0, 91.0])
    against_std, against_novelty = figures["uncertainty_runs"].axes
    np.testing.assert_allclose(against_std.collections[1].get_offsets(), [[0.1, 0.2]] * 2)
    np.testing.assert_allclose(
        against_novelty.collections[1].get_offsets(), [[0.5, 0.1], [1.5, 0.1]]
    )
    for figure in figures.values():
        assert png(figure).startswith(b"\x89PNG")


def test_figures_without_novelty_and_spread(uncertainty: dict[str, Any]) -> None:
    bare = copy.deepcopy(uncertainty) | {"validation": {"runs": 0}}
    for run in bare["test"]["per_run"].values():
        run.update(novelty=None, std=0.0)
    figure = dict(uncertainty_figures(bare))["uncertainty_runs"]
    assert [axes.get_xscale() for axes in figure.axes] == ["linear"]
    assert re.match(rb"\x89PNG", png(figure))

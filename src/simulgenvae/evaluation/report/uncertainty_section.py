"""The part of the report about the uncertainty, with what its numbers mean in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from scipy.stats import norm

from simulgenvae.evaluation.analyses.uncertainty import UNSEEN
from simulgenvae.evaluation.combination import Combination
from simulgenvae.evaluation.presentation import number, percent, sentence
from simulgenvae.evaluation.report.html import section, table
from simulgenvae.surrogate.ensemble import interval_label, interval_warning
from simulgenvae.surrogate.prediction import SCORES

_NAMED = 10  # novel runs; more are counted


def uncertainty_section(uncertainty: dict[str, Any], combination: Combination) -> str:
    """HTML of what ``uncertainty_metrics`` returned of such a prediction; nothing where there are
    no runs."""
    measured = [split for split in UNSEEN if uncertainty[split]["runs"]]
    if not measured:
        return ""
    rows = measures(uncertainty, measured)
    heads = ["validation (calibrated on)" if split == "validation" else split for split in measured]
    found = table(["Measure", *heads, "When right"], rows)
    origin = _origin(uncertainty, combination)
    return section("Uncertainty", origin, found + _explained(uncertainty) + _novel(uncertainty))


def measures(uncertainty: dict[str, Any], splits: Sequence[str]) -> list[list[str]]:
    """Rows of text: a measure, its value on each split, and the value that it has where the
    uncertainty is right."""
    level = uncertainty["level"]
    found = [uncertainty[split] for split in splits]
    # of normal errors; less, where they vary
    normal = f"up to {number(2 * float(norm.ppf((1 + level) / 2)))}"
    interval = interval_label(uncertainty["calibration_runs"])
    return [
        [
            f"Values inside the {interval}",
            *(percent(one["coverage"]) for one in found),
            f"{100 * level:g} %",
        ],
        [
            "The same of the least covered run",
            *(percent(one["coverage_of_runs"][0]) for one in found),
            "–",
        ],
        [
            "Mean width of the interval / true error",
            *(number(one["interval_width_to_rmse"]) for one in found),
            normal,
        ],
        [
            "Standard deviation / true error (sd_ratio)",
            *(number(one["sd_ratio"]) for one in found),
            "1",
        ],
        [
            "Rank correlation of runs: standard deviation, error",
            *(number(one["rank_correlation_with_error"]) for one in found),
            "towards 1",
        ],
        *(
            [
                f"Rank correlation of runs: {name.replace('_', ' ')}, error",
                *(number(one[f"rank_correlation_of_{name}_with_error"]) for one in found),
                "towards 1",
            ]
            for name in SCORES
        ),
    ]


def _origin(uncertainty: dict[str, Any], combination: Combination) -> str:
    source, runs = combination.described(), uncertainty["calibration_runs"]
    if not runs:
        return f"{source} There were no validation runs to calibrate the uncertainty on: do not rely on it."
    doubt = interval_warning(runs, uncertainty["left_out_coverage"])
    few = "" if doubt is None else f" {sentence(doubt)}"
    return (
        f"{source} The uncertainty is calibrated on {runs} validation run(s), whose figures below "
        f"are therefore right by construction; those of test runs are the proof.{few}"
    )


def _explained(uncertainty: dict[str, Any]) -> str:
    level, label = uncertainty["level"], interval_label(uncertainty["calibration_runs"])
    words = {
        label.capitalize(): "Each predicted value has a lower and an upper bound. The true value should lie "
        f"between them in {100 * level:g} % of the cases: more means that the bounds are wider "
        "than need be, fewer that they promise too much.",
        "sd_ratio": "The predicted standard deviation as a multiple of the error that was found. 1 is right; below 1 "
        "the surrogate is surer of itself than it should be, above 1 less sure.",
        "PIT": "The probability integral transform of a value is the probability that the prediction gave to anything "
        "below it. Over many values it is spread evenly where the uncertainty is right. It is "
        "U-shaped where the truth falls outside too often, a hill where the uncertainty is too "
        "large, and leans to a side where the prediction is too high or too low.",
        "Novelty": "How far a design is from the training runs: 0 is a design like one of these, 1 is as far from them "
        "as the loneliest of them is from the others. Above 1, expect larger errors; the "
        "intervals were calibrated on designs that are nearer.",
        "Expected error": "The relative L2 error that the predicted standard deviations of a whole design amount to: "
        "what to expect before it is solved.",
    }
    return f"<dl>{''.join(f'<dt>{escape(word)}</dt><dd>{escape(text)}</dd>' for word, text in words.items())}</dl>"


def _novel(uncertainty: dict[str, Any]) -> str:
    """Names the test runs that are novel, the most novel first."""
    runs = uncertainty["test"].get("per_run", {})
    novel = {
        run: of_run["novelty"] for run, of_run in runs.items() if (of_run["novelty"] or 0.0) > 1
    }
    if not novel:
        return ""
    ranked = sorted(novel, key=lambda run: -novel[run])
    named = ", ".join(f"{run} ({number(novel[run])})" for run in ranked[:_NAMED])
    more = f" and {len(ranked) - _NAMED} more" if len(ranked) > _NAMED else ""
    return f"<p>{escape(f'Test runs with a novelty above 1: {named}{more}.')}</p>"

"""Tables of what our surrogate alone has: uncertainty, quantities of interest, reconstruction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any

Answer = dict[str, Any]
"""What ``fitted.measure`` and ``own.judged`` found for one seed."""
Read = Callable[[Answer], float | None]


def own_tables(answers: Mapping[str, Sequence[Answer]]) -> str:
    """Return the tables as text, from the answers of all seeds by problem."""
    known = {
        problem: found
        for problem, of_seeds in answers.items()
        if (found := [answer for answer in of_seeds if "uncertainty_test" in answer])
    }
    if not known:
        return ""
    return "\n\n".join(
        (
            "## Uncertainty of SimulGenVAE",
            "90 % intervals and standard deviations on the test runs; rank correlations over test "
            "and extrapolation runs together, of the expected error and of the novelty of a design "
            "with its true error.",
            _grid(known, UNCERTAINTY),
            "## Quantities of interest and reconstruction by SimulGenVAE",
            "Part of the test runs in the 90 % bands of peak and mean of each variable and of "
            "probes; error of reconstructed test runs as a share of that of the prediction.",
            _grid(known, FURTHER),
        )
    )


def _coverage(kind: str) -> Read:
    def read(answer: Answer) -> float | None:
        found: float | None = answer.get("quantities_test", {}).get(kind)
        return found

    return read


def _reconstruction(answer: Answer) -> float | None:
    predicted = answer["test"]["mean"]
    return answer["reconstruction_test"] / predicted if predicted else None


UNCERTAINTY: dict[str, Read] = {
    "coverage": lambda a: a["uncertainty_test"].get("coverage"),
    "width / RMSE": lambda a: a["uncertainty_test"].get("interval_width_to_rmse"),
    "sd ratio": lambda a: a["uncertainty_test"].get("sd_ratio"),
    "coverage, extrapolation": lambda a: a["uncertainty_extrapolation"].get("coverage"),
    "expected and true error": lambda a: a["rank_correlation_of_expected_error"],
    "novelty and error": lambda a: a["rank_correlation_of_novelty"],
}
FURTHER: dict[str, Read] = {
    "peak": _coverage("peak"),
    "mean": _coverage("mean"),
    "probe": _coverage("probe"),
    "reconstruction / prediction": _reconstruction,
}


def _grid(answers: Mapping[str, Sequence[Answer]], columns: Mapping[str, Read]) -> str:
    """Return a line with means over the seeds for each problem, and one over all."""
    lines = ["| problem | " + " | ".join(columns) + " |", "|" + "---|" * (1 + len(columns))]
    found: dict[str, list[float]] = {name: [] for name in columns}
    for problem, of_seeds in answers.items():
        cells = []
        for name, read in columns.items():
            values = [value for value in map(read, of_seeds) if value is not None]
            found[name] += values
            cells.append(_mean(values))
        lines.append(f"| {problem} | " + " | ".join(cells) + " |")
    means = " | ".join(map(_mean, found.values()))
    return "\n".join([*lines, f"| mean over problems and seeds | {means} |"])


def _mean(values: Sequence[float]) -> str:
    return f"{fmean(values):.3f}" if values else "–"

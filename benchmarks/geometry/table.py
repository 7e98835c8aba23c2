"""Results on runs with meshes of their own as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from benchmarks.geometry.methods import FLOOR, METHODS, OURS


def markdown(records: Sequence[dict[str, Any]]) -> str:
    """Return a table of mean test errors, one row for each problem and table of parameters.

    The ratio is that of ours to the best of the others, over seeds that both have.
    """
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for record in records:
        row = found.setdefault(record["problem"], {})
        row.setdefault(record["method"], []).append(record)
    columns = [name for name in METHODS if any(name in row for row in found.values())]
    titles = [METHODS[name].title for name in columns]
    lines = _row(["problem", *titles, "ratio"]) + _row(["---"] * (len(columns) + 2))
    ratios = []
    for problem, row in found.items():
        ratio = _ratio(row)
        ratios += [ratio] if ratio else []
        cells = [_cell(row.get(name, ())) for name in columns]
        lines += _row([f"`{problem}`", *cells, f"{ratio:.3f}" if ratio else "–"])
    if ratios:
        mean = math.exp(fmean(map(math.log, ratios)))
        lines += f"\nGeometric mean of the ratios of ours to the best other method: {mean:.3f}\n"
    notes = [
        f"- `{record['problem']}`, {METHODS[record['method']].title}: {record['left_out']}\n"
        for record in records
        if "left_out" in record
    ]
    heading = "# Runs with meshes of their own\n\nMean joint relative error over the test runs.\n\n"
    return heading + lines + ("\nLeft out:\n\n" + "".join(notes) if notes else "")


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"


def _errors(records: Iterable[dict[str, Any]]) -> dict[int, float]:
    """Return the mean test error by seed."""
    return {record["seed"]: record["test"]["mean"] for record in records if "test" in record}


def _cell(records: Iterable[dict[str, Any]]) -> str:
    errors = _errors(records)
    return f"{100.0 * fmean(errors.values()):.3g} %" if errors else "–"


def _ratio(row: dict[str, list[dict[str, Any]]]) -> float | None:
    own = _errors(row.get(OURS[0], ()))
    others = [_errors(records) for name, records in row.items() if name not in (*OURS, FLOOR)]
    seeds = set(own).intersection(*[errors for errors in others if errors])
    if not seeds or not any(others):
        return None
    best = min(fmean(errors[seed] for seed in seeds) for errors in others if errors)
    return fmean(own[seed] for seed in seeds) / best

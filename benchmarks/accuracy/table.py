"""The results of the suite as Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from benchmarks.accuracy.own_tables import own_tables
from benchmarks.accuracy.peers.registry import PEERS, TEN
from simulgenvae.baselines import BASELINES

OWN = ("ours", "none")
FLOOR = "projection_floor"
PEER_TITLES = {"deeponet": "DeepONet", "pod_nn": "POD-NN", "fno": "FNO"}
TITLES = {
    "ours": "SimulGenVAE",
    "none": "SimulGenVAE without reduction",
    **{name: spec.title for name, spec in BASELINES.items()},
    "pod_gpr_time": "POD + GPR over parameters and time",
    **{f"{name}_mirrored": f"{spec.title}, mirrored too" for name, spec in BASELINES.items()},
    "ezyrb_pod_rbf": "EZyRB POD + RBF",
    "ezyrb_pod_gpr": "EZyRB POD + GPR",
    **PEER_TITLES,
    **{f"{name}_x{TEN}": f"{title}, {TEN} x the time" for name, title in PEER_TITLES.items()},
    FLOOR: "POD projection floor",
}
"""Methods in the order of the columns; those named ``ezyrb_pod_rbf_40`` are choices of
``ezyrb_pod_rbf``."""

Answers = dict[str, dict[int, dict[str, Any]]]
"""Method → seed → what ``fitted.measure`` found."""


class Row(NamedTuple):
    """Results of one problem."""

    problem: str
    answers: Answers
    best: str | None
    """Baseline with the least mean test error over the seeds that all baselines and ours have."""
    ratio: float | None
    """Our mean error over these seeds relative to that of the best baseline."""
    ratio_to_mirrored: float | None
    """Ratio to the best of the baselines that learned from mirror images too, where the problem is
    symmetric."""
    ratio_to_peers: float | None
    """Ratio to the best of the peers without those that have ten times our training time."""


def rows_of(records: Iterable[dict[str, Any]]) -> list[Row]:
    """Return one row for each problem, in the order of the records.

    Of each kind of EZyRB it has only the best choice.
    """
    problems: dict[str, Answers] = {}
    for record in records:
        for name, answer in record["answers"].items():
            problems.setdefault(record["problem"], {}).setdefault(name, {})[record["seed"]] = answer
    rows = []
    for problem, answers in problems.items():
        chosen = _with_best_choices(answers)
        others = [name for name in chosen if name not in (*OWN, *PEERS, FLOOR)]
        mirrored = [name for name in others if name.endswith("_mirrored")]
        best, ratio = _ratio(chosen, [name for name in others if name not in mirrored])
        _, ratio_to_mirrored = _ratio(chosen, mirrored)
        _, ratio_to_peers = _ratio(chosen, [name for name in PEER_TITLES if name in chosen])
        rows.append(Row(problem, chosen, best, ratio, ratio_to_mirrored, ratio_to_peers))
    return rows


def mean_error(
    answers: dict[int, dict[str, Any]], split: str = "test", seeds: Iterable[int] | None = None
) -> float:
    """Return the mean over the seeds of the mean error over runs.

    It is NaN where the split has no runs or an error is undefined.
    """
    means = [
        answers[seed].get(split, {}).get("mean") for seed in (answers if seeds is None else seeds)
    ]
    return math.nan if None in means or not means else fmean(means)


def markdown(records: Sequence[dict[str, Any]]) -> str:
    """Return all tables as text."""
    rows = rows_of(records)
    used = [name for name in TITLES if any(name in row.answers for row in rows)]
    ratios = [row.ratio for row in rows if row.ratio is not None]
    parts = [
        "# Accuracy of the suite",
        "Joint relative L2 error, mean over the test runs and then over the seeds, in %. The "
        "*ratio* is our error as a share of the best baseline's (bold). All methods learn from "
        "the same runs, of which ours takes some for validation first; the peers (DeepONet, "
        "POD-NN, FNO) only validate with these. The ratio does not count the peers. Where a "
        "problem has a symmetry, which ours has to find, the baselines stand a second time with "
        "the mirror images of the runs to learn from, and there is a ratio to these. EZyRB stands "
        "with the rank (and number of image components) that is best on the test runs.",
        _errors(rows, used, "test", ratio=True),
        _geometric_mean(ratios),
        *(
            f"{row.problem}: {row.ratio_to_mirrored:.3f} of the best baseline that learned from "
            "mirror images too."
            for row in rows
            if row.ratio_to_mirrored is not None
        ),
        *(
            f"{row.problem}: {row.ratio_to_peers:.3f} of the best peer; training times are below."
            for row in rows
            if row.ratio_to_peers is not None
        ),
        "## Extrapolation: parameters outside the trained range, in %",
        _errors(rows, used, "extrapolation"),
        own_tables({row.problem: list(row.answers.get("ours", {}).values()) for row in rows}),
        "## Seconds to fit",
        _times(rows, used, "fit_seconds", 1.0),
        "## Milliseconds to predict a run, of several predicted together",
        _times(rows, used, "predict_seconds_per_run", 1e3),
        "## Every choice of EZyRB, test runs, in %",
        _choices(records),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _geometric_mean(ratios: Sequence[float]) -> str:
    if not ratios:
        return ""
    return (
        f"Geometric mean of {len(ratios)} ratios: **{math.exp(fmean(map(math.log, ratios))):.3f}**"
    )


def _kind(name: str) -> str:
    """Return ``ezyrb_pod_rbf`` for ``ezyrb_pod_rbf_40``, and any other name unchanged."""
    return "_".join(name.split("_")[:3]) if name.startswith("ezyrb") else name


def _with_best_choices(answers: Answers) -> Answers:
    best: dict[str, str] = {}
    for name, by_seed in answers.items():
        kind = _kind(name)
        if kind not in best or mean_error(by_seed) < mean_error(answers[best[kind]]):
            best[kind] = name
    return {kind: answers[name] for kind, name in best.items()}


def _ratio(answers: Answers, baselines: list[str]) -> tuple[str | None, float | None]:
    """Return the best of these baselines, and the ratio of our error to its."""
    if not baselines or "ours" not in answers:
        return None, None
    # A mean over other seeds would compare other designs.
    seeds = set.intersection(*(set(answers[name]) for name in (*baselines, "ours")))
    if not seeds:
        return None, None
    errors = {name: mean_error(answers[name], seeds=seeds) for name in baselines}
    best = min(errors, key=lambda name: math.inf if math.isnan(errors[name]) else errors[name])
    ratio = (
        mean_error(answers["ours"], seeds=seeds) / errors[best] if errors[best] > 0 else math.nan
    )
    return best, None if math.isnan(ratio) else ratio


def _errors(rows: list[Row], used: list[str], split: str, *, ratio: bool = False) -> str:
    def cell(row: Row, name: str) -> str:
        value = 100.0 * mean_error(row.answers[name], split)
        text = "–" if math.isnan(value) else f"{value:.3g}"
        return f"**{text}**" if ratio and name == row.best else text

    def share(row: Row) -> str:
        return "–" if row.ratio is None else f"{row.ratio:.3f}"

    return _grid(rows, used, cell, ("ratio", share) if ratio else None)


def _times(rows: list[Row], used: list[str], key: str, factor: float) -> str:
    return _grid(
        rows,
        used,
        lambda row, name: f"{factor * fmean(a[key] for a in row.answers[name].values()):.3g}",
    )


def _choices(records: Sequence[dict[str, Any]]) -> str:
    lines = ["| problem | choice | error | seconds to fit |", "|---|---|---|---|"]
    found: dict[tuple[str, str], dict[int, dict[str, Any]]] = {}
    for record in records:
        for name, answer in record["answers"].items():
            if name.startswith("ezyrb"):
                found.setdefault((record["problem"], name), {})[record["seed"]] = answer
    for (problem, name), answers in found.items():
        seconds = fmean(answer["fit_seconds"] for answer in answers.values())
        lines.append(f"| {problem} | {name} | {100.0 * mean_error(answers):.3g} | {seconds:.3g} |")
    return "\n".join(lines) if found else ""


def _grid(
    rows: list[Row],
    used: list[str],
    cell: Callable[[Row, str], str],
    last: tuple[str, Callable[[Row], str]] | None = None,
) -> str:
    titles = ["problem", "seeds", *(TITLES[name] for name in used), *([last[0]] if last else [])]
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    for row in rows:
        counts = {len(answers) for answers in row.answers.values()}
        seeds = str(counts.pop()) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
        cells = [cell(row, name) if name in row.answers else "–" for name in used]
        lines.append(
            "| "
            + " | ".join([row.problem, seeds, *cells, *([last[1](row)] if last else [])])
            + " |"
        )
    return "\n".join(lines)

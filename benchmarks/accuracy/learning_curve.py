"""Errors of the surrogate and of the baselines with few runs to learn from.

    python -m benchmarks.accuracy.learning_curve [PROBLEM ...] [--runs 12 24 48 96] [--seeds 0]
        [--methods ours baselines gpr_time ezyrb] [--set group.key=value] [--out FOLDER]

The problems and methods are those of ``run.py``, with the first of each problem's training runs, of
which as many are for validation as by default. Numbers above what a problem has are left out.
Each number of runs has its tables in FOLDER/runs_N/, which are resumed like those of ``run.py``;
FOLDER/learning_curve.md has the ratios to the best baseline of all of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean

import numpy as np
from rich.console import Console

from benchmarks.accuracy.arguments import parsed, parser_of
from benchmarks.accuracy.cases import PROBLEMS, Case, load_case
from benchmarks.accuracy.results import Results
from benchmarks.accuracy.run import run_case
from benchmarks.accuracy.table import mean_error, rows_of
from simulgenvae.data.split import Split, validation_count
from simulgenvae.errors import UserError
from simulgenvae.utils.atomic import atomic_write

METHODS = ("ours", "baselines", "gpr_time", "ezyrb")


def main() -> None:
    parser = parser_of(__doc__, PROBLEMS, PROBLEMS)
    parser.add_argument("--runs", type=int, nargs="+", default=[12, 24, 48, 96])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="seeds of the designs")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    options = parsed(parser, PROBLEMS)
    console = Console(soft_wrap=True, highlight=False)
    file = options.out / "learning_curve.md"
    try:
        found = {runs: Results(options.out / f"runs_{runs}", PROBLEMS) for runs in options.runs}
        for name in options.problems:
            for seed in options.seeds:
                whole = load_case(name, seed)
                for runs in options.runs:
                    if runs <= len(whole.learned):
                        case = with_runs(whole, runs)
                        console.print(f"{runs} runs:", end=" ")
                        run_case(case, options.methods, options.set, found[runs], console)
                        with atomic_write(file) as temporary:
                            temporary.write_text(markdown(found), encoding="utf-8")
    except (UserError, ValueError) as error:
        parser.error(str(error))
    console.print(str(file))


def with_runs(case: Case, runs: int) -> Case:
    """Return the case with fewer runs to learn from, without the extrapolation runs."""
    held = validation_count(runs)
    fewer = {"train": case.learned[held:runs], "validation": case.learned[:held]}
    rows = case.rows | fewer | {"extrapolation": np.arange(0)}
    parts = {
        part: tuple(case.dataset.ids[int(row)] for row in rows[part])
        for part in ("train", "validation", "test")
    }
    source = f"{case.source}, {runs} runs"
    return case._replace(source=source, split=Split(**parts), rows=rows)


def markdown(found: Mapping[int, Results]) -> str:
    """Return the errors and ratios of each problem, with two columns for each number of runs."""
    numbers = [runs for runs, results in found.items() if results.records]
    titles = [f"{runs} runs | ratio" for runs in numbers]
    lines = ["| problem | " + " | ".join(titles) + " |", "|" + "---|" * (1 + 2 * len(numbers))]
    cells: dict[str, dict[int, str]] = {}
    ratios: dict[int, list[float]] = {runs: [] for runs in numbers}
    for runs in numbers:
        for row in rows_of(found[runs].records):
            error = mean_error(row.answers["ours"]) if "ours" in row.answers else math.nan
            ratio = "–" if row.ratio is None else f"{row.ratio:.3f}"
            cells.setdefault(row.problem, {})[runs] = f"{100 * error:.3g} | {ratio}"
            ratios[runs] += [] if row.ratio is None else [row.ratio]
    for problem in sorted(cells, key=PROBLEMS.index):
        texts = [cells[problem].get(runs, "– | –") for runs in numbers]
        lines.append(f"| {problem} | " + " | ".join(texts) + " |")
    means = ["" if not ratios[runs] else f"{_geometric_mean(ratios[runs]):.3f}" for runs in numbers]
    lines.append("| geometric mean | " + " | ".join(f" | {mean}" for mean in means) + " |")
    intro = (
        "Joint relative L2 error of the surrogate in %, mean over test runs and seeds, and its "
        "ratio to the best baseline that learned from the same training runs."
    )
    return "\n\n".join(["# Few runs", intro, "\n".join(lines)]) + "\n"


def _geometric_mean(ratios: Sequence[float]) -> float:
    return math.exp(fmean(map(math.log, ratios)))


if __name__ == "__main__":
    main()

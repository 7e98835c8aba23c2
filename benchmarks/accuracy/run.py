"""Compare the surrogate with the baselines on the problems of the suite.

    python -m benchmarks.accuracy.run [PROBLEM ...] [--seeds 0 1 2]
        [--methods ours baselines gpr_time ezyrb none] [--set group.key=value] [--out FOLDER]

All problems and methods when none are named. Runs are solved once and cached in benchmarks/cache. A
seed chooses the designs and the validation runs, a tenth of the training runs; settings are the
defaults, what the problem declares (the symmetry of the plate) and, for our own surrogates, those
of --set. FOLDER/results.json and results.md are written after every job, and a job that is
finished there is left out unless its sources, settings or libraries have changed.
"""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console

from benchmarks.accuracy.arguments import parsed, parser_of
from benchmarks.accuracy.cases import PROBLEMS, Case, load_case
from benchmarks.accuracy.fitted import measure
from benchmarks.accuracy.methods import METHODS
from benchmarks.accuracy.results import Results
from simulgenvae.errors import UserError


def main() -> None:
    parser = parser_of(__doc__, PROBLEMS, PROBLEMS)
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], help="seeds of the designs"
    )
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    options = parsed(parser, PROBLEMS)
    console = Console(soft_wrap=True, highlight=False)
    try:
        results = Results(options.out, PROBLEMS)
        for name in options.problems:
            for seed in options.seeds:
                run_case(load_case(name, seed), options.methods, options.set, results, console)
    except (UserError, ValueError) as error:
        parser.error(str(error))
    console.print(f"{results.markdown_file} and {results.json_file}")


def run_case(
    case: Case, methods: list[str], asked: list[str], results: Results, console: Console
) -> None:
    """Fit and measure every method on one case, except those that are finished."""
    for method in methods:
        choice = METHODS[method]
        settings = choice.settings(case.declared, asked, results.json_file.parent)
        key = choice.key(case, settings)
        title = f"{case.name}, seed {case.seed}, {method}"
        if results.has(case.name, case.seed, method, key):
            console.print(f"{title}: finished before")
            continue
        start = time.perf_counter()
        answers = {}
        for fitted in choice.fit(case, settings):
            answers[fitted.name] = measure(fitted, case)
        results.add(
            {
                "problem": case.name,
                "seed": case.seed,
                "method": method,
                "key": key,
                "asked": list(asked) if choice.own else [],
                "settings": settings.model_dump(mode="json"),
                "shape": list(case.dataset.shape),
                "runs": {split: len(rows) for split, rows in case.rows.items()},
                "answers": answers,
            }
        )
        console.print(f"{title}: {time.perf_counter() - start:.0f} s, {_best(answers)}")


def _best(answers: dict[str, Any]) -> str:
    """Return the name and mean test error of the best answer as text."""
    errors = {
        name: found["test"]["mean"] for name, found in answers.items() if name != "projection_floor"
    }
    name = min(errors, key=lambda each: errors[each] if errors[each] is not None else float("inf"))
    return f"{name} {100.0 * (errors[name] or 0.0):.3g} %"


if __name__ == "__main__":
    main()

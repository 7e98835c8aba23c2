"""Compare methods on problems whose runs have meshes of their own.

    python -m benchmarks.geometry.run [PROBLEM ...] [--methods mmgp,grid_gpr,grid_rbf,nearest]
        [--seeds 0 1 2] [--without-shape] [--train RUNS] [--out FOLDER]

Problems are all by default, methods all but ours, which --methods names. With --without-shape,
parameters that describe the shape are left out of the table, and only the mesh has it; such
problems have _without_shape after their names in the results. Runs are solved once and cached in
benchmarks/cache. FOLDER/geometry.json and geometry.md are written after every job, and a job that
is finished there is left out unless its sources or libraries have changed.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from rich.console import Console

from benchmarks.accuracy.cases import CACHE
from benchmarks.accuracy.results import Results
from benchmarks.geometry.case import GeometryCase
from benchmarks.geometry.cases import GEOMETRY_PROBLEMS, load_case
from benchmarks.geometry.measure import summary
from benchmarks.geometry.methods import METHODS, OURS
from benchmarks.geometry.ours import OtherNodesError
from benchmarks.geometry.peers.morphing import NoMorphingError
from benchmarks.geometry.table import markdown
from simulgenvae.errors import UserError

WITHOUT_SHAPE = "_without_shape"
ORDER = [name + end for name in GEOMETRY_PROBLEMS for end in ("", WITHOUT_SHAPE)]


def main() -> None:
    options = _options()
    console = Console(soft_wrap=True, highlight=False)
    try:
        results = Results(options.out, ORDER, "geometry", markdown)
        for problem in dict.fromkeys(options.problems):
            for seed in options.seeds:
                case = load_case(problem, seed)
                name = problem
                if options.train is not None:
                    case = case.first(options.train)
                if options.without_shape:
                    case, name = case.without_shape(), problem + WITHOUT_SHAPE
                for method in options.methods:
                    run_job(case, name, seed, method, results, console)
    except (UserError, ValueError) as error:
        raise SystemExit(f"error: {error}") from None
    console.print(results.markdown_file.read_text(encoding="utf-8"), markup=False)
    console.print(f"{results.markdown_file} and {results.json_file}")


def run_job(
    case: GeometryCase, name: str, seed: int, method: str, results: Results, console: Console
) -> None:
    """Fit and measure one method on one case, except when it is finished."""
    title = f"{name}, seed {seed}, {method}"
    key = METHODS[method].key(case)
    if results.has(name, seed, method, key):
        console.print(f"{title}: finished before")
        return
    record = {
        "problem": name,
        "seed": seed,
        "method": method,
        "key": key,
        "runs": {"train": len(case.train), "test": len(case.test)},
        "nodes": [
            min(len(run.points) for run in case.runs),
            max(len(run.points) for run in case.runs),
        ],
    }
    start = time.perf_counter()
    try:
        predictions = METHODS[method].predict(case)
    except (NoMorphingError, OtherNodesError) as reason:
        results.add(record | {"left_out": str(reason)})
        console.print(f"{title}: left out, {reason}")
        return
    seconds = time.perf_counter() - start
    found = summary(case, predictions, seconds)
    results.add(record | {"test": found})
    console.print(f"{title}: {seconds:.0f} s, {100.0 * found['mean']:.3g} %")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = ", ".join(GEOMETRY_PROBLEMS)
    parser.add_argument(
        "problems", nargs="*", default=list(GEOMETRY_PROBLEMS), metavar="PROBLEM", help=known
    )
    others = ",".join(name for name in METHODS if name not in OURS)
    parser.add_argument("--methods", default=others, help=", ".join(METHODS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--without-shape", action="store_true", help="the mesh alone has the shape")
    parser.add_argument("--train", type=int, metavar="RUNS", help="training runs: all")
    parser.add_argument("--out", type=Path, default=CACHE / "results", metavar="FOLDER")
    options = parser.parse_args()
    options.methods = options.methods.split(",")
    for given, there in ((options.problems, GEOMETRY_PROBLEMS), (options.methods, METHODS)):
        if unknown := [name for name in given if name not in there]:
            parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(there)}")
    return options


if __name__ == "__main__":
    main()

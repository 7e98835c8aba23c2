"""Compare the surrogate with the baselines on the problems of the suite.

    python -m benchmarks.accuracy.run [PROBLEM ...] [--seeds 0 1 2]
        [--methods ours baselines gpr_time ezyrb none deeponet pod_nn fno deeponet_x10 ...]
        [--public] [--peer-seconds SECONDS] [--set group.key=value] [--out FOLDER]

When none are named, all problems that are solved here, and all methods but the peers (deeponet,
pod_nn, fno; with _x10 for ten times the training time). Public data sets are downloaded when they
are named, or with --public. A peer trains for as long as ours did, by its result in FOLDER, or for
--peer-seconds. Runs are solved once and cached in benchmarks/cache. A seed chooses the designs and
the validation runs, a tenth of the training runs; settings are the defaults, what the problem
declares (the symmetry of the plate) and, for our own surrogates, those of --set.
FOLDER/results.json and results.md are written after every job, and a job that is finished there is
left out unless its sources, settings or libraries have changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from rich.console import Console

from benchmarks.accuracy.arguments import parsed, parser_of
from benchmarks.accuracy.cases import PROBLEMS, Case, load_case
from benchmarks.accuracy.fitted import Fitted, measure
from benchmarks.accuracy.methods import METHODS
from benchmarks.accuracy.peers.grids import NoGridError
from benchmarks.accuracy.peers.registry import PEERS
from benchmarks.accuracy.public import PUBLIC_PROBLEMS
from benchmarks.accuracy.results import Results
from simulgenvae.errors import UserError

KNOWN = (*PROBLEMS, *PUBLIC_PROBLEMS)


class Job(NamedTuple):
    """One method on one case."""

    fit: Callable[[], Iterator[Fitted]]
    key: str
    """Hash of everything that its results depend on."""
    settings: dict[str, Any]
    asked: list[str]
    """Settings that the command line names, where the method has any."""


def main() -> None:
    parser = parser_of(__doc__, KNOWN, PROBLEMS)
    parser.add_argument("--public", action="store_true", help="the public data sets too")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], help="seeds of the designs"
    )
    parser.add_argument("--methods", nargs="+", choices=[*METHODS, *PEERS], default=list(METHODS))
    parser.add_argument(
        "--peer-seconds", type=float, metavar="SECONDS", help="training time of peers: that of ours"
    )
    options = parsed(parser, KNOWN)
    problems = [*options.problems, *(PUBLIC_PROBLEMS if options.public else ())]
    console = Console(soft_wrap=True, highlight=False)
    try:
        results = Results(options.out, KNOWN)
        for name in dict.fromkeys(problems):
            for seed in options.seeds:
                case = load_case(name, seed)
                run_case(case, options.methods, options.set, results, console, options.peer_seconds)
    except (UserError, ValueError) as error:
        parser.error(str(error))
    console.print(f"{results.markdown_file} and {results.json_file}")


def run_case(
    case: Case,
    methods: list[str],
    asked: list[str],
    results: Results,
    console: Console,
    peer_seconds: float | None = None,
) -> None:
    """Fit and measure every method on one case, except those that are finished."""
    for method in methods:
        title = f"{case.name}, seed {case.seed}, {method}"
        job = (
            _peer_job(case, method, results, peer_seconds)
            if method in PEERS
            else _job(case, method, asked, results)
        )
        if results.has(case.name, case.seed, method, job.key):
            console.print(f"{title}: finished before")
            continue
        start = time.perf_counter()
        try:
            answers = {fitted.name: measure(fitted, case) for fitted in job.fit()}
        except NoGridError as error:
            console.print(f"{title}: left out, {error}")
            continue
        results.add(
            {
                "problem": case.name,
                "seed": case.seed,
                "method": method,
                "key": job.key,
                "asked": job.asked,
                "settings": job.settings,
                "shape": list(case.dataset.shape),
                "runs": {split: len(rows) for split, rows in case.rows.items()},
                "answers": answers,
            }
        )
        console.print(f"{title}: {time.perf_counter() - start:.0f} s, {_best(answers)}")


def _job(case: Case, method: str, asked: list[str], results: Results) -> Job:
    choice = METHODS[method]
    settings = choice.settings(case.declared, asked, results.json_file.parent)
    return Job(
        partial(choice.fit, case, settings),
        choice.key(case, settings),
        settings.model_dump(mode="json"),
        list(asked) if choice.own else [],
    )


def _peer_job(case: Case, method: str, results: Results, asked: float | None) -> Job:
    peer = PEERS[method]
    about = peer.about(peer.seconds(case, results.records, asked))
    return Job(partial(peer.fit, case, about["seconds"]), peer.key(case, about), about, [])


def _best(answers: dict[str, Any]) -> str:
    """Return the name and mean test error of the best answer as text."""
    errors = {
        name: found["test"]["mean"] for name, found in answers.items() if name != "projection_floor"
    }
    name = min(errors, key=lambda each: errors[each] if errors[each] is not None else float("inf"))
    return f"{name} {100.0 * (errors[name] or 0.0):.3g} %"


if __name__ == "__main__":
    main()

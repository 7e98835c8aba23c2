"""Comparison of suggested designs with random ones.

    python -m benchmarks.accuracy.suggest [PROBLEM ...] [--repeats 5] [--start 40] [--add 20]
        [--test 30] [--set group.key=value] [--out FOLDER]

A surrogate learns from ``start`` runs at random, some of them for validation, suggests designs over
the domain that the random ones are drawn from, and the new designs are solved. Surrogates of
``start + add`` runs follow, once with the suggested runs and once with as many random ones.
Everything except the added runs is the same for both: settings, validation and test runs. Every
repetition has other designs. FOLDER/suggest.json and suggest.md are written after each, and one
that is finished there is left out unless sources, settings or numbers of runs have changed.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from benchmarks.accuracy.arguments import parsed, parser_of
from benchmarks.accuracy.contents import digest, module_files, package_files
from benchmarks.accuracy.problem import TEST_STREAM, TRAIN_STREAM
from benchmarks.accuracy.results import Results
from benchmarks.accuracy.spaces import SPACES, Space
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split, validation_count
from simulgenvae.design.suggest import suggest
from simulgenvae.errors import UserError
from simulgenvae.evaluation.metrics import FieldErrors, VariableScale
from simulgenvae.settings import Settings, StudyFolder, load_settings
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.surrogate import Surrogate

TITLES = (
    "problem",
    "runs",
    "repetitions",
    "before",
    "with random runs",
    "with suggested runs",
    "ratio",
    "won",
)

Fields = NDArray[np.float32]
Table = NDArray[np.float64]
Counts = dict[str, int]


def main() -> None:
    parser = parser_of(__doc__, list(SPACES), ["steady", "source"])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--start", type=int, default=40, help="runs to begin with")
    parser.add_argument("--add", type=int, default=20, help="runs to add")
    parser.add_argument("--test", type=int, default=30, help="runs to measure on")
    options = parsed(parser, list(SPACES))
    console = Console(soft_wrap=True, highlight=False)
    counts = {"start": options.start, "add": options.add, "test": options.test}
    try:
        settings = load_settings(StudyFolder(options.out), overrides=options.set)
        results = Results(options.out, list(SPACES), "suggest", markdown)
        compare(options.problems, options.repeats, counts, settings, results, console)
    except (UserError, ValueError) as error:
        parser.error(str(error))
    console.print(f"{results.markdown_file} and {results.json_file}")


def compare(
    problems: Sequence[str],
    repeats: int,
    counts: Counts,
    settings: Settings,
    results: Results,
    console: Console,
) -> None:
    """Measure every repetition of every problem, except those that are finished."""
    for name in problems:
        key = key_of(name, counts, settings)
        space = None
        for repeat in range(repeats):
            title = f"{name}, repetition {repeat + 1}"
            if results.has(name, repeat, "suggest", key):
                console.print(f"{title}: finished before")
                continue
            # Assembled when first needed: finished repetitions need no solver.
            space = space or SPACES[name]()
            start = time.perf_counter()
            errors = repetition(space, repeat, counts, settings)
            record = {
                "problem": name,
                "seed": repeat,
                "method": "suggest",
                "key": key,
                "counts": counts,
            }
            results.add(record | {"settings": settings.model_dump(mode="json"), "errors": errors})
            text = ", ".join(f"{arm} {100 * fmean(each):.3g} %" for arm, each in errors.items())
            console.print(f"{title}: {time.perf_counter() - start:.0f} s, {text}")


def repetition(
    space: Space, seed: int, counts: Counts, settings: Settings
) -> dict[str, list[float]]:
    """Return the joint relative error of every test run.

    There are errors with the first runs, with further random ones and with further suggested ones.
    """
    start = counts["start"]
    add = counts["add"]
    table = space.sample(start + add, seed, TRAIN_STREAM)
    unseen = space.sample(counts["test"], seed, TEST_STREAM)
    fields = space.solve(table)
    truth = space.solve(unseen)
    # The same validation runs and scale in all three, so that only the added runs differ.
    held = np.random.default_rng(seed).permutation(start)[: validation_count(start)]
    scale = VariableScale.fit(fields[row] for row in range(start) if row not in held)
    test = Conditions(tuple(f"test_{k}" for k in range(len(unseen))), space.names, unseen)

    def measured(surrogate: Surrogate) -> list[float]:
        errors = FieldErrors(space.variables, scale)
        for row in range(len(truth)):
            errors.add(surrogate.predict(test.select([row]))["fields"].to_numpy()[0], truth[row])
        return errors.joint

    first = learned(space, table[:start], fields[:start], held, settings)
    known = Conditions(run_ids(start), space.names, table[:start])
    ranges = dict(zip(space.names, zip(space.lower, space.upper, strict=True), strict=True))
    # The same domain as that of the random designs: else the comparison would favour one.
    suggested = suggest(first, known, add, ranges=ranges, seed=seed).designs.table
    more = (
        np.concatenate([table[:start], suggested]),
        np.concatenate([fields[:start], space.solve(suggested)]),
    )
    return {
        "before": measured(first),
        "random": measured(learned(space, table, fields, held, settings)),
        "suggested": measured(learned(space, *more, held, settings)),
    }


def learned(
    space: Space, table: Table, fields: Fields, held: NDArray[np.intp], settings: Settings
) -> Surrogate:
    """Train a surrogate of these runs, of which the rows ``held`` are for validation."""
    ids = run_ids(len(table))
    dataset = Dataset.from_arrays(
        fields,
        Conditions(ids, space.names, table),
        times=space.times,
        coords=space.coords,
        variables=space.variables,
    )
    validation = tuple(ids[row] for row in sorted(held))
    split = Split(tuple(run for run in ids if run not in validation), validation, ())
    return fit(dataset, settings, split=split)


def run_ids(count: int) -> tuple[str, ...]:
    """Return ids of this number of runs."""
    return tuple(f"run_{number:03d}" for number in range(count))


def key_of(name: str, counts: Counts, settings: Settings) -> str:
    """Return a hash of everything that the errors of a problem depend on."""
    package = package_files("**/*.py", but=("cli", "demo", "evaluation", "export"))
    files = {
        *package,
        *package_files("evaluation/metrics/*.py"),
        *module_files("suggest"),
        *module_files(name),
    }
    text = {"files": digest(files), "counts": counts, "settings": settings.model_dump(mode="json")}
    return hashlib.sha256(json.dumps(text).encode()).hexdigest()


def markdown(records: Sequence[dict[str, Any]]) -> str:
    """Return a table with a row for each problem and its latest key.

    A row has the mean error ± standard error over repetitions, and the number of repetitions in
    which suggested runs were better.
    """
    lines = ["| " + " | ".join(TITLES) + " |", "|" + "---|" * len(TITLES)]
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for record in records:
        groups.setdefault((record["problem"], record["key"]), []).append(record)
    for (name, _), group in groups.items():
        before, random, suggested = (
            [100 * fmean(record["errors"][arm]) for record in group]
            for arm in ("before", "random", "suggested")
        )
        ratios = [ours / theirs for ours, theirs in zip(suggested, random, strict=True)]
        counts = group[0]["counts"]
        won = sum(ratio < 1 for ratio in ratios)
        means = [_with_error(each) for each in (before, random, suggested, ratios)]
        cells = [
            name,
            f"{counts['start']} + {counts['add']}",
            str(len(group)),
            *means,
            f"{won} of {len(group)}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    intro = (
        "Joint relative L2 error in %, mean over the test runs and then over repetitions, ± its "
        "standard error over these. *ratio*: error with suggested runs over error with random "
        "runs; *won*: repetitions where it is below 1."
    )
    return "\n\n".join(["# What suggested designs bring", intro, "\n".join(lines)]) + "\n"


def _with_error(values: Sequence[float]) -> str:
    mean = f"{fmean(values):.3g}"
    return mean if len(values) < 2 else f"{mean} ± {stdev(values) / len(values) ** 0.5:.2g}"


if __name__ == "__main__":
    main()

"""Effect of each part of the recipe: the test error with one part taken out at a time.

    python -m benchmarks.accuracy.ablation [PROBLEM ...] [--seeds 0] [--set group.key=value]
        [--out FOLDER]

*Parts of the answer* are read from one training with the defaults: a single network, several, the
Gaussian processes, and both. *Parts of the training* are single networks without Gaussian
processes, each trained from the start with another choice in one place; the first of them, as in a
default training, is what they are compared with. FOLDER/ablation.json and ablation.md are
written after each training, and one that is finished there is left out unless its sources, settings
or libraries have changed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from rich.console import Console

from benchmarks.accuracy.arguments import parsed, parser_of
from benchmarks.accuracy.cases import PROBLEMS, Case, load_case
from benchmarks.accuracy.methods import METHODS
from benchmarks.accuracy.results import Results
from simulgenvae.errors import UserError
from simulgenvae.evaluation.metrics import FieldErrors, VariableScale
from simulgenvae.surrogate.ensemble import Ensemble
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.surrogate import Surrogate

WHOLE = "defaults"
ONE_NETWORK = "one network"
TRAININGS = {
    "AdamW instead of Muon": (
        "training.optimizer=adamw",
        *(f"training.{stage}.learning_rate=1e-3" for stage in ("vae", "conditioner", "end_to_end")),
    ),
    "convolutional decoder": ("model.decoder=convolutional",),
    "neural field as decoder": ("model.decoder=field",),
    "networks of stages 1 and 2 go on": ("training.end_to_end.from_scratch=false",),
    "VAE of stage 1 frozen": ("training.end_to_end.decoder=frozen",),
    "stages 1 and 2 alone": ("training.end_to_end.enabled=false",),
    "validation runs not learned from": ("training.end_to_end.refit=false",),
}
"""Choices of the training other than the default one, with their settings."""
SINGLE = ("training.end_to_end.members=1",)


def main() -> None:
    parser = parser_of(__doc__, PROBLEMS, ["burgers", "source", "steady"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="seeds of the designs")
    options = parsed(parser, PROBLEMS)
    console = Console(soft_wrap=True, highlight=False)
    try:
        results = Results(options.out, PROBLEMS, "ablation", markdown)
        for name in options.problems:
            for seed in options.seeds:
                ablate(load_case(name, seed), options.set, results, console)
    except (UserError, ValueError) as error:
        parser.error(str(error))
    console.print(f"{results.markdown_file} and {results.json_file}")


def ablate(case: Case, asked: Sequence[str], results: Results, console: Console) -> None:
    """Train every variant on one case, except those that are finished."""
    ours = METHODS["ours"]
    for variant, overrides in {
        WHOLE: (),
        **{name: (*SINGLE, *sets) for name, sets in TRAININGS.items()},
    }.items():
        settings = ours.settings(case.declared, [*asked, *overrides], results.json_file.parent)
        key = ours.key(case, settings)
        title = f"{case.name}, seed {case.seed}, {variant}"
        if results.has(case.name, case.seed, variant, key):
            console.print(f"{title}: finished before")
            continue
        start = time.perf_counter()
        surrogate = fit(case.dataset, settings, split=case.split)
        seconds = time.perf_counter() - start
        # One training has all parts of the answer; a variant of the training is a single network.
        answers = (
            parts_of(surrogate) if variant == WHOLE else {variant: networks_alone(surrogate, [0])}
        )
        errors = {name: errors_of(each, case) for name, each in answers.items()}
        record = {
            "problem": case.name,
            "seed": case.seed,
            "method": variant,
            "key": key,
            "seconds": seconds,
        }
        results.add(record | {"settings": settings.model_dump(mode="json"), "errors": errors})
        text = ", ".join(f"{name} {100 * fmean(each):.3g} %" for name, each in errors.items())
        console.print(f"{title}: {seconds:.0f} s, {text}")


def parts_of(surrogate: Surrogate) -> dict[str, Surrogate]:
    """Return the surrogate and the predictors that it consists of, by name."""
    ensemble = _ensemble(surrogate)
    found = {ONE_NETWORK: networks_alone(surrogate, [0])}
    kinds = [member.decoder_name for member in ensemble.members]
    for kind in dict.fromkeys(kinds):
        members = [number for number, name in enumerate(kinds) if name == kind]
        name = f"networks with the decoder {kind} ({len(members)})"
        found[name] = networks_alone(surrogate, members)
    found[f"all networks ({len(kinds)})"] = replace(
        surrogate, ensemble=replace(ensemble, gp_weight=0.0)
    )
    if ensemble.mirror_views:
        alone = _ensemble(found[ONE_NETWORK])
        unmirrored = replace(surrogate, ensemble=replace(alone, mirror_views=()))
        found = {"one network, without mirrored views": unmirrored, **found}
    if ensemble.pod_gp is not None:
        found["Gaussian processes"] = replace(surrogate, ensemble=replace(ensemble, gp_weight=1.0))
    return found | {"all of it": surrogate}


def networks_alone(surrogate: Surrogate, members: Sequence[int]) -> Surrogate:
    """Return a surrogate of some networks with equal weights, without the Gaussian processes."""
    ensemble = _ensemble(surrogate)
    some = replace(
        ensemble,
        members=tuple(ensemble.members[number] for number in members),
        member_weights=(1 / len(members),) * len(members),
        gp_weight=0.0,
    )
    return replace(surrogate, ensemble=some)


def errors_of(surrogate: Surrogate, case: Case) -> list[float]:
    """Return the joint relative error of every test run."""
    scale = VariableScale.fit(case.dataset.run(int(row)) for row in case.rows["train"])
    errors = FieldErrors(case.dataset.variables, scale)
    for row in case.rows["test"]:
        predicted = surrogate.predict(case.dataset.conditions.select([int(row)]))[
            "fields"
        ].to_numpy()[0]
        errors.add(predicted, case.dataset.run(int(row)))
    return errors.joint


def markdown(records: Sequence[dict[str, Any]]) -> str:
    """Return two tables of mean errors over test runs and seeds, with a column for each problem."""
    found: dict[str, dict[str, list[float]]] = {}
    for record in records:
        for name, errors in record["errors"].items():
            found.setdefault(name, {}).setdefault(record["problem"], []).append(
                100.0 * fmean(errors)
            )
    problems = list(dict.fromkeys(record["problem"] for record in records))
    answers = [name for name in found if name not in TRAININGS]
    trainings = [name for name in (ONE_NETWORK, *TRAININGS) if name in found]
    seeds = sorted({record["seed"] for record in records})
    return (
        "\n\n".join(
            [
                "# What each part buys",
                "Joint relative L2 error in %, mean over test runs and over the seeds "
                f"{', '.join(map(str, seeds))}.",
                "## Parts of the answer",
                _table(answers, problems, found),
                "## Parts of the training: one network, without Gaussian processes",
                _table(trainings, problems, found),
            ]
        )
        + "\n"
    )


def _table(
    names: Sequence[str], problems: Sequence[str], found: dict[str, dict[str, list[float]]]
) -> str:
    lines = ["| | " + " | ".join(problems) + " |", "|" + "---|" * (1 + len(problems))]
    for name in names:
        cells = [
            f"{fmean(found[name][problem]):.3g}" if problem in found[name] else "–"
            for problem in problems
        ]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines)


def _ensemble(surrogate: Surrogate) -> Ensemble:
    assert surrogate.ensemble is not None, "the conditioner is trained"
    return surrogate.ensemble


if __name__ == "__main__":
    main()

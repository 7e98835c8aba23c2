"""The model card: what the surrogate is for, how good it is and when not to trust it, on one page
of Markdown.

The headings follow Mitchell et al. 2019, "Model cards for model reporting". Every string that comes
from data or from a model file is escaped: it can neither become markup nor a link.
"""

from __future__ import annotations

import json
from typing import Any

from simulgenvae.data.conditions import ConditionScaler
from simulgenvae.evaluation.analyses.physics import label
from simulgenvae.evaluation.combination import Combination
from simulgenvae.evaluation.presentation import (
    SPLITS,
    describe_conditions,
    method_names,
    number,
    percent,
    sentence,
    shown_errors,
)
from simulgenvae.evaluation.report.markdown import escaped, listed, table
from simulgenvae.evaluation.report.uncertainty_section import measures
from simulgenvae.evaluation.verdict import Verdict
from simulgenvae.surrogate.ensemble import interval_label, interval_warning

_SHOWN_WORST = 3


def model_card(metrics: dict[str, Any]) -> str:
    """Markdown for ``metrics`` (the content of ``metrics.json``).

    Used where present: ``trained_ranges`` (:func:`trained_ranges`), ``uncertainty``, ``physics``
    and ``sensitivity``.
    """
    sections = [
        ("Purpose", _purpose(metrics)),
        ("Data", _data(metrics)),
        ("Trained range", _ranges(metrics)),
        ("Errors", _errors(metrics)),
        ("Comparison with baselines", _references(metrics)),
        ("Uncertainty", _uncertainty(metrics)),
        ("Physics checks", _physics(metrics.get("physics"))),
        ("What it listens to", _inputs(metrics.get("sensitivity"))),
        ("When not to trust it", _limits(metrics)),
        ("Training", _training(metrics)),
        ("How to reproduce", _reproduce(metrics)),
    ]
    parts = [f"## {title}\n\n{text}\n" for title, text in sections if text]
    return "\n".join(["# Model card of the surrogate\n", *parts])


def trained_ranges(scaler: ConditionScaler) -> dict[str, dict[str, Any]]:
    """Range of every parameter in the training runs and whether its logarithm is used, ready for
    JSON."""
    columns = zip(scaler.names, scaler.lower, scaler.upper, scaler.logarithm, strict=True)
    return {
        name: {"lower": low, "upper": high, "logarithm": log} for name, low, high, log in columns
    }


def _purpose(metrics: dict[str, Any]) -> str:
    data = metrics["data"]
    return (
        f"Predicts the whole transient field ({data['timesteps']} timesteps, {data['nodes']} "
        f"nodes, {listed(data['variables'])}) of a new design in the place of a simulation. Known "
        f"of a design: {escaped(describe_conditions(data))}. A hierarchical variational "
        "autoencoder with a conditioner, trained on simulations of one problem on one mesh."
    )


def _data(metrics: dict[str, Any]) -> str:
    data, split = metrics["data"], metrics["split"]
    times = data["times"]
    sizes = ", ".join(f"{len(split[name])} {name}" for name in SPLITS)
    units = zip(data["variables"], data["units"], strict=True)
    rows = [
        (
            "Fingerprint",
            f"`{data['fingerprint']}`"
            if data["fingerprint"].isalnum()
            else escaped(data["fingerprint"]),
        ),
        ("Runs", f"{data['runs']}: {sizes}"),
        ("Times", f"{len(times)}, from {times[0]:g} to {times[-1]:g}"),
        ("Nodes", str(data["nodes"])),
        (
            "Variables",
            ", ".join(
                f"{escaped(name)} ({escaped(unit) if unit else 'unit unknown'})"
                for name, unit in units
            ),
        ),
        ("Parameters", listed(data["parameters"]) if data["parameters"] else "none"),
        ("Pictures", "none" if data["images"] is None else "one for every run"),
    ]
    return table(("", "of the training data"), rows)


def _ranges(metrics: dict[str, Any]) -> str:
    ranges = metrics.get("trained_ranges")
    if not ranges:
        return ""
    rows = [
        (
            escaped(name),
            number(one["lower"]),
            number(one["upper"]),
            "logarithmic" if one["logarithm"] else "linear",
        )
        for name, one in ranges.items()
    ]
    return table(("Parameter", "from", "to", "scale"), rows)


def _errors(metrics: dict[str, Any]) -> str:
    prediction, data = metrics["errors"]["prediction"], metrics["data"]
    used = [split for split in SPLITS if prediction[split]["runs"]]
    joint = [
        (
            split,
            str(prediction[split]["runs"]),
            *(percent(prediction[split]["relative_l2"][m]) for m in _MEASURES),
        )
        for split in used
    ]
    rows = []
    for variable, unit in zip(data["variables"], data["units"], strict=True):
        for split in used:
            one = prediction[split]["variables"][variable]
            rows.append(
                (
                    escaped(f"{variable} [{unit}]" if unit else variable),
                    split,
                    percent(one["relative_l2"]["mean"]),
                    number(one["rmse"]["mean"]),
                    number(one["max_error"]["max"]),
                    "–" if one["r2"] is None else f"{one['r2']:.5f}",
                )
            )
    worst = metrics["worst_runs"][metrics["compared_split"]][:_SHOWN_WORST]
    named = ", ".join(f"{escaped(run['id'])} ({percent(run['relative_l2'])})" for run in worst)
    return (
        "Joint relative L2 error of whole trajectories; every variable counts in units of its "
        "standard deviation in the training runs. Nothing but this evaluation has seen the test "
        f"runs.\n\n{table(('Split', 'runs', *_MEASURES), joint)}\n\nPer variable, in physical "
        f"units:\n\n{table(('Variable', 'split', 'relative L2', 'RMSE', 'largest error', 'R²'), rows)}\n\nWorst "
        f"{metrics['compared_split']} runs: {named}."
    )


_MEASURES = ("mean", "median", "max")


def _references(metrics: dict[str, Any]) -> str:
    split, names = metrics["compared_split"], method_names(metrics)
    rows = [
        (
            names.get(name, escaped(name)),
            *(percent(by_split[split]["relative_l2"][measure]) for measure in _MEASURES),
        )
        for name, by_split in shown_errors(metrics).items()
    ]
    best, ratio = metrics["best_reference"], metrics["ratio_to_best_reference"]
    verdict = Verdict.from_metrics(metrics).sentence()
    if best is not None and ratio is not None:
        named = names.get(best["name"], escaped(best["name"]))
        verdict = f"The surrogate's mean error is {ratio:.2f} of that of the best baseline, {named}. {verdict}"
    combined = Combination.from_metrics(metrics).described()
    return f"{combined} On {split} runs:\n\n{table(('Method', *_MEASURES), rows)}\n\n{verdict}"


def _uncertainty(metrics: dict[str, Any]) -> str:
    """On test runs; where there are none, on the validation runs that it was calibrated on."""
    found, split = metrics.get("uncertainty"), metrics["compared_split"]
    if not found or not found.get(split, {}).get("runs"):
        return ""
    runs = found["calibration_runs"]
    origin = (
        f"calibrated on {runs} validation run(s)"
        if runs
        else "**not calibrated**: there were no validation runs"
    )
    doubt = interval_warning(runs, found["left_out_coverage"]) if runs else None
    few = "" if doubt is None else f" **{sentence(doubt)}**"
    shown = table(("Measure", f"{split} runs", "when right"), measures(found, [split]))
    return (
        "Every predicted value comes with a standard deviation and bounds, the "
        f"{interval_label(runs)}, {origin}; and every design with an expected error and a "
        "novelty: 1 is as far from the training runs as the loneliest of these is from the "
        f"others, and above 1 larger errors are likely.{few}\n\n{shown}"
    )


def _physics(physics: dict[str, Any] | None) -> str:
    if not physics:
        return ""
    rows = [
        (
            escaped(label(one["kind"], one["of"])),
            percent(one["relative_error"]["mean"]),
            percent(one["relative_error"]["max"]),
            percent(one["error_by_absolute"]["mean"]),
        )
        for one in physics["quantities"]
    ]
    shown = table(("Quantity over time", "mean error", "largest", "against absolute values"), rows)
    return f"{shown}\n\n{physics['weights']['note']}"


def _inputs(sensitivity: dict[str, Any] | None) -> str:
    if not sensitivity or (sensitivity["sobol"] is None and sensitivity["permutation"] is None):
        return ""
    names = sensitivity["inputs"]
    totals = sensitivity["sobol"]["field"]["total"] if sensitivity["sobol"] else [None] * len(names)
    permuted = sensitivity["permutation"]
    rows = [
        (
            escaped(name),
            number(total),
            percent(permuted["inputs"][name]["rise"] if permuted else None),
        )
        for name, total in zip(names, totals, strict=True)
    ]
    return table(("Input", "total Sobol index", "rise of the error when exchanged"), rows)


def _limits(metrics: dict[str, Any]) -> str:
    data, split, verdict = metrics["data"], metrics["compared_split"], Verdict.from_metrics(metrics)
    prediction = metrics["errors"]["prediction"]
    floor = metrics["errors"]["projection_floor"][split]["relative_l2"]["mean"]
    lines = [
        "Designs outside the trained range or with a novelty above 1: the prediction is an "
        "extrapolation, and comes with a warning.",
        "Other meshes, materials, boundary conditions or physics than those of the "
        f"{prediction['train']['runs']} training runs: it knows none of them.",
        f"Times outside {data['times'][0]:g} to {data['times'][-1]:g}: they are refused.",
        f"Details finer than the reduction keeps: {percent(floor)} of the field are lost before "
        "any prediction.",
        "Single values: errors are averages over nodes and times; the largest error at a node is "
        "in the table above.",
    ]
    if split != "test":
        lines.append(
            f"**There were no test runs**: the errors are of {split} runs, which the training has "
            "used."
        )
    if verdict.winner not in {"nothing compared", "networks"}:
        lines.append(f"**{verdict.sentence()}**")
    lines += [escaped(note) for note in metrics["notes"]]
    return "\n".join(f"- {line}" for line in lines)


def _training(metrics: dict[str, Any]) -> str:
    info = metrics["surrogate"]
    combination = Combination.from_metrics(metrics)
    rows = [
        ("Stages", escaped(", ".join(map(str, info.get("stages", []))))),
        ("Networks", str(combination.members)),
        ("Weight of Gaussian processes", combination.weight_text),
    ]
    if _is_number(info.get("training_seconds")):
        rows.append(("Time of training", f"{info['training_seconds']:.0f} s"))
    rows.append(
        ("Time of one prediction", f"{1e3 * metrics['timing']['seconds_for_one_run']:.3g} ms")
    )
    if _is_number(info.get("rank")):
        rows.append(("Coefficients per timestep", number(info["rank"])))
    versions = info.get("versions") or {}
    rows += [
        (f"Version of {escaped(str(name))}", escaped(str(version)))
        for name, version in versions.items()
    ]
    settings = json.dumps(metrics["settings"], indent=1, ensure_ascii=True).replace("<", "\\u003c")
    return f"{table(('', 'of the training'), rows)}\n\nSettings:\n\n```json\n{settings}\n```"


def _reproduce(metrics: dict[str, Any]) -> str:
    settings = metrics["settings"]
    seeds = f"`data.split_seed = {settings['data']['split_seed']}`, `training.seed = {settings['training']['seed']}`"
    return (
        "In the study folder, with data of the fingerprint above, the versions above and the "
        f"settings above as `study.toml` ({seeds}):\n\n```\nsimulgenvae train .\nsimulgenvae "
        "evaluate .\n```\n\nThe ids of the runs of each split are in `metrics.json`, beside this "
        "file; a `split.csv` made of them fixes the split. Other numbers of threads and other "
        "processors change the last digits."
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

"""Results of format 1, which versions up to 2.1 wrote, as the content of format 2."""

from __future__ import annotations

from typing import cast

from pydantic import JsonValue

Content = dict[str, JsonValue]

_RATIOS = {
    "prediction_ratio": "ratio_to_best_reference",
    "networks_ratio": "networks_ratio_to_best_reference",
    "gaussian_processes_ratio": "gaussian_processes_ratio_to_best_reference",
}
_METRICS = ("relative_l2", "rmse", "max_error")


def from_format_1(old: Content) -> Content:
    """Return the content of format 2 that says what a content of format 1 says.

    Raises
    ------
    KeyError, TypeError, AttributeError
        When an entry is missing or of another kind.
    """
    new = dict(old)
    new["format"] = 2
    new["errors"] = {name: _splits(found, _errors) for name, found in _entries(old, "errors")}
    best = old["best_reference"]
    # The ratios were entries of their own next to the baseline that they refer to.
    ratios: Content = {key: new.pop(name, None) for key, name in _RATIOS.items()}
    new["best_baseline"] = None if best is None else {**_content(best), **ratios}
    combination = _content(old["combination"])
    new["combination"] = {
        "members": combination["members"],
        "weight": combination["gaussian_process_weight"],
        "gaussian_processes": combination["gaussian_processes"],
    }
    new["stages"] = {name: _stage(stage) for name, stage in _entries(old, "stages")}
    worst_runs: Content = {}
    for split, runs in _entries(old, "worst_runs"):
        listed = cast("list[JsonValue]", runs)
        worst_runs[split] = [_run_error(run, "relative_l2") for run in listed]
    new["worst_runs"] = worst_runs
    new["baselines"] = old["references"]
    new["uncertainty"] = _uncertainty(_content(old["uncertainty"]))
    new["physics"] = _physics(_content(old["physics"]))
    new["sensitivity"] = _sensitivity(_content(old["sensitivity"]))
    new["training"] = new.pop("surrogate")
    for key in ("best_reference", "references"):
        del new[key]
    return new


def _content(value: JsonValue) -> Content:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} where an object was expected")
    return value


def _entries(content: Content, key: str) -> list[tuple[str, JsonValue]]:
    return list(_content(content[key]).items())


def _splits(found: JsonValue, convert: object) -> Content:
    """Return only the splits that have runs."""
    assert callable(convert)
    return {
        split: convert(_content(errors))
        for split, errors in _content(found).items()
        if _content(errors)["runs"]
    }


def _errors(old: Content) -> Content:
    variables: Content = {}
    for name, found in _entries(old, "variables"):
        entry = _content(found)
        variables[name] = {
            "metrics": {metric: entry[metric] for metric in _METRICS},
            "r2": entry["r2"],
        }
    return {**old, "variables": variables}


def _stage(stage: JsonValue) -> Content:
    entry = dict(_content(stage))
    return {"measure": entry.pop("measure"), "splits": entry}


def _run_error(run: JsonValue, key: str) -> Content:
    entry = _content(run)
    return {"id": entry["id"], "relative_error": entry[key]}


def _uncertainty(old: Content) -> Content:
    new = {key: old[key] for key in ("level", "calibration_runs", "left_out_coverage")}
    splits = {split: old[split] for split in ("validation", "test")}
    new["splits"] = {split: found for split, found in splits.items() if _content(found).get("runs")}
    return new


def _physics(old: Content) -> Content:
    quantities: list[JsonValue] = []
    for quantity in cast("list[JsonValue]", old["quantities"]):
        entry = _content(quantity)
        worst = entry["worst_run"]
        quantities.append(
            {
                **entry,
                "unit": "",
                "worst_run": None if worst is None else _run_error(worst, "relative_error"),
            }
        )
    return {**old, "quantities": quantities}


def _sensitivity(old: Content) -> Content:
    if old["sobol"] is None:
        return old
    sobol = dict(_content(old["sobol"]))
    sobol["variance_fractions"] = sobol.pop("shares")
    return {**old, "sobol": sobol}

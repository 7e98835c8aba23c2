"""A result in format 1, as versions up to 2.1 wrote it, is the same result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simulgenvae.evaluation.results import EvaluationResult

UNSEEN = ("validation", "test")


PEAKS = ("peak_value", "peak_place", "peak_time")


def without_peaks(result: EvaluationResult) -> EvaluationResult:
    """Return the result without the metrics that those versions did not have."""
    content = json.loads(result.model_dump_json())
    for by_split in content["errors"].values():
        for errors in by_split.values():
            for variable in errors["variables"].values():
                for name in PEAKS:
                    del variable["metrics"][name]
    return EvaluationResult.model_validate(content)


def format_1(new: dict[str, Any]) -> dict[str, Any]:
    """Return what a version with format 1 would have written."""
    old = dict(new)
    old["format"] = 1
    for by_split in old["errors"].values():
        for errors in by_split.values():
            for name, variable in errors["variables"].items():
                errors["variables"][name] = {**variable["metrics"], "r2": variable["r2"]}
    best = old.pop("best_baseline")
    for prefix, part in (("", "prediction"), ("networks_", "networks")):
        old[f"{prefix}ratio_to_best_reference"] = best.pop(f"{part}_ratio")
    key = "gaussian_processes_ratio"
    old[f"{key}_to_best_reference"] = best.pop(key)
    old["best_reference"] = best
    combination = old["combination"]
    combination["gaussian_process_weight"] = combination.pop("weight")
    old["stages"] = {
        name: {"measure": s["measure"], **s["splits"]} for name, s in new["stages"].items()
    }
    for runs in old["worst_runs"].values():
        for run in runs:
            run["relative_l2"] = run.pop("relative_error")
    old["references"] = old.pop("baselines")
    uncertainty = old["uncertainty"]
    splits = uncertainty.pop("splits")
    uncertainty |= {split: splits.get(split, {"runs": 0}) for split in UNSEEN}
    for quantity in old["physics"]["quantities"]:
        del quantity["unit"]
    sobol = old["sensitivity"]["sobol"]
    sobol["shares"] = sobol.pop("variance_fractions")
    training = old["settings"]["training"]
    training["speed"] = training.pop("performance")
    training["clip_gradient"] = training.pop("max_grad_norm")
    training["end_to_end"]["weight"] = training["end_to_end"].pop("field_weight")
    old["surrogate"] = old.pop("training")
    return old


def test_format_1_says_the_same_without_units_and_decoders(
    measured: EvaluationResult, tmp_path: Path
) -> None:
    path = tmp_path / "metrics.json"
    result = without_peaks(measured)
    path.write_text(json.dumps(format_1(json.loads(result.model_dump_json()))))
    found = EvaluationResult.read(path)
    assert found.combination == result.combination.model_copy(update={"decoders": {}})
    assert all(quantity.unit == "" for quantity in found.physics.quantities)
    same = {"physics": result.physics, "combination": result.combination}
    assert found.model_copy(update=same) == result

"""What ``metrics.json`` holds, from what was found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from simulgenvae.baselines import BASELINES
from simulgenvae.evaluation.analyses.uncertainty import uncertainty_metrics
from simulgenvae.evaluation.combination import Combination
from simulgenvae.evaluation.compare import Comparison
from simulgenvae.evaluation.metrics import FieldErrors, over_runs
from simulgenvae.evaluation.presentation import SPLITS, STAGES, compared_split
from simulgenvae.evaluation.report.model_card import trained_ranges
from simulgenvae.evaluation.verdict import Verdict, ratio

if TYPE_CHECKING:
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.settings.training import StageName
    from simulgenvae.surrogate.ensemble import Ensemble
    from simulgenvae.surrogate.surrogate import Surrogate

_WORST = 5
_RATIOS = {
    "ratio_to_best_reference": "prediction",
    "networks_ratio_to_best_reference": "networks",
    "gaussian_processes_ratio_to_best_reference": "gaussian_processes",
}
"""Entries of ``metrics.json`` that compare a method with the best reference."""


def stage_names(surrogate: Surrogate) -> list[StageName]:
    """The stages that were run; a model file can hold any text there, which must not become a file
    name."""
    return [name for name in STAGES if name in surrogate.info.stages]


def metrics_of(
    dataset: Dataset, surrogate: Surrogate, ensemble: Ensemble, comparison: Comparison
) -> dict[str, Any]:
    """Everything that follows from the comparison; ``ensemble`` is that of the surrogate."""
    ids = {split: list(getattr(surrogate.split, split)) for split in SPLITS}
    errors: dict[str, dict[str, Any]] = {}
    for method, by_split in comparison.errors.items():
        errors[method] = {split: {"runs": 0} for split in SPLITS}
        for split, counted in by_split.items():
            summary = counted.summary()
            summary["per_run"] = dict(zip(ids[split], summary["per_run"], strict=True))
            errors[method][split] = summary
    runs, timesteps, nodes, _ = dataset.shape
    images = dataset.conditions.image_format
    split = compared_split(ids)
    per_run = {name: errors["prediction"][name].get("per_run", {}) for name in SPLITS}
    best, combination = _best_reference(errors, split), Combination.of(ensemble, surrogate.settings)
    compared = {
        "errors": errors,
        "compared_split": split,
        "combination": combination.to_dict(),
        **best,
    }
    return {
        "format": 1,
        "data": {
            "fingerprint": dataset.fingerprint,
            "runs": runs,
            "timesteps": timesteps,
            "nodes": nodes,
            "times": [float(value) for value in dataset.times],
            "variables": list(dataset.variables),
            "units": list(dataset.units),
            "parameters": list(dataset.conditions.names),
            "images": None if images is None else images.to_dict(),
        },
        "split": ids,
        "errors": errors,
        "compared_split": split,
        **best,
        "combination": combination.to_dict(),
        "stages": _stages(stage_names(surrogate), comparison),
        "worst_runs": {name: _worst(per_run[name]) for name in SPLITS},
        "references": comparison.references,
        "uncertainty": uncertainty_metrics(comparison.uncertainty, ids, per_run, ensemble),
        "physics": comparison.physics.summary(
            typical=ids[split][typical(comparison.errors["prediction"][split])]
        ),
        "trained_ranges": trained_ranges(surrogate.condition_scaler),
        "timing": comparison.timing,
        "notes": Verdict.from_metrics(compared).notes() + comparison.notes,
        "settings": surrogate.settings.model_dump(mode="json"),
        "surrogate": json.loads(
            json.dumps(surrogate.info.to_json()), parse_constant=lambda _: None
        ),  # NaN becomes null
    }


def typical(counted: FieldErrors) -> int:
    """The run with the median joint error, by its place in the order in which runs were counted."""
    return int(np.argsort(np.nan_to_num(counted.joint, nan=np.inf))[(len(counted.joint) - 1) // 2])


def worst(counted: FieldErrors) -> int:
    """As :func:`typical`, the run with the largest error; an undefined one before all others."""
    return int(np.argmax(np.nan_to_num(counted.joint, nan=np.inf)))


def _stages(names: list[StageName], comparison: Comparison) -> dict[str, dict[str, Any]]:
    """Joint error after each training stage: of the reconstruction for the VAE, of the networks'
    prediction for later stages, which is that of all members after the last one."""
    last = comparison.errors["networks"]
    by_stage = {
        name: comparison.stages.get(name, last if name == names[-1] else {}) for name in names
    }
    return {
        name: {
            "measure": "reconstruction" if name == "vae" else "prediction of the networks",
            **{split: over_runs(counted.joint) for split, counted in by_split.items()},
        }
        for name, by_split in by_stage.items()
        if by_split
    }


def _best_reference(errors: dict[str, dict[str, Any]], split: str) -> dict[str, Any]:
    """The reference with the least mean joint error on the split, and as multiples of its error
    those of the surrogate and of its parts.

    Nothing is compared on training runs: the nearest run of a training run is itself.
    """
    means = {
        name: errors[name][split]["relative_l2"]["mean"] for name in BASELINES if name in errors
    }
    known = {name: value for name, value in means.items() if value is not None}
    if not known or split == "train":
        return {"best_reference": None, **dict.fromkeys(_RATIOS)}
    best = min(known, key=lambda name: known[name])
    ratios = {
        key: ratio(errors[method][split]["relative_l2"]["mean"], known[best])
        if method in errors
        else None
        for key, method in _RATIOS.items()
    }
    return {"best_reference": {"name": best, "relative_l2": known[best]}, **ratios}


def _worst(per_run: dict[str, float | None]) -> list[dict[str, Any]]:
    """The runs with the largest joint error, undefined ones first."""
    ranked = sorted(per_run.items(), key=lambda item: (item[1] is not None, -(item[1] or 0.0)))
    return [{"id": run_id, "relative_l2": value} for run_id, value in ranked[:_WORST]]

"""Evaluation of a surrogate: errors of every split in physical units, references, figures, report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from simulgenvae.errors import UserError
from simulgenvae.evaluation.compare import REFERENCES, Comparison, compare, steps
from simulgenvae.evaluation.field_figures import Frame, RunView
from simulgenvae.evaluation.figures import make_figures
from simulgenvae.evaluation.metrics import over_runs
from simulgenvae.evaluation.presentation import SPLITS, STAGES, compared_split, png
from simulgenvae.evaluation.report import render_report
from simulgenvae.files import written_whole
from simulgenvae.settings.study import Study

if TYPE_CHECKING:
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.surrogate import Surrogate
    from simulgenvae.training.train import StageName

_WORST = 5


def evaluate(dataset: Dataset, surrogate: Surrogate, study: Study, *, figures: bool = True) -> dict[str, Any]:
    """Measure the surrogate on the data set it was trained on; return what ``output/metrics.json`` then holds.

    Also writes ``output/report.html`` and, with ``figures``, each figure as ``output/<name>.png``. UserError when the
    data set is not the one of the training, or when a file cannot be written (the previous one then stays).
    """
    trained, given = surrogate.info.get("data_fingerprint"), dataset.fingerprint
    if trained != given:
        raise UserError(
            f"{study.dataset}: this is not the data that the surrogate in {study.model_save} was trained on "
            f"(fingerprint {given[:12]}…, trained on {str(trained)[:12]}…); restore that data, or train again"
        )
    rows = surrogate.split.rows(dataset.ids)
    stages, notes = _earlier_stages(surrogate, study)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Evaluating", total=steps(rows))
        comparison = compare(
            dataset, surrogate, stages, rows, lambda text: progress.update(task, advance=1, description=text)
        )
    comparison.notes += notes + [f"Training, stage {warning}" for warning in surrogate.info.get("warnings", [])]
    metrics = _metrics(dataset, surrogate, comparison)
    images = _figures(dataset, surrogate, metrics, comparison) if figures else {}
    metrics["figures"] = [f"{name}.png" for name in images]
    _write(study.metrics_file, json.dumps(metrics, indent=1, allow_nan=False, ensure_ascii=False).encode())
    for name, image in images.items():
        _write(study.output / f"{name}.png", image)
    _write(study.report_file, render_report(metrics, images).encode())
    return metrics


def _earlier_stages(surrogate: Surrogate, study: Study) -> tuple[dict[str, Surrogate], list[str]]:
    """The surrogate after each training stage but the last, and a note for each whose checkpoint cannot be read."""
    stages: dict[str, Surrogate] = {}
    notes = []
    for stage in _stage_names(surrogate)[:-1]:
        try:
            stages[stage] = surrogate.at_stage(study, stage)
        except UserError as error:
            notes.append(f"The errors after stage {stage} are left out: {error}")
    return stages, notes


def _stage_names(surrogate: Surrogate) -> list[StageName]:
    """The stages that were run; a model file can hold any text there, which must not become a file name."""
    return [name for name in STAGES if name in surrogate.info["stages"]]


def _metrics(dataset: Dataset, surrogate: Surrogate, comparison: Comparison) -> dict[str, Any]:
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
    split = compared_split(errors)
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
        **_best_reference(errors, split),
        "stages": _stages(_stage_names(surrogate), comparison),
        "worst_runs": {name: _worst(errors["prediction"][name].get("per_run", {})) for name in SPLITS},
        "references": comparison.references,
        "timing": comparison.timing,
        "notes": comparison.notes,
        "settings": surrogate.settings.model_dump(mode="json"),
        "surrogate": json.loads(json.dumps(surrogate.info), parse_constant=lambda _: None),  # NaN becomes null
    }


def _stages(names: list[StageName], comparison: Comparison) -> dict[str, dict[str, Any]]:
    """Joint error after each training stage: of the reconstruction for the VAE, of the prediction for later stages."""
    last = comparison.errors["prediction"]
    by_stage = {name: comparison.stages.get(name, last if name == names[-1] else {}) for name in names}
    return {
        name: {
            "measure": "reconstruction" if name == "vae" else "prediction",
            **{split: over_runs(counted.joint) for split, counted in by_split.items()},
        }
        for name, by_split in by_stage.items()
        if by_split
    }


def _best_reference(errors: dict[str, dict[str, Any]], split: str) -> dict[str, Any]:
    """The reference with the least mean joint error on the split, and the surrogate's error as a fraction of it.

    Nothing is compared on training runs: the nearest run of a training run is itself.
    """
    means = {kind.name: errors[kind.name][split]["relative_l2"]["mean"] for kind in REFERENCES if kind.name in errors}
    known = {name: value for name, value in means.items() if value is not None}
    if not known or split == "train":
        return {"best_reference": None, "ratio_to_best_reference": None}
    best = min(known, key=lambda name: known[name])
    own = errors["prediction"][split]["relative_l2"]["mean"]
    ratio = own / known[best] if own is not None and known[best] > 0 else None
    return {"best_reference": {"name": best, "relative_l2": known[best]}, "ratio_to_best_reference": ratio}


def _worst(per_run: dict[str, float | None]) -> list[dict[str, Any]]:
    """The runs with the largest joint error, undefined ones first."""
    ranked = sorted(per_run.items(), key=lambda item: (item[1] is not None, -(item[1] or 0.0)))
    return [{"id": run_id, "relative_l2": value} for run_id, value in ranked[:_WORST]]


def _figures(
    dataset: Dataset, surrogate: Surrogate, metrics: dict[str, Any], comparison: Comparison
) -> dict[str, bytes]:
    split = metrics["compared_split"]
    counted = comparison.errors["prediction"][split]
    joint = np.nan_to_num(np.array(counted.joint), nan=np.inf)
    chosen = {"typical": int(np.argsort(joint)[(len(joint) - 1) // 2]), "worst": int(np.argmax(joint))}
    if chosen["typical"] == chosen["worst"]:
        del chosen["worst"]
    position = {run_id: row for row, run_id in enumerate(dataset.ids)}
    views = {}
    for name, index in chosen.items():
        run_id = metrics["split"][split][index]
        truth, conditions = dataset.run(position[run_id]), dataset.conditions.select([position[run_id]])
        views[name] = RunView(
            title=f"{name} {split} run “{run_id}”",
            truth=truth,
            reconstruction=surrogate.reconstruct(truth),
            prediction=surrogate.predict(conditions)["fields"].to_numpy()[0],
            image=conditions.images,
        )
    frame = Frame(dataset.times, dataset.mesh.coords, dataset.mesh.cells, dataset.variables, dataset.units)
    return {name: png(figure) for name, figure in make_figures(metrics, views, frame, counted.node_rmse())}


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary:
        temporary.write_bytes(content)

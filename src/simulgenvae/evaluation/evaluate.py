"""Evaluation of a surrogate: errors of every split in physical units, references, figures,
report."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.evaluation import compare
from simulgenvae.evaluation.analyses import latents as latent_analysis
from simulgenvae.evaluation.analyses.physics import read_checks
from simulgenvae.evaluation.analyses.sensitivity import conditioning
from simulgenvae.evaluation.analyses.uncertainty import SAMPLES
from simulgenvae.evaluation.figures.fields import Frame, RunView
from simulgenvae.evaluation.figures.make import make_figures
from simulgenvae.evaluation.figures.mesh_figures import render
from simulgenvae.evaluation.metrics_json import metrics_of, stage_names, typical, worst
from simulgenvae.evaluation.presentation import compared_split, png
from simulgenvae.evaluation.report.model_card import model_card
from simulgenvae.evaluation.report.report import render_report
from simulgenvae.settings.folder import StudyFolder
from simulgenvae.surrogate.at_stage import surrogate_at_stage
from simulgenvae.surrogate.ensemble import interval_label
from simulgenvae.utils.atomic import atomic_write
from simulgenvae.utils.progress import WorkLog, progress_off

if TYPE_CHECKING:
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.settings import EvaluationSettings
    from simulgenvae.surrogate.surrogate import Surrogate


def evaluate(
    dataset: Dataset,
    surrogate: Surrogate,
    study: StudyFolder,
    *,
    figures: bool = True,
    evaluation: EvaluationSettings | None = None,
) -> dict[str, Any]:
    """Measure the surrogate on the data set it was trained on; return what ``output/metrics.json``
    then holds.

    Also writes ``output/report.html``, ``output/MODEL_CARD.md`` and, with ``figures``, each figure
    as ``output/<name>.png`` and, where the mesh can be drawn, ``output/film.gif``. Settings of the
    evaluation that are not given are those of the training. Ranks share the runs; the first one
    writes.

    UserError when the data set is not the one of the training, when the VAE alone is trained, when
    a physics check cannot be read, or when a file cannot be written (the previous one then stays).
    """
    trained, given = surrogate.info.data_fingerprint, dataset.fingerprint
    if trained != given:
        raise UserError(
            f"{study.dataset}: this is not the data that the surrogate in {study.model_save} was "
            f"trained on (fingerprint {given[:12]}…, trained on {str(trained)[:12]}…); restore "
            "that data, or train again"
        )
    if surrogate.ensemble is None:
        raise UserError(
            "Only the VAE is trained, and nothing predicts yet: train the rest with --stage "
            "conditioner."
        )
    evaluation = evaluation or surrogate.settings.evaluation
    read_checks(evaluation.checks, dataset.variables, dataset.mesh)  # before minutes of reading
    rows = surrogate.split.rows(dataset.ids)
    stages, notes = _earlier_stages(surrogate, study)
    shown = nullcontext() if collectives.is_rank0() else progress_off()
    with shown, WorkLog(transient=True) as log:
        log.start("Evaluating", compare.steps(rows) + latent_analysis.steps(rows) + 1)
        comparison = compare.compare(
            dataset, surrogate, stages, rows, evaluation.checks, log.advance
        )
        latents = latent_analysis.latent_analysis(surrogate, dataset, rows, log.advance)
        log.advance("Asking what the inputs change")
        sensitivity = collectives.run_on_rank0(
            lambda: conditioning(surrogate, dataset, rows, compared_split(rows), comparison.scale)
        )
    comparison.notes += notes + [
        f"Noted when the data were read: {remark}" for remark in dataset.remarks
    ]
    comparison.notes += [f"Training, stage {warning}" for warning in surrogate.info.warnings]
    metrics = metrics_of(dataset, surrogate, surrogate.ensemble, comparison)
    metrics |= {"sensitivity": sensitivity, "latents": latents}
    metrics["settings"]["evaluation"] = evaluation.model_dump(mode="json")
    return collectives.run_on_rank0(
        lambda: _written(dataset, surrogate, study, metrics, comparison, figures=figures)
    )


def _written(
    dataset: Dataset,
    surrogate: Surrogate,
    study: StudyFolder,
    metrics: dict[str, Any],
    comparison: compare.Comparison,
    *,
    figures: bool,
) -> dict[str, Any]:
    """``metrics`` with the names of the figures, once all files are there."""
    images, not_rendered = (
        _figures(dataset, surrogate, metrics, comparison) if figures else ({}, None)
    )
    metrics = metrics | {"figures": list(images), "not_rendered": not_rendered}
    _write(
        study.metrics_file,
        json.dumps(metrics, indent=1, allow_nan=False, ensure_ascii=False).encode(),
    )
    for name, image in images.items():
        _write(study.output / name, image)
    _write(study.report_file, render_report(metrics, images).encode())
    _write(study.model_card_file, model_card(metrics).encode())
    return metrics


def _earlier_stages(
    surrogate: Surrogate, study: StudyFolder
) -> tuple[dict[str, Surrogate], list[str]]:
    """The surrogate after each training stage but the last, and a note for each whose checkpoint
    cannot be read."""
    stages: dict[str, Surrogate] = {}
    notes = []
    for stage in stage_names(surrogate)[:-1]:
        try:
            stages[stage] = surrogate_at_stage(surrogate, study, stage)
        except UserError as error:
            notes.append(f"The errors after stage {stage} are left out: {error}")
    return stages, notes


def _figures(
    dataset: Dataset, surrogate: Surrogate, metrics: dict[str, Any], comparison: compare.Comparison
) -> tuple[dict[str, bytes], str | None]:
    """All figures by the names of their files, and why the mesh is not drawn where that is so."""
    split = metrics["compared_split"]
    counted = comparison.errors["prediction"][split]
    chosen = {"typical": typical(counted), "worst": worst(counted)}
    if chosen["typical"] == chosen["worst"]:
        del chosen["worst"]
    samples = SAMPLES if split in comparison.uncertainty else 0
    views = {
        name: _view(
            dataset, surrogate, metrics["split"][split][index], f"{name} {split} run", samples
        )
        for name, index in chosen.items()
    }
    frame = Frame(
        dataset.times, dataset.mesh.coords, dataset.mesh.cells, dataset.variables, dataset.units
    )
    drawn = make_figures(metrics, views, frame, counted.node_rmse(), dataset.conditions)
    on_mesh, not_rendered = render(views["typical"], frame)
    return {f"{name}.png": png(figure) for name, figure in drawn} | on_mesh, not_rendered


def _view(dataset: Dataset, surrogate: Surrogate, run_id: str, what: str, samples: int) -> RunView:
    row = dataset.ids.index(run_id)
    truth, conditions = dataset.run(row), dataset.conditions.select([row])
    predicted = surrogate.predict(conditions, samples=samples)
    calibration = None if surrogate.ensemble is None else surrogate.ensemble.calibration
    return RunView(
        title=f"{what} “{run_id}”",
        truth=truth,
        reconstruction=surrogate.reconstruct(truth),
        prediction=predicted["fields"].to_numpy()[0],
        interval=(predicted["lower"].to_numpy()[0], predicted["upper"].to_numpy()[0])
        if samples
        else None,
        interval_label=interval_label(0 if calibration is None else calibration.runs),
        image=conditions.images,
    )


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)

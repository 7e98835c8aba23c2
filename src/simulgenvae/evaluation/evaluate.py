"""Evaluation of a surrogate: errors of every split in physical units, figures, report."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.evaluation import compare
from simulgenvae.evaluation.analyses import latents as latent_analysis
from simulgenvae.evaluation.analyses.physics import read_checks
from simulgenvae.evaluation.analyses.quantities import quantity_checks
from simulgenvae.evaluation.analyses.sensitivity import sensitivity
from simulgenvae.evaluation.assemble import assemble, stage_names
from simulgenvae.evaluation.compare.timing import seconds_for_one_run
from simulgenvae.evaluation.folds.store import read_folds
from simulgenvae.evaluation.report.embedded import EmbeddedFigures
from simulgenvae.evaluation.report.model_card import model_card
from simulgenvae.evaluation.report.report import render_report
from simulgenvae.evaluation.results.study import compared_split
from simulgenvae.quantities.of_runs import require_quantities
from simulgenvae.surrogate.at_stage import surrogate_at_stage
from simulgenvae.utils.atomic import atomic_write
from simulgenvae.utils.progress import WorkLog, progress_off

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.evaluation.results import EvaluationResult
    from simulgenvae.settings import EvaluationSettings
    from simulgenvae.settings.folder import StudyFolder
    from simulgenvae.surrogate.surrogate import Surrogate


def evaluate(
    dataset: Dataset,
    surrogate: Surrogate,
    study: StudyFolder,
    *,
    figures: bool = True,
    evaluation: EvaluationSettings | None = None,
    quantities: Mapping[str, str] | None = None,
) -> EvaluationResult:
    """Measure the surrogate on the data set it was trained on, and write the results.

    They are ``metrics.json``, ``report.html``, ``MODEL_CARD.md`` and, with ``figures``, each figure
    as ``<name>.png`` and, where the mesh can be drawn, ``film.gif``, in the folder of the model or,
    where that has no name, in ``output/``. Ranks share the runs; the first one writes. A
    cross-validation of the same data and settings
    (:func:`~simulgenvae.evaluation.folds.cross_validate`) is part of the report.

    Parameters
    ----------
    dataset, surrogate, study
        Data, trained surrogate and folder of the study.
    figures
        Whether figures are drawn, unless the settings exclude them.
    evaluation
        Settings of the evaluation; by default the ones of the training.
    quantities
        Quantities of interest by name, such as ``{"peak": "max(T)"}``; by default those of the
        training. Without any, the maximum and the mean of each variable are measured.

    Raises
    ------
    UserError
        When the data set is not that of the training, when only the VAE is trained, when a physics
        check or a quantity cannot be read, or when a file cannot be written (the previous one then
        stays).
    """
    require_trained_on(dataset, surrogate, study)
    dataset = surrogate.seen(dataset)
    # Quantities name nodes of the whole mesh, which the surrogate knows until the next step.
    texts = surrogate.settings.quantities if quantities is None else quantities
    checked = quantity_checks(surrogate, texts, study.folder)
    folds, notes_of_folds = read_folds(study, dataset, surrogate)
    # Nodes without values count in no error, as the data set does not have them.
    surrogate = surrogate.on_valued_nodes()
    evaluation = evaluation or surrogate.settings.evaluation
    # A check that cannot be read is refused here, before minutes of reading runs.
    read_checks(evaluation.checks, dataset.variables, dataset.mesh)
    # The split is that of the training, also if the study’s split file has changed since.
    rows = surrogate.split.rows(dataset.ids)
    require_quantities(texts, dataset, study.folder, rows[compared_split(rows)].tolist())
    stages, notes = _earlier_stages(surrogate, study)
    # One progress bar, however many ranks there are.
    shown = nullcontext() if collectives.is_rank0() else progress_off()
    with shown, WorkLog(transient=True) as log:
        log.start("Evaluating", compare.steps(surrogate, rows) + latent_analysis.steps(rows) + 1)
        comparison = compare.compare(
            dataset, surrogate, stages, rows, evaluation.checks, checked, log.advance
        )
        seconds = seconds_for_one_run(
            dataset, surrogate, next(chosen for chosen in rows.values() if len(chosen))
        )
        latents = latent_analysis.latent_analysis(surrogate, dataset, rows, log.advance)
        log.advance("Asking what the inputs change")
        # Not shared among ranks: coarse fields are predicted in seconds.
        inputs = collectives.run_on_rank0(
            lambda: sensitivity(
                surrogate,
                dataset,
                rows,
                compared_split(rows),
                comparison.scale,
                quantities=checked.declared,
            )
        )
    notes += notes_of_folds
    notes += [f"Noted when the data were read: {remark}" for remark in dataset.remarks]
    notes += [f"Training: {warning}" for warning in surrogate.info.warnings]
    comparison.notes += notes
    measured = assemble(
        dataset,
        surrogate,
        evaluation,
        comparison,
        latents,
        inputs,
        name=study.folder.resolve().name,
        seconds_for_one_run=seconds,
    )
    result = measured.model_copy(update={"folds": folds})

    def write() -> EvaluationResult:
        drawn = figures and evaluation.figures
        return _write(dataset, surrogate, study, result, comparison, figures=drawn)

    return collectives.run_on_rank0(write)


def require_trained_on(dataset: Dataset, surrogate: Surrogate, study: StudyFolder) -> None:
    """Raise UserError unless the surrogate predicts, and was trained on this data set."""
    trained = surrogate.info.data_fingerprint
    given = dataset.fingerprint
    if trained != given:
        raise UserError(
            f"{study.dataset}: this is not the data that the surrogate in {study.model_folder} was "
            f"trained on (fingerprint {given[:12]}…, trained on {trained[:12]}…); restore "
            "that data, or train again"
        )
    if surrogate.ensemble is None:
        raise UserError(
            "Only the VAE is trained, and nothing predicts yet: train the rest with --stage "
            "conditioner."
        )


def _earlier_stages(
    surrogate: Surrogate, study: StudyFolder
) -> tuple[dict[str, Surrogate], list[str]]:
    """Return the surrogate after each training stage except the last, by the stage's name.

    The second result has a note for each stage whose checkpoint cannot be read.
    """
    stages: dict[str, Surrogate] = {}
    notes = []
    # The surrogate itself is the state after the last stage.
    for stage in stage_names(surrogate)[:-1]:
        try:
            stages[stage] = surrogate_at_stage(surrogate, study, stage)
        except UserError as error:
            notes.append(f"The errors after stage {stage} are left out: {error}")
    return stages, notes


def _write(
    dataset: Dataset,
    surrogate: Surrogate,
    study: StudyFolder,
    result: EvaluationResult,
    comparison: compare.Comparison,
    *,
    figures: bool,
) -> EvaluationResult:
    """Write all files, and return the result with the names of the figures."""
    images: dict[str, bytes] = {}
    embedded = EmbeddedFigures({})
    if figures:
        # Importing matplotlib takes half a second.
        from simulgenvae.evaluation.draw import draw

        drawn = draw(dataset, surrogate, result, comparison)
        images = drawn.files
        embedded = EmbeddedFigures.of(images, drawn.hover, drawn.frames)
        found = {"figures": tuple(images), "not_rendered": drawn.not_rendered}
        result = result.model_copy(update=found)
    # Results before the report: if its template fails, the numbers of a long evaluation are there.
    result.write(study.metrics_file)
    for name, image in images.items():
        _write_file(study.results / name, image)
    _write_file(study.report_file, render_report(result, embedded).encode())
    _write_file(study.model_card_file, model_card(result).encode())
    return result


def _write_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A report is replaced as a whole: who has it open never sees half of it.
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)

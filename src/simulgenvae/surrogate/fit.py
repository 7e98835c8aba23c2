"""From a dataset to a surrogate: train the stages, and write the model of a study.

Tested in tests/surrogate/test_surrogate.py.
"""

from __future__ import annotations

import logging
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from simulgenvae.data.split import Split, make_split
from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.search.duration import seconds_of
from simulgenvae.search.find import begin_or_continue, find_settings
from simulgenvae.search.space import require_searchable
from simulgenvae.settings import Settings, StudyFolder
from simulgenvae.surrogate.ensemble.build import build_ensemble
from simulgenvae.surrogate.measure_held_out import with_true_quantities
from simulgenvae.surrogate.rest_time import rest_seconds
from simulgenvae.surrogate.shapes import with_shapes
from simulgenvae.surrogate.trained_surrogate import trained_surrogate, write_model
from simulgenvae.surrogate.unseen_error import UnseenError, unseen_error
from simulgenvae.training.phases import CALIBRATION, UNSEEN
from simulgenvae.training.stages import changes_vae, default_stages, stage_specs
from simulgenvae.training.symmetry import find_symmetry
from simulgenvae.training.train import Trained, train, training_log
from simulgenvae.utils.atomic import write_line
from simulgenvae.utils.log_file import LogFile
from simulgenvae.utils.result_level import RESULT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.surrogate.ensemble import Ensemble
    from simulgenvae.surrogate.surrogate import Surrogate
    from simulgenvae.training.log import TrainingLog
    from simulgenvae.training.warm_start import WarmStart

logger = logging.getLogger(__name__)

BASELINES_BELOW = 30.0
"""Seconds of Gaussian processes and calibration up to which baselines are fitted too: they take a
part of that."""


def fit(
    dataset: Dataset,
    settings: Settings | None = None,
    *,
    split: Split | None = None,
    stages: Sequence[str] | None = None,
    study: StudyFolder | None = None,
    resume: bool = False,
    start: WarmStart | None = None,
    budget: float | str | None = None,
    conclude: bool = True,
) -> Surrogate:
    """Train a surrogate.

    Parameters
    ----------
    dataset
        The runs.
    settings
        What differs from the defaults.
    split
        Which runs are for training, validation and test; made from the settings when not given.
    stages
        Names of the stages to run; all that the settings enable when not given.
    study
        Where checkpoints, TensorBoard files, the log and the model are written; nothing is written
        when not given.
    resume
        Whether to continue from the study's last checkpoint.
    start
        Trained parts that training starts with; their split is used.
    budget
        Time for a search for settings and the training together: seconds, or text such as ``30m``
        or ``1h30m``. Settings that are written down are not searched. A resumed training keeps the
        budget that it had.
    conclude
        Whether the error on unseen runs is measured, and it and warnings are logged.

    Raises
    ------
    UserError
        For a budget that is no time or too short, for a conditioner without a VAE, and for a start
        from other data. See :func:`simulgenvae.training.train.train` for more.
    """
    settings = settings or Settings()
    seconds = None if budget is None else seconds_of(budget)
    if start is not None:
        _require_same_data(dataset, start)
        split = start.split
    split = split or make_split(dataset.ids, settings.data, None)
    dataset, shapes = with_shapes(dataset, split)
    if shapes is not None and conclude and collectives.is_rank0():
        logger.info("note: %s", shapes)
    stages = stages or default_stages(settings)
    # Unknown names of stages are refused here, before any data are read.
    specs = stage_specs(stages)
    if budget is not None:
        require_searchable(settings, stages)
    if start is None and specs[0].stage_class.needs_vae(settings):
        raise UserError(
            "The conditioner learns from a trained VAE: train that too, or start from a trained "
            "one."
        )
    seconds = begin_or_continue(study, seconds, resume=resume)
    tensorboard = None if study is None else study.tensorboard

    def begun() -> None:
        # From here on the checkpoints are those of this model.
        if study is not None and study.model is not None:
            write_line(study.checkpoints_model_file, study.model)

    with _training_log(study, resume=resume) as log_file, training_log(tensorboard, begun) as log:
        found = None
        symmetry = None
        if seconds is not None:
            symmetry = find_symmetry(dataset, split.rows(dataset.ids)["train"], settings)
            settings = symmetry.settings
            found = find_settings(
                dataset,
                split,
                settings,
                stages,
                study=study,
                budget=seconds,
                resume=resume,
                rest=rest_seconds,
                log=log,
            )
            settings = found.settings
        trained = train(
            dataset,
            split,
            settings,
            stages=stages,
            folder=None if study is None else study.checkpoints,
            log=log,
            resume=resume,
            start=start,
            prepared=None if found is None else found.prepared,
            symmetry=symmetry,
        )
        settings = trained.settings
        # Without a conditioner nothing can be predicted, and there is no ensemble.
        ensemble = None
        found_error = None
        if any(spec.reads_conditions for spec in specs):
            ensemble, found_error = _ensemble(trained, dataset, settings, log, conclude=conclude)
        # A VAE that this training has not changed keeps its file, bit by bit.
        kept = start if start is not None and not changes_vae(stages, settings) else None
        search = None if found is None else found.record
        surrogate = trained_surrogate(
            dataset, settings, split, stages, trained, ensemble, kept, search, shapes
        )
        folder = Path() if study is None else study.folder
        surrogate = with_true_quantities(surrogate, dataset, folder)
        if study is not None and collectives.is_rank0():
            write_model(trained, surrogate, study, kept, runs=len(dataset.ids))
        if conclude and collectives.is_rank0():
            _conclude(found_error, trained.warnings, log_file)
    return surrogate


def _ensemble(
    trained: Trained, dataset: Dataset, settings: Settings, log: TrainingLog, *, conclude: bool
) -> tuple[Ensemble, UnseenError | None]:
    """Return the ensemble and its error on unseen runs, which the first rank measures."""
    start = time.monotonic()
    log.start_phase(CALIBRATION, 1)
    ensemble = build_ensemble(trained, dataset, settings)
    log.advance_to(1)
    if ensemble.pod_gp is not None:
        weight = ensemble.gp_weight
        log.message(
            f"In the prediction, Gaussian processes have the weight {weight:.2f} and networks the "
            f"weight {1 - weight:.2f}"
        )
    seconds = time.monotonic() - start
    if not conclude:
        return ensemble, None
    log.start_phase(UNSEEN, 1)

    def measured() -> UnseenError | None:
        return unseen_error(trained, dataset, ensemble, baselines=seconds < BASELINES_BELOW)

    found = measured() if collectives.is_rank0() else None
    log.advance_to(1)
    return ensemble, found


def _conclude(found: UnseenError | None, warnings: Sequence[str], log_file: LogFile | None) -> None:
    """Say how good the surrogate is, and what is wrong with the training."""
    if found is not None:
        logger.log(RESULT, "%s", found.sentence())
        if log_file is not None:
            log_file.line(found.sentence())
    for warning in warnings:
        logger.warning("%s", warning)
        if log_file is not None:
            log_file.line(f"warning: {warning}")


def _require_same_data(dataset: Dataset, start: WarmStart) -> None:
    """Raise UserError unless the trained parts are of this data set."""
    conditions = dataset.conditions
    scaler = start.condition_scaler
    # The fingerprint in a file could be that of any data: what must fit is compared too.
    trained_on = (start.data_fingerprint, start.shape, scaler.names, scaler.images)
    given = (
        dataset.fingerprint,
        dataset.shape[1:],
        conditions.names,
        conditions.image_format,
    )
    if trained_on != given:
        raise UserError(
            "The VAE to start from was trained on other data: train all stages again with "
            "--overwrite."
        )


def _training_log(
    study: StudyFolder | None, *, resume: bool
) -> AbstractContextManager[LogFile | None]:
    """Return the study's log of training; None without a study, and on all ranks but the first."""
    if study is None or not collectives.is_rank0():
        return nullcontext()
    return LogFile(study.training_log, "training", append=resume)

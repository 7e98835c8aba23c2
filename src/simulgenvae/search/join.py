"""Help with a search that another process decides about, on this machine or on another one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.search.exchange import Exchange, Result, Task
from simulgenvae.search.find import decoder_paces, prepared_before
from simulgenvae.search.history import History, Prepared
from simulgenvae.search.space import DECODER, with_values
from simulgenvae.search.trainer import TrialTrainer
from simulgenvae.training.identity import TrainingIdentity
from simulgenvae.training.interrupt import Interrupted
from simulgenvae.training.log import TrainingLog
from simulgenvae.training.make_plan import make_plan
from simulgenvae.training.symmetry import find_symmetry
from simulgenvae.utils.lock import lock_if_free
from simulgenvae.utils.progress import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.split import Split
    from simulgenvae.settings import Settings, StudyFolder

WAIT = 0.5
"""Seconds between two looks for something to do."""


def join_search(
    dataset: Dataset,
    split: Split,
    settings: Settings,
    stages: Sequence[str],
    study: StudyFolder,
) -> int:
    """Train trials of a search that another process decides about, until it has ended.

    Nothing is written but the results of the trials.

    Returns
    -------
    int
        Number of trainings that were made.

    Raises
    ------
    UserError
        When there is no such search, or it has other settings or data.
    Interrupted
        After Ctrl-C; the search goes on without this process.
    """
    settings = find_symmetry(dataset, split.rows(dataset.ids)["train"], settings).settings
    identity = TrainingIdentity(
        settings, dataset.fingerprint, stages, split.train, split.validation
    )
    try:
        pace = _pace_of_search(study, identity)
        plan = make_plan(dataset, split, settings, stages, continues=False, checkpoints=True)
        prepared = prepared_before(plan, identity, study.checkpoints)
        if pace is None or prepared is None:
            return 0  # it has ended meanwhile
        trainer = TrialTrainer(plan, prepared, identity, len(dataset.ids))
        own_pace = decoder_paces(trainer, settings)
        exchange = Exchange(study.search_exchange)
        made = 0
        with TrainingLog(None) as log, exchange.helping():
            while not _has_ended(study, identity):
                task, seconds = _train_one(exchange, trainer, settings, pace, own_pace)
                if task is None:
                    time.sleep(WAIT)
                else:
                    made += 1
                    log.message(f"trial {task.trial}: {task.steps:,} steps in {duration(seconds)}")
    except Interrupted:
        raise Interrupted("Stopped; the search goes on without this process.") from None
    return made


def _pace_of_search(study: StudyFolder, identity: TrainingIdentity) -> dict[str, float] | None:
    """Return the pace of the other process; None where its search has ended.

    It is awaited where that process still prepares the runs.
    """
    path = study.search_history
    if not path.exists():
        raise UserError(
            f"--join: no search is going on in {study.folder}. Start one with --budget."
        )
    while not _has_ended(study, identity):
        history = History(path)
        history.read(identity, repair=False)
        if history.events and isinstance(history.events[0], Prepared):
            return history.events[0].seconds_per_step
        time.sleep(WAIT)
    return None


def _has_ended(study: StudyFolder, identity: TrainingIdentity) -> bool:
    """Return whether a search has ended, or nobody decides about it any more."""
    history = History(study.search_history)
    history.read(identity, repair=False)
    if history.record is not None or not study.lock_file.exists():
        return True
    # It stays where that process was killed.
    with lock_if_free(study.lock_file) as free:
        return free


def _train_one(
    exchange: Exchange,
    trainer: TrialTrainer,
    settings: Settings,
    pace: dict[str, float],
    own_pace: dict[str, float],
) -> tuple[Task | None, float]:
    """Make one of the trainings that are offered, and return it with its time; None if none is."""
    for task in exchange.offers():
        with exchange.taking(task) as free:
            if free:
                measured = trainer.measure(with_values(settings, task.values), task.steps)
                # The other process plans with its own speed.
                decoder = str(task.values.get(DECODER, settings.model.decoder))
                seconds = measured.seconds * pace[decoder] / own_pace[decoder]
                exchange.finish(task, Result(error=measured.error, seconds=seconds))
                return task, measured.seconds
    return None, 0.0

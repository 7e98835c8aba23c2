"""From a dataset and a budget to the settings of the training: prepare once, try, choose.

All ranks train each trial together; the first one decides and writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.search import history as events
from simulgenvae.search.clock import Clock
from simulgenvae.search.exchange import Exchange
from simulgenvae.search.history import History
from simulgenvae.search.search import Search
from simulgenvae.search.space import with_values
from simulgenvae.search.trainer import FEW_RUNS, TrialTrainer
from simulgenvae.training.checkpoint import last_file
from simulgenvae.training.device import describe_device
from simulgenvae.training.identity import TrainingIdentity, of_training
from simulgenvae.training.make_plan import make_plan
from simulgenvae.training.phases import SEARCH, search_phases
from simulgenvae.training.prepare import Prepared, prepared_file, restore
from simulgenvae.training.train import prepare_or_restore
from simulgenvae.utils.formatting import count
from simulgenvae.utils.progress import duration
from simulgenvae.utils.tensor_file import read_tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.split import Split
    from simulgenvae.models.search_record import SearchRecord
    from simulgenvae.settings import Settings, StudyFolder
    from simulgenvae.training.log import TrainingLog
    from simulgenvae.training.plan import TrainingPlan


@dataclass(frozen=True)
class Found:
    """Settings that were chosen, and what the training with them can start from."""

    settings: Settings
    record: SearchRecord
    prepared: Prepared | None
    """Preparation, which all trials had; None where the search had ended before."""


def begin_or_continue(
    study: StudyFolder | None, budget: float | None, *, resume: bool
) -> float | None:
    """Return the budget of a training, or None for a training without a search.

    A search of an earlier training is continued or its files are removed.

    Parameters
    ----------
    study
        Study that is trained.
    budget
        Budget that the user has given, in seconds.
    resume
        Whether an interrupted training is continued, perhaps with its budget.

    Raises
    ------
    UserError
        When there is a training to continue that has no search.
    """
    if study is not None:
        if resume and study.search_history.exists():
            budget = budget or 0.0
        elif resume and budget is not None and last_file(study.checkpoints).exists():
            raise UserError(
                "--budget: the training that --resume would continue has no search. Leave out "
                "--budget, or start afresh with --overwrite."
            )
        elif collectives.is_rank0() and not resume:
            events.remove([study.search_history, study.search_table])
    return budget


def find_settings(
    dataset: Dataset,
    split: Split,
    settings: Settings,
    stages: Sequence[str],
    *,
    study: StudyFolder | None,
    budget: float,
    resume: bool,
    rest: Callable[[TrainingPlan, Prepared], float],
    log: TrainingLog,
) -> Found:
    """Search for settings within a budget that is also for the training with them.

    Parameters
    ----------
    dataset, split, settings
        What is trained. Settings that are written down are not searched.
    stages
        Names of the stages, see :func:`simulgenvae.search.space.require_searchable`.
    study
        Folder whose files keep the search; None keeps none.
    budget
        Seconds; 0 takes those of the search that is continued.
    resume
        Whether a search is continued.
    rest
        Function that returns the time of a training besides its networks.
    log
        Where progress is shown.

    Raises
    ------
    UserError
        As :func:`simulgenvae.training.train.train`.
    Interrupted
        After Ctrl-C.
    """
    identity = TrainingIdentity(
        settings, dataset.fingerprint, stages, split.train, split.validation
    )
    history = History(None if study is None else study.search_history)

    def begun() -> tuple[float, float, SearchRecord | None]:
        if resume and study is not None and study.search_history.exists():
            history.read(identity)
            history.budget = budget or history.budget
        else:
            if study is not None:
                # It is of another training than the one that follows the search.
                last_file(study.checkpoints).unlink(missing_ok=True)
            history.begin(budget, identity)
        return history.budget, history.spent, history.record

    total, spent, record = collectives.run_on_rank0(begun)
    clock = Clock(total, spent)
    plan = make_plan(
        dataset, split, settings, stages, continues=False, checkpoints=study is not None
    )
    folder = None if study is None else study.checkpoints
    prepared = prepared_before(plan, identity, folder) if resume else None
    if record is not None:
        return Found(with_values(settings, record.chosen), record, prepared)
    log.plan(search_phases())
    log.message(
        f"Search for settings and training within {duration(clock.budget)}, on "
        f"{describe_device(plan.device)}"
    )
    if prepared is None:
        prepared = prepare_or_restore(plan, identity, folder, None, None, log, resume=resume)
    trainer = TrialTrainer(plan, prepared, identity, len(dataset.ids))
    if not collectives.run_on_rank0(lambda: bool(history.events)):
        seconds = decoder_paces(trainer, settings)
        begin = collectives.run_on_rank0(lambda: rest(plan, prepared))
        if collectives.is_rank0():
            history.add(events.Prepared(spent=clock.spent, rest=begin, seconds_per_step=seconds))
    record = _search(settings, trainer, history, clock, study, log)
    return Found(with_values(settings, record.chosen), record, prepared)


def prepared_before(
    plan: TrainingPlan, identity: TrainingIdentity, folder: Path | None
) -> Prepared | None:
    """Return the preparation of an interrupted search; None where there is none yet."""
    if folder is None or not (file := prepared_file(folder)).exists():
        return None
    settings = plan.settings
    _, about = read_tensors(file)
    # The training after the search writes this file too, with its own settings.
    if not of_training(about.get("identity"), settings, identity.data, identity.stages):
        return None
    return restore(file, plan.dataset, settings, identity)


def decoder_paces(trainer: TrialTrainer, settings: Settings) -> dict[str, float]:
    """Return the time of a step by decoder."""
    decoders = [settings.model.decoder]
    if trainer.second_decoder is not None:
        decoders.append(trainer.second_decoder)
    return {name: trainer.seconds_per_step(settings.with_decoder(name)) for name in decoders}


def _search(
    settings: Settings,
    trainer: TrialTrainer,
    history: History,
    clock: Clock,
    study: StudyFolder | None,
    log: TrainingLog,
) -> SearchRecord:
    """Run the trials and return the record of the search."""
    log.start_phase(SEARCH, round(clock.budget), round(clock.spent))
    # Only the first rank decides: the others' clocks and files could differ.
    search: Search | None = None
    if collectives.is_rank0():
        log.message(_opening(trainer, clock, resumed=len(history.events) > 1))
        table = None if study is None else study.search_table
        exchange = None if study is None else Exchange(study.search_exchange)
        if exchange is not None:
            exchange.clear()  # what a search that was killed has left
        search = Search(settings, trainer, history, clock, table, exchange, log.message)
    while True:
        log.advance_to(round(min(clock.spent, clock.budget)))
        task = collectives.run_on_rank0(lambda: None if search is None else search.next_task())
        if task is None:
            break
        measured = trainer.measure(with_values(settings, task.values), task.steps)
        if search is not None:
            search.add(task, measured)

    def ended() -> SearchRecord:
        assert search is not None, "the first rank has it"
        record = search.end()
        if study is not None:
            Exchange(study.search_exchange).clear()
        return record

    return collectives.run_on_rank0(ended)


def _opening(trainer: TrialTrainer, clock: Clock, *, resumed: bool) -> str:
    runs = count(trainer.held_out, "validation run")
    if trainer.parts > 1:
        runs = (
            f"{trainer.held_out} training and validation runs, held out in {trainer.parts} parts "
            f"(there are fewer than {FEW_RUNS} validation runs)"
        )
    begins = "continues" if resumed else "begins"
    return (
        f"search {begins}: {duration(clock.left)} left. Errors of trials are those of single "
        f"networks on {runs}, relative to the standard deviation of the fields"
    )

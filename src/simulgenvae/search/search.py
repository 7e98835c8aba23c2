"""A search within a budget: its trials one after another, as far as there is time for them.

Tested in tests/search/test_search.py and tests/search/test_find.py.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from simulgenvae.search.choice import Outcome, choose
from simulgenvae.search.clock import Clock, Speed
from simulgenvae.search.exchange import Task
from simulgenvae.search.history import Ended, Prepared, Started, Trained
from simulgenvae.search.scheduler import Scheduler, Trial, rung_steps
from simulgenvae.search.space import (
    DECODER,
    EPOCHS,
    MEMBERS,
    STEPS,
    Space,
    is_written,
)
from simulgenvae.search.table import describe_trial, write_table
from simulgenvae.search.time_plan import LONGER, Pace, Size, TimePlan
from simulgenvae.training.stages.encoder import STEPS as ENCODER_STEPS
from simulgenvae.utils.formatting import percent
from simulgenvae.utils.progress import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from simulgenvae.models.search_record import SearchRecord
    from simulgenvae.search.exchange import Exchange, Result
    from simulgenvae.search.history import History
    from simulgenvae.search.trainer import Measured, TrialTrainer
    from simulgenvae.settings import Settings

AHEAD = 2
"""Trainings that are offered to each process that helps: it finds the second one while this process
trains and cannot decide what comes next."""
WAIT = 0.1
"""Seconds between two looks for what other processes have found."""
MOST_TRIALS = 60
"""Largest number of trials: with more, the least error of few runs is a matter of luck."""


class Search:
    """State of a search, which the first rank holds.

    Parameters
    ----------
    settings
        Settings of the user.
    trainer
        Trainer of the trials.
    history
        Events of the search, with which it starts.
    clock
        Time of the budget.
    table
        CSV file of the trials; None writes none.
    exchange
        Where other processes can help; None where they cannot.
    say
        Function that tells the user something.
    """

    def __init__(
        self,
        settings: Settings,
        trainer: TrialTrainer,
        history: History,
        clock: Clock,
        table: Path | None,
        exchange: Exchange | None,
        say: Callable[[str], None],
    ) -> None:
        prepared = history.events[0]
        assert isinstance(prepared, Prepared), "the first event of a search"
        self._settings = settings
        self._trainer = trainer
        self._history = history
        self._clock = clock
        self._table = table
        self._exchange = exchange
        self._say = say
        self._speed = Speed(dict(prepared.seconds_per_step), trainer.parts)
        self._space = Space.of(settings, trainer.second_decoder)
        steps = trainer.steps(settings)
        self.plan = TimePlan(
            usual=Size(steps, trainer.member_count),
            rest=prepared.rest,
            fixed_steps=is_written(settings, STEPS) or is_written(settings, EPOCHS),
            fixed_members=is_written(settings, MEMBERS),
            refit=trainer.refit,
            encoder=ENCODER_STEPS,
        )
        first = self._space.defaults(settings)
        self._scheduler = Scheduler(self._space, first, steps, settings.training.seed)
        self._longer: float | None = None
        for event in history.events[1:]:
            if isinstance(event, Started):
                self._scheduler.start(event.values)
            elif isinstance(event, Trained):
                self._note(event)
        self._searches = self._has_time_to_search()

    def next_task(self) -> Task | None:
        """Return the next training of this process; None when the search has ended.

        Results of other processes are taken note of before, and awaited where nothing else is to
        be done.
        """
        while self._searches:
            self._add_results()
            tasks = self._open_tasks()
            own = next((task for task in tasks if self._is_free(task)), None)
            if own is not None:
                self._offer(task for task in tasks if task is not own)
                return own
            self._searches = bool(tasks)
            if self._searches:
                time.sleep(WAIT)
        return self._longer_task()

    def _is_free(self, task: Task) -> bool:
        """Return whether no other process has a task; none will take it then."""
        return self._exchange is None or self._exchange.withdraw(task)

    def _offer(self, tasks: Iterable[Task]) -> None:
        if self._exchange is not None:
            for task in tasks:
                self._exchange.offer(task)

    def _open_tasks(self) -> list[Task]:
        """Return the trainings that are to be made now, by this process and those that help."""
        wanted = 1
        if self._exchange is not None:
            wanted += AHEAD * self._exchange.helpers()
        tasks = []
        for trial in self._scheduler.trials:
            steps = self._scheduler.next_steps(trial)
            if steps is None:
                continue
            if self._has_time(trial, steps):
                tasks.append(Task(trial=trial.number, values=trial.values, steps=steps))
            else:
                # Where there is no time to finish this trial, there is none to finish a new one.
                wanted = 0
        while len(tasks) < wanted and (new := self._new_trial()) is not None:
            steps = self._scheduler.rungs[0]
            tasks.append(Task(trial=new.number, values=new.values, steps=steps))
        return tasks

    def _add_results(self) -> None:
        """Take note of what other processes have found."""
        if self._exchange is None:
            return
        for trial in self._scheduler.trials:
            steps = self._scheduler.next_steps(trial)
            if steps is not None:
                task = Task(trial=trial.number, values=trial.values, steps=steps)
                if (result := self._exchange.result(task)) is not None:
                    self.add(task, result)

    def _longer_task(self) -> Task | None:
        """Return a longer training with the best settings; None where there is no time for it."""
        best = self._scheduler.best
        if best is None or self._longer is not None or self.plan.fixed_steps:
            return None
        longer = self.plan.usual._replace(steps=LONGER * self.plan.usual.steps)
        left = self._clock.left - self._seconds(best, longer.steps)
        if not self.plan.fits(self._pace(best), longer, left):
            return None
        return Task(trial=best.number, values=best.values, steps=longer.steps)

    def add(self, task: Task, measured: Measured | Result) -> None:
        """Take note of a training."""
        if self._exchange is not None:
            self._exchange.forget(task)
        event = Trained(
            spent=self._clock.spent,
            trial=task.trial,
            steps=task.steps,
            error=measured.error,
            seconds=measured.seconds,
        )
        self._history.add(event)
        self._note(event)
        trial = self._scheduler.trials[task.trial]
        if task.steps > self.plan.usual.steps:
            error = percent(measured.error)
            self._say(f"trial {trial.number}, longer: error {error} after {task.steps:,} steps")
        elif trial.state != "unfinished":
            self._tell(trial)

    def end(self) -> SearchRecord:
        """Choose settings and the size of the training for the time that is left.

        Raises
        ------
        UserError
            When there is too little time for any useful training.
        """
        trials = self._scheduler.trials
        for trial in trials:
            if trial.state == "unfinished":
                self._tell(trial)
        best = self._scheduler.best
        outcome = Outcome(trials, best, self._pace(best), self._longer)
        record = choose(outcome, self._settings, self._trainer, self.plan, self._clock, self._say)
        self._history.add(Ended(spent=self._clock.spent, record=record))
        return record

    def _new_trial(self) -> Trial | None:
        """Return a new trial; None where there are enough, or there is no time for one."""
        trials = self._scheduler.trials
        if len(trials) >= MOST_TRIALS:
            return None
        if trials and not self._has_time(None, self._scheduler.rungs[0]):
            return None
        trial = self._scheduler.start()
        self._history.add(Started(spent=self._clock.spent, values=trial.values))
        return trial

    def _has_time_to_search(self) -> bool:
        """Return whether there is time for the defaults as a trial, and for one that is short."""
        if not self._space.keys:
            self._say("all searched settings are written down: there is nothing to search")
            return False
        if self._scheduler.trials:
            return True
        pace = self._pace(None)
        rungs = rung_steps(self.plan.usual.steps)
        trials = self._seconds(None, sum(rungs) + rungs[0])
        if self.plan.fits(pace, self.plan.usual, self._clock.left - trials):
            return True
        usual = duration(self.plan.seconds(pace, self.plan.usual))
        if self.plan.fits(pace, self.plan.usual, self._clock.left):
            self._say(
                f"no search: the training with the defaults takes about {usual} of the "
                f"{duration(self._clock.left)} that are left"
            )
        return False

    def _has_time(self, trial: Trial | None, steps: int) -> bool:
        """Return whether a training of a trial leaves the time for the training at the end."""
        reserve = max(
            self.plan.reserve(self._pace(each), self._clock.budget)
            for each in (trial, self._scheduler.best)
        )
        return self._seconds(trial, steps) + reserve <= self._clock.left

    def _seconds(self, trial: Trial | None, steps: int) -> float:
        """Return the time that a training of a trial takes."""
        return self._trainer.parts * steps * self._pace(trial).first

    def _pace(self, trial: Trial | None) -> Pace:
        """Return the pace of the ensemble with the settings of a trial, or with the defaults."""
        own = self._settings.model.decoder
        second = self._trainer.second_decoder or own
        decoder = own if trial is None else str(trial.values.get(DECODER, own))
        other = second if decoder == own else own
        if trial is None and self._scheduler.trials:
            trial = self._scheduler.trials[0]
        return Pace(self._speed.of(trial, decoder), self._speed.of(None, other))

    def _note(self, event: Trained) -> None:
        """Take note of a training, be it now or in the history."""
        from simulgenvae.search.trainer import Measured

        if event.steps > self.plan.usual.steps:
            self._longer = float("inf") if event.error is None else event.error
            return
        trial = self._scheduler.trials[event.trial]
        self._scheduler.add(trial, event.steps, Measured(event.error, event.seconds))
        decoder = str(trial.values.get(DECODER, self._settings.model.decoder))
        # The first trials have the defaults: their pace is better known than before.
        if trial.number < len(self._space.decoders):
            self._speed.by_decoder[decoder] = self._speed.of(trial, decoder)

    def _tell(self, trial: Trial) -> None:
        """Say what was found in a trial, and write the table."""
        best = self._scheduler.best
        known = "" if best is None or best is trial else f"; the best has {percent(best.error)}"
        left = duration(max(0.0, self._clock.left))
        self._say(f"{describe_trial(trial.record())}{known}; {left} of the budget left")
        if self._table is not None:
            records = [each.record() for each in self._scheduler.trials]
            write_table(self._table, self._space.keys, records)

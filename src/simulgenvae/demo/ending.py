"""The end of the demo: one table, and what error, speed and pages there are.

Tested in tests/cli/test_demo.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table

from simulgenvae.baselines import BASELINES
from simulgenvae.demo.measure import Measured
from simulgenvae.evaluation.accuracy import about_interval
from simulgenvae.evaluation.methods import method_titles
from simulgenvae.evaluation.results.base import INTERVAL
from simulgenvae.utils.formatting import count, milliseconds, percent, percent_plus_minus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from simulgenvae.demo.measure import Prediction
    from simulgenvae.demo.record import Record
    from simulgenvae.demo.solving import Solved
    from simulgenvae.demo.trials import Trial
    from simulgenvae.evaluation.results import OverRuns


@dataclass(frozen=True)
class Costs:
    """Seconds of what was done, by the clock, where runs are solved one after another."""

    runs: int
    """Number of runs that were solved for the study."""
    solving: float
    """Seconds of solving these."""
    training: float
    """Seconds of the training."""
    solver: float
    """Seconds of solving one design."""
    prediction: float
    """Seconds of predicting one design, as in the report."""

    @property
    def speed_up(self) -> float:
        """Number of predictions in the time of one solution."""
        return self.solver / self.prediction

    @property
    def pays_after(self) -> int | None:
        """Number of designs from which on the surrogate, with all that it needs, takes less time.

        None where the prediction takes as long as the solver.
        """
        saved = self.solver - self.prediction
        return math.ceil((self.solving + self.training) / saved) if saved > 0.0 else None


def ending(
    trials: Sequence[Trial],
    predictions: Sequence[Prediction],
    solved: Sequence[Solved],
    record: Record,
    solving: Mapping[str, float],
) -> list[Table | str]:
    """Return the table, and for each surrogate the lines about its error and its speed.

    Parameters
    ----------
    trials, predictions
        The surrogates and their predictions of the new designs.
    solved
        Solutions of the new designs.
    record
        Cost of each step.
    solving
        Seconds of solving each of the runs, by their ids.
    """
    results = [
        Measured.of(trial, prediction, solved)
        for trial, prediction in zip(trials, predictions, strict=True)
    ]
    solver_seconds = float(np.median([solution.seconds for solution in solved]))
    shown: list[Table | str] = [errors_table(results, solver_seconds)]
    for trial, result in zip(trials, results, strict=True):
        costs = Costs(
            runs=len(solving),
            solving=sum(solving.values()),
            training=record.steps[f"train {trial.study.folder.name}"].seconds,
            solver=solver_seconds,
            prediction=result.evaluation.timing.seconds_for_one_run,
        )
        data = result.evaluation.data
        shown += [error_line(result), speed_line(costs, data.timesteps, data.nodes)]
    return shown


def errors_table(results: Sequence[Measured], solver_seconds: float) -> Table:
    """Return errors on the test runs and times of a design, of surrogates and baselines."""
    first = results[0].evaluation
    runs = first.compared["prediction"].runs
    title = f"Relative L2 error on {count(runs, 'design')} that nothing was trained on"
    table = Table("", title=title)
    for column in (f"mean, {INTERVAL}", "largest", "one design"):
        table.add_column(column, justify="right")
    for result in results:
        found = result.evaluation.compared["prediction"].relative_l2
        time = milliseconds(result.evaluation.timing.seconds_for_one_run)
        table.add_row(result.name, _mean(found), percent(found.max), time, style="bold")
    titles = method_titles(first)
    baselines = {
        name: first.compared[name].relative_l2 for name in BASELINES if name in first.compared
    }
    for name, found in sorted(baselines.items(), key=lambda item: item[1].mean or math.inf):
        table.add_row(titles[name], _mean(found), percent(found.max), "")
    table.add_row("Finite elements (the truth)", "", "", milliseconds(solver_seconds))
    return table


def error_line(result: Measured) -> str:
    """Return the sentence about the error on unseen designs."""
    evaluation = result.evaluation
    found = evaluation.compared["prediction"]
    runs = count(found.runs, "unseen design")
    parts = [f"{result.name}: error {_mean(found.relative_l2)} on {runs}"]
    best = evaluation.best_baseline
    if best is not None and best.prediction_ratio is not None:
        title = method_titles(evaluation)[best.name]
        parts.append(f"{best.prediction_ratio:.2f} of the best baseline's ({title})")
    expected = result.prediction.expected_errors
    new = [
        f"{percent(error, 2)} ({percent(guess, 2)} expected)"
        for error, guess in zip(result.new_errors, expected, strict=True)
    ]
    parts.append(f"new designs that were predicted and then solved: {', '.join(new)}")
    return "; ".join(parts) + f". {about_interval(found.runs, evaluation.compared_split)}"


def speed_line(costs: Costs, timesteps: int, nodes: int) -> str:
    """Return the sentences about speed-up and the number of designs from which on it pays."""
    # Rounded to a whole number, a surrogate slower than the solver would have the speed-up 1.
    digits = ".0f" if costs.speed_up >= 10 else ".2g"
    found = (
        f"Speed-up: {costs.speed_up:{digits}}. By the clock, a design takes "
        f"{milliseconds(costs.solver)} with the solver and {milliseconds(costs.prediction)} with "
        f"the surrogate ({timesteps} times at {nodes:,} nodes)."
    )
    if costs.pays_after is None:
        return f"{found} It never pays."
    return (
        f"{found} It pays after {costs.pays_after} designs: solving {costs.runs} runs one after "
        f"another ({costs.solving:.0f} s) and training ({costs.training:.0f} s) take as long as "
        "solving these."
    )


def pages_line(trials: Sequence[Trial]) -> str:
    """Return where the reports, films and files for ParaView are."""
    reports = [trial.study.report_file for trial in trials]
    films = [trial.study.results / "film.gif" for trial in trials]
    found = f"Report: {_joined(reports)}."
    # Without OpenGL there is none, and the report says why.
    if drawn := [film for film in films if film.exists()]:
        found += f" Film: {_joined(drawn)}."
    if pages := [trial.page for trial in trials if trial.page.exists()]:
        found += f" Move the inputs and see the field: {_joined(pages)}."
    return f"{found} For ParaView: {_joined([trial.predictions for trial in trials])}."


def _joined(paths: Iterable[Path]) -> str:
    return " and ".join(str(path.resolve()) for path in paths)


def _mean(errors: OverRuns) -> str:
    return percent_plus_minus(errors.mean, errors.half_width)

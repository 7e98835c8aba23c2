"""The end of the demo: one table, and what error, speed and pages there are.

Tested in tests/cli/test_demo.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rich.table import Table
from scipy import stats

from simulgenvae.baselines import BASELINES
from simulgenvae.demo.measure import Measured
from simulgenvae.evaluation.methods import method_titles
from simulgenvae.utils.formatting import count, percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from simulgenvae.demo.measure import Prediction
    from simulgenvae.demo.record import Record
    from simulgenvae.demo.solving import Solved
    from simulgenvae.demo.trials import Trial
    from simulgenvae.evaluation.results.errors import SplitErrors

CONFIDENCE = 0.95


class MeanError(NamedTuple):
    """Mean error over designs."""

    mean: float
    half_width: float
    """Half of the interval that holds the mean over all designs with 95 % confidence, if the
    errors are normally distributed (Student's t)."""
    largest: float
    designs: int

    @classmethod
    def of(cls, errors: SplitErrors) -> MeanError:
        """Return it for the errors of one method."""
        values = np.array([each for each in errors.per_run.values() if each is not None])
        half = math.nan
        if values.size > 1:
            quantile = stats.t.ppf(0.5 + CONFIDENCE / 2.0, values.size - 1)
            half = float(quantile * values.std(ddof=1) / math.sqrt(values.size))
        return cls(float(values.mean()), half, float(values.max()), values.size)

    def text(self) -> str:
        """Return mean and interval."""
        spread = "" if math.isnan(self.half_width) else f" ± {percent(self.half_width, 2)}"
        return f"{percent(self.mean)}{spread}"


@dataclass(frozen=True)
class Costs:
    """Processor seconds of what was done: those that one core would take."""

    runs: int
    """Number of runs that were solved for the study."""
    solving: float
    """Seconds of solving these."""
    training: float
    """Seconds of the training."""
    solver: float
    """Seconds of solving one design."""
    prediction: float
    """Seconds of predicting one design."""

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
        Processor seconds of the solved runs, by their ids.
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
            training=record.processor_seconds(f"train {trial.study.folder.name}"),
            solver=solver_seconds,
            prediction=result.prediction.seconds,
        )
        data = result.evaluation.data
        shown += [error_line(result), speed_line(costs, data.timesteps, data.nodes)]
    return shown


def errors_table(results: Sequence[Measured], solver_seconds: float) -> Table:
    """Return errors on the test runs and times of a design, of surrogates and baselines."""
    first = results[0].evaluation
    designs = MeanError.of(first.compared["prediction"]).designs
    title = f"Relative L2 error on {count(designs, 'design')} that nothing was trained on"
    table = Table("", title=title)
    for column in ("mean, 95 % interval", "largest", "one design"):
        table.add_column(column, justify="right")
    for result in results:
        found = MeanError.of(result.evaluation.compared["prediction"])
        cells = (found.text(), percent(found.largest), _time(result.prediction.seconds))
        table.add_row(result.name, *cells, style="bold")
    titles = method_titles(first)
    baselines = [name for name in BASELINES if name in first.compared]
    for name in sorted(baselines, key=lambda name: MeanError.of(first.compared[name]).mean):
        found = MeanError.of(first.compared[name])
        table.add_row(titles[name], found.text(), percent(found.largest), "")
    table.add_row("Finite elements (the truth)", "", "", _time(solver_seconds))
    return table


def error_line(result: Measured) -> str:
    """Return the sentence about the error on unseen designs."""
    evaluation = result.evaluation
    found = MeanError.of(evaluation.compared["prediction"])
    parts = [f"{result.name}: error {found.text()} on {count(found.designs, 'unseen design')}"]
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
    return "; ".join(parts) + "."


def speed_line(costs: Costs, timesteps: int, nodes: int) -> str:
    """Return the sentences about speed-up and the number of designs from which on it pays."""
    found = (
        f"Speed-up: {costs.speed_up:.0f}. A design takes {_time(costs.solver)} with the solver and "
        f"{_time(costs.prediction)} with the surrogate ({timesteps} times at {nodes:,} "
        "nodes, both on one core)."
    )
    if costs.pays_after is None:
        return f"{found} It never pays."
    return (
        f"{found} It pays after {costs.pays_after} designs: solving {costs.runs} runs "
        f"({costs.solving:.0f} s of one core) and training ({costs.training:.0f} s) take as long "
        "as solving these."
    )


def pages_line(trials: Sequence[Trial]) -> str:
    """Return where the reports, films and files for ParaView are."""
    reports = [trial.study.report_file for trial in trials]
    films = [trial.study.results / "film.gif" for trial in trials]
    found = f"Report: {_joined(reports)}."
    # Without OpenGL there is none, and the report says why.
    if drawn := [film for film in films if film.exists()]:
        found += f" Film: {_joined(drawn)}."
    return f"{found} For ParaView: {_joined([trial.predictions for trial in trials])}."


def _joined(paths: Iterable[Path]) -> str:
    return " and ".join(str(path.resolve()) for path in paths)


def _time(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds >= 1.0 else f"{1e3 * seconds:.0f} ms"

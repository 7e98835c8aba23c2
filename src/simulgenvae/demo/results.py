"""Results of the demo: errors on test runs, and on new designs that are solved after prediction.

Tested in tests/cli/test_demo.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from rich.table import Table
from rich.text import Text

from simulgenvae.data.dataset import Dataset
from simulgenvae.evaluation.methods import OWN_METHODS, methods
from simulgenvae.evaluation.metrics import VariableScale, relative_l2
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.evaluation.summary import summary_table
from simulgenvae.evaluation.verdict import Verdict
from simulgenvae.export import written_place
from simulgenvae.utils.formatting import percent

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.demo.problems import Designs
    from simulgenvae.evaluation.results.base import OverRuns
    from simulgenvae.settings import StudyFolder


class Solved(NamedTuple):
    """Solution of one new design."""

    id: str
    field: NDArray[np.float32]
    """Temperature in K, ``[T, M, 1]``."""
    seconds: float


class Checked(NamedTuple):
    """Errors of the prediction of a new design."""

    relative_l2: float
    largest_error: float
    """Largest error over all nodes and times, K."""
    expected_error: float | None
    """Value of ``relative_l2`` that was expected with the prediction; None if it was not known."""


@dataclass(frozen=True)
class Result:
    """Results of one network: its ``metrics.json``, and its errors on the new designs in order."""

    name: str
    evaluation: EvaluationResult
    checked: tuple[Checked, ...]

    @classmethod
    def read(cls, name: str, study: StudyFolder, predictions: Path, solved: list[Solved]) -> Self:
        """From an evaluated study and its ``.pvd`` files; errors are relative as in the report."""
        evaluation = EvaluationResult.read(study.metrics_file)
        dataset = Dataset.open(study.dataset)
        row = {run: index for index, run in enumerate(dataset.ids)}
        scale = VariableScale.fit(dataset.run(row[run]) for run in evaluation.split.train)
        # Several designs are written as one series of files for each, in a folder.
        place = written_place(predictions, len(solved))
        names = [f"{design.id}.pvd" for design in solved]
        files = [predictions if place == predictions else place / name for name in names]
        return cls(
            name,
            evaluation,
            tuple(
                _check(file, design.field, scale)
                for file, design in zip(files, solved, strict=True)
            ),
        )


def solve(designs: Designs) -> list[Solved]:
    """Return the solutions of the designs.

    They are solved one by one in this process, so that their times can be compared with the times
    of predictions.
    """
    from simulgenvae.demo.board import solve_timed

    solved = []
    for run, design, layout in zip(
        designs.ids, designs.table.tolist(), designs.layouts, strict=True
    ):
        temperature, seconds = solve_timed(design, layout)
        solved.append(Solved(run, temperature[..., np.newaxis], seconds))
    return solved


def _check(series: Path, truth: NDArray[np.float32], scale: VariableScale) -> Checked:
    predicted, expected = read_series(series, "temperature")
    error, _ = relative_l2(predicted, truth, scale)
    return Checked(error, float(np.abs(predicted - truth).max()), expected)


def read_series(path: Path, variable: str) -> tuple[NDArray[np.float32], float | None]:
    """Return the field ``[T, M, 1]`` of one design's ``.pvd`` file, and its expected error."""
    import pyvista

    reader: Any = pyvista.get_reader(path)  # type: ignore[no-untyped-call]
    steps, expected = [], None
    for value in reader.time_values:
        reader.set_active_time_value(value)
        grid = reader.read()[0]
        steps.append(np.asarray(grid.point_data[variable]))
        # The same number in every timestep.
        if "expected_error" in grid.field_data:
            expected = float(grid.field_data["expected_error"][0])
    return np.stack(steps)[..., np.newaxis], expected


def errors_table(results: list[Result]) -> Table:
    """Return the errors on the unseen runs, of all methods or of several networks and baselines."""
    first = results[0].evaluation
    if len(results) == 1:
        return summary_table(first)
    split = first.compared_split
    errors: dict[str, OverRuns] = {}
    surrogates = set()
    for result in results:
        combined, networks = _own_names(result)
        compared = result.evaluation.compared
        errors[combined] = compared["prediction"].relative_l2
        errors[networks] = compared["networks"].relative_l2
        surrogates.add(combined)
    # Each surrogate has its own prediction, networks and reconstruction; the rest is common.
    of_each = {"prediction", "networks", "reconstruction"}
    titles = {own.name: own.title for own in OWN_METHODS}
    for method in methods(first):
        if method.name not in of_each:
            title = titles.get(method.name, method.title)
            errors[title] = first.compared[method.name].relative_l2
    verdicts = [f"{result.name}: {Verdict.of(result.evaluation).sentence()}" for result in results]
    title = f"Joint relative L2 error on {first.compared['prediction'].runs} {split} runs"
    table = Table("Method", title=title, caption=Text("\n".join(verdicts)))
    for measure in ("mean", "median", "max"):
        table.add_column(measure, justify="right")
    for name, error in errors.items():
        cells = [percent(value) for value in (error.mean, error.median, error.max)]
        table.add_row(name, *cells, style="bold" if name in surrogates else None)
    return table


def _own_names(result: Result) -> tuple[str, str]:
    """Return the titles of one of several surrogates and of its networks only."""
    combination = result.evaluation.combination
    networks = f"{result.name} only ({combination.networks})"
    return f"{result.name} + Gaussian processes (weight {combination.weight_text})", networks


def new_table(result: Result, solved: list[Solved]) -> Table:
    """Return the true errors of the new designs, and how many times the solver is slower."""
    predict_seconds = result.evaluation.timing.seconds_for_one_run
    columns = ("design", "expected", "error", "largest", "hottest", "solver", result.name, "gain")
    title = (
        "New designs, predicted first and solved afterwards: expected and true relative L2 error"
    )
    table = Table(*columns, title=title)
    for design, checked in zip(solved, result.checked, strict=True):
        table.add_row(
            design.id,
            percent(checked.expected_error),
            percent(checked.relative_l2),
            f"{checked.largest_error:.2f} K",
            f"{design.field.max():.1f} K",
            f"{1e3 * design.seconds:.0f} ms",
            f"{1e3 * predict_seconds:.1f} ms",
            f"{design.seconds / predict_seconds:.0f} x",
        )
    return table

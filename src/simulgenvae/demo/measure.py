"""Predictions of one surrogate of the demo, and their errors.

New designs are predicted first and solved afterwards, so that nobody can have looked at their
solutions before. Tested in tests/cli/test_demo.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

import simulgenvae
from simulgenvae.data.dataset import Dataset
from simulgenvae.demo.solving import solve
from simulgenvae.evaluation.metrics import VariableScale, relative_l2
from simulgenvae.evaluation.results import EvaluationResult

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.demo.problems import Designs, Problem
    from simulgenvae.demo.solving import Solved
    from simulgenvae.demo.trials import Trial


@dataclass(frozen=True)
class Prediction:
    """Prediction of the new designs by one surrogate."""

    fields: NDArray[np.float32]
    """Temperatures in K, ``[n, T, M]``."""
    expected_errors: tuple[float, ...]
    """Relative L2 error that is expected of each; NaN where it is not known."""


@dataclass(frozen=True)
class Measured:
    """Errors of one surrogate on test runs and on new designs, at the end of the demo."""

    name: str
    evaluation: EvaluationResult
    prediction: Prediction
    new_errors: tuple[float, ...]
    """Relative L2 error of each new design, as in the report."""

    @classmethod
    def of(cls, trial: Trial, prediction: Prediction, solved: Sequence[Solved]) -> Self:
        """Compare the predictions of an evaluated study with the solutions of the new designs."""
        evaluation = EvaluationResult.read(trial.study.metrics_file)
        dataset = Dataset.open(trial.study.dataset)
        rows = {run: row for row, run in enumerate(dataset.ids)}
        scale = VariableScale.fit(dataset.run(rows[run]) for run in evaluation.split.train)
        errors = []
        for field, solution in zip(prediction.fields, solved, strict=True):
            error, _ = relative_l2(field[..., np.newaxis], solution.field[..., np.newaxis], scale)
            errors.append(error)
        return cls(trial.name, evaluation, prediction, tuple(errors))


def predict_new(trial: Trial, conditions: Path) -> Prediction:
    """Return the predictions of the new designs."""
    model = simulgenvae.load(trial.study)
    if trial.kind is None:
        predicted = model.predict(conditions)
    else:
        predicted = model.predict(images=conditions)
    expected = predicted["expected_error"].to_numpy().tolist()
    return Prediction(predicted["temperature"].to_numpy(), tuple(expected))


def solve_new(problem: Problem, designs: Designs) -> list[Solved]:
    """Return the solutions of the new designs, one after another."""
    return [solve(problem, design) for design in designs.inputs]

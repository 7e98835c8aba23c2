"""Errors and times of one surrogate of the demo.

New designs are predicted first and solved afterwards, so that nobody can have looked at their
solutions before. Tested in tests/cli/test_demo.py.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

import simulgenvae
from simulgenvae.data.dataset import Dataset
from simulgenvae.demo.solving import solve
from simulgenvae.evaluation.metrics import VariableScale, relative_l2
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.utils.threads import threadpool_limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from simulgenvae.demo.problems import Designs, Problem
    from simulgenvae.demo.solving import Solved
    from simulgenvae.demo.trials import Trial
    from simulgenvae.study.model import Model

REPETITIONS = 5
"""Predictions of single designs whose times are compared."""


@dataclass(frozen=True)
class Prediction:
    """Prediction of the new designs by one surrogate."""

    fields: NDArray[np.float32]
    """Temperatures in K, ``[n, T, M]``."""
    expected_errors: tuple[float, ...]
    """Relative L2 error that is expected of each; NaN where it is not known."""
    seconds: float
    """Median processor seconds of the prediction of one design, with one thread."""


@dataclass(frozen=True)
class Measured:
    """What is known of one surrogate at the end of the demo."""

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
    """Return the predictions of the new designs and the time of one prediction.

    It is the time of ``m.predict(design)``, the whole field with its expected error, by a model
    that has been read and has predicted before.
    """
    model = simulgenvae.load(trial.study)
    # All designs together: the first prediction of the model, whose time does not count.
    if trial.kind is None:
        predicted = model.predict(conditions)
    else:
        predicted = model.predict(images=conditions)
    expected = predicted["expected_error"].to_numpy().tolist()
    with one_thread():
        seconds = _seconds_of_one(model, trial)
    return Prediction(predicted["temperature"].to_numpy(), tuple(expected), seconds)


def _seconds_of_one(model: Model, trial: Trial) -> float:
    dataset = Dataset.open(trial.study.dataset)
    rows = model.surrogate.split.rows(dataset.ids)["test"]
    seconds = []
    for row in np.resize(rows, 1 + REPETITIONS):
        conditions = dataset.conditions.select([int(row)])
        begin = time.process_time()
        model.predict(conditions)
        seconds.append(time.process_time() - begin)
    # The first one by one thread only prepares.
    return float(np.median(seconds[1:]))


def solve_new(problem: Problem, designs: Designs) -> list[Solved]:
    """Return the solutions of the new designs, one after another with one thread."""
    with one_thread():
        return [solve(problem, design) for design in designs.inputs]


@contextmanager
def one_thread() -> Iterator[None]:
    """Let the block compute on one core."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)

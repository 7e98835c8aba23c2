"""Fitted methods, and the measurement of their errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.cases import Case
from simulgenvae.baselines.image_features import Features
from simulgenvae.baselines.logarithms import choose_logarithms
from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.dataset import Dataset
from simulgenvae.evaluation.metrics import FieldErrors, VariableScale
from simulgenvae.reduction import Reduction, reduce_runs
from simulgenvae.settings import ReductionSettings, Settings

Rows = NDArray[np.intp]
MEASURED = ("validation", "test", "extrapolation")


class Fitted(NamedTuple):
    """One way to predict runs."""

    name: str
    seconds: float
    """Seconds that fitting took."""
    predict: Callable[[Rows], NDArray[np.floating[Any]]]
    """Function that predicts fields ``[n, T, M, V]`` in physical units from conditions.

    Its argument are n rows of the case's data set."""
    about: dict[str, Any]
    """Choices that were made while fitting, such as a rank."""
    judge: Callable[[], dict[str, Any]] = dict
    """Function that measures further quantities, by name."""


Method = Callable[[Case, Settings], Iterator[Fitted]]


def measure(fitted: Fitted, case: Case) -> dict[str, Any]:
    """Return times in seconds, and joint relative errors of every run, by split.

    Errors come with their mean, median and maximum.
    """
    # The scale of the training runs, as in ``simulgenvae evaluate``: errors are comparable.
    scale = VariableScale.fit(case.dataset.run(int(row)) for row in case.rows["train"])
    # Some things are made once, at the first call: their time is not that of a prediction.
    fitted.predict(case.rows["test"][:1])
    seconds = 0.0
    predicted = 0
    found: dict[str, Any] = {"fit_seconds": fitted.seconds, "about": fitted.about}
    for split in MEASURED:
        rows = case.rows[split]
        if not len(rows):
            continue
        start = time.perf_counter()
        fields = fitted.predict(rows)
        seconds = seconds + time.perf_counter() - start
        predicted = predicted + len(rows)
        errors = FieldErrors(case.dataset.variables, scale)
        for row, field in zip(rows, fields, strict=True):
            errors.add(field, case.dataset.run(int(row)))
        ids = [case.dataset.ids[int(row)] for row in rows]
        summary = errors.summary(ids)
        per_run = list(summary.per_run.values())
        found[split] = {**summary.relative_l2.model_dump(), "per_run": per_run}
    found["predict_seconds_per_run"] = seconds / predicted
    return found | fitted.judge()


class TrainingRuns(NamedTuple):
    """The training runs in the form that baselines learn from."""

    dataset: Dataset
    reduction: Reduction
    features: Features
    x: NDArray[np.float64]
    """Features of the training runs, ``[n, P + C]``."""
    coefficients: NDArray[np.float32]
    """Their coefficients, ``[n, T, r]``."""
    seconds: float
    """Seconds that preparing all this took."""

    @classmethod
    def of(cls, dataset: Dataset, rows: Rows) -> TrainingRuns:
        """Prepare reduction and features, logarithms included, as the surrogate does by default."""
        start = time.perf_counter()
        reduction, every = reduce_runs(dataset, rows, ReductionSettings())
        coefficients = np.asarray(every[rows])
        conditions = dataset.conditions.select(rows)
        scaler = ConditionScaler.fit(
            conditions, choose_logarithms(conditions, coefficients, others=dataset.conditions)
        )
        features = Features.fit(conditions, scaler)
        x = features.transform(conditions)
        return cls(dataset, reduction, features, x, coefficients, time.perf_counter() - start)

    def inputs(self, rows: Rows) -> NDArray[np.float64]:
        """Return the features of rows of the data set."""
        return self.features.transform(self.dataset.conditions.select(rows))

"""Errors of predicted fields, each on the mesh of its own run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.geometry.case import GeometryCase
from simulgenvae.evaluation.metrics import VariableScale

Fields = NDArray[np.float32]


def joint_errors(case: GeometryCase, predictions: list[Fields]) -> NDArray[np.float64]:
    """Return the joint relative error of each test run, ``[m]``.

    Variables are shifted and scaled by mean and standard deviation in the training runs, as in
    ``simulgenvae evaluate``; integrals over the mesh have the nodal volumes of the run.

    Raises
    ------
    ValueError
        When a prediction is not of the shape of its run, or not finite.
    """
    scale = VariableScale.fit(run.fields for run in case.training_runs)
    errors = []
    for run, prediction in zip(case.test_runs, predictions, strict=True):
        if prediction.shape != run.fields.shape or not np.isfinite(prediction).all():
            raise ValueError(
                f"{run.id}: expected finite fields {run.fields.shape}, got {prediction.shape}"
            )
        volumes = case.volumes(run)[:, np.newaxis]
        error = (prediction.astype(np.float64) - run.fields) / scale.spread
        truth = (run.fields - scale.mean) / scale.spread
        errors.append(np.sqrt((volumes * error**2).sum() / (volumes * truth**2).sum()))
    return np.array(errors)


def summary(case: GeometryCase, predictions: list[Fields], seconds: float) -> dict[str, Any]:
    """Return the errors of one method as they are written: mean, median, maximum and each run."""
    errors = joint_errors(case, predictions)
    return {
        "mean": float(errors.mean()),
        "median": float(np.median(errors)),
        "max": float(errors.max()),
        "per_run": errors.tolist(),
        "seconds": seconds,
    }

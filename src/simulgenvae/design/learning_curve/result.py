"""Result of a learning curve: what ``learning_curve.json`` says, without the single points.

Tested in tests/design/learning_curve/test_curve.py.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from simulgenvae.design.learning_curve.points import Method


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class Law(_Result):
    """Power law ``a + b n^-c`` of the error with n training runs."""

    form: Literal["a + b n^-c", "b n^-c"]
    """Form of the law; without ``a`` where that is not fitted but 0."""
    a: float
    b: float
    c: float
    spare_points: int
    """Points beyond the number of fitted parameters."""


class ExpectedError(_Result):
    """Error that the law expects with a number of training runs, and its interval."""

    runs: int
    relative_l2: float
    lower: float
    upper: float


class RunsForTarget(_Result):
    """Training runs that a target takes, and their interval; None where that is out of reach."""

    value: int | None
    lower: int | None
    upper: int | None
    farthest: int
    """Number of runs up to which the law is followed."""


class MethodCurve(_Result):
    """Learning curve of one method."""

    runs: list[int]
    """Training runs of each point."""
    relative_l2: list[float | None]
    """Mean error of each point; None where no run has one."""
    counted_runs: int
    """Measured runs that have an error in every point."""
    law: Law | None
    """None where there is nothing to extrapolate."""
    curve: list[ExpectedError] = []
    """The law from the smallest point to the farthest expected one."""
    expected: list[ExpectedError] = []
    """The law at multiples of all training runs."""
    runs_for_target: RunsForTarget | None = None


class LearningCurve(_Result):
    """Error of the surrogate and of POD+GPR against the number of training runs."""

    measured_on: Literal["test", "validation"]
    """Part of the split that the errors are measured on."""
    measured_runs: int
    training_runs: int
    target: float | None
    """Joint relative error whose number of runs is wanted."""
    methods: dict[Method, MethodCurve]

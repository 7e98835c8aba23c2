"""Errors of one method on the runs of one split.

Nothing here holds more than one run and a few arrays of size ``[T, V]`` and ``[M, V]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.evaluation.metrics.base import METRICS
from simulgenvae.evaluation.metrics.run_errors import Run, RunErrors
from simulgenvae.evaluation.metrics.scale import Moments, VariableScale
from simulgenvae.evaluation.results.base import Numbers, OverRuns
from simulgenvae.evaluation.results.errors import ErrorsOverTime, SplitErrors, VariableErrors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulgenvae.evaluation.metrics.peaks import FieldAxes


class FieldErrors:
    """Errors of one method on the runs of one split, in the order in which they are added.

    Parameters
    ----------
    variables
        Names of the V variables.
    scale
        Mean and spread of the variables in the training runs.
    axes
        Times and positions of the values; without them, places and times of peaks have no error.
    """

    def __init__(
        self, variables: Sequence[str], scale: VariableScale, axes: FieldAxes | None = None
    ) -> None:
        self.variables = tuple(variables)
        self.scale = scale
        self.axes = axes
        self.joint: list[float] = []
        """Joint relative error of each run."""
        self._metrics: dict[str, list[NDArray[np.float64]]] = {name: [] for name in METRICS}
        self._joint_over_time: list[NDArray[np.float64]] = []
        self._moments = Moments(len(self.variables))
        self._time_squares = np.zeros((0, 0))
        self._time_largest = np.zeros((0, 0))
        self._values = 0
        # None where runs have other nodes.
        self._node_squares: NDArray[np.float64] | None = np.zeros((0, 0))

    def add(self, prediction: Run, truth: Run, axes: FieldAxes | None = None) -> None:
        """Count one run: two fields ``[T, M, V]`` in physical units.

        ``axes`` are given for a run whose nodes are elsewhere than those of others.

        Raises
        ------
        ValueError
            When the shapes differ.
        """
        variables = len(self.variables)
        if prediction.shape != truth.shape or truth.ndim != 3 or truth.shape[-1] != variables:
            raise ValueError(
                f"expected two fields [T, M, {variables}], got {prediction.shape} and {truth.shape}"
            )
        timesteps, nodes, _ = truth.shape
        self._make_room(timesteps, nodes)
        if self._node_squares is not None and len(self._node_squares) != nodes:
            self._node_squares = None
        self._values += nodes
        # This reads the fields once; every metric then follows from the sums over nodes that it
        # keeps.
        run = RunErrors.of(
            prediction,
            truth,
            self.scale,
            self._moments,
            np.zeros((nodes, variables)) if self._node_squares is None else self._node_squares,
            axes or self.axes,
        )
        self._time_squares += run.squared_error
        np.maximum(self._time_largest, run.largest, out=self._time_largest)
        for name, values in self._metrics.items():
            values.append(METRICS[name].of_run(run))
        # Errors of single runs are kept too, as medians and maxima cannot be made from sums.
        joint, over_time = run.joint()
        self.joint.append(joint)
        self._joint_over_time.append(over_time)

    def merge(self, other: FieldErrors) -> None:
        """Count the runs that ``other`` has counted, after the own ones."""
        if not other.joint:
            return
        # A rank without runs of this split knows no size yet.
        known = other._node_squares
        self._make_room(len(other._time_squares), 0 if known is None else len(known))
        self.joint += other.joint
        for name, values in self._metrics.items():
            values += other._metrics[name]
        self._joint_over_time += other._joint_over_time
        self._moments.merge(other._moments)
        self._time_squares += other._time_squares
        self._values += other._values
        own = self._node_squares
        if own is None or known is None or own.shape != known.shape:
            self._node_squares = None
        else:
            own += known
        np.maximum(self._time_largest, other._time_largest, out=self._time_largest)

    def node_rmse(self) -> NDArray[np.float64] | None:
        """Return the root mean square error at each node over all runs and times, ``[M, V]``.

        None where runs have other nodes.
        """
        if self._node_squares is None:
            return None
        return np.sqrt(self._node_squares / (len(self.joint) * len(self._time_squares)))

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Names of the metrics that are counted."""
        return tuple(self._metrics)

    def of_metric(self, name: str) -> NDArray[np.float64]:
        """Return a metric of each run and variable, ``[n, V]``."""
        return np.array(self._metrics[name]).reshape(-1, len(self.variables))

    def summary(self, ids: Sequence[str]) -> SplitErrors:
        """Return the errors of the runs, whose ids are in the order in which they were added.

        Raises
        ------
        ValueError
            When there are no runs, or not one id for each.
        """
        if not self.joint:
            raise ValueError("there are no runs")
        return SplitErrors(
            runs=len(self.joint),
            relative_l2=OverRuns.of(self.joint),
            variables=self._of_variables(),
            times=self._over_time(),
            per_run=dict(zip(ids, self.joint, strict=True)),
        )

    def _of_variables(self) -> dict[str, VariableErrors]:
        r2 = self._r2()
        found = {}
        for v, variable in enumerate(self.variables):
            metrics = {name: OverRuns.of(self.of_metric(name)[:, v]) for name in self._metrics}
            found[variable] = VariableErrors(metrics=metrics, r2=float(r2[v]))
        return found

    def _over_time(self) -> ErrorsOverTime:
        rmse = np.sqrt(self._time_squares / self._values)
        # A run with an undefined error has no meaningful error at any single time either.
        defined = np.array(self._joint_over_time)[np.isfinite(self.joint)]
        joint: Numbers = (None,) * len(rmse)
        if len(defined):
            joint = tuple(defined.mean(axis=0).tolist())
        return ErrorsOverTime(
            relative_l2=joint,
            rmse=dict(zip(self.variables, rmse.T.tolist(), strict=True)),
            max_error=dict(zip(self.variables, self._time_largest.T.tolist(), strict=True)),
        )

    def _r2(self) -> NDArray[np.float64]:
        """Return R² of each variable over all values, ``[V]``; NaN where the truth is constant."""
        with np.errstate(divide="ignore", invalid="ignore"):
            # R² = 1 − Σ error² / Σ (truth − mean)², over all values of these runs. The mean is that
            # of their own values: a prediction of the training runs’ mean can be below 0.
            r2 = 1.0 - self._time_squares.sum(axis=0) / self._moments.squares
        return np.where(self._moments.constant(), np.nan, r2)

    def _make_room(self, timesteps: int, nodes: int) -> None:
        """Prepare the sums before the first run, whose size is known only then."""
        if self.joint:
            return
        variables = len(self.variables)
        self._time_squares = np.zeros((timesteps, variables))
        self._time_largest = np.zeros((timesteps, variables))
        self._node_squares = np.zeros((nodes, variables))


def relative_l2(
    prediction: Run, truth: Run, scale: VariableScale
) -> tuple[float, NDArray[np.float64]]:
    """Return the relative errors of one run ``[T, M, V]`` as fractions (0.01 is 1 %).

    They are the joint error, and the error of each variable on the raw field, ``[V]``.
    """
    errors = FieldErrors([str(v) for v in range(truth.shape[-1])], scale)
    errors.add(prediction, truth)
    return errors.joint[0], errors.of_metric("relative_l2")[0]

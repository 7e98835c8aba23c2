"""One pass over a run and its prediction, from which all metrics of the run follow.

Tested in tests/evaluation/metrics/test_field_errors.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from simulgenvae.evaluation.metrics.peaks import FieldAxes, PeakErrors, peak_errors
from simulgenvae.evaluation.metrics.scale import Moments, VariableScale, blocks

Run = NDArray[np.floating[Any]]
"""Fields of one run, ``[T, M, V]``."""


@dataclass(frozen=True, eq=False)
class RunErrors:
    """Fields of one run and its prediction, and sums over the nodes of their difference."""

    prediction: Run
    """Predicted fields in physical units, ``[T, M, V]``."""
    truth: Run
    """True fields in physical units, ``[T, M, V]``."""
    scale: VariableScale
    """Mean and spread of the variables in the training runs."""
    squared_error: NDArray[np.float64]
    """Sum over the nodes of the squared error, ``[T, V]``."""
    squared_truth: NDArray[np.float64]
    """Sum over the nodes of the squared truth, ``[T, V]``."""
    squared_deviation: NDArray[np.float64]
    """Sum over the nodes of the squared distance of the truth from the mean, ``[T, V]``."""
    largest: NDArray[np.float64]
    """Largest absolute error over the nodes, ``[T, V]``."""
    axes: FieldAxes | None = None
    """Times and positions of the values, where they are known."""

    @classmethod
    def of(
        cls,
        prediction: Run,
        truth: Run,
        scale: VariableScale,
        moments: Moments,
        node_squares: NDArray[np.float64],
        axes: FieldAxes | None = None,
    ) -> Self:
        """Return the errors of a run, and add to the sums over all runs.

        The fields are read in blocks: double-precision copies of a whole run could be larger than
        the memory.

        Parameters
        ----------
        prediction, truth
            Fields of the run, ``[T, M, V]``.
        scale
            Mean and spread of the variables in the training runs.
        moments
            Moments to which the true values are added.
        node_squares
            Sums of squared errors over times and runs, ``[M, V]``; the run is added to them.
        axes
            Times and positions of the values, where they are known.
        """
        timesteps, _, variables = truth.shape
        squared_error, squared_truth, squared_deviation, largest = np.zeros(
            (4, timesteps, variables)
        )
        for times, some_nodes in blocks(truth):
            exact = truth[times, some_nodes].astype(np.float64)
            # Differences in double precision: in float32 the error of a good prediction of values
            # near 300 K would be mostly rounding.
            error = prediction[times, some_nodes].astype(np.float64) - exact
            moments.add(truth[times, some_nodes])
            largest[times] = np.maximum(largest[times], np.abs(error).max(axis=1))
            squared_truth[times] += np.square(exact).sum(axis=1)
            squared_deviation[times] += np.square(exact - scale.mean).sum(axis=1)
            # In place, as `error` is not needed any more and blocks are large.
            np.square(error, out=error)
            squared_error[times] += error.sum(axis=1)
            node_squares[some_nodes] += error.sum(axis=0)
        sums = squared_error, squared_truth, squared_deviation, largest
        return cls(prediction, truth, scale, *sums, axes)

    @cached_property
    def peaks(self) -> PeakErrors:
        """Errors of the peak of each variable."""
        return peak_errors(self.prediction, self.truth, self.scale.peak_is_low, self.axes)

    def joint(self) -> tuple[float, NDArray[np.float64]]:
        """Return the joint relative error, and ``‖error at t‖ √T / ‖truth‖`` at each time, ``[T]``.

        Every variable counts in units of its spread, and its truth as the deviation from its mean.
        """
        # √T makes the values at the times comparable with the whole: their root mean square over
        # time is the joint error.
        over_time = np.sqrt(np.sum(self.squared_error / self.scale.spread**2, axis=1))
        truth_norm = np.sqrt(np.sum(self.squared_deviation / self.scale.spread**2))
        whole = float(ratio(np.linalg.norm(over_time), truth_norm))
        return whole, ratio(over_time * np.sqrt(len(self.truth)), truth_norm)


def ratio(error: NDArray[np.float64] | np.floating[Any], truth: Any) -> NDArray[np.float64]:
    """Return ``error / truth``; where truth is zero, 0 for no error and infinity for any."""
    # np.where evaluates both branches, so the division by zero happens and its warning is switched
    # off.
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(error) == 0, 0.0, np.divide(error, truth))

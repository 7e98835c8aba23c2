"""Errors of predicted fields, accumulated run by run.

The relative error of a run is ``‖prediction − truth‖ / ‖truth‖`` over its whole trajectory: per
variable on the raw field, and *joint* over all variables after each is shifted and scaled by the
scalar mean and standard deviation that it has in the training runs. Nothing here holds more than
one run and a few arrays of size ``[T, V]`` and ``[M, V]``.

Where a ratio has no meaning, the definitions are: a run whose (shifted) truth is zero everywhere
has the relative error 0 if the prediction equals it and infinity otherwise; a run with an infinite
or undefined error is left out of mean, median and maximum and counted as ``undefined_runs``; R² of
a truth that never varies is null.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.distributed import collectives

_BLOCK = (
    2**21
)  # values per block: keeps double-precision temporaries at some 16 MB each, whatever the mesh
_CONSTANT = 1e-7  # relative spread below which float32 data cannot be told from a constant

Run = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class VariableScale:
    """Scalar mean and spread of each variable in the training runs.

    ``mean`` ``[V]`` is in physical units. ``spread`` ``[V]`` is the standard deviation; for a
    variable that is constant in the training runs it is the magnitude of that constant (1 if it is
    zero), so that errors stay finite.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]

    @classmethod
    def fit(cls, runs: Iterable[Run]) -> VariableScale:
        """Read each run ``[T, M, V]`` once; ValueError when there is none."""
        return _Moments.of(runs).scale()

    @classmethod
    def fit_shared(cls, runs: Iterable[Run]) -> VariableScale:
        """The same from the runs of all ranks, each of which gives its own."""
        whole = _Moments()
        for share in collectives.all_gather(_Moments.of(runs)):
            whole.merge(share)
        return whole.scale()


def relative_l2(
    prediction: Run, truth: Run, scale: VariableScale
) -> tuple[float, NDArray[np.float64]]:
    """Joint error and raw error of each variable ``[V]`` of one run ``[T, M, V]``, as fractions
    (0.01 is 1 %)."""
    errors = FieldErrors(tuple(map(str, range(truth.shape[-1]))), scale)
    errors.add(prediction, truth)
    return errors.joint[0], errors.raw[0]


class FieldErrors:
    """Errors of one method on the runs of one split.

    ``variables`` names the V variables; ``scale`` comes from the training runs. Runs count in the
    order of ``add``.
    """

    def __init__(self, variables: Sequence[str], scale: VariableScale) -> None:
        self.variables = tuple(variables)
        self.scale = scale
        self.joint: list[float] = []
        self.raw: list[NDArray[np.float64]] = []
        self._rmse: list[NDArray[np.float64]] = []
        self._largest: list[NDArray[np.float64]] = []
        self._joint_over_time: list[NDArray[np.float64]] = []
        self._moments = _Moments(scale.mean)
        self._time_squares = self._time_largest = self._node_squares = np.zeros((0, 0))

    def add(self, prediction: Run, truth: Run) -> None:
        """Count one run: two fields ``[T, M, V]`` in physical units. ValueError when the shapes
        differ."""
        variables = len(self.variables)
        if prediction.shape != truth.shape or truth.ndim != 3 or truth.shape[-1] != variables:
            raise ValueError(
                f"expected two fields [T, M, {variables}], got {prediction.shape} and {truth.shape}"
            )
        timesteps, nodes, _ = truth.shape
        self._begin(timesteps, nodes)
        squares, raw_truth, shifted_truth, largest = np.zeros((4, timesteps, variables))
        for block in _blocks(truth):
            exact = truth[block].astype(np.float64)
            error = prediction[block].astype(np.float64) - exact
            self._moments.add(exact)
            time = block[0]
            largest[time] = np.maximum(largest[time], np.abs(error).max(axis=1))
            raw_truth[time] += np.square(exact).sum(axis=1)
            shifted_truth[time] += np.square(exact - self.scale.mean).sum(axis=1)
            np.square(error, out=error)
            squares[time] += error.sum(axis=1)
            self._node_squares[block[1]] += error.sum(axis=0)
        self._time_squares += squares
        np.maximum(self._time_largest, largest, out=self._time_largest)
        self._rmse.append(np.sqrt(squares.sum(axis=0) / (timesteps * nodes)))
        self._largest.append(largest.max(axis=0))
        self.raw.append(_ratio(np.sqrt(squares.sum(axis=0)), np.sqrt(raw_truth.sum(axis=0))))
        over_time = np.sqrt(np.sum(squares / self.scale.spread**2, axis=1))
        truth_norm = np.sqrt(np.sum(shifted_truth / self.scale.spread**2))
        self.joint.append(float(_ratio(np.linalg.norm(over_time), truth_norm)))
        self._joint_over_time.append(_ratio(over_time * np.sqrt(timesteps), truth_norm))

    def merge(self, other: FieldErrors) -> None:
        """Count the runs that ``other`` has counted, after its own."""
        if not other.joint:
            return
        self._begin(len(other._time_squares), len(other._node_squares))
        for name in ("joint", "raw", "_rmse", "_largest", "_joint_over_time"):
            getattr(self, name).extend(getattr(other, name))
        self._moments.merge(other._moments)
        self._time_squares += other._time_squares
        self._node_squares += other._node_squares
        np.maximum(self._time_largest, other._time_largest, out=self._time_largest)

    def _begin(self, timesteps: int, nodes: int) -> None:
        """Make room, before the first run counts."""
        if self.joint:
            return
        variables = len(self.variables)
        self._time_squares, self._time_largest = np.zeros((2, timesteps, variables))
        self._node_squares = np.zeros((nodes, variables))

    def node_rmse(self) -> NDArray[np.float64]:
        """Root mean square error at each node over all runs and times, ``[M, V]``, physical
        units."""
        return np.sqrt(self._node_squares / (len(self.joint) * len(self._time_squares)))

    def summary(self) -> dict[str, Any]:
        """Everything counted so far, ready for JSON: joint, per variable, per time, per run in
        order.

        ``times.relative_l2`` is the mean over runs of ``‖error at t‖ √T / ‖truth‖``: a run's error
        is the root mean square of this over time, and a field that starts at zero causes no
        division by zero.
        """
        runs = len(self.joint)
        if not runs:
            return {"runs": 0}
        nodes = len(self._node_squares)
        time_rmse = np.sqrt(self._time_squares / (runs * nodes))
        raw, rmse, largest = np.array(self.raw), np.array(self._rmse), np.array(self._largest)
        r2 = self._r2()
        over_time = np.array(self._joint_over_time)[np.isfinite(self.joint)]
        return {
            "runs": runs,
            "relative_l2": over_runs(self.joint),
            "variables": {
                name: {
                    "relative_l2": over_runs(raw[:, v]),
                    "rmse": over_runs(rmse[:, v]),
                    "max_error": over_runs(largest[:, v]),
                    "r2": r2[v],
                }
                for v, name in enumerate(self.variables)
            },
            "times": {
                "relative_l2": _finite(over_time.mean(axis=0))
                if len(over_time)
                else [None] * len(time_rmse),
                "rmse": {name: _finite(time_rmse[:, v]) for v, name in enumerate(self.variables)},
                "max_error": {
                    name: _finite(self._time_largest[:, v]) for v, name in enumerate(self.variables)
                },
            },
            "per_run": _finite(np.array(self.joint)),
        }

    def _r2(self) -> list[float | None]:
        """One minus squared error over squared deviation of the truth from its mean over the whole
        split."""
        total = self._moments.squares
        constant = np.sqrt(total / self._moments.count) <= _CONSTANT * np.abs(self._moments.mean)
        with np.errstate(divide="ignore", invalid="ignore"):
            return _finite(np.where(constant, np.nan, 1.0 - self._time_squares.sum(axis=0) / total))


def over_runs(values: Sequence[float] | NDArray[np.float64]) -> dict[str, float | int | None]:
    """Mean, median and maximum of the finite values, and how many were not finite."""
    array = np.asarray(values, dtype=np.float64)
    finite = array[np.isfinite(array)]
    undefined = len(array) - len(finite)
    if not len(finite):
        return {"mean": None, "median": None, "max": None, "undefined_runs": undefined}
    return {
        "mean": float(finite.mean()),
        "median": float(np.median(finite)),
        "max": float(finite.max()),
        "undefined_runs": undefined,
    }


class _Moments:
    """Mean and sum of squared deviations per variable, merged block by block (Chan, Golub & LeVeque
    1983)."""

    def __init__(self, guess: NDArray[np.float64] | None = None) -> None:
        self.count = 0
        self.mean = np.zeros(0) if guess is None else np.zeros_like(guess)
        self.squares = np.zeros_like(self.mean)

    @classmethod
    def of(cls, runs: Iterable[Run]) -> _Moments:
        moments = cls()
        for run in runs:
            for block in _blocks(run):
                moments.add(run[block])
        return moments

    def add(self, block: Run) -> None:
        values, more = block.reshape(-1, block.shape[-1]).astype(np.float64), _Moments()
        more.count, more.mean = len(values), values.mean(axis=0)
        more.squares = np.square(values - more.mean).sum(axis=0)
        self.merge(more)

    def merge(self, other: _Moments) -> None:
        if not self.count or not other.count:
            chosen = self if self.count else other
            self.count, self.mean, self.squares = chosen.count, chosen.mean, chosen.squares
            return
        total, delta = self.count + other.count, other.mean - self.mean
        self.squares = self.squares + other.squares + delta**2 * (self.count * other.count / total)
        self.mean = self.mean + delta * (other.count / total)
        self.count = total

    def scale(self) -> VariableScale:
        if not self.count:
            raise ValueError("no training run to take means and standard deviations from")
        deviation, size = np.sqrt(self.squares / self.count), np.abs(self.mean)
        constant = deviation <= _CONSTANT * size
        return VariableScale(
            self.mean, np.where(constant, np.where(size > 0, size, 1.0), deviation)
        )


def _blocks(run: Run) -> Iterator[tuple[slice, slice]]:
    """Slices over time and nodes that cover a run ``[T, M, V]`` in pieces of at most ``_BLOCK``
    values."""
    timesteps, nodes, variables = run.shape
    width = max(1, min(nodes, _BLOCK // variables))
    height = max(1, _BLOCK // (width * variables))
    for t in range(0, timesteps, height):
        for m in range(0, nodes, width):
            yield slice(t, t + height), slice(m, m + width)


def _ratio(error: NDArray[np.float64] | np.floating[Any], truth: Any) -> NDArray[np.float64]:
    """``error / truth``; where truth is zero, 0 for no error and infinity for any."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(error) == 0, 0.0, np.divide(error, truth))


def _finite(values: NDArray[np.float64]) -> list[float | None]:
    """A list for JSON, which has no infinity and no NaN: those become null."""
    return [float(value) if np.isfinite(value) else None for value in values]

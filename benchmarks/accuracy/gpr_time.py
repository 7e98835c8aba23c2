"""Baseline: POD of the snapshots and Gaussian processes over parameters and time.

Each coefficient of the reduction is one function of the design and of time (Guo & Hesthaven 2019 do
the same with tensor products). The kernel is constant · Matérn 5/2 + white noise with a length
scale for time and for every parameter; up to eight components of images have one each, more of
them share one. A process over all snapshots would be too large: it learns from ``POINTS`` of them
at most, every s-th of each run with the first ones staggered from run to run, so that all times
occur. The hyper-parameters of each of the first ``OWN`` coefficients maximise the marginal
likelihood of ``LIKELIHOOD_POINTS`` snapshots chosen in the same way; all other coefficients have
those of the last of these. How many components of images are read is chosen by the likelihood of
the first coefficient.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.cases import Case
from benchmarks.accuracy.fitted import Fitted, Rows, TrainingRuns
from simulgenvae.baselines.gp import GaussianProcess
from simulgenvae.baselines.length_scale_groups import LengthScaleGroups
from simulgenvae.baselines.likelihood_search import Likelihood, LikelihoodSearch
from simulgenvae.baselines.pod_regression import component_counts
from simulgenvae.settings import Settings

Array = NDArray[np.float64]
POINTS = 2000
LIKELIHOOD_POINTS = 500
OWN = 8
SINGLE_LENGTHS = 8
SEED = 0


def gpr_time(case: Case, _: Settings) -> Iterator[Fitted]:
    """Fit POD+GPR over parameters and time to the training runs of a case."""
    training = TrainingRuns.of(case.dataset, case.learned)
    start = time.perf_counter()
    regression = TimeGpr(
        training.x, training.coefficients, case.dataset.times, training.features.components
    )
    seconds = training.seconds + time.perf_counter() - start

    def predict(rows: Rows) -> NDArray[np.float32]:
        return training.reduction.decode(regression.predict(training.inputs(rows)))

    yield Fitted("pod_gpr_time", seconds, predict, regression.about)


def staggered(runs: int, timesteps: int, points: int) -> tuple[Rows, Rows]:
    """Return runs and timesteps of at most ``points`` snapshots.

    Of run i, every s-th snapshot is taken, beginning with number i mod s, so that the timesteps of
    different runs differ. Each run has at least one, also where that makes more than ``points``.
    """
    stride = min(math.ceil(runs * timesteps / points), timesteps)
    while True:
        pairs = [
            (run, step) for run in range(runs) for step in range(run % stride, timesteps, stride)
        ]
        # Rounding up may leave a few more than allowed.
        if len(pairs) <= points or stride == timesteps:
            chosen = np.array(pairs, dtype=np.intp).T
            return chosen[0], chosen[1]
        stride += 1


class TimeGpr:
    """Gaussian processes of coefficients ``[n, T, r]`` over designs and time.

    Designs are ``x [n, P + C]``, times are ``[T]``. The last C = ``components`` columns of x are
    principal components of images.
    """

    def __init__(
        self, x: Array, coefficients: NDArray[np.float32], times: Array, components: int
    ) -> None:
        self._times = (times - times.mean()) / (times.std() or 1.0)
        self._parameters = x.shape[1] - components
        runs, steps = staggered(len(x), len(times), POINTS)
        values = coefficients[runs, steps].astype(np.float64)
        self._mean = values.mean(axis=0)
        self._spread = values.std(axis=0)
        # A coefficient that never varies is predicted as its mean.
        self._spread[self._spread == 0.0] = 1.0
        values = (values - self._mean) / self._spread
        chosen = staggered(len(x), len(times), LIKELIHOOD_POINTS)
        few = (coefficients[chosen].astype(np.float64) - self._mean) / self._spread
        self._components = self._best_count(x, components, chosen, few[:, 0])
        thetas = self._search(x, chosen, few[:, :OWN])
        self._seen = points = self._points(x, runs, steps)
        self._known = self._groups(points)
        squared = self._known.squared_distances(points, points)
        # The process of the last searched mode also has all modes after it.
        last = len(thetas) - 1
        parts = [slice(mode, None if mode == last else mode + 1) for mode in range(len(thetas))]
        self._processes = [
            GaussianProcess.learn(squared, values[:, part], theta)
            for theta, part in zip(thetas, parts, strict=True)
        ]
        self.about: dict[str, Any] = {
            "snapshots": len(points),
            "likelihood_snapshots": len(chosen[0]),
            "own": len(thetas),
        }
        if components:
            self.about["image_components"] = self._components

    def predict(self, x: Array) -> NDArray[np.float32]:
        """Return the coefficients ``[m, T, r]`` of designs ``x [m, P + C]``."""
        steps = np.arange(len(self._times))
        predicted = []
        for design in x:
            # One design at a time: the distances of all designs would need too much memory.
            points = self._points(design[np.newaxis], np.zeros_like(steps), steps)
            squared = self._known.squared_distances(points, self._seen)
            values = np.concatenate(
                [process.predict(squared) for process in self._processes], axis=1
            )
            predicted.append(self._mean + self._spread * values)
        return np.stack(predicted).astype(np.float32)

    def _best_count(self, x: Array, components: int, chosen: tuple[Rows, Rows], y: Array) -> int:
        counts = component_counts(x.shape[1], components)
        if len(counts) < 2:
            return components
        evidence = {}
        for self._components in counts:
            points = self._points(x, *chosen)
            squared = self._groups(points).squared_distances(points, points)
            evidence[self._components] = LikelihoodSearch(len(squared), SEED)(
                Likelihood(squared, y), thorough=True
            )[1]
        return min(evidence, key=lambda count: evidence[count])

    def _search(self, x: Array, chosen: tuple[Rows, Rows], values: Array) -> list[Array]:
        points = self._points(x, *chosen)
        squared = self._groups(points).squared_distances(points, points)
        search = LikelihoodSearch(len(squared), SEED)
        return [
            search(Likelihood(squared, y), thorough=mode == 0)[0] for mode, y in enumerate(values.T)
        ]

    def _points(self, x: Array, runs: Rows, steps: Rows) -> Array:
        """Return inputs of snapshots, one in a row.

        They are the time (where there are several), parameters and components.
        """
        moment = self._times[steps, np.newaxis][:, : int(len(self._times) > 1)]
        return np.concatenate([moment, x[runs, : self._parameters + self._components]], axis=1)

    def _groups(self, points: Array) -> LengthScaleGroups:
        return LengthScaleGroups.of(
            points, self._components if self._components > SINGLE_LENGTHS else 0
        )

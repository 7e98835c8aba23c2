"""POD with radial basis functions (Walton, Hassan & Morgan 2013)."""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.baselines.base import BaselineSpec, Choices, Inputs
from simulgenvae.baselines.distances import pair_distances
from simulgenvae.baselines.pod_regression import FeatureSelection, PodRegression, component_counts
from simulgenvae.baselines.radial_basis import RadialBasis

if TYPE_CHECKING:
    from numpy.typing import NDArray


class PodRbf(PodRegression):
    """POD and radial basis functions, chosen by the leave-one-out error on the training runs.

    Chosen are kernel and smoothing; for images also the number of principal components and, where
    there are parameters too, the weight of the components. More than ``choosing_runs`` runs are
    represented by a seeded subset of that size, and more than ``fitted_runs`` by a larger one when
    the chosen functions are fitted, as the cost grows with the cube of the runs.
    """

    choices = tuple(
        RadialBasis(kernel, degree, epsilon, smoothing)
        for (kernel, degree, epsilon), smoothing in itertools.product(
            [
                ("linear", 0, 1.0),
                ("thin_plate_spline", 1, 1.0),
                ("cubic", 1, 1.0),
                ("multiquadric", 0, 0.1),
                ("multiquadric", 0, 0.5),
                ("multiquadric", 0, 1.0),
                ("gaussian", 0, 0.1),
                ("gaussian", 1, 0.25),
                ("gaussian", 1, 0.5),
            ],
            [0.0, 1e-6, 1e-3, 1e-2, 1e-1],
        )
    )
    factors = (0.1, 0.3, 1.0, 3.0)
    choosing_runs = 500
    fitted_runs = 2000
    seed = 0

    def _fit_amplitudes(self, x: Inputs, amplitudes: NDArray[np.float64]) -> None:
        order = np.random.default_rng(self.seed).permutation(len(x))
        subset = np.sort(order[: self.choosing_runs])
        fitted = np.sort(order[: self.fitted_runs])
        # Every choice of features with every kernel and smoothing: a system each, no iteration.
        errors = {}
        for selection in self._selections(x.shape[1]):
            selected = selection(x[subset])
            distances = pair_distances(selected, selected)
            for choice in self.choices:
                error = choice.leave_one_out(selected, distances, amplitudes[subset])
                errors[selection, choice] = error
        # The best choice whose system can be solved for all runs: equal designs that were not both
        # in the subset make an interpolation impossible.
        for self._selection, self._choice in sorted(errors, key=lambda pair: errors[pair]):
            with suppress(np.linalg.LinAlgError):
                self._interpolant = self._choice.fit(self._selection(x[fitted]), amplitudes[fitted])
                return
        raise np.linalg.LinAlgError(f"no radial basis functions interpolate {len(fitted)} runs")

    def _selections(self, columns: int) -> list[FeatureSelection]:
        """Return the features to try, of ``columns`` columns."""
        parameters = columns - self._components
        selections = []
        for count in component_counts(columns, self._components):
            # A factor matters only where parameters and components are compared with each other.
            factors = self.factors if count and parameters else (1.0,)
            selections += [FeatureSelection(self._widths, count, factor) for factor in factors]
        return selections

    def _amplitudes(self, x: Inputs) -> NDArray[np.float64]:
        return self._interpolant(self._selection(x))

    def _chosen(self) -> Choices:
        chosen: Choices = asdict(self._choice)
        if self._components:
            chosen["image_components"] = self._selection.components
            chosen["image_factor"] = self._selection.factor
        return chosen


POD_RBF = BaselineSpec(
    name="pod_rbf",
    baseline=PodRbf,
    title="POD + RBF",
    color="#56B4E9",
    description="POD of whole runs, with radial basis functions from the conditions to amplitudes.",
    title_for_images="PCA of images + POD + RBF",
    title_for_both="PCA of images, parameters + POD + RBF",
)

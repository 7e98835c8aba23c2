"""Proper orthogonal decomposition over runs, with a regression of each mode's amplitude: POD+RBF and POD+GPR.

Whole trajectories are the snapshots: the centred training runs ``[n, T·r]`` are written as ``U S Vᵀ`` and the
amplitudes ``U S`` are learned as functions of the condition. POD with radial basis functions: Walton, Hassan & Morgan
2013; with Gaussian processes: Guo & Hesthaven 2018.
"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from contextlib import suppress
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits

from simulgenvae.evaluation.gaussian_process import Groups, Likelihood, LikelihoodSearch, Process, standardised
from simulgenvae.evaluation.radial_basis import RadialBasis
from simulgenvae.evaluation.references import Coefficients, Inputs, Reference

_ENERGY_LEFT_OUT = 1e-6
_COMPONENTS = (4, 8, 16, 32, 64)
"""Numbers of components of the pictures that are tried, beside all of them."""
_SINGLE_LENGTHS = 8
"""So many components may each have a length scale of their own."""


class RunModes:
    """Whole-trajectory POD of n runs: run i ≈ mean + Σ_k amplitudes[i, k] · mode_k, with at most n − 1 modes.

    As many modes are kept as it takes to leave out at most ``energy_left_out`` of the centred runs' energy. Method
    of snapshots (Sirovich 1987): only the n × n Gram matrix is decomposed, and modes stay linear combinations of runs.
    """

    def __init__(self, flat: Coefficients, energy_left_out: float = _ENERGY_LEFT_OUT) -> None:
        runs = len(flat)
        gram = np.zeros((runs, runs))
        block = max(1, 2**21 // runs)
        for start in range(0, flat.shape[1], block):
            values = flat[:, start : start + block].astype(np.float64)
            values -= values.mean(axis=0)
            gram += values @ values.T
        energies, left = np.linalg.eigh(gram)
        energies, left = np.maximum(energies[::-1], 0.0), left[:, ::-1]
        remaining = np.cumsum(energies[::-1])[::-1]  # energy left out if modes k, k+1, … are dropped
        kept = min(int(np.sum(remaining > energy_left_out * remaining[0])), runs - 1)
        self.left = left[:, :kept]
        self.singular = np.sqrt(energies[:kept])
        self.amplitudes: NDArray[np.float64] = self.left * self.singular

    def weights(self, amplitudes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shares ``[m, n]`` of the training runs in runs with these amplitudes ``[m, k]``."""
        shares: NDArray[np.float64] = amplitudes / self.singular @ self.left.T
        shares += (1.0 - shares.sum(axis=1, keepdims=True)) / len(self.left)
        return shares


def component_counts(columns: int, components: int) -> tuple[int, ...]:
    """Numbers of leading components to try where the last ``components`` of the columns are those of pictures.

    None of them is one of the choices where there are parameters too.
    """
    fewer = [count for count in _COMPONENTS if count < components]
    return (*[0] * (columns > components), *fewer, *[components] * (components > 0))


class _PodRegression(Reference):
    def _learn(self, x: Inputs, flat: Coefficients, components: int) -> None:
        self._modes = RunModes(flat)
        self._components = components
        if self._modes.amplitudes.shape[1]:
            with threadpool_limits(1):  # many small systems: starting threads costs more than solving
                self._fit_amplitudes(x, self._modes.amplitudes)

    def weights(self, x: Inputs) -> NDArray[np.float64]:
        count = self._modes.amplitudes.shape[1]
        amplitudes = self._amplitudes(x) if count else np.zeros((len(x), 0))
        return self._modes.weights(amplitudes)

    def describe(self) -> dict[str, Any]:
        modes = self._modes.amplitudes.shape[1]
        return {"modes": modes, **(self._chosen() if modes else {})}

    @abstractmethod
    def _fit_amplitudes(self, x: Inputs, amplitudes: NDArray[np.float64]) -> None: ...

    @abstractmethod
    def _amplitudes(self, x: Inputs) -> NDArray[np.float64]: ...

    @abstractmethod
    def _chosen(self) -> dict[str, Any]: ...


class View(NamedTuple):
    """The columns that a method reads: all parameters, and so many components of pictures times a factor."""

    parameters: int
    components: int
    factor: float

    def __call__(self, x: Inputs) -> Inputs:
        return np.concatenate(
            [x[:, : self.parameters], self.factor * x[:, self.parameters : self.parameters + self.components]], axis=1
        )


class PodRbf(_PodRegression):
    """POD + radial basis functions; all choices have the least leave-one-out error on the training runs.

    Chosen are kernel and smoothing; for pictures also the number of principal components and, beside parameters, their
    weight. More than ``choosing_runs`` runs are represented by a seeded subset of that size.
    """

    name = "pod_rbf"
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
    seed = 0

    def _fit_amplitudes(self, x: Inputs, amplitudes: NDArray[np.float64]) -> None:
        chosen = np.sort(np.random.default_rng(self.seed).permutation(len(x))[: self.choosing_runs])
        errors = {}
        for view in self._views(x.shape[1]):
            seen = view(x[chosen])
            distances = cdist(seen, seen)
            for choice in self.choices:
                errors[view, choice] = choice.leave_one_out(seen, distances, amplitudes[chosen])
        for self._view, self._choice in sorted(errors, key=lambda pair: errors[pair]):
            with suppress(np.linalg.LinAlgError):  # equal designs that were not both chosen
                self._interpolant = self._choice.fit(self._view(x), amplitudes)
                return
        raise np.linalg.LinAlgError(f"no radial basis functions interpolate {len(x)} runs")

    def _views(self, columns: int) -> list[View]:
        parameters = columns - self._components
        return [
            View(parameters, count, factor)
            for count in component_counts(columns, self._components)
            for factor in (self.factors if count and parameters else (1.0,))
        ]

    def _amplitudes(self, x: Inputs) -> NDArray[np.float64]:
        return self._interpolant(self._view(x))

    def _chosen(self) -> dict[str, Any]:
        view = {"image_components": self._view.components, "image_factor": self._view.factor}
        return {**asdict(self._choice), **(view if self._components else {})}


class PodGpr(_PodRegression):
    """POD + one Gaussian process per mode: constant · Matérn 5/2 + white noise, by marginal likelihood.

    Every parameter has a length scale of its own, and so have up to eight components of pictures, while more of them
    share one; how many are read is chosen by the likelihood of the first ``choosing_modes`` modes together. The search
    is thorough for the first modes, as long as they carry more than a ten-thousandth of the energy. With more than
    ``likelihood_runs`` runs the hyper-parameters come from a seeded subset of that size, and the process from all runs.
    """

    name = "pod_gpr"
    likelihood_runs = 160
    choosing_modes = 8
    thorough_modes = 64
    seed = 0

    def _fit_amplitudes(self, x: Inputs, amplitudes: NDArray[np.float64]) -> None:
        chosen = np.sort(np.random.default_rng(self.seed).permutation(len(x))[: self.likelihood_runs])
        self._view = self._best_view(x[chosen], amplitudes[chosen, : self.choosing_modes])
        x = self._view(x)
        groups = _groups(x, self._view)
        squared = groups.squared_distances(x, x)
        known = squared[:, chosen[:, None], chosen]
        search = LikelihoodSearch(len(squared), self.seed)
        energies = np.square(amplitudes).sum(axis=0)
        self._processes = []
        for mode, (y, energy) in enumerate(zip(amplitudes.T, energies, strict=True)):
            thorough = bool(energy > 1e-4 * energies.sum()) and mode < self.thorough_modes
            theta, _ = search(Likelihood(known, standardised(y[chosen])), thorough=thorough)
            self._processes.append(Process(groups, theta, x, y, squared))

    def _best_view(self, x: Inputs, amplitudes: NDArray[np.float64]) -> View:
        parameters = x.shape[1] - self._components
        views = [View(parameters, count, 1.0) for count in component_counts(x.shape[1], self._components)]
        return views[0] if len(views) == 1 else min(views, key=lambda view: self._evidence(view(x), view, amplitudes))

    def _evidence(self, x: Inputs, view: View, amplitudes: NDArray[np.float64]) -> float:
        """Negative logarithm of the likelihood of all ``amplitudes [n, k]`` with their best hyper-parameters."""
        squared = _groups(x, view).squared_distances(x, x)
        search = LikelihoodSearch(len(squared), self.seed)
        return sum(
            search(Likelihood(squared, standardised(y)), thorough=mode == 0)[1] for mode, y in enumerate(amplitudes.T)
        )

    def _amplitudes(self, x: Inputs) -> NDArray[np.float64]:
        seen = self._view(x)
        return np.column_stack([process.predict(seen) for process in self._processes])

    def _chosen(self) -> dict[str, Any]:
        images = ", one length scale for all components of images" * (self._view.components > _SINGLE_LENGTHS)
        kernel = {"kernel": f"constant * Matern(5/2, anisotropic{images}) + white noise"}
        return kernel | ({"image_components": self._view.components} if self._components else {})


def _groups(x: Inputs, view: View) -> Groups:
    """Groups of the columns ``x`` of a view that have one length scale."""
    return Groups.of(x, view.components if view.components > _SINGLE_LENGTHS else 0)

"""Proper orthogonal decomposition over runs, with a regression of each mode's amplitude: POD+RBF and POD+GPR.

Whole trajectories are the snapshots: the centred training runs ``[n, T·r]`` are written as ``U S Vᵀ`` and the
amplitudes ``U S`` are learned as functions of the condition. POD with radial basis functions: Walton, Hassan & Morgan
2013; with Gaussian processes: Guo & Hesthaven 2018.
"""

from __future__ import annotations

import itertools
import warnings
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from threadpoolctl import threadpool_limits

from simulgenvae.evaluation.references import Coefficients, Conditions, Reference

_ENERGY_LEFT_OUT = 1e-6
_JITTER = 1e-9  # keeps the largest allowed covariance matrix positive definite in double precision


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


class _PodRegression(Reference):
    def _learn(self, x: Conditions, flat: Coefficients) -> None:
        self._modes = RunModes(flat)
        if self._modes.amplitudes.shape[1]:
            self._fit_amplitudes(x, self._modes.amplitudes)

    def weights(self, x: Conditions) -> NDArray[np.float64]:
        count = self._modes.amplitudes.shape[1]
        amplitudes = self._amplitudes(x) if count else np.zeros((len(x), 0))
        return self._modes.weights(amplitudes)

    @abstractmethod
    def _fit_amplitudes(self, x: Conditions, amplitudes: NDArray[np.float64]) -> None: ...

    @abstractmethod
    def _amplitudes(self, x: Conditions) -> NDArray[np.float64]: ...


@dataclass(frozen=True)
class RbfChoice:
    """One kernel of `scipy.interpolate.RBFInterpolator` with its polynomial degree and its smoothing."""

    kernel: str
    degree: int
    epsilon: float
    smoothing: float

    def fit(self, x: Conditions, y: NDArray[np.float64]) -> Callable[[Conditions], NDArray[np.float64]]:
        """The interpolant of ``y [n, k]`` given at ``x [n, P]``; LinAlgError where the kernel matrix is singular."""
        options: dict[str, Any] = asdict(self)
        interpolant: Callable[[Conditions], NDArray[np.float64]] = RBFInterpolator(x, y, **options)
        return interpolant

    def possible(self, runs: int, parameters: int) -> bool:
        """Whether so many runs determine the polynomial part."""
        return runs >= comb(self.degree + parameters, parameters)


class PodRbf(_PodRegression):
    """POD + radial basis functions; kernel and smoothing have the least cross-validated error on the training runs.

    Cross-validation leaves out one run at a time, or 1/80 of the runs where there are more than 80.
    """

    name = "pod_rbf"
    choices = tuple(
        RbfChoice(kernel, degree, epsilon, smoothing)
        for (kernel, degree, epsilon), smoothing in itertools.product(
            [
                ("linear", 0, 1.0),
                ("thin_plate_spline", 1, 1.0),
                ("cubic", 1, 1.0),
                ("multiquadric", 0, 0.5),
                ("multiquadric", 0, 1.0),
                ("gaussian", 1, 0.25),
                ("gaussian", 1, 0.5),
            ],
            [0.0, 1e-6, 1e-3, 1e-1],
        )
    )
    folds = 80

    def _fit_amplitudes(self, x: Conditions, amplitudes: NDArray[np.float64]) -> None:
        with threadpool_limits(1):  # hundreds of small systems: starting threads costs more than solving
            errors = {choice: self._validation_error(choice, x, amplitudes) for choice in self.choices}
            self._choice = min(errors, key=lambda choice: errors[choice])
            self._interpolant = self._choice.fit(x, amplitudes)

    def _validation_error(self, choice: RbfChoice, x: Conditions, y: NDArray[np.float64]) -> float:
        fold_of = np.random.default_rng(0).permutation(len(x)) % min(self.folds, len(x))
        if not choice.possible(len(x) - int(np.bincount(fold_of).max()), x.shape[1]):
            return np.inf
        total = 0.0
        for fold in range(fold_of.max() + 1):
            out = fold_of == fold
            try:
                total += float(np.square(choice.fit(x[~out], y[~out])(x[out]) - y[out]).sum())
            except np.linalg.LinAlgError:  # equal conditions, or conditions on a line or plane
                return np.inf
        return total

    def _amplitudes(self, x: Conditions) -> NDArray[np.float64]:
        return self._interpolant(x)

    def describe(self) -> dict[str, Any]:
        modes = self._modes.amplitudes.shape[1]
        return {"modes": modes, **(asdict(self._choice) if modes else {})}


class LikelihoodSearch:
    """Maximises the likelihood of one mode's process after another; the optimiser that scikit-learn calls.

    The likelihood has many local maxima, and what random restarts over the whole of wide bounds find is far from the
    best. So each search starts at the kernel's own values and at the optimum of the mode before, whose length scales
    are similar; with ``thorough``, also at the best of ``candidates`` random points of a plausible range.
    """

    candidates = 20

    def __init__(self, parameters: int, seed: int) -> None:
        self.thorough = True
        self._previous: list[NDArray[np.float64]] = []
        # logarithms of amplitude, of the length scales in standard deviations of the conditions, and of the noise
        self._low = np.log([0.3, *[0.2] * parameters, 1e-6])
        self._high = np.log([10.0, *[20.0] * parameters, 0.3])
        self._random = np.random.default_rng(seed)

    def __call__(
        self, objective: Callable[..., Any], start: NDArray[np.float64], bounds: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], float]:
        """The best point found and the negative logarithm of its likelihood."""
        starts = [start, *self._previous]
        if self.thorough:
            points = self._random.uniform(self._low, self._high, (self.candidates, len(start)))
            starts.append(min(points, key=lambda point: float(objective(point, eval_gradient=False))))
        options: dict[str, Any] = {"method": "L-BFGS-B", "jac": True, "bounds": bounds}
        found = [minimize(objective, point, **options) for point in starts]
        best = min(found, key=lambda result: float(result.fun))
        self._previous = [best.x]
        return best.x, best.fun


class PodGpr(_PodRegression):
    """POD + one Gaussian process per mode: constant · anisotropic Matérn 5/2 + white noise, by marginal likelihood.

    The search is thorough for modes that carry more than a ten-thousandth of the energy. With more than
    ``likelihood_runs`` runs the hyper-parameters come from a seeded subset of that size, and the process from all runs.
    """

    name = "pod_gpr"
    likelihood_runs = 160
    seed = 0

    def _fit_amplitudes(self, x: Conditions, amplitudes: NDArray[np.float64]) -> None:
        energies = np.square(amplitudes).sum(axis=0)
        chosen = np.sort(np.random.default_rng(self.seed).permutation(len(x))[: self.likelihood_runs])
        search = LikelihoodSearch(x.shape[1], self.seed)
        self._processes = []
        with warnings.catch_warnings(), threadpool_limits(1):
            # A length scale at its upper bound means that a parameter does not matter, and no noise is normal too:
            # both are reported as lack of convergence.
            warnings.simplefilter("ignore", ConvergenceWarning)
            for y, energy in zip(amplitudes.T, energies, strict=True):
                search.thorough = bool(energy > 1e-4 * energies.sum())
                self._processes.append(_fit_process(x, y, chosen, search))

    def _amplitudes(self, x: Conditions) -> NDArray[np.float64]:
        return np.column_stack([process.predict(x) for process in self._processes])

    def describe(self) -> dict[str, Any]:
        return {"modes": self._modes.amplitudes.shape[1], "kernel": "constant * Matern(5/2, anisotropic) + white noise"}


def _fit_process(
    x: Conditions, y: NDArray[np.float64], chosen: NDArray[np.intp], search: LikelihoodSearch
) -> GaussianProcessRegressor:
    """Process of all runs ``x [n, P]``, ``y [n]``, with hyper-parameters from the ``chosen`` ones."""
    scales = Matern(np.full(x.shape[1], 2.0), (1e-1, 1e3), nu=2.5)
    kernel = ConstantKernel(1.0, (1e-3, 1e4)) * scales + WhiteKernel(1e-2, (1e-10, 1e1))
    process = GaussianProcessRegressor(kernel, alpha=_JITTER, normalize_y=True, optimizer=search)
    process.fit(x[chosen], y[chosen])
    if len(chosen) == len(x):
        return process
    return GaussianProcessRegressor(process.kernel_, alpha=_JITTER, optimizer=None, normalize_y=True).fit(x, y)

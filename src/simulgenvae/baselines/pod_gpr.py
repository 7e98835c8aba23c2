"""POD with Gaussian processes (Guo & Hesthaven 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from simulgenvae.baselines.base import BaselineSpec, Choices, Inputs
from simulgenvae.baselines.deviation_scale import DeviationScale
from simulgenvae.baselines.gp import Factor, GaussianProcess, standardised
from simulgenvae.baselines.gp_choice import (
    SEED,
    SINGLE_LENGTHS,
    GpChoice,
    leave_one_out_error,
    length_scale_groups,
)
from simulgenvae.baselines.gp_prior import related_hyperparameters
from simulgenvae.baselines.likelihood_search import Likelihood, LikelihoodSearch
from simulgenvae.baselines.pod_gpr_arrays import check_arrays
from simulgenvae.baselines.pod_regression import (
    FeatureSelection,
    PodRegression,
    RunModes,
    component_counts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulgenvae.baselines.kernels import Kernel, Values
    from simulgenvae.baselines.length_scale_groups import LengthScaleGroups

_NAMES: dict[Kernel, str] = {"matern52": "Matern 5/2", "squared_exponential": "squared exponential"}
_KERNELS = tuple(_NAMES)
_FACTOR_BYTES = 2**30
"""Memory for the Cholesky factors of all modes, which each prediction of a deviation needs."""
_NEGLIGIBLE = 1e-4
"""Fraction of the energy below which a mode is not worth a thorough search."""


class PodGpr(PodRegression):
    """POD and one Gaussian process per mode: constant · kernel + white noise.

    Hyper-parameters have the largest marginal likelihood. Every parameter has a length scale of its
    own (a category has one for all its columns), and so have up to eight image components, while
    more of them share one.

    How many components are used is decided by the leave-one-out error of the first
    ``choosing_modes`` modes and not by their likelihood, which is high long before the components
    say enough. (Of 288 images of plates it chose 8, with an error of 10 % on unseen ones, where 64
    reach 4.2 %.)

    The search is thorough for the first modes, as long as they carry more than a ten-thousandth of
    the energy. With more than ``likelihood_runs`` runs, the hyper-parameters come from a seeded
    subset of that size, as the cost of a likelihood grows with the cube of the runs; the processes
    learn from all runs. With more than ``inducing_runs`` runs they learn from all through that many
    inducing points, a seeded subset of the runs.

    Parameters
    ----------
    kernel
        Covariance function of all processes.
    hierarchical_prior
        Whether the length scales of the modes have a common prior (``gp_prior.py``).
    """

    likelihood_runs = 160
    left_out_runs = 400
    inducing_runs = 1000
    choosing_modes = 8
    thorough_modes = 64

    def __init__(self, kernel: Kernel = "matern52", *, hierarchical_prior: bool = False) -> None:
        self.kernel: Kernel = kernel
        self._hierarchical_prior = hierarchical_prior
        self.deviation_scale = DeviationScale()
        """Scale of posterior deviations; one that changes nothing until another is set."""

    def _fit_amplitudes(self, x: Inputs, amplitudes: NDArray[np.float64]) -> None:
        subset, inducing = self._rows(len(x))
        # Features are chosen on the leading modes, which matter most.
        self._selection = self._best_selection(x[subset], amplitudes[subset, : self.choosing_modes])
        selected = self._selection(x)
        self._x = selected[inducing]
        # Distances are computed once; all modes have the same, only in other length scales.
        squared = self._squared(self._x)
        among_subset = _among(squared, inducing, subset)
        likelihoods = [
            Likelihood(among_subset, standardised(y[subset]), self.kernel) for y in amplitudes.T
        ]
        if self._hierarchical_prior:
            thetas = related_hyperparameters(likelihoods, len(squared), self.choosing_modes, SEED)
        else:
            energies = np.square(amplitudes).sum(axis=0)
            thetas = self._one_by_one(likelihoods, len(squared), energies)
        self._factors: dict[int, Factor] = {}
        self._processes = []
        for y, theta in zip(amplitudes.T, thetas, strict=True):
            if len(self._x) == len(x):
                process = GaussianProcess.learn(squared, y, theta, self.kernel)
            else:
                process = GaussianProcess.learn_sparse(
                    self.groups, self._x, selected, y, theta, self.kernel
                )
            self._processes.append(process)

    def _rows(self, runs: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the training runs that give the hyper-parameters, and the inducing ones.

        The first are a part of the second, as both are the first ones of one order.
        """
        order = np.random.default_rng(SEED).permutation(runs)
        return np.sort(order[: self.likelihood_runs]), np.sort(order[: self.inducing_runs])

    def _one_by_one(
        self, likelihoods: Sequence[Likelihood], groups: int, energies: Values
    ) -> list[Values]:
        """Return the hyper-parameters of each mode by its own likelihood; ``energies`` are [k]."""
        search = LikelihoodSearch(groups, SEED)
        thetas = []
        for mode, likelihood in enumerate(likelihoods):
            matters = energies[mode] > _NEGLIGIBLE * energies.sum()
            thorough = bool(matters) and mode < self.thorough_modes
            thetas.append(search(likelihood, thorough=thorough)[0])
        return thetas

    def _best_selection(self, x: Inputs, amplitudes: NDArray[np.float64]) -> FeatureSelection:
        """Return the features with the least leave-one-out error."""
        selections = [
            FeatureSelection(self._widths, count, 1.0)
            for count in component_counts(x.shape[1], self._components)
        ]
        # No search is needed where there is nothing to choose, as for a table.
        if len(selections) == 1:
            return selections[0]

        def error(selection: FeatureSelection) -> float:
            return leave_one_out_error(x, GpChoice(selection, self.kernel), amplitudes)

        return min(selections, key=error)

    def _squared(self, selected: Inputs) -> Values:
        """Return squared distances ``[G, m, n]`` of selected features to the training runs."""
        return self.groups.squared_distances(selected, self._x)

    def covariance_factor(self, mode: int) -> Factor:
        """Return the factor of a mode's covariance; as many as memory may hold are kept."""
        if mode in self._factors:
            return self._factors[mode]
        factor = self._processes[mode].factor(self._squared(self._x))
        if (len(self._factors) + 1) * factor[0].nbytes <= _FACTOR_BYTES:
            self._factors[mode] = factor
        return factor

    @property
    def groups(self) -> LengthScaleGroups:
        """Groups of columns of the selected features that have one length scale each."""
        return length_scale_groups(self._x, self._selection)

    @property
    def trajectory(self) -> tuple[int, ...]:
        """Timesteps and coefficients of the runs, (T, r)."""
        return self._coefficients.shape[1:]

    def _amplitudes(self, x: Inputs) -> NDArray[np.float64]:
        squared = self._squared(self._selection(x))
        return np.column_stack([process.predict(squared) for process in self._processes])

    def posterior(self, x: Inputs) -> tuple[Values, Values]:
        """Return mean and standard deviation of the amplitudes of designs, ``[m, k]`` each.

        ``x`` are their features, ``[m, P + C]``.
        """
        squared = self._squared(self._selection(x))
        mean = [process.predict(squared) for process in self._processes]
        deviations = [
            process.deviation(self.covariance_factor(mode), squared)
            for mode, process in enumerate(self._processes)
        ]
        return np.column_stack(mean), self._scaled(deviations)

    @property
    def training_amplitudes(self) -> Values:
        """Amplitudes of the training runs, ``[n, k]``."""
        return self._modes.amplitudes

    def relative_posterior_std(self, x: Inputs) -> Values:
        """Return how far designs are from the training runs as the processes see it, ``[m]``.

        It is the posterior standard deviation over the prior one, from 0 to 1, averaged (as
        variances) over the leading modes by their energy. Distances therefore count along the
        parameters that matter, in units of their length scales.
        """
        squared = self._squared(self._selection(x))
        return self._averaged(
            [
                process.relative_posterior_variance(self.covariance_factor(mode), squared)
                for mode, process in enumerate(self._leading())
            ]
        )

    @property
    def leaves_out_each(self) -> bool:
        """True where :meth:`leave_one_out` predicts every training run from all others."""
        return len(self._coefficients) <= self.left_out_runs

    def leave_one_out(self) -> tuple[NDArray[np.intp], Values, Values]:
        """Return rows ``[s]`` of training runs with errors and deviations of their amplitudes.

        Each of them is predicted from the others of them; both are ``[s, k]``. They are all
        training runs, or those that gave the hyper-parameters where there are more than
        ``left_out_runs``.
        """
        subset, inducing = self._rows(len(self._coefficients))
        squared = _among(self._squared(self._x), inducing, subset)
        errors = []
        deviations = []
        parts = zip(self.training_amplitudes.T, self._processes, strict=True)
        for mode, (y, process) in enumerate(parts):
            if self.leaves_out_each:
                factor = self.covariance_factor(mode)
            else:
                process = GaussianProcess.learn(squared, y[subset], process.theta, self.kernel)
                factor = process.factor(squared)
            error, relative = process.leave_one_out(factor)
            errors.append(error)
            deviations.append(process.noisy_deviation(relative))
        rows = np.arange(len(self._coefficients)) if self.leaves_out_each else subset
        return rows, np.column_stack(errors), self._scaled(deviations)

    def _scaled(self, deviations: Sequence[Values]) -> Values:
        """Return deviations ``[m, k]`` as large as errors are, from those of each mode."""
        together = np.column_stack(deviations)
        return together * self.deviation_scale.factors(together)[:, None]

    def leave_one_out_relative_std(self) -> Values:
        """Return :meth:`relative_posterior_std` of each training run given all others, ``[n]``.

        Of many runs, it is that of each inducing point given all others.
        """
        leading = enumerate(self._leading())
        return self._averaged(
            [process.leave_one_out(self.covariance_factor(mode))[1] for mode, process in leading]
        )

    def _leading(self) -> list[GaussianProcess]:
        return self._processes[: self.choosing_modes]

    def _averaged(self, variances: Sequence[Values]) -> Values:
        """Return the root of the mean over the leading modes, weighted by their energy."""
        # Squared singular values are the energies: a large deviation of a small mode hardly moves
        # the field.
        energies = np.square(self._modes.singular[: self.choosing_modes])
        return np.sqrt(np.average(np.stack(variances), axis=0, weights=energies))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that :meth:`restore` needs."""
        selection = self._selection
        view = [selection.parameters, selection.components, _KERNELS.index(self.kernel)]
        arrays: dict[str, NDArray[Any]] = {
            "coefficients": self._coefficients,
            "left": self._modes.left,
            "singular": self._modes.singular,
            "x": self._x,
            "view": np.array(view),
        }
        for name in ("theta", "alpha", "mean", "scale"):
            arrays[name] = np.array([getattr(process, name) for process in self._processes])
        arrays["deviation_scale"] = self.deviation_scale.array()
        return arrays

    @classmethod
    def restore(
        cls, arrays: dict[str, NDArray[Any]], widths: Sequence[int], components: int
    ) -> Self:
        """Restore what :meth:`arrays` gave.

        Parameters
        ----------
        arrays
            Arrays of a model file.
        widths, components
            Number of columns of each parameter, and of image components, that designs have.

        Raises
        ------
        LookupError, TypeError, ValueError
            When the arrays do not belong together, or not to such designs.
        """
        # Each step may raise for a damaged file; the caller makes one message of it.
        read, seen, kernel = map(int, arrays["view"])
        modes = RunModes(arrays["left"], arrays["singular"])
        check_arrays(arrays, read, widths, (seen, components))
        restored = cls(_KERNELS[kernel])
        restored._coefficients = arrays["coefficients"]
        restored._modes = modes
        restored._x = arrays["x"]
        restored._selection = FeatureSelection(tuple(widths), seen, 1.0)
        restored._components = components
        restored._factors = {}
        restored._processes = []
        columns = (arrays[name] for name in ("theta", "alpha", "mean", "scale"))
        for theta, alpha, mean, scale in zip(*columns, strict=True):
            process = GaussianProcess(_KERNELS[kernel], theta, alpha, float(mean), float(scale))
            restored._processes.append(process)
        # Files of earlier versions have none.
        scale = arrays.get("deviation_scale")
        restored.deviation_scale = (
            DeviationScale() if scale is None else DeviationScale.restore(scale)
        )
        return restored

    def _chosen(self) -> Choices:
        selection = self._selection
        shared = selection.components > SINGLE_LENGTHS
        images = ", one length scale for all components of images" if shared else ""
        chosen: Choices = {
            "kernel": f"constant * {_NAMES[self.kernel]} (anisotropic{images}) + white noise"
        }
        return chosen | ({"image_components": selection.components} if self._components else {})


def _among(squared: Values, rows: NDArray[np.intp], some: NDArray[np.intp]) -> Values:
    """Return the entries ``[G, s, s]`` that belong to ``some`` of the sorted ``rows`` ``[n]``."""
    places = np.searchsorted(rows, some)
    return squared[:, places[:, None], places]


POD_GPR = BaselineSpec(
    name="pod_gpr",
    baseline=PodGpr,
    title="POD + GPR",
    color="#009E73",
    description="POD of whole runs, with one Gaussian process for the amplitude of each mode.",
    title_for_images="PCA of images + POD + GPR",
    title_for_both="PCA of images, parameters + POD + GPR",
)

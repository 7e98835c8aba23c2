"""POD with Gaussian processes (Guo & Hesthaven 2018)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from simulgenvae.baselines.base import BaselineSpec, Coefficients, Inputs
from simulgenvae.baselines.gp import (
    Groups,
    Likelihood,
    LikelihoodSearch,
    Process,
    bounds,
    standardised,
)
from simulgenvae.baselines.gp_prior import related
from simulgenvae.baselines.kernels import Kernel, Values
from simulgenvae.baselines.pod_regression import PodRegression, RunModes, View, component_counts

_SINGLE_LENGTHS = 8
"""So many components may each have a length scale of their own."""
_NAMES: dict[Kernel, str] = {"matern52": "Matern 5/2", "squared_exponential": "squared exponential"}
_KERNELS = tuple(_NAMES)


class Choice(NamedTuple):
    """What is decided before the modes are learned."""

    view: View
    kernel: Kernel


class PodGpr(PodRegression):
    """POD + one Gaussian process per mode: constant · kernel + white noise, by marginal likelihood.

    Every parameter has a length scale of its own, and so have up to eight components of pictures,
    while more of them share one. How many are read, and which of the ``kernels`` is used, has the
    least leave-one-out error of the first ``choosing_modes`` modes: their likelihood is high long
    before the components say enough (of 288 pictures of plates it chose 8, with an error of 10 % on
    unseen ones, where 64 reach 4.2 %). The search is thorough for the first modes, as long as they
    carry more than a ten-thousandth of the energy. With more than ``likelihood_runs`` runs the
    hyper-parameters come from a seeded subset of that size, and the process from all runs.
    """

    likelihood_runs = 160
    choosing_modes = 8
    thorough_modes = 64
    seed = 0

    def __init__(self, kernels: Sequence[Kernel] = ("matern52",), *, related: bool = False) -> None:
        """``related``: length scales of one mode say something about those of the others
        (``related_modes.py``)."""
        self._kernels, self._related = kernels, related

    def _fit_amplitudes(self, x: Inputs, amplitudes: NDArray[np.float64]) -> None:
        chosen = np.sort(
            np.random.default_rng(self.seed).permutation(len(x))[: self.likelihood_runs]
        )
        self._choice = self._best_choice(x[chosen], amplitudes[chosen, : self.choosing_modes])
        self._x = self._choice.view(x)
        squared, kernel = self._squared(self._x), self._choice.kernel
        known = squared[:, chosen[:, None], chosen]
        likelihoods = [Likelihood(known, standardised(y[chosen]), kernel) for y in amplitudes.T]
        if self._related:
            thetas = related(likelihoods, len(squared), self.choosing_modes, self.seed)
        else:
            thetas = self._one_by_one(likelihoods, len(squared), np.square(amplitudes).sum(axis=0))
        learned = zip(amplitudes.T, thetas, strict=True)
        self._processes = [Process.learn(squared, y, theta, kernel) for y, theta in learned]

    def _one_by_one(
        self, likelihoods: Sequence[Likelihood], groups: int, energies: Values
    ) -> list[Values]:
        """Hyper-parameters of each mode, of so many ``energies``, by its own likelihood."""
        search = LikelihoodSearch(groups, self.seed)
        thorough = (energies > 1e-4 * energies.sum()) & (
            np.arange(len(energies)) < self.thorough_modes
        )
        return [
            search(each, thorough=bool(wide))[0]
            for each, wide in zip(likelihoods, thorough, strict=True)
        ]

    def _best_choice(self, x: Inputs, amplitudes: NDArray[np.float64]) -> Choice:
        parameters = x.shape[1] - self._components
        views = [
            View(parameters, count, 1.0) for count in component_counts(x.shape[1], self._components)
        ]
        choices = [Choice(view, kernel) for view in views for kernel in self._kernels]
        return (
            choices[0]
            if len(choices) == 1
            else min(choices, key=lambda each: leave_one_out_error(x, each, amplitudes))
        )

    def _squared(self, seen: Inputs) -> Values:
        """Squared distances ``[G, m, n]`` of designs to the known ones, in the columns of the
        view."""
        return self.groups.squared_distances(seen, self._x)

    @property
    def groups(self) -> Groups:
        """Which columns of designs, as the processes see them, have one length scale."""
        return _groups(self._x, self._choice.view)

    @property
    def kernel(self) -> Kernel:
        """The covariance function of all processes."""
        return self._choice.kernel

    def _amplitudes(self, x: Inputs) -> NDArray[np.float64]:
        squared = self._squared(self._choice.view(x))
        return np.column_stack([process.predict(squared) for process in self._processes])

    def samples(self, x: Inputs, noise: Values) -> Coefficients:
        """Draws from the posterior, ``[s, m, T, r]``, with standard normal ``noise`` ``[s,
        modes]``."""
        squared, known = self._squared(self._choice.view(x)), self._squared(self._x)
        mean = self._amplitudes(x)
        deviation = np.column_stack(
            [process.deviation(known, squared) for process in self._processes]
        )
        drawn = [self._modes.weights(mean + deviation * each).astype(np.float32) for each in noise]
        flat = self._coefficients.reshape(len(self._coefficients), -1)
        return np.stack([weights @ flat for weights in drawn]).reshape(
            len(noise), len(x), *self.trajectory
        )

    def relative_posterior_std(self, x: Inputs) -> Values:
        """How far designs ``[m, P + C]`` are from the known ones as the processes see it, ``[m]``
        from 0 to 1.

        Root of the share of the prior variance that is left, averaged over the leading modes by
        their energy: distances count along the parameters that matter, in units of their length
        scales.
        """
        squared, known = self._squared(self._choice.view(x)), self._squared(self._x)
        return self._over_modes(
            process.relative_posterior_variance(known, squared) for process in self._leading()
        )

    def leave_one_out_relative_std(self) -> Values:
        """Return :meth:`relative_posterior_std` of each training run given all others, ``[n]``."""
        known = self._squared(self._x)
        return self._over_modes(process.leave_one_out(known)[1] for process in self._leading())

    def _leading(self) -> list[Process]:
        return self._processes[: self.choosing_modes]

    def _over_modes(self, shares: Iterable[Values]) -> Values:
        weights = np.square(self._modes.singular[: self.choosing_modes])
        return np.sqrt(np.average(np.stack(list(shares)), axis=0, weights=weights))

    @property
    def trajectory(self) -> tuple[int, ...]:
        """Timesteps and coefficients of the runs, (T, r)."""
        return self._coefficients.shape[1:]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What :meth:`restore` needs."""
        view, kernel = self._choice
        names = ("theta", "alpha", "mean", "scale")
        return {
            "coefficients": self._coefficients,
            "left": self._modes.left,
            "singular": self._modes.singular,
            "x": self._x,
            "view": np.array([view.parameters, view.components, _KERNELS.index(kernel)]),
            **{
                name: np.array([getattr(process, name) for process in self._processes])
                for name in names
            },
        }

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]], parameters: int, components: int) -> Self:
        """From :meth:`arrays`, to read designs of so many parameters and components of pictures.

        LookupError, TypeError or ValueError where they do not belong together.
        """
        found = cls()
        coefficients, modes = arrays["coefficients"], RunModes(arrays["left"], arrays["singular"])
        read, seen, kernel = map(int, arrays["view"])
        runs, count = modes.left.shape
        if read != parameters or not 0 <= seen <= components or not count:
            raise ValueError(
                f"{count} modes of {read} parameters and {seen} components, not {parameters}, "
                f"{components}"
            )
        columns = parameters + seen
        groups = 1 + parameters if seen > _SINGLE_LENGTHS else columns
        shapes = {
            "coefficients": (runs, *coefficients.shape[1:3]),
            "left": (runs, count),
            "singular": (count,),
            "x": (runs, columns),
            "theta": (count, groups + 2),
            "alpha": (count, runs),
            "mean": (count,),
            "scale": (count,),
        }
        for name, shape in shapes.items():
            if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
                raise ValueError(
                    f"{name} of the Gaussian processes is not a finite array of shape {shape}"
                )
        low, high = bounds(groups).T
        if not (
            (modes.singular > 0).all()
            and (low <= arrays["theta"]).all()
            and (arrays["theta"] <= high).all()
        ):
            raise ValueError(
                "singular values or hyper-parameters of the Gaussian processes are out of bounds"
            )
        found._coefficients, found._modes, found._x = coefficients, modes, arrays["x"]
        found._choice, found._components = (
            Choice(View(parameters, seen, 1.0), _KERNELS[kernel]),
            components,
        )
        entries = zip(*(arrays[name] for name in ("theta", "alpha", "mean", "scale")), strict=True)
        found._processes = [
            Process(_KERNELS[kernel], theta, alpha, float(mean), float(scale))
            for theta, alpha, mean, scale in entries
        ]
        return found

    def _chosen(self) -> dict[str, Any]:
        view, kernel = self._choice
        images = ", one length scale for all components of images" * (
            view.components > _SINGLE_LENGTHS
        )
        chosen = {"kernel": f"constant * {_NAMES[kernel]} (anisotropic{images}) + white noise"}
        return chosen | ({"image_components": view.components} if self._components else {})


def evidence(x: Inputs, choice: Choice, amplitudes: NDArray[np.float64]) -> float:
    """Negative logarithm of the likelihood of all ``amplitudes [n, k]`` with their best
    hyper-parameters."""
    return sum(found[2] for found in _searched(x, choice, amplitudes))


def leave_one_out_error(x: Inputs, choice: Choice, amplitudes: NDArray[np.float64]) -> float:
    """Sum of squared errors of ``amplitudes [n, k]``, those of each run predicted from the others.

    The hyper-parameters have the largest likelihood of all runs.
    """
    searched = zip(_searched(x, choice, amplitudes), amplitudes.T, strict=True)
    processes = (
        (squared, Process.learn(squared, y, theta, choice.kernel))
        for (squared, theta, _), y in searched
    )
    return sum(
        float(np.square(process.leave_one_out(squared)[0]).sum()) for squared, process in processes
    )


def _searched(
    x: Inputs, choice: Choice, amplitudes: NDArray[np.float64]
) -> Iterator[tuple[Values, Values, float]]:
    """Squared distances, best hyper-parameters and what they make of the likelihood, mode by
    mode."""
    seen = choice.view(x)
    squared = _groups(seen, choice.view).squared_distances(seen, seen)
    search = LikelihoodSearch(len(squared), PodGpr.seed)
    for mode, y in enumerate(amplitudes.T):
        yield (
            squared,
            *search(Likelihood(squared, standardised(y), choice.kernel), thorough=mode == 0),
        )


def _groups(x: Inputs, view: View) -> Groups:
    """Groups of the columns ``x`` of a view that have one length scale."""
    return Groups.of(x, view.components if view.components > _SINGLE_LENGTHS else 0)


POD_GPR = BaselineSpec(
    name="pod_gpr",
    baseline=PodGpr,
    title="POD + GPR",
    color="#009E73",
    description="POD of whole runs, with one Gaussian process for the amplitude of each mode.",
    title_for_images="PCA of images + POD + GPR",
    title_for_both="PCA of images, parameters + POD + GPR",
)

"""Gaussian processes of the POD coefficients, as a part of the surrogate: any time, and files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from simulgenvae.baselines.deviation_scale import DeviationScale
from simulgenvae.baselines.image_features import Features, ImageComponents
from simulgenvae.baselines.pod_gpr import PodGpr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulgenvae.baselines.kernels import Kernel
    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.conditions import Conditions

    Weights = NDArray[np.float64]

_FEWEST_RUNS = 4
_KERNELS: tuple[Kernel, ...] = ("matern52", "squared_exponential")
_SAME_FOR_ALL = ("coefficients", "left", "singular")
"""Arrays of processes that do not depend on the kernel: a file has them once."""


@dataclass(frozen=True, eq=False)
class PodGaussianProcesses:
    """Whole trajectories of coefficients as linear combinations of the training runs.

    The prediction is a weighted mean of those with one kernel or two: where the leave-one-out
    errors do not clearly favour one, the mean is more accurate than either. (On 52 static runs of
    eight parameters the two alone reach 2.7 and 2.8 %, the mean 2.6 %; three splits.)

    Attributes
    ----------
    features
        Numbers that the processes read of a design: scaled parameters and image components.
    by_kernel
        The fitted processes, one for each mode of the trajectories: those of each kernel, the one
        with the largest weight first.
    weights
        Weight of each kernel; their sum is 1.
    times
        Training times, ``[T]``.
    training_relative_std
        Relative posterior standard deviation of each training run when all others are given (leave
        one out), sorted, ``[n]``. Its largest value is the unit of novelty.
    """

    features: Features
    by_kernel: tuple[PodGpr, ...]
    weights: tuple[float, ...]
    times: NDArray[np.float64]
    training_relative_std: NDArray[np.float64]

    @classmethod
    def fit(
        cls,
        conditions: Conditions,
        scaler: ConditionScaler,
        coefficients: NDArray[np.float32],
        times: NDArray[np.float64],
        sizes: NDArray[np.floating] | None = None,
    ) -> Self | None:
        """Fit to the training runs; None where these are too few or all the same.

        Unlike those of the baseline POD+GPR, length scales of different modes are related, and the
        processes with Matérn's kernel of order 5/2 are mixed with those of the squared exponential,
        with the weights that have the least squared relative leave-one-out error (stacking,
        Breiman 1996, "Stacked regressions").

        Parameters
        ----------
        conditions
            Conditions of the n training runs.
        scaler
            Scaling of the conditions.
        coefficients
            Coefficients of the training runs, ``[n, T, r]``.
        times
            Training times, ``[T]``.
        sizes
            Norms of the training runs, ``[n]``, to which the errors that choose the weights of the
            kernels are relative; all alike when not given.
        """
        if len(conditions) < _FEWEST_RUNS:
            return None
        features = Features.fit(conditions, scaler)
        seen = features.transform(conditions)
        fitted = []
        for kernel in _KERNELS:
            pod_gpr = PodGpr(kernel, hierarchical_prior=True)
            pod_gpr.fit(seen, coefficients, features.components, features.widths)
            # Runs that are all the same have no modes, and so no processes.
            if not pod_gpr.modes:
                return None
            fitted.append(pod_gpr)
        errors = []
        for pod_gpr in fitted:
            rows, absolute, deviations = pod_gpr.leave_one_out()
            # Deviations from fewer runs are larger, and their scale would be another one.
            if pod_gpr.leaves_out_each:
                reach = scaler.left_out_reach(conditions)
                pod_gpr.deviation_scale = DeviationScale.fit(absolute, deviations, reach)
            errors.append(absolute if sizes is None else absolute / sizes[rows, None])
        weights = _weights(*errors)
        order = [int(number) for number in np.argsort(weights)[::-1] if weights[number] > 0]
        by_kernel = tuple(fitted[number] for number in order)
        relative_std = np.sort(by_kernel[0].leave_one_out_relative_std())
        return cls(
            features, by_kernel, tuple(weights[number] for number in order), times, relative_std
        )

    @property
    def leading(self) -> PodGpr:
        """Processes of the kernel with the largest weight."""
        return self.by_kernel[0]

    def predict(self, conditions: Conditions, times: NDArray[np.float64]) -> NDArray[np.float32]:
        """Predict coefficients ``[m, t, r]``, linearly interpolated between the training times."""
        seen = self.features.transform(conditions)
        # All combine the same training runs: one product with these is enough.
        parts = zip(self.weights, self.by_kernel, strict=True)
        of_runs = np.sum([weight * pod_gpr.weights(seen) for weight, pod_gpr in parts], axis=0)
        return self._at(times, self.leading.combination(of_runs))

    def samples(
        self, conditions: Conditions, times: NDArray[np.float64], count: int, seed: int
    ) -> NDArray[np.float32]:
        """Draw samples from the posterior, ``[count, m, t, r]``.

        Each kernel has a part of them that is nearest to its weight, one after the other. The noise
        is the same for all designs, so that a design's samples do not depend on the other designs
        of the call.
        """
        seen = self.features.transform(conditions)
        posteriors = [pod_gpr.posterior(seen) for pod_gpr in self.by_kernel]
        draws = self._draws(posteriors, count, seed)
        # One product for all designs and draws.
        drawn = self.leading.combination(draws.reshape(-1, draws.shape[-1]))
        return self._at(times, drawn.reshape(*draws.shape[:2], *drawn.shape[1:]))

    def left_out(self) -> Weights:
        """Predict each training run from all others, as weights of the training runs, ``[n, n]``.

        Only where the processes leave out each (:attr:`PodGpr.leaves_out_each`).
        """
        parts = zip(self.weights, self._left_out_posteriors(), strict=True)
        mean = np.sum([weight * middle for weight, (middle, _) in parts], axis=0)
        return self.leading.run_weights(mean)

    def left_out_samples(self, count: int, seed: int) -> Weights:
        """Draw samples of what :meth:`left_out` predicts, ``[count, n, n]``."""
        return self._draws(self._left_out_posteriors(), count, seed)

    def _left_out_posteriors(self) -> list[tuple[Weights, Weights]]:
        """Return mean and deviation of the left-out amplitudes by each kernel, ``[n, k]``."""
        posteriors = []
        for pod_gpr in self.by_kernel:
            _, errors, deviations = pod_gpr.leave_one_out()
            posteriors.append((pod_gpr.training_amplitudes - errors, deviations))
        return posteriors

    def _draws(
        self, posteriors: Sequence[tuple[Weights, Weights]], count: int, seed: int
    ) -> Weights:
        """Draw weights of the training runs, ``[count, m, n]``, of one kernel after the other.

        ``posteriors`` are mean and deviation of the amplitudes by each kernel, ``[m, k]``.
        """
        # One number for each mode: a sample moves the whole trajectory at once.
        noise = np.random.default_rng(seed).standard_normal((count, self.leading.modes))
        last = np.rint(np.cumsum(self.weights) * count).astype(int)
        drawn = []
        for (mean, deviation), some in zip(posteriors, np.split(noise, last[:-1]), strict=True):
            drawn.append(mean + deviation * some[:, None])
        amplitudes = np.concatenate(drawn)
        # A draw of amplitudes becomes weights of the training runs, as a mean does.
        weights = self.leading.run_weights(amplitudes.reshape(-1, amplitudes.shape[-1]))
        return weights.reshape(*amplitudes.shape[:2], -1)

    def _at(
        self, times: NDArray[np.float64], trajectories: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Interpolate trajectories ``[..., T, r]`` to other times, ``[..., t, r]``."""
        if np.array_equal(times, self.times):
            return trajectories
        if len(self.times) == 1:
            return np.repeat(trajectories, len(times), axis=-2)
        # The training time after each time; the first and the last interval hold the ends.
        after = np.clip(np.searchsorted(self.times, times), 1, len(self.times) - 1)
        weight = (times - self.times[after - 1]) / (self.times[after] - self.times[after - 1])
        before = trajectories[..., after - 1, :]
        between: NDArray[np.float32] = before + weight[:, None].astype(np.float32) * (
            trajectories[..., after, :] - before
        )
        return between

    def novelty(self, conditions: Conditions) -> NDArray[np.float64]:
        """Return how far designs are from the training runs, ``[m]``.

        It is the relative posterior standard deviation of a design over the largest one of a
        training run that is left out: 1 is as far as the loneliest training run is from the others.
        """
        relative: NDArray[np.float64] = self.leading.relative_posterior_std(
            self.features.transform(conditions)
        )
        # Where every training run is repeated by another one, leaving it out changes nothing.
        return relative / max(float(self.training_relative_std[-1]), 1e-9)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what :meth:`restore` needs besides the scaler and the times."""
        # These names belong to the file format, which is older than the names in the code.
        arrays = {f"processes.{name}": array for name, array in self.leading.arrays().items()}
        for pod_gpr in self.by_kernel[1:]:
            for name, array in pod_gpr.arrays().items():
                if name not in _SAME_FOR_ALL:
                    arrays[f"second.{name}"] = array
        if len(self.weights) > 1:
            arrays["weights"] = np.array(self.weights)
        arrays["known"] = self.training_relative_std
        if self.features.images is not None:
            for name, array in vars(self.features.images).items():
                arrays[f"images.{name}"] = array
        return arrays

    @classmethod
    def restore(
        cls, arrays: dict[str, NDArray[Any]], scaler: ConditionScaler, times: NDArray[np.float64]
    ) -> Self:
        """Return Gaussian processes that were read from a model file.

        It is the inverse of :meth:`arrays`.

        Raises
        ------
        LookupError, TypeError, ValueError
            When the arrays do not belong together.
        """
        # Names are "group.key"; the relative deviations are called "known".
        groups: dict[str, dict[str, NDArray[Any]]] = {"processes": {}, "second": {}, "images": {}}
        for name, array in arrays.items():
            group, _, key = name.partition(".")
            if key:
                groups[group][key] = array
        images = None
        if scaler.images is not None:
            images = ImageComponents.restore(**groups["images"])
            expected = scaler.images.size**2 * scaler.images.channels
            if images.pixels.shape[1] != expected:
                raise ValueError(
                    f"the training images have {images.pixels.shape[1]} values, not {expected}"
                )
        features = Features(scaler, images)
        first = groups["processes"]
        by_kernel = [PodGpr.restore(first, scaler.widths, features.components)]
        weights = np.ones(1)
        if groups["second"]:
            second = groups["second"] | {name: first[name] for name in _SAME_FOR_ALL}
            by_kernel.append(PodGpr.restore(second, scaler.widths, features.components))
            weights = arrays["weights"]
            if weights.shape != (2,) or not (weights >= 0).all() or abs(weights.sum() - 1) > 1e-6:
                raise ValueError(f"the weights of two kernels are {weights}")
        relative_std = arrays["known"]
        runs = len(groups["processes"]["x"])
        if relative_std.shape != (runs,) or not np.isfinite(relative_std).all():
            raise ValueError(
                "the relative posterior standard deviation of the training runs is not a finite "
                f"array of shape {(runs,)} but of {relative_std.shape}"
            )
        return cls(features, tuple(by_kernel), tuple(map(float, weights)), times, relative_std)


def _weights(first: NDArray[np.float64], second: NDArray[np.float64]) -> tuple[float, float]:
    """Return the weights of two predictions whose mean has the least squared error.

    ``first`` and ``second`` are their errors, of the same shape.
    """
    apart = first - second
    square = float(np.square(apart).sum())
    weight = float(np.clip(np.vdot(first, apart) / square, 0.0, 1.0)) if square > 0 else 0.0
    return 1.0 - weight, weight

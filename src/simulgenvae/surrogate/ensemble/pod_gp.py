"""Gaussian processes of the POD coefficients, as a part of the surrogate: any time, and files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from simulgenvae.baselines.image_features import Features, ImageComponents
from simulgenvae.baselines.pod_gpr import PodGpr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.conditions import Conditions

_FEWEST_RUNS = 4


@dataclass(frozen=True, eq=False)
class PodGaussianProcesses:
    """Whole trajectories of coefficients as linear combinations of the training runs.

    Attributes
    ----------
    features
        Numbers that the processes read of a design: scaled parameters and image components.
    pod_gpr
        The fitted processes, one for each mode of the trajectories.
    times
        Training times, ``[T]``.
    training_relative_std
        Relative posterior standard deviation of each training run when all others are given (leave
        one out), sorted, ``[n]``. Its largest value is the unit of novelty.
    """

    features: Features
    pod_gpr: PodGpr
    times: NDArray[np.float64]
    training_relative_std: NDArray[np.float64]

    @classmethod
    def fit(
        cls,
        conditions: Conditions,
        scaler: ConditionScaler,
        coefficients: NDArray[np.float32],
        times: NDArray[np.float64],
    ) -> Self | None:
        """Fit to the training runs; None where these are too few or all the same.

        Unlike the baseline POD+GPR, length scales of different modes are related, and the squared
        exponential kernel may be chosen instead of Matérn 5/2, by the leave-one-out error.

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
        """
        if len(conditions) < _FEWEST_RUNS:
            return None
        features = Features.fit(conditions, scaler)
        pod_gpr = PodGpr(kernels=("matern52", "squared_exponential"), hierarchical_prior=True)
        pod_gpr.fit(
            features.transform(conditions), coefficients, features.components, features.widths
        )
        # Runs that are all the same have no modes, and so no processes.
        if not pod_gpr.modes:
            return None
        return cls(features, pod_gpr, times, np.sort(pod_gpr.leave_one_out_relative_std()))

    def predict(self, conditions: Conditions, times: NDArray[np.float64]) -> NDArray[np.float32]:
        """Predict coefficients ``[m, t, r]``, linearly interpolated between the training times."""
        return self._at(times, self.pod_gpr.predict(self.features.transform(conditions)))

    def samples(
        self, conditions: Conditions, times: NDArray[np.float64], count: int, seed: int
    ) -> NDArray[np.float32]:
        """Draw samples from the posterior, ``[count, m, t, r]``.

        The noise is the same for all designs, so that a design's samples do not depend on the other
        designs of the call.
        """
        # One number for each mode: a sample moves the whole trajectory at once.
        noise = np.random.default_rng(seed).standard_normal((count, self.pod_gpr.modes))
        return self._at(times, self.pod_gpr.samples(self.features.transform(conditions), noise))

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
        relative: NDArray[np.float64] = self.pod_gpr.relative_posterior_std(
            self.features.transform(conditions)
        )
        # Where every training run is repeated by another one, leaving it out changes nothing.
        return relative / max(float(self.training_relative_std[-1]), 1e-9)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what :meth:`restore` needs besides the scaler and the times."""
        # These names belong to the file format, which is older than the names in the code.
        arrays = {f"processes.{name}": array for name, array in self.pod_gpr.arrays().items()}
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
        groups: dict[str, dict[str, NDArray[Any]]] = {"processes": {}, "images": {}}
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
        pod_gpr = PodGpr.restore(groups["processes"], scaler.widths, features.components)
        relative_std = arrays["known"]
        runs = len(groups["processes"]["x"])
        if relative_std.shape != (runs,) or not np.isfinite(relative_std).all():
            raise ValueError(
                "the relative posterior standard deviation of the training runs is not a finite "
                f"array of shape {(runs,)} but of {relative_std.shape}"
            )
        return cls(features, pod_gpr, times, relative_std)

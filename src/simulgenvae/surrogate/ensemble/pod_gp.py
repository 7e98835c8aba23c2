"""POD with Gaussian processes as a part of the surrogate: saved, restored, and read at any time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from simulgenvae.baselines.image_features import Features, ImageComponents
from simulgenvae.baselines.pod_gpr import PodGpr
from simulgenvae.data.conditions import Conditions, ConditionScaler

_FEWEST_RUNS = 4


@dataclass(frozen=True, eq=False)
class PodGaussianProcesses:
    """Whole trajectories of coefficients as a linear combination of the training runs, and a
    measure of novelty."""

    features: Features
    processes: PodGpr
    times: NDArray[np.float64]
    known: NDArray[np.float64]
    """Leave-one-out ignorance of the training runs, sorted, ``[n]``."""

    @classmethod
    def fit(
        cls,
        conditions: Conditions,
        scaler: ConditionScaler,
        coefficients: NDArray[np.float32],
        times: NDArray[np.float64],
    ) -> Self | None:
        """From the training runs ``[n, T, r]``; None where they are too few or all the same.

        Unlike the reference, the modes' length scales are related, and beside Matérn 5/2 the
        squared exponential kernel may be chosen, by the leave-one-out error.
        """
        if len(conditions) < _FEWEST_RUNS:
            return None
        features = Features.fit(conditions, scaler)
        processes = PodGpr(kernels=("matern52", "squared_exponential"), related=True)
        processes.fit(features.transform(conditions), coefficients, features.components)
        if not processes.modes:
            return None
        return cls(features, processes, times, np.sort(processes.leave_one_out_ignorance()))

    def predict(self, conditions: Conditions, times: NDArray[np.float64]) -> NDArray[np.float32]:
        """Coefficients ``[m, t, r]``; between the training times they are interpolated linearly."""
        return self._at(times, self.processes.predict(self.features.transform(conditions)))

    def samples(
        self, conditions: Conditions, times: NDArray[np.float64], count: int, seed: int
    ) -> NDArray[np.float32]:
        """Draws from the posterior, ``[count, m, t, r]``; a design's do not depend on the others of
        the call."""
        noise = np.random.default_rng(seed).standard_normal((count, self.processes.modes))
        return self._at(times, self.processes.samples(self.features.transform(conditions), noise))

    def _at(self, times: NDArray[np.float64], found: NDArray[np.float32]) -> NDArray[np.float32]:
        """Trajectories ``[..., T, r]`` at other times, ``[..., t, r]``."""
        if np.array_equal(times, self.times):
            return found
        if len(self.times) == 1:
            return np.repeat(found, len(times), axis=-2)
        after = np.clip(np.searchsorted(self.times, times), 1, len(self.times) - 1)
        weight = (times - self.times[after - 1]) / (self.times[after] - self.times[after - 1])
        before = found[..., after - 1, :]
        between: NDArray[np.float32] = before + weight[:, None].astype(np.float32) * (
            found[..., after, :] - before
        )
        return between

    def novelty(self, conditions: Conditions) -> NDArray[np.float64]:
        """How far designs are from the training runs, ``[m]``; 1 is as far as the loneliest
        training run is from the others."""
        found: NDArray[np.float64] = self.processes.ignorance(self.features.transform(conditions))
        return found / max(float(self.known[-1]), 1e-9)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What :meth:`restore` needs beside the scaler and the times."""
        arrays = {f"processes.{name}": array for name, array in self.processes.arrays().items()} | {
            "known": self.known
        }
        if self.features.images is not None:
            arrays |= {
                f"images.{name}": array for name, array in vars(self.features.images).items()
            }
        return arrays

    @classmethod
    def restore(
        cls, arrays: dict[str, NDArray[Any]], scaler: ConditionScaler, times: NDArray[np.float64]
    ) -> Self:
        """From :meth:`arrays`; LookupError, TypeError or ValueError where they do not belong
        together."""
        groups: dict[str, dict[str, NDArray[Any]]] = {"processes": {}, "images": {}}
        for name, array in arrays.items():
            group, _, key = name.partition(".")
            if key:
                groups[group][key] = array
        images = None
        if scaler.images is not None:
            images, pixels = (
                ImageComponents.restore(**groups["images"]),
                scaler.images.size**2 * scaler.images.channels,
            )
            if images.pixels.shape[1] != pixels:
                raise ValueError(
                    f"the known pictures have {images.pixels.shape[1]} values, not {pixels}"
                )
        features, known = Features(scaler, images), arrays["known"]
        processes = PodGpr.restore(groups["processes"], len(scaler.names), features.components)
        if known.shape != (len(groups["processes"]["x"]),) or not np.isfinite(known).all():
            raise ValueError(
                f"ignorance of the known runs is not a finite array of shape {known.shape}"
            )
        return cls(features, processes, times, known)

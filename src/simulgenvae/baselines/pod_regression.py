"""Proper orthogonal decomposition over runs, with a regression of each mode's amplitude.

Whole trajectories are the snapshots: the centred training runs ``[n, T·r]`` are written as ``U S
Vᵀ``, and the amplitudes ``U S`` are learned as functions of the conditions.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from simulgenvae.baselines.base import Baseline, Choices, Coefficients, Inputs
from simulgenvae.utils.snapshots import principal_directions
from simulgenvae.utils.threads import threadpool_limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ENERGY_LEFT_OUT = 1e-12
"""Part of the energy of all runs that may be left out: near what single precision leaves of
coefficients. Of a smooth flow (one parameter, 40 runs), 1e-6 left an error of 0.09 % where 0.001 %
is reached."""
_COMPONENTS = (4, 8, 16, 32, 64)
"""Numbers of image components that are tried; all of them are tried too."""
_MANY_RUNS = 1000
"""Number of runs above which only the leading modes are computed."""
_MOST_MODES = 128
"""Largest number of modes of more runs than that."""
_BLOCK_VALUES = 2**21
"""Values of all runs that are held in double precision at once."""


@dataclass(frozen=True, eq=False)
class RunModes:
    """POD of n whole runs, with at most n - 1 modes.

    Run i is about mean + Σ_k amplitudes[i, k] · mode_k. Modes are combinations of the runs and are
    never computed: amplitudes of a new run become weights of the training runs.
    """

    left: NDArray[np.float64]
    """Left singular vectors of the centred runs, ``[n, k]``."""
    singular: NDArray[np.float64]
    """Singular values, ``[k]``."""

    @classmethod
    def of(cls, flat: Coefficients, energy_left_out: float = _ENERGY_LEFT_OUT) -> Self:
        """Return as many modes of runs ``[n, T·r]`` as needed, by the method of snapshots.

        They leave out at most the fraction ``energy_left_out`` of the energy of the centred runs.
        Of more than ``_MANY_RUNS`` runs there are at most ``_MOST_MODES`` modes.
        """
        runs = len(flat)
        if runs > _MANY_RUNS:
            return cls._leading(flat, energy_left_out)
        gram = np.zeros((runs, runs))
        # Some columns at a time: a copy of all coefficients in double precision is never made.
        block = max(1, _BLOCK_VALUES // runs)
        for start in range(0, flat.shape[1], block):
            values = flat[:, start : start + block].astype(np.float64)
            values -= values.mean(axis=0)
            gram += values @ values.T
        energies, left = principal_directions(gram)
        # Rounding can leave them slightly negative, which has no root.
        energies = np.maximum(energies, 0.0)
        # Energy left out when the modes k, k + 1, … are dropped.
        remaining = np.cumsum(energies[::-1])[::-1]
        needed = int(np.sum(remaining > energy_left_out * remaining[0]))
        kept = min(needed, runs - 1)  # centring leaves n - 1 dimensions; the last is rounding
        return cls(left[:, :kept], np.sqrt(energies[:kept]))

    @classmethod
    def _leading(cls, flat: Coefficients, energy_left_out: float) -> Self:
        """Return the leading modes of many runs, by a randomised decomposition.

        The Gram matrix of 16,000 runs would take 2 GB and an hour.
        """
        from sklearn.utils.extmath import randomized_svd

        centred = flat - flat.mean(axis=0, dtype=np.float64).astype(flat.dtype)
        count = min(_MOST_MODES, *centred.shape)
        left, singular, _ = randomized_svd(centred, count, random_state=0)
        energies = np.square(singular.astype(np.float64))
        total = float(np.square(centred, dtype=np.float64).sum())
        # Energy left out when the modes k, k + 1, … are dropped.
        remaining = total - np.concatenate([[0.0], np.cumsum(energies)[:-1]])
        needed = int(np.sum(remaining > energy_left_out * total)) if total > 0 else 0
        kept = min(needed, len(flat) - 1)  # as in `of`
        return cls(left[:, :kept].astype(np.float64), np.sqrt(energies[:kept]))

    @property
    def amplitudes(self) -> NDArray[np.float64]:
        """Amplitudes of the n runs, ``[n, k]``."""
        return self.left * self.singular

    def weights(self, amplitudes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weights ``[m, n]`` of the training runs in runs with ``amplitudes [m, k]``.

        With modes Vᵀ = S⁻¹ Uᵀ (runs - mean), amplitudes a give a S⁻¹ Uᵀ as weights of the centred
        runs. Adding the mean makes the weights of each row add up to 1.
        """
        weights: NDArray[np.float64] = amplitudes / self.singular @ self.left.T
        # What the mean run adds: the same weight for all.
        weights += (1.0 - weights.sum(axis=1, keepdims=True)) / len(self.left)
        return weights


def component_counts(columns: int, components: int) -> tuple[int, ...]:
    """Return the numbers of leading image components to try.

    Parameters
    ----------
    columns
        Columns of the features.
    components
        Number of the last columns that are image components. Where there are other columns, using
        no component at all is one of the choices.
    """
    fewer = [count for count in _COMPONENTS if count < components]
    return (*[0] * (columns > components), *fewer, *[components] * (components > 0))


class FeatureSelection(NamedTuple):
    """Columns of the features that a regression uses: all parameters, some image components."""

    widths: tuple[int, ...]
    """Number of columns of each parameter, the first ones: 1 for a number, more for a category."""
    components: int
    """Number of image components, which follow."""
    factor: float
    """Factor of the components, which weighs images against parameters."""

    @property
    def parameters(self) -> int:
        """Number of columns of all parameters."""
        return sum(self.widths)

    def __call__(self, x: Inputs) -> Inputs:
        """Return the selected columns of features ``x [m, P + C]``."""
        images = x[:, self.parameters : self.parameters + self.components]
        return np.concatenate([x[:, : self.parameters], self.factor * images], axis=1)


class PodRegression(Baseline):
    """Base class of the regressions of POD amplitudes."""

    def _learn(self, x: Inputs, flat: Coefficients, components: int) -> None:
        self._modes = RunModes.of(flat)
        self._components = components
        if self.modes:
            # Many small systems are solved: starting threads costs more than solving them.
            with threadpool_limits(1):
                self._fit_amplitudes(x, self._modes.amplitudes)

    @property
    def modes(self) -> int:
        """Number of modes; 0 where all runs are the same."""
        return len(self._modes.singular)

    def weights(self, x: Inputs) -> NDArray[np.float64]:
        """Return the weight of each training run in the prediction of each design, ``[m, n]``."""
        return self.run_weights(self._amplitudes(x) if self.modes else np.zeros((len(x), 0)))

    def run_weights(self, amplitudes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weights ``[m, n]`` of the training runs for amplitudes ``[m, k]``."""
        return self._modes.weights(amplitudes)

    def describe(self) -> Choices:
        """Return the number of modes, and what was chosen while fitting."""
        return {"modes": self.modes, **(self._chosen() if self.modes else {})}

    @abstractmethod
    def _fit_amplitudes(self, x: Inputs, amplitudes: NDArray[np.float64]) -> None:
        """Learn the amplitudes ``[n, k]`` of training runs with the features ``x [n, P + C]``."""

    @abstractmethod
    def _amplitudes(self, x: Inputs) -> NDArray[np.float64]:
        """Return the amplitudes ``[m, k]`` of designs with the features ``x [m, P + C]``."""

    @abstractmethod
    def _chosen(self) -> Choices:
        """Return what was chosen while fitting, for the report."""

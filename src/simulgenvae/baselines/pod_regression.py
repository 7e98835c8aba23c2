"""Proper orthogonal decomposition over runs, with a regression of each mode's amplitude.

Whole trajectories are the snapshots: the centred training runs ``[n, T·r]`` are written as ``U S
Vᵀ`` and the amplitudes ``U S`` are learned as functions of the condition.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from simulgenvae.baselines.base import Baseline, Coefficients, Inputs

_ENERGY_LEFT_OUT = 1e-6
_COMPONENTS = (4, 8, 16, 32, 64)
"""Numbers of components of the pictures that are tried, beside all of them."""


@dataclass(frozen=True, eq=False)
class RunModes:
    """Whole-trajectory POD of n runs: run i ≈ mean + Σ_k amplitudes[i, k] · mode_k, with at most n
    − 1 modes."""

    left: NDArray[np.float64]
    """Left singular vectors of the centred runs, ``[n, k]``."""
    singular: NDArray[np.float64]
    """Singular values, ``[k]``."""

    @classmethod
    def of(cls, flat: Coefficients, energy_left_out: float = _ENERGY_LEFT_OUT) -> Self:
        """As many modes as it takes to leave out at most a share of the energy of the centred runs
        ``[n, T·r]``.

        Method of snapshots (Sirovich 1987): only the n × n Gram matrix is decomposed, and modes
        stay linear combinations of runs.
        """
        runs = len(flat)
        gram = np.zeros((runs, runs))
        block = max(1, 2**21 // runs)
        for start in range(0, flat.shape[1], block):
            values = flat[:, start : start + block].astype(np.float64)
            values -= values.mean(axis=0)
            gram += values @ values.T
        energies, left = np.linalg.eigh(gram)
        energies, left = np.maximum(energies[::-1], 0.0), left[:, ::-1]
        remaining = np.cumsum(energies[::-1])[
            ::-1
        ]  # energy left out if modes k, k+1, … are dropped
        kept = min(int(np.sum(remaining > energy_left_out * remaining[0])), runs - 1)
        return cls(left[:, :kept], np.sqrt(energies[:kept]))

    @property
    def amplitudes(self) -> NDArray[np.float64]:
        """Of the n runs, ``[n, k]``."""
        return self.left * self.singular

    def weights(self, amplitudes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shares ``[m, n]`` of the training runs in runs with these amplitudes ``[m, k]``."""
        shares: NDArray[np.float64] = amplitudes / self.singular @ self.left.T
        shares += (1.0 - shares.sum(axis=1, keepdims=True)) / len(self.left)
        return shares


def component_counts(columns: int, components: int) -> tuple[int, ...]:
    """Numbers of leading components to try where the last ``components`` of the columns are those
    of pictures.

    None of them is one of the choices where there are parameters too.
    """
    fewer = [count for count in _COMPONENTS if count < components]
    return (*[0] * (columns > components), *fewer, *[components] * (components > 0))


class PodRegression(Baseline):
    """What the two regressions share; ``_chosen`` says in words what was chosen while fitting."""

    def _learn(self, x: Inputs, flat: Coefficients, components: int) -> None:
        self._modes = RunModes.of(flat)
        self._components = components
        if self.modes:
            with threadpool_limits(
                1
            ):  # many small systems: starting threads costs more than solving
                self._fit_amplitudes(x, self._modes.amplitudes)

    @property
    def modes(self) -> int:
        """How many were kept; none where all runs are the same."""
        return len(self._modes.singular)

    def weights(self, x: Inputs) -> NDArray[np.float64]:
        amplitudes = self._amplitudes(x) if self.modes else np.zeros((len(x), 0))
        return self._modes.weights(amplitudes)

    def describe(self) -> dict[str, Any]:
        return {"modes": self.modes, **(self._chosen() if self.modes else {})}

    @abstractmethod
    def _fit_amplitudes(self, x: Inputs, amplitudes: NDArray[np.float64]) -> None: ...

    @abstractmethod
    def _amplitudes(self, x: Inputs) -> NDArray[np.float64]: ...

    @abstractmethod
    def _chosen(self) -> dict[str, Any]: ...


class View(NamedTuple):
    """The columns that a method reads: all parameters, and so many components of pictures times a
    factor."""

    parameters: int
    components: int
    factor: float

    def __call__(self, x: Inputs) -> Inputs:
        return np.concatenate(
            [
                x[:, : self.parameters],
                self.factor * x[:, self.parameters : self.parameters + self.components],
            ],
            axis=1,
        )

"""No reduction: every node of the state is a coefficient, as in the documented direct form (nodes
as channels)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from simulgenvae.reduction.base import Decoder
from simulgenvae.reduction.state import StateMap


@dataclass(frozen=True)
class Identity:
    """The identity on states."""

    state: StateMap

    @property
    def rank(self) -> int:
        return self.state.size

    @property
    def field_shape(self) -> tuple[int, int]:
        return self.state.field_shape

    def encode(self, run: NDArray[np.floating]) -> NDArray[np.float32]:
        mean, factor = (
            array.astype(np.float32)
            for array in (self.state.mean_field(), self.state.field_factor())
        )
        states: NDArray[np.float32] = np.subtract(run.reshape(len(run), -1), mean, dtype=np.float32)
        states *= factor
        return states

    def decode(self, coefficients: NDArray[np.floating]) -> NDArray[np.float32]:
        return self.state.to_field(coefficients)

    def at(self, nodes: NDArray[np.intp], variables: NDArray[np.intp]) -> Decoder:
        return _DirectPart(self.state.at(nodes, variables), self.state.entries(nodes, variables))

    def state_rows(self) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        return None, self.state.scaled_factor()

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        return self.state.arrays()

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Self:
        return cls(StateMap.from_arrays(arrays))


@dataclass(frozen=True)
class _DirectPart:
    """Some entries of a state."""

    state: StateMap
    entries: NDArray[np.intp]

    @property
    def field_shape(self) -> tuple[int, int]:
        return self.state.field_shape

    def decode(self, coefficients: NDArray[np.floating]) -> NDArray[np.float32]:
        return self.state.to_field(coefficients[..., self.entries])

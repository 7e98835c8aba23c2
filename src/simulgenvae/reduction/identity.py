"""No reduction: every entry of the state is a coefficient (nodes as channels)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from simulgenvae.reduction.base import Decoder
from simulgenvae.reduction.state import StateMap


@dataclass(frozen=True)
class Identity:
    """Reduction that keeps every entry of the state."""

    state: StateMap

    @property
    def rank(self) -> int:
        """Entries of a state, M·V."""
        return self.state.size

    @property
    def field_shape(self) -> tuple[int, int]:
        """Nodes M and variables V of the fields."""
        return self.state.field_shape

    def encode(self, run: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the states ``[T, M·V]`` of fields ``[T, M, V]`` in physical units."""
        mean = self.state.mean_field().astype(np.float32)
        factor = self.state.field_factor().astype(np.float32)
        # In single precision and in place: there may be little memory for anything but the states.
        states: NDArray[np.float32] = np.subtract(run.reshape(len(run), -1), mean, dtype=np.float32)
        states *= factor
        return states

    def decode(self, coefficients: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the fields ``[..., M, V]`` of states ``[..., M·V]``, in physical units."""
        return self.state.to_field(coefficients)

    def at(self, nodes: NDArray[np.intp], variables: NDArray[np.intp]) -> Decoder:
        """Return a decoder of some nodes and variables only, in the order given."""
        return _PartDecoder(self.state.at(nodes, variables), self.state.entries(nodes, variables))

    def state_rows(self) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        """Return None for the identity, and the factor ``[M·V]`` from states to scaled units."""
        return None, self.state.scaled_factor()

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays that a model file holds."""
        return self.state.arrays()

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Self:
        """Restore what :meth:`arrays` gave; KeyError or ValueError where that is impossible."""
        return cls(StateMap.from_arrays(arrays))


@dataclass(frozen=True)
class _PartDecoder:
    """Decoder of some entries of a state."""

    state: StateMap
    entries: NDArray[np.intp]

    @property
    def field_shape(self) -> tuple[int, int]:
        """Number of nodes and variables of the part."""
        return self.state.field_shape

    def decode(self, coefficients: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the part of the fields, ``[..., m, v]``, of states ``[..., M·V]``."""
        return self.state.to_field(coefficients[..., self.entries])

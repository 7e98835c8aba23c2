"""No reduction: every entry of the state is a coefficient (nodes as channels)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from simulgenvae.reduction.state_map import StateMap

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.reduction.base import Decoder


@dataclass(frozen=True)
class Identity:
    """Reduction that keeps every entry of the state."""

    state_map: StateMap

    @property
    def rank(self) -> int:
        """Entries of a state, M·V."""
        return self.state_map.size

    @property
    def field_shape(self) -> tuple[int, int]:
        """Nodes M and variables V of the fields."""
        return self.state_map.field_shape

    def encode(self, fields: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the states ``[n, M·V]`` of fields ``[n, M, V]`` in physical units."""
        return self.encode_stored(self.state_map.stored(fields))

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """Type of decoded fields."""
        return self.state_map.dtype

    def encode_stored(self, fields: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the states ``[n, M·V]`` of fields ``[n, M, V]`` less the offsets."""
        mean = self.state_map.mean_field().astype(np.float32)
        factor = self.state_map.field_factor().astype(np.float32)
        # In single precision and in place: there may be little memory for anything but the states.
        states: NDArray[np.float32] = np.subtract(
            fields.reshape(len(fields), -1), mean, dtype=np.float32
        )
        states *= factor
        return states

    def decode(self, coefficients: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the fields ``[..., M, V]`` of states ``[..., M·V]``, in physical units."""
        return self.state_map.to_field(coefficients)

    def sum_of_squares(
        self, deviations: NDArray[np.floating], out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return the sum over K of the squared fields of ``[K, t, M·V]``, ``[t, M, V]``."""
        return _sum_of_squares(deviations, self.state_map, out)

    def at(self, nodes: NDArray[np.intp], variables: NDArray[np.intp]) -> Decoder:
        """Return a decoder of some nodes and variables only, in the order given."""
        return _PartDecoder(
            self.state_map.at(nodes, variables), self.state_map.entries(nodes, variables)
        )

    def basis_and_factor(self) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        """Return None for the identity, and the factor ``[M·V]`` from states to scaled units."""
        return None, self.state_map.scaled_factor()

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays that a model file holds."""
        return self.state_map.arrays()

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Self:
        """Restore what :meth:`arrays` gave; KeyError or ValueError where that is impossible."""
        return cls(StateMap.from_arrays(arrays))


@dataclass(frozen=True)
class _PartDecoder:
    """Decoder of some entries of a state."""

    state_map: StateMap
    entries: NDArray[np.intp]

    @property
    def field_shape(self) -> tuple[int, int]:
        """Number of nodes and variables of the part."""
        return self.state_map.field_shape

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """Type of decoded fields."""
        return self.state_map.dtype

    def decode(self, coefficients: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the part of the fields, ``[..., m, v]``, of states ``[..., M·V]``."""
        return self.state_map.to_field(coefficients[..., self.entries])

    def sum_of_squares(
        self, deviations: NDArray[np.floating], out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return the sum over K of the squared fields of ``[K, t, M·V]``, ``[t, m, v]``."""
        return _sum_of_squares(deviations[..., self.entries], self.state_map, out)


def _sum_of_squares(
    deviations: NDArray[np.floating], state_map: StateMap, out: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """Return the sum of squares of state differences ``[K, t, m·v]`` in physical units."""
    if out is None:
        out = np.empty((deviations.shape[1], *state_map.field_shape), np.float32)
    flat = out.reshape(len(out), -1)
    np.einsum("kte,kte->te", deviations, deviations, out=flat, casting="same_kind")
    flat /= np.square(state_map.field_factor())
    return out

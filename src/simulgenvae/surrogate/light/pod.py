"""Reduction of a model file, evaluated with NumPy.

Tested in tests/surrogate/test_light.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from simulgenvae.reduction.joined_times import SQUARED_PART, joined_times
from simulgenvae.reduction.pod_arrays import pod_arrays
from simulgenvae.utils.cache_blocks import parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.reduction import Decoder
    from simulgenvae.reduction.state_map import StateMap


@dataclass(frozen=True)
class LightPod:
    """Coordinates in modes, as :class:`~simulgenvae.reduction.pod.Pod` has them."""

    state_map: StateMap
    basis: NDArray[np.float32]
    """Orthonormal modes, ``[M·V, r]``."""

    @property
    def rank(self) -> int:
        """Number of modes, r."""
        return int(self.basis.shape[1])

    @property
    def field_shape(self) -> tuple[int, int]:
        """Nodes M and variables V of the fields."""
        return self.state_map.field_shape

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """Type of decoded fields."""
        return self.state_map.dtype

    def _affine(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return mean field and factor, ``[M·V]``: state = (field - mean) * factor."""
        mean = self.state_map.mean_field().astype(np.float32)
        return mean, self.state_map.field_factor().astype(np.float32)

    def encode(self, fields: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the coefficients ``[n, r]`` of fields ``[n, M, V]`` in physical units."""
        return self.encode_stored(self.state_map.stored(fields))

    def encode_stored(self, fields: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the coefficients ``[n, r]`` of fields ``[n, M, V]`` less the offsets."""
        mean, factor = self._affine()
        flat = fields.reshape(len(fields), -1).astype(np.float32)
        states: NDArray[np.float32] = (flat - mean) * factor
        coefficients: NDArray[np.float32] = states @ self.basis
        return coefficients

    def decode(self, coefficients: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the fields ``[..., M, V]`` of coefficients ``[..., r]``, in physical units."""
        rows = coefficients.astype(np.float32, copy=False).reshape(-1, self.rank)
        mean, factor = self._affine()
        fields = np.empty((*coefficients.shape[:-1], *self.field_shape), np.float32)
        flat = fields.reshape(len(rows), -1)
        for part in parts(self.state_map.size):
            states = rows @ self.basis[part].T
            states /= factor[part]
            np.add(states, mean[part], out=flat[:, part])
        return self.state_map.physical(fields)

    def sum_of_squares(
        self, deviations: NDArray[np.floating], out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return the sum over K of the squared fields of ``[K, t, r]``, ``[t, M, V]``."""
        _, factor = self._affine()
        count, times, _ = deviations.shape
        blocks = joined_times(deviations, self.state_map.size)
        sums = np.empty((times, *self.field_shape), np.float32) if out is None else out
        flat = sums.reshape(times, -1)
        for part in parts(self.state_map.size, SQUARED_PART):
            modes = (self.basis[part] / factor[part, None]).T
            for block in blocks:
                fields = block.directions @ modes
                if block.weights is not None:
                    fields = block.weights @ fields
                squares = np.square(fields, out=fields).reshape(count, block.count, -1)
                np.sum(squares, axis=0, out=flat[block.times, part])
        return sums

    def at(self, nodes: NDArray[np.intp], variables: NDArray[np.intp]) -> Decoder:
        """Return a decoder of some nodes and variables only, in the order given."""
        entries = self.state_map.entries(nodes, variables)
        return type(self)(self.state_map.at(nodes, variables), self.basis[entries])

    def basis_and_factor(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the basis, and the factor ``[M·V]`` from states to scaled units."""
        return self.basis, self.state_map.scaled_factor()

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays that a model file holds."""
        return {**self.state_map.arrays(), "basis": self.basis}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Self:
        """Restore what :meth:`arrays` gave; KeyError or ValueError where that is impossible."""
        return cls(*pod_arrays(arrays))

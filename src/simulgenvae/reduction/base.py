"""What every reduction offers: fields of one run to coefficients per timestep, and back."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Decoder(Protocol):
    """From coefficients to fields, or to a part of them."""

    @property
    def field_shape(self) -> tuple[int, int]:
        """Nodes M and variables V of the fields."""
        ...

    def decode(self, coefficients: NDArray[np.floating]) -> NDArray[np.float32]:
        """Coefficients ``[..., r]`` to fields ``[..., M, V]`` in physical units."""
        ...


class Reduction(Decoder, Protocol):
    """An invertible (up to a measured truncation) linear map between fields and coefficients.

    A *state* is the flattened scaled field of one timestep, ``[M·V]``, each variable divided by its
    training standard deviation, so that squared distances between states are those of the joint
    error measure (with scaling per node, of one that counts every node by its own range).
    Coefficients are coordinates in an orthonormal basis of states: their squared distances are the
    states'.
    """

    @property
    def rank(self) -> int:
        """Number of coefficients per timestep, r."""
        ...

    def encode(self, run: NDArray[np.floating]) -> NDArray[np.float32]:
        """Fields ``[T, M, V]`` in physical units to coefficients ``[T, r]``."""
        ...

    def at(self, nodes: NDArray[np.intp], variables: NDArray[np.intp]) -> Decoder:
        """Decoder of some nodes and variables alone, in the order given, at their cost."""
        ...

    def state_rows(self) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        """Rows ``[M·V, r]`` that map coefficients to single entries of the state (None for the
        identity), and the factor ``[M·V]`` from entries of the state to scaled units (±0.7)."""
        ...

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Everything that a model file must hold to restore this reduction."""
        ...

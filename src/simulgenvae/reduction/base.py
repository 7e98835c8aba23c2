"""Interfaces of a reduction: fields to coefficients of each timestep, and back.

Tested in tests/reduction/test_reduction.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.reduction.lazy import LazyStates
    from simulgenvae.reduction.state_map import StateMap


class Decoder(Protocol):
    """Map from coefficients to fields, or to a part of them."""

    @property
    def field_shape(self) -> tuple[int, int]:
        """Nodes M and variables V of the fields."""
        ...

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """Type of decoded fields: float32, or float64 where float32 would lose their variation."""
        ...

    def decode(self, coefficients: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the fields ``[..., M, V]`` of coefficients ``[..., r]``, in physical units."""
        ...

    def sum_of_squares(
        self, deviations: NDArray[np.floating], out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return the sum over K of the squared fields of deviations, ``[t, M, V]``.

        Parameters
        ----------
        deviations
            Differences of coefficients, ``[K, t, r]``. Their fields are differences of fields, so
            neither mean nor offset is in them.
        out
            Where the sum is written, ``[t, M, V]``, without gaps; a new array when not given.
        """
        ...


class Reduction(Decoder, Protocol):
    """A linear map between fields and coefficients, invertible up to an estimated truncation.

    A *state* is the flattened scaled field of one timestep, ``[M·V]``, in which each variable is
    divided by its training standard deviation. Squared distances between states are therefore those
    of the joint error measure. (With scaling per node, they belong to a measure that counts
    every node by its own range.) Coefficients are coordinates in an orthonormal basis of states, so
    that their squared distances equal the distances of the states.
    """

    @property
    def rank(self) -> int:
        """Number of coefficients per timestep, r."""
        ...

    @property
    def state_map(self) -> StateMap:
        """Map between fields and states."""
        ...

    def encode(self, fields: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the coefficients ``[n, r]`` of fields ``[n, M, V]`` in physical units.

        The n snapshots may be from one run or from several.
        """
        ...

    def encode_stored(self, fields: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the coefficients ``[n, r]`` of fields as a data set stores them.

        That is less the offsets, which fields in physical units are only in double precision.
        """
        ...

    def at(self, nodes: NDArray[np.intp], variables: NDArray[np.intp]) -> Decoder:
        """Return a decoder of some nodes and variables only, in the order given.

        Its cost is proportional to their number.
        """
        ...

    def basis_and_factor(self) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        """Return what turns coefficients into scaled fields, entry by entry.

        The first array is the rows ``[M·V, r]`` that map coefficients to single entries of the
        state, None for the identity. The second one is the factor ``[M·V]`` from entries of the
        state to scaled units (±0.7).
        """
        ...

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays that a model file must hold to restore this reduction."""
        ...


class Candidate(Protocol):
    """A reduction whose form is found, but which has not seen all runs yet.

    Fitting has two phases. The first finds a candidate, and tells how many coefficients there will
    be: the caller can check whether training with them fits into memory before the second phase,
    :meth:`project`, computes them. Candidates come from an iterator; the second phase of one may
    find that it is not accurate enough, and then the next one is better.
    """

    @property
    def reduction(self) -> Reduction:
        """A reduction of approximately the final rank; its modes are not final."""
        ...

    def project(self) -> tuple[Reduction, NDArray[np.float32] | LazyStates] | None:
        """Return the final reduction and the coefficients ``[N, T, r]`` of all runs.

        Returns None where the candidate leaves out too much. The last candidate never does.
        """
        ...

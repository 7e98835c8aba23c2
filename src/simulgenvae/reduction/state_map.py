"""Map between fields and states: scaling, centring and weighting, for all reductions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from simulgenvae.reduction.scaling import HALF_RANGE, FieldScaler

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.reduction.node_statistics import NodeStatistics
    from simulgenvae.settings import ReductionSettings


@dataclass(frozen=True)
class StateMap:
    """Affine map between physical fields ``[..., M, V]`` and states ``[..., M·V]``.

    state = (scaled field - ``mean``) / ``std``, where ``std`` ``[V]`` is the standard deviation of
    each scaled variable: every variable then counts alike, whatever its units and range.
    """

    scaler: FieldScaler
    mean: NDArray[np.float64]
    """Training mean of the scaled field, ``[M, V]``."""
    std: NDArray[np.float64]
    """Training standard deviation of each scaled variable, ``[V]``."""
    offsets: NDArray[np.float64] | None = None
    """Value that each variable is stored less of, ``[V]``; None for no offsets. All else is about
    fields less the offsets."""
    weights: NDArray[np.float64] | None = None
    """Weights of the nodes, ``[M]``, which ``scaler`` has in it; None where all count alike."""

    @classmethod
    def fit(
        cls,
        statistics: NodeStatistics,
        settings: ReductionSettings,
        offsets: NDArray[np.float64] | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> Self:
        """Return the map that follows from the statistics of the training runs as stored.

        ``weights`` `[M]` are those of the nodes in a state, which are scaled so much less.
        """
        scaler = statistics.scaler(settings.scaling)
        if weights is not None:
            scaler = scaler.weighted(weights)
        mean = scaler.scale(statistics.mean)
        return cls(scaler, mean, statistics.scaled_std(scaler), offsets, weights)

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """Type of fields in physical units: float64 where there are offsets."""
        return np.dtype(np.float32 if self.offsets is None else np.float64)

    def stored(self, fields: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return fields ``[..., M, V]`` in physical units less the offsets."""
        return fields if self.offsets is None else fields - self.offsets

    def physical(self, stored: NDArray[np.float32]) -> NDArray[np.floating]:
        """Return fields ``[..., M, V]`` in physical units, the inverse of :meth:`stored`."""
        return stored if self.offsets is None else stored + self.offsets

    @property
    def size(self) -> int:
        """Entries of a state, M·V."""
        return self.mean.size

    @property
    def field_shape(self) -> tuple[int, int]:
        """Nodes M and variables V."""
        nodes, variables = self.mean.shape
        return nodes, variables

    def at(self, nodes: NDArray[np.intp], variables: NDArray[np.intp]) -> Self:
        """Return the map of some nodes and variables only."""
        chosen = np.ix_(nodes, variables)
        centre = np.broadcast_to(self.scaler.centre, self.mean.shape)[chosen]
        half = np.broadcast_to(self.scaler.half_span, self.mean.shape)[chosen]
        offsets = None if self.offsets is None else self.offsets[variables]
        weights = None if self.weights is None else self.weights[nodes]
        scaler = FieldScaler(centre, half)
        return type(self)(scaler, self.mean[chosen], self.std[variables], offsets, weights)

    def entries(self, nodes: NDArray[np.intp], variables: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the places of these nodes and variables in a state, ``[m·v]``."""
        places: NDArray[np.intp] = np.add.outer(nodes * self.mean.shape[1], variables).ravel()
        return places

    def to_state(self, fields: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the states ``[..., M·V]`` of fields ``[..., M, V]`` in physical units."""
        # Every scaled variable is divided by its standard deviation, so that all count alike.
        state = (self.scaler.scale(self.stored(fields)) - self.mean) / self.std
        return state.reshape(*fields.shape[:-2], -1)

    def to_field(self, state: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the fields ``[..., M, V]`` of states ``[..., M·V]``, in physical units."""
        scaled = state.reshape(*state.shape[:-1], *self.mean.shape) * self.std + self.mean
        return self.physical(self.scaler.unscale(scaled).astype(np.float32))

    def mean_field(self) -> NDArray[np.float64]:
        """Return the training mean less the offsets, ``[M·V]``: the field whose state is 0."""
        return self.scaler.unscale(self.mean).ravel()

    def field_factor(self) -> NDArray[np.float64]:
        """Return the factor ``[M·V]`` from physical units to entries of the state."""
        factor = HALF_RANGE / self.scaler.half_span / self.std
        # flatten copies: torch warns of broadcast arrays, which cannot be written to.
        return np.broadcast_to(factor, self.mean.shape).flatten()

    def scaled_factor(self) -> NDArray[np.float32]:
        """Return the factor ``[M·V]`` from entries of the state to scaled units."""
        return np.tile(self.std, len(self.mean)).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays of the map, for a model file."""
        offsets = {} if self.offsets is None else {"offsets": self.offsets}
        weights = {} if self.weights is None else {"node_weights": self.weights}
        return {
            **offsets,
            **weights,
            "centre": self.scaler.centre,
            "half_span": self.scaler.half_span,
            "mean": self.mean,
            "spread": self.std,  # the file format is older than the name
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Self:
        """Restore what :meth:`arrays` gave.

        Raises KeyError when an array is missing, and ValueError when they do not fit each other.
        """
        centre, half, mean, std = (
            arrays[k].astype(np.float64) for k in ("centre", "half_span", "mean", "spread")
        )
        # Shapes that merely broadcast would let a small file ask for a huge field.
        scales = {(1, *mean.shape[1:]), mean.shape}
        fit = centre.shape == half.shape and half.shape in scales and std.shape == mean.shape[1:]
        if mean.ndim != 2 or not mean.size or not fit:
            shapes = [array.shape for array in (centre, half, mean, std)]
            raise ValueError(f"centre, half_span, mean and spread have the shapes {shapes}")
        # A factor that is 0 or not finite would show only in the first prediction.
        finite = all(np.isfinite(array).all() for array in (centre, half, mean, std))
        if not finite or half.min() <= 0 or std.min() <= 0:
            raise ValueError(
                "centre, half_span, mean and spread are not all finite, or a width is not positive"
            )
        offsets = None
        if "offsets" in arrays:
            offsets = arrays["offsets"].astype(np.float64)
            if offsets.shape != std.shape or not np.isfinite(offsets).all():
                raise ValueError(f"offsets {offsets.shape} are not a finite number a variable")
        weights = None
        if "node_weights" in arrays:
            weights = arrays["node_weights"].astype(np.float64)
            positive = weights.shape == mean.shape[:1] and bool((weights > 0).all())
            if not positive or not np.isfinite(weights).all():
                raise ValueError(f"weights {weights.shape} are not a positive number a node")
        return cls(FieldScaler(centre, half), mean, std, offsets, weights)

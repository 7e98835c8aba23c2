"""Fields ↔ states: scaling, centring and weighting that both reductions share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from simulgenvae.reduction.scaling import HALF_RANGE, FieldScaler, FieldStatistics
from simulgenvae.settings import ReductionSettings


@dataclass(frozen=True)
class StateMap:
    """Affine map between physical fields ``[..., M, V]`` and states ``[..., M·V]``.

    state = (scaled field - its training mean) / weight, where weight ``[V]`` is the standard
    deviation of each scaled variable: every variable then counts alike, whatever its units and
    range.
    """

    scaler: FieldScaler
    mean: NDArray[np.float64]
    """Training mean of the scaled field, ``[M, V]``."""
    spread: NDArray[np.float64]
    """Training standard deviation of each scaled variable, ``[V]``."""

    @classmethod
    def fit(cls, statistics: FieldStatistics, settings: ReductionSettings) -> Self:
        """Map of the training runs' statistics."""
        scaler = statistics.scaler(settings.scaling)
        return cls(scaler, scaler.scale(statistics.mean), statistics.scaled_std(scaler))

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
        """The map of some nodes and variables alone."""
        chosen = np.ix_(nodes, variables)
        centre, half = (
            np.broadcast_to(array, self.mean.shape)[chosen]
            for array in (self.scaler.centre, self.scaler.half_span)
        )
        return type(self)(FieldScaler(centre, half), self.mean[chosen], self.spread[variables])

    def entries(self, nodes: NDArray[np.intp], variables: NDArray[np.intp]) -> NDArray[np.intp]:
        """Places of these nodes and variables in a state, ``[m·v]``."""
        places: NDArray[np.intp] = np.add.outer(nodes * self.mean.shape[1], variables).ravel()
        return places

    def to_state(self, fields: NDArray[np.floating]) -> NDArray[np.float64]:
        """Fields ``[..., M, V]`` in physical units to states ``[..., M·V]``."""
        state = (self.scaler.scale(fields) - self.mean) / self.spread
        return state.reshape(*fields.shape[:-2], -1)

    def to_field(self, state: NDArray[np.floating]) -> NDArray[np.float32]:
        """Inverse of :meth:`to_state`."""
        scaled = state.reshape(*state.shape[:-1], *self.mean.shape) * self.spread + self.mean
        return self.scaler.unscale(scaled).astype(np.float32)

    def mean_field(self) -> NDArray[np.float64]:
        """Training mean in physical units, ``[M·V]``: the field whose state is 0."""
        return self.scaler.unscale(self.mean).ravel()

    def field_factor(self) -> NDArray[np.float64]:
        """Factor ``[M·V]`` from physical units to entries of the state."""
        factor = HALF_RANGE / self.scaler.half_span / self.spread
        return np.broadcast_to(factor, self.mean.shape).flatten()

    def scaled_factor(self) -> NDArray[np.float32]:
        """Factor ``[M·V]`` from entries of the state to scaled units."""
        return np.tile(self.spread, len(self.mean)).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Arrays of the map, for a model file."""
        return {
            "centre": self.scaler.centre,
            "half_span": self.scaler.half_span,
            "mean": self.mean,
            "spread": self.spread,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Self:
        """Restore what :meth:`arrays` gave; raises KeyError when one is missing, ValueError when
        they do not fit."""
        centre, half, mean, spread = (
            arrays[k].astype(np.float64) for k in ("centre", "half_span", "mean", "spread")
        )
        # Shapes that merely broadcast would let a small file ask for a huge field.
        scales = {(1, *mean.shape[1:]), mean.shape}
        fit = centre.shape == half.shape and half.shape in scales and spread.shape == mean.shape[1:]
        if mean.ndim != 2 or not mean.size or not fit:
            shapes = [array.shape for array in (centre, half, mean, spread)]
            raise ValueError(f"centre, half_span, mean and spread have the shapes {shapes}")
        finite = all(np.isfinite(array).all() for array in (centre, half, mean, spread))
        if not finite or half.min() <= 0 or spread.min() <= 0:
            raise ValueError(
                "centre, half_span, mean and spread are not all finite, or a width is not positive"
            )
        return cls(FieldScaler(centre, half), mean, spread)

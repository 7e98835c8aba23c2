"""Difference between the networks of a page and the surrogate that they come from.

Tested in tests/explorer/test_twin.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulgenvae.deployment.write import COMPARED_DESIGNS, inputs_of, random_conditions
from simulgenvae.explorer.geometry import given_scaler
from simulgenvae.explorer.onnx_file import Session
from simulgenvae.models.unit_times import unit_times
from simulgenvae.surrogate.ensemble import Calibration
from simulgenvae.surrogate.ensemble.spread import spread
from simulgenvae.surrogate.predict import EXPECTED_ERROR_LATENTS, required_ensemble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.explorer.geometry import PageGeometry
    from simulgenvae.explorer.network_files import NetworkFiles
    from simulgenvae.explorer.state import StateArrays
    from simulgenvae.surrogate.surrogate import Surrogate

_COMPARED_TIMES = 3


class Difference(NamedTuple):
    """Difference of an array ``[t, M, V]`` to the expected one."""

    largest: float
    """Largest difference, as a fraction of each variable's range."""
    relative: float
    """Root mean square of the differences over the standard deviation of each variable."""


class Accuracy(NamedTuple):
    """Differences of all designs: fields, their calibrated spread, and shapes."""

    fields: Difference
    spread: Difference
    shapes: Difference


@dataclass(frozen=True, eq=False)
class Expected:
    """Predictions of the surrogate of a few designs at a few times.

    Attributes
    ----------
    designs
        Random designs of the trained range.
    times
        Times, mapped to 0 … 1, ``[t]``.
    fields, spreads
        Fields less the offsets, and their calibrated spread, ``[n, t, M, V]``.
    factor
        Factor of the calibration: the larger one of those to the standard deviation and to half the
        interval.
    state
        Map from states to fields.
    geometry, shapes
        Geometries, and those of the designs ``[n, M, S]``; None where all have one mesh.
    """

    designs: Conditions
    times: NDArray[np.float32]
    fields: NDArray[np.float32]
    spreads: NDArray[np.float32]
    factor: float
    state: StateArrays
    geometry: PageGeometry | None = None
    shapes: NDArray[np.float64] | None = None

    @classmethod
    def of(
        cls, surrogate: Surrogate, state: StateArrays, geometry: PageGeometry | None = None
    ) -> Expected:
        """Predict designs by the surrogate itself."""
        designs = random_conditions(given_scaler(surrogate), COMPARED_DESIGNS)
        ensemble = required_ensemble(surrogate)
        seen = surrogate.complete(designs)
        found = ensemble.predict(seen, surrogate.times, latent_samples=EXPECTED_ERROR_LATENTS)
        last = len(surrogate.times) - 1
        steps = np.unique(np.linspace(0, last, _COMPARED_TIMES).astype(int))
        part = replace(
            found,
            mean=found.mean[:, steps],
            samples=found.samples[:, :, steps],
            gp_offset=None if found.gp_offset is None else found.gp_offset[:, steps],
        )
        reduction = surrogate.reduction
        fields = reduction.decode(part.mean)
        if state.offsets is not None:
            fields = fields - state.offsets
        # All deviations: CoefficientPrediction.spread leaves some out, which takes less time.
        every = [part.deviations(row) for row in range(len(designs))]
        calibration = ensemble.calibration or Calibration.of_normal()
        factor = max(calibration.std_factor, calibration.interval_factor)
        spreads = np.stack([factor * spread(reduction.sum_of_squares(each)) for each in every])
        times = unit_times(surrogate.times, surrogate.times)[steps]
        shapes = None if geometry is None else geometry.shapes(designs)
        single = fields.astype(np.float32)
        return cls(designs, times, single, spreads, factor, state, geometry, shapes)

    def but_by(self, files: NetworkFiles) -> Expected:
        """Return what networks predict of the same designs, which others are compared with."""
        found = list(self._predicted(files))
        return replace(
            self,
            fields=np.stack([each.fields for each in found]),
            spreads=np.stack([each.spread for each in found]),
        )

    def compare(self, files: NetworkFiles) -> Accuracy:
        """Return the largest difference of networks over all designs."""
        every = np.concatenate([self._own(row, each) for row, each in enumerate(self.fields)], 1)
        found = []
        for row, each in enumerate(self._predicted(files)):
            pairs = ((each.fields, self.fields[row]), (each.spread, self.spreads[row]))
            both = [_difference(self._own(row, a), self._own(row, b), every) for a, b in pairs]
            found.append((*both, self._shape_difference(each.shape, row)))
        return Accuracy(*(Difference(*np.max(each, axis=0)) for each in zip(*found, strict=True)))

    def _predicted(self, files: NetworkFiles) -> Iterator[_Predicted]:
        """Yield each design by networks."""
        design = Session(files.design)
        coefficients = Session(files.coefficients)
        basis = Session(files.basis)
        shapes = None if files.shape is None else Session(files.shape)
        for row in range(len(self.designs)):
            found = design(inputs_of(self.designs.select([row])))
            answers = coefficients({**found, "times": self.times})
            states = basis({"rows": answers["mean"]})["states"]
            fields = self._valued(self.state.mean + self.state.factor * states)
            variance = np.zeros_like(fields)
            for deviation in answers["deviations"]:
                states = basis({"rows": deviation})["states"]
                variance += np.square(self._valued(self.state.factor * states))
            shape = None
            if shapes is not None and self.geometry is not None:
                change = shapes({"rows": found["shape"].astype(np.float32)})["states"]
                shape = self.geometry.mean + change.reshape(self.geometry.mean.shape)
            yield _Predicted(fields, self.factor * spread(variance), shape)

    def _own(self, row: int, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return values ``[t, M, V]`` of a design at the nodes that its geometry has."""
        if self.geometry is None or self.shapes is None:
            return values
        inside = self.geometry.inside(self.shapes[row])
        return values[:, inside if self.state.valued is None else inside[self.state.valued]]

    def _shape_difference(self, shape: NDArray[np.float32] | None, row: int) -> Difference:
        if shape is None or self.shapes is None:
            return Difference(0.0, 0.0)
        return _difference(shape[None], self.shapes[None, row], self.shapes)

    def _valued(self, flat: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return fields ``[t, M·V]`` at the nodes with values, ``[t, m, V]``."""
        whole = flat.reshape(len(flat), -1, self.fields.shape[-1])
        return whole if self.state.valued is None else whole[:, self.state.valued]


class _Predicted(NamedTuple):
    """Fields and spread ``[t, M, V]`` of a design by networks, and its shape ``[M, S]``."""

    fields: NDArray[np.float32]
    spread: NDArray[np.float32]
    shape: NDArray[np.float32] | None


def _difference(
    found: NDArray[np.floating], known: NDArray[np.floating], every: NDArray[np.floating]
) -> Difference:
    """Return the difference of arrays ``[t, M, V]``, relative to ``every``, ``[…, …, V]``."""
    over = (0, 1)
    span = np.ptp(every, axis=over)
    size = every.std(axis=over, dtype=np.float64)
    # Rounding counts as no difference: there are no finer numbers.
    rounding = 2 * np.spacing(np.abs(every).max(axis=over).astype(np.float32))
    apart = np.maximum(np.abs(found.astype(np.float64) - known) - rounding, 0.0)
    worst = apart.max(axis=(0, 1)) / np.where(span > 0, span, 1.0)
    mean = np.sqrt(np.square(apart).mean(axis=(0, 1))) / np.where(size > 0, size, 1.0)
    return Difference(float(worst.max()), float(mean.max()))

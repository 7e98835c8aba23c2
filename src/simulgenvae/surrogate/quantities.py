"""Prediction of quantities of interest: value, standard deviation and band of each design.

The band is meant to hold the true value of 90 % of the designs.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from simulgenvae.errors import UserError
from simulgenvae.quantities import FieldDomain, QuantityGroup, read_quantities
from simulgenvae.surrogate.ensemble.held_out import LATENT_SAMPLES
from simulgenvae.surrogate.ensemble.interval_text import interval_label
from simulgenvae.surrogate.predict import BATCH_BYTES, required_ensemble
from simulgenvae.surrogate.predicted_quantity import PredictedQuantity
from simulgenvae.surrogate.quantity_calibration import QuantityCalibration
from simulgenvae.surrogate.quantity_samples import QuantitySamples

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.reduction import Decoder
    from simulgenvae.surrogate.ensemble import CoefficientPrediction
    from simulgenvae.surrogate.parts import PredictingParts

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PredictedQuantities:
    """Q quantities of n designs; all arrays are ``[n, Q]``, and ``places`` is ``[n, Q, D]``.

    ``values`` are those of the predicted fields, corrected by their mean error on the validation
    runs. ``times`` and ``places`` are those of maxima and minima of the predicted field, and NaN
    elsewhere.
    """

    values: Array
    std: Array
    lower: Array
    upper: Array
    times: Array
    places: Array

    @classmethod
    def joined(cls, parts: Sequence[PredictedQuantities]) -> PredictedQuantities:
        """Return the designs of several predictions as one."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})

    def of_design(self, design: int, group: QuantityGroup) -> tuple[PredictedQuantity, ...]:
        """Return the quantities of one design, from 0 to n - 1, with their names and units."""
        found = []
        for q, quantity in enumerate(group.quantities):
            time = float(self.times[design, q])
            place = tuple(self.places[design, q].tolist())
            found.append(
                PredictedQuantity(
                    name=quantity.name,
                    unit=quantity.unit,
                    value=float(self.values[design, q]),
                    std=float(self.std[design, q]),
                    lower=float(self.lower[design, q]),
                    upper=float(self.upper[design, q]),
                    time=time if np.isfinite(time) else None,
                    place=place if place and np.isfinite(place).all() else None,
                    limit=quantity.limit,
                )
            )
        return tuple(found)


@dataclass(frozen=True, eq=False)
class QuantityPredictor:
    """Prediction of a group of quantities by the parts of a surrogate."""

    parts: PredictingParts
    group: QuantityGroup
    seed: int = 0

    @cached_property
    def _decoder(self) -> Decoder:
        return self.group.decoder(self.parts.reduction)

    @cached_property
    def calibration(self) -> QuantityCalibration:
        """Factors from the validation runs whose predictions the model holds."""
        held_out = required_ensemble(self.parts).held_out
        if held_out is None or not len(self.group):
            return QuantityCalibration.none(len(self.group))
        projected = [self.group.of_coefficients(self._decoder, run) for run in held_out.truth]
        truth = np.stack([each.values for each in projected])
        if held_out.quantities is not None:
            truth = held_out.quantities.put_into(truth, self.group.quantities)
        samples = QuantitySamples.of(self.group, self._decoder, held_out.prediction)
        return QuantityCalibration.fit(samples, truth)

    def predict(self, conditions: Conditions) -> PredictedQuantities:
        """Return the quantities of n designs; UserError where there are none."""
        if not len(conditions):
            raise UserError("There is no design to predict: the conditions have no rows.")
        samples = [
            QuantitySamples.of(self.group, self._decoder, prediction)
            for prediction in self._batches(conditions, LATENT_SAMPLES)
        ]
        return self._of_samples(QuantitySamples.joined(samples))

    def of_fields(self, conditions: Conditions) -> Array:
        """Return the quantities of the predicted fields of n designs, ``[n, Q]``.

        They have no uncertainty, and take one field for each design instead of all samples.
        """
        found = [
            self.group.of_coefficients(self._decoder, mean).values
            for prediction in self._batches(conditions, 0)
            for mean in prediction.mean
        ]
        return np.stack(found)

    def of_prediction(self, prediction: CoefficientPrediction) -> PredictedQuantities:
        """Return the quantities of designs whose coefficients are predicted at all times."""
        return self._of_samples(QuantitySamples.of(self.group, self._decoder, prediction))

    def _batches(
        self, conditions: Conditions, latent_samples: int
    ) -> Iterator[CoefficientPrediction]:
        ensemble = required_ensemble(self.parts)
        arrays = 1 + ensemble.sample_count(latent_samples)
        size = 4 * arrays * len(self.parts.times) * self.parts.reduction.rank
        together = max(1, BATCH_BYTES // size)
        for start in range(0, len(conditions), together):
            rows = list(range(start, min(start + together, len(conditions))))
            # NumPy's threads wait by spinning, and would take the cores from torch's.
            with threadpool_limits(1, "blas"):
                prediction = ensemble.predict(
                    conditions.select(rows),
                    self.parts.times,
                    latent_samples=latent_samples,
                    seed=self.seed,
                )
            yield prediction

    def _of_samples(self, samples: QuantitySamples) -> PredictedQuantities:
        std = self.calibration.std(samples)
        half = self.calibration.width * std
        values = samples.of_field + self.calibration.correction
        return PredictedQuantities(
            values, std, values - half, values + half, samples.times, samples.places
        )


def domain_of(parts: PredictingParts) -> FieldDomain:
    """Return the domain of a surrogate's fields."""
    return FieldDomain(
        parts.variables,
        parts.units,
        parts.times,
        parts.mesh,
        parts.reduction.field_shape[0],
        parts.mask,
    )


def quantity_predictor(
    parts: PredictingParts, texts: Mapping[str, str], *, folder: Path = Path(), seed: int = 0
) -> QuantityPredictor:
    """Return the prediction of quantities by name; UserError for those that cannot be read."""
    if not texts:
        raise UserError(
            'There is no quantity to predict: name one, such as {"peak": "max(T)"}, or declare it '
            "in study.toml below [quantities]."
        )
    require_same_nodes(parts)
    return QuantityPredictor(parts, read_quantities(texts, domain_of(parts), folder), seed)


def require_same_nodes(parts: PredictingParts) -> None:
    """Raise UserError where designs have other nodes than the mesh that they share.

    A quantity is computed at nodes that all designs have.
    """
    if not parts.keeps_nodes:
        raise UserError(
            "Quantities of interest are not known for designs whose meshes differ: leave them out "
            "(study.toml below [quantities], --quantity), and take them from the fields."
        )


def labelled_quantities(
    predictor: QuantityPredictor, found: PredictedQuantities, conditions: Conditions
) -> xr.Dataset:
    """Return predicted quantities with their labels, see :meth:`Surrogate.quantities`."""
    # Imported where it is needed, as xarray takes a third of a second to load.
    import xarray as xr

    dims = ("run", "quantity")
    arrays: dict[str, object] = {
        "value": (dims, found.values),
        "std": (dims, found.std),
        "lower": (dims, found.lower),
        "upper": (dims, found.upper),
        "time": (dims, found.times),
        "place": ((*dims, "dim"), found.places),
    }
    quantities = predictor.group.quantities
    labels: dict[str, object] = {
        "run": list(conditions.ids),
        "quantity": [each.name for each in quantities],
        "unit": ("quantity", [each.unit for each in quantities]),
        "definition": ("quantity", [each.text for each in quantities]),
    }
    return xr.Dataset(arrays, labels, {"warnings": quantity_warnings(predictor)})


def quantity_warnings(predictor: QuantityPredictor) -> list[str]:
    """Return what to know of quantities: how a point is read, and bands of few or no runs."""
    found = [
        f"quantity {each.name!r}: {each.region.note}"
        for each in predictor.group.quantities
        if each.region.note
    ]
    runs = predictor.calibration.runs
    if not runs:
        found.append(
            "the bands of quantities are not calibrated: the model holds no predictions of "
            "validation runs (train again to calibrate them)"
        )
    if predictor.parts.shapes is not None:
        found.append(
            "quantities have the places, regions and volumes of the mesh that the designs share, "
            "not those of the geometry of each"
        )
    return found


def band_label(runs: int) -> str:
    """Return the name of a band that was calibrated on a number of validation runs."""
    return interval_label(runs).replace("interval", "band")

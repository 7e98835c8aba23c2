"""Prediction of quantities of interest: value, standard deviation and band of each design.

The band is meant to hold the true value of 90 % of the designs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from simulgenvae.errors import UserError
from simulgenvae.quantities import AskedQuantities, FieldDomain, QuantityGroup, read_quantities
from simulgenvae.surrogate.decoded_quantities import DecodedQuantities
from simulgenvae.surrogate.ensemble.held_out import LATENT_SAMPLES
from simulgenvae.surrogate.ensemble.interval_text import interval_label
from simulgenvae.surrogate.own_mesh_quantities import held_out_on_own_meshes
from simulgenvae.surrogate.predict import BATCH_BYTES, required_ensemble
from simulgenvae.surrogate.predicted_quantities import PredictedQuantities
from simulgenvae.surrogate.quantity_calibration import QuantityCalibration
from simulgenvae.surrogate.quantity_samples import QuantitySamples

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.geometry import Placement
    from simulgenvae.surrogate.ensemble import CoefficientPrediction
    from simulgenvae.surrogate.ensemble.held_out import HeldOutPredictions
    from simulgenvae.surrogate.parts import PredictingParts

    Array = NDArray[np.float64]


Place = Callable[[str], "Placement"]
"""Function that returns the geometry of a design by its id."""


@dataclass(frozen=True, eq=False)
class QuantityPredictor:
    """Prediction of quantities by the parts of a surrogate.

    Attributes
    ----------
    parts
        The surrogate.
    group
        The quantities, on the mesh of all designs; or as they are asked for, where each design has
        a mesh of its own.
    seed
        Seed of the samples.
    """

    parts: PredictingParts
    group: QuantityGroup | AskedQuantities
    seed: int = 0

    @cached_property
    def calibration(self) -> QuantityCalibration:
        """Factors from the held-out runs whose predictions the model holds."""
        held_out = required_ensemble(self.parts).held_out
        measured = None
        if held_out is not None and len(self.group):
            measured = self._held_out(held_out)
        if measured is None:
            return QuantityCalibration.none(len(self.group))
        return QuantityCalibration.fit(*measured)

    def _held_out(self, held_out: HeldOutPredictions) -> tuple[QuantitySamples, Array] | None:
        """Return the quantities of held-out runs, predicted and true ``[n, Q]``; None of none."""
        if isinstance(self.group, AskedQuantities):
            assert self.parts.shapes is not None
            return held_out_on_own_meshes(held_out, self.group, self.parts.shapes, self.on_mesh)
        quantities = self.on_mesh()
        truth = np.stack([quantities(run).values for run in held_out.truth])
        if held_out.quantities is not None:
            truth = held_out.quantities.put_into(truth, self.group.quantities)
        return QuantitySamples.on_one_mesh(quantities, held_out.prediction), truth

    def on_mesh(
        self, placement: Placement | None = None, only: AskedQuantities | None = None
    ) -> DecodedQuantities:
        """Return the quantities on the mesh of a placement; None where all designs have one mesh.

        With ``only``, they are others than those of the predictor. Raises UserError where one does
        not exist on the mesh.
        """
        if placement is None:
            return self._on_the_mesh
        asked = self.group if only is None else only
        assert isinstance(asked, AskedQuantities), "on one mesh nothing is placed"
        group = asked.on(domain_of(self.parts, placement))
        return DecodedQuantities.of(group, self.parts.reduction, placement)

    @cached_property
    def _on_the_mesh(self) -> DecodedQuantities:
        assert isinstance(self.group, QuantityGroup), "designs have meshes of their own"
        return DecodedQuantities.of(self.group, self.parts.reduction)

    def predict(self, conditions: Conditions, place: Place | None = None) -> PredictedQuantities:
        """Return the quantities of n designs; UserError where there are none.

        Parameters
        ----------
        conditions
            The designs as the networks see them.
        place
            Their geometries, where they have meshes of their own; those that go with the conditions
            by default.
        """
        if not len(conditions):
            raise UserError("There is no design to predict: the conditions have no rows.")
        samples = [
            QuantitySamples.of(self._on_meshes(some, place), prediction)
            for some, prediction in self._batches(conditions, LATENT_SAMPLES)
        ]
        return self._of_samples(QuantitySamples.joined(samples))

    def of_fields(self, conditions: Conditions) -> Array:
        """Return the quantities of the predicted fields of n designs, ``[n, Q]``.

        They have no uncertainty, and take one field for each design instead of all samples.
        """
        found = []
        for some, prediction in self._batches(conditions, 0):
            on_mesh = self._on_meshes(some, None)
            found += [on_mesh(row)(mean).values for row, mean in enumerate(prediction.mean)]
        return np.stack(found)

    def of_prediction(
        self, prediction: CoefficientPrediction, quantities: DecodedQuantities | None = None
    ) -> PredictedQuantities:
        """Return the quantities of designs whose coefficients are predicted at all times.

        They are those on one mesh: that of all designs, or of ``quantities`` (:meth:`on_mesh`).
        """
        on_mesh = quantities or self.on_mesh()
        return self._of_samples(QuantitySamples.on_one_mesh(on_mesh, prediction))

    def _on_meshes(
        self, conditions: Conditions, place: Place | None
    ) -> Callable[[int], DecodedQuantities]:
        """Return the function from the row of a design to the quantities on its mesh."""
        shapes = self.parts.shapes
        if shapes is None:
            return lambda _: self._on_the_mesh
        coefficients = shapes.of_conditions(conditions) if place is None else None

        def on_mesh(row: int) -> DecodedQuantities:
            name = conditions.ids[row]
            try:
                if coefficients is not None:
                    return self.on_mesh(shapes.placement(coefficients[row]))
                assert place is not None
                return self.on_mesh(place(name))
            except UserError as error:
                raise UserError(f"design {name!r}: {error}") from error

        return on_mesh

    def _batches(
        self, conditions: Conditions, latent_samples: int
    ) -> Iterator[tuple[Conditions, CoefficientPrediction]]:
        """Yield the designs in batches, each with its prediction."""
        ensemble = required_ensemble(self.parts)
        arrays = 1 + ensemble.sample_count(latent_samples)
        size = 4 * arrays * len(self.parts.times) * self.parts.reduction.rank
        together = max(1, BATCH_BYTES // size)
        for start in range(0, len(conditions), together):
            some = conditions.select(list(range(start, min(start + together, len(conditions)))))
            # NumPy's threads wait by spinning, and would take the cores from torch's.
            with threadpool_limits(1, "blas"):
                prediction = ensemble.predict(
                    some,
                    self.parts.times,
                    latent_samples=latent_samples,
                    seed=self.seed,
                )
            yield some, prediction

    def _of_samples(self, samples: QuantitySamples) -> PredictedQuantities:
        std = self.calibration.std(samples)
        half = self.calibration.width * std
        values = samples.of_field + self.calibration.correction
        # A prediction that is no number may be anything, anywhere.
        unbounded = np.isinf(half)
        unknown = np.isnan(values)
        return PredictedQuantities(
            values,
            std,
            np.where(unbounded, -np.inf, values - half),
            np.where(unbounded, np.inf, values + half),
            np.where(unknown, np.nan, samples.times),
            np.where(unknown[..., None], np.nan, samples.places),
        )


def domain_of(parts: PredictingParts, placement: Placement | None = None) -> FieldDomain:
    """Return the domain of a surrogate's fields, or of those of a design on its own mesh."""
    domain = FieldDomain(
        parts.variables,
        parts.units,
        parts.times,
        parts.mesh,
        parts.reduction.field_shape[0],
        parts.mask,
    )
    if placement is None:
        return domain
    return domain.on(placement.mesh, numbered=parts.keeps_nodes)


def quantity_predictor(
    parts: PredictingParts, texts: Mapping[str, str], *, folder: Path = Path(), seed: int = 0
) -> QuantityPredictor:
    """Return the prediction of quantities by name; UserError for those that cannot be read."""
    if not texts:
        raise UserError(
            'There is no quantity to predict: name one, such as {"peak": "max(T)"}, or declare it '
            "in study.toml below [quantities]."
        )
    return QuantityPredictor(parts, readable_quantities(parts, texts, folder), seed)


def readable_quantities(
    parts: PredictingParts, texts: Mapping[str, str], folder: Path
) -> QuantityGroup | AskedQuantities:
    """Return quantities on the mesh of all designs, or as they are asked for of each one's own."""
    domain = domain_of(parts)
    if parts.shapes is None:
        return read_quantities(texts, domain, folder)
    return AskedQuantities.read(texts, domain, folder)


def quantity_warnings(predictor: QuantityPredictor) -> list[str]:
    """Return what to know of quantities: how a point is read, and bands of few or no runs."""
    found = []
    if isinstance(predictor.group, QuantityGroup):
        found += [
            f"quantity {each.name!r}: {each.region.note}"
            for each in predictor.group.quantities
            if each.region.note
        ]
    runs = predictor.calibration.runs
    if not runs:
        held_out = required_ensemble(predictor.parts).held_out
        why = "the model holds no predictions of held-out runs (train again to calibrate them)"
        if held_out is not None and held_out.shapes is not None:
            why = (
                "no validation run, with its geometry as shape modes represent it, has all of them "
                "(those that are declared in study.toml before the training are taken from the "
                "runs themselves)"
            )
        found.append(f"the bands of quantities are not calibrated: {why}")
    return found


def band_label(runs: int) -> str:
    """Return the name of a band that was calibrated on a number of held-out runs."""
    return interval_label(runs).replace("interval", "band")

"""Prediction of designs in batches that memory holds: fields, uncertainty and scores.

Tested in tests/surrogate/test_surrogate.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.surrogate.ensemble import (
    Calibration,
    CoefficientPrediction,
    Ensemble,
    SeparatePredictions,
    expected_squares,
    interval_warning,
)
from simulgenvae.surrogate.ensemble.spread import std_and_interval
from simulgenvae.surrogate.labelled_arrays import (
    PredictedArrays,
    beyond_warning,
    warnings_about,
)
from simulgenvae.surrogate.selection import require_samples
from simulgenvae.utils.resources import require_memory
from simulgenvae.utils.threads import threadpool_limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr
    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.surrogate.parts import PredictingParts
    from simulgenvae.surrogate.selection import Selection

BATCH_BYTES = 256 * 2**20
"""Bytes of fields that are decoded at once; more runs are predicted in batches of this size."""
EXPECTED_ERROR_LATENTS = 12
"""Latents of a single network that are sampled for the expected error of designs; each takes as
long as a prediction."""
# Memory that decoding needs, in fields of a run.
_FIELDS = 2
"""For each run: the fields, and a copy of them where some nodes have no values."""
_UNCERTAIN_FIELDS = 4 * _FIELDS
"""For each run whose uncertainty is computed too."""


@dataclass(frozen=True)
class Predictor:
    """Prediction of designs by the parts of a surrogate.

    Attributes
    ----------
    parts
        The surrogate.
    selection
        Part of the fields that is predicted.
    samples
        Switch and number in one. 0: no uncertainty is computed. 2 or more: it is computed, and this
        many latents are sampled where the ensemble is a single network in a single view. Elsewhere
        the number has no effect: the predictions of members and views are the samples.
    seed
        Seed of all samples.
    """

    parts: PredictingParts
    selection: Selection
    samples: int
    seed: int

    def __post_init__(self) -> None:
        require_samples(self.samples)

    def batches(self, conditions: Conditions) -> Iterator[xr.Dataset]:
        """Predict designs in batches, see :meth:`Surrogate.predict` for what each holds."""
        return (arrays.labelled() for arrays in self.array_batches(conditions))

    def array_batches(self, conditions: Conditions) -> Iterator[PredictedArrays]:
        """Predict designs in batches of arrays without labels."""
        if not len(conditions):
            raise UserError("There is no design to predict: the conditions have no rows.")
        size = self.runs_together
        for start in range(0, len(conditions), size):
            rows = range(start, min(start + size, len(conditions)))
            yield self._predict(conditions.select(list(rows)))

    @property
    def ensemble(self) -> Ensemble:
        """Ensemble of the surrogate; UserError where only the VAE is trained."""
        return required_ensemble(self.parts)

    @property
    def runs_together(self) -> int:
        """Number of runs of a batch."""
        # A batch is limited by its fields or, where few nodes are wanted, by the coefficients of
        # all samples.
        predictions = 1 + self.ensemble.sample_count(self._latent_samples())
        coefficients = predictions * coefficient_bytes(self.parts, self.selection)
        return max(1, BATCH_BYTES // max(self.selection.run_bytes, coefficients))

    def _latent_samples(self) -> int:
        """Return the number of latents of a single network that are sampled.

        The expected error needs some even where no uncertainty is wanted.
        """
        if self.samples == 0 and self.ensemble.calibration is not None:
            return EXPECTED_ERROR_LATENTS
        return self.samples

    def _predict(self, conditions: Conditions) -> PredictedArrays:
        self.require_memory(len(conditions))
        separate = self.separately(conditions, gaussian_processes=self.ensemble.gp_weight > 0)
        return self.decoded_arrays(conditions, self.combined(conditions, separate))

    def require_memory(self, runs: int) -> None:
        """Raise UserError unless the memory suffices to predict a number of runs together."""
        require_decoding_memory(
            self.parts,
            self.selection,
            runs,
            self.ensemble.sample_count(self._latent_samples()),
            uncertain=self.samples > 0,
        )

    def separately(
        self, conditions: Conditions, *, gaussian_processes: bool = True
    ) -> SeparatePredictions:
        """Return coefficients by networks and Gaussian processes, which takes most of the time."""
        # NumPy's threads wait for their next task by spinning, and would take the cores from the
        # decoding, which torch does.
        with threadpool_limits(1, "blas"):
            return self.ensemble.predict_separately(
                conditions, self.selection.times, gaussian_processes=gaussian_processes
            )

    def combined(
        self, conditions: Conditions, separate: SeparatePredictions
    ) -> CoefficientPrediction:
        """Return the prediction that follows from :meth:`separately`, with its samples."""
        with threadpool_limits(1, "blas"):
            return self.ensemble.combine(
                separate,
                conditions,
                self.selection.times,
                latent_samples=self._latent_samples(),
                seed=self.seed,
            )

    def decoded(self, conditions: Conditions, prediction: CoefficientPrediction) -> xr.Dataset:
        """Return fields, uncertainty and scores of designs whose coefficients are predicted."""
        return self.decoded_arrays(conditions, prediction).labelled()

    def decoded_arrays(
        self, conditions: Conditions, prediction: CoefficientPrediction
    ) -> PredictedArrays:
        """Return what :meth:`decoded` does as arrays without labels."""
        ensemble = self.ensemble
        with threadpool_limits(1, "blas"):
            novelty = ensemble.novelty(conditions)
        fields = {"fields": self.selection.decoder.decode(prediction.mean)}
        warnings = warnings_about(conditions, self.parts.condition_scaler, novelty)
        warnings += _warnings_without_values(conditions, prediction)
        if self.samples > 0:
            warnings += uncertainty_warnings(ensemble)
            fields |= self._uncertainty(ensemble, prediction, fields["fields"])
        scores = {} if novelty is None else {"novelty": novelty}
        if ensemble.calibration is not None and len(prediction.samples):
            squared_errors, squared_sizes = expected_squares(
                prediction, ensemble.calibration, self.parts.uniform_field_coefficients
            )
            smallest = np.finfo(np.float32).tiny
            with np.errstate(invalid="ignore"):
                ratio = squared_errors / np.maximum(squared_sizes, smallest)
            # Where the prediction is no number, any error is possible.
            scores["expected_error"] = np.sqrt(np.where(np.isnan(ratio), np.inf, ratio))
        return PredictedArrays(
            self.selection, fields, scores, conditions.ids, tuple(warnings), conditions.carried
        )

    def _uncertainty(
        self,
        ensemble: Ensemble,
        prediction: CoefficientPrediction,
        fields: NDArray[np.floating],
    ) -> dict[str, NDArray[np.floating]]:
        """Return standard deviation and interval of fields ``[n, t, m, v]``."""
        calibration = ensemble.calibration or Calibration.of_normal()
        std = np.empty(fields.shape, np.float32)
        lower = np.empty_like(fields)
        upper = np.empty_like(fields)
        for design, mean in enumerate(fields):
            prediction.variance(design, self.selection.decoder, out=std[design])
            std_and_interval(std[design], mean, calibration, lower[design], upper[design])
        return {"std": std, "lower": lower, "upper": upper}


def required_ensemble(parts: PredictingParts) -> Ensemble:
    """Return the ensemble of a surrogate; UserError where only the VAE is trained."""
    if parts.ensemble is None:
        raise UserError(
            "Only the VAE is trained: train the conditioner too, with --stage conditioner."
        )
    return parts.ensemble


def prediction_warnings(
    parts: PredictingParts, conditions: Conditions, *, samples: int = 0
) -> list[str]:
    """Return what to know before trusting predictions, see :meth:`Surrogate.warnings`."""
    novelty = None if parts.ensemble is None else parts.ensemble.novelty(conditions)
    found = warnings_about(conditions, parts.condition_scaler, novelty)
    return found + uncertainty_warnings(parts.ensemble) if samples > 0 else found


def _warnings_without_values(
    conditions: Conditions, prediction: CoefficientPrediction
) -> list[str]:
    """Return a warning for each design that the networks have no numbers for."""
    predicted = zip(conditions.ids, prediction.mean, strict=True)
    return [beyond_warning(run) for run, mean in predicted if not np.isfinite(mean).all()]


def uncertainty_warnings(ensemble: Ensemble | None) -> list[str]:
    """Return what to know before trusting the uncertainty of predictions."""
    calibration = None if ensemble is None else ensemble.calibration
    calibration = calibration or Calibration.of_normal()
    warning = interval_warning(calibration.runs, calibration.left_out_coverage)
    return [] if warning is None else [warning]


def coefficient_bytes(parts: PredictingParts, selection: Selection) -> int:
    """Return the memory of the coefficients of one run."""
    return 4 * len(selection.times) * parts.reduction.rank


def require_decoding_memory(
    parts: PredictingParts,
    selection: Selection,
    runs: int,
    samples: int = 0,
    *,
    uncertain: bool = False,
) -> None:
    """Raise UserError unless the memory suffices to decode a number of runs.

    Parameters
    ----------
    parts, selection
        The surrogate, and the part of the fields that is decoded.
    runs
        Number of runs.
    samples
        Number of samples of each run's coefficients.
    uncertain
        Whether the uncertainty is computed too.
    """
    fields = (_UNCERTAIN_FIELDS if uncertain else _FIELDS) * runs
    # Networks hold the coefficients about four times on the way (measured).
    coefficients = 4 * runs * (1 + samples) * coefficient_bytes(parts, selection)
    require_memory(
        fields * selection.run_bytes + coefficients,
        f"decoding {runs} runs of {len(selection.times)} times",
        "ask for fewer at once.",
    )
